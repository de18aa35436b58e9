/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/negotiate-fixture.h"

/* What a guest is told while 'virt-ferry probe' has a device. */

static void host_that_tries(Fixture *f, const char *device) {
        g_autoptr(GError) error = NULL;

        add_parent(f, "mtty", 2, "mtty-1");
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        g_assert_true(lease_book_begin_trial(f->book, device, &error));
        g_assert_no_error(error);
}

static void test_another_device_is_given(Fixture *f, gconstpointer unused) {
        host_that_tries(f, U1);
        want(f, U9, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_of(f, 0)->source, ==, U2);
}

static void test_without_another_the_sentence_says_so(Fixture *f, gconstpointer unused) {
        host_that_tries(f, U1);
        (void)lease(f, "db1", U2, LEASE_RUNNING);
        want(f, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(f, 0)->ok);
        g_assert_cmpstr(answer_of(f, 0)->reason, ==,
                        "hostdev0 needs an mdev of type mtty-1: of 2 in pool 'default' 1 is leased "
                        "to db1 and 1 is being tried by 'virt-ferry probe', and mtty has no "
                        "instance left: free one with 'virt-ferry leases'");
}

static void test_the_named_device_is_refused_for_the_moment(Fixture *f, gconstpointer unused) {
        host_that_tries(f, U1);
        want(f, U1, "pool='default'", NULL);
        g_assert_false(answer_here_of(f, 0)->ok);
        g_assert_cmpstr(answer_here_of(f, 0)->reason, ==,
                        "hostdev0 names " U1 ", which is being tried by 'virt-ferry probe': "
                        "try again in a minute, or name another device");
}

static void test_when_it_ends_the_device_is_given(Fixture *f, gconstpointer unused) {
        host_that_tries(f, U1);
        lease_book_end_trial(f->book, U1);
        want(f, U1, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_of(f, 0)->source, ==, U1);
}

static void test_the_rest_of_its_group_waits_too(Fixture *f, gconstpointer unused) {
        int group;

        add_vfs(f, 1, "vfio-pci");
        scan(f);
        group = inventory_find(f->inventory, VF0)->iommu_group;
        fake_root_add_pci(f->root, "0000:3b:00.1",
                          &(FakePci){ .driver = "vfio-pci", .iommu_group = group });
        g_assert_true(lease_book_begin_trial(f->book, "0000:3b:00.1", NULL));

        want(f, VF9, NULL, SEEN_PLAIN);
        g_assert_false(answer_of(f, 0)->ok);
        g_assert_nonnull(strstr(answer_of(f, 0)->reason,
                                "0000:3b:00.1, which is being tried by 'virt-ferry probe'"));
}

#define TEST(name, function) g_test_add("/tried/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("another device is given", test_another_device_is_given);
        TEST("without another the sentence says so", test_without_another_the_sentence_says_so);
        TEST("the named device is refused for the moment",
             test_the_named_device_is_refused_for_the_moment);
        TEST("when it ends the device is given", test_when_it_ends_the_device_is_given);
        TEST("the rest of its group waits too", test_the_rest_of_its_group_waits_too);
        return g_test_run();
}
