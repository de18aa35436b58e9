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

/* In lower case; NULL without one. */
static char *read_uuid(const Sysfs *sysfs, const char *pid) {
        g_autoptr(GByteArray) command = read_command(sysfs, pid);
        const char *word = (const char *)command->data, *end = word + command->len;

        for (const char *next; word < end; word = next) {
                next = word + strlen(word) + 1;
                if (next < end && g_str_equal(word, "-uuid"))
                        return g_ascii_strdown(next, -1);
        }
        return NULL;
}

static bool has_uuid(const Sysfs *sysfs, const char *pid, const char *uuid) {
        g_autofree char *own = read_uuid(sysfs, pid);

        return own && g_ascii_strcasecmp(own, uuid) == 0;
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

/* A line "0::PATH" is of version 2. libvirt puts QEMU into a cgroup of its own below the guest's:
 * "GUEST.scope/libvirt/emulator" with systemd, "GUEST.libvirt-qemu/emulator" without. */
static char *guest_cgroup(const Sysfs *sysfs, const char *pid) {
        g_autofree char *path = g_build_filename("proc", pid, "cgroup", NULL), *text = NULL;
        char *end;

        if (sysfs_read_string(sysfs, path, &text) < 0 || !g_str_has_prefix(text, "0::/"))
                return NULL;

        end = strchr(text, '\n');
        if (end)
                *end = '\0';
        end = g_strrstr(text, "/emulator");
        if (end)
                *end = '\0';
        end = g_strrstr(text, ".scope/libvirt");
        if (end)
                end[strlen(".scope")] = '\0';
        return g_strdup(text + strlen("0::"));
}

int guest_process_list_cgroups(const Sysfs *sysfs, GHashTable **ret_cgroups) {
        g_autoptr(GPtrArray) pids = NULL;
        int r;

        r = sysfs_list(sysfs, "proc/", &pids);
        if (r < 0)
                return r;

        *ret_cgroups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        for (guint i = 0; i < pids->len; i++) {
                const char *pid = pids->pdata[i];
                g_autofree char *uuid = NULL, *cgroup = NULL;

                if (!g_ascii_isdigit(*pid) || !is_qemu(sysfs, pid) || !is_machine(sysfs, pid))
                        continue;
                uuid = read_uuid(sysfs, pid);
                cgroup = guest_cgroup(sysfs, pid);
                if (uuid && cgroup)
                        g_hash_table_replace(*ret_cgroups, g_steal_pointer(&uuid),
                                             g_steal_pointer(&cgroup));
        }
        return 0;
}
