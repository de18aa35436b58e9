/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/sriov.h"
#include "tests/lib/fake-root.h"

#define PF      "0000:3b:00.0"
#define NUMVFS  "sys/bus/pci/devices/" PF "/sriov_numvfs"
#define VF0     "0000:3b:10.0"
#define VF1     "0000:3b:10.2"
#define MISSING "0000:99:00.0"

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        fake_root_add_pf(f->root, PF, &(FakePci){ .driver = "igb", .vf_driver = "vfio-pci" });
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static guint count_vfs(Fixture *f) {
        g_autoptr(GPtrArray) addresses = NULL;

        g_assert_cmpint(sriov_list_vfs(f->sysfs, PF, &addresses), ==, 0);
        return addresses->len;
}

static void assert_writes(Fixture *f, const char *expected) {
        g_autofree char *writes = fake_root_take_writes(f->root);

        g_assert_cmpstr(writes, ==, expected);
}

static void test_makes_and_removes_vfs(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root);
        g_autofree char *after = NULL;

        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 3), ==, 0);
        g_assert_cmpuint(count_vfs(f), ==, 3);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 0), ==, 0);
        g_assert_cmpuint(count_vfs(f), ==, 0);

        assert_writes(f, NUMVFS " = 3\n" NUMVFS " = 0\n");
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_lists_vfs_by_number_and_not_by_name(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) addresses = NULL;

        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 2), ==, 0);
        fake_root_link(f->root, "sys/bus/pci/devices/" PF "/virtfn0", "sys/devices/" VF1);
        fake_root_link(f->root, "sys/bus/pci/devices/" PF "/virtfn1", "sys/devices/" VF0);
        g_assert_cmpint(sriov_list_vfs(f->sysfs, PF, &addresses), ==, 0);
        g_assert_cmpuint(addresses->len, ==, 2);
        g_assert_cmpstr(addresses->pdata[0], ==, VF1);
        g_assert_cmpstr(addresses->pdata[1], ==, VF0);
}

static void test_knows_the_number_of_a_vf(Fixture *f, gconstpointer unused) {
        unsigned index;

        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 2), ==, 0);
        g_assert_cmpint(sriov_vf_index(f->sysfs, VF0, &index), ==, 0);
        g_assert_cmpuint(index, ==, 0);
        g_assert_cmpint(sriov_vf_index(f->sysfs, VF1, &index), ==, 0);
        g_assert_cmpuint(index, ==, 1);

        g_assert_cmpint(sriov_vf_index(f->sysfs, PF, &index), ==, -ENODEV);
        g_assert_cmpint(sriov_vf_index(f->sysfs, MISSING, &index), ==, -ENODEV);
        g_assert_cmpint(sriov_vf_index(f->sysfs, "x/y", &index), ==, -EINVAL);
}

static void test_the_same_count_means_no_write(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 0), ==, 0);
        assert_writes(f, "");
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 2), ==, 0);
        g_free(fake_root_take_writes(f->root));
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 2), ==, 0);
        assert_writes(f, "");
}

static void test_another_count_is_busy_and_keeps_the_vfs(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 2), ==, 0);
        g_free(fake_root_take_writes(f->root));
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 3), ==, -EBUSY);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 1), ==, -EBUSY);
        assert_writes(f, "");
        g_assert_cmpuint(count_vfs(f), ==, 2);
}

static void test_more_than_the_device_has_is_out_of_range(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 8), ==, -ERANGE);
        assert_writes(f, "");
}

static void test_what_cannot_make_vfs_says_so(Fixture *f, gconstpointer unused) {
        fake_root_add_pci(f->root, "0000:40:00.0", &(FakePci){ .driver = "igb" });
        fake_root_add_pf(f->root, "0000:41:00.0", NULL); /* a PF, but without a driver */

        g_assert_cmpint(sriov_set_numvfs(f->sysfs, "0000:40:00.0", 1), ==, -EOPNOTSUPP);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, "0000:41:00.0", 1), ==, -EOPNOTSUPP);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, MISSING, 1), ==, -ENODEV);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, "../" PF, 1), ==, -EINVAL);
}

