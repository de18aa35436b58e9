/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-math.h"

#include <math.h>
#include <stdlib.h>

#define PAIRS_MIN 3 /* two could be one wild point twice */

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

double points_slope(const Point *points, unsigned n, double apart, double otherwise) {
        Numbers slopes = { .n = 0 };

        for (unsigned i = 0; i < n; i++)
                for (unsigned j = i + 1; j < n; j++) {
                        double dx = points[j].x - points[i].x;

                        if (fabs(dx) >= apart)
                                numbers_add(&slopes, (points[j].y - points[i].y) / dx);
                }

        return slopes.n < PAIRS_MIN ? otherwise : numbers_median(&slopes, otherwise);
}
