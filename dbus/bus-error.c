/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/bus-error.h"

#include <errno.h>

#include "daemon/names.h"
#include "xml/ferry-error.h"

/* By FerryError; a test holds the names against ferry_error_to_string(). */
static const sd_bus_error_map map[] = {
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "InvalidXML", EBADMSG),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "InvalidArgs", EINVAL),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "NotFound", ENOENT),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "NoDevice", ENODEV),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "Incompatible", EMEDIUMTYPE),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "Leased", EBUSY),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "InvalidState", ESTALE),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "Hardware", EIO),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "Store", EUCLEAN),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "Unavailable", EHOSTDOWN),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "Busy", EUSERS),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "InvalidRequest", EDOM),
        SD_BUS_ERROR_MAP(FERRY_ERROR_PREFIX "NoResources", ENOSPC),
        SD_BUS_ERROR_MAP_END,
};
G_STATIC_ASSERT(G_N_ELEMENTS(map) == _FERRY_ERROR_MAX + 1);

int bus_error_register(void) {
        return sd_bus_error_add_map(map);
}

int bus_error_from_gerror(sd_bus_error *reterr, const GError *error) {
        const char *name = FERRY_ERROR_PREFIX "Failed"; /* our words: not a bus that failed */

        if (error->domain == FERRY_ERROR && ferry_error_to_string((FerryError)error->code))
                name = map[error->code].name;

        return sd_bus_error_set(reterr, name, error->message);
}

int bus_error_reply(sd_bus_message *call, const GError *error) {
        sd_bus_error reply = SD_BUS_ERROR_NULL;
        int r;

        (void)bus_error_from_gerror(&reply, error);
        r = sd_bus_reply_method_error(call, &reply);
        sd_bus_error_free(&reply);
        return r;
}

void bus_answered(sd_bus_message *call, int r) {
        if (r < 0)
                g_debug("The answer to %s cannot be sent: %s, ignoring",
                        sd_bus_message_get_member(call), g_strerror(-r));
}

void bus_answer(void *taken_call, const GError *error) {
        sd_bus_message *call = taken_call;

        bus_answered(call,
                     error ? bus_error_reply(call, error) : sd_bus_reply_method_return(call, NULL));
        sd_bus_message_unref(call);
}
