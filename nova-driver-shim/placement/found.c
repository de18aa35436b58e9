/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/found.h"

static void forget_part(FoundProvider *provider, FoundPart part) {
        switch (part) {
        case FOUND_INVENTORIES:
                g_clear_pointer(&provider->inventories, g_ptr_array_unref);
                break;
        case FOUND_TRAITS:
                g_clear_pointer(&provider->traits, g_strfreev);
                break;
        case FOUND_CONSUMERS:
                g_clear_pointer(&provider->consumers, g_strfreev);
                break;
        case _FOUND_PART_MAX:
                g_assert_not_reached();
        }
}

static void forget_parts(FoundProvider *provider) {
        for (FoundPart part = 0; part < _FOUND_PART_MAX; part++)
                forget_part(provider, part);
}

static void provider_free(FoundProvider *provider) {
        forget_parts(provider);
        g_hash_table_unref(provider->kept);
        g_free(provider->uuid);
        g_free(provider->name);
        g_free(provider->parent);
        g_free(provider);
}

Found *found_new(const char *root) {
        Found *found = g_new0(Found, 1);

        found->root = g_strdup(root);
        found->providers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                 (GDestroyNotify)provider_free);
        found->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        found->problems = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return found;
}

void found_free(Found *found) {
        if (!found)
                return;

        g_hash_table_unref(found->providers);
        g_hash_table_unref(found->names);
        g_hash_table_unref(found->problems);
        g_free(found->root);
        g_free(found->root_name);
        g_free(found);
}

FoundProvider *found_find(const Found *found, const char *uuid) {
        return g_hash_table_lookup(found->providers, uuid);
}

static FoundProvider *add_provider(GHashTable *providers, const ApiProvider *told) {
        FoundProvider *provider = g_new0(FoundProvider, 1);

        provider->uuid = g_strdup(told->uuid);
        provider->generation = told->generation;
        provider->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(providers, provider->uuid, provider);
        return provider;
}

static void name_it(FoundProvider *provider, const ApiProvider *told) {
        g_free(provider->name);
        provider->name = g_strdup(told->name);
        g_free(provider->parent);
        provider->parent = g_strdup(told->parent);
}

/* What was true at an older generation may not be any more. Whoever used it may have gone, too. */
static void take_generation(FoundProvider *provider, int64_t generation) {
        for (FoundPart part = 0; part < _FOUND_PART_MAX; part++)
                if (provider->generations[part] != generation)
                        forget_part(provider, part);
        if (provider->generation != generation) {
                g_hash_table_remove_all(provider->kept);
                provider->stays = false;
        }
        provider->generation = generation;
}

static void take_one(GHashTable *before, GHashTable *now, const ApiProvider *told) {
        FoundProvider *provider = g_hash_table_lookup(before, told->uuid);

        if (provider) {
                (void)g_hash_table_steal(before, told->uuid);
                g_hash_table_insert(now, provider->uuid, provider);
                take_generation(provider, told->generation);
        } else
                provider = add_provider(now, told);
        name_it(provider, told);
}

bool found_take_tree(Found *found, const GPtrArray *providers) {
        g_autoptr(GHashTable) before = g_steal_pointer(&found->providers);

        found->providers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                 (GDestroyNotify)provider_free);
        g_hash_table_remove_all(found->problems);
        g_clear_pointer(&found->root_name, g_free);
        for (guint i = 0; i < providers->len; i++) {
                const ApiProvider *told = providers->pdata[i];

                if (g_str_equal(told->uuid, found->root))
                        found->root_name = g_strdup(told->name);
                else
                        take_one(before, found->providers, told);
        }
        found->known = found->root_name;
        return found->known;
}

/* Placement has taken a write, so nothing else had changed until then. */
static void write_at(FoundProvider *provider, int64_t generation) {
        for (FoundPart part = 0; part < _FOUND_PART_MAX; part++)
                if (provider->generations[part] == provider->generation)
                        provider->generations[part] = generation;
        provider->generation = generation;
}

