/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-terms.h"

#include <math.h>

#include "daemon/core/model-course.h"
#include "daemon/core/model-math.h"

#define MS_PER_S            1000.0
#define SWEEPS              3 /* each term is found with the others as they are: twice would do */
#define SHARE_MIN           0.001
#define STATE_APART         1048576.0 /* smaller ones say nothing of the time that a byte takes */
#define SPREAD_MIN          0.05
#define SPREAD_BY_DEVIATION 1.4826 /* of a normal distribution, from the median deviation */
/* Of what the limit allows: who comes near has not been held up by the way. */
#define LIMIT_REACHED 0.8

/* One connection of QEMU is bound by one processor, at about ten gigabits, and of a link four
 * fifths are got. A link whose speed nobody knows is a virtual one: that of two emulated hosts. */
#define CONNECTION_RATE 1.2e9
#define UNKNOWN_RATE    5e7
#define LINK_SHARE      0.8

static double default_rate(const MoveFacts *facts) {
        double most = CONNECTION_RATE * MAX(1, facts->connections);

        return facts->link > 0 ? fmin(most, LINK_SHARE * (double)facts->link) : UNKNOWN_RATE;
}

/* A VF takes 50 to 200 ms by itself, and about a second a gigabyte of its state. */
static const Terms defaults = { {
        [TERM_SETUP_MS] = 1000,
        [TERM_FIXED_MS] = 50,
        [TERM_DEVICE_MS] = 100,
        [TERM_MS_PER_BYTE] = 1e-6,
        [TERM_SHARE] = 0.5,
        [TERM_SHARE_OF_USED] = 1,
        [TERM_SPREAD + FIGURE_TOTAL_MS] = 0.7,
        [TERM_SPREAD + FIGURE_DOWNTIME_MS] = 0.7,
        [TERM_SPREAD + FIGURE_BYTES] = 0.4,
        [TERM_SPREAD + FIGURE_ITERATIONS] = 0.5,
} };

Terms terms_default(const MoveFacts *facts) {
        Terms terms = defaults;

        terms.of[TERM_RATE] = default_rate(facts);
        return terms;
}

Terms terms_average(const Terms *const *terms, unsigned n) {
        Terms average = defaults;

        for (Term term = 0; term < TERM_SPREAD; term++) {
                Numbers numbers = { .n = 0 };

                for (unsigned i = 0; i < n; i++)
                        numbers_add(&numbers, terms[i]->of[term]);
                average.of[term] = numbers_median(&numbers, average.of[term]);
        }
        return average;
}

/* Fitting --------------------------------------------------------------------------- */

typedef struct Fit {
        const Move *moves;
        unsigned n;
        const Terms *prior;
        Terms terms;
} Fit;

static Numbers begin(const Fit *fit, Term term) {
        Numbers numbers = { .n = 0 };

        numbers_add(&numbers, fit->prior->of[term]);
        return numbers;
}

static void finish(Fit *fit, Term term, Numbers *numbers, double least, double most) {
        double value = numbers_median(numbers, fit->prior->of[term]);

        fit->terms.of[term] = fmax(least, fmin(most, value));
}

/* What was dirtied and sent again is none of the first time. Where it is the larger part, nothing
 * can be said of the rest. */
static double find_share(const Fit *fit, const Move *move) {
        MoveFacts facts = move->facts;
        double bytes = (double)move->outcome.bytes, again;
        Course course;

        if (move->outcome.dirty_rate > 0)
                facts.dirty_rate = move->outcome.dirty_rate;
        course = course_new(&facts, &fit->terms);
        again = course_dirtied(&course, course_allowed_ms(&facts)) + course.state +
                course.state_early;
        if (!(course.ram > 0) || again > bytes / 2)
                return NAN;
        return (bytes - again) /
               (facts.ram_used > 0 ? fmin(course.ram, (double)facts.ram_used) : course.ram);
}

static void fit_share(Fit *fit, Term term, bool used_known) {
        Numbers shares = begin(fit, term);

        for (unsigned i = 0; i < fit->n; i++)
                if ((fit->moves[i].facts.ram_used > 0) == used_known)
                        numbers_add(&shares, find_share(fit, &fit->moves[i]));
        finish(fit, term, &shares, SHARE_MIN, 1);
}

