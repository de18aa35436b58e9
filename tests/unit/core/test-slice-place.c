/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place.h"

#include <inttypes.h>

#include "tests/unit/core/made-up-map.h"
#include "xml/ferry-error.h"

#define PF0  "0000:3b:00.0"
#define PF1  "0000:3b:00.1"
#define PF2  "0000:af:00.0"
#define PORT "link:0000:3a:00.0"

/* Two nodes: 4 cores of 2 threads, 8 GiB and 1 GiB of 2 MiB pages each. Node 0 has one card with
 * two PFs of 2 VFs and 10 Gbit/s, node 1 another with one. */
typedef struct Fixture {
        ResourceMap *map;
        CapacityReserve reserve;
        Capacity *capacity;
        Slice *slice;
        SlicePlacement *placement;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->slice = slice_new();
        f->map = resource_map_new();
        map_add_node(f->map, 0, 0, 4, 2, 8 * GIB);
        map_add_pages(f->map, 0, 2048, GIB);
        map_add_node(f->map, 1, 4, 4, 2, 8 * GIB);
        map_add_pages(f->map, 1, 2048, GIB);
        map_add_link(f->map, "node:0", "0000:3a:00.0", 8);
        map_add_pf(f->map, PORT, PF0, 2, 10000);
        map_add_pf(f->map, PORT, PF1, 2, 10000);
        map_add_link(f->map, "node:1", "0000:ae:00.0", 16);
        map_add_pf(f->map, "link:0000:ae:00.0", PF2, 2, 10000);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        slice_placement_free(f->placement);
        slice_free(f->slice);
        capacity_free(f->capacity);
        resource_map_free(f->map);
}

/* Asking ---------------------------------------------------------------------------- */

static void read_capacity(Fixture *f) {
        if (!f->capacity)
                f->capacity = capacity_new(f->map, &f->reserve, NULL, NULL);
}

static void ask_anew(Fixture *f) {
        slice_free(f->slice);
        f->slice = slice_new();
}

static void ask_cores(Fixture *f, unsigned count, unsigned share) {
        f->slice->cores.count = count;
        f->slice->cores.exclusive = share == 0;
        f->slice->cores.share = share ?: SLICE_SHARE_FULL;
}

static void ask_memory(Fixture *f, uint64_t size, uint64_t page_kib) {
        f->slice->memory.size = size;
        f->slice->memory.page_kib = page_kib;
}

static SliceFunction *ask_function(Fixture *f, const char *name) {
        SliceFunction *function = slice_function_new(name);

        g_ptr_array_add(f->slice->functions, function);
        return function;
}

static SliceOffload *ask_offload(Fixture *f, const char *name, const char *pool, unsigned cores) {
        SliceOffload *offload = slice_offload_new(name);

        offload->pool = g_strdup(pool);
        offload->cores = cores;
        g_ptr_array_add(f->slice->offloads, offload);
        return offload;
}

/* Answers --------------------------------------------------------------------------- */

static char *grants_to_text(const GPtrArray *grants) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                g_string_append_printf(text, "%s %s %" PRIu64 "\n", grant->part, grant->resource,
                                       grant->amount);
        }
        return g_string_free(text, FALSE);
}

static void place_with(Fixture *f, const GPtrArray *present) {
        g_autoptr(GPtrArray) copy = present ? slice_grants_copy(present) : NULL;
        g_autoptr(GError) error = NULL;

        read_capacity(f);
        g_clear_pointer(&f->placement, slice_placement_free);
        f->placement = slice_place(f->capacity, f->slice, "mine", copy, &error);
        g_assert_no_error(error);
        g_assert_nonnull(f->placement);
}

static void assert_placed(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;

        place_with(f, NULL);
        text = grants_to_text(f->placement->grants);
        g_assert_cmpstr(text, ==, expected);
}

