/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/slice-chance.h"

/* Hosts ----------------------------------------------------------------------------- */

int chance(Case *c, int limit) {
        return g_rand_int_range(c->rand, 0, limit);
}

bool chance_one_in(Case *c, int n) {
        return chance(c, n) == 0;
}

static int add_item(Host *host, uint64_t total, const char *format, ...) G_GNUC_PRINTF(3, 4);

static int add_item(Host *host, uint64_t total, const char *format, ...) {
        va_list args;

        g_assert_cmpint(host->n_items, <, ITEMS_MAX);
        va_start(args, format);
        (void)g_vsnprintf(host->ids[host->n_items], sizeof(host->ids[0]), format, args);
        va_end(args);
        host->totals[host->n_items] = total;
        return host->n_items++;
}

int host_find_item(const Host *host, const char *id) {
        for (int i = 0; i < host->n_items; i++)
                if (g_str_equal(host->ids[i], id))
                        return i;
        return -1;
}

static uint64_t add_memory(Case *c, int node, bool cxl) {
        Host *host = &c->host;
        uint64_t base = (uint64_t)(1 + chance(c, 6)) * MIB;

        host->memories[host->n_memories++] = (Memory){ add_item(host, base, "memory:%d", node),
                                                       node, false, cxl };
        return base;
}

static void add_pages(Case *c, int node) {
        Host *host = &c->host;
        uint64_t total = (uint64_t)chance(c, 3) * 2 * MIB;

        if (total == 0)
                return;
        map_add_pages(host->map, (unsigned)node, PAGE_KIB, total);
        host->memories[host->n_memories++] = (Memory){
                add_item(host, total, "memory:%d/%uKiB", node, PAGE_KIB), node, true, false
        };
}

static void add_node(Case *c, int node, int cores) {
        Host *host = &c->host;
        unsigned threads = 1 + (unsigned)chance(c, 2), first = (unsigned)host->n_cores;

        map_add_node(host->map, (unsigned)node, first, (unsigned)cores, threads,
                     add_memory(c, node, false));
        add_pages(c, node);
        for (int i = 0; i < cores; i++) {
                Core *core = &host->cores[host->n_cores];

                *core = (Core){ .node = node, .threads = threads, .isolated = chance_one_in(c, 6) };
                core->reserved = host->n_cores == 0 && chance_one_in(c, 4);
                core->item = add_item(host, core->reserved ? 0 : threads * 1000, "core:%d",
                                      host->n_cores++);
                if (core->isolated)
                        map_tell(host->map, host->ids[core->item], "isolated", "yes");
        }
}

/* Behind node 0. */
static void add_cxl(Case *c) {
        static const char *const nodes[] = { "node:0", "node:1", "node:2" };
        Host *host = &c->host;
        uint64_t size;

        host->cxl_node = host->n_nodes;
        size = add_memory(c, host->cxl_node, true);
        map_add_node(host->map, (unsigned)host->cxl_node, 0, 0, 0, size);
        for (int i = 0; i <= host->cxl_node; i++)
                map_tell(host->map, nodes[i], "distances", "11 20 30");
        map_add_region(host->map, "region0", host->cxl_node, size, true);
        host->region = add_item(host, size, "cxl:region0");
}

static int add_link(Case *c, int node, int above) {
        Host *host = &c->host;
        Link *link = &host->links[host->n_links];
        g_autofree char *port = g_strdup_printf("%d", host->n_links);
        g_autofree char *parent = above < 0 ? g_strdup_printf("node:%d", node)
                                            : g_strdup_printf("link:%d", above);

        link->above = above;
        link->width = chance_one_in(c, 8) ? 0 : 1u << chance(c, 3);
        link->item = add_item(host, link->width * 100, "link:%s", port);
        map_add_link(host->map, parent, port, link->width);
        return host->n_links++;
}

static int add_device(Host *host, const char *name, int node, int link) {
        Card *device = &host->devices[host->n_devices];

        g_strlcpy(device->name, name, sizeof(device->name));
        device->node = host->n_nodes + (host->cxl_node >= 0) == 1 ? 0 : node;
        device->link = link;
        device->pf = -1;
        return host->n_devices++;
}

