/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/headroom.h"

#include <math.h>

#include "tests/unit/core/made-up-map.h"

#define PF "0000:3b:00.0"

/* A host of two nodes, 8 cores of 2 threads and 16 GiB; a PF of 10 Gbit/s with 4 VFs below 8 lanes
 * of 1000 bytes/s, and an offload device. */
typedef struct Fixture {
        ResourceMap *map;
        CapacityReserve reserve;
        HeadroomDemand demand[_HEADROOM_KIND_MAX][_HEADROOM_RESOURCE_MAX];
        unsigned vfs, leased;
        GPtrArray *rows;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->map = resource_map_new();
        map_add_node(f->map, 0, 0, 4, 2, 8 * GIB);
        map_add_node(f->map, 1, 4, 4, 2, 8 * GIB);
        map_add_pages(f->map, 0, 2048, 2 * GIB);
        map_add_link(f->map, "node:0", "0000:00:1c.0", 8);
        map_add_pf(f->map, "link:0000:00:1c.0", PF, 4, 10000);
        map_add_offload(f->map, PF, "dpu0", 16, 1024, 1000, 8);
        map_add_key(f->map, "sev", 5);
        map_add_key(f->map, "sev_es", 3);
        f->vfs = 4;
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->rows, g_ptr_array_unref);
        resource_map_free(f->map);
}

static HeadroomDemand expect(void *userdata, HeadroomKind kind, const char *device,
                             HeadroomResource resource) {
        const Fixture *f = userdata;

        g_assert_cmpstr(device, ==,
                        kind == HEADROOM_PF        ? PF
                        : kind == HEADROOM_OFFLOAD ? "dpu0"
                                                   : "");
        return f->demand[kind][resource];
}

static void count_vfs(void *userdata, const char *pf, unsigned *ret_total, unsigned *ret_taken) {
        const Fixture *f = userdata;

        g_assert_cmpstr(pf, ==, PF);
        *ret_total = f->vfs;
        *ret_taken = f->leased;
}

static const Headroom *find(Fixture *f, HeadroomKind kind, HeadroomResource resource) {
        const HeadroomSources sources = { f->map, f->reserve, expect, count_vfs, f };

        g_clear_pointer(&f->rows, g_ptr_array_unref);
        f->rows = headroom_list(&sources);
        for (guint i = 0; i < f->rows->len; i++) {
                const Headroom *row = f->rows->pdata[i];

                if (row->kind == kind && row->resource == resource)
                        return row;
        }
        return NULL;
}

/* "total taken expected peak"; "" when there is no row. */
static void assert_row(Fixture *f, HeadroomKind kind, HeadroomResource resource,
                       const char *expected) {
        const Headroom *row = find(f, kind, resource);
        g_autofree char *text = NULL;

        if (row)
                text = g_strdup_printf("%u %u %u %u", (unsigned)row->total, (unsigned)row->taken,
                                       (unsigned)row->expected, (unsigned)row->peak);
        g_assert_cmpstr(text ?: "", ==, expected);
}

static void promise(Fixture *f, const char *id, uint64_t amount) {
        Resource *resource = resource_map_find(f->map, id);

        g_assert_nonnull(resource);
        resource->promised = amount;
}

static void test_units(Fixture *f, gconstpointer unused) {
        assert_row(f, HEADROOM_HOST, HEADROOM_CORES, "8 0 0 0");
        assert_row(f, HEADROOM_HOST, HEADROOM_MEMORY, "18432 0 0 0");
        assert_row(f, HEADROOM_HOST, HEADROOM_KEYS, "8 0 0 0");
        assert_row(f, HEADROOM_PF, HEADROOM_VFS, "4 0 0 0");
        assert_row(f, HEADROOM_PF, HEADROOM_LANES, "8 0 0 0");
        assert_row(f, HEADROOM_PF, HEADROOM_BANDWIDTH, "10000000 0 0 0");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_CORES, "16 0 0 0");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_MEMORY, "1024 0 0 0");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_BANDWIDTH, "1000000 0 0 0");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_KEYS, "8 0 0 0");
        assert_row(f, HEADROOM_HOST, HEADROOM_VFS, "");
        g_assert_cmpint(((const Headroom *)f->rows->pdata[0])->kind, ==, HEADROOM_HOST);
}

