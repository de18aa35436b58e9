/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/step.h"

#include "nova-driver-shim/placement/names.h"

static Step *step_new(StepKind kind, const char *uuid, const char *name) {
        Step *step = g_new0(Step, 1);

        step->kind = kind;
        step->uuid = g_strdup(uuid);
        step->name = g_strdup(name);
        return step;
}

void step_free(Step *step) {
        if (!step)
                return;

        g_free(step->uuid);
        g_free(step->name);
        g_clear_pointer(&step->inventories, g_ptr_array_unref);
        g_strfreev(step->traits);
        g_free(step);
}

bool step_is_write(const Step *step) {
        return step->kind >= STEP_CLASS;
}

/* Inventories --------------------------------------------------------------------- */

static const ApiInventory *find_inventory(const GPtrArray *inventories, const char *class_name) {
        for (guint i = 0; i < inventories->len; i++) {
                const ApiInventory *inventory = inventories->pdata[i];

                if (g_str_equal(inventory->class_name, class_name))
                        return inventory;
        }
        return NULL;
}

static void add_inventory(GPtrArray *inventories, const char *class_name, uint64_t total,
                          uint64_t reserved) {
        ApiInventory *inventory = api_inventory_new(class_name, total, reserved);

        inventory->min_unit = inventory->step_size = 1;
        inventory->max_unit = total;
        inventory->allocation_ratio = 1;
        g_ptr_array_add(inventories, inventory);
}

/* As it is: an operator's own. */
static void add_same(GPtrArray *inventories, const ApiInventory *same) {
        ApiInventory *inventory = api_inventory_new(same->class_name, same->total, same->reserved);

        inventory->min_unit = same->min_unit;
        inventory->max_unit = same->max_unit;
        inventory->step_size = same->step_size;
        inventory->allocation_ratio = same->allocation_ratio;
        g_ptr_array_add(inventories, inventory);
}

/* Of classes that are ours, only those that are in use: all of them, or those that are kept. */
static void add_found(GPtrArray *inventories, const FoundProvider *found, bool all) {
        for (guint i = 0; i < found->inventories->len; i++) {
                const ApiInventory *there = found->inventories->pdata[i];

                if (find_inventory(inventories, there->class_name))
                        continue;
                if (!g_str_has_prefix(there->class_name, NAMES_CLASS_PREFIX))
                        add_same(inventories, there);
                else if (all || g_hash_table_contains(found->kept, there->class_name))
                        add_inventory(inventories, there->class_name, there->total, there->total);
        }
}

static GPtrArray *wanted_inventories(const Tree *tree, const TreeProvider *wanted,
                                     const FoundProvider *found) {
        GPtrArray *inventories = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);

        for (HostResource i = 0; i < _HOST_RESOURCE_MAX; i++)
                if (wanted->amounts[i].total > 0)
                        add_inventory(inventories, names_classes[i], wanted->amounts[i].total,
                                      tree_reserved(tree, wanted, i,
                                                    (const char *const *)found->consumers));
        add_found(inventories, found, false);
        return inventories;
}

static GPtrArray *all_reserved(const FoundProvider *found) {
        GPtrArray *inventories = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);

        add_found(inventories, found, true);
        return inventories;
}

static bool inventory_is_same(const ApiInventory *a, const ApiInventory *b) {
        return b && a->total == b->total && a->reserved == b->reserved &&
               a->min_unit == b->min_unit && a->max_unit == b->max_unit &&
               a->step_size == b->step_size &&
               ABS(a->allocation_ratio - b->allocation_ratio) < 0.001;
}

static bool inventories_are_same(const GPtrArray *wanted, const GPtrArray *found) {
        if (wanted->len != found->len)
                return false;

        for (guint i = 0; i < wanted->len; i++) {
                const ApiInventory *inventory = wanted->pdata[i];

                if (!inventory_is_same(inventory, find_inventory(found, inventory->class_name)))
                        return false;
        }
        return true;
}

/* NULL: they are so already. Takes the inventories. */
static Step *write_inventories(const FoundProvider *found, GPtrArray *inventories) {
        Step *step;

        if (inventories_are_same(inventories, found->inventories)) {
                g_ptr_array_unref(inventories);
                return NULL;
        }

        step = step_new(STEP_INVENTORIES, found->uuid, NULL);
        step->inventories = inventories;
        step->generation = found->generations[FOUND_INVENTORIES];
        return step;
}

char **step_dropped(const Step *step, const Found *found) {
        const FoundProvider *provider = found_find(found, step->uuid);
        g_autoptr(GStrvBuilder) dropped = g_strv_builder_new();

        for (guint i = 0; provider && provider->inventories && i < provider->inventories->len;
             i++) {
                const ApiInventory *there = provider->inventories->pdata[i];

                if (!find_inventory(step->inventories, there->class_name))
                        g_strv_builder_add(dropped, there->class_name);
        }
        return g_strv_builder_end(dropped);
}

/* Traits -------------------------------------------------------------------------- */

static bool traits_are_same(char **wanted, char **found) {
        if (g_strv_length(wanted) != g_strv_length(found))
                return false;

        for (; *wanted; wanted++)
                if (!g_strv_contains((const char *const *)found, *wanted))
                        return false;
        return true;
}

/* NULL: they are so already. */
static Step *write_traits(const TreeProvider *wanted, const FoundProvider *found) {
        g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
        g_auto(GStrv) traits = NULL;
        Step *step;

        for (guint i = 0; i < wanted->traits->len; i++)
                g_strv_builder_add(builder, wanted->traits->pdata[i]);
        for (char **there = found->traits; *there; there++)
                if (!g_str_has_prefix(*there, NAMES_CLASS_PREFIX))
                        g_strv_builder_add(builder, *there);
        traits = g_strv_builder_end(builder);
        if (traits_are_same(traits, found->traits))
                return NULL;

        step = step_new(STEP_TRAITS, found->uuid, NULL);
        step->traits = g_steal_pointer(&traits);
        step->generation = found->generations[FOUND_TRAITS];
        return step;
}

