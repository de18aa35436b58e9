/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/headroom.h"

#include <math.h>
#include <string.h>

#include "daemon/core/string-table.h"

#define MIB           1048576.0
#define BYTES_TO_KBIT (8 / 1000.0)
#define MBIT_TO_KBIT  1000

static const char *const kinds[] = {
        [HEADROOM_HOST] = "host",
        [HEADROOM_PF] = "pf",
        [HEADROOM_OFFLOAD] = "offload",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == _HEADROOM_KIND_MAX);

static const char *const resources[] = {
        [HEADROOM_VFS] = "vfs",     [HEADROOM_CORES] = "cores", [HEADROOM_MEMORY] = "memory",
        [HEADROOM_LANES] = "lanes", [HEADROOM_KEYS] = "keys",   [HEADROOM_BANDWIDTH] = "bandwidth",
};
G_STATIC_ASSERT(G_N_ELEMENTS(resources) == _HEADROOM_RESOURCE_MAX);

static const char *const levels[] = {
        [HEADROOM_LOW] = "low",
        [HEADROOM_MED] = "med",
        [HEADROOM_HIGH] = "high",
};
G_STATIC_ASSERT(G_N_ELEMENTS(levels) == _HEADROOM_LEVEL_MAX);

const char *headroom_kind_to_string(HeadroomKind kind) {
        return string_table_word(kinds, _HEADROOM_KIND_MAX, kind);
}

HeadroomKind headroom_kind_from_string(const char *text) {
        return string_table_value(kinds, _HEADROOM_KIND_MAX, text);
}

const char *headroom_resource_to_string(HeadroomResource resource) {
        return string_table_word(resources, _HEADROOM_RESOURCE_MAX, resource);
}

HeadroomResource headroom_resource_from_string(const char *text) {
        return string_table_value(resources, _HEADROOM_RESOURCE_MAX, text);
}

const char *headroom_level_to_string(HeadroomLevel level) {
        return string_table_word(levels, _HEADROOM_LEVEL_MAX, level);
}

HeadroomLevel headroom_level_from_string(const char *text) {
        return string_table_value(levels, _HEADROOM_LEVEL_MAX, text);
}

void headroom_free(Headroom *headroom) {
        if (!headroom)
                return;

        g_free(headroom->device);
        g_free(headroom->name);
        g_free(headroom);
}

char *headroom_share_name(const Headroom *headroom) {
        const char *what = headroom_resource_to_string(headroom->resource);

        if (headroom->resource == HEADROOM_VFS)
                return NULL;
        if (headroom->kind != HEADROOM_OFFLOAD)
                return g_strdup(what);
        return g_strconcat(HEADROOM_OFFLOAD_PREFIX, headroom->device, ":", what, NULL);
}

/* Levels ---------------------------------------------------------------------------- */

static HeadroomLevel level_of(double percent) {
        if (percent < HEADROOM_LOW_PERCENT)
                return HEADROOM_LOW;
        return percent < HEADROOM_MED_PERCENT ? HEADROOM_MED : HEADROOM_HIGH;
}

/* Whoever rises has to be beyond the border by so much, and whoever falls, too. */
HeadroomLevel headroom_level_next(HeadroomLevel before, double percent) {
        HeadroomLevel least = level_of(percent - HEADROOM_BORDER_PERCENT);
        HeadroomLevel most = level_of(percent + HEADROOM_BORDER_PERCENT);

        if (before == _HEADROOM_LEVEL_INVALID)
                return level_of(percent);
        return CLAMP(before, least, most);
}

double headroom_percent(const Headroom *headroom) {
        uint64_t left = headroom->total - headroom->taken - headroom->peak;

        return 100.0 * (double)left / (double)headroom->total;
}

/* Rows ------------------------------------------------------------------------------ */

typedef struct Builder {
        const HeadroomSources *sources;
        GPtrArray *rows;
} Builder;

