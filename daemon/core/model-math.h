/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Statistics that one wild value among several does not move. */

#include <glib.h>

/* At most as many values as a median of the model is ever taken of. */
#define NUMBERS_MAX 512

typedef struct Numbers {
        double values[NUMBERS_MAX];
        unsigned n;
} Numbers;

/* What is not finite, or beyond NUMBERS_MAX, is left out. */
void numbers_add(Numbers *numbers, double value);
/* Sorts them. `otherwise` when there are none. */
double numbers_median(Numbers *numbers, double otherwise);

typedef struct Point {
        double x, y;
        double group; /* only points of one are compared */
} Point;

/* Siegel's repeated median: of each point the median of the slopes to all that are `apart` from it
 * on x or more; of these the median. `otherwise` where too few are apart. `apart` > 0. */
double points_slope(const Point *points, unsigned n, double apart, double otherwise);