/* The same with what it got last time. */
static void assert_changed(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;

        place_with(f, f->placement->grants);
        text = grants_to_text(f->placement->grants);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_refused(Fixture *f, FerryError code, const char *message) {
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(GError) error = NULL;

        read_capacity(f);
        placement = slice_place(f->capacity, f->slice, "mine", NULL, &error);
        g_assert_null(placement);
        g_assert_error(error, FERRY_ERROR, (int)code);
        g_assert_cmpstr(error->message, ==, message);
}

/* What is asked for goes to that slice; then nothing is asked for. */
static void give(Fixture *f, const char *name) {
        place_with(f, NULL);
        g_assert_cmpuint(f->placement->preempted->len, ==, 0);
        capacity_take(f->capacity, name, f->slice->priority, f->slice->apart, f->placement->grants);
        ask_anew(f);
}

static void give_cores(Fixture *f, const char *name, unsigned count, int node) {
        ask_cores(f, count, 0);
        f->slice->cores.node = node;
        give(f, name);
}

static void give_best_effort(Fixture *f, const char *name, unsigned cores, int node) {
        f->slice->priority = SLICE_BEST_EFFORT;
        give_cores(f, name, cores, node);
}

static void assert_preempted(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;

        place_with(f, NULL);
        g_ptr_array_add(f->placement->preempted, NULL);
        text = g_strjoinv(",", (char **)f->placement->preempted->pdata);
        g_ptr_array_set_size(f->placement->preempted, (int)f->placement->preempted->len - 1);
        g_assert_cmpstr(text, ==, expected);
}

/* Cores ----------------------------------------------------------------------------- */

static void test_nothing(Fixture *f, gconstpointer unused) {
        assert_placed(f, "");
}

static void test_fullest_node(Fixture *f, gconstpointer unused) {
        give_cores(f, "db1", 1, 1);
        ask_cores(f, 2, 0);
        assert_placed(f, "cores core:5 2000\ncores core:6 2000\n");
        ask_cores(f, 4, 0);
        assert_placed(f, "cores core:0 2000\ncores core:1 2000\ncores core:2 2000\n"
                         "cores core:3 2000\n");
}

static void test_spread(Fixture *f, gconstpointer unused) {
        give_cores(f, "db1", 3, 0);
        give_cores(f, "db2", 3, 1);
        ask_cores(f, 2, 0);
        assert_placed(f, "cores core:3 2000\ncores core:7 2000\n");
}

static void test_shared_is_not_exclusive(Fixture *f, gconstpointer unused) {
        ask_cores(f, 1, 100);
        f->slice->cores.node = 0;
        give(f, "small");
        ask_cores(f, 4, 0);
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "Node 0 has 3 free cores of the 4 that are asked for exclusively; 'small' "
                       "holds most of the rest (1 core)");
}

static void test_shared_cores(Fixture *f, gconstpointer unused) {
        ask_cores(f, 3, 500);
        f->slice->cores.node = 0;
        assert_placed(f, "cores core:0 1000\ncores core:1 500\n");
        give(f, "small");
        ask_cores(f, 1, 500);
        assert_placed(f, "cores core:0 500\n");
}

static void test_one_vcpu_a_cpu(Fixture *f, gconstpointer unused) {
        ask_cores(f, 8, 100);
        f->slice->cores.node = 0;
        assert_placed(f, "cores core:0 200\ncores core:1 200\ncores core:2 200\n"
                         "cores core:3 200\n");
        ask_cores(f, 20, 100);
        f->slice->cores.node = 0;
        assert_placed(f, "cores core:0 1400\ncores core:1 200\ncores core:2 200\n"
                         "cores core:3 200\n");
}

static void test_spread_before_doubling(Fixture *f, gconstpointer unused) {
        ask_cores(f, 10, 100);
        assert_placed(f, "cores core:0 200\ncores core:1 200\ncores core:2 200\n"
                         "cores core:3 200\ncores core:4 200\n");
}

static void test_isolated(Fixture *f, gconstpointer unused) {
        map_tell(f->map, "core:2", "isolated", "yes");
        ask_cores(f, 1, 0);
        f->slice->cores.node = 0;
        assert_placed(f, "cores core:2 2000\n");
        ask_cores(f, 8, 1000);
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Node 0 has room for 6 of the 8 CPUs that are asked for, with 1000 "
                       "thousandths each");
}

static void test_reserved(Fixture *f, gconstpointer unused) {
        f->reserve.cpus = "0-1";
        ask_cores(f, 1, 100);
        f->slice->cores.node = 0;
        assert_placed(f, "cores core:2 100\n");
        ask_cores(f, 3, 0);
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Node 0 has 2 cores of the 3 that are asked for exclusively");
}

static void test_no_such_node(Fixture *f, gconstpointer unused) {
        ask_cores(f, 1, 0);
        f->slice->cores.node = 7;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "This host has no node 7, on which cores are asked for");
}

/* Memory ---------------------------------------------------------------------------- */

