/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-seats-kept.h"

#include <math.h>

#include "daemon/core/store-policy.h"

#define CLEARLY 1.05 /* times: it falls so far in an hour */

/* What is of a later time than now was made when the clock was wrong: it counts as made now, and so
 * does what came after it. */
static void recall_moves(const Manager *manager, Policy *policy, const GPtrArray *moves) {
        int64_t now = manager->now(), age = INT64_MAX;

        for (guint i = 0; i < moves->len; i++) {
                const PolicyMove *move = moves->pdata[i];

                age = CLAMP((now - move->made) / G_USEC_PER_SEC, 0, age);
                policy_remember(policy, age, move->came, move->gave);
        }
}

bool seats_recall(const Manager *manager, Policy *policy, double *ret_theta, GError **error) {
        g_autoptr(GPtrArray) moves = store_load_policy_moves(manager->store, error);
        double theta;

        if (!moves || !store_load_theta(manager->store, &theta, error))
                return false;

        recall_moves(manager, policy, moves);
        if (!isnan(theta))
                policy_remember_theta(policy, theta);
        *ret_theta = isnan(theta) ? 0 : theta;
        return true;
}

void seats_keep_move(const Manager *manager, const Advice *advice) {
        const PolicyMove move = { manager->now(), advice->in.id, advice->out.id };
        g_autoptr(GError) error = NULL;

        if (!store_put_policy_move(manager->store, &move, &error))
                g_warning("That %s was exchanged is not kept: %s, ignoring", advice->seat,
                          error->message);
}

void seats_keep_theta(const Manager *manager, const Policy *policy, double *theta) {
        double now = policy_theta(policy);
        g_autoptr(GError) error = NULL;

        if (now < CLEARLY * *theta && now * CLEARLY > *theta)
                return;
        if (store_put_theta(manager->store, now, &error))
                *theta = now;
        else
                g_warning("What an exchange has to bring is not kept: %s, ignoring",
                          error->message);
}
