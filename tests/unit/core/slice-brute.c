/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/slice-brute.h"

#include <string.h>

/* What a part could be given -------------------------------------------------------- */

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

void parts_done(Parts *parts) {
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
                option_give(option, host_find_item(host, "cache:groups"), 1);
                option_give(option, host_find_item(host, "cache:ways"), wish->cache_ways);
        }
        if (wish->memory_bandwidth > 0) {
                option_give(option, host_find_item(host, "bandwidth:groups"), 1);
                option_give(option, host_find_item(host, "bandwidth:percent"),
                            (percent + 9) / 10 * 10);
        }
}

void parts_list(const Host *host, const Slice *wish, Parts *parts) {
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

int host_device_of(const Host *host, int item) {
        for (int i = 0; i < host->n_pools; i++)
                if (host->pools[i].item == item)
                        return host->pools[i].device;
        for (int i = 0; i < host->n_offloads; i++)
                if (host->offloads[i].cores == item || host->offloads[i].memory == item)
                        return host->offloads[i].device;
        return -1;
}

static bool is_pool(const Host *host, int item) {
        for (int i = 0; i < host->n_pools; i++)
                if (host->pools[i].item == item)
                        return true;
        return false;
}

/* Of all owners but those in the set `gone` and one more, -1 none. */
void brute_count_others(const Case *c, const Slice *wish, unsigned gone, int but, Others *ret) {
        *ret = (Others){ 0 };
        for (unsigned i = 0; i < c->n_owners; i++) {
                const Owner *owner = &c->owners[i];

                if ((gone & (1u << i)) || (int)i == but)
                        continue;
                for (guint n = 0; n < owner->grants->len; n++) {
                        const SliceGrant *grant = owner->grants->pdata[n];
                        int item = host_find_item(&c->host, grant->resource);
                        int device = host_device_of(&c->host, item);

                        ret->used[item] += grant->amount;
                        if (c->host.limit >= 0 && is_pool(&c->host, item))
                                ret->used[c->host.limit] += grant->amount;
                        if (device >= 0 && wish->apart &&
                            g_strcmp0(owner->wish->apart, wish->apart) == 0)
                                ret->apart[device] = true;
                }
        }
}

static unsigned count_functions(const Option **picks, int n) {
        unsigned functions = 0;

        for (int i = 0; i < n; i++)
                functions += picks[i]->pool >= 0;
        return functions;
}

static bool has_room(const Host *host, const Others *others, const Option **picks, int n) {
        uint64_t used[ITEMS_MAX];

        if (host->limit >= 0 && count_functions(picks, n) > 0 &&
            others->used[host->limit] + count_functions(picks, n) > host->totals[host->limit])
                return false;

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

bool brute_is_valid(const Host *host, const Slice *wish, const Others *others, const Parts *parts,
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
                if (brute_is_valid(host, wish, others, parts, picks, n + 1) &&
                    try_all(host, wish, others, parts, picks, n + 1))
                        return true;
        }
        return false;
}

/* Without the owners in `gone`. */
bool brute_is_possible(const Case *c, const Slice *wish, const Parts *parts, unsigned gone,
                       int but) {
        const Option *picks[PARTS_MAX];
        Others others;

        brute_count_others(c, wish, gone, but, &others);
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
int brute_find_way(const Case *c, const Slice *wish, const Parts *parts, int but) {
        unsigned best_effort = 0;
        int best = -1;

        for (unsigned i = 0; wish->priority != SLICE_BEST_EFFORT && i < c->n_owners; i++)
                if (c->owners[i].wish->priority == SLICE_BEST_EFFORT && (int)i != but)
                        best_effort |= 1u << i;
        for (unsigned gone = 0; gone < 1u << c->n_owners; gone++)
                if ((gone & ~best_effort) == 0 &&
                    (best < 0 || comes_before(gone, (unsigned)best)) &&
                    brute_is_possible(c, wish, parts, gone, but))
                        best = (int)gone;
        return best;
}
