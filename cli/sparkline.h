/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A row of numbers as bars of one character each: from 0, or the least one when that is negative,
 * to the greatest. NAN is a gap, and a blank. */

#include <glib.h>

char *sparkline(const double *values, guint n); /* new */
/* The same with bars of which the highest would be `most`, or more. */
char *sparkline_to(const double *values, guint n, double most);
