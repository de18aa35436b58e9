/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay.h"

#include "daemon/replay/replay-course.h"

#define COUNT_DAYS     14
#define TRAIN_DAYS_MIN 2
#define DAY            24 /* hours */

static const char *const player_names[] = {
        [REPLAY_OURS] = "virt-ferry",
        [REPLAY_STATIC] = "static",
        [REPLAY_REACTIVE] = "last hour",
        [REPLAY_SMOOTHED] = "smoothed 12 h",
};
G_STATIC_ASSERT(G_N_ELEMENTS(player_names) == _REPLAY_PLAYER_MAX);

const char *replay_player_name(ReplayPlayer player) {
        return player_names[player];
}

unsigned replay_train_days(const ReplayTrace *trace) {
        unsigned days = trace->n_hours / DAY;

        return days >= COUNT_DAYS + TRAIN_DAYS_MIN ? days - COUNT_DAYS : TRAIN_DAYS_MIN;
}

static bool check(const ReplayTrace *trace, unsigned n_slots, unsigned train_days, GError **error) {
        if (n_slots >= trace->guests->len) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                            "The trace has %u guests, which must be more than the %u slots",
                            trace->guests->len, n_slots);
                return false;
        }
        if ((uint64_t)train_days * DAY + DAY > trace->n_hours) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                            "The trace has %u days and %u hours: after %u days to learn from a "
                            "day must be left to count; --train takes fewer",
                            trace->n_hours / DAY, trace->n_hours % DAY, train_days);
                return false;
        }
        return true;
}

ReplayResult *replay_run(const ReplayTrace *trace, unsigned n_slots, unsigned train_days,
                         GError **error) {
        g_autoptr(ReplayCourse) course = NULL;
        ReplayResult *result;

        if (!check(trace, n_slots, train_days, error))
                return NULL;

        course = replay_course_new(trace, n_slots, train_days * DAY);
        result = g_new0(ReplayResult, 1);
        result->n_guests = course->n_guests;
        result->n_slots = n_slots;
        result->train_hours = course->begin;
        result->n_hours = course->end - course->begin;
        result->decisions = g_ptr_array_new_with_free_func(g_free);
        replay_course_best(course, result);
        replay_ours_run(course, &result->scores[REPLAY_OURS], result->decisions);
        for (ReplayPlayer player = REPLAY_STATIC; player < _REPLAY_PLAYER_MAX; player++)
                replay_peers_run(course, player, &result->scores[player]);
        return result;
}

void replay_result_free(ReplayResult *result) {
        if (!result)
                return;

        g_ptr_array_unref(result->decisions);
        g_free(result);
}

double replay_moves_a_day(const ReplayResult *result, unsigned moves) {
        return (double)moves * DAY / result->n_hours;
}

const ReplayScore *replay_chosen(const ReplayResult *result, ReplayPlayer player) {
        const ReplayScores *scores = &result->scores[player];

        return &scores->of[scores->chosen];
}
