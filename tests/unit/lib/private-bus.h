/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A dbus-daemon of the test's own, which ends with the test.
 *
 * PRIVATE_BUS_CONFIG (a path) comes from the build.
 */

#include <glib.h>

typedef struct PrivateBus {
        GPid pid;
        char *address;
} PrivateBus;

PrivateBus *private_bus_new(void);
/* Its end, before that of the test. */
void private_bus_stop(PrivateBus *bus);
void private_bus_free(PrivateBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PrivateBus, private_bus_free)
