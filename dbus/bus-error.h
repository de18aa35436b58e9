/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one translation from our errors to those of the bus: FerryError to
 * org.virtferry1.Error.NAME, everything else to "failed", with its words.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

/* Once, before the first error is set: sd-bus learns the names and their errno. */
int bus_error_register(void);

/* For the end of a handler: sets the error and returns its negative errno. */
int bus_error_from_gerror(sd_bus_error *reterr, const GError *error);
/* For a call that has waited: sends the error. */
int bus_error_reply(sd_bus_message *call, const GError *error);

/* The end of a call that has waited; `r` of what was sent. Who has asked may be gone. */
void bus_answered(sd_bus_message *call, int r);
/* The same for one that returns nothing: sends that, or the error. Takes the call, an
 * sd_bus_message, so that it is a callback as it stands. */
void bus_answer(void *taken_call, const GError *error);
