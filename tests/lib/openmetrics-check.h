/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A judge of OpenMetrics 1.0 text, stricter than those who read it: all of the
 * rules on text of the specification, and its advice on order where it has one.
 */

#include <glib.h>

/* NULL: nothing is wrong. Else "line N: what"; new. */
char *openmetrics_check(GBytes *page);
/* Of that sample, as it is written: "NAME{LABELS}"; new, NULL when it is not there. */
char *openmetrics_find(GBytes *page, const char *sample);
