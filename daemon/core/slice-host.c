/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-host.h"

#include <string.h>

#include "xml/ferry-error.h"

void slice_host_free(SliceHost *host) {
        if (!host)
                return;

        g_array_unref(host->cpus);
        g_free(host);
}

static bool fail_gone(GError **error, const char *resource) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                    "%s is not on this host any more: ask for the hardware slice again", resource);
        return false;
}

static bool add_core(SliceHost *host, const ResourceMap *map, const char *id) {
        const Resource *core = resource_map_find(map, id);
        const char *text = core ? resource_attribute(core, "cpus") : NULL;
        NumberSet cpus;

        if (!text || !number_set_from_text(text, &cpus))
                return false;

        number_set_add(&host->all, &cpus);
        for (unsigned cpu = number_set_next(&cpus, 0); cpu < NUMBER_SET_MAX;
             cpu = number_set_next(&cpus, cpu + 1))
                g_array_append_val(host->cpus, cpu);
        return true;
}

/* "memory:0", "memory:0/2048KiB", or a CXL region that has become a node. */
bool slice_host_add_node(const ResourceMap *map, const char *resource, NumberSet *nodes) {
        const Resource *found = resource_map_find(map, resource);
        const char *number = found ? resource_attribute(found, "node") : NULL;
        NumberSet node;
        guint64 n;

        if (g_str_has_prefix(resource, "memory:"))
                number = resource + strlen("memory:");
        if (!number || !found)
                return false;

        n = g_ascii_strtoull(number, NULL, 10);
        if (n >= NUMBER_SET_MAX)
                return false;

        node = number_set_of((unsigned)n);
        number_set_add(nodes, &node);
        return true;
}

static bool add_grant(SliceHost *host, const SliceGrant *grant, const ResourceMap *map,
                      GError **error) {
        if (g_str_equal(grant->part, "memory"))
                return slice_host_add_node(map, grant->resource, &host->nodes) ||
                       fail_gone(error, grant->resource);
        if (!g_str_equal(grant->part, "cores"))
                return true;

        host->time += grant->amount;
        return add_core(host, map, grant->resource) || fail_gone(error, grant->resource);
}

SliceHost *slice_host_new(const GPtrArray *grants, const ResourceMap *map, GError **error) {
        g_autoptr(SliceHost) host = g_new0(SliceHost, 1);

        host->cpus = g_array_new(false, false, sizeof(unsigned));
        for (guint i = 0; i < grants->len; i++)
                if (!add_grant(host, grants->pdata[i], map, error))
                        return NULL;
        return g_steal_pointer(&host);
}

unsigned slice_host_weight(const SliceHost *host) {
        return (unsigned)CLAMP(host->time * SLICE_HOST_WEIGHT / SLICE_SHARE_FULL, 1,
                               SLICE_HOST_WEIGHT_MAX);
}

static void fit_cpus(SliceFit *fit, const SliceHost *host, bool exclusive) {
        fit->cpus = number_set_to_text(&host->all);
        if (!exclusive) {
                g_ptr_array_add(fit->pins, g_strdup(fit->cpus));
                fit->weight = slice_host_weight(host);
                return;
        }
        for (guint i = 0; i < host->cpus->len; i++)
                g_ptr_array_add(fit->pins,
                                g_strdup_printf("%u", g_array_index(host->cpus, unsigned, i)));
}

SliceFit *slice_host_fit(const SliceEntry *entry, const ResourceMap *map, GError **error) {
        g_autoptr(SliceHost) host = slice_host_new(entry->grants, map, error);
        g_autoptr(SliceFit) fit = slice_fit_new();

        if (!host)
                return NULL;

        if (host->cpus->len > 0)
                fit_cpus(fit, host, entry->wish->cores.exclusive);
        if (number_set_count(&host->nodes) > 0)
                fit->nodes = number_set_to_text(&host->nodes);
        return g_steal_pointer(&fit);
}
