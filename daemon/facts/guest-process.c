/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/guest-process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/facts/fd.h"

#define COMMAND_MAX (256u * 1024) /* a guest with hundreds of devices has some 100 KiB */

static bool is_qemu(const Sysfs *sysfs, const char *pid) {
        g_autofree char *path = g_build_filename("proc", pid, "comm", NULL), *name = NULL;

        return sysfs_read_string(sysfs, path, &name) >= 0 && g_str_has_prefix(name, "qemu");
}

static bool is_machine(const Sysfs *sysfs, const char *pid) {
        g_autofree char *path = g_build_filename("proc", pid, "cgroup", NULL), *cgroup = NULL;

        return sysfs_read_string(sysfs, path, &cgroup) >= 0 &&
               (strstr(cgroup, ":/machine.slice/") || strstr(cgroup, ":/machine/"));
}

/* Arguments end with a NUL each; so does the text. */
static GByteArray *read_command(const Sysfs *sysfs, const char *pid) {
        g_autofree char *path = g_build_filename("proc", pid, "cmdline", NULL);
        g_auto(Fd) fd = openat(sysfs_root_fd(sysfs), path, O_RDONLY | O_CLOEXEC);
        GByteArray *command = g_byte_array_new();
        guint8 part[4096];
        ssize_t n;

        while (fd >= 0 && command->len < COMMAND_MAX && (n = read(fd, part, sizeof(part))) > 0)
                g_byte_array_append(command, part, (guint)n);
        g_byte_array_append(command, (const guint8 *)"\0", 2);
        return command;
}

static bool has_uuid(const Sysfs *sysfs, const char *pid, const char *uuid) {
        g_autoptr(GByteArray) command = read_command(sysfs, pid);
        const char *word = (const char *)command->data, *end = word + command->len;

        for (const char *next; word < end; word = next) {
                next = word + strlen(word) + 1;
                if (next < end && g_str_equal(word, "-uuid"))
                        return g_ascii_strcasecmp(next, uuid) == 0;
        }
        return false;
}

int guest_process_find(const Sysfs *sysfs, const char *domain_uuid, char **ret_pid) {
        g_autoptr(GPtrArray) pids = NULL;
        int r;

        r = sysfs_list(sysfs, "proc/", &pids);
        if (r < 0)
                return r;

        for (guint i = 0; i < pids->len; i++) {
                const char *pid = pids->pdata[i];

                if (!g_ascii_isdigit(*pid) || !is_qemu(sysfs, pid) || !is_machine(sysfs, pid) ||
                    !has_uuid(sysfs, pid, domain_uuid))
                        continue;
                *ret_pid = g_strdup(pid);
                return 0;
        }
        return -ENOENT;
}
