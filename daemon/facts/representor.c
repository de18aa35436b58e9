/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/representor.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"

/* Legacy drivers refuse to read these, with EOPNOTSUPP. */
static char *read_word(const Sysfs *sysfs, const char *netdev, const char *attribute) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        char *word = NULL;

        if (!sysfs_name_is_valid(netdev) ||
            sysfs_dir_open(sysfs, &dir, "sys/class/net/%s", netdev) < 0 ||
            sysfs_dir_read_string(&dir, attribute, &word) < 0)
                return NULL;

        return word;
}

/* "pf0vf2", "c1pf0vf2" */
static bool is_port(const char *port, const char *wanted) {
        if (port[0] == 'c') {
                port++;
                while (g_ascii_isdigit(*port))
                        port++;
        }
        return g_str_equal(port, wanted);
}

static bool stands_for(const Sysfs *sysfs, const char *netdev, const char *id, const char *port) {
        g_autofree char *have_id = read_word(sysfs, netdev, "phys_switch_id"), *have_port = NULL;

        if (g_strcmp0(have_id, id) != 0)
                return false;

        have_port = read_word(sysfs, netdev, "phys_port_name");
        return have_port && is_port(have_port, port);
}

int representor_find(const Sysfs *sysfs, const char *pf_netdev, unsigned pf_number, unsigned vf,
                     char **ret_netdev) {
        g_autofree char *id = read_word(sysfs, pf_netdev, "phys_switch_id"), *port = NULL;
        g_autoptr(GPtrArray) netdevs = NULL;
        int r;

        if (!id || !*id)
                return -ENOENT;

        r = sysfs_list(sysfs, "sys/class/net", &netdevs);
        if (r < 0)
                return r;

        port = g_strdup_printf("pf%uvf%u", pf_number, vf);
        for (guint i = 0; i < netdevs->len; i++)
                if (stands_for(sysfs, netdevs->pdata[i], id, port)) {
                        *ret_netdev = g_strdup(netdevs->pdata[i]);
                        return 0;
                }
        return -ENOENT;
}
