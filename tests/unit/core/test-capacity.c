/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/capacity.h"

#include "tests/unit/core/made-up-map.h"

#define PF "0000:3b:00.0"

typedef struct Fixture {
        ResourceMap *map;
        CapacityReserve reserve;
        Capacity *capacity;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->map = resource_map_new();
        map_add_node(f->map, 0, 0, 4, 2, 8 * GIB);
        map_add_pages(f->map, 0, 2048, 2 * GIB);
        map_add_link(f->map, "node:0", "0000:00:1c.0", 8);
        map_add_pf(f->map, "link:0000:00:1c.0", PF, 4, 10000);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        capacity_free(f->capacity);
        resource_map_free(f->map);
}

/* Two mdevs or VFs of each kind are of guests without a slice. */
static unsigned count_two(void *userdata, const char *resource) {
        return 2;
}

static void read_capacity(Fixture *f, CapacityForeign foreign) {
        g_clear_pointer(&f->capacity, capacity_free);
        f->capacity = capacity_new(f->map, &f->reserve, foreign, NULL);
}

static void assert_total(const Fixture *f, const char *resource, uint64_t expected) {
        g_assert_cmpuint(capacity_total(f->capacity, resource), ==, expected);
}

static void assert_granted(const Capacity *capacity, const char *resource, uint64_t expected) {
        g_assert_cmpuint(capacity_granted(capacity, resource), ==, expected);
}

static GPtrArray *two_grants(const char *resource, uint64_t amount) {
        GPtrArray *grants = slice_grants_new();

        g_ptr_array_add(grants, slice_grant_new("core:1", "cores", 2000));
        g_ptr_array_add(grants, slice_grant_new(resource, "a", amount));
        return grants;
}

static void test_units(Fixture *f, gconstpointer unused) {
        map_add_offload(f->map, PF, "dpu0", 16, 2, 0, 1);
        map_add_shares(f->map);
        map_add_key(f->map, "sev", 5);
        read_capacity(f, NULL);
        assert_total(f, "core:0", 2000);
        assert_total(f, "memory:0", 8 * GIB);
        assert_total(f, "memory:0/2048KiB", 2 * GIB);
        assert_total(f, "link:0000:00:1c.0", 800);
        assert_total(f, "pf:" PF, 10000);
        assert_total(f, "offload:dpu0/cores", 16);
        assert_total(f, "offload:dpu0/memory", 2 * MIB);
        assert_total(f, "offload:dpu0/bandwidth", 0);
        assert_total(f, "key:sev", 5);
        assert_total(f, "node:0", 0);
        assert_total(f, "core:99", 0);
}

static void test_reserve(Fixture *f, gconstpointer unused) {
        f->reserve = (CapacityReserve){ .cpus = "2049", .memory_node = GIB };
        map_add_node(f->map, 2, 0, 0, 0, 4 * GIB);
        read_capacity(f, NULL);
        assert_total(f, "core:0", 2000);
        assert_total(f, "core:1", 0);
        assert_total(f, "memory:0", 7 * GIB);
        assert_total(f, "memory:0/2048KiB", 2 * GIB);
        assert_total(f, "memory:2", 4 * GIB);
        f->reserve.memory_node = 100 * GIB;
        read_capacity(f, NULL);
        assert_total(f, "memory:0", 0);
}

static void test_foreign(Fixture *f, gconstpointer unused) {
        map_add_pf(f->map, "node:0", "0000:3c:00.0", 1, 0);
        read_capacity(f, count_two);
        assert_total(f, "vf-pool:" PF, 2);
        assert_total(f, "vf-pool:0000:3c:00.0", 0);
        assert_granted(f->capacity, "vf-pool:" PF, 0);
}

static void test_unmade(Fixture *f, gconstpointer unused) {
        Resource *pool;

        map_add_pf(f->map, "node:0", "0000:3c:00.0", 0, 0);
        pool = resource_map_find(f->map, "vf-pool:0000:3c:00.0");
        resource_count(pool, 7, 0);
        read_capacity(f, NULL);
        assert_total(f, "vf-pool:0000:3c:00.0", 1);
}

