/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/tree.h"

#include <string.h>

#include "nova-driver-shim/placement/names.h"
#include "nova-driver-shim/placement/uuid5.h"

char *tree_uuid(const char *root, const char *device) {
        g_autofree char *name = g_strdup_printf("%s/%s", root, device);

        return uuid5_new(UUID5_VIRTFERRY, name);
}

/* A host's own name may have the same letters in it. */
bool tree_is_ours(const char *root, const char *uuid, const char *name) {
        for (const char *at = name; (at = strstr(at, NAMES_PROVIDER_MIDST)); at++) {
                g_autofree char *wanted = tree_uuid(root, at + strlen(NAMES_PROVIDER_MIDST));

                if (g_str_equal(wanted, uuid))
                        return true;
        }
        return false;
}

static void provider_free(TreeProvider *provider) {
        g_free(provider->device);
        g_free(provider->uuid);
        g_free(provider->name);
        g_ptr_array_unref(provider->traits);
        g_ptr_array_unref(provider->holds);
        g_free(provider);
}

static bool has_anything(const HostDevice *device) {
        for (HostResource i = 0; i < _HOST_RESOURCE_MAX; i++)
                if (device->amounts[i].total > 0)
                        return true;
        return false;
}

static int compare_strings(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_traits(TreeProvider *provider, const HostDevice *device) {
        g_ptr_array_add(provider->traits,
                        g_strdup(names_headroom(host_level_to_string(device->level))));
        if (device->migratable)
                g_ptr_array_add(provider->traits, g_strdup(NAMES_MIGRATABLE));
        for (guint i = 0; i < device->formats->len; i++)
                g_ptr_array_add(provider->traits, g_strdup(device->formats->pdata[i]));
        g_ptr_array_sort(provider->traits, compare_strings);
}

static void add_provider(Tree *tree, const char *host_name, const HostState *state,
                         const HostDevice *device) {
        TreeProvider *provider = g_new0(TreeProvider, 1);

        provider->device = g_strdup(device->id);
        provider->uuid = tree_uuid(tree->root, device->id);
        provider->name = names_provider(host_name, device->id);
        provider->traits = g_ptr_array_new_with_free_func(g_free);
        provider->holds = g_ptr_array_new();
        for (HostResource i = 0; i < _HOST_RESOURCE_MAX; i++)
                provider->amounts[i] = (HostAmount){
                        MIN(device->amounts[i].total, TREE_AMOUNT_MAX),
                        MIN(device->amounts[i].taken, TREE_AMOUNT_MAX),
                        MIN(device->amounts[i].expected, TREE_AMOUNT_MAX),
                };
        add_traits(provider, device);
        for (guint i = 0; i < state->holds->len; i++) {
                HostHold *hold = state->holds->pdata[i];

                if (g_str_equal(hold->device, device->id))
                        g_ptr_array_add(provider->holds, hold);
        }

        g_ptr_array_add(tree->providers, provider);
        g_hash_table_insert(tree->by_uuid, provider->uuid, provider);
}

Tree *tree_new(const char *root, const char *host_name, const HostState *state) {
        Tree *tree = g_new0(Tree, 1);

        tree->root = g_strdup(root);
        tree->closed = state->closed;
        tree->providers = g_ptr_array_new_with_free_func((GDestroyNotify)provider_free);
        tree->by_uuid = g_hash_table_new(g_str_hash, g_str_equal);
        for (guint i = 0; i < state->devices->len; i++)
                if (has_anything(state->devices->pdata[i]))
                        add_provider(tree, host_name, state, state->devices->pdata[i]);
        return tree;
}

void tree_free(Tree *tree) {
        if (!tree)
                return;

        g_hash_table_unref(tree->by_uuid);
        g_ptr_array_unref(tree->providers);
        g_free(tree->root);
        g_free(tree);
}

const TreeProvider *tree_find(const Tree *tree, const char *uuid) {
        return g_hash_table_lookup(tree->by_uuid, uuid);
}

/* What those guests hold that are consumers, too: it is allocated, and must not count twice. */
static uint64_t held_by_consumers(const TreeProvider *provider, HostResource resource,
                                  const char *const *consumers) {
        uint64_t held = 0;

        for (guint i = 0; i < provider->holds->len; i++) {
                const HostHold *hold = provider->holds->pdata[i];

                if (hold->resource == resource && g_strv_contains(consumers, hold->domain))
                        held += hold->amount;
        }
        return held;
}

uint64_t tree_reserved(const Tree *tree, const TreeProvider *provider, HostResource resource,
                       const char *const *consumers) {
        const HostAmount *amount = &provider->amounts[resource];
        uint64_t held = held_by_consumers(provider, resource, consumers);
        uint64_t unknown = amount->taken - MIN(amount->taken, held);

        return tree->closed ? amount->total : MIN(amount->total, unknown + amount->expected);
}

static bool has_hold(const TreeProvider *provider, const HostHold *wanted) {
        for (guint i = 0; i < provider->holds->len; i++) {
                const HostHold *hold = provider->holds->pdata[i];

                if (hold->resource == wanted->resource && hold->amount == wanted->amount &&
                    g_str_equal(hold->domain, wanted->domain))
                        return true;
        }
        return false;
}

bool tree_provider_holds_same(const TreeProvider *a, const TreeProvider *b) {
        if (a->holds->len != b->holds->len)
                return false;

        for (guint i = 0; i < a->holds->len; i++)
                if (!has_hold(b, a->holds->pdata[i]))
                        return false;
        return true;
}
