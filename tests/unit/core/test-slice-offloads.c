/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Slices over several offload devices: promised whole or not at all, also when
 * one of the devices goes. */

#include "daemon/core/slice-book.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/core/slice-lack.h"
#include "tests/unit/core/made-up-host.h"
#include "tests/unit/core/made-up-map.h"
#include "xml/ferry-error.h"

#define DEVICES 3u
#define ALL     7u /* of a set of devices, a bit each */

#define MINE    "11111111-1111-1111-1111-111111111111"
#define OTHER   "22222222-2222-2222-2222-222222222222"
#define LATE    "33333333-3333-3333-3333-333333333333"

/* Of each device there are 4 cores, 1024 MiB, 1000 Mbit/s and 2 keys. */
#define THREE_PARTS                                                                      \
        "<offload name='a' pool='dpu0' cores='2' memory-mib='256' mbit='400'/>"          \
        "<offload name='b' pool='dpu1' cores='2' memory-mib='256' mbit='400' keys='1'/>" \
        "<offload name='c' pool='dpu2' cores='2' memory-mib='256' mbit='400'/>"

#define BRING_BACK "bring back what was taken from this host, or ask for the hardware slice again"

typedef struct Fixture {
        Store *store;
        SliceBook *book;
} Fixture;

/* As the map has one that is written down and not there. */
static void add_away(ResourceMap *map, const char *name, const char *pf) {
        Resource *offload = resource_add(map, resource_map_find(map, "host"), RESOURCE_OFFLOAD, "",
                                         "offload:%s", name);

        resource_tell(offload, "parent", "%s", pf);
        resource_tell(offload, "problem", "this host has no such PF");
}

/* A host with these of its devices. */
static Capacity *capacity_with(unsigned devices) {
        g_autoptr(ResourceMap) map = resource_map_new();

        map_add_node(map, 0, 0, 4, 2, GIB);
        for (unsigned i = 0; i < DEVICES; i++) {
                g_autofree char *pf = g_strdup_printf("0000:3%u:00.0", i);
                g_autofree char *name = g_strdup_printf("dpu%u", i);

                if (!(devices & (1u << i))) {
                        add_away(map, name, pf);
                        continue;
                }
                map_add_pf(map, "node:0", pf, 2, 10000);
                map_add_offload(map, pf, name, 4, 1024, 1000, 2);
        }
        return capacity_new(map, &(CapacityReserve){ 0 }, NULL, NULL);
}

