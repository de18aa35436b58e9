/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay-course.h"

#include <math.h>
#include <string.h>

#define SMOOTH_HOURS 12.0

static const double thetas[REPLAY_THETAS] = { 0, 0.05, 0.1, 0.2, 0.3, 0.5,     0.75,
                                              1, 1.5,  2,   3,   5,   INFINITY };

/* What a player thinks of the next hour, one a guest. */
static void look_back(const ReplayCourse *course, ReplayPlayer player, unsigned hour,
                      double *expected) {
        double part = player == REPLAY_SMOOTHED ? 1 - exp(-1 / SMOOTH_HOURS) : 1;
        const double *rates = replay_course_rates(course, hour);

        for (unsigned g = 0; g < course->n_guests; g++)
                if (!isnan(rates[g]))
                        expected[g] += part * (rates[g] - expected[g]);
}

static double average_seat(const ReplayCourse *course, const bool *seated, const double *expected) {
        double sum = 0;

        for (unsigned g = 0; g < course->n_guests; g++)
                if (seated[g])
                        sum += expected[g] / course->n_slots;
        return sum;
}

/* The one with the most of those who stand, or the one with the least of those who sit. */
static unsigned find(const ReplayCourse *course, const bool *seated, const double *expected,
                     bool sits) {
        unsigned found = course->n_guests;

        for (unsigned g = 0; g < course->n_guests; g++) {
                if (seated[g] != sits)
                        continue;
                if (found == course->n_guests ||
                    (sits ? expected[g] < expected[found] : expected[g] > expected[found]))
                        found = g;
        }
        return found;
}

static void exchange(const ReplayCourse *course, unsigned hour, bool *seated,
                     const double *expected, ReplayScore *score) {
        double bar = score->theta * average_seat(course, seated, expected);

        for (;;) {
                unsigned in = find(course, seated, expected, false);
                unsigned out = find(course, seated, expected, true);
                double gain = expected[in] - expected[out];

                if (!(gain > bar) || gain <= 0) /* infinite times 0 is none either */
                        return;
                seated[in] = true;
                seated[out] = false;
                replay_course_count_move(course, hour, in, score);
        }
}

static ReplayScore play(const ReplayCourse *course, ReplayPlayer player, double theta) {
        g_autofree bool *seated = replay_course_start(course, course->begin);
        g_autofree double *expected = g_new0(double, course->n_guests);
        ReplayScore score = { .theta = theta };

        for (unsigned hour = 0; hour < course->end; hour++) {
                if (hour >= course->begin) {
                        exchange(course, hour, seated, expected, &score);
                        replay_course_count(course, hour, seated, &score);
                }
                look_back(course, player, hour, expected);
        }
        return score;
}

static bool is_better(const ReplayCourse *course, const ReplayScore *a, const ReplayScore *b) {
        double days = (course->end - course->begin) / 24.0;

        return a->moves <= REPLAY_MOVES * days && a->carried > b->carried;
}

void replay_peers_run(const ReplayCourse *course, ReplayPlayer player, ReplayScores *ret_scores) {
        *ret_scores = (ReplayScores){ 0 };
        if (player == REPLAY_STATIC) {
                ret_scores->of[0] = play(course, player, INFINITY);
                ret_scores->n = 1;
                return;
        }

        ret_scores->n = REPLAY_THETAS;
        ret_scores->chosen = REPLAY_THETAS - 1; /* which never moves */
        for (unsigned i = 0; i < REPLAY_THETAS; i++)
                ret_scores->of[i] = play(course, player, thetas[i]);
        for (unsigned i = 0; i < REPLAY_THETAS; i++)
                if (is_better(course, &ret_scores->of[i], &ret_scores->of[ret_scores->chosen]))
                        ret_scores->chosen = i;
}
