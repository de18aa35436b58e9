/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/host-memory.h"

#include <errno.h>
#include <string.h>

bool meminfo_find(const char *text, const char *name, uint64_t *ret_kib) {
        size_t length = strlen(name);

        for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
                if ((at > text && !g_ascii_isspace(at[-1])) || at[length] != ':')
                        continue;

                *ret_kib = g_ascii_strtoull(at + length + 1, NULL, 10);
                return true;
        }
        return false;
}

int host_memory_read(const Sysfs *sysfs, HostMemory *ret_memory) {
        g_autofree char *text = NULL;
        HostMemory memory = { 0 };
        int r;

        r = sysfs_read_string(sysfs, "proc/meminfo", &text);
        if (r < 0)
                return r;
        if (!meminfo_find(text, "MemAvailable", &memory.available_kib))
                return -EBADMSG;

        (void)meminfo_find(text, "MemTotal", &memory.total_kib);
        (void)meminfo_find(text, "SwapFree", &memory.swap_kib);
        (void)meminfo_find(text, "Hugepagesize", &memory.hugepage_kib);
        *ret_memory = memory;
        return 0;
}

static int read_set(const Sysfs *sysfs, const char *path, NumberSet *ret_set) {
        g_autofree char *text = NULL;
        int r;

        r = sysfs_read_string(sysfs, path, &text);
        if (r < 0)
                return r;
        return number_set_from_text(text, ret_set) ? 0 : -EBADMSG;
}

int host_nodes_read(const Sysfs *sysfs, NumberSet *ret_nodes) {
        int r;

        r = read_set(sysfs, "sys/devices/system/node/online", ret_nodes);
        if (r != -ENOENT)
                return r;

        *ret_nodes = number_set_of(0);
        return 0;
}

int host_cpus_read(const Sysfs *sysfs, NumberSet *ret_cpus) {
        return read_set(sysfs, "sys/devices/system/cpu/online", ret_cpus);
}
