/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/bus-options.h"

#include <glib.h>

static int refuse(sd_bus_message *m, const char *name, const char *what, sd_bus_error *reterr) {
        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                 "Option '%.32s' of %s %s: see org.virtferry1.xml", name,
                                 sd_bus_message_get_member(m), what);
}

static int read_value(sd_bus_message *m, const BusOption *option, void *wish,
                      sd_bus_error *reterr) {
        void *value = (char *)wish + option->offset;
        int r;

        r = sd_bus_message_enter_container(m, 'v', option->type);
        if (r < 0)
                return refuse(m, option->name, "has a value of another type", reterr);

        r = sd_bus_message_read_basic(m, *option->type, value);
        if (r < 0)
                return r;
        if (*option->type == 't' && (*(uint64_t *)value < 1 || *(uint64_t *)value > option->max))
                return refuse(m, option->name, "is out of its bounds", reterr);

        return sd_bus_message_exit_container(m);
}

static int read_option(sd_bus_message *m, const BusOption *options, void *wish,
                       sd_bus_error *reterr) {
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;

        for (; options->name; options++)
                if (g_str_equal(options->name, name))
                        return read_value(m, options, wish, reterr);
        return refuse(m, name, "is unknown", reterr);
}

int bus_options_read(sd_bus_message *m, const BusOption *options, void *wish,
                     sd_bus_error *reterr) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_option(m, options, wish, reterr);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}