static void test_fullest_memory(Fixture *f, gconstpointer unused) {
        ask_memory(f, GIB, 0);
        f->slice->memory.node = 1;
        give(f, "db1");
        ask_memory(f, 2 * GIB, 0);
        assert_placed(f, "memory memory:1 2147483648\n");
        ask_memory(f, 8 * GIB, 0);
        assert_placed(f, "memory memory:0 8589934592\n");
        ask_memory(f, 8 * GIB, 0);
        f->slice->memory.node = 1;
        assert_refused(
                f, FERRY_ERROR_NO_RESOURCES,
                "Memory of node 1 has 7 GiB left of the 8 GiB that are asked for; 'db1' holds most "
                "of the rest (1 GiB)");
}

static void test_pages(Fixture *f, gconstpointer unused) {
        ask_memory(f, 3 * MIB, 2048);
        assert_placed(f, "memory memory:0/2048KiB 4194304\n");
        ask_memory(f, 2 * MIB, 4);
        assert_placed(f, "memory memory:0 2097152\n");
        ask_memory(f, GIB, 1048576);
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "There is no memory with pages of 1048576 KiB on this host");
}

static void test_contiguous_page(Fixture *f, gconstpointer unused) {
        map_add_pages(f->map, 1, 1048576, 2 * GIB);
        ask_memory(f, MIB, 0);
        f->slice->memory.contiguous = true;
        assert_placed(f, "memory memory:0/2048KiB 2097152\n");
        ask_memory(f, 3 * MIB, 0);
        assert_placed(f, "memory memory:1/1048576KiB 1073741824\n");
        ask_memory(f, 2 * GIB, 0);
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "No huge page or CXL region that there is on this host is as large as the "
                       "2 GiB that are asked for in one piece");
}

static void add_cxl_node(Fixture *f) {
        map_add_node(f->map, 2, 0, 0, 0, 4 * GIB);
        map_add_region(f->map, "region0", 2, 4 * GIB, true);
        map_tell(f->map, "node:2", "distances", "30 20 10");
}

static void test_tiers(Fixture *f, gconstpointer unused) {
        add_cxl_node(f);
        ask_memory(f, GIB, 0);
        assert_placed(f, "memory memory:0 1073741824\n");
        f->slice->memory.tier = SLICE_TIER_CXL;
        assert_placed(f, "memory memory:2 1073741824\n");
        ask_cores(f, 1, 0);
        f->slice->together = SLICE_TOGETHER_NODE;
        assert_placed(f, "cores core:4 2000\nmemory memory:2 1073741824\n");
        f->slice->memory.tier = SLICE_TIER_LOCAL;
        f->slice->memory.node = 2;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST, "There is no memory on node 2");
}

static void test_region(Fixture *f, gconstpointer unused) {
        add_cxl_node(f);
        map_add_region(f->map, "region1", -1, 2 * GIB, false);
        ask_memory(f, 2 * GIB, 0);
        f->slice->memory.contiguous = true;
        assert_placed(f, "memory cxl:region1 2147483648\n");
        ask_memory(f, 3 * GIB, 0);
        assert_placed(f, "memory cxl:region0 4294967296\nmemory memory:2 4294967296\n");
        give(f, "db1");
        ask_memory(f, MIB, 0);
        f->slice->memory.tier = SLICE_TIER_CXL;
        assert_refused(
                f, FERRY_ERROR_NO_RESOURCES,
                "Memory of node 2 has 0 bytes left of the 1 MiB that are asked for; 'db1' holds "
                "most of the rest (4 GiB)");
}

static void test_region_in_use(Fixture *f, gconstpointer unused) {
        add_cxl_node(f);
        ask_memory(f, MIB, 0);
        f->slice->memory.node = 2;
        give(f, "db1");
        ask_memory(f, 3 * GIB, 0);
        f->slice->memory.contiguous = true;
        assert_refused(
                f, FERRY_ERROR_NO_RESOURCES,
                "Memory of node 2 has 3.999 GiB left of the 3 GiB that are asked for; 'db1' holds "
                "most of the rest (1 MiB)");
}

/* Which bytes of the node are of which region nobody can say. */
static void test_regions_of_a_node(Fixture *f, gconstpointer unused) {
        add_cxl_node(f);
        map_add_region(f->map, "region1", 2, 2 * GIB, true);
        ask_memory(f, GIB, 0);
        f->slice->memory.contiguous = true;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "No huge page or CXL region that there is on this host is as large as the "
                       "1 GiB that are asked for in one piece");
}

