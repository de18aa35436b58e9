/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An <interface> of a domain that QEMU emulates: alone, or the half of a team
 * that stays while the other one, a VF of the same MAC, comes and goes. Source:
 * libvirt's formatdomain, "Teaming a virtio/hostdev NIC pair".
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct DomainInterface {
        bool persistent; /* half of a team */
        char *mac;       /* lower case */
        char *alias;     /* NULL where the XML has none */
        char *bridge;    /* of the host, NULL none */
        char *network;   /* of libvirt, NULL none; one that runs here may have a bridge, too */
        char *address;   /* in the guest, "0000:00:03.0"; NULL the same */
        char *element;   /* on one line, without what libvirt gives anew at each plug */
} DomainInterface;

void domain_interface_free(DomainInterface *interface);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainInterface, domain_interface_free)

/* By its MAC or its alias; of a team, the VF is not meant. NULL without an error: there is none.
 * FERRY_ERROR_INVALID_XML. */
DomainInterface *domain_interface_find(const char *xml, size_t size, const char *name,
                                       GError **error);
