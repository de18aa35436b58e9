/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a request to Placement may fail, sorted by what is to be done about it. Pure. */

#include <glib.h>

typedef enum ApiErrorKind {
        API_ERROR_CONFLICT,  /* somebody was faster: read again, decide again, write again */
        API_ERROR_IN_USE,    /* has allocations or children: it stays, with all of it reserved */
        API_ERROR_DUPLICATE, /* a provider has this name or this UUID: look which */
        API_ERROR_CAPACITY,  /* there is not so much left: to try again makes no sense */
        API_ERROR_MISSING,   /* no such provider, class or trait */
        API_ERROR_RETRY,     /* no answer, or one of a server in trouble: later */
        API_ERROR_AUTH,      /* refused: much later, when an operator has mended it */
        API_ERROR_BUG,       /* it does not understand us */
        _API_ERROR_MAX,
} ApiErrorKind;

typedef struct ApiError {
        ApiErrorKind kind;
        long status;    /* of HTTP, 0: no answer */
        char *sentence; /* for people: object, reason; without a full stop */
} ApiError;

const char *api_error_kind_to_string(ApiErrorKind kind);

/* What an answer with this status and body means. Never NULL for 400 and above. `what` begins the
 * sentence: "inventory of provider UUID". */
ApiError *api_error_from_answer(const char *what, long status, const char *body);
ApiError *api_error_new(ApiErrorKind kind, long status, const char *format, ...)
        G_GNUC_PRINTF(3, 4);
void api_error_free(ApiError *error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiError, api_error_free)