/* In the unit of the row; what is less than one of it is one. */
static uint64_t beyond(HeadroomUse use, double scale, uint64_t taken, uint64_t left) {
        double amount = MAX(use.others * scale, use.all * scale - (double)taken);

        if (!(amount > 0)) /* or is no number */
                return 0;
        return amount < (double)left ? MIN((uint64_t)ceil(amount), left) : left;
}

/* `scale`: from the unit of forecasts to that of the row. */
static void add(Builder *b, HeadroomKind kind, HeadroomResource resource, const char *device,
                const char *name, uint64_t total, uint64_t taken, double scale) {
        const HeadroomSources *sources = b->sources;
        g_autoptr(Headroom) row = g_new0(Headroom, 1);
        HeadroomDemand demand;

        if (total == 0)
                return;

        demand = sources->expect(sources->userdata, kind, device, resource);
        row->kind = kind;
        row->resource = resource;
        row->device = g_strdup(device);
        row->name = g_strdup(name);
        row->total = total;
        row->taken = MIN(taken, total);
        row->expected = beyond(demand.hour, scale, row->taken, total - row->taken);
        row->peak = beyond(demand.day, scale, row->taken, total - row->taken);
        g_ptr_array_add(b->rows, g_steal_pointer(&row));
}

static uint64_t divide_up(uint64_t amount, uint64_t by) {
        return amount / by + (amount % by != 0);
}