static void test_vfs_that_a_guest_holds_are_not_removed(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 3), ==, 0);
        g_free(fake_root_take_writes(f->root));
        fake_root_hold(f->root, VF1);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 0), ==, -EBUSY);
        assert_writes(f, "");
        g_assert_cmpuint(count_vfs(f), ==, 3);

        fake_root_release(f->root, VF1);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 0), ==, 0);
}

/* As the kernel does it: the write succeeds and the count is another one. */
static void test_fewer_vfs_than_asked_for_are_removed_again(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        fake_root_add_pf(f->root, "0000:40:00.0", &(FakePci){ .driver = "igb", .made_at_most = 2 });
        before = fake_root_dump(f->root);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, "0000:40:00.0", 3), ==, -EIO);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_leaves_no_trace_when_it_fails(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root);
        int r = -ENOMEM;

        for (int n = 0; r < 0; n++) {
                fake_root_fail_write(f->root, n, ENOMEM);

                r = sriov_set_numvfs(f->sysfs, PF, 2);
                if (r == 0) {
                        g_assert_cmpint(n, ==, 1); /* one write */
                        break;
                }

                g_autofree char *after = fake_root_dump(f->root);
                g_assert_cmpint(r, ==, -ENOMEM);
                g_assert_cmpstr(after, ==, before);
        }
}

static void test_a_hostile_count_is_a_bad_message(Fixture *f, gconstpointer unused) {
        static const char *const counts[] = { "", "-1\n", "65536\n", "all\n", "99999999999999\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
                GPtrArray *addresses = NULL;

                fake_root_put(f->root, NUMVFS, counts[i], -1);
                g_assert_cmpint(sriov_list_vfs(f->sysfs, PF, &addresses), ==, -EBADMSG);
                g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 1), ==, -EBADMSG);
                g_assert_null(addresses);
        }
}

static void test_links_that_are_missing_or_lead_nowhere_are_left_out(Fixture *f,
                                                                     gconstpointer unused) {
        g_autoptr(GPtrArray) addresses = NULL;

        fake_root_put(f->root, NUMVFS, "4\n", -1);
        fake_root_link(f->root, "sys/bus/pci/devices/" PF "/virtfn1", "sys/devices/nonsense");
        fake_root_link(f->root, "sys/bus/pci/devices/" PF "/virtfn3", "sys/devices/" VF0);
        g_assert_cmpint(sriov_list_vfs(f->sysfs, PF, &addresses), ==, 0);
        g_assert_cmpuint(addresses->len, ==, 1);
        g_assert_cmpstr(addresses->pdata[0], ==, VF0);
}

#define ADD(name, function) g_test_add("/sriov/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("makes-and-removes-vfs", test_makes_and_removes_vfs);
        ADD("lists-vfs-by-number-and-not-by-name", test_lists_vfs_by_number_and_not_by_name);
        ADD("knows-the-number-of-a-vf", test_knows_the_number_of_a_vf);
        ADD("the-same-count-means-no-write", test_the_same_count_means_no_write);
        ADD("another-count-is-busy-and-keeps-the-vfs",
            test_another_count_is_busy_and_keeps_the_vfs);
        ADD("more-than-the-device-has-is-out-of-range",
            test_more_than_the_device_has_is_out_of_range);
        ADD("what-cannot-make-vfs-says-so", test_what_cannot_make_vfs_says_so);
        ADD("vfs-that-a-guest-holds-are-not-removed", test_vfs_that_a_guest_holds_are_not_removed);
        ADD("fewer-vfs-than-asked-for-are-removed-again",
            test_fewer_vfs_than_asked_for_are_removed_again);
        ADD("leaves-no-trace-when-it-fails", test_leaves_no_trace_when_it_fails);
        ADD("a-hostile-count-is-a-bad-message", test_a_hostile_count_is_a_bad_message);
        ADD("links-that-are-missing-or-lead-nowhere-are-left-out",
            test_links_that_are_missing_or_lead_nowhere_are_left_out);

        return g_test_run();
}
