/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A host whose guests leave, over a database in a file; libvirt writes down what
 * it is asked, and the test is libvirt.
 */

#include "daemon/drain.h"
#include "tests/unit/daemon/manager-fixture.h"

#define HOST_B "qemu+ssh://b/system"
#define HOST_C "qemu+ssh://c/system"
#define PREFIX "00000000-2222-4333-8444-00000000000"
#define G1     PREFIX "1"
#define G2     PREFIX "2"
#define G3     PREFIX "3"

typedef struct Host {
        Fixture f;
        GString *told; /* what the listener heard: "draining: g1 moving\n" */
} Host;

void host_set_up(Host *h, gconstpointer config);
void host_tear_down(Host *h, gconstpointer config);
/* Another daemon of the same store. Questions are answered as by the edge that ends. */
void host_kill_daemon(Host *h);

/* What libvirt tells: an event about a guest; at a connection, that those up to NULL are active;
 * the end of a move, error NULL when it went well; all that is told of a guest that leaves. */
void host_tell(Host *h, GuestEventKind kind, const char *uuid);
void host_tell_list(Host *h, const char *first, const char *second, const char *third);
void host_end_move(Host *h, const char *uuid, const char *error);
void host_leave(Host *h, const char *uuid);

/* Answers the oldest question for a guest: that it runs, without devices; with this XML; so. */
void host_find(void);
void host_answer_with(const char *xml);
void host_answer(GuestEvent *found);
guint host_n_questions(void);

/* The operator: to one destination or two; a move of one guest. */
void host_begin(Host *h, const char *first, const char *second);
void host_undrain(Host *h);
void host_move_by_hand(Host *h, const char *uuid, const char *uri);

/* "draining: g1 moving, g2 waiting"; what libvirt was asked and the listener told since the last
 * time. */
void host_assert_drain(Host *h, const char *expected);
void host_assert_asked(Host *h, const char *expected);
void host_assert_told(Host *h, const char *expected);
const DrainGuest *host_guest_of(Host *h, const char *uuid);
const Migration *host_latest(Host *h, const char *uuid);

/* A guest of another host that wants to come, or of a file that is restored. */
char *host_filter(Host *h, const char *operation, GError **error);
/* `words` of its refusal: "being drained". */
void host_assert_takes_guests(Host *h, bool takes, const char *words);
