/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The options of a method, a{sv}: each is known by its name and written into a
 * struct of the method's own, which keeps what it had for those not given.
 */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

typedef struct BusOption {
        const char *name;
        const char *type; /* "s": a const char *, borrowed from the message; "b": an int; "t": a
                             uint64_t */
        size_t offset;
        uint64_t max; /* of a number, whose least is 1 */
} BusOption;

/* `options` ends with a NULL name. Negative: reterr says "Option 'force' of Migrate ...". */
int bus_options_read(sd_bus_message *m, const BusOption *options, void *wish, sd_bus_error *reterr);
