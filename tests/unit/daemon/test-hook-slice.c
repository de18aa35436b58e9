/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* A guest with a hardware slice comes to a host of four CPUs, and libvirt waits. */

#define CPU  "sys/devices/system/cpu/"
#define NODE "sys/devices/system/node/"

static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_put(f->root, CPU "online", "0-3\n", -1);
        fake_root_put(f->root, NODE "online", "0\n", -1);
        fake_root_put(f->root, NODE "node0/cpulist", "0-3\n", -1);
        fake_root_put(f->root, NODE "node0/meminfo", "Node 0 MemTotal: 1048576 kB\n", -1);
        slices_on_host_changed(f->manager->slices);
}

static char *slice_xml(const char *uuid, unsigned cores, const char *rest) {
        return g_strdup_printf(
                "<domain type='kvm'>\n  <name>g1</name>\n  <uuid>%s</uuid>\n  <metadata>\n"
                "    <ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"
                "<ferry:slice version='1'><ferry:cores count='%u' exclusive='yes'/></ferry:slice>"
                "</ferry:domain>\n  </metadata>\n  <vcpu>2</vcpu>\n%s</domain>\n",
                uuid, cores, rest);
}

static char *filter(Fixture *f, const char *xml, GError **error) {
        return manager_filter_domain(f->manager, "migrate", xml, error);
}

static const SliceEntry *entry_of(Fixture *f, const char *uuid) {
        return slice_book_find(slices_book(f->manager->slices), uuid);
}

static void test_a_guest_gets_cpus_of_this_host(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = slice_xml(GUEST_UUID, 2, ""), *fitted = NULL;
        g_auto(GStrv) parts = g_strsplit(xml, "</domain>\n", -1);
        g_autofree char *expected = NULL;
        g_autoptr(GError) error = NULL;

        fitted = filter(f, xml, &error);
        g_assert_no_error(error);
        expected = g_strdup_printf("%s<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' "
                                   "cpuset='1'/><emulatorpin cpuset='0-1'/></cputune></domain>\n",
                                   parts[0]);
        g_assert_cmpstr(fitted, ==, expected);
        g_assert_cmpint(entry_of(f, GUEST_UUID)->state, ==, SLICE_PROMISED);
        g_assert_cmpint(entry_of(f, GUEST_UUID)->expires, >, 0);
}

