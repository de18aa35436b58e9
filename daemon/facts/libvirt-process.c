/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/libvirt-process.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void libvirt_process_done(LibvirtProcess *process) {
        g_free(process->name);
        g_free(process->pid);
}

static int64_t clock_usec(clockid_t clock) {
        struct timespec now;

        (void)clock_gettime(clock, &now);
        return (int64_t)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Field 22 of stat, in ticks since boot; the second field may have blanks and brackets. */
static int64_t read_start(const Sysfs *sysfs, const char *pid) {
        g_autofree char *path = g_build_filename("proc", pid, "stat", NULL), *text = NULL;
        g_auto(GStrv) fields = NULL;
        int64_t since_boot;
        const char *rest;

        if (sysfs_read_string(sysfs, path, &text) < 0)
                return 0;

        rest = strrchr(text, ')');
        fields = g_strsplit(rest ?: "", " ", 22);
        if (g_strv_length(fields) <= 20)
                return 0;

        since_boot = g_ascii_strtoll(fields[20], NULL, 10) * G_USEC_PER_SEC / sysconf(_SC_CLK_TCK);
        return clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME) + since_boot;
}

static bool is_libvirt(const char *name) {
        return g_str_equal(name, "libvirtd") || g_str_equal(name, "virtqemud");
}

int libvirt_process_find(const Sysfs *sysfs, LibvirtProcess *ret_process) {
        g_autoptr(GPtrArray) pids = NULL;
        int r;

        r = sysfs_list(sysfs, "proc/", &pids);
        if (r < 0)
                return r;

        for (guint i = 0; i < pids->len; i++) {
                g_autofree char *path = NULL, *name = NULL;
                const char *pid = pids->pdata[i];

                path = g_build_filename("proc", pid, "comm", NULL);
                if (!g_ascii_isdigit(*pid) || sysfs_read_string(sysfs, path, &name) < 0 ||
                    !is_libvirt(name))
                        continue;

                ret_process->name = g_steal_pointer(&name);
                ret_process->pid = g_strdup(pid);
                ret_process->started = read_start(sysfs, pid);
                return 0;
        }
        return -ENOENT;
}
