/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-course.h"

#include <math.h>

#define LOOK_S                                                                            \
        0.025 /* half of the time between two looks of QEMU at what is pending (MAX_WAIT) \
               */
#define MS_PER_S    1000.0
#define USEC_PER_MS 1000.0
/* Beyond any machine, and small enough for a difference of bytes to be exact. */
#define RATE_MIN       1000.0
#define SIZE_MAX_BYTES 0x1p50

/* Rounds ---------------------------------------------------------------------------- */

/* Of the rounds first, first * q, first * q² ... with q < 1: how many are not below the target. */
static double count_falling(double first, double q, double target) {
        if (first < target)
                return 0;
        if (q <= 0)
                return 1;
        return floor(log(target / first) / log(q)) + 1;
}

static double sum_falling(double first, double q, double n) {
        return first * -expm1(n * log1p(q - 1)) / (1 - q);
}

/* The second round may be cut by the ceiling. If it grows from there on it is cut
 * again, else it falls and the ceiling is of no matter any more. */
bool rounds_solve(const Rounds *rounds, double *ret_n, double *ret_sent, double *ret_left) {
        double second = fmin(rounds->ceiling, rounds->ratio * rounds->first), n;

        if (!(rounds->target > 0) || (second >= rounds->target && rounds->ratio >= 1))
                return false;

        n = count_falling(second, rounds->ratio, rounds->target);
        if (n + 1 > ROUNDS_MAX)
                return false;

        *ret_n = n + 1;
        *ret_sent = rounds->first + (n > 0 ? sum_falling(second, rounds->ratio, n) : 0);
        *ret_left = n > 0 ? second * pow(rounds->ratio, n) : second;
        return true;
}

/* A move ---------------------------------------------------------------------------- */

double course_allowed_ms(const MoveFacts *facts) {
        return facts->allowed_ms > 0 ? (double)facts->allowed_ms : MODEL_ALLOWED_DEFAULT_MS;
}

static double size(uint64_t bytes) {
        return fmin((double)bytes, SIZE_MAX_BYTES);
}

static double limited(double rate, uint64_t limit) {
        return fmax(RATE_MIN, limit > 0 ? fmin(rate, (double)limit) : rate);
}

static void set_memory(Course *course, const MoveFacts *facts, const Terms *terms) {
        double used = facts->ram_used > 0 ? size(facts->ram_used) : size(facts->ram);
        double sent;

        course->ram = facts->ram > 0 ? size(facts->ram) : used;
        used = fmin(used, course->ram);
        sent = used * terms->of[facts->ram_used > 0 ? TERM_SHARE_OF_USED : TERM_SHARE];
        course->share = course->ram > 0 ? sent / course->ram : 0;
        course->working_set = facts->working_set > 0 ? fmin(size(facts->working_set), sent) : sent;
        course->dirty_rate = (double)facts->dirty_rate;
}

static void set_devices(Course *course, const MoveFacts *facts, const Terms *terms) {
        double n = facts->n_devices, early = MIN(facts->n_precopy, facts->n_devices);

        course->state_counted = size(facts->state);
        course->state = facts->state == MODEL_STATE_UNTOLD ? 0 : course->state_counted;
        course->state_early = n > 0 ? course->state * early / n : 0;
        if (facts->save_usec >= 0 && facts->load_usec >= 0)
                course->device_ms = n * ((double)facts->save_usec + (double)facts->load_usec) /
                                    USEC_PER_MS;
        else
                course->device_ms = n * terms->of[TERM_DEVICE_MS] +
                                    course->state * terms->of[TERM_MS_PER_BYTE];
}

Course course_new(const MoveFacts *facts, const Terms *terms) {
        Course course = {
                .rate_paused = limited(terms->of[TERM_RATE], facts->link),
                .setup_ms = terms->of[TERM_SETUP_MS],
                .fixed_ms = terms->of[TERM_FIXED_MS],
        };

        course.rate = limited(course.rate_paused, facts->bandwidth_limit);
        set_memory(&course, facts, terms);
        set_devices(&course, facts, terms);
        return course;
}

typedef struct Sending {
        double rounds;
        double dirtied; /* during them */
        double paused;  /* sent in the pause, of RAM */
} Sending;