static void test_nothing_has_no_row(Fixture *f, gconstpointer unused) {
        resource_map_find(f->map, "pf:" PF)->total = 0; /* the link is down */
        f->vfs = 0;
        map_tell(f->map, "offload:dpu0", "problem", "it is away");
        assert_row(f, HEADROOM_PF, HEADROOM_BANDWIDTH, "");
        assert_row(f, HEADROOM_PF, HEADROOM_VFS, "");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_CORES, "");
}

static void test_promises_are_taken(Fixture *f, gconstpointer unused) {
        promise(f, "core:1", 2);
        promise(f, "core:2", 1);
        promise(f, "core:3", 1);
        promise(f, "core:4", 1);
        promise(f, "memory:1", GIB + 1);
        promise(f, "vf-pool:" PF, 1);
        f->leased = 2;
        promise(f, "link:0000:00:1c.0", 101);
        promise(f, "pf:" PF, 2500);
        resource_map_find(f->map, "pf:" PF)->used = 1000;
        promise(f, "key:sev", 1);
        resource_map_find(f->map, "key:sev_es")->used = 3;
        promise(f, "offload:dpu0/cores", 3);
        assert_row(f, HEADROOM_HOST, HEADROOM_CORES, "8 3 0 0");
        assert_row(f, HEADROOM_HOST, HEADROOM_MEMORY, "18432 1025 0 0");
        assert_row(f, HEADROOM_PF, HEADROOM_VFS, "4 3 0 0");
        assert_row(f, HEADROOM_PF, HEADROOM_LANES, "8 2 0 0");
        assert_row(f, HEADROOM_PF, HEADROOM_BANDWIDTH, "10000000 3500000 0 0");
        assert_row(f, HEADROOM_HOST, HEADROOM_KEYS, "8 4 0 0");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_CORES, "16 3 0 0");
}

static void test_what_the_host_keeps_is_taken(Fixture *f, gconstpointer unused) {
        f->reserve = (CapacityReserve){ .cpus = "0,2052", .memory_node = GIB };
        map_add_node(f->map, 2, 0, 0, 0, 4 * GIB); /* no CPUs: nothing is kept */
        promise(f, "memory:0", 8 * GIB);
        assert_row(f, HEADROOM_HOST, HEADROOM_CORES, "8 2 0 0");
        assert_row(f, HEADROOM_HOST, HEADROOM_MEMORY, "22528 9216 0 0");
}

static void test_no_more_is_taken_than_there_is(Fixture *f, gconstpointer unused) {
        f->vfs = 1; /* the others were pulled */
        f->leased = 1;
        promise(f, "vf-pool:" PF, 3);
        promise(f, "offload:dpu0/keys", 99);
        assert_row(f, HEADROOM_PF, HEADROOM_VFS, "1 1 0 0");
        assert_row(f, HEADROOM_OFFLOAD, HEADROOM_KEYS, "8 8 0 0");
}

static void test_huge_pages_of_others_are_taken(Fixture *f, gconstpointer unused) {
        resource_map_find(f->map, "memory:0/2048KiB")->used = GIB;
        resource_map_find(f->map, "memory:0")->used = 5 * GIB; /* this comes and goes */
        assert_row(f, HEADROOM_HOST, HEADROOM_MEMORY, "18432 1024 0 0");
}

/* 5 CPUs are 2.5 of these cores. */
static void test_expected_is_used_without_a_promise(Fixture *f, gconstpointer unused) {
        f->demand[HEADROOM_HOST][HEADROOM_CORES] = (HeadroomDemand){ { .others = 5 },
                                                                     { .others = 9 } };
        f->demand[HEADROOM_HOST][HEADROOM_MEMORY].hour.others = (double)(3 * MIB) + 1;
        promise(f, "core:1", 2);
        assert_row(f, HEADROOM_HOST, HEADROOM_CORES, "8 1 3 5");
        assert_row(f, HEADROOM_HOST, HEADROOM_MEMORY, "18432 0 4 0");
}

