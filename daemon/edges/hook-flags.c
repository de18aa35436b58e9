/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/hook-flags.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/names.h"

/* systemd makes the folder (RuntimeDirectory=), unless somebody starts the daemon by hand. */
static int make(int root, const char *path) {
        g_autofree char *folder = g_path_get_dirname(path);
        int fd;

        (void)mkdirat(root, folder, 0755);
        fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        return fd < 0 ? -errno : close(fd);
}

static int remove_it(int root, const char *path) {
        return unlinkat(root, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int set(const Sysfs *sysfs, const char *path, bool there) {
        int root = sysfs_root_fd(sysfs);

        return there ? make(root, &path[1]) : remove_it(root, &path[1]);
}

void drained_flag_set(const Sysfs *sysfs, bool drained) {
        int r = set(sysfs, FERRY_DRAINED_PATH, drained);

        if (r < 0)
                g_warning("%s cannot be %s: %s; so guests without passthrough devices are %s",
                          FERRY_DRAINED_PATH, drained ? "made" : "removed", g_strerror(-r),
                          drained ? "let in although this host is drained"
                                  : "asked for at each move, which takes longer");
}

static void set_claims_flag(const Sysfs *sysfs, const char *path, bool demanded) {
        int r = set(sysfs, path, demanded);

        if (r < 0)
                g_warning("%s cannot be %s: %s; so guests without passthrough devices are %s", path,
                          demanded ? "made" : "removed", g_strerror(-r),
                          demanded ? "not asked for their claim"
                                   : "asked for at each start, which takes longer");
}

void claims_flags_set(const Sysfs *sysfs, ClaimsMode mode) {
        set_claims_flag(sysfs, FERRY_CLAIMS_NOVA_PATH, mode == CLAIMS_NOVA);
        set_claims_flag(sysfs, FERRY_CLAIMS_ALL_PATH, mode == CLAIMS_ALL);
}
