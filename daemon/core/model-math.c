/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-math.h"

#include <math.h>
#include <stdlib.h>

#define WITNESSES_MIN 3 /* the fewest of which one wild is outvoted */

void numbers_add(Numbers *numbers, double value) {
        if (isfinite(value) && numbers->n < NUMBERS_MAX)
                numbers->values[numbers->n++] = value;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double numbers_median(Numbers *numbers, double otherwise) {
        unsigned half = numbers->n / 2;

        if (numbers->n == 0)
                return otherwise;

        qsort(numbers->values, numbers->n, sizeof(double), compare);
        if (numbers->n % 2 == 1)
                return numbers->values[half];
        return numbers->values[half - 1] / 2 + numbers->values[half] / 2;
}

/* NAN where so few points are apart that one wild among them would be believed. */
static double slope_from(const Point *points, unsigned n, const Point *from, double apart) {
        Numbers slopes = { .n = 0 };

        for (unsigned i = 0; i < n; i++) {
                double dx = points[i].x - from->x;

                if (points[i].group == from->group && fabs(dx) >= apart)
                        numbers_add(&slopes, (points[i].y - from->y) / dx);
        }
        return slopes.n < WITNESSES_MIN ? NAN : numbers_median(&slopes, NAN);
}

double points_slope(const Point *points, unsigned n, double apart, double otherwise) {
        Numbers slopes = { .n = 0 };

        for (unsigned i = 0; i < n; i++)
                numbers_add(&slopes, slope_from(points, n, &points[i], apart));

        return slopes.n < WITNESSES_MIN ? otherwise : numbers_median(&slopes, otherwise);
}
