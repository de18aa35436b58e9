/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guests may ask of the daemon: more or less of their own hardware slice.
 *
 * Who asks is the CID that the kernel vouches for, mapped to the domain that
 * libvirt runs with it; nothing that a guest sends says who it is. What it may
 * have is in its slice's <allow>, which is kept here and not in the guest. And
 * all that it does costs it something of its own:
 *
 *   connections   GUEST_SESSIONS_MAX each, the longest silent one gives way;
 *                 GUEST_SESSIONS_ALL together
 *   messages      GUEST_MESSAGE_*: beyond them it is hung up on
 *   requests      GUEST_REQUEST_*: beyond them it is told so
 *   changes       GUEST_CHANGE_*, since each is written to the disk, and carried out by libvirt and
 *                 the kernel: beyond them it is told so, too
 *
 * The counts are the guest's and not the connection's, so that a new one does
 * not begin at nought. Belongs to the daemon; one thread; no socket and no bus
 * here: those are edges/vsock.h and dbus/guest-face.h.
 */

#include "daemon/guest-api-view.h"
#include "daemon/slices.h"

#define GUEST_SESSIONS_MAX     2u
#define GUEST_SESSIONS_ALL     64u
#define GUEST_GIVES_WAY_USEC   (10 * G_USEC_PER_SEC) /* silence after which another may have it */
#define GUEST_MESSAGE_MAX      (64u * 1024)
#define GUEST_MESSAGE_BURST    60
#define GUEST_MESSAGES_PER_SEC 20
#define GUEST_MESSAGE_SHARE    4096u /* a message costs one, and one more for each of these bytes */
#define GUEST_REQUEST_BURST    20
#define GUEST_REQUESTS_PER_SEC 10
#define GUEST_CHANGE_BURST     10
#define GUEST_CHANGES_PER_SEC  1
#define GUEST_QOS_MAX          4u  /* names with a value */
#define GUEST_WORD_LENGTH_MAX  64u /* bytes, of a kind, a name, a value */
/* A process without privileges in the guest has a port above: vsock(7). */
#define GUEST_PORT_RESERVED 1023u

typedef struct GuestApi GuestApi;
typedef struct GuestSession GuestSession; /* a connection of a guest */
typedef struct GuestCall GuestCall;       /* a request that has no answer yet */

GuestApi *guest_api_new(Slices *slices); /* borrows them */
void guest_api_free(GuestApi *api);      /* ends all sessions */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestApi, guest_api_free)
void guest_api_set_clock(GuestApi *api, int64_t (*now)(void)); /* for tests */
int64_t guest_api_now(const GuestApi *api);                    /* CLOCK_MONOTONIC us */

/* Which guests there are. */
void guest_api_on_guest_event(GuestApi *api, const GuestEvent *event);
bool guest_api_has_guests(const GuestApi *api); /* one with a CID, at least */
/* What this domain has, or may have, is another now. */
void guest_api_on_slice(GuestApi *api, const char *domain_uuid);

/* A connection from there. NULL: of nobody, or of one that has asked too much lately; nothing is to
 * be said to it. `ended` is called once at most: the guest is gone, or another connection needs the
 * room; it frees the session before it returns. */
GuestSession *guest_api_admit(GuestApi *api, uint32_t cid, uint32_t port,
                              void (*ended)(void *userdata), void *userdata);
void guest_session_free(GuestSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestSession, guest_session_free)
/* Its slice has changed. */
void guest_session_set_listener(GuestSession *session, void (*changed)(void *userdata),
                                void *userdata);

/* It has sent a whole message of that size. False: too many, hang up. */
bool guest_session_pass(GuestSession *session, size_t size);
/* It asks for something. False: too often, say so. */
bool guest_session_take(GuestSession *session);

/* What it has, as it may see it: NULL nothing. It holds until something changes. */
const SliceEntry *guest_session_entry(const GuestSession *session);

/* `qos`: names and values, NULL at the end, or NULL. Called once; `error` is in words for the
 * guest: FERRY_ERROR_INVALID_REQUEST, _NO_RESOURCES, _BUSY, _UNAVAILABLE; G_FILE_ERROR_PERM: it is
 * for the guest's root alone. NULL when the answer was given before the return. */
typedef void (*GuestAnswer)(void *userdata, const GError *error);
GuestCall *guest_session_ask(GuestSession *session, const char *kind, uint64_t amount, bool less,
                             const char *const *qos, GuestAnswer answer, void *userdata);
/* Nobody waits for its answer any more; the request stands. */
void guest_call_forget(GuestCall *call);
