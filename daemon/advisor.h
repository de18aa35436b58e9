/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What should be done with the guests of this host before they need it, and does
 * it when it is told to, or by itself: several ways to come to advice
 * (advisor-way.h), one list of what is advised now.
 *
 *   end of a meter's round ─► turn() of all ways ─► decide() ─► entries ─► listener
 *   guest events ───────────► is_done()? withdrawn ──────────────┘  │
 *   a person, advisor-act.h ─► advisor_apply() ─► apply() of the way ┘
 *
 * Each 5 minutes. Nothing is touched unless somebody says so: by the configuration
 * (advisor-act.h), by advisor_apply(), or with the commands of the advice, which is noted as
 * carried out whoever did it. What is not advised again is withdrawn. While it is frozen nothing is
 * advised nor carried out: that is stored, and the list is in memory. One thread; belongs to the
 * manager.
 */

#include "daemon/advice-book.h"
#include "daemon/advisor-act.h"
#include "daemon/advisor-way.h"
#include "daemon/core/policy.h"

#define ADVISOR_ROUND_USEC (5 * G_TIME_SPAN_MINUTE)

/* By these ways: advisor_ways. Borrowed. */
Advisor *advisor_new(Manager *manager, const AdvisorWay *const *ways);
void advisor_free(Advisor *advisor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Advisor, advisor_free)

/* What has to be so of a guest about which something is done by itself: without one, nothing is. */
void advisor_set_check(Advisor *advisor, ActorCheck check, void *userdata);

void advisor_set_listener(Advisor *advisor, AdviceListener listener, void *userdata);

/* What the store has. */
bool advisor_load(Advisor *advisor, GError **error);

struct AdvisorState {
        PolicyMode mode;
        bool frozen;
        bool applies;               /* something is carried out now */
        double theta;               /* of the seats: policy.h */
        unsigned moves, moves_left; /* of the seats, in any 24 hours; of these, now */
};

AdvisorState advisor_state(const Advisor *advisor);
/* Withdraws what is advised; what is under way ends with its step, and nothing else begins.
 * FERRY_ERROR_STORE: it is as it was. */
bool advisor_freeze(Advisor *advisor, bool frozen, GError **error);

/* At the end of each round of the meter, CLOCK_MONOTONIC in us: a part of what is to be done. */
void advisor_turn(Advisor *advisor, int64_t monotonic);
void advisor_on_guest_event(Advisor *advisor, const GuestEvent *event);
/* A round begins now, and not in up to 5 minutes. When it has returned, it is decided, but for more
 * guests than a way looks at in one turn. FERRY_ERROR_INVALID_STATE: nothing would be advised;
 * FERRY_ERROR_UNAVAILABLE: without libvirt. */
bool advisor_decide_now(Advisor *advisor, GError **error);

/* AdvisorEntry: way after way, and of each in the order in which it should be carried out. Borrowed
 * until the next of the above, but advisor_state(). */
const GPtrArray *advisor_list(const Advisor *advisor);
const AdvisorEntry *advisor_find(const Advisor *advisor, const char *id); /* NULL: not given */
/* What is carried out now, which is not in the list; NULL: nothing is. */
const AdvisorDraft *advisor_applied(const Advisor *advisor);

/* Carries it out, one at a time; from then on it is not given any more, and when it fails it may be
 * given again. Replies later or at once, once. FERRY_ERROR_NOT_FOUND: it is not given;
 * FERRY_ERROR_BUSY; FERRY_ERROR_INVALID_STATE: it is frozen; else the errors of the way. */
void advisor_apply(Advisor *advisor, const char *id, AdvisorMoved reply, void *userdata);
