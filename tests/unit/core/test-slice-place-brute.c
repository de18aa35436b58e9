/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* slice_place() against an allocator that tries everything, on small hosts that
 * chance has made. Written from the rules in the headers alone: what a part may
 * be given is listed without a look at what is free, and each combination is
 * checked from the beginning. SLICE_SEED and SLICE_CASES choose others.
 */

#include "daemon/core/slice-place.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/core/made-up-map.h"
#include "xml/ferry-error.h"

#define CASES          2500u
#define ASKS_OF_A_CASE 12u
#define SLICES_MAX     6u
#define ITEMS_MAX      64
#define OPTIONS_MAX    256
#define PARTS_MAX      12
#define PAGE_KIB       2048u

/* Made-up hosts --------------------------------------------------------------------- */

typedef struct Core {
        int item, node;
        unsigned threads;
        bool isolated, reserved;
} Core;

typedef struct Memory {
        int item, node;
        bool huge, cxl;
} Memory;

typedef struct Link {
        int item, above; /* a link, -1 none */
        unsigned width;
} Link;

typedef struct Card {
        char name[16];
        int node, link, pf; /* -1 none */
} Card;

typedef struct Functions {
        int item, device, group;
        bool mdev;
        char type[8];
        unsigned foreign;
} Functions;

typedef struct Offload {
        char name[8];
        int device, cores, memory;
} Offload;

typedef struct Host {
        ResourceMap *map;
        char ids[ITEMS_MAX][40];
        uint64_t totals[ITEMS_MAX];
        int n_items, n_nodes, n_cores, n_memories, n_links, n_devices, n_pools, n_offloads;
        Core cores[4];
        Memory memories[8];
        Link links[8];
        Card devices[5];
        Functions pools[7];
        Offload offloads[3];
        int cxl_node, region, key; /* -1 none */
        int loose_region;
        uint64_t loose_size;
        bool shares;
} Host;

/* A slice of that host, as the test keeps it. */
typedef struct Owner {
        char name[8];
        Slice *wish;
        GPtrArray *grants; /* NULL: it is none */
} Owner;

typedef struct Case {
        GRand *rand;
        Host host;
        Owner owners[SLICES_MAX]; /* the oldest first */
        unsigned n_owners;
        unsigned n_placed, n_refused, n_preempted, n_kept;
} Case;

static int chance(Case *c, int limit) {
        return g_rand_int_range(c->rand, 0, limit);
}

