/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a D-Bus message holds, as GVariant: the two have the same types. May not
 * know any interface.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

/* The next value. 1; 0 at the end of the message or of the container; negative errno. */
int value_read(sd_bus_message *m, GVariant **ret_value);
/* Into a message that is being made: a value, or all members of a tuple. Borrows it. */
int value_append(sd_bus_message *m, GVariant *value);
int value_append_members(sd_bus_message *m, GVariant *tuple);
/* All that is left, as a tuple. */
int value_read_rest(sd_bus_message *m, GVariant **ret_tuple);