static uint64_t number_of(const Resource *resource, const char *key) {
        const char *text = resource_attribute(resource, key);

        return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static bool is_of_offload(const Resource *resource) {
        return resource->parent && resource->parent->kind == RESOURCE_OFFLOAD;
}

/* The host -------------------------------------------------------------------------- */

typedef struct HostSums {
        NumberSet reserved;
        unsigned cores, threads;
        double cores_taken;
        uint64_t memory, memory_taken;
        uint64_t keys, keys_taken;
} HostSums;

static void sum_core(HostSums *sums, const Resource *core) {
        if (core->total == 0)
                return;

        sums->cores++;
        sums->threads += (unsigned)core->total;
        sums->cores_taken += resource_is_on_cpu_of(core, &sums->reserved)
                                     ? 1
                                     : (double)core->promised / (double)core->total;
}

/* Of base pages the kernel's used ones come and go, and of huge ones they are somebody's. The host
 * keeps some for itself of each node with CPUs. */
static void sum_memory(HostSums *sums, const Resource *memory, uint64_t reserve) {
        bool huge = strchr(memory->id, '/');
        bool with_cpus = memory->parent && memory->parent->total > 0;
        uint64_t taken = memory->promised + (huge ? memory->used : with_cpus ? reserve : 0);

        sums->memory += memory->total;
        sums->memory_taken += MIN(taken, memory->total);
}

static void sum_host(HostSums *sums, const HeadroomSources *sources, const Resource *resource) {
        if (is_of_offload(resource))
                return;
        if (resource->kind == RESOURCE_CORE)
                sum_core(sums, resource);
        else if (resource->kind == RESOURCE_MEMORY)
                sum_memory(sums, resource, sources->reserve.memory_node);
        else if (resource->kind == RESOURCE_KEY && g_str_equal(resource->unit, "keys")) {
                sums->keys += resource->total;
                sums->keys_taken += MIN(resource->used + resource->promised, resource->total);
        }
}

static void add_host(Builder *b) {
        const GPtrArray *list = resource_map_list(b->sources->map);
        HostSums sums = { 0 };

        if (b->sources->reserve.cpus)
                (void)number_set_from_text(b->sources->reserve.cpus, &sums.reserved);
        for (guint i = 0; i < list->len; i++)
                sum_host(&sums, b->sources, list->pdata[i]);

        add(b, HEADROOM_HOST, HEADROOM_CORES, "", "host", sums.cores,
            (uint64_t)ceil(sums.cores_taken),
            sums.threads > 0 ? 1.0 * sums.cores / sums.threads : 0);
        add(b, HEADROOM_HOST, HEADROOM_MEMORY, "", "host", sums.memory / (uint64_t)MIB,
            divide_up(sums.memory_taken, (uint64_t)MIB), 1 / MIB);
        add(b, HEADROOM_HOST, HEADROOM_KEYS, "", "host", sums.keys, sums.keys_taken, 0);
}

/* PFs ------------------------------------------------------------------------------- */

/* NULL: it is below none. */
static const Resource *find_link(const Builder *b, const Resource *pf) {
        const char *id = resource_attribute(pf, "narrowest-link");

        if (id)
                return resource_map_find(b->sources->map, id);
        return pf->parent && pf->parent->kind == RESOURCE_LINK ? pf->parent : NULL;
}

static void add_lanes(Builder *b, const Resource *pf, const char *device) {
        const Resource *link = find_link(b, pf);
        uint64_t width = link ? number_of(link, "width") : 0;
        uint64_t lane = width > 0 ? link->total / width : 0;

        if (lane > 0)
                add(b, HEADROOM_PF, HEADROOM_LANES, device, pf->name, width,
                    divide_up(link->promised, lane), 1.0 / (double)lane);
}

static void add_pf(Builder *b, const Resource *pf) {
        const char *device = strchr(pf->id, ':') + 1;
        g_autofree char *id = g_strdup_printf("vf-pool:%s", device);
        const Resource *pool = resource_map_find(b->sources->map, id);
        unsigned total = 0, taken = 0;

        b->sources->count_vfs(b->sources->userdata, device, &total, &taken);
        add(b, HEADROOM_PF, HEADROOM_VFS, device, pf->name, total,
            taken + (pool ? pool->promised : 0), 0);
        add_lanes(b, pf, device);
        add(b, HEADROOM_PF, HEADROOM_BANDWIDTH, device, pf->name, pf->total * MBIT_TO_KBIT,
            (pf->used + pf->promised) * MBIT_TO_KBIT, BYTES_TO_KBIT);
}

/* Offload devices ------------------------------------------------------------------- */

static void add_part(Builder *b, const Resource *part) {
        const char *device = strchr(part->parent->id, ':') + 1, *name = part->parent->name;
        uint64_t mib = (uint64_t)MIB;

        if (part->kind == RESOURCE_CORE)
                add(b, HEADROOM_OFFLOAD, HEADROOM_CORES, device, name, part->total, part->promised,
                    1);
        else if (part->kind == RESOURCE_MEMORY)
                add(b, HEADROOM_OFFLOAD, HEADROOM_MEMORY, device, name, part->total / mib,
                    divide_up(part->promised, mib), 1 / MIB);
        else if (part->kind == RESOURCE_KEY)
                add(b, HEADROOM_OFFLOAD, HEADROOM_KEYS, device, name, part->total, part->promised,
                    0);
        else if (part->kind == RESOURCE_BANDWIDTH)
                add(b, HEADROOM_OFFLOAD, HEADROOM_BANDWIDTH, device, name,
                    part->total * MBIT_TO_KBIT, part->promised * MBIT_TO_KBIT, BYTES_TO_KBIT);
}

/* Of one that is not there nothing is to be had. */
static bool is_there(const Resource *offload) {
        return !resource_attribute(offload, "problem");
}

GPtrArray *headroom_list(const HeadroomSources *sources) {
        GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)headroom_free);
        const GPtrArray *list = resource_map_list(sources->map);
        Builder b = { sources, rows };

        add_host(&b);
        for (guint i = 0; i < list->len; i++) {
                const Resource *resource = list->pdata[i];

                if (resource->kind == RESOURCE_PF)
                        add_pf(&b, resource);
                else if (is_of_offload(resource) && is_there(resource->parent))
                        add_part(&b, resource);
        }
        return rows;
}