static bool one_in(Case *c, int n) {
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

static int find_item(const Host *host, const char *id) {
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

                *core = (Core){ .node = node, .threads = threads, .isolated = one_in(c, 6) };
                core->reserved = host->n_cores == 0 && one_in(c, 4);
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
        link->width = one_in(c, 8) ? 0 : 1u << chance(c, 3);
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
        pool->foreign = one_in(c, 8) ? 1 : 0;
        pool->item = add_item(host, total - MIN(total, pool->foreign), "%s", id);
        if (!type && one_in(c, 4)) {
                pool->group = 0;
                map_tell(host->map, id, "shared-group", "5");
        }
}

static void add_card(Case *c, int n) {
        Host *host = &c->host;
        int node = chance(c, host->n_nodes + 1) - 1, link = -1, device;
        unsigned vfs = 1 + (unsigned)chance(c, 3), mbit = (unsigned)chance(c, 4) * 100;
        g_autofree char *name = g_strdup_printf("pf%d", n), *parent = NULL, *id = NULL;

        if (node >= 0 && !one_in(c, 4)) {
                int port = host->n_links > 0 && one_in(c, 2) ? chance(c, host->n_links) : -1;

                /* a link of the other node makes this a device of that node */
                for (int i = 0; port >= 0 && i < host->n_devices; i++)
                        if (host->devices[i].link == port)
                                node = host->devices[i].node;
                link = port >= 0 && one_in(c, 2) ? port : -1;
                for (int i = 0; link < 0 && port >= 0 && i < host->n_links; i++)
                        if (host->links[i].above == port)
                                port = -1; /* one level below a shared port is enough */
                if (link < 0)
                        link = add_link(c, node, port);
        }
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

static void make_host(Case *c) {
        Host *host = &c->host;
        int n_cards = 4 - chance(c, 15) / 3;

        *host = (Host){ .map = resource_map_new(),
                        .cxl_node = -1,
                        .region = -1,
                        .key = -1,
                        .loose_region = -1 };
        host->n_nodes = 1 + chance(c, 2);
        for (int i = 0; i < host->n_nodes; i++)
                add_node(c, i, 1 + chance(c, 2));
        if (one_in(c, 3))
                add_cxl(c);
        if (one_in(c, 4)) {
                host->loose_size = (uint64_t)(1 + chance(c, 3)) * MIB;
                map_add_region(host->map, "region1", -1, host->loose_size, false);
                host->loose_region = add_item(host, host->loose_size, "cxl:region1");
        }
        for (int i = 0; i < n_cards; i++)
                add_card(c, i);
        if (one_in(c, 3))
                add_mtty(c);
        for (int i = 0; host->n_devices > 0 && i < 3 && i == host->n_offloads; i++)
                add_offload(c, i);
        if (one_in(c, 3)) {
                map_add_key(host->map, "sev", 2);
                host->key = add_item(host, 2, "key:sev");
        }
        host->shares = one_in(c, 3);
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

static Capacity *read_capacity(Case *c) {
        CapacityReserve reserve = { .cpus = c->host.cores[0].reserved ? "0" : NULL };

        return capacity_new(c->host.map, &reserve, count_foreign, &c->host);
}

/* Wishes ---------------------------------------------------------------------------- */

static void wish_cores(Case *c, Slice *wish) {
        wish->cores.exclusive = one_in(c, 3);
        wish->cores.count = 1 + (unsigned)chance(c, wish->cores.exclusive ? 2 : 4);
        wish->cores.share = wish->cores.exclusive ? 1000 : 250u * (1 + (unsigned)chance(c, 4));
        wish->cores.node = one_in(c, 6) ? chance(c, 3) : -1;
}

static void wish_memory(Case *c, Slice *wish) {
        wish->memory.contiguous = one_in(c, 3);
        wish->memory.page_kib = one_in(c, 3) ? PAGE_KIB : one_in(c, 6) ? 4 : 0;
        wish->memory.size = (uint64_t)(1 + chance(c, 4)) * MIB;
        if (wish->memory.page_kib == PAGE_KIB)
                wish->memory.size = (uint64_t)(1 + chance(c, 2)) * 2 * MIB;
        wish->memory.tier = (SliceTier)chance(c, _SLICE_TIER_MAX);
        if (one_in(c, 2))
                wish->memory.tier = SLICE_TIER_ANY;
        wish->memory.node = one_in(c, 5) ? chance(c, 3) : -1;
}

static void wish_function(Case *c, Slice *wish, int n) {
        g_autofree char *name = g_strdup_printf("f%d", n);
        SliceFunction *function = slice_function_new(name);
        const Host *host = &c->host;

        if (one_in(c, 4))
                function->class_name = g_strdup(!one_in(c, 4) ? "sriov" : "mdev");
        if (one_in(c, 10))
                function->type = g_strdup(one_in(c, 2) ? "t1" : "t2");
        if (host->n_devices > 0 && one_in(c, 4))
                function->parent = g_strdup(host->devices[chance(c, host->n_devices)].name);
        if (one_in(c, 8))
                function->pool = g_strdup(!one_in(c, 4) ? "default" : "other");
        function->own_group = one_in(c, 4);
        if (one_in(c, 5))
                function->lanes = 1 + (unsigned)chance(c, 3);
        else if (one_in(c, 5))
                function->bytes = 50u * (1 + (unsigned)chance(c, 4));
        if (one_in(c, 4))
                function->min_mbit = 50u * (1 + (unsigned)chance(c, 4));
        g_ptr_array_add(wish->functions, function);
}

static void wish_offload(Case *c, Slice *wish, int n) {
        g_autofree char *name = g_strdup_printf("o%d", n);
        SliceOffload *offload = slice_offload_new(name);

        offload->cores = 1 + (unsigned)chance(c, 2);
        offload->memory_mib = one_in(c, 3) ? 1 : 0;
        if (one_in(c, 3))
                offload->pool = g_strdup(one_in(c, 2) ? "dpu0" : "dpu1");
        g_ptr_array_add(wish->offloads, offload);
}

static Slice *make_wish(Case *c) {
        Slice *wish = slice_new();
        bool functions_only = one_in(c, 4);
        int n_functions = functions_only ? 2 + chance(c, 3) : one_in(c, 2) ? 0 : 1 + chance(c, 3);

        wish->priority = one_in(c, 2) ? SLICE_BEST_EFFORT : SLICE_GUARANTEED;
        wish->together = !one_in(c, 3) ? SLICE_TOGETHER_ANY : (SliceTogether)(1 + chance(c, 2));
        if (one_in(c, 3))
                wish->apart = g_strdup(one_in(c, 2) ? "a" : "b");
        if (!functions_only && !one_in(c, 3))
                wish_cores(c, wish);
        if (!functions_only && one_in(c, 3))
                wish_memory(c, wish);
        for (int i = 0; i < n_functions; i++)
                wish_function(c, wish, i);
        for (int i = 0; i < c->host.n_offloads && one_in(c, 2); i++)
                wish_offload(c, wish, i);
        if (c->host.key >= 0 && one_in(c, 4))
                g_ptr_array_add(wish->keys, slice_key_new("sev", 1));
        if (c->host.shares && one_in(c, 4)) {
                wish->cache_ways = 1 + (unsigned)chance(c, 6);
                wish->memory_bandwidth = 5u * (unsigned)chance(c, 10);
        }
        return wish;
}

/* What a part could be given -------------------------------------------------------- */

typedef struct Option {
        int items[ITEMS_MAX / 4];
        uint64_t amounts[ITEMS_MAX / 4];
        int n;
        int node;                /* whose CPUs are nearest; -1 none, -2 several */
        int root, pool, offload; /* -1 none */
        bool own_group;
} Option;

typedef struct Part {
        const char *name;
        bool tied; /* to others, where they are to be together */
        Option *options;
        int n_options;
} Part;

typedef struct Parts {
        Part parts[PARTS_MAX];
        int n;
} Parts;

static Option *add_option(Part *part) {
        g_assert_cmpint(part->n_options, <, OPTIONS_MAX);
        part->options[part->n_options] =
                (Option){ .node = -1, .root = -1, .pool = -1, .offload = -1 };
        return &part->options[part->n_options++];
}

static void option_give(Option *option, int item, uint64_t amount) {
        if (amount == 0)
                return;
        g_assert_cmpint(option->n, <, (int)G_N_ELEMENTS(option->items));
        option->items[option->n] = item;
        option->amounts[option->n++] = amount;
}

static Part *add_part(Parts *parts, const char *name, bool tied) {
        Part *part = &parts->parts[parts->n++];

        g_assert_cmpint(parts->n, <=, PARTS_MAX);
        *part = (Part){ name, tied, g_new(Option, OPTIONS_MAX), 0 };
        return part;
}

static void parts_done(Parts *parts) {
        for (int i = 0; i < parts->n; i++)
                g_free(parts->parts[i].options);
        parts->n = 0;
}

static int home_of(const Host *host, int node) {
        return node == host->cxl_node ? 0 : node;
}

/* All ways to have `counts` of the cores, from `core` on. */
static void list_cores(const Host *host, const Slice *wish, Part *part, unsigned *counts, int core,
                       unsigned left) {
        bool exclusive = wish->cores.exclusive;
        Option *option;

        if (core < host->n_cores) {
                const Core *at = &host->cores[core];
                bool barred = at->reserved || (at->isolated && !exclusive) ||
                              (wish->cores.node >= 0 && at->node != wish->cores.node);
                unsigned most = barred ? 0 : exclusive ? MIN(left, 1) : left;

                for (counts[core] = 0; counts[core] <= most; counts[core]++)
                        list_cores(host, wish, part, counts, core + 1, left - counts[core]);
                return;
        }
        if (left > 0)
                return;

        option = add_option(part);
        for (int i = 0; i < host->n_cores; i++) {
                if (counts[i] == 0)
                        continue;
                option->node = option->node == -1 || option->node == host->cores[i].node
                                       ? host->cores[i].node
                                       : -2;
                option_give(option, host->cores[i].item,
                            exclusive ? host->cores[i].threads * UINT64_C(1000)
                                      : (uint64_t)counts[i] * wish->cores.share);
        }
}

static bool page_fits(const SliceMemory *wish, const Memory *memory) {
        if (wish->contiguous)
                return memory->huge && wish->size <= 2 * MIB &&
                       (wish->page_kib == 0 || wish->page_kib == PAGE_KIB);
        return memory->huge == (wish->page_kib == PAGE_KIB);
}

static void list_memory(const Host *host, const Slice *slice, Part *part) {
        const SliceMemory *wish = &slice->memory;
        bool region = wish->contiguous && wish->page_kib == 0 && wish->tier != SLICE_TIER_LOCAL;

        for (int i = 0; i < host->n_memories; i++) {
                const Memory *memory = &host->memories[i];
                uint64_t amount = wish->size;
                Option *option;

                if (!page_fits(wish, memory) || (wish->node >= 0 && wish->node != memory->node) ||
                    (wish->tier == SLICE_TIER_CXL && !memory->cxl) ||
                    (wish->tier == SLICE_TIER_LOCAL && memory->cxl))
                        continue;
                if (memory->huge)
                        amount = (amount + 2 * MIB - 1) / (2 * MIB) * (2 * MIB);
                option = add_option(part);
                option->node = home_of(host, memory->node);
                option_give(option, memory->item, amount);
        }
        if (region && host->region >= 0 && wish->size <= host->totals[host->region] &&
            (wish->node < 0 || wish->node == host->cxl_node)) {
                Option *option = add_option(part);

                option->node = 0;
                option_give(option, host->region, host->totals[host->region]);
                option_give(option, host->memories[host->n_memories - 1].item,
                            host->totals[host->region]);
        }
        if (region && host->loose_region >= 0 && wish->size <= host->loose_size && wish->node < 0)
                option_give(add_option(part), host->loose_region, host->loose_size);
}

static bool says(const char *wanted, const char *is) {
        return !wanted || g_str_equal(wanted, is);
}

static void list_functions(const Host *host, const SliceFunction *wish, Part *part) {
        for (int i = 0; i < host->n_pools; i++) {
                const Functions *pool = &host->pools[i];
                const Card *device = &host->devices[pool->device];
                bool linked = wish->lanes > 0 || wish->bytes > 0, possible = true;
                Option option = { .node = device->node,
                                  .pool = i,
                                  .offload = -1,
                                  .root = 100 + pool->device,
                                  .own_group = wish->own_group };

                if (!says(wish->class_name, pool->mdev ? "mdev" : "sriov") ||
                    !says(wish->type, pool->type) || !says(wish->pool, "default") ||
                    !says(wish->parent, device->name) || (wish->min_mbit > 0 && pool->mdev) ||
                    (linked && device->link < 0))
                        continue;
                option_give(&option, pool->item, 1);
                if (wish->min_mbit > 0)
                        option_give(&option, device->pf, wish->min_mbit);
                for (int link = device->link; link >= 0; link = host->links[link].above) {
                        option.root = link;
                        possible = possible && (!linked || host->links[link].width > 0) &&
                                   wish->lanes <= host->links[link].width + (linked ? 0 : 99);
                        option_give(&option, host->links[link].item,
                                    wish->lanes > 0 ? wish->lanes * UINT64_C(100) : wish->bytes);
                }
                if (possible)
                        *add_option(part) = option;
        }
}

static void list_offloads(const Host *host, const SliceOffload *wish, Part *part) {
        for (int i = 0; i < host->n_offloads; i++) {
                Option *option;

                if (!says(wish->pool, host->offloads[i].name) ||
                    (wish->memory_mib > 0 && host->offloads[i].memory < 0))
                        continue;
                option = add_option(part);
                option->offload = i;
                option_give(option, host->offloads[i].cores, wish->cores);
                option_give(option, host->offloads[i].memory, wish->memory_mib * MIB);
        }
}

static void list_share(const Host *host, const Slice *wish, Part *part) {
        Option *option = add_option(part);
        unsigned percent = MAX(wish->memory_bandwidth, 10);

        if (wish->cache_ways > 0) {
                option_give(option, find_item(host, "cache:groups"), 1);
                option_give(option, find_item(host, "cache:ways"), wish->cache_ways);
        }
        if (wish->memory_bandwidth > 0) {
                option_give(option, find_item(host, "bandwidth:groups"), 1);
                option_give(option, find_item(host, "bandwidth:percent"), (percent + 9) / 10 * 10);
        }
}

static void list_parts(const Host *host, const Slice *wish, Parts *parts) {
        unsigned counts[4] = { 0 };

        parts->n = 0;
        if (wish->cores.count > 0)
                list_cores(host, wish, add_part(parts, "cores", true), counts, 0,
                           wish->cores.count);
        if (wish->memory.size > 0)
                list_memory(host, wish, add_part(parts, "memory", true));
        for (guint i = 0; i < wish->functions->len; i++) {
                const SliceFunction *function = wish->functions->pdata[i];

                list_functions(host, function, add_part(parts, function->name, true));
        }
        for (guint i = 0; i < wish->offloads->len; i++) {
                const SliceOffload *offload = wish->offloads->pdata[i];

                list_offloads(host, offload, add_part(parts, offload->name, false));
        }
        if (wish->keys->len > 0)
                option_give(add_option(add_part(parts, "key:sev", false)), host->key, 1);
        if (wish->cache_ways > 0 || wish->memory_bandwidth > 0)
                list_share(host, wish, add_part(parts, "share", false));
}

/* Whether a combination may be ------------------------------------------------------- */

typedef struct Others {
        uint64_t used[ITEMS_MAX];
        bool apart[5]; /* devices that the slice is to be apart from */
} Others;

static int device_of(const Host *host, int item) {
        for (int i = 0; i < host->n_pools; i++)
                if (host->pools[i].item == item)
                        return host->pools[i].device;
        for (int i = 0; i < host->n_offloads; i++)
                if (host->offloads[i].cores == item || host->offloads[i].memory == item)
                        return host->offloads[i].device;
        return -1;
}

/* Of all owners but those in the set `gone` and one more, -1 none. */
static void count_others(const Case *c, const Slice *wish, unsigned gone, int but, Others *ret) {
        *ret = (Others){ 0 };
        for (unsigned i = 0; i < c->n_owners; i++) {
                const Owner *owner = &c->owners[i];

                if ((gone & (1u << i)) || (int)i == but)
                        continue;
                for (guint n = 0; n < owner->grants->len; n++) {
                        const SliceGrant *grant = owner->grants->pdata[n];
                        int item = find_item(&c->host, grant->resource);
                        int device = device_of(&c->host, item);

                        ret->used[item] += grant->amount;
                        if (device >= 0 && wish->apart &&
                            g_strcmp0(owner->wish->apart, wish->apart) == 0)
                                ret->apart[device] = true;
                }
        }
}

static bool has_room(const Host *host, const Others *others, const Option **picks, int n) {
        uint64_t used[ITEMS_MAX];

        memcpy(used, others->used, sizeof(used));
        for (int i = 0; i < n; i++)
                for (int k = 0; k < picks[i]->n; k++)
                        used[picks[i]->items[k]] += picks[i]->amounts[k];
        for (int i = 0; i < n; i++)
                for (int k = 0; k < picks[i]->n; k++)
                        if (used[picks[i]->items[k]] > host->totals[picks[i]->items[k]])
                                return false;
        return true;
}

static bool group_is_others(const Host *host, const Others *others, int group) {
        for (int i = 0; i < host->n_pools; i++)
                if (host->pools[i].group == group &&
                    (others->used[host->pools[i].item] > 0 || host->pools[i].foreign > 0))
                        return true;
        return false;
}

static bool type_is_others(const Host *host, const Others *others, int pool) {
        for (int i = 0; host->pools[pool].mdev && i < host->n_pools; i++)
                if (i != pool && host->pools[i].device == host->pools[pool].device &&
                    (others->used[host->pools[i].item] > 0 || host->pools[i].foreign > 0))
                        return true;
        return false;
}

static bool is_alone_right(const Host *host, const Others *others, const Option *pick) {
        if (pick->pool >= 0) {
                const Functions *pool = &host->pools[pick->pool];

                return !others->apart[pool->device] && !type_is_others(host, others, pick->pool) &&
                       (pool->group < 0 || !group_is_others(host, others, pool->group));
        }
        return pick->offload < 0 || !others->apart[host->offloads[pick->offload].device];
}

static bool are_right_beside(const Host *host, const Slice *wish, const Option *a, const Option *b,
                             bool tied) {
        if (a->offload >= 0 && a->offload == b->offload)
                return false;
        if (a->pool >= 0 && b->pool >= 0) {
                const Functions *x = &host->pools[a->pool], *y = &host->pools[b->pool];

                if (x->group >= 0 && x->group == y->group && (a->own_group || b->own_group))
                        return false;
                if (x->mdev && y->mdev && x->device == y->device && x != y)
                        return false;
                if (wish->together == SLICE_TOGETHER_ROOT_PORT && a->root != b->root)
                        return false;
        }
        return !tied || wish->together == SLICE_TOGETHER_ANY || a->node == b->node;
}

static bool is_valid(const Host *host, const Slice *wish, const Others *others, const Parts *parts,
                     const Option **picks, int n) {
        for (int i = 0; i < n; i++) {
                if (!is_alone_right(host, others, picks[i]))
                        return false;
                if (wish->together != SLICE_TOGETHER_ANY && parts->parts[i].tied &&
                    picks[i]->node < 0)
                        return false;
                for (int k = 0; k < i; k++)
                        if (!are_right_beside(host, wish, picks[i], picks[k],
                                              parts->parts[i].tied && parts->parts[k].tied))
                                return false;
        }
        return has_room(host, others, picks, n);
}

static bool try_all(const Host *host, const Slice *wish, const Others *others, const Parts *parts,
                    const Option **picks, int n) {
        if (n == parts->n)
                return true;
        for (int i = 0; i < parts->parts[n].n_options; i++) {
                picks[n] = &parts->parts[n].options[i];
                if (is_valid(host, wish, others, parts, picks, n + 1) &&
                    try_all(host, wish, others, parts, picks, n + 1))
                        return true;
        }
        return false;
}

/* Without the owners in `gone`. */
static bool is_possible(const Case *c, const Slice *wish, const Parts *parts, unsigned gone,
                        int but) {
        const Option *picks[PARTS_MAX];
        Others others;

        count_others(c, wish, gone, but, &others);
        return try_all(&c->host, wish, &others, parts, picks, 0);
}

/* Of the same size, the set whose oldest is the youngest comes first. Owners are by age, so that is
 * the one that is larger as a number with its bits turned round. */
static bool comes_before(unsigned a, unsigned b) {
        if (__builtin_popcount(a) != __builtin_popcount(b))
                return __builtin_popcount(a) < __builtin_popcount(b);
        for (unsigned i = 0; i < SLICES_MAX; i++)
                if ((a ^ b) & (1u << i))
                        return b & (1u << i);
        return false;
}

/* The best set of slices that have to give way; -1 when there is none. */
static int find_way(const Case *c, const Slice *wish, const Parts *parts, int but) {
        unsigned best_effort = 0;
        int best = -1;

        for (unsigned i = 0; wish->priority != SLICE_BEST_EFFORT && i < c->n_owners; i++)
                if (c->owners[i].wish->priority == SLICE_BEST_EFFORT && (int)i != but)
                        best_effort |= 1u << i;
        for (unsigned gone = 0; gone < 1u << c->n_owners; gone++)
                if ((gone & ~best_effort) == 0 &&
                    (best < 0 || comes_before(gone, (unsigned)best)) &&
                    is_possible(c, wish, parts, gone, but))
                        best = (int)gone;
        return best;
}

/* Comparing ------------------------------------------------------------------------- */

static bool is_option(const Host *host, const Part *part, const Option *option,
                      const GPtrArray *grants) {
        int n = 0;

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];
                int item = find_item(host, grant->resource);
                bool found = false;

                if (!g_str_equal(grant->part, part->name))
                        continue;
                n++;
                for (int k = 0; k < option->n; k++)
                        found = found ||
                                (option->items[k] == item && option->amounts[k] == grant->amount);
                if (!found)
                        return false;
        }
        return n == option->n;
}

static const Option *find_option(const Host *host, const Part *part, const GPtrArray *grants) {
        for (int i = 0; i < part->n_options; i++)
                if (is_option(host, part, &part->options[i], grants))
                        return &part->options[i];
        return NULL;
}

static void assert_valid(const Case *c, const Slice *wish, const Parts *parts,
                         const GPtrArray *grants, unsigned gone, int but) {
        const Option *picks[PARTS_MAX];
        Others others;
        guint n = 0;

        for (int i = 0; i < parts->n; i++) {
                picks[i] = find_option(&c->host, &parts->parts[i], grants);
                g_assert_nonnull(picks[i]);
                n += (guint)picks[i]->n;
        }
        g_assert_cmpuint(n, ==, grants->len);
        count_others(c, wish, gone, but, &others);
        g_assert_true(is_valid(&c->host, wish, &others, parts, picks, parts->n));
}

static unsigned set_of(const Case *c, const GPtrArray *names) {
        unsigned set = 0;

        for (guint n = 0; n < names->len; n++)
                for (unsigned i = 0; i < c->n_owners; i++)
                        if (g_str_equal(c->owners[i].name, names->pdata[n]))
                                set |= 1u << i;
        g_assert_cmpint(__builtin_popcount(set), ==, (int)names->len);
        return set;
}

static Capacity *capacity_without(Case *c, int but) {
        Capacity *capacity = read_capacity(c);

        for (unsigned i = 0; i < c->n_owners; i++)
                if ((int)i != but)
                        capacity_take(capacity, c->owners[i].name, c->owners[i].wish->priority,
                                      c->owners[i].wish->apart, c->owners[i].grants);
        return capacity;
}

/* That what is had is kept, if it can be -------------------------------------------- */

static uint64_t amount_in(const Option *option, int item) {
        for (int i = 0; i < option->n; i++)
                if (option->items[i] == item)
                        return option->amounts[i];
        return 0;
}

static bool keeps(const Host *host, const Part *part, const Option *option,
                  const GPtrArray *present) {
        for (guint i = 0; i < present->len; i++) {
                const SliceGrant *grant = present->pdata[i];
                int item = find_item(host, grant->resource);
                bool counts = g_str_equal(part->name, "cores") ||
                              g_str_equal(part->name, "memory") || device_of(host, item) >= 0;

                if (counts && g_str_equal(grant->part, part->name) &&
                    amount_in(option, item) <
                            (g_str_equal(part->name, "cores") ? grant->amount : 1))
                        return false;
        }
        return true;
}

/* Takes away the options that give up something. */
static void keep_only(const Host *host, Parts *parts, const GPtrArray *present) {
        for (int i = 0; i < parts->n; i++) {
                Part *part = &parts->parts[i];
                int n = 0;

                for (int k = 0; k < part->n_options; k++)
                        if (keeps(host, part, &part->options[k], present))
                                part->options[n++] = part->options[k];
                part->n_options = n;
        }
}

static void assert_kept(Case *c, const Slice *wish, const GPtrArray *present,
                        const GPtrArray *grants, int but) {
        Parts parts;

        list_parts(&c->host, wish, &parts);
        keep_only(&c->host, &parts, present);
        if (is_possible(c, wish, &parts, 0, but)) {
                c->n_kept++;
                for (int i = 0; i < parts.n; i++)
                        g_assert_nonnull(find_option(&c->host, &parts.parts[i], grants));
        }
        parts_done(&parts);
}

/* Cases ----------------------------------------------------------------------------- */

static void drop(Case *c, unsigned n) {
        slice_free(c->owners[n].wish);
        g_ptr_array_unref(c->owners[n].grants);
        memmove(&c->owners[n], &c->owners[n + 1], (c->n_owners - n - 1) * sizeof(c->owners[0]));
        c->n_owners--;
}

static void drop_set(Case *c, unsigned set) {
        for (unsigned i = SLICES_MAX; i-- > 0;)
                if (set & (1u << i))
                        drop(c, i);
}

static void keep(Case *c, const char *name, Slice *taken_wish, const GPtrArray *grants) {
        Owner *owner = &c->owners[c->n_owners++];

        g_strlcpy(owner->name, name, sizeof(owner->name));
        owner->wish = taken_wish;
        owner->grants = slice_grants_copy(grants);
}

static void assert_refusal(const Case *c, const Slice *wish, const Parts *parts, int but,
                           const GError *error) {
        g_assert_true(g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES) ||
                      g_error_matches(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST));
        g_assert_cmpuint(strlen(error->message), >, 20);
}

