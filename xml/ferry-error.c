/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/ferry-error.h"

G_DEFINE_QUARK(ferry_error, ferry_error)

static const char *const names[] = {
        [FERRY_ERROR_INVALID_XML] = "InvalidXML",
        [FERRY_ERROR_INVALID_ARGS] = "InvalidArgs",
        [FERRY_ERROR_NOT_FOUND] = "NotFound",
        [FERRY_ERROR_NO_DEVICE] = "NoDevice",
        [FERRY_ERROR_INCOMPATIBLE] = "Incompatible",
        [FERRY_ERROR_LEASED] = "Leased",
        [FERRY_ERROR_INVALID_STATE] = "InvalidState",
        [FERRY_ERROR_HARDWARE] = "Hardware",
        [FERRY_ERROR_STORE] = "Store",
        [FERRY_ERROR_UNAVAILABLE] = "Unavailable",
        [FERRY_ERROR_BUSY] = "Busy",
        [FERRY_ERROR_INVALID_REQUEST] = "InvalidRequest",
        [FERRY_ERROR_NO_RESOURCES] = "NoResources",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == _FERRY_ERROR_MAX);

const char *ferry_error_to_string(FerryError code) {
        if (code < 0 || code >= _FERRY_ERROR_MAX)
                return NULL;

        return names[code];
}

FerryError ferry_error_from_string(const char *name) {
        for (int i = 0; i < _FERRY_ERROR_MAX; i++)
                if (g_strcmp0(names[i], name) == 0)
                        return (FerryError)i;

        return _FERRY_ERROR_INVALID;
}
