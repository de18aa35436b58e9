/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/view.h"

#include <string.h>

#include "daemon/cluster/publish.h"
#include "daemon/core/cluster-kind.h"

static guint hash_kind(gconstpointer kind) {
        return cluster_kind_hash(kind);
}

static gboolean equal_kinds(gconstpointer a, gconstpointer b) {
        return cluster_kind_equal(a, b);
}

/* Kinds ----------------------------------------------------------------------------- */

static void words_free(void *data) {
        ClusterKind *kind = data;

        cluster_kind_free_words(kind);
        g_free(kind);
}

/* Those of a map go with it. */
static ClusterKind *words_copy(const ClusterKind *kind) {
        ClusterKind *copy = g_new0(ClusterKind, 1);

        copy->class = cluster_word(kind->class);
        copy->pool = cluster_word(kind->pool);
        copy->type = cluster_word(kind->type);
        copy->driver = cluster_word(kind->driver);
        copy->version = cluster_word(kind->version);
        copy->firmware = cluster_word(kind->firmware);
        copy->formats = cluster_word(kind->formats);
        copy->ids = cluster_word(kind->ids);
        return copy;
}

static void fingerprint_clear(void *data) {
        PlaceKind *kind = data;

        fingerprint_free((Fingerprint *)kind->fingerprint);
}

/* One of a class that this release does not have fits nobody, and is passed over: -1. */
static int number_of(ClusterView *view, const ClusterKind *kind) {
        void *known = g_hash_table_lookup(view->numbers, kind);
        PlaceKind fresh = { 0 };
        ClusterKind *words;

        if (known)
                return GPOINTER_TO_INT(known) - 1;

        fresh.class = kind->class ? device_class_from_string(kind->class) : NULL;
        if (!fresh.class)
                return -1;

        words = words_copy(kind);
        g_ptr_array_add(view->words, words);
        fresh.pool = words->pool;
        fresh.fingerprint = cluster_kind_fingerprint(kind);
        g_array_append_val(view->kinds, fresh);
        g_hash_table_insert(view->numbers, words, GINT_TO_POINTER(view->kinds->len));
        return (int)view->kinds->len - 1;
}

static unsigned amount_of_functions(int64_t amount) {
        return (unsigned)MIN(amount, G_MAXUINT / 2);
}

static void read_functions(ClusterView *view, PlaceHost *host, const ClusterMap *map) {
        host->functions = g_new0(PlaceFunctions, map->kinds->len + 1);
        for (guint i = 0; i < map->kinds->len; i++) {
                const ClusterKind *kind = &g_array_index(map->kinds, ClusterKind, i);
                int number = number_of(view, kind);

                if (number < 0)
                        continue;
                host->functions[host->n_functions++] = (PlaceFunctions){
                        (unsigned)number, amount_of_functions(kind->total),
                        amount_of_functions(kind->total - MIN(kind->free, kind->total))
                };
        }
}

/* Amounts --------------------------------------------------------------------------- */

static PlaceAmount amount_of(const ClusterResource *resource) {
        return (PlaceAmount){ (uint64_t)resource->total,
                              (uint64_t)(resource->total - MIN(resource->free, resource->total)),
                              resource->headroom ? headroom_level_from_string(resource->headroom)
                                                 : _HEADROOM_LEVEL_INVALID };
}

/* Its number. */
static int take_offload(ClusterView *view, PlaceHost *host, const char *name) {
        for (unsigned i = 0; i < host->n_offloads; i++)
                if (g_str_equal(host->offloads[i].pool, name))
                        return (int)i;

        host->offloads = g_renew(PlaceOffload, host->offloads, host->n_offloads + 1);
        host->offloads[host->n_offloads] = (PlaceOffload){ .pool = g_string_chunk_insert_const(
                                                                   view->names, name) };
        return (int)host->n_offloads++;
}

typedef struct Amount {
        int offload; /* its number; -1: of the host */
        HeadroomResource what;
} Amount;

/* "cores", "offload:dpu0:cores". False: another word. */
static bool find_amount(ClusterView *view, PlaceHost *host, const char *resource, Amount *ret) {
        HeadroomResource what = headroom_resource_from_string(resource);
        g_autofree char *device = NULL;
        const char *name, *colon;

        *ret = (Amount){ -1, what };
        if (what >= 0)
                return true;
        if (!g_str_has_prefix(resource, CLUSTER_OFFLOAD_PREFIX))
                return false;

        name = resource + strlen(CLUSTER_OFFLOAD_PREFIX);
        colon = strrchr(name, ':');
        ret->what = colon ? headroom_resource_from_string(colon + 1) : _HEADROOM_RESOURCE_INVALID;
        if (ret->what < 0)
                return false;

        device = g_strndup(name, (gsize)(colon - name));
        ret->offload = take_offload(view, host, device);
        return true;
}

static PlaceAmount *amount_at(PlaceHost *host, const Amount *at) {
        return at->offload >= 0 ? &host->offloads[at->offload].amounts[at->what]
                                : &host->amounts[at->what];
}

static void read_amounts(ClusterView *view, PlaceHost *host, const ClusterMap *map) {
        for (guint i = 0; i < map->resources->len; i++) {
                const ClusterResource *resource = &g_array_index(map->resources, ClusterResource,
                                                                 i);
                Amount at;

                if (find_amount(view, host, resource->name, &at))
                        *amount_at(host, &at) = amount_of(resource);
        }
}

/* Promises -------------------------------------------------------------------------- */

