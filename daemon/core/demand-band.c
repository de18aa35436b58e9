/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-parts.h"

/* Days until what was seen counts for half. */
#define PINBALL_HALF_LIFE 1.0f
#define SCALE_HALF_LIFE   5.0f
#define HOURLY_HALF_LIFE  10.0f

/* Conformal inference as by Gibbs and Candes (2021): the guard of what the mixture promises. */
#define OFFSET_STEP 0.002f
#define OFFSET_MAX  3.0f

#define RATIO_UNIT  0.25f /* of a histogram, as a logarithm */

const float tail_shares[_TAIL_MAX] = { [TAIL_95] = 0.05f, [TAIL_99] = 0.01f };

typedef struct Ways {
        float of[_WAY_MAX];
} Ways;

void band_sheet(const Knot *knot, int tail, BandSheet *ret_sheet) {
        float share = tail_shares[tail];

        for (int b = 0; b < _BASE_MAX; b++) {
                ret_sheet->flat[b] = histogram_tail(&knot->flat[b], share) * knot->scale[b].value;
                ret_sheet->hourly[b] = histogram_tail(&knot->hourly[b], share);
        }
        ret_sheet->swing = histogram_tail(&knot->swing, share);
        ret_sheet->ratio = expf(RATIO_UNIT * histogram_tail(&knot->ratio, share));
        losses_weigh(knot->pinball[tail], _WAY_MAX, 20, ret_sheet->weights);
}

bool band_sheet_is_known(const BandSheet *sheet) {
        for (int i = 0; i < _WAY_MAX; i++)
                if (sheet->weights[i] > 0)
                        return true;
        return false;
}

/* Keeps a ratio of what is nearly 0 from being wild. */
static float little(const Knot *knot) {
        return 0.05f * knot->scale[BASE_PLACE].value + 1e-20f;
}

static float swing_unit(const Knot *knot, const Origin *origin) {
        return origin->swing + 2 * little(knot);
}

static Ways find_ways(const Demand *demand, const Knot *knot, const BandSheet *sheet,
                      const View *view, int tail) {
        unsigned hour = slot_hour(demand, view->slot);
        float place = view->bases[BASE_PLACE];
        Ways ways;

        for (int b = 0; b < _BASE_MAX; b++) {
                float base = knot->scale[b].n >= DEMAND_EVIDENCE ? view->bases[b] : NAN;

                ways.of[WAY_FLAT + b] = base + sheet->flat[b];
                ways.of[WAY_HOURLY + b] = base + sheet->hourly[b] * knot->hour_scale[b][hour].value;
        }
        ways.of[WAY_SWING] = place + sheet->swing * swing_unit(knot, view->origin);
        ways.of[WAY_RATIO] = (place + little(knot)) * sheet->ratio - little(knot);
        ways.of[WAY_VALUES] = demand->values.of[tail];
        ways.of[WAY_HOUR] = demand->hours[hour].of[tail];
        return ways;
}

float band_tail(const Demand *demand, const Knot *knot, const BandSheet *sheet, const View *view,
                int tail) {
        Ways ways = find_ways(demand, knot, sheet, view, tail);
        float sum = 0, total = 0;

        for (int i = 0; i < _WAY_MAX; i++)
                if (!isnan(ways.of[i])) {
                        sum += sheet->weights[i] * ways.of[i];
                        total += sheet->weights[i];
                }
        if (total <= 0)
                return NAN;
        return sum / total + knot->offset[tail] * knot->scale[BASE_PLACE].value;
}

static void score_ways(Demand *demand, Knot *knot, const Ways *ways, int tail, float value) {
        float rate = half_life_rate(PINBALL_HALF_LIFE * (float)demand->day);

        for (int i = 0; i < _WAY_MAX; i++) {
                float miss = value - MAX(ways->of[i], 0);

                if (!isnan(ways->of[i]))
                        average_add(&knot->pinball[tail][i],
                                    miss * (miss > 0 ? 1 - tail_shares[tail] : -tail_shares[tail]),
                                    rate);
        }
}

/* What was said of this slot was too low, or was not. */
static void learn_offset(Knot *knot, float said, int tail, float value) {
        if (isnan(said))
                return;

        knot->offset[tail] += OFFSET_STEP * ((value > said ? 1 : 0) - tail_shares[tail]);
        knot->offset[tail] = CLAMP(knot->offset[tail], -OFFSET_MAX, OFFSET_MAX);
}

static void learn_base(const Demand *demand, Knot *knot, int b, float miss, unsigned hour) {
        float day = (float)demand->day, *scale = &knot->scale[b].value;
        Average *hourly = &knot->hour_scale[b][hour];

        if (isnan(miss))
                return;

        average_add(&knot->scale[b], fabsf(miss), half_life_rate(SCALE_HALF_LIFE * day));
        average_add(hourly, fabsf(miss), half_life_rate(HOURLY_HALF_LIFE * day / DEMAND_HOURS));
        histogram_add(&knot->flat[b], miss / (*scale + 1e-20f), demand->weight);
        histogram_add(&knot->hourly[b], miss / (hourly->value + 1e-20f), demand->weight);
}

static void learn_place(const Demand *demand, Knot *knot, const View *view, float value) {
        float place = view->bases[BASE_PLACE], miss = value - place;

        if (isnan(miss))
                return;

        histogram_add(&knot->ratio,
                      logf((value + little(knot)) / (place + little(knot))) / RATIO_UNIT,
                      demand->weight);
        if (!isnan(view->origin->swing))
                histogram_add(&knot->swing, miss / swing_unit(knot, view->origin), demand->weight);
}

void band_score(Demand *demand, unsigned k, const BandSheet *sheets, const View *view,
                float value) {
        const Tails *said =
                &demand->issues[demand->issued[k] + slot_modulo(view->slot, demand->ahead[k])];
        Knot *knot = &demand->knots[k];

        for (int t = 0; t < _TAIL_MAX; t++) {
                Ways ways = find_ways(demand, knot, &sheets[t], view, t);

                score_ways(demand, knot, &ways, t, value);
                learn_offset(knot, said->of[t], t, value);
        }
        for (int b = 0; b < _BASE_MAX; b++)
                learn_base(demand, knot, b, value - view->bases[b], slot_hour(demand, view->slot));
        learn_place(demand, knot, view, value);
}
