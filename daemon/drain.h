/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This host is emptied for maintenance: its guests move away one after the
 * other, and until drain_end() none comes.
 *
 *   drain_begin() ─► stored ─► drive_migrate() of as many as may move at a time
 *                       ▲           │
 *                       └── what libvirt tells: left, or refused and offered to the next
 *
 * A guest that cannot leave does not stop the others. Whatever ends the daemon,
 * the next one goes on as soon as libvirt has told which guests are active.
 * Guests that start here are let be and counted as staying. One thread; belongs
 * to the manager.
 */

#include "daemon/core/drain-record.h"
#include "daemon/manager.h"

typedef struct DrainWish {
        /* URIs, in the order in which they are asked; NULL ends. None: each guest goes where the
         * cluster has the best place for it at that moment. */
        const char *const *destinations;
        bool persistent, undefine_source;
} DrainWish;

Drain *drain_new(Manager *manager);
void drain_free(Drain *drain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drain, drain_free)

/* Called when the store has the change; NULL: none. It may read the drain, not change it. */
typedef void (*DrainListener)(void *userdata, const DrainRecord *before, const DrainRecord *now);
void drain_set_listener(Drain *drain, DrainListener listener, void *userdata);
/* What the store has; tells nobody. */
bool drain_load(Drain *drain, GError **error);

/* FERRY_ERROR_INVALID_STATE while this host is being drained already, FERRY_ERROR_UNAVAILABLE as
 * long as libvirt has not told which guests run, FERRY_ERROR_STORE. After an earlier drain it tries
 * those that are still here. */
bool drain_begin(Drain *drain, const DrainWish *wish, GError **error);
/* Whether it could begin now: the errors of that, but for FERRY_ERROR_STORE. */
bool drain_check(const Drain *drain, GError **error);
/* Guests may come again. Moves that wait are dropped, those under way go on. True without a drain.
 */
bool drain_end(Drain *drain, GError **error);

const DrainRecord *drain_get(const Drain *drain); /* NULL: this host takes guests */
/* Why no guest may come, in one sentence; NULL: they may. Free it. Reaches no libvirt. */
char *drain_refusal(const Drain *drain);

/* After the manager has followed it. */
void drain_on_guest_event(Drain *drain, const GuestEvent *event);
/* When drain_next_time() (CLOCK_REALTIME us, 0 never) has come: looks at what no event tells. */
void drain_on_time(Drain *drain);
int64_t drain_next_time(const Drain *drain);
