/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who we are: a token, and where Placement is, got from Keystone when first needed
 * and again before it expires. All who ask meanwhile wait for the same answer. api.c
 * alone uses it. Main thread.
 */

#include "nova-driver-shim/placement/api-error.h"
#include "nova-driver-shim/placement/cloud.h"
#include "nova-driver-shim/placement/http.h"

typedef struct Auth Auth;
typedef struct AuthWait AuthWait;

/* Both, or an error. All borrowed. From within auth_get() where they are there already. */
typedef void (*AuthReply)(void *userdata, const char *token, const char *endpoint,
                          const ApiError *error);

/* Borrows both. */
Auth *auth_new(Http *http, const Cloud *cloud);
void auth_free(Auth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Auth, auth_free)

/* NULL when the reply has come already; else for auth_cancel() until it comes. */
AuthWait *auth_get(Auth *auth, AuthReply reply, void *userdata);
void auth_cancel(AuthWait *wait);

/* `token` was refused: the next auth_get() asks for a new one. */
void auth_refused(Auth *auth, const char *token);