static void test_memory_is_near(Fixture *f, gconstpointer unused) {
        give_cores(f, "db1", 1, 1);
        ask_cores(f, 1, 0);
        ask_memory(f, GIB, 0);
        assert_placed(f, "cores core:5 2000\nmemory memory:1 1073741824\n");
        ask_function(f, "nic");
        assert_placed(f, "cores core:5 2000\nmemory memory:1 1073741824\n"
                         "nic vf-pool:" PF2 " 1\n");
}

/* Functions ------------------------------------------------------------------------- */

/* All of its VFs, to a slice of that name. */
static void give_pf(Fixture *f, const char *pf) {
        g_autoptr(GPtrArray) grants = slice_grants_new();
        g_autofree char *pool = g_strdup_printf("vf-pool:%s", pf);

        read_capacity(f);
        g_ptr_array_add(grants, slice_grant_new(pool, "nic", 2));
        capacity_take(f->capacity, pf, SLICE_GUARANTEED, NULL, grants);
}

static void test_fewest_left(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->parent = g_strdup(PF1);
        give(f, "db1");
        ask_function(f, "nic");
        assert_placed(f, "nic vf-pool:" PF1 " 1\n");
        ask_function(f, "nic2");
        assert_placed(f, "nic vf-pool:" PF1 " 1\nnic2 vf-pool:" PF0 " 1\n");
}

static void test_rates(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->min_mbit = 6000;
        ask_function(f, "nic2")->min_mbit = 6000;
        assert_placed(f, "nic vf-pool:" PF0 " 1\nnic pf:" PF0 " 6000\n"
                         "nic2 vf-pool:" PF1 " 1\nnic2 pf:" PF1 " 6000\n");
        ask_function(f, "nic3")->min_mbit = 6000;
        give(f, "db1");
        ask_function(f, "nic")->min_mbit = 6000;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF0 ", which comes nearest, has 4000 Mbit/s left of the 6000 Mbit/s "
                       "that are asked for, for function 'nic'; 'db1' holds most of the rest "
                       "(6000 Mbit/s)");
}

static void test_no_vf_left(Fixture *f, gconstpointer unused) {
        ask_function(f, "a")->parent = g_strdup(PF2);
        ask_function(f, "b")->parent = g_strdup(PF2);
        give(f, "db1");
        ask_function(f, "nic")->parent = g_strdup(PF2);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF2 " has no VF left, for function 'nic'; 'db1' holds most of the "
                       "rest (2 VFs)");
}

static void test_lanes(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->lanes = 6;
        ask_function(f, "nic2")->lanes = 6;
        assert_placed(f, "nic vf-pool:" PF0 " 1\nnic " PORT " 600\n"
                         "nic2 vf-pool:" PF2 " 1\nnic2 link:0000:ae:00.0 600\n");
        f->slice->together = SLICE_TOGETHER_ROOT_PORT;
        assert_placed(f, "nic vf-pool:" PF2 " 1\nnic link:0000:ae:00.0 600\n"
                         "nic2 vf-pool:" PF2 " 1\nnic2 link:0000:ae:00.0 600\n");
        ask_function(f, "nic3")->lanes = 6;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "No node has room for what is asked for together; on node 0, which comes "
                       "nearest: PF " PF0 ", which comes nearest, is below " PORT
                       ", which has 200 bytes/s left, too little for the 6 lanes that are asked "
                       "for, for function 'nic2'");
}

static void test_chain(Fixture *f, gconstpointer unused) {
        map_add_link(f->map, "node:0", "0000:10:00.0", 4);
        map_add_link(f->map, "link:0000:10:00.0", "0000:11:00.0", 4);
        map_add_link(f->map, "link:0000:10:00.0", "0000:12:00.0", 4);
        map_add_pf(f->map, "link:0000:11:00.0", "0000:13:00.0", 1, 0);
        map_add_pf(f->map, "link:0000:12:00.0", "0000:14:00.0", 1, 0);
        ask_function(f, "a")->bytes = 250;
        ((SliceFunction *)f->slice->functions->pdata[0])->parent = g_strdup("0000:13:00.0");
        assert_placed(f, "a vf-pool:0000:13:00.0 1\na link:0000:11:00.0 250\n"
                         "a link:0000:10:00.0 250\n");
        give(f, "db1");
        ask_function(f, "b")->bytes = 250;
        ((SliceFunction *)f->slice->functions->pdata[0])->parent = g_strdup("0000:14:00.0");
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF 0000:14:00.0 is below link:0000:10:00.0, which has 150 bytes/s left, "
                       "too little for the 250 bytes/s that are asked for, for function 'b'; 'db1' "
                       "holds most of the rest (250 bytes/s)");
}

