/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A hardware slice over three offload devices of a host, one of which is pulled:
 * what the manager answers, keeps and tells. */

#include <string.h>

#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define DEVICES 3
#define THREE                                                          \
        "<slice version='1'><offload name='a' pool='dpu0' cores='2'/>" \
        "<offload name='b' pool='dpu1' cores='2' memory-mib='256'/>"   \
        "<offload name='c' pool='dpu2' cores='2' mbit='400'/></slice>"
#define LACK                                                                                \
        "offload:dpu1 is not there any more: bring back what was taken from this host, or " \
        "ask for the hardware slice again"

static void add(Fixture *f, unsigned n) {
        g_autofree char *pf = g_strdup_printf("0000:3%u:00.0", n);

        fake_root_add_pf(f->root, pf, &(FakePci){ .driver = "igb", .total_vfs = 2 });
        manager_on_device_event(f->manager, "pci", pf);
}

static void plug(Fixture *f, unsigned n) {
        g_autofree char *pf = g_strdup_printf("0000:3%u:00.0", n);
        g_autofree char *path = g_strconcat("sys/bus/pci/devices/", pf, NULL);
        g_autofree char *device = g_strdup_printf("sys/devices/pci0000:3%u/%s", n, pf);

        fake_root_link(f->root, path, device);
        manager_on_device_event(f->manager, "pci", pf);
}

static void pull(Fixture *f, unsigned n) {
        g_autofree char *pf = g_strdup_printf("0000:3%u:00.0", n);
        g_autofree char *path = g_strconcat("sys/bus/pci/devices/", pf, NULL);

        fake_root_remove(f->root, path);
        manager_on_device_event(f->manager, "pci", pf);
}

static void set_up(Fixture *f, gconstpointer config) {
        fixture_use_file(f);
        fixture_set_up(f, config);
        for (unsigned i = 0; i < DEVICES; i++) {
                g_autofree char *file = g_strdup_printf("etc/virtferry/pools.d/dpu%u.conf", i);
                g_autofree char *text = g_strdup_printf("[Resource dpu%u]\nParent=0000:3%u:00.0\n"
                                                        "Cores=4\nMemoryMiB=512\n"
                                                        "BandwidthMbit=1000\n",
                                                        i, i);

                fake_root_put(f->root, file, text, -1);
                add(f, i);
        }
}

/* "whole", or the error's words. */
static void note_answer(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                        const GError *error) {
        char **answer = userdata;

        g_free(*answer);
        *answer = g_strdup(error ? error->message : "whole");
}

static void ask(Fixture *f, const char *uuid, char **answer) {
        g_autoptr(Slice) wish = slice_from_xml(THREE, strlen(THREE), NULL);

        slices_allocate(f->manager->slices, uuid, uuid == (char *)GUEST_UUID ? "g1" : "g2", wish,
                        note_answer, answer);
}

static void flush(Fixture *f) {
        slices_flush(f->manager->slices);
}

static void flush_and_warn(Fixture *f) {
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "The hardware slice of guest g1 lacks something: " LACK);
        flush(f);
        g_test_assert_expected_messages();
}

static void assert_promised(Fixture *f, uint64_t cores) {
        const ResourceMap *map = slices_look(f->manager->slices);
        g_autoptr(GPtrArray) stored = store_load_slices(f->manager->store, NULL);
        static const char *const ids[] = { "offload:dpu0/cores", "offload:dpu2/cores" };

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
                g_assert_cmpuint(resource_map_find(map, ids[i])->promised, ==, cores);
        g_assert_cmpuint(stored->len, ==, cores > 0 ? 1 : 0);
}

