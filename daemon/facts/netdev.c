/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/netdev.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "daemon/facts/netdev-netlink.h"
#include "daemon/facts/sysfs-dir.h"

void netdev_facts_free(NetdevFacts *facts) {
        if (!facts)
                return;

        g_free(facts->name);
        g_free(facts->mac);
        g_free(facts->master);
        g_free(facts);
}

static int open_netdev(const Sysfs *sysfs, const char *name, SysfsDir *ret_dir) {
        if (!sysfs_name_is_valid(name) || strlen(name) >= IFNAMSIZ)
                return -EINVAL;

        return sysfs_dir_open(sysfs, ret_dir, "sys/class/net/%s", name);
}

static NetdevFacts *read_facts(const SysfsDir *dir, const char *name) {
        NetdevFacts *facts = g_new0(NetdevFacts, 1);
        char master[NAME_MAX + 1];
        int value;

        facts->name = g_strdup(name);
        (void)sysfs_dir_read_string(dir, "address", &facts->mac); /* NULL: unknown */
        if (sysfs_dir_read_link(dir, "master", master) >= 0)
                facts->master = g_strdup(master);
        if (sysfs_dir_read_int(dir, "flags", &value) >= 0)
                facts->up = value & IFF_UP;
        if (sysfs_dir_read_int(dir, "mtu", &value) >= 0 && value > 0)
                facts->mtu = value;
        return facts;
}

int netdev_read(const Sysfs *sysfs, const char *name, NetdevFacts **ret_facts) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int r;

        r = open_netdev(sysfs, name, &dir);
        if (r < 0)
                return r;

        *ret_facts = read_facts(&dir, name);
        return 0;
}

/* What stands on top of it, a VLAN or a macvlan: each is an "upper_NAME" link. */
static int find_upper(const SysfsDir *dir, char **ret_upper) {
        g_autoptr(GPtrArray) names = NULL;
        int r;

        r = sysfs_dir_list(dir, ".", &names);
        if (r < 0)
                return r;

        *ret_upper = NULL;
        for (guint i = 0; i < names->len && !*ret_upper; i++)
                if (g_str_has_prefix(names->pdata[i], "upper_"))
                        *ret_upper = g_strdup((char *)names->pdata[i] + strlen("upper_"));
        return 0;
}

static int list_addresses(const Sysfs *sysfs, const char *name, GPtrArray **ret_addresses) {
        const SysfsOps *ops;
        void *userdata;

        ops = sysfs_ops(sysfs, &userdata);
        if (ops->list_addresses)
                return ops->list_addresses(userdata, name, ret_addresses);

        return netdev_list_addresses(name, ret_addresses);
}

int netdev_host_use(const Sysfs *sysfs, const char *name, char **ret_reason) {
        g_autoptr(GPtrArray) addresses = NULL;
        g_autoptr(NetdevFacts) facts = NULL;
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autofree char *upper = NULL;
        int r;

        r = open_netdev(sysfs, name, &dir);
        if (r < 0)
                return r;

        /* A port's master is an upper link too, so it has to be told first. */
        facts = read_facts(&dir, name);
        if (facts->master) {
                *ret_reason = g_strdup_printf("%s is a port of %s", name, facts->master);
                return 0;
        }

        r = find_upper(&dir, &upper);
        if (r >= 0)
                r = list_addresses(sysfs, name, &addresses);
        if (r < 0)
                return r;

        *ret_reason = NULL;
        if (upper)
                *ret_reason = g_strdup_printf("%s carries %s", name, upper);
        else if (addresses->len > 0)
                *ret_reason = g_strdup_printf("%s %shas %s", name, facts->up ? "is up and " : "",
                                              (const char *)addresses->pdata[0]);
        return 0;
}
