/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-math.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#define REACH \
        5.0f /* of a histogram, as asinh: 74 typical sizes; the last bucket has what is beyond */

void average_add(Average *average, float value, float rate) {
        average->n = MIN(average->n + 1, AVERAGE_N_MAX);
        average->value += (value - average->value) * MAX(rate, 1 / average->n);
}

float half_life_rate(float half_life) {
        return 1 - exp2f(-1 / half_life);
}

static unsigned bucket_of(float value) {
        float position = (asinhf(value) + REACH) * (HISTOGRAM_BUCKETS / (2 * REACH));

        return position > 0 ? (unsigned)MIN(position, HISTOGRAM_BUCKETS - 1) : 0;
}

void histogram_add(Histogram *histogram, float value, float weight) {
        histogram->buckets[bucket_of(value)] += weight;
        histogram->total += weight;
}

void histogram_scale(Histogram *histogram, float factor) {
        histogram->total *= factor;
        for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
                histogram->buckets[i] *= factor;
}

float histogram_tail(const Histogram *histogram, float tail) {
        float above = histogram->total * tail;

        for (unsigned i = HISTOGRAM_BUCKETS; i-- > 0;) {
                float here = histogram->buckets[i];

                if (here > 0 && here >= above)
                        return sinhf(((float)i + 1 - above / here) *
                                             (2 * REACH / HISTOGRAM_BUCKETS) -
                                     REACH);
                above -= here;
        }
        return 0;
}

/* Hoare's selection, with the median of three as pivot. */
float floats_select(float *values, unsigned n, unsigned k) {
        int left = 0, right = (int)n - 1;

        while (left < right) {
                float a = values[left], b = values[(left + right) / 2], c = values[right];
                float pivot = MAX(MIN(a, b), MIN(MAX(a, b), c));
                int i = left, j = right;

                while (i <= j) {
                        while (values[i] < pivot)
                                i++;
                        while (values[j] > pivot)
                                j--;
                        if (i <= j) {
                                float swap = values[i];

                                values[i++] = values[j];
                                values[j--] = swap;
                        }
                }
                if ((int)k <= j)
                        right = j;
                else if ((int)k >= i)
                        left = i;
                else
                        break;
        }
        return values[k];
}

float floats_median(float *values, unsigned n) {
        return n > 0 ? floats_select(values, n, n / 2) : NAN;
}

static int compare_weighted(const void *a, const void *b) {
        float x = ((const Weighted *)a)->value, y = ((const Weighted *)b)->value;

        return (x > y) - (x < y);
}

void weighted_sort(Weighted *values, unsigned n) {
        qsort(values, n, sizeof(*values), compare_weighted);
}

float weighted_tail(const Weighted *values, unsigned n, float tail) {
        float total = 0, above = 0;

        for (unsigned i = 0; i < n; i++)
                total += values[i].weight;
        for (unsigned i = n; i-- > 0;) {
                above += values[i].weight;
                if (above > total * tail)
                        return values[i].value;
        }
        return values[0].value;
}