static void test_shares(Fixture *f, gconstpointer unused) {
        map_add_shares(f->map);
        read_capacity(f, NULL);
        assert_total(f, "cache:groups", 7);
        assert_total(f, "cache:ways", 10);
        assert_total(f, "bandwidth:groups", 7);
        assert_total(f, "bandwidth:percent", 100);
}

static void test_lost_offload(Fixture *f, gconstpointer unused) {
        map_add_offload(f->map, PF, "dpu0", 16, 0, 0, 0);
        map_tell(f->map, "offload:dpu0", "problem", "this host has no such PF");
        read_capacity(f, NULL);
        assert_total(f, "offload:dpu0/cores", 0);
}

static void test_book(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) grants = two_grants("vf-pool:" PF, 3);

        read_capacity(f, NULL);
        capacity_take(f->capacity, "db1", SLICE_GUARANTEED, NULL, grants);
        assert_granted(f->capacity, "core:1", 2000);
        assert_granted(f->capacity, "vf-pool:" PF, 3);
        assert_granted(f->capacity, "core:0", 0);
        capacity_give_back(f->capacity, "db2");
        assert_granted(f->capacity, "core:1", 2000);
        capacity_give_back(f->capacity, "db1");
        assert_granted(f->capacity, "core:1", 0);
}

static void test_pulled(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) grants = two_grants("vf-pool:0000:99:00.0", 1);

        read_capacity(f, NULL);
        capacity_take(f->capacity, "db1", SLICE_GUARANTEED, NULL, grants);
        capacity_take(f->capacity, "db2", SLICE_GUARANTEED, NULL, grants);
        assert_total(f, "vf-pool:0000:99:00.0", 0);
        assert_granted(f->capacity, "vf-pool:0000:99:00.0", 2);
        capacity_give_back(f->capacity, "db1");
        assert_granted(f->capacity, "vf-pool:0000:99:00.0", 1);
}

static void test_copy(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) grants = two_grants("vf-pool:0000:99:00.0", 1);
        g_autoptr(Capacity) copy = NULL;

        read_capacity(f, count_two);
        capacity_take(f->capacity, "db1", SLICE_GUARANTEED, "db", grants);
        copy = capacity_copy(f->capacity);
        capacity_give_back(f->capacity, "db1");
        assert_granted(copy, "core:1", 2000);
        assert_granted(copy, "vf-pool:0000:99:00.0", 1);
        g_clear_pointer(&f->map, resource_map_free);
        g_clear_pointer(&f->capacity, capacity_free);
        g_assert_cmpuint(capacity_total(copy, "vf-pool:" PF), ==, 2);
        capacity_give_back(copy, "db1");
        assert_granted(copy, "core:1", 0);
}

static void test_grants(void) {
        g_autoptr(GPtrArray) grants = two_grants("core:1", 5), copy = slice_grants_copy(grants);

        g_assert_cmpuint(slice_grants_sum(copy, "core:1", NULL), ==, 2005);
        g_assert_cmpuint(slice_grants_sum(copy, "core:1", "a"), ==, 5);
        g_assert_cmpuint(slice_grants_sum(copy, "core:2", NULL), ==, 0);
        slice_grant_free(NULL);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/capacity/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("each resource is counted in the unit of grants", test_units);
        ADD("what the host keeps is not for slices", test_reserve);
        ADD("what guests without a slice have is not for slices", test_foreign);
        ADD("of a PF without VFs one can be made", test_unmade);
        ADD("one group and one way stay with the rest of the host", test_shares);
        ADD("an offload device without its PF has nothing", test_lost_offload);
        ADD("what is taken is granted until it is given back", test_book);
        ADD("what was pulled is booked all the same", test_pulled);
        ADD("a copy is independent, and of the map too", test_copy);
        g_test_add_func("/slice-grant/the amounts of a resource are summed up, by part or all",
                        test_grants);
        return g_test_run();
}
