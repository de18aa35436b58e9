/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/pressure.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
        [PRESSURE_CPU] = "cpu",
        [PRESSURE_MEMORY] = "memory",
        [PRESSURE_IO] = "io",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == _PRESSURE_MAX);

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull ..." */
static int parse(const char *text, uint64_t *ret_usec) {
        const char *total = strstr(text, " total="), *end = strchr(text, '\n');
        char *rest = NULL;
        guint64 usec;

        if (!g_str_has_prefix(text, "some ") || !total || (end && total > end))
                return -EBADMSG;

        total += strlen(" total=");
        if (!g_ascii_isdigit(*total))
                return -EBADMSG;

        errno = 0;
        usec = g_ascii_strtoull(total, &rest, 10);
        if (errno != 0 || (*rest != '\n' && *rest != '\0'))
                return -EBADMSG;

        *ret_usec = usec;
        return 0;
}

static int read_file(const Sysfs *sysfs, const char *path, uint64_t *ret_usec) {
        g_autofree char *text = NULL;
        int r;

        r = sysfs_read_string(sysfs, path, &text);
        if (r < 0)
                return r;
        return parse(text, ret_usec);
}

int pressure_read(const Sysfs *sysfs, const char *cgroup, Pressure pressure, uint64_t *ret_usec) {
        g_autofree char *path = g_strdup_printf("sys/fs/cgroup%s/%s.pressure", cgroup,
                                                names[pressure]);

        return read_file(sysfs, path, ret_usec);
}

int pressure_read_machine(const Sysfs *sysfs, Pressure pressure, uint64_t *ret_usec) {
        g_autofree char *path = g_strdup_printf("proc/pressure/%s", names[pressure]);

        return read_file(sysfs, path, ret_usec);
}