/* What no kernel shows is in use because it was promised, also when its guest has it. */
static void test_what_a_guest_has_is_not_free(Fixture *f, gconstpointer unused) {
        static const struct {
                const char *id;
                uint64_t promised;
        } parts[] = { { "offload:dpu0/cores", 2 },
                      { "offload:dpu1/memory", UINT64_C(256) << 20 },
                      { "offload:dpu2/bandwidth", 400 } };
        g_autofree char *answer = NULL;
        const ResourceMap *map;

        ask(f, GUEST_UUID, &answer);
        flush(f);
        g_assert_true(slice_book_enter(slices_book(f->manager->slices), GUEST_UUID, SLICE_ENFORCED,
                                       NULL));
        map = slices_look(f->manager->slices);
        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
                g_assert_cmpuint(resource_map_find(map, parts[i].id)->promised, ==,
                                 parts[i].promised);
}

static void assert_whole(Fixture *f) {
        const SliceEntry *entry = slice_book_find(slices_book(f->manager->slices), GUEST_UUID);

        g_assert_nonnull(entry);
        for (unsigned i = 0; i < DEVICES; i++) {
                g_autofree char *id = g_strdup_printf("offload:dpu%u/cores", i);

                g_assert_cmpuint(slice_grants_sum(entry->grants, id, NULL), ==, 2);
        }
        assert_promised(f, 2);
}

static void test_pulled_before_it_was_promised(Fixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        ask(f, GUEST_UUID, &answer);
        pull(f, 1);
        flush(f);
        g_assert_cmpstr(answer, ==,
                        "Offload device dpu1, of which 'b' could be, is not there now: "
                        "'virt-ferry resources' says why");
        assert_promised(f, 0);

        plug(f, 1);
        ask(f, GUEST_UUID, &answer);
        flush(f);
        g_assert_cmpstr(answer, ==, "whole");
        assert_whole(f);
}

/* Who asks for the same while it is away gets nothing of the two that are there. */
static void test_pulled_after_it_was_promised(Fixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        ask(f, GUEST_UUID, &answer);
        flush(f);
        pull(f, 1);
        flush_and_warn(f);
        assert_whole(f);
        g_assert_cmpstr(slices_problem(f->manager->slices, GUEST_UUID), ==, LACK);
        ask(f, OTHER_UUID, &answer);
        flush(f);
        g_assert_nonnull(strstr(answer, "dpu1"));
        assert_whole(f);

        plug(f, 1);
        flush(f);
        g_assert_cmpstr(slices_problem(f->manager->slices, GUEST_UUID), ==, NULL);
        assert_whole(f);
}

static void test_pulled_while_the_daemon_was_not_there(Fixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        ask(f, GUEST_UUID, &answer);
        flush(f);
        fake_root_remove(f->root, "sys/bus/pci/devices/0000:31:00.0");
        fixture_restart(f);
        flush_and_warn(f);
        assert_whole(f);
        plug(f, 1);
        flush(f);
        g_assert_cmpstr(slices_problem(f->manager->slices, GUEST_UUID), ==, NULL);
}

/* Begin, put, commit. */
static void test_pulled_while_it_is_not_written(Fixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        for (int n = 0; n < 3; n++) {
                ask(f, GUEST_UUID, &answer);
                store_fail_write(f->manager->store, n);
                flush(f);
                g_assert_cmpstr(answer, !=, "whole");
                pull(f, 1);
                flush(f);
                assert_promised(f, 0);
                plug(f, 1);
        }
        ask(f, GUEST_UUID, &answer);
        flush(f);
        g_assert_cmpstr(answer, ==, "whole");
        assert_whole(f);
}

#define ADD(name, function) \
        g_test_add("/slices-offloads/" name, Fixture, NULL, set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("what a guest has of them is not free", test_what_a_guest_has_is_not_free);
        ADD("a device that is pulled before the write leaves nothing",
            test_pulled_before_it_was_promised);
        ADD("one that is pulled after it is lacked, and the rest is nobody's",
            test_pulled_after_it_was_promised);
        ADD("one that is pulled unseen is lacked, too", test_pulled_while_the_daemon_was_not_there);
        ADD("one that is pulled when a write has failed leaves nothing",
            test_pulled_while_it_is_not_written);
        return g_test_run();
}