static bool is_held_up(const Move *move) {
        double most = (double)move->facts.bandwidth_limit * (double)move->outcome.total_ms;

        return move->facts.bandwidth_limit > 0 &&
               (double)move->outcome.bytes * MS_PER_S > LIMIT_REACHED * most;
}

/* Without what the guest stood still for by itself. At least a tenth of the time was for sending,
 * whatever the other terms say. */
static double sending_ms(const Move *move, const Course *course) {
        double total = (double)move->outcome.total_ms;

        return fmax(total / 10, total - course->fixed_ms - course->device_ms);
}

/* Time and bytes of the moves that were as fast as the way. */
static unsigned collect_sending(const Fit *fit, Point points[MODEL_MOVES_MAX]) {
        unsigned n = 0;

        for (unsigned i = 0; i < fit->n; i++) {
                const Move *move = &fit->moves[i];
                Course course = course_new(&move->facts, &fit->terms);

                if (!is_held_up(move))
                        points[n++] = (Point){ (double)move->outcome.bytes,
                                               sending_ms(move, &course), 0 };
        }
        return n;
}

static double median_x(const Point *points, unsigned n) {
        Numbers numbers = { .n = 0 };

        for (unsigned i = 0; i < n; i++)
                numbers_add(&numbers, points[i].x);
        return numbers_median(&numbers, 0);
}

/* From moves of different sizes; 0 when there are none such. */
static double ms_per_byte(const Point *points, unsigned n) {
        double apart = median_x(points, n) / 2;

        return apart > 0 ? fmax(0, points_slope(points, n, apart, 0)) : 0;
}

static void fit_setup(Fit *fit, const Point *points, unsigned n, double slope) {
        Numbers setups = begin(fit, TERM_SETUP_MS);

        if (slope > 0)
                for (unsigned i = 0; i < n; i++)
                        numbers_add(&setups, points[i].y - points[i].x * slope);
        else
                for (unsigned i = 0; i < fit->n; i++)
                        if (fit->moves[i].outcome.setup_ms >= 0)
                                numbers_add(&setups, (double)fit->moves[i].outcome.setup_ms);
        finish(fit, TERM_SETUP_MS, &setups, 0, INFINITY);
}

static void fit_rate(Fit *fit) {
        Numbers rates = begin(fit, TERM_RATE);
        Point points[MODEL_MOVES_MAX];
        unsigned n = collect_sending(fit, points);

        fit_setup(fit, points, n, ms_per_byte(points, n));
        for (unsigned i = 0; i < n; i++) {
                double ms = fmax(points[i].y / 10, points[i].y - fit->terms.of[TERM_SETUP_MS]);

                numbers_add(&rates, MS_PER_S * points[i].x / ms);
        }
        finish(fit, TERM_RATE, &rates, 1, INFINITY);
}

/* Downtimes ------------------------------------------------------------------------- */

typedef struct Pause {
        double rest_ms; /* of the downtime, without sending and what a trial has measured */
        double devices; /* which no trial has measured */
        double state;   /* of these */
} Pause;

static bool is_measured(const MoveFacts *facts) {
        return facts->save_usec >= 0 && facts->load_usec >= 0;
}

static Pause look_at_pause(const Fit *fit, const Move *move) {
        Course course = course_new(&move->facts, &fit->terms);
        double sent = course_paused(&course, course_allowed_ms(&move->facts)) + course.state;
        Pause pause = {
                .rest_ms = (double)move->outcome.downtime_ms - MS_PER_S * sent / course.rate_paused,
        };

        if (is_measured(&move->facts)) {
                pause.rest_ms -= course.device_ms;
        } else {
                pause.devices = move->facts.n_devices;
                pause.state = course.state;
        }
        return pause;
}

static unsigned collect_pauses(const Fit *fit, Pause pauses[MODEL_MOVES_MAX]) {
        unsigned n = 0;

        for (unsigned i = 0; i < fit->n; i++)
                if (fit->moves[i].outcome.downtime_ms >= 0)
                        pauses[n++] = look_at_pause(fit, &fit->moves[i]);
        return n;
}

/* Guests with more devices mostly have more state, so that both parts would look alike: that of the
 * state is found among guests with as many devices, and without it that of a device. */