static void add_pool(Case *c, int device, const char *type, uint64_t total, const char *id) {
        Host *host = &c->host;
        Functions *pool = &host->pools[host->n_pools++];

        *pool = (Functions){ .device = device, .group = -1, .mdev = type != NULL };
        g_strlcpy(pool->type, type ?: "", sizeof(pool->type));
        pool->foreign = chance_one_in(c, 8) ? 1 : 0;
        pool->item = add_item(host, total - MIN(total, pool->foreign), "%s", id);
        if (!type && chance_one_in(c, 4)) {
                pool->group = 0;
                map_tell(host->map, id, "shared-group", "5");
        }
}

static int node_of_link(const Host *host, int link, int otherwise) {
        for (int i = 0; i < host->n_devices; i++)
                if (host->devices[i].link == link)
                        return host->devices[i].node;
        return otherwise;
}

static bool has_links_below(const Host *host, int link) {
        for (int i = 0; i < host->n_links; i++)
                if (host->links[i].above == link)
                        return true;
        return false;
}

/* A new one, by itself or below another, or one that is there; that may be of another node. */
static int choose_link(Case *c, int *node) {
        Host *host = &c->host;
        int shared = host->n_links > 0 && chance_one_in(c, 2) ? chance(c, host->n_links) : -1;

        if (shared < 0 || host->links[shared].above >= 0 || has_links_below(host, shared))
                return add_link(c, *node, -1);

        *node = node_of_link(host, shared, *node);
        return chance_one_in(c, 2) ? shared : add_link(c, *node, shared);
}

static void add_card(Case *c, int n) {
        Host *host = &c->host;
        int node = chance(c, host->n_nodes + 1) - 1, link = -1, device;
        unsigned vfs = 1 + (unsigned)chance(c, 3), mbit = (unsigned)chance(c, 4) * 100;
        g_autofree char *name = g_strdup_printf("pf%d", n), *parent = NULL, *id = NULL;

        if (node >= 0 && !chance_one_in(c, 4))
                link = choose_link(c, &node);
        parent = link >= 0   ? g_strdup_printf("link:%d", link)
                 : node >= 0 ? g_strdup_printf("node:%d", node)
                             : g_strdup("host");
        id = g_strdup_printf("vf-pool:%s", name);
        map_add_pf(host->map, parent, name, vfs, mbit);
        device = add_device(host, name, node, link);
        host->devices[device].pf = add_item(host, mbit, "pf:%s", name);
        add_pool(c, device, NULL, vfs, id);
}

static void add_mtty(Case *c) {
        Host *host = &c->host;
        int device = add_device(host, "mtty", -1, -1);

        map_add_type(host->map, "host", "mtty", "t1", 2);
        add_pool(c, device, "t1", 2, "mdev-type:mtty/t1");
        map_add_type(host->map, "host", "mtty", "t2", 1);
        add_pool(c, device, "t2", 1, "mdev-type:mtty/t2");
}

static void add_offload(Case *c, int n) {
        Host *host = &c->host;
        Offload *offload = &host->offloads[n];
        unsigned cores = 1 + (unsigned)chance(c, 3), memory = (unsigned)chance(c, 3);
        int device = chance(c, host->n_devices);

        if (host->devices[device].pf < 0)
                return;
        *offload = (Offload){ .device = device, .cores = -1, .memory = -1 };
        (void)g_snprintf(offload->name, sizeof(offload->name), "dpu%d", n);
        map_add_offload(host->map, host->devices[device].name, offload->name, cores, memory, 0, 0);
        offload->cores = add_item(host, cores, "offload:%s/cores", offload->name);
        if (memory > 0)
                offload->memory = add_item(host, memory * MIB, "offload:%s/memory", offload->name);
        host->n_offloads = n + 1;
}

