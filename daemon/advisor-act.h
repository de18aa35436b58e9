/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Carries out by itself what is advised, where [Policy] Mode=act says so: one
 * advice at a time, as advisor_apply() does.
 *
 *   actor_turn() ─► each guest of the first advice is found and checked ─► advisor_apply()
 *        ▲                                                                      │
 *        └────────────── the next one ◄── told, when it has failed ◄────────────┘
 *
 * Guests of one that was refused or has failed are left alone for the settling
 * time. In memory; one thread; belongs to the advisor.
 */

#include "daemon/advisor-way.h"

typedef struct Actor Actor;

Actor *actor_new(Manager *manager);
void actor_free(Actor *actor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Actor, actor_free)

/* Why this is not to be done to this guest, which is one of the draft's, in one sentence; NULL: it
 * may be. Free it. */
typedef char *(*ActorCheck)(void *userdata, const AdvisorDraft *draft, const GuestEvent *found);
/* Without one, nothing is done. */
void actor_set_check(Actor *actor, ActorCheck check, void *userdata);

/* When it was decided, CLOCK_MONOTONIC in us. */
void actor_turn(Actor *actor, int64_t monotonic);
