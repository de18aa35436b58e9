/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-parts.h"

#define HISTOGRAM_HALF_LIFE 3.0f /* days */
#define WEIGHT_MAX          1e6f

static void score(Demand *demand, const Sheet *sheet, float value) {
        int64_t slot = demand->next;

        for (unsigned k = 0; k < KNOTS; k++) {
                unsigned ahead = demand->ahead[k];
                const Origin *origin = &demand->origins[slot_modulo(slot - ahead + 1, demand->day)];
                Opinions opinions = place_opinions(demand, origin, slot, ahead);
                View view = view_at(demand, sheet, k, origin, &opinions, slot);

                band_score(demand, k, sheet->band[k], &view, value);
                place_score(demand, k, &opinions, value);
        }
}

/* Keeps what is said now of each knot, to be held against what comes. NULL: nothing. */
static void issue(Demand *demand, const Sheet *sheet) {
        for (unsigned k = 0; k < KNOTS; k++) {
                unsigned ahead = demand->ahead[k];
                int64_t slot = demand->next + ahead - 1;
                DemandBand band = { NAN, NAN, NAN, NAN };

                if (sheet)
                        band = band_by_knot(demand, sheet, k, slot, ahead);
                demand->issues[demand->issued[k] + slot_modulo(slot, ahead)] = (Tails){
                        .of = { [TAIL_95] = (float)band.p95, [TAIL_99] = (float)band.p99 },
                };
        }
}

static void shrink(Knot *knot, float factor) {
        for (int b = 0; b < _BASE_MAX; b++) {
                histogram_scale(&knot->flat[b], factor);
                histogram_scale(&knot->hourly[b], factor);
        }
        histogram_scale(&knot->swing, factor);
        histogram_scale(&knot->ratio, factor);
}

static void grow_weight(Demand *demand) {
        demand->weight /= 1 - half_life_rate(HISTOGRAM_HALF_LIFE * (float)demand->day);
        if (demand->weight < WEIGHT_MAX)
                return;

        for (int k = 0; k < KNOTS; k++)
                shrink(&demand->knots[k], 1 / demand->weight);
        demand->weight = 1;
}

static void update_known(Demand *demand, float value) {
        Sheet sheet;

        sheet_fill(demand, &sheet);
        score(demand, &sheet, value);
        grow_weight(demand);

        place_learn(demand, value);
        past_learn(demand, value);
        demand->now.hours = past_median(demand, demand->day / 8);
        demand->now.day = past_median(demand, demand->day);
        demand->age = 0;
        demand->n_known = MIN(demand->n_known + 1, G_MAXINT32);

        demand->origins[slot_modulo(demand->next, demand->day)] = demand->now;
        issue(demand, &sheet);
}

/* The state stays as it was, and nothing is scored that was said from here. */
static void update_missing(Demand *demand) {
        past_learn(demand, NAN);
        demand->age = MIN(demand->age + 1, DEMAND_AGE_MAX(demand));
        demand->origins[slot_modulo(demand->next, demand->day)] = (Origin){ NAN, NAN, NAN, NAN,
                                                                            NAN, NAN, NAN };
        issue(demand, NULL);
}

/* More than all that is kept need not be gone through. */
static void skip_to(Demand *demand, int64_t slot) {
        demand->next = MAX(demand->next, slot - (int64_t)DEMAND_DAYS * demand->day);
        while (demand->next < slot)
                update_missing(demand);
}

bool demand_update(Demand *demand, int64_t time, double value) {
        int64_t slot = time / demand->step;

        if (time < 0 || time > DEMAND_TIME_MAX)
                return false;

        if (demand->n_known == 0)
                demand->next = slot;
        if (slot < demand->next)
                return false;

        skip_to(demand, slot);
        if (value >= 0 && value <= DEMAND_VALUE_MAX)
                update_known(demand, (float)value);
        else if (demand->n_known > 0)
                update_missing(demand);
        return true;
}
