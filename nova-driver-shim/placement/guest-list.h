/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guests there are on this host, and whose: the reply of virtferryd's Manager.ListGuests. */

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct GuestRow {
        char *state; /* "running", "off", "coming", "leaving", ... */
        char *owner; /* "nova", "unknown", or "" of one that nobody but libvirt knows */
} GuestRow;

/* Of GuestRow, by UUID; NULL: the message is not what it should be. */
GHashTable *guest_list_read(sd_bus_message *m);
GuestRow *guest_row_new(const char *state, const char *owner);
void guest_row_free(GuestRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestRow, guest_row_free)