static void test_mdev_types(Fixture *f, gconstpointer unused) {
        map_add_type(f->map, "host", "mtty", "mtty-1", 24);
        map_add_type(f->map, "host", "mtty", "mtty-2", 12);
        ask_function(f, "gpu")->type = g_strdup("mtty-2");
        assert_placed(f, "gpu mdev-type:mtty/mtty-2 1\n");
        give(f, "db1");
        ask_function(f, "gpu")->type = g_strdup("mtty-1");
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "mtty with mdevs of mtty-1 has instances of another type already, for "
                       "function 'gpu'");
}

static void test_shared_group(Fixture *f, gconstpointer unused) {
        map_tell(f->map, "vf-pool:" PF0, "shared-group", "7");
        map_tell(f->map, "vf-pool:" PF1, "shared-group", "7");
        ask_function(f, "a")->parent = g_strdup(PF0);
        ask_function(f, "b")->parent = g_strdup(PF1);
        assert_placed(f, "a vf-pool:" PF0 " 1\nb vf-pool:" PF1 " 1\n");
        ((SliceFunction *)f->slice->functions->pdata[0])->own_group = true;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "PF " PF1 " has one IOMMU group for several functions of the slice, for "
                       "function 'b'");
        g_ptr_array_set_size(f->slice->functions, 1);
        give(f, "db1");
        ask_function(f, "b")->parent = g_strdup(PF1);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF1 " has an IOMMU group that others have a function of, for "
                       "function 'b'");
}

/* Two PFs that differ only in what is left of their rate are not alike. */
static void test_unlike_rates(Fixture *f, gconstpointer unused) {
        map_add_pf(f->map, "host", "0000:01:00.0", 4, 300);
        map_add_pf(f->map, "host", "0000:02:00.0", 4, 190);
        ask_function(f, "big")->min_mbit = 150;
        for (int i = 0; i < 3; i++) {
                g_autofree char *name = g_strdup_printf("small%d", i);

                ask_function(f, name)->min_mbit = 100;
        }
        give_pf(f, PF0);
        give_pf(f, PF1);
        give_pf(f, PF2);
        assert_placed(f, "big vf-pool:0000:02:00.0 1\nbig pf:0000:02:00.0 150\n"
                         "small0 vf-pool:0000:01:00.0 1\nsmall0 pf:0000:01:00.0 100\n"
                         "small1 vf-pool:0000:01:00.0 1\nsmall1 pf:0000:01:00.0 100\n"
                         "small2 vf-pool:0000:01:00.0 1\nsmall2 pf:0000:01:00.0 100\n");
}

/* Nor are two of which one shares its link. */
static void test_unlike_links(Fixture *f, gconstpointer unused) {
        map_add_link(f->map, "node:0", "0000:10:00.0", 16);
        map_add_pf(f->map, "link:0000:10:00.0", "0000:11:00.0", 2, 10000);
        map_add_pf(f->map, "link:0000:10:00.0", "0000:11:00.1", 2, 10000);
        map_add_link(f->map, "node:1", "0000:20:00.0", 16);
        map_add_pf(f->map, "link:0000:20:00.0", "0000:21:00.0", 2, 10000);
        ask_function(f, "a")->lanes = 9;
        ask_function(f, "b")->lanes = 9;
        ((SliceFunction *)f->slice->functions->pdata[1])->parent = g_strdup("0000:11:00.1");
        give_pf(f, PF0);
        give_pf(f, PF1);
        give_pf(f, PF2);
        assert_placed(f, "a vf-pool:0000:21:00.0 1\na link:0000:20:00.0 900\n"
                         "b vf-pool:0000:11:00.1 1\nb link:0000:10:00.0 900\n");
}

/* Packing bins: twelve PFs, and rates that fill them but for a little, in countless ways. */
static void test_too_many_ways(Fixture *f, gconstpointer unused) {
        for (unsigned i = 0; i < 12; i++) {
                g_autofree char *pf = g_strdup_printf("0000:%02x:00.0", 0x40 + i);

                map_add_pf(f->map, "host", pf, 8, 1000 + 7 * i);
        }
        for (unsigned i = 0; i < 33; i++) {
                g_autofree char *name = g_strdup_printf("nic%u", i);
                SliceFunction *function = ask_function(f, name);

                function->min_mbit = 370 + i;
                function->class_name = g_strdup("sriov");
        }
        give_pf(f, PF0);
        give_pf(f, PF1);
        give_pf(f, PF2);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "The functions that are asked for can be placed in too many ways to try "
                       "them all: name the parent of some of them");
}

