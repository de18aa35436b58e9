/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/host-memory.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* "MemAvailable:    3918384 kB". */
static bool read_field(const char *line, const char *name, uint64_t *ret_kib) {
        size_t length = strlen(name);

        if (strncmp(line, name, length) != 0 || line[length] != ':')
                return false;

        *ret_kib = g_ascii_strtoull(line + length + 1, NULL, 10);
        return true;
}

int host_memory_read(const Sysfs *sysfs, HostMemory *ret_memory) {
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        HostMemory memory = { 0 };
        bool found = false;
        int r;

        r = sysfs_read_string(sysfs, "proc/meminfo", &text);
        if (r < 0)
                return r;

        lines = g_strsplit(text, "\n", 0);
        for (char **line = lines; *line; line++) {
                found = read_field(*line, "MemAvailable", &memory.available_kib) || found;
                (void)read_field(*line, "SwapFree", &memory.swap_kib);
                (void)read_field(*line, "Hugepagesize", &memory.hugepage_kib);
        }
        if (!found)
                return -EBADMSG;

        *ret_memory = memory;
        return 0;
}

uint64_t host_memory_free_pages(const Sysfs *sysfs, uint64_t page_kib, const NumberSet *nodes) {
        NumberSet all = { 0 };
        uint64_t sum = 0;

        if (host_nodes_read(sysfs, &all) < 0)
                return 0;

        for (unsigned node = 0; node < NUMBER_SET_MAX; node++) {
                g_autofree char *path = NULL;
                uint64_t n;

                if (!number_set_has(&all, node) || (nodes && !number_set_has(nodes, node)))
                        continue;

                path = g_strdup_printf("sys/devices/system/node/node%u/hugepages/hugepages-%" PRIu64
                                       "kB/free_hugepages",
                                       node, page_kib);
                if (sysfs_read_u64(sysfs, path, &n) >= 0)
                        sum += n;
        }
        return sum;
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
