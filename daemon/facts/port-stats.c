/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/port-stats.h"

#include "daemon/facts/sysfs-dir.h"

static void port_stats_free(void *data) {
        PortStats *port = data;

        g_free(port->netdev);
        g_free(port);
}

/* "pf0", "pf0vf2", "c1pf0vf2", "pf0sf88"; a port is "p0", or has no such name. */
static bool is_of_function(const char *name) {
        if (name[0] == 'c' && g_ascii_isdigit(name[1]))
                for (name++; g_ascii_isdigit(*name);)
                        name++;
        return g_str_has_prefix(name, "pf");
}

static bool is_port(const SysfsDir *netdev) {
        g_autofree char *name = NULL;

        if (!sysfs_dir_has(netdev, "device") || sysfs_dir_has(netdev, "device/physfn"))
                return false;
        return sysfs_dir_read_string(netdev, "phys_port_name", &name) < 0 || !is_of_function(name);
}

static uint64_t read_count(const SysfsDir *netdev, const char *name) {
        g_autofree char *text = NULL;
        guint64 count;

        if (sysfs_dir_read_string(netdev, name, &text) < 0 ||
            !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &count, NULL))
                return LINK_STATS_UNKNOWN;
        return count;
}

static PortStats *read_port(const SysfsDir *netdev, const char *name) {
        PortStats *port = g_new0(PortStats, 1);

        port->netdev = g_strdup(name);
        port->stats = (LinkStats){
                .receive_bytes = read_count(netdev, "statistics/rx_bytes"),
                .transmit_bytes = read_count(netdev, "statistics/tx_bytes"),
                .receive_packets = read_count(netdev, "statistics/rx_packets"),
                .transmit_packets = read_count(netdev, "statistics/tx_packets"),
                .receive_drops = read_count(netdev, "statistics/rx_dropped"),
                .transmit_drops = read_count(netdev, "statistics/tx_dropped"),
        };
        return port;
}

int port_stats_list(const Sysfs *sysfs, guint most, GPtrArray **ret_ports) {
        g_autoptr(GPtrArray) ports = g_ptr_array_new_with_free_func(port_stats_free);
        g_autoptr(GPtrArray) names = NULL;
        int r;

        r = sysfs_list(sysfs, "sys/class/net", &names);
        if (r < 0)
                return r;

        for (guint i = 0; i < names->len && ports->len < most; i++) {
                const char *name = names->pdata[i];
                g_auto(SysfsDir) netdev = SYSFS_DIR_NONE;

                if (sysfs_dir_open(sysfs, &netdev, "sys/class/net/%s", name) >= 0 &&
                    is_port(&netdev))
                        g_ptr_array_add(ports, read_port(&netdev, name));
        }
        *ret_ports = g_steal_pointer(&ports);
        return 0;
}