/* The dirtied are the rounds after the first; the last of them is sent in the pause. What is kept
 * back of the first time has empty pages; it goes with the second round, faster than dirty pages
 * do, or with the pause, as far as not so much had to be sent again. */
static bool send_in_rounds(const Course *course, double limit, double keep, Sending *ret) {
        double target = limit - keep;
        double full = course->share * course->ram, kept = course->share * keep;
        double ratio = course->dirty_rate / course->rate;
        double dirty = fmin(course->working_set, ratio * (full - kept + course->state_early));
        Rounds rounds = {
                .first = dirty - fmin(dirty, keep) * (1 - course->share),
                .ratio = ratio,
                .ceiling = fmax(0, course->working_set - keep),
                .target = target,
        };
        double n, sent, left, again, empty, paused;

        if (dirty < target) {
                *ret = (Sending){ 1, dirty, fmin(full, kept + dirty) };
                return true;
        }
        if (!rounds_solve(&rounds, &n, &sent, &left))
                return false;

        again = dirty + sent - rounds.first;
        empty = (1 - course->share) * fmax(0, keep - again);
        paused = fmin(limit - empty, kept + course->working_set);
        *ret = (Sending){ n + 1, again + left, fmin(full, paused) };
        return true;
}

static bool send_ram(const Course *course, double allowed_ms, Sending *ret) {
        double limit = course->rate * allowed_ms / MS_PER_S - course->state_counted;
        double keep = fmax(0, limit - course->rate * LOOK_S);

        if (!(limit > 0))
                return false;
        if (course->ram > keep)
                return send_in_rounds(course, limit, keep, ret);

        *ret = (Sending){ 0, 0, course->share * course->ram };
        return true;
}

static double downtime_ms(const Course *course, const Sending *sending) {
        return MS_PER_S * (sending->paused + course->state) / course->rate_paused +
               course->fixed_ms + course->device_ms;
}

/* The pause of what is needed, which is filled up. */
static void set_endless(const Course *course, double ret_figures[_FIGURE_MAX]) {
        double needed = course->rate * course_needed_ms(course) / MS_PER_S;
        double limit = needed - course->state_counted;
        Sending sending = { .paused = fmin(limit, course->share * course->ram) };

        for (Figure i = 0; i < _FIGURE_MAX; i++)
                ret_figures[i] = INFINITY;
        ret_figures[FIGURE_DOWNTIME_MS] = downtime_ms(course, &sending);
}

/* All is counted at the limited rate, though what is sent in the pause goes faster: that is less
 * than the allowed downtime too long. */
bool course_run(const Course *course, double allowed_ms, double ret_figures[_FIGURE_MAX]) {
        Sending sending;
        double bytes;

        if (!send_ram(course, allowed_ms, &sending)) {
                set_endless(course, ret_figures);
                return false;
        }

        bytes = course->share * course->ram + sending.dirtied + course->state + course->state_early;
        ret_figures[FIGURE_BYTES] = bytes;
        ret_figures[FIGURE_TOTAL_MS] = course->setup_ms + MS_PER_S * bytes / course->rate +
                                       course->fixed_ms + course->device_ms;
        ret_figures[FIGURE_DOWNTIME_MS] = downtime_ms(course, &sending);
        /* QEMU counts one at the start and one in the pause. */
        ret_figures[FIGURE_ITERATIONS] = sending.rounds + 2;
        return true;
}

double course_dirtied(const Course *course, double allowed_ms) {
        Sending sending;

        return send_ram(course, allowed_ms, &sending) ? sending.dirtied : INFINITY;
}

double course_paused(const Course *course, double allowed_ms) {
        Sending sending;

        return send_ram(course, allowed_ms, &sending) ? sending.paused : 0;
}

/* Either the rounds become small, or all that is ever dirty fits into the pause. */
double course_needed_ms(const Course *course) {
        double least = MS_PER_S * (course->state_counted / course->rate + 2 * LOOK_S);
        Sending sending;

        if (send_ram(course, least, &sending))
                return least;
        return least + MS_PER_S * course->working_set / course->rate;
}

double course_floor_ms(const Course *course) {
        return course->fixed_ms + course->device_ms +
               MS_PER_S * course->state / course->rate_paused;
}
