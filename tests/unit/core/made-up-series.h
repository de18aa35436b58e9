/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Demand as it might be, the same for every run. */

#include <glib.h>
#include <stdint.h>

#define MADE_UP_BEGIN INT64_C(1767571200) /* a Monday, 00:00 UTC */
#define MADE_UP_STEP  300
#define MADE_UP_DAY   288 /* steps */

typedef struct MadeUpSeries {
        double level;
        double daily;  /* above and below it, as a wave of a day */
        double weekly; /* less on two days of the week */
        double noise;  /* standard deviation of what is beside that */
        uint32_t seed;
} MadeUpSeries;

/* In step `i` from MADE_UP_BEGIN; never negative. */
double made_up_series_value(const MadeUpSeries *series, unsigned i);
/* The same without its noise. */
double made_up_series_truth(const MadeUpSeries *series, unsigned i);
/* From 0 to 1, of any two numbers; the same for the same. */
double made_up_chance(uint32_t seed, unsigned i);
