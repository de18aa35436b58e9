/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand.h"

#include "daemon/core/demand-parts.h"

static const unsigned knot_minutes[KNOTS] = { 0, 20, 60, 180, 360, 720, 1440 };

bool demand_step_is_valid(unsigned step) {
        return step >= DEMAND_STEP_MIN && step <= DEMAND_STEP_MAX && DEMAND_STEP_MAX % step == 0;
}

unsigned demand_day(unsigned step) {
        return 86400 / step;
}

/* Each is farther than the one before, also where a step is an hour. */
static void set_knots(Demand *demand) {
        unsigned before = 0;

        for (int k = 0; k < KNOTS; k++) {
                demand->ahead[k] = MAX(before + 1, demand->day * knot_minutes[k] / 1440);
                demand->issued[k] = demand->n_issues;
                demand->n_issues += demand->ahead[k];
                before = demand->ahead[k];
        }
}

static size_t block_floats(const Demand *demand) {
        size_t a_day = DEMAND_DAYS + DEMAND_WEEK + 1 +
                       (sizeof(Origin) + sizeof(Profile)) / sizeof(float);

        return a_day * demand->day + (size_t)demand->n_issues * _TAIL_MAX;
}

/* `n` of the block's, that is, of those at `*at`. */
static void *take(float **at, size_t n, float value) {
        float *begin = *at;

        for (size_t i = 0; i < n; i++)
                begin[i] = value;
        *at += n;
        return begin;
}

static void share_out(Demand *demand) {
        size_t day = demand->day;
        float *at = demand->block;

        demand->samples = take(&at, DEMAND_DAYS * day, NAN);
        demand->origins = take(&at, day * sizeof(Origin) / sizeof(float), NAN);
        demand->profiles = take(&at, day * sizeof(Profile) / sizeof(float), NAN);
        demand->day_season = take(&at, day, 0);
        demand->week_season = take(&at, DEMAND_WEEK * day, 0);
        demand->issues = take(&at, (size_t)demand->n_issues * _TAIL_MAX, NAN);
}

Demand *demand_new(unsigned step) {
        Demand shape = { .step = step, .day = demand_day(step), .weight = 1 };
        Demand *demand;

        set_knots(&shape);
        shape.now = (Origin){ NAN, NAN, NAN, NAN, NAN, NAN, NAN };
        shape.values = (Tails){ .of = { NAN, NAN } };
        for (int i = 0; i < DEMAND_HOURS; i++)
                shape.hours[i] = shape.values;

        demand = g_malloc(sizeof(Demand) + block_floats(&shape) * sizeof(float));
        *demand = shape;
        share_out(demand);
        return demand;
}

void demand_free(Demand *demand) {
        g_free(demand);
}

int64_t demand_next(const Demand *demand) {
        return demand->n_known > 0 ? demand->next * demand->step : 0;
}

size_t demand_size(const Demand *demand) {
        return sizeof(Demand) + block_floats(demand) * sizeof(float);
}