static void test_one_that_does_not_fit_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = slice_xml(GUEST_UUID, 5, "");
        g_autoptr(GPtrArray) migrations = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(filter(f, xml, &error));
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, "Hardware slice of guest g1: "));
        g_assert_null(entry_of(f, GUEST_UUID));

        migrations = migration_log_list(f->manager->migrations);
        g_assert_cmpuint(migrations->len, ==, 1);
        g_assert_cmpint(((Migration *)migrations->pdata[0])->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_two_guests_do_not_get_the_same(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = slice_xml(GUEST_UUID, 3, ""), *fitted = NULL, *more = NULL;
        g_autofree char *other = slice_xml(OTHER_UUID, 2, "");
        g_autoptr(GError) error = NULL;

        fitted = filter(f, xml, &error);
        g_assert_no_error(error);
        more = filter(f, other, &error);
        g_assert_null(more);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_clear_error(&error);
        g_assert_false(manager_prepare_domain(f->manager, other, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_clear_error(&error);
        g_assert_true(manager_prepare_domain(f->manager, xml, &error));
        g_assert_no_error(error);
}

/* Nothing is leased for a guest that does not come. */
static void test_devices_are_not_leased_for_one_that_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_auto(GStrv) parts = g_strsplit(xml, "    </ferry:domain>", 2);
        g_autofree char *asking = NULL, *fitted = NULL, *fitting = NULL;
        g_autoptr(GError) error = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        asking = g_strjoinv("<ferry:slice version='1'><ferry:cores count='5'/></ferry:slice>"
                            "</ferry:domain>",
                            parts);
        fitted = filter(f, asking, &error);
        g_assert_null(fitted);
        g_assert_nonnull(error);
        assert_leases(f, "");
        g_clear_error(&error);

        fitting = g_strjoinv("<ferry:slice version='1'><ferry:cores count='1'/></ferry:slice>"
                             "</ferry:domain>",
                             parts);
        fitted = filter(f, fitting, &error);
        g_assert_no_error(error);
        assert_leases(f, HERE_MDEV " reserved expires\n");
        g_assert_nonnull(strstr(fitted, "<address uuid='" HERE_MDEV "'/>"));
        g_assert_nonnull(strstr(fitted, "<emulatorpin cpuset="));
        g_assert_nonnull(entry_of(f, GUEST_UUID));
}

/* Devices of it ----------------------------------------------------------------------- */

/* Beside mtty with its 24: `big` has room for three, `small` for two, so that is granted first. */
static void set_up_parents(Fixture *f, gconstpointer config) {
        static const FakeMdevType types[] = { { "mtty-1", "Single port serial", 1 }, { 0 } };

        set_up(f, config);
        fake_root_add_mdev_parent(f->root, "big", "mtty", 3, types);
        fake_root_add_mdev_parent(f->root, "small", "mtty", 2, types);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        slices_on_host_changed(f->manager->slices);
}

/* g1 has one mdev, and `need` is what is asked for it. */
static char *function_xml(const char *need, const char *slice) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_auto(GStrv) parts = g_strsplit(xml, "<ferry:seen", 2);
        g_auto(GStrv) rest = g_strsplit(parts[1], "    </ferry:domain>", 2);

        return g_strconcat(parts[0], need, "<ferry:seen", rest[0], "<ferry:slice version='1'>",
                           slice, "</ferry:slice></ferry:domain>", rest[1], NULL);
}

static const Lease *only_lease(Fixture *f) {
        g_autoptr(GPtrArray) leases = lease_book_list(f->manager->leases);

        g_assert_cmpuint(leases->len, ==, 1);
        return leases->pdata[0];
}

static void assert_granted(Fixture *f, const char *parent) {
        g_autofree char *resource = g_strdup_printf("mdev-type:%s/mtty-1", parent);
        const SliceEntry *entry = entry_of(f, GUEST_UUID);

        g_assert_nonnull(entry);
        g_assert_cmpuint(slice_grants_sum(entry->grants, resource, "f"), ==, 1);
        g_assert_cmpuint(entry->grants->len, ==, 1);
}

#define FUNCTION "<ferry:function name='f' class='mdev' type='mtty-1'/>"
#define OF_BIG   "<ferry:need class='mdev' type='mtty-1' pool='big'/>"

/* One is there on mtty, which would do, too. */
static void test_its_devices_are_where_it_is(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = function_xml("", FUNCTION), *fitted = NULL;
        g_autoptr(GError) error = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        fitted = filter(f, xml, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(only_lease(f)->parent, ==, "small");
        assert_granted(f, "small");
}

static void test_it_follows_its_devices(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = function_xml(OF_BIG, FUNCTION), *fitted = NULL;
        const SliceFunction *function;
        g_autoptr(GError) error = NULL;

        fitted = filter(f, xml, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(only_lease(f)->parent, ==, "big");
        assert_granted(f, "big");
        function = entry_of(f, GUEST_UUID)->wish->functions->pdata[0];
        g_assert_cmpstr(function->parent, ==, NULL); /* the next host has other parents */

        g_assert_true(manager_prepare_domain(f->manager, fitted, &error));
        g_assert_no_error(error);
        assert_granted(f, "big");
}

static void test_the_same_guest_may_come_again(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = function_xml(OF_BIG, FUNCTION), *fitted = NULL, *again = NULL;
        g_autoptr(GError) error = NULL;

        fitted = filter(f, xml, &error);
        again = filter(f, xml, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(again, ==, fitted);
        assert_granted(f, "big");
}

/* An operator's word of the slice, and another of the device. */
static void test_one_that_may_not_follow_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = function_xml(
                OF_BIG, "<ferry:function name='f' class='mdev' type='mtty-1' parent='small'/>");
        g_autoptr(GError) error = NULL;

        g_assert_null(filter(f, xml, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE);
        g_assert_cmpstr(error->message, ==,
                        "Hardware slice of guest g1: Function 'f' is to be of small, where nothing "
                        "that is free fits hostdev 0: free a device there, or ask for big, which "
                        "has one");
        assert_leases(f, "");
        g_assert_null(entry_of(f, GUEST_UUID));
}

/* All of big is promised to a guest that has none of it yet. */
static void test_one_that_cannot_follow_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = function_xml(OF_BIG, FUNCTION);
        g_autoptr(Slice) all = slice_new();
        g_autoptr(GError) error = NULL;

        for (int i = 0; i < 3; i++) {
                g_autofree char *name = g_strdup_printf("f%d", i);
                SliceFunction *function = slice_function_new(name);

                function->class_name = g_strdup("mdev");
                function->parent = g_strdup("big");
                g_ptr_array_add(all->functions, function);
        }
        slices_allocate(f->manager->slices, OTHER_UUID, "g2", all, NULL, NULL);
        slices_flush(f->manager->slices);

        g_assert_null(filter(f, xml, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_assert_nonnull(strstr(error->message, "'g2'"));
        assert_leases(f, "");
        g_assert_null(entry_of(f, GUEST_UUID));
}

static void test_a_guest_that_starts_has_the_devices_of_its_xml(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = function_xml("", FUNCTION);
        g_auto(GStrv) parts = g_strsplit(xml, SOURCE_MDEV, 2);
        g_autofree char *named = g_strjoinv(HERE_MDEV, parts);
        g_autoptr(GError) error = NULL;

        fake_root_add_mdev(f->root, "big", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        g_assert_true(manager_prepare_domain(f->manager, named, &error));
        g_assert_no_error(error);
        assert_granted(f, "big");
}

static void test_a_guest_without_one_is_not_changed(Fixture *f, gconstpointer unused) {
        const char *xml = "<domain><name>n</name><uuid>" GUEST_UUID "</uuid></domain>";
        g_autoptr(GError) error = NULL;
        g_autofree char *fitted = filter(f, xml, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(fitted, ==, xml);
        g_assert_null(entry_of(f, GUEST_UUID));
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/hook-slice/" name, Fixture, NULL, set_up, function, fixture_tear_down)
#define ADD_WITH(name, function)                                                             \
        g_test_add("/hook-slice/" name, Fixture, "[Pool big]\nParent=big\n", set_up_parents, \
                   function, fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a guest gets CPUs of this host", test_a_guest_gets_cpus_of_this_host);
        ADD("one that does not fit is refused", test_one_that_does_not_fit_is_refused);
        ADD("two guests do not get the same", test_two_guests_do_not_get_the_same);
        ADD("devices are not leased for one that is refused",
            test_devices_are_not_leased_for_one_that_is_refused);
        ADD_WITH("its devices are where it is", test_its_devices_are_where_it_is);
        ADD_WITH("it follows its devices", test_it_follows_its_devices);
        ADD_WITH("the same guest may come again", test_the_same_guest_may_come_again);
        ADD_WITH("one that may not follow is refused", test_one_that_may_not_follow_is_refused);
        ADD_WITH("one that cannot follow is refused", test_one_that_cannot_follow_is_refused);
        ADD_WITH("a guest that starts has the devices of its XML",
                 test_a_guest_that_starts_has_the_devices_of_its_xml);
        ADD("a guest without one is not changed", test_a_guest_without_one_is_not_changed);
        return g_test_run();
}
