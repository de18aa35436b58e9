/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/drained-flag.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/names.h"

/* systemd makes the folder (RuntimeDirectory=), unless somebody starts the daemon by hand. */
static int make(int root) {
        g_autofree char *folder = g_path_get_dirname(&FERRY_DRAINED_PATH[1]);
        int fd;

        (void)mkdirat(root, folder, 0755);
        fd = openat(root, &FERRY_DRAINED_PATH[1], O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                    0644);
        return fd < 0 ? -errno : close(fd);
}

static int remove_it(int root) {
        return unlinkat(root, &FERRY_DRAINED_PATH[1], 0) < 0 && errno != ENOENT ? -errno : 0;
}

void drained_flag_set(const Sysfs *sysfs, bool drained) {
        int root = sysfs_root_fd(sysfs), r = drained ? make(root) : remove_it(root);

        if (r < 0)
                g_warning("%s cannot be %s: %s; so guests without passthrough devices are %s",
                          FERRY_DRAINED_PATH, drained ? "made" : "removed", g_strerror(-r),
                          drained ? "let in although this host is drained"
                                  : "asked for at each move, which takes longer");
}
