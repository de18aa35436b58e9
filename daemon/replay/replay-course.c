/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay-course.h"

#include <math.h>
#include <stdlib.h>

/* Of both ways; what is missing is no traffic. */
static void fill_hour(ReplayCourse *course, unsigned hour, unsigned g) {
        const ReplayGuest *guest = course->trace->guests->pdata[g];
        size_t place = (size_t)hour * course->n_guests + g;
        double rate = 0;

        for (int way = 0; way < _REPLAY_WAY_MAX; way++) {
                const float *values = &guest->values[way][(size_t)hour * REPLAY_HOUR];
                double sum = 0;
                unsigned n = 0;

                for (unsigned i = 0; i < REPLAY_HOUR; i++)
                        if (!isnan(values[i])) {
                                sum += values[i];
                                n++;
                        }
                course->bytes[place] += sum * REPLAY_STEP;
                rate += n > 0 ? sum / n : NAN;
        }
        course->rates[place] = rate;
}

ReplayCourse *replay_course_new(const ReplayTrace *trace, unsigned n_slots, unsigned train_hours) {
        ReplayCourse *course = g_new0(ReplayCourse, 1);

        course->trace = trace;
        course->n_guests = trace->guests->len;
        course->n_slots = n_slots;
        course->begin = train_hours;
        course->end = trace->n_hours;
        course->bytes = g_new0(double, (size_t)course->end * course->n_guests);
        course->rates = g_new0(double, (size_t)course->end * course->n_guests);
        for (unsigned hour = 0; hour < course->end; hour++)
                for (unsigned g = 0; g < course->n_guests; g++)
                        fill_hour(course, hour, g);
        return course;
}

void replay_course_free(ReplayCourse *course) {
        if (!course)
                return;

        g_free(course->bytes);
        g_free(course->rates);
        g_free(course);
}

const double *replay_course_bytes(const ReplayCourse *course, unsigned hour) {
        return &course->bytes[(size_t)hour * course->n_guests];
}

const double *replay_course_rates(const ReplayCourse *course, unsigned hour) {
        return &course->rates[(size_t)hour * course->n_guests];
}

/* The most ---------------------------------------------------------------------------------- */

typedef struct Rank {
        double value;
        unsigned guest;
} Rank;

static int compare_ranks(const void *a, const void *b) {
        const Rank *x = a, *y = b;

        if (x->value != y->value)
                return x->value < y->value ? 1 : -1;
        return (x->guest > y->guest) - (x->guest < y->guest);
}

static void seat_most(const ReplayCourse *course, const double *values, bool *ret_seated) {
        g_autofree Rank *ranks = g_new(Rank, course->n_guests);

        for (unsigned g = 0; g < course->n_guests; g++) {
                ranks[g] = (Rank){ values[g], g };
                ret_seated[g] = false;
        }
        qsort(ranks, course->n_guests, sizeof(Rank), compare_ranks);
        for (unsigned i = 0; i < course->n_slots; i++)
                ret_seated[ranks[i].guest] = true;
}

bool *replay_course_start(const ReplayCourse *course, unsigned hour) {
        g_autofree double *sums = g_new0(double, course->n_guests);
        bool *seated = g_new0(bool, course->n_guests);

        for (unsigned h = 0; h < hour; h++)
                for (unsigned g = 0; g < course->n_guests; g++)
                        sums[g] += replay_course_bytes(course, h)[g];
        seat_most(course, sums, seated);
        return seated;
}

/* Scores ------------------------------------------------------------------------------------ */

void replay_course_count(const ReplayCourse *course, unsigned hour, const bool *seated,
                         ReplayScore *score) {
        const double *bytes = replay_course_bytes(course, hour);

        for (unsigned g = 0; g < course->n_guests; g++)
                if (seated[g]) {
                        score->carried += bytes[g];
                        score->net += bytes[g];
                }
}

void replay_course_count_move(const ReplayCourse *course, unsigned hour, unsigned in,
                              ReplayScore *score) {
        score->moves++;
        score->net -= replay_course_bytes(course, hour)[in] * REPLAY_OUTAGE / 3600;
}

void replay_course_best(const ReplayCourse *course, ReplayResult *result) {
        g_autofree bool *seated = g_new0(bool, course->n_guests);
        g_autofree bool *before = g_new0(bool, course->n_guests);
        ReplayScore best = { 0 };

        for (unsigned hour = course->begin; hour < course->end; hour++) {
                const double *bytes = replay_course_bytes(course, hour);

                seat_most(course, bytes, seated);
                replay_course_count(course, hour, seated, &best);
                for (unsigned g = 0; g < course->n_guests; g++) {
                        result->total += bytes[g];
                        if (hour > course->begin && seated[g] && !before[g])
                                result->best_moves++;
                        before[g] = seated[g];
                }
        }
        result->best = best.carried;
}