bool step_has_held(const Step *step, const Found *found) {
        const FoundProvider *there = step->uuid ? found_find(found, step->uuid) : NULL;

        if (step->kind == STEP_INVENTORIES)
                return !there || inventories_are_same(step->inventories, there->inventories);
        if (step->kind == STEP_TRAITS)
                return !there || traits_are_same(step->traits, there->traits);
        return true;
}

/* Classes and traits have to be there before a provider has them ------------------- */

static Step *make_classes(const TreeProvider *wanted, const Found *found) {
        for (HostResource i = 0; i < _HOST_RESOURCE_MAX; i++)
                if (wanted->amounts[i].total > 0 &&
                    !g_hash_table_contains(found->names, names_classes[i]))
                        return step_new(STEP_CLASS, NULL, names_classes[i]);
        return NULL;
}

static Step *make_traits(const TreeProvider *wanted, const Found *found) {
        for (guint i = 0; i < wanted->traits->len; i++)
                if (!g_hash_table_contains(found->names, wanted->traits->pdata[i]))
                        return step_new(STEP_TRAIT, NULL, wanted->traits->pdata[i]);
        return NULL;
}

/* Providers ----------------------------------------------------------------------- */

/* Before anything is written: whoever has nothing outside Placement needs no look at who is in it
 * for that. */
static bool needs_consumers(const TreeProvider *wanted) {
        return wanted->holds->len > 0;
}

/* What an inventory depends on; itself last, so that least can happen before it is written. */
static Step *read_for_inventories(const TreeProvider *wanted, const FoundProvider *found) {
        if (wanted && !found->consumers && needs_consumers(wanted))
                return step_new(STEP_READ_CONSUMERS, found->uuid, NULL);
        return found->inventories ? NULL : step_new(STEP_READ_INVENTORIES, found->uuid, NULL);
}

/* `first`, if there is anything to do before `step`; else that. Takes both. */
static Step *before(Step *first, Step *step) {
        if (first)
                step_free(step);
        return first ?: step;
}

static Step *next_of_new(const TreeProvider *wanted, const Found *found) {
        return make_classes(wanted, found) ?: step_new(STEP_CREATE, wanted->uuid, wanted->name);
}

/* NULL: the provider is as it should be. What is left of it before what is said of it. */
static Step *next_of_wanted(const Tree *tree, const TreeProvider *wanted, const Found *found) {
        const FoundProvider *there = found_find(found, wanted->uuid);
        Step *step;

        if (!there)
                return next_of_new(wanted, found);
        if (!g_str_equal(there->name, wanted->name) || g_strcmp0(there->parent, tree->root) != 0)
                return step_new(STEP_RENAME, wanted->uuid, wanted->name);

        step = read_for_inventories(wanted, there);
        if (step)
                return step;

        step = write_inventories(there, wanted_inventories(tree, wanted, there));
        if (step)
                return before(make_classes(wanted, found), step);

        if (!there->traits)
                return step_new(STEP_READ_TRAITS, there->uuid, NULL);

        step = write_traits(wanted, there);
        if (step)
                return before(make_traits(wanted, found), step);

        /* a guest that has gone may have left allocations of its own */
        return there->consumers ? NULL : step_new(STEP_READ_CONSUMERS, there->uuid, NULL);
}

/* Of a provider whose device this host has no more. */
static Step *next_of_gone(const FoundProvider *there) {
        Step *step;

        if (!there->stays)
                return step_new(STEP_DELETE, there->uuid, NULL);

        step = read_for_inventories(NULL, there);
        return step ?: write_inventories(there, all_reserved(there));
}

static bool is_ours(const Found *found, const FoundProvider *there) {
        return g_strcmp0(there->parent, found->root) == 0 &&
               !g_hash_table_contains(found->problems, there->uuid) &&
               tree_is_ours(found->root, there->uuid, there->name);
}

Step *step_next(const Tree *wanted, const Found *found) {
        FoundProvider *there;
        GHashTableIter iter;
        Step *step = NULL;

        if (!found->known)
                return step_new(STEP_READ_TREE, found->root, NULL);

        for (guint i = 0; !step && i < wanted->providers->len; i++) {
                const TreeProvider *provider = wanted->providers->pdata[i];

                if (!g_hash_table_contains(found->problems, provider->uuid))
                        step = next_of_wanted(wanted, provider, found);
        }

        g_hash_table_iter_init(&iter, found->providers);
        while (!step && g_hash_table_iter_next(&iter, NULL, (gpointer *)&there))
                if (!tree_find(wanted, there->uuid) && is_ours(found, there))
                        step = next_of_gone(there);
        return step ?: step_new(STEP_NONE, NULL, NULL);
}

Step *step_next_to_close(const Found *found) {
        FoundProvider *there;
        GHashTableIter iter;
        Step *step = NULL;

        if (!found->known)
                return step_new(STEP_READ_TREE, found->root, NULL);

        g_hash_table_iter_init(&iter, found->providers);
        while (!step && g_hash_table_iter_next(&iter, NULL, (gpointer *)&there))
                if (is_ours(found, there))
                        step = read_for_inventories(NULL, there)
                                       ?: write_inventories(there, all_reserved(there));
        return step ?: step_new(STEP_NONE, NULL, NULL);
}
