/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The arithmetic of demand.h: averages and histograms that forget. Private to demand*.c. All in
 * floats, which is what a series keeps of them. */

#include <stdbool.h>

/* Of the first ones the plain average; then the newest counts for `rate`. */
typedef struct Average {
        float value;
        float n; /* how many were added, AVERAGE_N_MAX at most */
} Average;

#define AVERAGE_N_MAX 1e6f

void average_add(Average *average, float value, float rate);
/* The rate at which what is `half_life` steps old counts for half; the same as weight of one step.
 */
float half_life_rate(float half_life);

/* Of numbers around 0, in units of their typical size; fine near 0 and coarse far away. */
#define HISTOGRAM_BUCKETS 64

typedef struct Histogram {
        float total;
        float buckets[HISTOGRAM_BUCKETS];
} Histogram;

void histogram_add(Histogram *histogram, float value, float weight);
void histogram_scale(Histogram *histogram, float factor);
/* The value above which `tail` (0 to 1) of all is. 0 where it is empty. */
float histogram_tail(const Histogram *histogram, float tail);

/* The k-th smallest, from 0; reorders. */
float floats_select(float *values, unsigned n, unsigned k);
float floats_median(float *values, unsigned n); /* NAN of none; reorders */

typedef struct Weighted {
        float value, weight;
} Weighted;

void weighted_sort(Weighted *values, unsigned n);
/* Of sorted ones; `n` > 0. */
float weighted_tail(const Weighted *values, unsigned n, float tail);
