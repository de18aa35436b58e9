/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-away.h"

#include "daemon/slices-parts.h"

static bool has_cores(const Slices *slices, const char *domain_uuid) {
        const SliceEntry *entry = slice_book_find(slices->book, domain_uuid);

        return entry && entry->state != SLICE_PREEMPTED && entry->wish->cores.count > 0;
}

/* Also of one whose guest is yet to come: it does not ask again then. */
static void add_cpus(Slices *slices, const SliceEntry *entry, NumberSet *cpus) {
        if (!entry->wish->cores.exclusive || entry->state == SLICE_PREEMPTED)
                return;

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];
                const Resource *core = resource_map_find(slices_map(slices), grant->resource);
                NumberSet its = { 0 };

                if (!core || core->kind != RESOURCE_CORE)
                        continue;
                (void)number_set_from_text(resource_attribute(core, "cpus") ?: "", &its);
                number_set_add(cpus, &its);
        }
}

void slices_look_at_exclusive(Slices *slices) {
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);
        NumberSet cpus = { 0 };
        GHashTableIter iter;
        void *uuid, *name;

        for (guint i = 0; slices->manager->config->keep_off && i < entries->len; i++)
                add_cpus(slices, entries->pdata[i], &cpus);
        if (!slice_enforcer_set_away(slices->enforcer, &cpus))
                return;

        g_hash_table_iter_init(&iter, slices->manager->active);
        while (g_hash_table_iter_next(&iter, &uuid, &name))
                if (!has_cores(slices, uuid))
                        slice_enforcer_keep_off(slices->enforcer, uuid, name);
}

void slices_away_on_running(Slices *slices, const Domain *domain) {
        const Slice *wish = domain->metadata ? domain->metadata->slice : NULL;

        if (!has_cores(slices, domain->uuid) && (!wish || wish->cores.count == 0))
                slice_enforcer_keep_off(slices->enforcer, domain->uuid, domain->name);
}

void slices_away_on_list(const Slices *slices) {
        const Manager *manager = slices->manager;
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) uuids = store_list_away(manager->store, &error);

        for (guint i = 0; uuids && !error && i < uuids->len; i++)
                if (!g_hash_table_contains(manager->active, uuids->pdata[i]))
                        (void)store_put_away(manager->store, uuids->pdata[i], NULL, &error);
        if (error)
                g_warning("%s", error->message);
}