/* In PlaceHost.functions, of the device; -1: there is none of it. */
static int function_of(ClusterView *view, const PlaceHost *host, const ClusterMap *map,
                       const char *address) {
        int kind = -1;

        for (guint i = 0; kind < 0 && i < map->devices->len; i++) {
                const ClusterDevice *device = &g_array_index(map->devices, ClusterDevice, i);

                if (g_str_equal(device->address, address))
                        kind = number_of(view,
                                         &g_array_index(map->kinds, ClusterKind, device->kind));
        }
        for (unsigned i = 0; kind >= 0 && i < host->n_functions; i++)
                if (host->functions[i].kind == (unsigned)kind)
                        return (int)i;
        return -1;
}

static void read_lot(ClusterView *view, PlaceHost *host, ViewRow *row, const ClusterCopyLot *lot) {
        ViewPromise entry = { .function = function_of(view, host, row->known->map, lot->resource),
                              .offload = -1 };
        Amount at = { -1, _HEADROOM_RESOURCE_INVALID };

        if (entry.function < 0 && !find_amount(view, host, lot->resource, &at))
                return;

        entry.offload = at.offload;
        entry.what = at.what;
        for (guint i = 0; i < lot->lot->promises->len; i++) {
                entry.promise = lot->lot->promises->pdata[i];
                entry.hash = g_str_hash(entry.promise->domain);
                if (entry.function >= 0)
                        host->functions[entry.function].promised++;
                else
                        amount_at(host, &at)->promised += (uint64_t)entry.promise->amount;
                g_array_append_val(row->promises, entry);
        }
}

/* Of most lots nothing is promised. */
static void read_promises(ClusterView *view, PlaceHost *host, ViewRow *row) {
        const GPtrArray *lots = row->known->lots;

        for (guint i = 0; i < lots->len; i++) {
                const ClusterCopyLot *lot = lots->pdata[i];

                if (!lot->lot || !lot->lot->promises)
                        continue;
                if (!row->promises)
                        row->promises = g_array_new(FALSE, FALSE, sizeof(ViewPromise));
                read_lot(view, host, row, lot);
        }
}

/* Hosts ----------------------------------------------------------------------------- */

static void forget_host(PlaceHost *host, ViewRow *row) {
        g_clear_pointer(&host->functions, g_free);
        g_clear_pointer(&host->offloads, g_free);
        g_clear_pointer(&row->promises, g_array_unref);
}

static void read_host(ClusterView *view, PlaceHost *host, ViewRow *row) {
        const ClusterMap *map = row->known->map;

        forget_host(host, row);
        *host = (PlaceHost){ .name = row->known->name,
                             .alive = row->known->create_revision > 0 && map,
                             .drained = map && map->drained > 0 };
        row->changed = row->known->changed;
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                host->amounts[r].level = _HEADROOM_LEVEL_INVALID;
        if (!map)
                return;

        (void)version_from_text(map->qemu, &host->qemu);
        (void)version_from_text(map->libvirt, &host->libvirt);
        read_functions(view, host, map);
        read_amounts(view, host, map);
        read_promises(view, host, row);
}

static int compare_hosts(const void *a, const void *b) {
        const ClusterCopyHost *const *left = a, *const *right = b;

        return strcmp((*left)->name, (*right)->name);
}

/* Of ClusterCopyHost. */
static GPtrArray *sorted_hosts(const ClusterCopy *copy) {
        GPtrArray *hosts = g_ptr_array_new();
        GHashTableIter iter;
        void *host;

        g_hash_table_iter_init(&iter, cluster_copy_hosts(copy));
        while (g_hash_table_iter_next(&iter, NULL, &host))
                g_ptr_array_add(hosts, host);
        g_ptr_array_sort(hosts, compare_hosts);
        return hosts;
}

/* The view -------------------------------------------------------------------------- */

static void view_free(void *data) {
        ClusterView *view = data;

        for (unsigned i = 0; i < view->place.n_hosts; i++)
                forget_host(&view->place.hosts[i], &view->rows[i]);
        g_free(view->place.hosts);
        g_free(view->rows);
        g_hash_table_unref(view->numbers);
        g_array_unref(view->kinds);
        g_ptr_array_unref(view->words);
        g_string_chunk_free(view->names);
        g_free(view);
}

/* With no host read. */
static ClusterView *view_new(const ClusterCopy *copy) {
        g_autoptr(GPtrArray) hosts = sorted_hosts(copy);
        ClusterView *view = g_new0(ClusterView, 1);

        view->kinds = g_array_new(FALSE, FALSE, sizeof(PlaceKind));
        g_array_set_clear_func(view->kinds, fingerprint_clear);
        view->words = g_ptr_array_new_with_free_func(words_free);
        view->numbers = g_hash_table_new(hash_kind, equal_kinds);
        view->names = g_string_chunk_new(256);
        view->members = cluster_copy_members(copy);
        view->place.hosts = g_new0(PlaceHost, hosts->len + 1);
        view->place.n_hosts = hosts->len;
        view->rows = g_new0(ViewRow, hosts->len + 1);
        for (guint i = 0; i < hosts->len; i++)
                view->rows[i].known = hosts->pdata[i];
        return view;
}

static void update(ClusterView *view, const ClusterCopy *copy) {
        for (unsigned i = 0; i < view->place.n_hosts; i++)
                if (view->rows[i].changed != view->rows[i].known->changed)
                        read_host(view, &view->place.hosts[i], &view->rows[i]);
        view->place.kinds = (const PlaceKind *)(void *)view->kinds->data;
        view->place.n_kinds = view->kinds->len;
        view->changes = cluster_copy_changes(copy);
}

const ClusterView *cluster_view(const ClusterCopy *copy) {
        ClusterView *view = cluster_copy_kept(copy);

        if (!view || view->members != cluster_copy_members(copy)) {
                view = view_new(copy);
                cluster_copy_keep(copy, view, view_free);
        }
        if (view->changes != cluster_copy_changes(copy))
                update(view, copy);
        return view;
}