/* All are of one pool. */
static void add_limit(Case *c) {
        Host *host = &c->host;
        unsigned max = 1 + (unsigned)chance(c, 5), foreign = 0;
        g_autofree char *text = g_strdup_printf("%u", max);

        for (int i = 0; i < host->n_pools; i++) {
                map_tell(host->map, host->ids[host->pools[i].item], "pool-max", text);
                foreign += host->pools[i].foreign;
        }
        host->limit = add_item(host, max - MIN(max, foreign), "pool:default");
}

void host_make(Case *c) {
        Host *host = &c->host;
        int n_cards = 4 - chance(c, 15) / 3;

        *host = (Host){ .map = resource_map_new(),
                        .cxl_node = -1,
                        .region = -1,
                        .key = -1,
                        .limit = -1,
                        .loose_region = -1 };
        host->n_nodes = 1 + chance(c, 2);
        for (int i = 0; i < host->n_nodes; i++)
                add_node(c, i, 1 + chance(c, 2));
        if (chance_one_in(c, 3))
                add_cxl(c);
        if (chance_one_in(c, 4)) {
                host->loose_size = (uint64_t)(1 + chance(c, 3)) * MIB;
                map_add_region(host->map, "region1", -1, host->loose_size, false);
                host->loose_region = add_item(host, host->loose_size, "cxl:region1");
        }
        for (int i = 0; i < n_cards; i++)
                add_card(c, i);
        if (chance_one_in(c, 3))
                add_mtty(c);
        if (host->n_pools > 0 && chance_one_in(c, 4))
                add_limit(c);
        for (int i = 0; host->n_devices > 0 && i < 3 && i == host->n_offloads; i++)
                add_offload(c, i);
        if (chance_one_in(c, 3)) {
                map_add_key(host->map, "sev", 2);
                host->key = add_item(host, 2, "key:sev");
        }
        host->shares = chance_one_in(c, 3);
        if (host->shares) {
                map_add_shares(host->map);
                (void)add_item(host, 7, "cache:groups");
                (void)add_item(host, 10, "cache:ways");
                (void)add_item(host, 7, "bandwidth:groups");
                (void)add_item(host, 100, "bandwidth:percent");
        }
}

static unsigned count_foreign(void *userdata, const char *resource) {
        const Host *host = userdata;

        for (int i = 0; i < host->n_pools; i++)
                if (g_str_equal(host->ids[host->pools[i].item], resource))
                        return host->pools[i].foreign;
        return 0;
}

Capacity *host_capacity(Case *c) {
        CapacityReserve reserve = { .cpus = c->host.cores[0].reserved ? "0" : NULL };

        return capacity_new(c->host.map, &reserve, count_foreign, &c->host);
}
/* Wishes ---------------------------------------------------------------------------- */

static void wish_cores(Case *c, Slice *wish) {
        wish->cores.exclusive = chance_one_in(c, 3);
        wish->cores.count = 1 + (unsigned)chance(c, wish->cores.exclusive ? 2 : 4);
        wish->cores.share = wish->cores.exclusive ? 1000 : 250u * (1 + (unsigned)chance(c, 4));
        wish->cores.node = chance_one_in(c, 6) ? chance(c, 3) : -1;
}

static void wish_memory(Case *c, Slice *wish) {
        wish->memory.contiguous = chance_one_in(c, 3);
        wish->memory.page_kib = chance_one_in(c, 3) ? PAGE_KIB : chance_one_in(c, 6) ? 4 : 0;
        wish->memory.size = (uint64_t)(1 + chance(c, 4)) * MIB;
        if (wish->memory.page_kib == PAGE_KIB)
                wish->memory.size = (uint64_t)(1 + chance(c, 2)) * 2 * MIB;
        wish->memory.tier = (SliceTier)chance(c, _SLICE_TIER_MAX);
        if (chance_one_in(c, 2))
                wish->memory.tier = SLICE_TIER_ANY;
        wish->memory.node = chance_one_in(c, 5) ? chance(c, 3) : -1;
}