static void fit_parts(const Pause *pauses, unsigned n, double *device_ms, double *per_byte) {
        Point points[MODEL_MOVES_MAX];

        for (unsigned i = 0; i < n; i++)
                points[i] = (Point){ pauses[i].state, pauses[i].rest_ms, pauses[i].devices };
        *per_byte = fmax(0, points_slope(points, n, STATE_APART, *per_byte));

        for (unsigned i = 0; i < n; i++)
                points[i] = (Point){ pauses[i].devices,
                                     pauses[i].rest_ms - pauses[i].state * *per_byte, 0 };
        *device_ms = fmax(0, points_slope(points, n, 1, *device_ms));
}

static void fit_pause(Fit *fit) {
        double *device_ms = &fit->terms.of[TERM_DEVICE_MS];
        double *per_byte = &fit->terms.of[TERM_MS_PER_BYTE];
        Numbers fixed = begin(fit, TERM_FIXED_MS);
        Pause pauses[MODEL_MOVES_MAX];
        unsigned n = collect_pauses(fit, pauses);

        fit_parts(pauses, n, device_ms, per_byte);
        for (unsigned i = 0; i < n; i++)
                numbers_add(&fixed, pauses[i].rest_ms - pauses[i].devices * *device_ms -
                                            pauses[i].state * *per_byte);
        finish(fit, TERM_FIXED_MS, &fixed, 0, INFINITY);
}

/* Errors ---------------------------------------------------------------------------- */

static double outcome_figure(const MoveOutcome *outcome, Figure figure) {
        switch (figure) {
        case FIGURE_TOTAL_MS:
                return (double)outcome->total_ms;
        case FIGURE_DOWNTIME_MS:
                return (double)outcome->downtime_ms;
        case FIGURE_BYTES:
                return (double)outcome->bytes;
        case FIGURE_ITERATIONS:
                return outcome->iterations;
        case _FIGURE_MAX:
                break;
        }
        return 0;
}

static void collect_errors(const Fit *fit, Numbers errors[_FIGURE_MAX]) {
        for (unsigned i = 0; i < fit->n; i++) {
                const Move *move = &fit->moves[i];
                Course course = course_new(&move->facts, &fit->terms);
                double figures[_FIGURE_MAX];

                if (!course_run(&course, course_allowed_ms(&move->facts), figures))
                        continue;
                /* A figure that is not known, -1 or 0, has no logarithm and is left out. */
                for (Figure figure = 0; figure < _FIGURE_MAX; figure++)
                        numbers_add(&errors[figure],
                                    log(outcome_figure(&move->outcome, figure) / figures[figure]));
        }
}

/* Terms fit the few moves that they come from better than they will fit the next one. */
static double widen(double deviation, unsigned n) {
        return deviation * (1 + 5.0 / n);
}

static void fit_error(Fit *fit, Figure figure, Numbers *errors) {
        Numbers deviations = { .n = 0 };
        double *bias = &fit->terms.of[TERM_BIAS + figure];
        double *spread = &fit->terms.of[TERM_SPREAD + figure];
        unsigned n;

        numbers_add(errors, fit->prior->of[TERM_BIAS + figure]);
        *bias = numbers_median(errors, 0);

        n = errors->n;
        numbers_add(&deviations, *spread / SPREAD_BY_DEVIATION);
        for (unsigned i = 0; n > 1 && i < n; i++)
                numbers_add(&deviations, widen(fabs(errors->values[i] - *bias), n));
        *spread = fmax(SPREAD_MIN, SPREAD_BY_DEVIATION * numbers_median(&deviations, 0));
}

static void fit_errors(Fit *fit) {
        Numbers errors[_FIGURE_MAX] = { 0 };

        collect_errors(fit, errors);
        for (Figure figure = 0; figure < _FIGURE_MAX; figure++)
                fit_error(fit, figure, &errors[figure]);
}

Terms terms_fit(const Move *moves, unsigned n, const Terms *prior) {
        Fit fit = { .moves = moves, .n = n, .prior = prior, .terms = *prior };

        for (unsigned i = 0; i < SWEEPS; i++) {
                fit_share(&fit, TERM_SHARE, false);
                fit_share(&fit, TERM_SHARE_OF_USED, true);
                fit_rate(&fit);
                fit_pause(&fit);
        }
        fit_errors(&fit);
        return fit.terms;
}
