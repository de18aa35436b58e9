/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Says which guests of this host should have a VF, and which should give theirs
 * back, before their traffic comes or goes: policy.h decides, from what demands.h
 * expects of them.
 *
 *   guest events ─► guests with one interface ┐
 *   demands_forecast(), some in each turn ────┼─► policy_decide() ─► advice
 *   VFs that are free, or that they have ─────┘
 *
 * Each 5 minutes. Nothing is touched unless somebody says so: by the configuration
 * (advisor-act.h), by advisor_apply(), or with the commands of the advice, which is noted as
 * carried out when its guest has its other interface, whoever did that. What is not advised again
 * is withdrawn. While it is frozen nothing is advised nor carried out. That and the moves that were
 * made are stored, all else is in memory. One thread; belongs to the manager.
 */

#include "daemon/advisor-act.h"
#include "daemon/advisor-move.h"
#include "daemon/core/advice.h"
#include "daemon/core/policy.h"
#include "daemon/manager.h"

#define ADVISOR_ROUND_USEC (5 * G_TIME_SPAN_MINUTE)

typedef struct AdvisorEntry {
        char *id; /* as long as the daemon runs, no other one has it */
        Advice *advice;
        int64_t since;    /* CLOCK_REALTIME in us */
        GPtrArray *moves; /* AdvisorMove, what carries it out in this order */
} AdvisorEntry;

Advisor *advisor_new(Manager *manager);
void advisor_free(Advisor *advisor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Advisor, advisor_free)

/* What has to be so of a guest about which something is done by itself: without one, nothing is. */
void advisor_set_check(Advisor *advisor, ActorCheck check, void *userdata);
/* What the store has. */
bool advisor_load(Advisor *advisor, GError **error);

typedef struct AdvisorState {
        PolicyMode mode;
        bool frozen;
        bool applies; /* something is carried out now */
        double theta;
        unsigned moves, moves_left; /* in any 24 hours; of these, now */
} AdvisorState;

AdvisorState advisor_state(const Advisor *advisor);
/* Withdraws what is advised; an exchange that is under way ends, and no other one begins.
 * FERRY_ERROR_STORE: it is as it was. */
bool advisor_freeze(Advisor *advisor, bool frozen, GError **error);

/* At the end of each round of the meter, CLOCK_MONOTONIC in us: a part of what is to be done. */
void advisor_turn(Advisor *advisor, int64_t monotonic);
void advisor_on_guest_event(Advisor *advisor, const GuestEvent *event);

/* AdvisorEntry, in the order in which it should be carried out; borrowed until the next of the
 * above, but advisor_state(). */
const GPtrArray *advisor_list(const Advisor *advisor);

/* Carries it out, one at a time, as swaps_begin() does; from then on it is not given any more, and
 * when it fails it may be given again. Replies later or at once, once. FERRY_ERROR_NOT_FOUND: it is
 * not given; FERRY_ERROR_BUSY; FERRY_ERROR_INVALID_STATE: it is frozen; else the errors of
 * swaps_begin(). */
void advisor_apply(Advisor *advisor, const char *id, AdvisorMoved reply, void *userdata);
