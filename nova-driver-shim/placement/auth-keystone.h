/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keystone's v3 words: how a token is asked for, and what the answer to that means.
 * Pure; auth.c alone uses it. */

#include <stdint.h>

#include "nova-driver-shim/placement/api-error.h"
#include "nova-driver-shim/placement/cloud.h"
#include "http/http.h"

typedef struct KeystoneToken {
        char *text;
        char *endpoint;   /* Placement's by the catalog; NULL where the cloud names it itself */
        int64_t lifetime; /* us, by Keystone's clock from end to end: ours may be wrong */
} KeystoneToken;

void keystone_token_free(KeystoneToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeystoneToken, keystone_token_free)

/* The body of POST <auth_url>/auth/tokens. */
char *keystone_question(const Cloud *cloud);

/* NULL with an error: API_ERROR_RETRY where the same may work soon, API_ERROR_AUTH for all that an
 * operator has to mend. */
KeystoneToken *keystone_read(const Cloud *cloud, const HttpAnswer *answer, ApiError **ret_error);
