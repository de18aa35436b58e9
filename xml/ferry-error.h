/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The outcomes that callers handle and that D-Bus documents.
 *
 * Everything else that goes wrong travels up as a GError of another domain and
 * means "failed", with its words. Lowest ring: includes GLib only.
 */

#include <glib.h>

typedef enum FerryError {
        FERRY_ERROR_INVALID_XML,  /* the document breaks a rule or a limit; the message has the line
                                   */
        FERRY_ERROR_INVALID_ARGS, /* a value from outside that is not XML */
        FERRY_ERROR_NOT_FOUND,    /* no such device, lease, migration or domain */
        FERRY_ERROR_NO_DEVICE,    /* nothing on this host fits, or all that fits is taken */
        FERRY_ERROR_INCOMPATIBLE, /* the named device is here but is not what the guest needs */
        FERRY_ERROR_LEASED,       /* the device belongs to another domain */
        FERRY_ERROR_INVALID_STATE,   /* a transition that the table of states does not allow */
        FERRY_ERROR_HARDWARE,        /* the kernel refused; the message has its errno in words */
        FERRY_ERROR_STORE,           /* the database cannot be read or written */
        FERRY_ERROR_UNAVAILABLE,     /* a service this needs (libvirt) does not answer */
        FERRY_ERROR_BUSY,            /* too many at a time: the same may succeed in a while */
        FERRY_ERROR_INVALID_REQUEST, /* a hardware slice that nobody could have: which field, why */
        FERRY_ERROR_NO_RESOURCES,    /* which resource is short, by how much, who holds it */
        _FERRY_ERROR_MAX,
        _FERRY_ERROR_INVALID = -22,
} FerryError;

#define FERRY_ERROR ferry_error_quark()
GQuark ferry_error_quark(void);

/* The last part of the D-Bus error name: "NoDevice". NULL for a code out of range. */
const char *ferry_error_to_string(FerryError code);
FerryError ferry_error_from_string(const char *name);