/* One ask; `but` has what it has until now, -1: it is new. */
static void ask(Case *c, const char *name, Slice *taken_wish, int but) {
        g_autoptr(Slice) wish = taken_wish;
        g_autoptr(Capacity) capacity = capacity_without(c, but);
        g_autoptr(GError) error = NULL;
        const GPtrArray *present = but < 0 ? NULL : c->owners[but].grants;
        g_autoptr(SlicePlacement) placement = slice_place(capacity, wish, name, present, &error);
        Parts parts;
        int way;

        list_parts(&c->host, wish, &parts);
        way = find_way(c, wish, &parts, but);
        if (way < 0) {
                g_assert_null(placement);
                assert_refusal(c, wish, &parts, but, error);
                c->n_refused++;
                parts_done(&parts);
                return;
        }

        g_assert_no_error(error);
        g_assert_cmpuint(set_of(c, placement->preempted), ==, (unsigned)way);
        assert_valid(c, wish, &parts, placement->grants, (unsigned)way, but);
        parts_done(&parts);
        if (present && way == 0)
                assert_kept(c, wish, present, placement->grants, but);

        c->n_placed++;
        c->n_preempted += way != 0;
        drop_set(c, (unsigned)way | (but < 0 ? 0 : 1u << but));
        if (c->n_owners < SLICES_MAX)
                keep(c, name, g_steal_pointer(&wish), placement->grants);
}