static void wish_function(Case *c, Slice *wish, int n) {
        g_autofree char *name = g_strdup_printf("f%d", n);
        SliceFunction *function = slice_function_new(name);
        const Host *host = &c->host;

        if (chance_one_in(c, 4))
                function->class_name = g_strdup(!chance_one_in(c, 4) ? "sriov" : "mdev");
        if (chance_one_in(c, 10))
                function->type = g_strdup(chance_one_in(c, 2) ? "t1" : "t2");
        if (host->n_devices > 0 && chance_one_in(c, 4))
                function->parent = g_strdup(host->devices[chance(c, host->n_devices)].name);
        if (chance_one_in(c, 8))
                function->pool = g_strdup(!chance_one_in(c, 4) ? "default" : "other");
        function->own_group = chance_one_in(c, 4);
        if (chance_one_in(c, 5))
                function->lanes = 1 + (unsigned)chance(c, 3);
        else if (chance_one_in(c, 5))
                function->bytes = 50u * (1 + (unsigned)chance(c, 4));
        if (chance_one_in(c, 4))
                function->min_mbit = 50u * (1 + (unsigned)chance(c, 4));
        g_ptr_array_add(wish->functions, function);
}

static void wish_offload(Case *c, Slice *wish, int n) {
        g_autofree char *name = g_strdup_printf("o%d", n);
        SliceOffload *offload = slice_offload_new(name);

        offload->cores = 1 + (unsigned)chance(c, 2);
        offload->memory_mib = chance_one_in(c, 3) ? 1 : 0;
        if (chance_one_in(c, 3))
                offload->pool = g_strdup(chance_one_in(c, 2) ? "dpu0" : "dpu1");
        g_ptr_array_add(wish->offloads, offload);
}

Slice *wish_make(Case *c) {
        Slice *wish = slice_new();
        bool functions_only = chance_one_in(c, 4);
        int n_functions = functions_only        ? 2 + chance(c, 3)
                          : chance_one_in(c, 2) ? 0
                                                : 1 + chance(c, 3);

        wish->priority = chance_one_in(c, 2) ? SLICE_BEST_EFFORT : SLICE_GUARANTEED;
        wish->together = !chance_one_in(c, 3) ? SLICE_TOGETHER_ANY
                                              : (SliceTogether)(1 + chance(c, 2));
        if (chance_one_in(c, 3))
                wish->apart = g_strdup(chance_one_in(c, 2) ? "a" : "b");
        if (!functions_only && !chance_one_in(c, 3))
                wish_cores(c, wish);
        if (!functions_only && chance_one_in(c, 3))
                wish_memory(c, wish);
        for (int i = 0; i < n_functions; i++)
                wish_function(c, wish, i);
        for (int i = 0; i < c->host.n_offloads && chance_one_in(c, 2); i++)
                wish_offload(c, wish, i);
        if (c->host.key >= 0 && chance_one_in(c, 4))
                g_ptr_array_add(wish->keys, slice_key_new("sev", 1));
        if (c->host.shares && chance_one_in(c, 4)) {
                wish->cache_ways = 1 + (unsigned)chance(c, 6);
                wish->memory_bandwidth = 5u * (unsigned)chance(c, 10);
        }
        return wish;
}

/* A wish that differs a little. */
Slice *wish_change(Case *c, const Slice *wish) {
        Slice *changed = slice_copy(wish);

        if (changed->cores.count > 0 && chance_one_in(c, 2))
                changed->cores.count = 1 + (unsigned)chance(c, 4);
        if (changed->memory.size > 0 && chance_one_in(c, 2))
                wish_memory(c, changed);
        if (changed->functions->len > 0 && chance_one_in(c, 3))
                g_ptr_array_remove_index(changed->functions, 0);
        if (changed->functions->len < 4 && chance_one_in(c, 2))
                wish_function(c, changed, 7);
        if (changed->offloads->len < 3 && changed->offloads->len > 0 && chance_one_in(c, 2))
                wish_offload(c, changed, 7);
        return changed;
}

bool wish_was_changed(const Slice *wish) {
        return slice_find_function(wish, "f7") || slice_find_offload(wish, "o7");
}
