/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-parts.h"

#define PROFILE_NARROW 10 /* minutes beside a time of the day that are taken for it */
#define PROFILE_WIDE   30
#define HOUR_DAYS      14
#define HOUR_HALF_LIFE 5.0f /* days */
#define VALUES_DAYS    3

unsigned slot_hour(const Demand *demand, int64_t slot) {
        return (unsigned)(slot_modulo(slot, demand->day) * DEMAND_HOURS / demand->day);
}

float past_at(const Demand *demand, int64_t slot) {
        unsigned n = DEMAND_DAYS * demand->day;

        if (slot >= demand->next || slot < demand->next - n)
                return NAN;
        return demand->samples[slot_modulo(slot, n)];
}

/* Adds those known of the slots from `slot` - `beside` to `slot` + `beside`. */
static unsigned collect(const Demand *demand, int64_t slot, int beside, float *values, unsigned n) {
        for (int64_t i = slot - beside; i <= slot + beside; i++) {
                float value = past_at(demand, i);

                if (!isnan(value))
                        values[n++] = value;
        }
        return n;
}

float past_median(const Demand *demand, unsigned n) {
        float values[86400 / DEMAND_STEP_MIN];
        unsigned known = 0;

        for (unsigned i = 1; i <= n; i++) {
                float value = past_at(demand, demand->next - i);

                if (!isnan(value))
                        values[known++] = value;
        }
        return floats_median(values, known);
}

float past_yesterday(const Demand *demand, int64_t slot) {
        float values[3], sum = 0;
        unsigned n = collect(demand, slot - demand->day, 1, values, 0);

        for (unsigned i = 0; i < n; i++)
                sum += values[i];
        return n > 0 ? sum / (float)n : NAN;
}

/* Median of the slots `period` before, twice that, and so on, `n` times, and those beside them. */
static float profile(const Demand *demand, int64_t slot, unsigned period, unsigned n, int beside) {
        float values[256];
        unsigned known = 0;

        for (unsigned i = 1; i <= n; i++)
                known = collect(demand, slot - (int64_t)period * i, beside, values, known);
        return floats_median(values, known);
}

static int slots_of(const Demand *demand, unsigned minutes) {
        return (int)(demand->day * minutes / 1440);
}

static Profile profile_of(const Demand *demand, int64_t slot) {
        int narrow = slots_of(demand, PROFILE_NARROW), wide = slots_of(demand, PROFILE_WIDE);

        return (Profile){
                .week = profile(demand, slot, demand->day, DEMAND_WEEK, narrow),
                .days = profile(demand, slot, demand->day, 3, wide),
                .weekly = profile(demand, slot, demand->day * DEMAND_WEEK,
                                  DEMAND_DAYS / DEMAND_WEEK, narrow),
        };
}

static Tails tails_of(Weighted *values, unsigned n) {
        if (n < DEMAND_EVIDENCE)
                return (Tails){ .of = { NAN, NAN } };

        weighted_sort(values, n);
        return (Tails){
                .of = { [TAIL_95] = weighted_tail(values, n, tail_shares[TAIL_95]),
                        [TAIL_99] = weighted_tail(values, n, tail_shares[TAIL_99]) },
        };
}

static Tails values_of_late(const Demand *demand) {
        unsigned max = VALUES_DAYS * demand->day, n = 0;
        g_autofree Weighted *values = g_new(Weighted, max);
        float fade = 1 - half_life_rate((float)demand->day), weight = 1;

        for (unsigned i = 1; i <= max; i++, weight *= fade) {
                float value = past_at(demand, demand->next - i);

                if (!isnan(value))
                        values[n++] = (Weighted){ value, weight };
        }
        return tails_of(values, n);
}

static Tails values_at_hour(const Demand *demand, unsigned hour) {
        unsigned width = demand->day / DEMAND_HOURS, n = 0;
        g_autofree Weighted *values = g_new(Weighted, HOUR_DAYS * 3 * width);
        int64_t today = demand->next - slot_modulo(demand->next, demand->day);

        if (slot_modulo(demand->next, demand->day) < (hour + 2) * width)
                today -= demand->day;
        for (int i = 0; i < HOUR_DAYS; i++) {
                int64_t begin = today - (int64_t)demand->day * i + ((int)hour - 1) * (int)width;

                for (int64_t slot = begin; slot < begin + 3 * width; slot++) {
                        float value = past_at(demand, slot);

                        if (!isnan(value))
                                values[n++] = (Weighted){ value,
                                                          exp2f(-(float)i / HOUR_HALF_LIFE) };
                }
        }
        return tails_of(values, n);
}

/* A slot has its profile a day ahead, and once more when those beside that of yesterday are known.
 */
static void learn_profiles(Demand *demand) {
        unsigned day = demand->day;
        int64_t far = demand->next - 1 + day, near = far - slots_of(demand, PROFILE_WIDE);

        demand->profiles[slot_modulo(far, day)] = profile_of(demand, far);
        demand->profiles[slot_modulo(near, day)] = profile_of(demand, near);
}

void past_learn(Demand *demand, float value) {
        unsigned width = demand->day / DEMAND_HOURS, in_hour;

        demand->samples[slot_modulo(demand->next, DEMAND_DAYS * demand->day)] = value;
        demand->next++;
        learn_profiles(demand);

        in_hour = slot_modulo(demand->next, width);
        if (in_hour == 0) { /* the one before the hour that has ended, for tomorrow */
                unsigned hour = slot_hour(demand, demand->next - width - 1);

                demand->hours[hour] = values_at_hour(demand, hour);
        }
        if (in_hour == width / 2)
                demand->values = values_of_late(demand);
}
