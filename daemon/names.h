/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names on the bus, and of a file. The only header that the hook shares with the daemon: no
 * includes, no functions. */

#define FERRY_BUS_NAME            "org.virtferry1"
#define FERRY_OBJECT_ROOT         "/org/virtferry1"
#define FERRY_OBJECT_DEVICE       FERRY_OBJECT_ROOT "/device"
#define FERRY_OBJECT_LEASE        FERRY_OBJECT_ROOT "/lease"
#define FERRY_OBJECT_MIGRATION    FERRY_OBJECT_ROOT "/migration"
#define FERRY_OBJECT_SLICE        FERRY_OBJECT_ROOT "/slice"
#define FERRY_OBJECT_ADVICE       FERRY_OBJECT_ROOT "/advice"
#define FERRY_OBJECT_GUEST        FERRY_OBJECT_ROOT "/guest" /* towards a guest */
#define FERRY_OBJECT_AGENT        FERRY_OBJECT_ROOT "/agent" /* of an offload device, towards its host */

#define FERRY_INTERFACE_MANAGER   FERRY_BUS_NAME ".Manager"
#define FERRY_INTERFACE_DEVICE    FERRY_BUS_NAME ".Device"
#define FERRY_INTERFACE_LEASE     FERRY_BUS_NAME ".Lease"
#define FERRY_INTERFACE_MIGRATION FERRY_BUS_NAME ".Migration"
#define FERRY_INTERFACE_SLICE     FERRY_BUS_NAME ".Slice"
#define FERRY_INTERFACE_ADVICE    FERRY_BUS_NAME ".Advice"
#define FERRY_INTERFACE_HOOK      FERRY_BUS_NAME ".Hook"
#define FERRY_INTERFACE_GUEST     FERRY_BUS_NAME ".Guest"
#define FERRY_INTERFACE_AGENT     FERRY_BUS_NAME ".Agent"
#define FERRY_ERROR_PREFIX        FERRY_BUS_NAME ".Error."

/* Of virtferry-placement, towards virtferryd. */
#define FERRY_PLACEMENT_BUS_NAME  FERRY_BUS_NAME ".Placement"
#define FERRY_PLACEMENT_OBJECT    FERRY_OBJECT_ROOT "/Placement"
#define FERRY_PLACEMENT_INTERFACE FERRY_BUS_NAME ".Placement"

/* How the namespace of Nova's own metadata begins, whatever its version. */
#define FERRY_NOVA_URI     "http://openstack.org/xmlns/libvirt/nova/"

#define FERRY_METADATA_URI "urn:virtferry:domain:1"

/* There while this host takes no guests; tests have their own. */
#ifndef FERRY_DRAINED_PATH
#define FERRY_DRAINED_PATH "/run/virtferry/drained"
#endif

/* There while instances of OpenStack Nova need a claim in Placement to come or to start; while all
 * guests do. */
#ifndef FERRY_CLAIMS_NOVA_PATH
#define FERRY_CLAIMS_NOVA_PATH "/run/virtferry/claims-nova"
#endif
#ifndef FERRY_CLAIMS_ALL_PATH
#define FERRY_CLAIMS_ALL_PATH "/run/virtferry/claims-all"
#endif
