/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place.h"

#include "tests/unit/core/place-fixture.h"

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

static bool is_exclusive(const char *resource, const Slice *wish) {
        const SliceGrant grant = { (char *)resource, (char *)"part", 1 };

        return slice_grant_is_exclusive(&grant, wish);
}

static void test_exclusive_grants(Fixture *f, gconstpointer unused) {
        g_assert_false(is_exclusive("core:4", f->slice));
        f->slice->cores.exclusive = true;
        g_assert_true(is_exclusive("core:4", f->slice));
        g_assert_true(is_exclusive("cxl:region0", f->slice));
        g_assert_false(is_exclusive("memory:0", f->slice));
        g_assert_false(is_exclusive("pf:0000:3b:00.0", f->slice));
        g_assert_false(is_exclusive("offload:dpu0/cores", f->slice));
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

static void test_movable_memory(Fixture *f, gconstpointer unused) {
        const char *reason = "The memory of node 2 is movable, and the kernel needs some beside a "
                             "guest that is not: put it online with 'daxctl reconfigure-device "
                             "--no-movable'";

        add_cxl_node(f);
        map_tell(f->map, "node:2", "movable", "yes");
        ask_memory(f, GIB, 0);
        assert_placed(f, "memory memory:0 1073741824\n");
        f->slice->memory.tier = SLICE_TIER_CXL;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST, reason);
        f->slice->memory.contiguous = true;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST, reason);
        ask_memory(f, GIB, 0);
        f->slice->memory.node = 2;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST, reason);
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

/* db1 has node 0. */
static void test_one_is_said_to_be_one(Fixture *f, gconstpointer unused) {
        give_cores(f, "db1", 4, 0);
        ask_cores(f, 1, 0);
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "Node 0 has no free core, and one is asked for exclusively; 'db1' holds "
                       "most of the rest (4 cores)");
        ask_cores(f, 1, 500);
        f->slice->cores.node = 0;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "Node 0 has no CPU with 500 thousandths left, and one is asked for; 'db1' "
                       "holds most of the rest (4 cores)");
        ask_cores(f, 1, 500);
        f->slice->cores.node = -1;
        place_with(f, NULL);
        g_assert_cmpstr(f->placement->reasons->pdata[0], ==,
                        "The shared CPU is of node 1, the fullest that has room");
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
                        "Node 0 is passed over for cores: it has room for 0 of the 2\n"
                        "Function 'nic' is of PF " PF2 ", with 1 left then");
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/slice-place/" name, Fixture, NULL, place_set_up, function, place_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("who asks for nothing gets nothing", test_nothing);
        ADD("cores are of the fullest node with room", test_fullest_node);
        ADD("cores are of several nodes when none has room", test_spread);
        ADD("a core that is shared is nobody's alone", test_shared_is_not_exclusive);
        ADD("one is said to be one", test_one_is_said_to_be_one);
        ADD("shared CPUs are of cores that are shared already", test_shared_cores);
        ADD("a CPU has one vCPU of a slice where there are enough", test_one_vcpu_a_cpu);
        ADD("CPUs are of several nodes before one has two vCPUs", test_spread_before_doubling);
        ADD("isolated cores are for exclusive use, and first", test_isolated);
        ADD("cores of the host are nobody's", test_reserved);
        ADD("a node that is not there is named", test_no_such_node);
        ADD("memory is of the fullest node with room", test_fullest_memory);
        ADD("pages are of the size that is asked for, and whole", test_pages);
        ADD("whole cores and regions are exclusive", test_exclusive_grants);
        ADD("one piece is the smallest page that is large enough", test_contiguous_page);
        ADD("local memory comes before CXL, which belongs to the nearest CPUs", test_tiers);
        ADD("no guest is put where memory is movable alone", test_movable_memory);
        ADD("one piece can be a whole CXL region, and its node goes along", test_region);
        ADD("a CXL region of which somebody has a part is not given whole", test_region_in_use);
        ADD("of a node with two CXL regions none is given whole", test_regions_of_a_node);
        ADD("memory and functions are near cores where they can", test_memory_is_near);
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
