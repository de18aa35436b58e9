/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/resctrl.h"

#include <errno.h>

#include "daemon/facts/sysfs-dir.h"

#define RESCTRL "sys/fs/resctrl"

/* What is not told is 0. */
static unsigned read_number(const SysfsDir *dir, const char *name) {
        int value;

        return sysfs_dir_read_int(dir, name, &value) >= 0 && value > 0 ? value : 0;
}

/* "fffff", without 0x. */
static unsigned count_ways(const SysfsDir *dir) {
        char text[SYSFS_VALUE_MAX];
        guint64 mask;

        if (sysfs_dir_read(dir, "cbm_mask", text) <= 0 ||
            !g_ascii_string_to_unsigned(text, 16, 0, G_MAXUINT64, &mask, NULL))
                return 0;
        return (unsigned)__builtin_popcountll(mask);
}

/* Beside info, mon_data and mon_groups; each has its schemata. */
static int count_groups(const Sysfs *sysfs, unsigned *ret_groups) {
        g_autoptr(GPtrArray) names = NULL;
        unsigned groups = 1;
        int r;

        r = sysfs_list(sysfs, RESCTRL, &names);
        if (r < 0)
                return r;

        for (guint i = 0; i < names->len; i++) {
                g_autofree char *path = g_build_filename(RESCTRL, names->pdata[i], "schemata",
                                                         NULL);

                groups += sysfs_exists(sysfs, path);
        }
        *ret_groups = groups;
        return 0;
}

static void read_cache(const Sysfs *sysfs, Resctrl *resctrl) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;

        if (sysfs_dir_open(sysfs, &dir, RESCTRL "/info/L3") < 0 &&
            sysfs_dir_open(sysfs, &dir, RESCTRL "/info/L3DATA") < 0)
                return;

        resctrl->cache_ways = count_ways(&dir);
        resctrl->cache_ways_min = read_number(&dir, "min_cbm_bits");
        if (resctrl->cache_ways > 0) /* else it can be watched, not allotted */
                resctrl->cache_groups_max = read_number(&dir, "num_closids");
}

static void read_bandwidth(const Sysfs *sysfs, Resctrl *resctrl) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;

        if (sysfs_dir_open(sysfs, &dir, RESCTRL "/info/MB") < 0)
                return;

        resctrl->bandwidth_groups_max = read_number(&dir, "num_closids");
        resctrl->bandwidth_min = read_number(&dir, "min_bandwidth");
        resctrl->bandwidth_step = read_number(&dir, "bandwidth_gran");
}

int resctrl_read(const Sysfs *sysfs, Resctrl *ret_resctrl) {
        Resctrl resctrl = { 0 };
        int r;

        /* The directory is there without the mount. */
        if (sysfs_exists(sysfs, RESCTRL "/schemata")) {
                r = count_groups(sysfs, &resctrl.groups);
                if (r < 0)
                        return r;
                read_cache(sysfs, &resctrl);
                read_bandwidth(sysfs, &resctrl);
        }

        *ret_resctrl = resctrl;
        return 0;
}
