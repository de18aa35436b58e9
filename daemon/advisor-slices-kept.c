/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slices-kept.h"

#include "daemon/core/store-policy.h"

/* What is of a later time than now was made when the clock was wrong: it counts as made now, and so
 * does what came after it. */
void slices_recall(const Manager *manager, PolicySlice *policy, const GPtrArray *kept,
                   int64_t monotonic) {
        int64_t now = manager->now(), time = monotonic / G_USEC_PER_SEC, age = INT64_MAX;

        for (guint i = 0; i < kept->len; i++) {
                const SlicePartChange *change = kept->pdata[i];
                int64_t filled = MAX(now - change->filled, 0) / G_USEC_PER_SEC;

                age = CLAMP((now - change->made) / G_USEC_PER_SEC, 0, age);
                policy_slice_remember(policy, time,
                                      &(PolicySliceChanged){
                                              .id = change->part,
                                              .made = time - age,
                                              .has = change->has,
                                              .full = change->filled > 0,
                                              .filled = time - filled,
                                              .peak = change->peak,
                                      });
        }
}

static void keep(const Manager *manager, const PolicySliceChanged *changed, int64_t time) {
        int64_t now = manager->now();
        const SlicePartChange change = {
                .made = now,
                .part = (char *)changed->id,
                .has = changed->has,
                .filled = changed->full ? now - (time - changed->filled) * G_USEC_PER_SEC : 0,
                .peak = changed->peak,
        };
        g_autoptr(GError) error = NULL;

        if (!store_put_slice_change(manager->store, &change, &error))
                g_warning("That %s was changed is not kept: %s, ignoring", changed->id,
                          error->message);
}

void slices_keep_changes(const Manager *manager, const PolicySlice *policy, int64_t monotonic) {
        const GArray *changed = policy_slice_changed(policy);

        for (guint i = 0; i < changed->len; i++)
                keep(manager, &g_array_index(changed, PolicySliceChanged, i),
                     monotonic / G_USEC_PER_SEC);
}