static void test_no_more_is_expected_than_is_left(Fixture *f, gconstpointer unused) {
        f->demand[HEADROOM_HOST][HEADROOM_CORES] = (HeadroomDemand){ { .others = 1e30 },
                                                                     { .others = NAN } };
        promise(f, "core:1", 2);
        assert_row(f, HEADROOM_HOST, HEADROOM_CORES, "8 1 7 0");
}

/* 250 MB/s are 2 Gbit/s. Of all that goes over the PF a promise explains what it promises. */
static void test_traffic_beyond_promises_is_expected(Fixture *f, gconstpointer unused) {
        HeadroomDemand *demand = &f->demand[HEADROOM_PF][HEADROOM_BANDWIDTH];

        demand->hour = (HeadroomUse){ .others = 25e6, .all = 250e6 };
        promise(f, "pf:" PF, 500);
        assert_row(f, HEADROOM_PF, HEADROOM_BANDWIDTH, "10000000 500000 1500000 0");
        promise(f, "pf:" PF, 5000);
        assert_row(f, HEADROOM_PF, HEADROOM_BANDWIDTH, "10000000 5000000 200000 0");
}

/* Up and down by a percent at a time, and the other way round. */
static void assert_path(HeadroomLevel before, int from, int to, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (int percent = from; percent != to; percent += from < to ? 1 : -1) {
                HeadroomLevel level = headroom_level_next(before, percent);

                if (level != before)
                        g_string_append_printf(text, "%s at %d ", headroom_level_to_string(level),
                                               percent);
                before = level;
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void test_a_level_changes_beyond_its_border(void) {
        assert_path(_HEADROOM_LEVEL_INVALID, 100, -1, "high at 100 med at 34 low at 9 ");
        assert_path(_HEADROOM_LEVEL_INVALID, 0, 101, "low at 0 med at 20 high at 45 ");
}

static void test_a_level_stays_within_its_border(void) {
        HeadroomLevel level = headroom_level_next(_HEADROOM_LEVEL_INVALID, 41);
        int changes = 0;

        for (int i = 0; i < 288; i++) {
                HeadroomLevel next = headroom_level_next(level, 40 + 4.9 * sin(i));

                changes += next != level;
                level = next;
        }
        g_assert_cmpint(changes, ==, 0);
        g_assert_cmpint(headroom_level_next(HEADROOM_HIGH, 3), ==, HEADROOM_LOW);
}

static void test_what_is_left_is_by_the_peak(Fixture *f, gconstpointer unused) {
        f->demand[HEADROOM_HOST][HEADROOM_CORES] = (HeadroomDemand){ { .others = 2 },
                                                                     { .others = 8 } };
        promise(f, "core:1", 2);
        promise(f, "core:2", 2);
        g_assert_cmpfloat(headroom_percent(find(f, HEADROOM_HOST, HEADROOM_CORES)), ==, 25);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/headroom/" name, Fixture, NULL, set_up, function, tear_down)

        ADD("each thing is in its unit", test_units);
        ADD("of what there is none of there is no row", test_nothing_has_no_row);
        ADD("promises are taken", test_promises_are_taken);
        ADD("what the host keeps is taken", test_what_the_host_keeps_is_taken);
        ADD("no more is taken than there is", test_no_more_is_taken_than_there_is);
        ADD("huge pages of others are taken, and base pages come and go",
            test_huge_pages_of_others_are_taken);
        ADD("what is used without a promise is expected", test_expected_is_used_without_a_promise);
        ADD("no more is expected than is left", test_no_more_is_expected_than_is_left);
        ADD("traffic beyond promises is expected", test_traffic_beyond_promises_is_expected);
        ADD("what is left is by the peak", test_what_is_left_is_by_the_peak);
        g_test_add_func("/headroom/a level changes beyond its border",
                        test_a_level_changes_beyond_its_border);
        g_test_add_func("/headroom/a level stays within its border",
                        test_a_level_stays_within_its_border);
        return g_test_run();
}
