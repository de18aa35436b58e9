/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model.h"

#include <math.h>
#include <string.h>

#include "daemon/core/model-course.h"

#define TENTH 1.2816 /* standard deviations from the middle to where a tenth is beyond */

typedef struct Way {
        char *name; /* "hostb", "hostb*8": of eight connections */
        Move moves[MODEL_MOVES_MAX];
        unsigned n;
        Terms terms; /* as fitted without the other ways, for their prior */
} Way;

struct Model {
        GPtrArray *ways; /* Way, owned; the one that was taught longest ago is the first */
};

static void way_free(Way *way) {
        g_free(way->name);
        g_free(way);
}

Model *model_new(void) {
        Model *model = g_new0(Model, 1);

        model->ways = g_ptr_array_new_with_free_func((GDestroyNotify)way_free);
        return model;
}

void model_free(Model *model) {
        if (!model)
                return;

        g_ptr_array_unref(model->ways);
        g_free(model);
}

unsigned model_n_ways(const Model *model) {
        return model->ways->len;
}

/* Ways ------------------------------------------------------------------------------ */

static char *way_name(const MoveFacts *facts) {
        if (!facts->way || facts->connections <= 1)
                return g_strdup(facts->way);

        return g_strdup_printf("%s*%u", facts->way, facts->connections);
}

static Way *find_way(const Model *model, const char *name) {
        for (guint i = 0; i < model->ways->len; i++) {
                Way *way = model->ways->pdata[i];

                if (g_strcmp0(way->name, name) == 0)
                        return way;
        }
        return NULL;
}

/* What the ways are in the middle, without `except`, which may be NULL. */
static Terms average_terms(const Model *model, const Way *except, const MoveFacts *facts) {
        const Terms *terms[MODEL_WAYS_MAX];
        unsigned n = 0;

        for (guint i = 0; i < model->ways->len; i++) {
                const Way *way = model->ways->pdata[i];

                if (way != except)
                        terms[n++] = &way->terms;
        }
        return n > 0 ? terms_average(terms, n) : terms_default(facts);
}

static Terms find_terms(const Model *model, const MoveFacts *facts, unsigned *ret_n_moves) {
        g_autofree char *name = way_name(facts);
        const Way *way = find_way(model, name);
        Terms average = average_terms(model, way, facts);

        *ret_n_moves = way ? way->n : 0;
        return way ? terms_fit(way->moves, way->n, &average) : average;
}

/* Learning -------------------------------------------------------------------------- */

static Way *use_way(Model *model, const MoveFacts *facts) {
        g_autofree char *name = way_name(facts);
        Way *way = find_way(model, name);
        guint position;

        if (way) {
                g_ptr_array_find(model->ways, way, &position);
                g_ptr_array_steal_index(model->ways, position);
        } else {
                way = g_new0(Way, 1);
                way->name = g_steal_pointer(&name);
        }

        if (model->ways->len == MODEL_WAYS_MAX)
                g_ptr_array_remove_index(model->ways, 0);
        g_ptr_array_add(model->ways, way);
        return way;
}

static void way_add(Way *way, const MoveFacts *facts, const MoveOutcome *outcome) {
        Terms terms = terms_default(facts);

        if (way->n == MODEL_MOVES_MAX)
                memmove(way->moves, way->moves + 1, --way->n * sizeof(*way->moves));
        way->moves[way->n++] = (Move){ .facts = *facts, .outcome = *outcome };
        way->moves[way->n - 1].facts.way = way->name;
        way->terms = terms_fit(way->moves, way->n, &terms);
}

bool model_learn(Model *model, const MoveFacts *facts, const MoveOutcome *outcome) {
        if (!facts->way || outcome->total_ms <= 0 || outcome->bytes == 0)
                return false;

        way_add(use_way(model, facts), facts, outcome);
        return true;
}

/* Foretelling ----------------------------------------------------------------------- */

/* Of what is not negative. */
static int64_t to_int(double value) {
        return value < 0x1p63 ? (int64_t)llround(value) : INT64_MAX;
}

static MoveBand make_band(const Terms *terms, Figure figure, double value) {
        double likely = value * exp(terms->of[TERM_BIAS + figure]);
        double factor = exp(TENTH * terms->of[TERM_SPREAD + figure]);

        return (MoveBand){
                .low = to_int(likely / factor),
                .likely = to_int(likely),
                .high = to_int(likely * factor),
        };
}

/* A move is never shorter than its pause, nor has it fewer rounds than QEMU counts. */
static void raise_band(MoveBand *band, const MoveBand *least) {
        band->low = MAX(band->low, least->low);
        band->likely = MAX(band->likely, least->likely);
        band->high = MAX(band->high, least->high);
}

void model_forecast(const Model *model, const MoveFacts *facts, MoveForecast *ret_forecast) {
        MoveForecast forecast = { 0 };
        Terms terms = find_terms(model, facts, &forecast.n_moves);
        Course course = course_new(facts, &terms);
        double allowed = course_allowed_ms(facts), needed = course_needed_ms(&course);
        double figures[_FIGURE_MAX];

        forecast.converges = course_run(&course, allowed, figures);
        forecast.needed_ms = to_int(ceil(forecast.converges ? fmin(allowed, needed) : needed));
        forecast.total_ms = make_band(&terms, FIGURE_TOTAL_MS, figures[FIGURE_TOTAL_MS]);
        forecast.downtime_ms = make_band(&terms, FIGURE_DOWNTIME_MS, figures[FIGURE_DOWNTIME_MS]);
        forecast.bytes = make_band(&terms, FIGURE_BYTES, figures[FIGURE_BYTES]);
        forecast.iterations = make_band(&terms, FIGURE_ITERATIONS, figures[FIGURE_ITERATIONS]);
        raise_band(&forecast.total_ms, &forecast.downtime_ms);
        *ret_forecast = forecast;
}

uint64_t model_rate(const Model *model, const MoveFacts *facts) {
        unsigned n_moves;
        Terms terms = find_terms(model, facts, &n_moves);

        return n_moves > 0 ? (uint64_t)to_int(terms.of[TERM_RATE]) : 0;
}

int64_t model_choose_downtime(const Model *model, const MoveFacts *facts, int64_t minimum,
                              int64_t maximum) {
        unsigned n_moves;
        Terms terms = find_terms(model, facts, &n_moves);
        Course course = course_new(facts, &terms);
        double least = fmax(course_needed_ms(&course), course_floor_ms(&course));

        return MIN(MAX(to_int(ceil(least)), minimum), maximum);
}
