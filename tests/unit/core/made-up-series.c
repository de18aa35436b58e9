/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/made-up-series.h"

#include <math.h>

double made_up_chance(uint32_t seed, unsigned i) {
        uint64_t x = ((uint64_t)seed << 32 | i) + UINT64_C(0x9e3779b97f4a7c15);

        /* splitmix64, by Steele, Lea and Flood */
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        x ^= x >> 31;
        return (double)(x >> 11) / (double)(UINT64_C(1) << 53);
}

/* Nearly normal: the sum of twelve. */
static double made_up_noise(uint32_t seed, unsigned i) {
        double sum = -6;

        for (unsigned j = 0; j < 12; j++)
                sum += made_up_chance(seed, i * 12 + j);
        return sum;
}

double made_up_series_truth(const MadeUpSeries *series, unsigned i) {
        double wave = sin(2 * G_PI * (i % MADE_UP_DAY) / MADE_UP_DAY);
        unsigned weekday = i / MADE_UP_DAY % 7;

        return series->level + series->daily * wave - (weekday >= 5 ? series->weekly : 0);
}

double made_up_series_value(const MadeUpSeries *series, unsigned i) {
        return MAX(made_up_series_truth(series, i) + series->noise * made_up_noise(series->seed, i),
                   0);
}
