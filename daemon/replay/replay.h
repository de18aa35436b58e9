/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the policy would have made of recorded traffic, in simulated time: which share of the bytes
 * the guests on the seats of an offload device had, of those that the best guests of each hour had.
 *
 * The first days teach the forecast, the others count. Beside it run three that foretell nothing:
 * who had most while the others learnt; who had most in the last hour; who has most smoothed over
 * 12 hours. These move a guest when it has more than the one with the least, by `theta` average
 * seats, and each has the theta that turns out best; ours has only what it knew at the time.
 */

#include <stdbool.h>

#include "daemon/replay/replay-trace.h"

#define REPLAY_MOVES  24  /* a day, at most */
#define REPLAY_OUTAGE 300 /* seconds of its traffic that a move is said to cost, at most */

typedef enum ReplayPlayer {
        REPLAY_OURS,
        REPLAY_STATIC,
        REPLAY_REACTIVE,
        REPLAY_SMOOTHED,
        _REPLAY_PLAYER_MAX,
} ReplayPlayer;

const char *replay_player_name(ReplayPlayer player); /* "virt-ferry", "static" */

typedef struct ReplayScore {
        double theta;
        double carried; /* bytes, by who was on a seat */
        double net;     /* without what the moves cost */
        unsigned moves;
} ReplayScore;

#define REPLAY_THETAS 13

/* Of a player with all its thetas; ours has one. */
typedef struct ReplayScores {
        ReplayScore of[REPLAY_THETAS];
        unsigned n;
        unsigned chosen; /* the most carried by at most REPLAY_MOVES a day */
} ReplayScores;

typedef struct ReplayResult {
        unsigned n_guests, n_slots;
        unsigned train_hours, n_hours; /* that teach, that count */
        double total, best;            /* bytes of all, of the best of each hour */
        unsigned best_moves;           /* to have these always */
        ReplayScores scores[_REPLAY_PLAYER_MAX];
        GPtrArray *decisions; /* char *: when, and why */
} ReplayResult;

/* Days that teach where nobody says how many: all but the last 14, and 2 at least. */
unsigned replay_train_days(const ReplayTrace *trace);

/* NULL: too few guests, or days. */
ReplayResult *replay_run(const ReplayTrace *trace, unsigned n_slots, unsigned train_days,
                         GError **error);
void replay_result_free(ReplayResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReplayResult, replay_result_free)

double replay_moves_a_day(const ReplayResult *result, unsigned moves);
const ReplayScore *replay_chosen(const ReplayResult *result, ReplayPlayer player);
