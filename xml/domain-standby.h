/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The virtio half of a team: an <interface> with <teaming type='persistent'>.
 * Where it is plugged in on the host tells only the XML of a guest that runs.
 * Source: libvirt's formatdomain, "Teaming a virtio/hostdev NIC pair".
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct DomainStandby {
        char *mac;    /* lower case; both halves have the same */
        char *tap;    /* the host's end: "vnet0"; NULL none */
        char *bridge; /* that the tap is a port of: "br0"; NULL none that libvirt knows */
        bool down;    /* somebody has taken its link away: <link state='down'/> */
} DomainStandby;

/* GPtrArray of DomainStandby, those with a MAC. FERRY_ERROR_INVALID_XML, with the limits of
 * domain_from_xml(). */
GPtrArray *domain_standbys_from_xml(const char *xml, size_t size, GError **error);
/* NULL without. */
const DomainStandby *domain_standby_find(const GPtrArray *standbys, const char *mac);