static void test_unknown_function(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->pool = g_strdup("fast");
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Nothing on this host makes what function 'nic' asks for: 'virt-ferry "
                       "resources' lists what there is");
}

static void test_apart(Fixture *f, gconstpointer unused) {
        map_add_offload(f->map, PF2, "dpu0", 4, 0, 0, 0);
        ask_offload(f, "dpu", NULL, 1);
        f->slice->apart = g_strdup("db");
        give(f, "db1");
        ask_function(f, "nic")->parent = g_strdup(PF2);
        assert_placed(f, "nic vf-pool:" PF2 " 1\n");
        f->slice->apart = g_strdup("db");
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF2 " has functions of a slice that is to be apart ('db'), for "
                       "function 'nic'");
}

/* Offloads, keys, shares ------------------------------------------------------------ */

static void test_offloads(Fixture *f, gconstpointer unused) {
        SliceOffload *offload;

        map_add_offload(f->map, PF0, "dpu0", 4, 64, 0, 0);
        map_add_offload(f->map, PF1, "dpu1", 8, 64, 100, 2);
        ask_offload(f, "a", NULL, 2);
        ask_offload(f, "b", "dpu0", 2)->memory_mib = 1;
        assert_placed(f, "a offload:dpu1/cores 2\nb offload:dpu0/cores 2\n"
                         "b offload:dpu0/memory 1048576\n");
        offload = f->slice->offloads->pdata[0];
        offload->cores = 9;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Offload device dpu1 has 8 cores of the 9 cores that 'a' asks for");
        offload->cores = 2;
        ask_offload(f, "c", NULL, 2);
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Offload device dpu0 is taken by another part of the slice, or by a slice "
                       "that is to be apart, so not for 'c'");
}

static void test_offloads_stay(Fixture *f, gconstpointer unused) {
        map_add_offload(f->map, PF0, "dpu0", 4, 64, 0, 0);
        map_add_offload(f->map, PF1, "dpu1", 4, 64, 0, 0);
        map_add_offload(f->map, PF2, "dpu2", 8, 0, 0, 0);
        ask_offload(f, "a", NULL, 1);
        assert_placed(f, "a offload:dpu0/cores 1\n");
        ask_offload(f, "b", NULL, 2);
        ask_offload(f, "c", NULL, 0)->memory_mib = 1;
        assert_changed(f, "a offload:dpu0/cores 1\nb offload:dpu2/cores 2\n"
                          "c offload:dpu1/memory 1048576\n");
}

static void test_no_offload(Fixture *f, gconstpointer unused) {
        ask_offload(f, "a", "dpu7", 2);
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "This host has no offload device dpu7 for 'a'");
}

static void test_keys(Fixture *f, gconstpointer unused) {
        map_add_key(f->map, "sev", 3);
        g_ptr_array_add(f->slice->keys, slice_key_new("sev", 2));
        assert_placed(f, "key:sev key:sev 2\n");
        give(f, "db1");
        g_ptr_array_add(f->slice->keys, slice_key_new("sev", 2));
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "This host has 1 left of the 2 sev keys that are asked for; 'db1' holds "
                       "most of the rest (2 keys)");
        ask_anew(f);
        g_ptr_array_add(f->slice->keys, slice_key_new("tdx", 1));
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST, "This host has no tdx keys");
}

static void test_share(Fixture *f, gconstpointer unused) {
        map_add_shares(f->map);
        f->slice->cache_ways = 6;
        f->slice->memory_bandwidth = 25;
        assert_placed(f, "share cache:groups 1\nshare cache:ways 6\nshare bandwidth:groups 1\n"
                         "share bandwidth:percent 30\n");
        give(f, "db1");
        f->slice->memory_bandwidth = 80;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "This host has 70% of its memory bandwidth left of the 80% that are asked "
                       "for; 'db1' holds most of the rest (30%)");
}

/* Together -------------------------------------------------------------------------- */

static void test_together(Fixture *f, gconstpointer unused) {
        give_cores(f, "db1", 3, 0);
        ask_cores(f, 1, 0);
        ask_memory(f, GIB, 0);
        ask_function(f, "nic")->parent = g_strdup(PF2);
        f->slice->together = SLICE_TOGETHER_NODE;
        assert_placed(f, "cores core:4 2000\nmemory memory:1 1073741824\n"
                         "nic vf-pool:" PF2 " 1\n");
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "No node has room for what is asked for together; on node 0, which comes "
                       "nearest: PF " PF2 " is not where the other parts are, for function 'nic'");
}

