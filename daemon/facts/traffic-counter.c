/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/traffic-counter.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"
#include "daemon/facts/vf-link.h"

struct TrafficCounter {
        SysfsDir statistics; /* of a netdev */
        Rtnl *rtnl;          /* of a VF; NULL */
        int pf;
        unsigned vf;
};

void traffic_counter_free(TrafficCounter *counter) {
        if (!counter)
                return;

        sysfs_dir_done(&counter->statistics);
        g_free(counter);
}

static TrafficCounter *counter_new(void) {
        TrafficCounter *counter = g_new0(TrafficCounter, 1);

        counter->statistics = (SysfsDir)SYSFS_DIR_NONE;
        return counter;
}

int traffic_counter_of_netdev(const Sysfs *sysfs, const char *netdev,
                              TrafficCounter **ret_counter) {
        g_autoptr(TrafficCounter) counter = counter_new();
        uint64_t packets;
        int r;

        if (!sysfs_name_is_valid(netdev) || strlen(netdev) >= IFNAMSIZ)
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &counter->statistics, "sys/class/net/%s/statistics", netdev);
        if (r >= 0)
                r = traffic_counter_read(counter, &packets);
        if (r >= 0)
                *ret_counter = g_steal_pointer(&counter);
        return r;
}

int traffic_counter_of_vf(Rtnl *rtnl, int pf, unsigned vf, TrafficCounter **ret_counter) {
        g_autoptr(TrafficCounter) counter = counter_new();
        uint64_t packets;
        int r;

        counter->rtnl = rtnl;
        counter->pf = pf;
        counter->vf = vf;
        r = traffic_counter_read(counter, &packets);
        if (r >= 0)
                *ret_counter = g_steal_pointer(&counter);
        return r;
}

static int read_number(const SysfsDir *dir, const char *name, uint64_t *ret_value) {
        char text[SYSFS_VALUE_MAX];
        guint64 value;
        int r;

        r = sysfs_dir_read(dir, name, text);
        if (r < 0)
                return r;
        if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &value, NULL))
                return -EBADMSG;

        *ret_value = value;
        return 0;
}

/* Counters may turn over: only whether the sum has changed is of use. */
int traffic_counter_read(const TrafficCounter *counter, uint64_t *ret_packets) {
        uint64_t received, sent;
        int r;

        if (counter->rtnl)
                return vf_link_read_packets(counter->rtnl, counter->pf, counter->vf, ret_packets);

        r = read_number(&counter->statistics, "rx_packets", &received);
        if (r >= 0)
                r = read_number(&counter->statistics, "tx_packets", &sent);
        if (r >= 0)
                *ret_packets = received + sent;
        return r;
}