void found_take_provider(Found *found, const ApiProvider *told) {
        FoundProvider *provider = found_find(found, told->uuid);

        if (!provider) {
                provider = add_provider(found->providers, told);
                provider->inventories = g_ptr_array_new_with_free_func(
                        (GDestroyNotify)api_inventory_free);
                provider->traits = g_new0(char *, 1);
                provider->consumers = g_new0(char *, 1);
        }
        write_at(provider, told->generation);
        name_it(provider, told);
}

static ApiInventory *copy_inventory(const ApiInventory *inventory) {
        ApiInventory *copy = api_inventory_new(inventory->class_name, inventory->total,
                                               inventory->reserved);

        copy->min_unit = inventory->min_unit;
        copy->max_unit = inventory->max_unit;
        copy->step_size = inventory->step_size;
        copy->allocation_ratio = inventory->allocation_ratio;
        return copy;
}

static FoundProvider *take_part(Found *found, const char *uuid, FoundPart part,
                                const ApiAnswer *answer, bool written) {
        FoundProvider *provider = found_find(found, uuid);

        if (!provider)
                return NULL;

        if (written)
                write_at(provider, answer->generation);
        forget_part(provider, part);
        provider->generation = answer->generation;
        provider->generations[part] = answer->generation;
        return provider;
}

void found_take_inventories(Found *found, const char *uuid, const ApiAnswer *answer, bool written) {
        FoundProvider *provider = take_part(found, uuid, FOUND_INVENTORIES, answer, written);

        if (!provider)
                return;

        provider->inventories = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);
        for (guint i = 0; i < answer->inventories->len; i++)
                g_ptr_array_add(provider->inventories,
                                copy_inventory(answer->inventories->pdata[i]));
}

void found_take_traits(Found *found, const char *uuid, const ApiAnswer *answer, bool written) {
        FoundProvider *provider = take_part(found, uuid, FOUND_TRAITS, answer, written);

        if (provider)
                provider->traits = g_strdupv(answer->names);
}

void found_take_consumers(Found *found, const char *uuid, const ApiAnswer *answer) {
        FoundProvider *provider = take_part(found, uuid, FOUND_CONSUMERS, answer, false);

        if (provider)
                provider->consumers = g_strdupv(answer->names);
}

void found_take_name(Found *found, const char *name) {
        g_hash_table_add(found->names, g_strdup(name));
}

void found_take_deleted(Found *found, const char *uuid) {
        g_hash_table_remove(found->providers, uuid);
}

void found_doubt(Found *found, const char *uuid) {
        FoundProvider *provider = found_find(found, uuid);

        if (provider)
                forget_parts(provider);
}

void found_doubt_consumers(Found *found, const char *uuid) {
        FoundProvider *provider = found_find(found, uuid);

        if (provider)
                g_clear_pointer(&provider->consumers, g_strfreev);
}

void found_doubt_in_use(Found *found) {
        FoundProvider *provider;
        GHashTableIter iter;

        g_hash_table_iter_init(&iter, found->providers);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&provider)) {
                if (!provider->stays && g_hash_table_size(provider->kept) == 0)
                        continue;

                provider->stays = false;
                g_hash_table_remove_all(provider->kept);
                found->known = false;
        }
}

void found_doubt_all(Found *found) {
        found->known = false;
        g_hash_table_remove_all(found->names);
        g_hash_table_remove_all(found->providers);
}

void found_stays(Found *found, const char *uuid) {
        FoundProvider *provider = found_find(found, uuid);

        if (provider)
                provider->stays = true;
}

void found_keeps(Found *found, const char *uuid, const char *class_name) {
        FoundProvider *provider = found_find(found, uuid);

        if (provider)
                g_hash_table_add(provider->kept, g_strdup(class_name));
}

void found_problem(Found *found, const char *uuid, char *problem) {
        g_hash_table_insert(found->problems, g_strdup(uuid), problem);
}
