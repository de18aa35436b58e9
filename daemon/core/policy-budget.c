/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy-budget.h"

#include <math.h>

#define DAY_SEC     86400
#define JUMP_SEC    (2 * 3600) /* is no time that has passed */

#define THETA_START 0.2
#define THETA_MIN   0.05
#define THETA_MAX   20.0

/* Theta changes e-fold when a day brings this much more or less than its moves. */
#define DAYS_TO_FOLLOW 0.7
/* Of its moves a day gets so many by itself; the rest is for when much happens at once. */
#define AIM 0.96

void budget_init(Budget *budget, unsigned moves) {
        *budget = (Budget){
                .theta = THETA_START,
                .moves = moves,
                .now = INT64_MIN,
                .made = g_array_new(FALSE, FALSE, sizeof(int64_t)),
        };
}

void budget_done(Budget *budget) {
        g_array_unref(budget->made);
}

void budget_set_theta(Budget *budget, double theta) {
        budget->theta = CLAMP(theta, THETA_MIN, THETA_MAX);
}

static void scale_theta(Budget *budget, double days) {
        budget_set_theta(budget, budget->theta * exp(days / DAYS_TO_FOLLOW));
}

static void forget_before(Budget *budget, int64_t time) {
        guint n = 0;

        while (n < budget->made->len && g_array_index(budget->made, int64_t, n) <= time)
                n++;
        g_array_remove_range(budget->made, 0, n);
}

/* Moves keep their age: a jump would make many of them old, or none ever. */
static void shift(Budget *budget, int64_t by) {
        for (guint i = 0; i < budget->made->len; i++)
                g_array_index(budget->made, int64_t, i) += by;
}

int64_t budget_pass(Budget *budget, int64_t now) {
        bool first = budget->now == INT64_MIN; /* what is remembered is as of time 0 */
        int64_t passed = first ? now : now - budget->now;
        bool jump = first || passed < 0 || passed > JUMP_SEC;

        budget->now = now;
        if (jump)
                shift(budget, passed);
        else
                scale_theta(budget, -AIM * (double)passed / DAY_SEC);
        forget_before(budget, now - DAY_SEC);
        return jump ? passed : 0;
}

unsigned budget_left(const Budget *budget) {
        return budget->made->len < budget->moves ? budget->moves - budget->made->len : 0;
}

void budget_spend(Budget *budget) {
        g_array_append_val(budget->made, budget->now);
        scale_theta(budget, 1.0 / budget->moves);
}

void budget_remember(Budget *budget, int64_t age) {
        int64_t made = -age;

        if (age < DAY_SEC)
                g_array_append_val(budget->made, made);
}
