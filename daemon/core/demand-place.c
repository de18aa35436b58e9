/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-parts.h"

/* Days until a score counts for half; that of a near one is known sooner. */
#define NEAR_HALF_LIFE 0.5f
#define FAR_HALF_LIFE  1.2f
#define BIAS_HALF_LIFE 3.0f

/* Taylor's double seasonal exponential smoothing: level, day, week, autocorrelation. */
#define SEASON_LEVEL 0.05f
#define SEASON_DAY   0.15f
#define SEASON_WEEK  0.10f
#define SEASON_MISS  0.7f

Opinions place_opinions(const Demand *demand, const Origin *origin, int64_t slot, unsigned ahead) {
        const Profile *profile = &demand->profiles[slot_modulo(slot, demand->day)];
        Opinions opinions = {
                .of = {
                        [EXPERT_FAST] = origin->fast,
                        [EXPERT_HOURS] = origin->hours,
                        [EXPERT_DAY] = origin->day,
                        [EXPERT_PROFILE] = profile->week,
                        [EXPERT_NARROW] = profile->days,
                        [EXPERT_WEEKLY] = profile->weekly,
                        [EXPERT_YESTERDAY] = past_yesterday(demand, slot),
                        [EXPERT_RECENT] = profile->week + origin->beside,
                        [EXPERT_SEASON] =
                                origin->level + demand->day_season[slot_modulo(slot, demand->day)] +
                                demand->week_season[slot_modulo(slot, DEMAND_WEEK * demand->day)] +
                                powf(SEASON_MISS, (float)ahead) * origin->miss,
                },
        };

        for (int i = 0; i < _EXPERT_MAX; i++)
                if (opinions.of[i] < 0)
                        opinions.of[i] = 0;
        return opinions;
}

void losses_weigh(const Average *losses, unsigned n, int power, float *ret_weights) {
        float best = INFINITY, worst = 0;

        for (unsigned i = 0; i < n; i++)
                if (losses[i].n >= DEMAND_EVIDENCE) {
                        best = MIN(best, losses[i].value);
                        worst = MAX(worst, losses[i].value);
                }

        for (unsigned i = 0; i < n; i++) {
                float little = 1e-4f * worst + 1e-30f; /* 0 is as good as nearly 0 */
                float ratio = (best + little) / (losses[i].value + little);

                /* the worst is still something, where no better one is known */
                ret_weights[i] = losses[i].n < DEMAND_EVIDENCE
                                         ? 0
                                         : MAX(powf(ratio, (float)power), 1e-30f);
        }
}

void place_sheet(const Knot *knot, PlaceSheet *ret_sheet) {
        losses_weigh(knot->loss, _EXPERT_MAX, 20, ret_sheet->place);
        losses_weigh(knot->square, _EXPERT_MAX, 10, ret_sheet->mean); /* of squares */
}

float place_value(const PlaceSheet *sheet, const Opinions *opinions) {
        float sum = 0, total = 0;

        for (int i = 0; i < _EXPERT_MAX; i++)
                if (!isnan(opinions->of[i])) {
                        sum += sheet->place[i] * opinions->of[i];
                        total += sheet->place[i];
                }
        return total > 0 ? sum / total : opinions->of[EXPERT_FAST];
}

float place_mean(const PlaceSheet *sheet, const Knot *knot, const Opinions *opinions) {
        float sum = 0, total = 0;

        for (int i = 0; i < _EXPERT_MAX; i++)
                if (!isnan(opinions->of[i])) {
                        sum += sheet->mean[i] * (opinions->of[i] + knot->bias[i].value);
                        total += sheet->mean[i];
                }
        return total > 0 ? MAX(sum / total, 0) : opinions->of[EXPERT_FAST];
}

void place_score(Demand *demand, unsigned k, const Opinions *opinions, float value) {
        bool near = demand->ahead[k] <= demand->day / 8;
        float loss_rate = half_life_rate((near ? NEAR_HALF_LIFE : FAR_HALF_LIFE) *
                                         (float)demand->day);
        float bias_rate = half_life_rate(BIAS_HALF_LIFE * (float)demand->day);

        for (int i = 0; i < _EXPERT_MAX; i++) {
                Knot *knot = &demand->knots[k];
                float miss = value - opinions->of[i], beside = miss - knot->bias[i].value;

                if (isnan(miss))
                        continue;
                average_add(&knot->loss[i], fabsf(miss), loss_rate);
                average_add(&knot->square[i], beside * beside, loss_rate);
                average_add(&knot->bias[i], miss, bias_rate);
        }
}

static void learn_season(Demand *demand, float value) {
        float *day = &demand->day_season[slot_modulo(demand->next, demand->day)];
        float *week = &demand->week_season[slot_modulo(demand->next, DEMAND_WEEK * demand->day)];
        Origin *now = &demand->now;
        float early = 1 / (float)(1 + demand->n_known);
        float days = 1 / (2 + (float)(demand->n_known / demand->day));

        if (isnan(now->level))
                now->level = value;
        now->miss = value - now->level - *day - *week;
        now->level += MAX(SEASON_LEVEL, early) * (value - *day - *week - now->level);
        *day += MAX(SEASON_DAY, days) * (value - now->level - *week - *day);
        *week += SEASON_WEEK * (value - now->level - *day - *week);
}

static float smooth(float old, float value, float rate) {
        return isnan(old) ? value : old + rate * (value - old);
}

void place_learn(Demand *demand, float value) {
        Origin *now = &demand->now;
        const Profile *profile = &demand->profiles[slot_modulo(demand->next, demand->day)];
        float half_hour = 1 - expf(-(float)demand->step / 1800);
        float hour = half_life_rate(3600 / (float)demand->step);

        if (!isnan(now->fast))
                now->swing = smooth(now->swing, fabsf(value - now->fast), hour);
        now->fast = smooth(now->fast, value, half_hour);
        if (!isnan(profile->week))
                now->beside = smooth(now->beside, value - profile->week, half_hour);
        learn_season(demand, value);
}
