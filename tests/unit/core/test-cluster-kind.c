/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-kind.h"

static void clear(ClusterKind *kind) {
        cluster_kind_free_words(kind);
        *kind = (ClusterKind){ 0 };
}

static Fingerprint *make_vf(void) {
        Fingerprint *fingerprint = fingerprint_new();

        fingerprint->vendor = 0x15b3;
        fingerprint->device = 0x101e;
        fingerprint->subsystem_vendor = 0x15b3;
        fingerprint->subsystem_device = 0x58;
        fingerprint->revision = 0;
        fingerprint->driver = g_strdup("mlx5_vfio_pci");
        fingerprint->driver_version = g_strdup("6.1");
        fingerprint->firmware = g_strdup("22.39.1002");
        fingerprint->vfio_caps = VFIO_CAP_STOP_COPY | VFIO_CAP_PRE_COPY;
        return fingerprint;
}

static void assert_kept(const Fingerprint *fingerprint) {
        g_autoptr(Fingerprint) read = NULL;
        ClusterKind kind = { 0 };

        cluster_kind_describe(&kind, "sriov", "fast", fingerprint);
        read = cluster_kind_fingerprint(&kind);
        g_assert_true(fingerprint_equal(read, fingerprint));
        clear(&kind);
}

static void test_is_read_as_it_was_described(void) {
        g_autoptr(Fingerprint) vf = make_vf(), unknown = fingerprint_new(), none = make_vf();

        none->vfio_caps = 0; /* asked, and it can nothing */
        assert_kept(vf);
        assert_kept(unknown);
        assert_kept(none);
}

static void test_what_cannot_be_read_is_unknown(void) {
        char ids[] = "15b3:zz::fffff:100:7", formats[] = "teleport";
        ClusterKind kind = { .ids = ids, .formats = formats };
        g_autoptr(Fingerprint) read = cluster_kind_fingerprint(&kind);

        g_assert_cmpint(read->vendor, ==, 0x15b3);
        g_assert_cmpint(read->device, ==, -1);
        g_assert_cmpint(read->subsystem_vendor, ==, -1);
        g_assert_cmpint(read->subsystem_device, ==, -1);
        g_assert_cmpint(read->revision, ==, -1);
        g_assert_cmpint(read->vfio_caps, ==, VFIO_CAPS_UNKNOWN);
}

static void test_differs_by_each_word_and_by_no_number(void) {
        g_autoptr(Fingerprint) vf = make_vf(), older = make_vf();
        ClusterKind a = { .total = 1 }, b = { .total = 2 };

        cluster_kind_describe(&a, "sriov", "fast", vf);
        cluster_kind_describe(&b, "sriov", "fast", vf);
        g_assert_true(cluster_kind_equal(&a, &b));
        g_assert_cmpuint(cluster_kind_hash(&a), ==, cluster_kind_hash(&b));
        clear(&b);

        cluster_kind_describe(&b, "sriov", "slow", vf);
        g_assert_false(cluster_kind_equal(&a, &b));
        clear(&b);

        older->firmware[1] = '1';
        cluster_kind_describe(&b, "sriov", "fast", older);
        g_assert_false(cluster_kind_equal(&a, &b));
        clear(&a);
        clear(&b);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add_func("/cluster-kind/" name, function)
        ADD("a kind is read as it was described", test_is_read_as_it_was_described);
        ADD("what cannot be read is not known", test_what_cannot_be_read_is_unknown);
        ADD("a kind differs by each word and by no number",
            test_differs_by_each_word_and_by_no_number);
        return g_test_run();
}