/* A wish that differs a little. */
static Slice *change_wish(Case *c, const Slice *wish) {
        Slice *changed = slice_copy(wish);

        if (changed->cores.count > 0 && one_in(c, 2))
                changed->cores.count = 1 + (unsigned)chance(c, 4);
        if (changed->memory.size > 0 && one_in(c, 2))
                wish_memory(c, changed);
        if (changed->functions->len > 0 && one_in(c, 3))
                g_ptr_array_remove_index(changed->functions, 0);
        if (changed->functions->len < 4 && one_in(c, 2))
                wish_function(c, changed, 7);
        if (changed->offloads->len < 3 && changed->offloads->len > 0 && one_in(c, 2))
                wish_offload(c, changed, 7);
        return changed;
}

static bool was_changed(const Slice *wish) {
        return slice_find_function(wish, "f7") || slice_find_offload(wish, "o7");
}

static void run_case(Case *c) {
        make_host(c);
        for (unsigned i = 0; i < ASKS_OF_A_CASE; i++) {
                g_autofree char *name = g_strdup_printf("s%u", i);
                int n = c->n_owners > 0 ? chance(c, (int)c->n_owners) : -1;

                if (n >= 0 && one_in(c, 6))
                        drop(c, (unsigned)n);
                else if (n >= 0 && one_in(c, 3) && !was_changed(c->owners[n].wish))
                        ask(c, name, change_wish(c, c->owners[n].wish), n);
                else
                        ask(c, name, make_wish(c), -1);
        }
        while (c->n_owners > 0)
                drop(c, 0);
        resource_map_free(c->host.map);
}

static uint64_t number_of(const char *variable, uint64_t otherwise) {
        const char *text = g_getenv(variable);

        return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void test_brute(void) {
        uint64_t seed = number_of("SLICE_SEED", g_test_rand_int_range(0, G_MAXINT32));
        uint64_t cases = number_of("SLICE_CASES", CASES);
        Case c = { 0 };

        for (uint64_t i = 0; i < cases; i++) {
                g_test_message("SLICE_SEED=%" G_GUINT64_FORMAT " SLICE_CASES=1", seed + i);
                c.rand = g_rand_new_with_seed((guint32)(seed + i));
                run_case(&c);
                g_rand_free(c.rand);
        }
        g_test_message("placed %u, of these with preemption %u, refused %u, kept %u", c.n_placed,
                       c.n_preempted, c.n_refused, c.n_kept);
        g_assert_cmpuint(c.n_placed, >, 0);
        g_assert_true(cases < 100 || (c.n_refused > 0 && c.n_preempted > 0 && c.n_kept > 0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/slice-place/finds a placement whenever trying everything does",
                        test_brute);
        return g_test_run();
}