static void test_one_node_host(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->map, resource_map_free);
        f->map = resource_map_new();
        map_add_node(f->map, 0, 0, 2, 1, GIB);
        map_add_type(f->map, "host", "mtty", "mtty-1", 24);
        f->slice->together = SLICE_TOGETHER_ROOT_PORT;
        ask_cores(f, 1, 0);
        ask_function(f, "a");
        ask_function(f, "b");
        assert_placed(f, "cores core:0 1000\na mdev-type:mtty/mtty-1 1\n"
                         "b mdev-type:mtty/mtty-1 1\n");
}

/* Changes --------------------------------------------------------------------------- */

static void test_grow_and_shrink(Fixture *f, gconstpointer unused) {
        give_cores(f, "db1", 1, 0);
        ask_cores(f, 2, 0);
        ask_memory(f, GIB, 0);
        ask_function(f, "nic");
        assert_placed(f, "cores core:1 2000\ncores core:2 2000\nmemory memory:0 1073741824\n"
                         "nic vf-pool:" PF0 " 1\n");
        capacity_give_back(f->capacity, "db1");
        ask_cores(f, 3, 0);
        ask_memory(f, 2 * GIB, 0);
        ask_function(f, "nic2");
        assert_changed(f, "cores core:0 2000\ncores core:1 2000\ncores core:2 2000\n"
                          "memory memory:0 2147483648\n"
                          "nic vf-pool:" PF0 " 1\nnic2 vf-pool:" PF0 " 1\n");
        ask_cores(f, 6, 0);
        assert_changed(f, "cores core:0 2000\ncores core:1 2000\ncores core:2 2000\n"
                          "cores core:3 2000\ncores core:4 2000\ncores core:5 2000\n"
                          "memory memory:0 2147483648\n"
                          "nic vf-pool:" PF0 " 1\nnic2 vf-pool:" PF0 " 1\n");
        ask_cores(f, 1, 0);
        g_ptr_array_remove_index(f->slice->functions, 0);
        assert_changed(f, "cores core:0 2000\nmemory memory:0 2147483648\n"
                          "nic2 vf-pool:" PF0 " 1\n");
}

static void test_memory_comes_to_cores(Fixture *f, gconstpointer unused) {
        ask_cores(f, 1, 0);
        f->slice->cores.node = 1;
        place_with(f, NULL);
        f->slice->cores.node = -1;
        ask_memory(f, GIB, 0);
        assert_changed(f, "cores core:4 2000\nmemory memory:1 1073741824\n");
}

/* What is chosen for the new part must not push out what is there. */
static void test_new_makes_way_for_old(Fixture *f, gconstpointer unused) {
        ask_function(f, "old")->min_mbit = 8000;
        assert_placed(f, "old vf-pool:" PF0 " 1\nold pf:" PF0 " 8000\n");
        g_ptr_array_insert(f->slice->functions, 0, slice_function_new("new"));
        ((SliceFunction *)f->slice->functions->pdata[0])->min_mbit = 3000;
        assert_changed(f, "new vf-pool:" PF1 " 1\nnew pf:" PF1 " 3000\n"
                          "old vf-pool:" PF0 " 1\nold pf:" PF0 " 8000\n");
}

static void test_pulled(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) present = slice_grants_new();

        g_ptr_array_add(present, slice_grant_new("vf-pool:0000:99:00.0", "nic", 1));
        g_ptr_array_add(present, slice_grant_new("core:2", "cores", 2000));
        ask_cores(f, 1, 0);
        ask_function(f, "nic");
        place_with(f, present);
        assert_changed(f, "cores core:2 2000\nnic vf-pool:" PF0 " 1\n");
}

/* Preemption ------------------------------------------------------------------------ */

static void test_fewest_give_way(Fixture *f, gconstpointer unused) {
        give_best_effort(f, "b1", 2, 0);
        give_best_effort(f, "b2", 1, 0);
        give_best_effort(f, "b3", 1, 0);
        give_best_effort(f, "b4", 4, 1);
        ask_cores(f, 2, 0);
        assert_preempted(f, "b4");
        f->slice->cores.node = 0;
        assert_preempted(f, "b1");
        ask_cores(f, 1, 0);
        assert_preempted(f, "b3");
        ask_cores(f, 3, 0);
        assert_preempted(f, "b3,b1");
}

