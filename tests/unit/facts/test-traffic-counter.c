/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/traffic-counter.h"

#include <errno.h>

#include "tests/lib/fake-root.h"
#include "tests/lib/fake-rtnl.h"

static void put_counts(FakeRoot *root, const char *received, const char *sent) {
        fake_root_put(root, "sys/class/net/vnet0/statistics/rx_packets", received, -1);
        fake_root_put(root, "sys/class/net/vnet0/statistics/tx_packets", sent, -1);
}

static uint64_t read_count(const TrafficCounter *counter) {
        uint64_t packets = 0;

        g_assert_cmpint(traffic_counter_read(counter, &packets), ==, 0);
        return packets;
}

static void test_a_tap_counts_both_ways(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(TrafficCounter) counter = NULL;

        put_counts(root, "7\n", "40\n");
        g_assert_cmpint(traffic_counter_of_netdev(fake_root_sysfs(root), "vnet0", &counter), ==, 0);
        g_assert_cmpuint(read_count(counter), ==, 47);
        put_counts(root, "7\n", "41\n");
        g_assert_cmpuint(read_count(counter), ==, 48);
        put_counts(root, "18446744073709551615\n", "1\n");
        g_assert_cmpuint(read_count(counter), ==, 0);
}

static void test_what_is_no_netdev_is_not_counted(void) {
        static const char *const names[] = { "vnet1", "", "..", "../vnet0", "vnet0123456789ab" };
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(TrafficCounter) counter = NULL;

        put_counts(root, "many\n", "1\n");
        g_assert_cmpint(traffic_counter_of_netdev(fake_root_sysfs(root), "vnet0", &counter), ==,
                        -EBADMSG);
        put_counts(root, "1\n", "1\n");
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_cmpint(
                        traffic_counter_of_netdev(fake_root_sysfs(root), names[i], &counter), <, 0);
        g_assert_null(counter);
}

static void test_a_vf_is_counted_by_its_pf(void) {
        g_autoptr(FakeRtnl) fake = fake_rtnl_new();
        g_autoptr(TrafficCounter) counter = NULL;
        int pf = fake_rtnl_add_netdev(fake, "eth0");

        fake_rtnl_add_vf(fake, pf, 0);
        fake_rtnl_add_vf(fake, pf, 1);
        g_assert_cmpint(traffic_counter_of_vf(fake_rtnl(fake), pf, 1, &counter), ==, -EOPNOTSUPP);
        fake_rtnl_count(fake, pf, 0, 1000, 1000);
        fake_rtnl_count(fake, pf, 1, 3, 4);
        g_assert_cmpint(traffic_counter_of_vf(fake_rtnl(fake), pf, 2, &counter), ==, -ENOENT);
        g_assert_cmpint(traffic_counter_of_vf(fake_rtnl(fake), pf, 1, &counter), ==, 0);
        g_assert_cmpuint(read_count(counter), ==, 7);
        fake_rtnl_count(fake, pf, 1, 0, 1);
        g_assert_cmpuint(read_count(counter), ==, 8);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/traffic-counter/a tap counts both ways", test_a_tap_counts_both_ways);
        g_test_add_func("/traffic-counter/what is no netdev is not counted",
                        test_what_is_no_netdev_is_not_counted);
        g_test_add_func("/traffic-counter/a vf is counted by its pf",
                        test_a_vf_is_counted_by_its_pf);
        return g_test_run();
}
