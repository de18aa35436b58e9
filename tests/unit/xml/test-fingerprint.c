/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "xml/fingerprint.h"

static void test_every_set_of_capabilities_reads_back(void) {
        for (int caps = 0; caps <= _VFIO_CAP_ALL; caps++) {
                g_autofree char *text = vfio_caps_to_string(caps);

                g_assert_cmpint(vfio_caps_from_string(text), ==, caps);
        }
}

static void test_capabilities_are_words_in_any_order(void) {
        g_autofree char *all = vfio_caps_to_string(_VFIO_CAP_ALL);
        g_autofree char *unknown = vfio_caps_to_string(VFIO_CAPS_UNKNOWN);

        g_assert_cmpstr(all, ==, "stop-copy p2p pre-copy dma-log data-size");
        g_assert_cmpstr(unknown, ==, "");

        g_assert_cmpint(vfio_caps_from_string("  p2p\tstop-copy p2p "), ==,
                        VFIO_CAP_STOP_COPY | VFIO_CAP_P2P);
        g_assert_cmpint(vfio_caps_from_string(""), ==, 0);
        g_assert_cmpint(vfio_caps_from_string("stop-copy,p2p"), ==, -EINVAL);
        g_assert_cmpint(vfio_caps_from_string("STOP-COPY"), ==, -EINVAL);
        g_assert_cmpint(vfio_caps_from_string("stop-copy post-copy"), ==, -EINVAL);
        g_assert_cmpint(vfio_caps_from_string(NULL), ==, -EINVAL);
}

static Fingerprint *example(void) {
        g_autoptr(Fingerprint) fingerprint = fingerprint_new();

        fingerprint->vendor = 0x15b3;
        fingerprint->device = 0x101e;
        fingerprint->driver = g_strdup("mlx5_vfio_pci");
        fingerprint->driver_version = g_strdup("6.12");
        fingerprint->firmware = g_strdup("22.39.1002");
        fingerprint->mdev_type = g_strdup("mtty-1");
        fingerprint->vfio_caps = VFIO_CAP_STOP_COPY;
        fingerprint->state_size = 4096;
        return g_steal_pointer(&fingerprint);
}

static void test_a_copy_is_equal_and_stands_alone(void) {
        g_autoptr(Fingerprint) one = example(), two = fingerprint_copy(one);

        g_assert_true(fingerprint_equal(one, two));
        g_assert_true(one->driver != two->driver);
        g_assert_null(fingerprint_copy(NULL));
}

/* Changes one member of a copy; false when there is none of this number. */
static bool change(Fingerprint *fingerprint, int member) {
        char **texts[] = { &fingerprint->driver, &fingerprint->driver_version,
                           &fingerprint->firmware, &fingerprint->mdev_type };
        int *numbers[] = { &fingerprint->vendor,           &fingerprint->device,
                           &fingerprint->subsystem_vendor, &fingerprint->subsystem_device,
                           &fingerprint->revision,         &fingerprint->vfio_caps };

        if (member < 4)
                g_clear_pointer(texts[member], g_free);
        else if (member < 10)
                *numbers[member - 4] += 1;
        else if (member == 10)
                fingerprint->state_size++;
        else
                return false;
        return true;
}

static void test_every_member_counts_for_equality(void) {
        g_autoptr(Fingerprint) one = example();
        int member;

        for (member = 0;; member++) {
                g_autoptr(Fingerprint) two = fingerprint_copy(one);

                if (!change(two, member))
                        break;
                g_assert_false(fingerprint_equal(one, two));
        }

        g_assert_cmpint(member, ==, 11);
        g_assert_false(fingerprint_equal(one, NULL));
        g_assert_true(fingerprint_equal(NULL, NULL));
}

static void test_a_new_one_knows_nothing(void) {
        g_autoptr(Fingerprint) fingerprint = fingerprint_new();

        g_assert_cmpint(fingerprint->vendor, ==, -1);
        g_assert_cmpint(fingerprint->device, ==, -1);
        g_assert_cmpint(fingerprint->subsystem_vendor, ==, -1);
        g_assert_cmpint(fingerprint->subsystem_device, ==, -1);
        g_assert_cmpint(fingerprint->revision, ==, -1);
        g_assert_cmpint(fingerprint->vfio_caps, ==, VFIO_CAPS_UNKNOWN);
        g_assert_null(fingerprint->driver);
        g_assert_cmpuint(fingerprint->state_size, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/fingerprint/every-set-of-capabilities-reads-back",
                        test_every_set_of_capabilities_reads_back);
        g_test_add_func("/fingerprint/capabilities-are-words-in-any-order",
                        test_capabilities_are_words_in_any_order);
        g_test_add_func("/fingerprint/a-copy-is-equal-and-stands-alone",
                        test_a_copy_is_equal_and_stands_alone);
        g_test_add_func("/fingerprint/every-member-counts-for-equality",
                        test_every_member_counts_for_equality);
        g_test_add_func("/fingerprint/a-new-one-knows-nothing", test_a_new_one_knows_nothing);

        return g_test_run();
}
