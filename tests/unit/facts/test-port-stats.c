/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/port-stats.h"

#include "tests/lib/fake-root.h"

static void put(FakeRoot *root, const char *netdev, const char *file, const char *text) {
        g_autofree char *path = g_strdup_printf("sys/class/net/%s/%s", netdev, file);

        fake_root_put(root, path, text, -1);
}

static void put_port(FakeRoot *root, const char *netdev, const char *received) {
        put(root, netdev, "device/vendor", "0x15b3\n");
        put(root, netdev, "statistics/rx_bytes", received);
}

static char *list(FakeRoot *root, guint most) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) ports = NULL;

        g_assert_cmpint(port_stats_list(fake_root_sysfs(root), most, &ports), ==, 0);
        for (guint i = 0; i < ports->len; i++)
                g_string_append_printf(text, "%s ", ((const PortStats *)ports->pdata[i])->netdev);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_counters(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(GPtrArray) ports = NULL;
        const LinkStats *stats;

        put_port(root, "p0", "7\n");
        put(root, "p0", "statistics/tx_bytes", "18446744073709551614\n");
        put(root, "p0", "statistics/rx_packets", "many\n");
        put(root, "p0", "statistics/tx_packets", "3\n");
        put(root, "p0", "statistics/tx_dropped", "0\n");
        g_assert_cmpint(port_stats_list(fake_root_sysfs(root), 8, &ports), ==, 0);
        g_assert_cmpuint(ports->len, ==, 1);
        stats = &((const PortStats *)ports->pdata[0])->stats;
        g_assert_cmpuint(stats->receive_bytes, ==, 7);
        g_assert_cmpuint(stats->transmit_bytes, ==, UINT64_MAX - 1);
        g_assert_cmpuint(stats->receive_packets, ==, LINK_STATS_UNKNOWN);
        g_assert_cmpuint(stats->transmit_packets, ==, 3);
        g_assert_cmpuint(stats->receive_drops, ==, LINK_STATS_UNKNOWN);
        g_assert_cmpuint(stats->transmit_drops, ==, 0);
}

/* What goes through them a port has counted. */
static void test_no_port(void) {
        static const char *const functions[] = { "pf0hpf", "pf0", "c1pf0vf2", "pf0sf88" };
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *names = NULL;

        put_port(root, "p0", "1\n");
        put(root, "p0", "phys_port_name", "p0\n");
        put_port(root, "oob", "1\n");
        put(root, "br0", "statistics/rx_bytes", "1\n");
        put_port(root, "vf", "1\n");
        put(root, "vf", "device/physfn/vendor", "0x15b3\n");
        for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
                put_port(root, functions[i], "1\n");
                put(root, functions[i], "phys_port_name", functions[i]);
        }
        names = list(root, 64);
        g_assert_cmpstr(names, ==, "oob p0 ");
}

static void test_too_many(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *none = list(root, 2), *names = NULL;

        put_port(root, "p0", "1\n");
        put_port(root, "p1", "1\n");
        put_port(root, "p2", "1\n");
        names = list(root, 2);
        g_assert_cmpstr(none, ==, "");
        g_assert_cmpstr(names, ==, "p0 p1 ");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/port-stats/what cannot be read is unknown", test_counters);
        g_test_add_func("/port-stats/bridges, VFs and representors are no ports", test_no_port);
        g_test_add_func("/port-stats/of too many the first are read", test_too_many);
        return g_test_run();
}
