/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who we are: a token, and where Placement is, got from Keystone when first needed
 * and again before it expires. All who ask meanwhile wait for the same answer. When Keystone
 * refuses, it is not asked again for AUTH_REST_USEC, whoever wants it: it locks accounts of
 * those who try too often. api.c alone uses it. Main thread.
 */

#include "nova-driver-shim/placement/api-error.h"
#include "nova-driver-shim/placement/cloud.h"
#include "http/http.h"

#define AUTH_REST_USEC  (60 * G_USEC_PER_SEC)
#define AUTH_YOUNG_USEC (2 * G_USEC_PER_SEC)

typedef struct Auth Auth;
typedef struct AuthWait AuthWait;

/* Both, or an error; never from within auth_get(). All borrowed. */
typedef void (*AuthReply)(void *userdata, const char *token, const char *endpoint,
                          const ApiError *error);

/* Borrows both. */
int auth_new(sd_event *loop, Http *http, const Cloud *cloud, Auth **ret_auth);
void auth_free(Auth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Auth, auth_free)

/* For auth_cancel() until the reply has come. */
AuthWait *auth_get(Auth *auth, AuthReply reply, void *userdata);
void auth_cancel(AuthWait *wait);

/* `token` was refused: the next auth_get() asks for a new one. False: it has just been made, so
 * that a new one would be refused as well (rules of access of an application credential). */
bool auth_refused(Auth *auth, const char *token);
