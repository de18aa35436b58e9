/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many guests are moved in a day, and how much a move has to bring for that. Private to
 * policy.c. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Budget {
        double theta;   /* hours of an average seat that a move has to bring */
        unsigned moves; /* in any 24 hours, at most */
        int64_t now;    /* seconds; INT64_MIN: nothing is known yet */
        GArray *made;   /* int64_t: those of the last 24 hours */
} Budget;

void budget_init(Budget *budget, unsigned moves);
void budget_done(Budget *budget);
/* Time goes on: theta falls, and old moves are forgotten. Returns by how much the clock has jumped,
 * which is no time that has passed. */
int64_t budget_pass(Budget *budget, int64_t now);
void budget_set_theta(Budget *budget, double theta);
unsigned budget_left(const Budget *budget);
void budget_spend(Budget *budget); /* theta rises */
/* One of so many seconds before the first budget_pass(); before that, oldest first. */
void budget_remember(Budget *budget, int64_t age);
