/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an operator can set: /etc/virtferry/virtferry.conf, a key file.
 * Everything has a default, and without the file the defaults hold. What it
 * does not know is refused, so that a typing error is seen. virtferry.conf(5).
 *
 *   [Daemon]
 *   Adopt=yes               take the devices of every guest as ours, unasked
 *   LeaseTimeoutSec=120     how long a destination keeps a device for a guest
 *                           that does not come
 *
 *   [Migration]
 *   Announce=yes            switches hear at once where a guest's VF is now
 *   MaxIncoming=2           guests that may be on their way to this host at a time
 *   MaxOutgoing=2           guests that `virt-ferry migrate` moves at a time
 *   SettleSec=60            how long a guest stays that has come
 *   MaxDowntimeMSec=1000    how long a guest may stand still, unless somebody
 *                           allows it more
 *   ShutdownTimeoutSec=120  how long a guest may take to shut down for --strategy
 *                           cold
 *   UnplugTimeoutSec=30     how long a guest may take to let go of a device
 *
 *   [Policy]
 *   Mode=advise             who should sit on a VF: observe, or advise an operator
 *   Bridge=br0              where guests are that do not; without it, libvirt's
 *                           network 'default'
 *   GrowAbove=85            percent of what a hardware slice has: who is expected to
 *                           use more should have more
 *   IdleKbit=0              who stays below for hours gives its VF back
 *   MovesPerDay=24          no more is advised in any 24 hours
 *   SettlingTimeSec=3600    how long a guest is left alone that was moved
 *   Destinations=URI;URI    where guests go that should leave, asked in this order
 *   LeaveHours=4            a guest should leave when all do not fit within these;
 *                           0: nobody should
 *   LeavesPerDay=4          and none, when so many have in the last 24 hours
 *   ShrinkBelow=40          the same, of who is expected to use less for a day
 *   SliceChangesPerDay=6    no more of its cores, of its memory and of the bandwidth
 *                           of each function are advised in any 24 hours
 *   SliceSettlingTimeSec=3600 how long each of these is left alone that was changed
 *   Target=70               what is expected is to be so much of it then
 *
 *   [Slices]
 *   Defragment=propose      moves of hardware slices: propose, or apply when an
 *                           operator says so
 *   Guests=yes              guests may ask for more or less of their own slice
 *   GuestPort=33779         at this port of vsock(7)
 *   HostCpus=0-1            no hardware slice has one of these
 *   HostMemoryMiB=2048      of each NUMA node, for no hardware slice
 *   KeepOff=yes             guests without cores by a slice stay off those that a
 *                           slice has alone
 *
 *   [OpenStack]
 *   Claims=no               which guests need a claim in Placement to come or to
 *                           start: no, nova (its instances) or all
 *
 *   [Cluster]
 *   Etcd=URL;URL            members of the etcd that hosts share; none: no cluster
 *   Name=default            of the cluster
 *   Host=hosta              of this host in it; else the kernel's name
 *   Uri=qemu+ssh://a/system by which others reach its libvirt
 *   CAFile=, CertFile=, KeyFile=, User=, PasswordFile=
 *   Share=50                percent of what is free that is offered to the others
 *   TTLSec=10               silent for longer, it is away to the others
 *
 *   [Pool fast]             tried in the order of the file
 *   Class=mdev              all keys are optional, all that are given must match
 *   Parent=mtty             shell pattern
 *   Types=mtty-1;mtty-2;
 *   Devices=0000:3b:00.*;   shell patterns on the device's id
 *   Max=4                   leases at a time, 0 no limit
 *   HostDevices=no          take devices that the host itself uses too
 *
 *   [Pool default]          what none of them takes: Max and HostDevices only
 */

#include "daemon/core/compat.h"
#include "daemon/core/config-cluster.h"
#include "daemon/core/device.h"
#include "daemon/core/policy-slice.h"
#include "daemon/core/policy.h"

typedef enum ClaimsMode {
        CLAIMS_NO,   /* nobody asks for any */
        CLAIMS_NOVA, /* instances of OpenStack Nova need one */
        CLAIMS_ALL,
        _CLAIMS_MAX,
        _CLAIMS_INVALID = -22,
} ClaimsMode;

const char *claims_mode_to_string(ClaimsMode mode); /* "nova" */
ClaimsMode claims_mode_from_string(const char *text);

typedef struct Pool {
        char *name;
        char *class_name; /* NULL any */
        char *parent;     /* shell pattern, NULL any */
        char **types;     /* NULL any */
        char **devices;   /* shell patterns, NULL any */
        unsigned max;
        bool host_devices;
} Pool;

typedef struct Config {
        bool adopt;
        uint64_t lease_timeout_usec;
        bool announce, mediation;
        unsigned incoming_max, outgoing_max;
        uint64_t settle_usec;
        unsigned downtime_max_ms;
        unsigned unplug_timeout_ms;
        unsigned shutdown_timeout_ms;
        PolicyMode policy_mode;
        char *policy_bridge; /* NULL: libvirt's network 'default' */
        unsigned policy_idle_kbit, policy_moves, policy_settle_sec;
        char **policy_destinations; /* URIs; NULL: no guest is told where to go */
        unsigned policy_leave_hours, policy_leaves;
        PolicySliceSettings policy_slice;
        bool defragment_apply; /* moves of hardware slices may be carried out */
        bool guests_ask;
        unsigned guest_port;
        char *host_cpus; /* "0-1"; NULL none */
        unsigned host_memory_mib;
        bool keep_off;
        ClaimsMode claims;
        ClusterConfig cluster;
        GPtrArray *pools; /* Pool; the last is "default" and matches everything */
        Compat *compat;   /* the default, until the manager reads the files */
} Config;

Config *config_new(void); /* the defaults */
/* A missing file: the defaults. FERRY_ERROR_INVALID_ARGS says where and what is allowed:
 * "FILE:12: [Pool fast] Max must be 0 to 65535, not 'many'". config_parse() has it from `name`. */
Config *config_load(const char *path, GError **error);
Config *config_parse(const char *text, const char *name, GError **error);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* The pool of a function, or of one that `parent` would make of `type` (`id` NULL); never NULL. */
const Pool *config_pool_for(const Config *config, const DeviceClass *class, const char *parent,
                            const char *type, const char *id);
const Pool *config_find_pool(const Config *config, const char *name); /* NULL when unknown */