static void set_devices(Fixture *f, unsigned devices) {
        slice_book_set_capacity(f->book, capacity_with(devices));
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->store = store_open(":memory:", NULL);
        f->book = slice_book_new(f->store);
        set_devices(f, ALL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        slice_book_free(f->book);
        store_close(f->store);
}

static Slice *read_wish(const char *children) {
        g_autofree char *xml = g_strdup_printf("<slice version='1'>%s</slice>", children);
        g_autoptr(GError) error = NULL;
        Slice *wish = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return wish;
}

static bool ask(Fixture *f, const char *uuid, const char *children, GError **error) {
        g_autoptr(Slice) wish = read_wish(children);

        return slice_book_allocate(f->book, uuid, uuid, wish, 0, NULL, error);
}

static void give(Fixture *f, const char *uuid, const char *children) {
        g_autoptr(GError) error = NULL;

        (void)ask(f, uuid, children, &error);
        g_assert_no_error(error);
}

static void assert_no_resources(Fixture *f, const char *uuid, const char *children) {
        g_autoptr(GError) error = NULL;

        g_assert_false(ask(f, uuid, children, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
}

static char *dump(const Fixture *f) {
        g_autoptr(GPtrArray) entries = slice_book_list(f->book);

        return made_up_host_dump(entries);
}

static uint64_t granted(const Fixture *f, const char *uuid, const char *resource) {
        const SliceEntry *entry = slice_book_find(f->book, uuid);

        return entry ? slice_grants_sum(entry->grants, resource, NULL) : 0;
}

static void assert_lack(const Fixture *f, const char *uuid, const char *expected) {
        g_autofree char *lack = slice_lack(slice_book_find(f->book, uuid),
                                           slice_book_capacity(f->book));

        g_assert_cmpstr(lack, ==, expected);
}

/* Promising -------------------------------------------------------------------------- */

static void test_each_gives_its_part(Fixture *f, gconstpointer unused) {
        give(f, MINE, THREE_PARTS);
        for (unsigned i = 0; i < DEVICES; i++) {
                g_autofree char *cores = g_strdup_printf("offload:dpu%u/cores", i);
                g_autofree char *memory = g_strdup_printf("offload:dpu%u/memory", i);
                g_autofree char *bandwidth = g_strdup_printf("offload:dpu%u/bandwidth", i);

                g_assert_cmpuint(granted(f, MINE, cores), ==, 2);
                g_assert_cmpuint(granted(f, MINE, memory), ==, 256 * MIB);
                g_assert_cmpuint(granted(f, MINE, bandwidth), ==, 400);
        }
        g_assert_cmpuint(granted(f, MINE, "offload:dpu1/keys"), ==, 1);
        assert_lack(f, MINE, NULL);
}

/* On whichever device it is, and whatever it is. */
static void test_too_little_of_one_is_nothing(Fixture *f, gconstpointer unused) {
        static const char *const rest[] = {
                "<offload name='x' pool='dpu0' cores='3'/>",
                "<offload name='x' pool='dpu1' memory-mib='800'/>",
                "<offload name='x' pool='dpu1' keys='2'/>",
                "<offload name='x' pool='dpu2' mbit='601'/>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rest); i++) {
                g_autofree char *before = NULL, *after = NULL, *stored = NULL;

                give(f, OTHER, rest[i]);
                before = dump(f);
                assert_no_resources(f, MINE, THREE_PARTS);
                after = dump(f);
                stored = made_up_host_dump_stored(f->store);
                g_assert_cmpstr(after, ==, before);
                g_assert_cmpstr(stored, ==, before);
                g_assert_true(slice_book_deallocate(f->book, OTHER, NULL));
        }
        give(f, MINE, THREE_PARTS);
}

static void test_half_written_is_nothing(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        int n = 0;

        for (;; n++) {
                g_autofree char *stored = NULL;

                g_clear_error(&error);
                store_fail_write(f->store, n);
                if (ask(f, MINE, THREE_PARTS, &error))
                        break;
                store_fail_write(f->store, -1);
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                stored = made_up_host_dump_stored(f->store);
                g_assert_cmpstr(stored, ==, "");
                g_assert_null(slice_book_find(f->book, MINE));
                g_assert_cmpuint(
                        capacity_granted(slice_book_capacity(f->book), "offload:dpu1/cores"), ==,
                        0);
        }
        store_fail_write(f->store, -1);
        g_assert_cmpint(n, ==, 3); /* all writes were tried */
}

/* Pulling ---------------------------------------------------------------------------- */

static void test_gone_before_the_ask(Fixture *f, gconstpointer unused) {
        for (unsigned i = 0; i < DEVICES; i++) {
                g_autofree char *stored = NULL;

                set_devices(f, ALL & ~(1u << i));
                assert_no_resources(f, MINE, THREE_PARTS);
                g_assert_null(slice_book_find(f->book, MINE));
                stored = made_up_host_dump_stored(f->store);
                g_assert_cmpstr(stored, ==, "");
        }
}

/* What no device that may come back would give. */
static void test_gone_is_no_excuse(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        set_devices(f, ALL & ~2u);
        g_assert_false(ask(f, MINE,
                           "<cores count='9' exclusive='yes'/><offload name='b' cores='1'/>",
                           &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST);
        g_clear_error(&error);
        g_assert_false(ask(f, MINE, "<offload name='b' pool='dpu9' cores='1'/>", &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST);
}

/* What was placed before is promised whole, and says what it lacks; what comes after is refused
 * whole. */
static void test_gone_in_the_middle(Fixture *f, gconstpointer unused) {
        g_autofree char *stored = NULL, *has = NULL;
        g_autoptr(GError) error = NULL;

        slice_book_begin(f->book);
        give(f, MINE, THREE_PARTS);
        set_devices(f, ALL & ~2u);
        g_assert_false(ask(f, LATE, THREE_PARTS, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_assert_cmpstr(error->message, ==,
                        "Offload device dpu1, of which 'b' could be, is not there now: "
                        "'virt-ferry resources' says why");
        g_assert_true(slice_book_commit(f->book, NULL));

        g_assert_cmpuint(granted(f, MINE, "offload:dpu0/cores"), ==, 2);
        g_assert_cmpuint(granted(f, MINE, "offload:dpu1/cores"), ==, 2);
        g_assert_cmpuint(granted(f, MINE, "offload:dpu2/cores"), ==, 2);
        assert_lack(f, MINE, "offload:dpu1 is not there any more: " BRING_BACK);
        g_assert_null(slice_book_find(f->book, LATE));
        stored = made_up_host_dump_stored(f->store);
        has = dump(f);
        g_assert_cmpstr(stored, ==, has);
}

static void test_gone_in_the_middle_of_a_commit_that_fails(Fixture *f, gconstpointer unused) {
        g_autofree char *stored = NULL;

        slice_book_begin(f->book);
        give(f, MINE, THREE_PARTS);
        set_devices(f, ALL & ~2u);
        store_fail_write(f->store, 1);
        g_assert_false(slice_book_commit(f->book, NULL));
        store_fail_write(f->store, -1);
        g_assert_null(slice_book_find(f->book, MINE));
        stored = made_up_host_dump_stored(f->store);
        g_assert_cmpstr(stored, ==, "");
        set_devices(f, ALL);
        give(f, MINE, THREE_PARTS);
}

static void test_gone_later_and_back(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *without = NULL, *after = NULL;

        give(f, MINE, THREE_PARTS);
        give(f, OTHER, "<offload name='x' pool='dpu0' cores='1'/><cores count='1'/>");
        before = dump(f);

        set_devices(f, ALL & ~2u);
        without = dump(f);
        g_assert_cmpstr(without, ==, before);
        assert_lack(f, OTHER, NULL);
        g_assert_cmpuint(capacity_total(slice_book_capacity(f->book), "offload:dpu1/cores"), ==, 0);
        assert_no_resources(f, LATE, "<offload name='x' pool='dpu1' cores='1'/>");
        give(f, LATE, "<offload name='x' pool='dpu2' cores='2'/>");

        set_devices(f, ALL);
        assert_lack(f, MINE, NULL);
        assert_no_resources(f, OTHER, "<offload name='x' pool='dpu1' cores='3'/>");
        give(f, OTHER, "<offload name='x' pool='dpu1' cores='2'/>");
        after = dump(f);
        g_assert_nonnull(strstr(after, "offload:dpu1/cores=2(b)"));
}

/* The promise is in the store, and not in what the host has. */
static void test_gone_over_a_restart(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        give(f, MINE, THREE_PARTS);
        before = dump(f);
        slice_book_free(f->book);
        f->book = slice_book_new(f->store);
        set_devices(f, ALL & ~4u);
        g_assert_true(slice_book_load(f->book, NULL));
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
        assert_lack(f, MINE, "offload:dpu2 is not there any more: " BRING_BACK);
        set_devices(f, ALL);
        assert_lack(f, MINE, NULL);
        assert_no_resources(f, LATE, "<offload name='x' pool='dpu2' cores='3'/>");
}

/* Asked again, it is put on what is there; a device that was named stays named. */
static void test_asking_again_heals(Fixture *f, gconstpointer unused) {
        static const char *const two = "<offload name='a' cores='2'/><offload name='b' cores='2'/>";

        give(f, MINE, two);
        g_assert_cmpuint(granted(f, MINE, "offload:dpu1/cores"), ==, 2);
        set_devices(f, ALL & ~2u);
        give(f, MINE, two);
        assert_lack(f, MINE, NULL);
        g_assert_cmpuint(granted(f, MINE, "offload:dpu0/cores"), ==, 2);
        g_assert_cmpuint(granted(f, MINE, "offload:dpu2/cores"), ==, 2);
}

/* Chance ----------------------------------------------------------------------------- */

#define ROUNDS 4000u

/* Independent of how it is promised: what all have of one part of one device. */
static uint64_t sum_of(const GPtrArray *entries, const char *resource) {
        uint64_t sum = 0;

        for (guint i = 0; i < entries->len; i++)
                sum += slice_grants_sum(((const SliceEntry *)entries->pdata[i])->grants, resource,
                                        NULL);
        return sum;
}

static void check_device(const GPtrArray *entries, unsigned device) {
        static const struct {
                const char *part;
                uint64_t total;
        } parts[] = {
                { "cores", 4 }, { "memory", 1024 * MIB }, { "bandwidth", 1000 }, { "keys", 2 }
        };

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
                g_autofree char *id = g_strdup_printf("offload:dpu%u/%s", device, parts[i].part);

                g_assert_cmpuint(sum_of(entries, id), <=, parts[i].total);
        }
}

/* The device of an offload of a slice; -1: it has none. Fails when it is on several. */
static int device_of(const SliceEntry *entry, const SliceOffload *offload) {
        int device = -1;

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];
                int its;

                if (!g_str_equal(grant->part, offload->name))
                        continue;
                its = grant->resource[strlen("offload:dpu")] - '0';
                g_assert_true(device < 0 || device == its);
                device = its;
        }
        return device;
}

static void check_part(const SliceEntry *entry, int device, const char *part, uint64_t asked) {
        g_autofree char *id = g_strdup_printf("offload:dpu%d/%s", device, part);

        g_assert_cmpuint(slice_grants_sum(entry->grants, id, NULL), ==, asked);
}

/* Whole: each of its offloads on a device of its own, with all that was asked for. */
static void check_whole(const SliceEntry *entry) {
        unsigned used = 0;

        for (guint i = 0; i < entry->wish->offloads->len; i++) {
                const SliceOffload *offload = entry->wish->offloads->pdata[i];
                int device = device_of(entry, offload);

                g_assert_cmpint(device, >=, 0);
                g_assert_false(used & (1u << device));
                used |= 1u << device;
                check_part(entry, device, "cores", offload->cores);
                check_part(entry, device, "memory", offload->memory_mib * MIB);
                check_part(entry, device, "bandwidth", offload->mbit);
                check_part(entry, device, "keys", offload->keys);
        }
}

static void check_all(const Fixture *f) {
        g_autoptr(GPtrArray) entries = slice_book_list(f->book);

        for (unsigned i = 0; i < DEVICES; i++)
                check_device(entries, i);
        for (guint i = 0; i < entries->len; i++)
                check_whole(entries->pdata[i]);
}

static Slice *random_wish(GRand *rand) {
        unsigned n = (unsigned)g_rand_int_range(rand, 1, DEVICES + 1);
        Slice *wish = slice_new();

        for (unsigned i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("part%u", i);
                SliceOffload *offload = slice_offload_new(name);

                if (g_rand_boolean(rand))
                        offload->pool = g_strdup_printf("dpu%d",
                                                        g_rand_int_range(rand, 0, DEVICES));
                offload->cores = (unsigned)g_rand_int_range(rand, 1, 4);
                offload->memory_mib = 128u * (unsigned)g_rand_int_range(rand, 0, 5);
                offload->mbit = 100u * (unsigned)g_rand_int_range(rand, 0, 6);
                offload->keys = (unsigned)g_rand_int_range(rand, 0, 2);
                g_ptr_array_add(wish->offloads, offload);
        }
        return wish;
}

/* Nobody asks for what is not there, or gets it: a slice that is new lacks nothing. */
static void ask_by_chance(Fixture *f, GRand *rand, unsigned *promised) {
        g_autofree char *uuid = g_strdup_printf("g%d", g_rand_int_range(rand, 0, 5));
        g_autoptr(Slice) wish = random_wish(rand);
        g_autofree char *before = dump(f), *after = NULL, *lack = NULL;

        if (slice_book_find(f->book, uuid) && g_rand_boolean(rand)) {
                g_assert_true(slice_book_deallocate(f->book, uuid, NULL));
                return;
        }
        if (slice_book_allocate(f->book, uuid, uuid, wish, 0, NULL, NULL)) {
                lack = slice_lack(slice_book_find(f->book, uuid), slice_book_capacity(f->book));
                g_assert_cmpstr(lack, ==, NULL);
                (*promised)++;
                return;
        }
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
}

static void test_devices_come_and_go(Fixture *f, gconstpointer unused) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(4);
        g_autoptr(GPtrArray) entries = NULL;
        unsigned promised = 0;

        for (unsigned i = 0; i < ROUNDS; i++) {
                if (g_rand_int_range(rand, 0, 4) == 0) {
                        g_autofree char *before = dump(f), *after = NULL;

                        set_devices(f, (unsigned)g_rand_int_range(rand, 0, ALL + 1));
                        after = dump(f);
                        g_assert_cmpstr(after, ==, before);
                } else {
                        ask_by_chance(f, rand, &promised);
                }
                check_all(f);
        }
        g_assert_cmpuint(promised, >, ROUNDS / 20);

        set_devices(f, ALL);
        entries = slice_book_list(f->book);
        for (guint i = 0; i < entries->len; i++)
                assert_lack(f, ((const SliceEntry *)entries->pdata[i])->domain_uuid, NULL);
}

#define ADD(name, function) \
        g_test_add("/slice-offloads/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("each of three devices gives its part", test_each_gives_its_part);
        ADD("when one of them has too little nothing is promised",
            test_too_little_of_one_is_nothing);
        ADD("when one part is not written nothing is promised", test_half_written_is_nothing);
        ADD("when one has gone nothing is promised", test_gone_before_the_ask);
        ADD("what cannot be is refused as that all the same", test_gone_is_no_excuse);
        ADD("one that goes before the write is lacked, and nothing else is lost",
            test_gone_in_the_middle);
        ADD("one that goes before a write that fails leaves nothing",
            test_gone_in_the_middle_of_a_commit_that_fails);
        ADD("one that is pulled is lacked until it is back", test_gone_later_and_back);
        ADD("a promise outlives a restart without its device", test_gone_over_a_restart);
        ADD("asking again heals without the device", test_asking_again_heals);
        ADD("devices come and go, and every slice stays whole", test_devices_come_and_go);
        return g_test_run();
}