static void test_nobody_gives_way_in_vain(Fixture *f, gconstpointer unused) {
        give_best_effort(f, "b1", 2, 0);
        give_cores(f, "db1", 1, 0);
        ask_cores(f, 1, 0);
        assert_preempted(f, "");
        ask_cores(f, 4, 0);
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "Node 0 has 3 free cores of the 4 that are asked for exclusively; 'db1' "
                       "holds most of the rest (1 core)");
        f->slice->cores.count = 3;
        assert_preempted(f, "b1");
        f->slice->priority = SLICE_BEST_EFFORT;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "Node 0 has 1 free core of the 3 that are asked for exclusively; 'b1' "
                       "holds most of the rest (2 cores)");
}

static void test_reasons(Fixture *f, gconstpointer unused) {
        g_autofree char *text = NULL;

        give_cores(f, "db1", 4, 0);
        ask_cores(f, 2, 0);
        ask_function(f, "nic")->min_mbit = 100;
        place_with(f, NULL);
        g_ptr_array_add(f->placement->reasons, NULL);
        text = g_strjoinv("\n", (char **)f->placement->reasons->pdata);
        g_ptr_array_set_size(f->placement->reasons, (int)f->placement->reasons->len - 1);
        g_assert_cmpstr(text, ==,
                        "The 2 whole cores are of node 1, the fullest that has room\n"
                        "Node 0 is passed over for cores: it has 0 free of 2\n"
                        "Function 'nic' is of PF " PF2 ", with 1 left then");
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/slice-place/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("who asks for nothing gets nothing", test_nothing);
        ADD("cores are of the fullest node with room", test_fullest_node);
        ADD("cores are of several nodes when none has room", test_spread);
        ADD("a core that is shared is nobody's alone", test_shared_is_not_exclusive);
        ADD("shared CPUs are of cores that are shared already", test_shared_cores);
        ADD("a CPU has one vCPU of a slice where there are enough", test_one_vcpu_a_cpu);
        ADD("CPUs are of several nodes before one has two vCPUs", test_spread_before_doubling);
        ADD("isolated cores are for exclusive use, and first", test_isolated);
        ADD("cores of the host are nobody's", test_reserved);
        ADD("a node that is not there is named", test_no_such_node);
        ADD("memory is of the fullest node with room", test_fullest_memory);
        ADD("pages are of the size that is asked for, and whole", test_pages);
        ADD("one piece is the smallest page that is large enough", test_contiguous_page);
        ADD("local memory comes before CXL, which belongs to the nearest CPUs", test_tiers);
        ADD("one piece can be a whole CXL region, and its node goes along", test_region);
        ADD("a CXL region of which somebody has a part is not given whole", test_region_in_use);
        ADD("of a node with two CXL regions none is given whole", test_regions_of_a_node);
        ADD("memory and functions are near cores where they can", test_memory_is_near);
        ADD("functions are of the PF with fewest left", test_fewest_left);
        ADD("rates are guaranteed on the PF", test_rates);
        ADD("who holds the VFs is named", test_no_vf_left);
        ADD("lanes are of each link, and shared ones are", test_lanes);
        ADD("a link further up is granted too", test_chain);
        ADD("a parent makes one mdev type at a time", test_mdev_types);
        ADD("an IOMMU group is for one slice, and can be for one function", test_shared_group);
        ADD("PFs with other rates left are tried each", test_unlike_rates);
        ADD("PFs with other links are tried each", test_unlike_links);
        ADD("a search that would not end is given up", test_too_many_ways);
        ADD("a function that nothing makes is refused", test_unknown_function);
        ADD("slices with one word are not on one device", test_apart);
        ADD("offloads are of different devices", test_offloads);
        ADD("an offload stays where it is when others can make way", test_offloads_stay);
        ADD("an offload device that is not there is named", test_no_offload);
        ADD("keys are counted by kind", test_keys);
        ADD("shares take a group, and as much as hardware can tell apart", test_share);
        ADD("parts that are together are on one node", test_together);
        ADD("on a host of one node all is on it", test_one_node_host);
        ADD("a change keeps what it can", test_grow_and_shrink);
        ADD("memory that is added is where the cores are", test_memory_comes_to_cores);
        ADD("a new part makes way for one that is there", test_new_makes_way_for_old);
        ADD("what was pulled is placed anew, and the rest stays", test_pulled);
        ADD("the fewest and youngest of best effort give way", test_fewest_give_way);
        ADD("nobody gives way in vain, or for best effort", test_nobody_gives_way_in_vain);
        ADD("decisions have reasons", test_reasons);
        return g_test_run();
}
