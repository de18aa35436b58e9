/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hours of a replay, and who sits where in them. Private to replay*.c. */

#include "daemon/replay/replay.h"

typedef struct ReplayCourse {
        const ReplayTrace *trace;
        unsigned n_guests, n_slots;
        unsigned begin, end; /* hours that count */
        double *bytes;       /* one a guest and hour, hours first */
        double *rates;       /* bytes a second of what is known; NAN: nothing is */
} ReplayCourse;

ReplayCourse *replay_course_new(const ReplayTrace *trace, unsigned n_slots, unsigned train_hours);
void replay_course_free(ReplayCourse *course);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReplayCourse, replay_course_free)

const double *replay_course_bytes(const ReplayCourse *course, unsigned hour); /* one a guest */
const double *replay_course_rates(const ReplayCourse *course, unsigned hour);

/* Who had most in the hours before `hour`: one bool a guest. Free it. */
bool *replay_course_start(const ReplayCourse *course, unsigned hour);
/* Counts an hour in which `seated` sat there. */
void replay_course_count(const ReplayCourse *course, unsigned hour, const bool *seated,
                         ReplayScore *score);
void replay_course_count_move(const ReplayCourse *course, unsigned hour, unsigned in,
                              ReplayScore *score);
/* The best ones of each hour. */
void replay_course_best(const ReplayCourse *course, ReplayResult *result);

/* replay-peers.c: all thetas. `player` is not ours. */
void replay_peers_run(const ReplayCourse *course, ReplayPlayer player, ReplayScores *ret_scores);
/* replay-ours.c: adds to `decisions`. */
void replay_ours_run(const ReplayCourse *course, ReplayScores *ret_scores, GPtrArray *decisions);
