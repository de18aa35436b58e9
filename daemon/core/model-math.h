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
} Point;

/* Theil and Sen: the median of the slopes between all pairs of points that are `apart` on x or
 * more. `otherwise` where there are fewer than three such pairs. */
double points_slope(const Point *points, unsigned n, double apart, double otherwise);
