/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "daemon/facts/fd.h"
#include "xml/ferry-error.h"

bool store_lock(const char *database, int *ret_fd, GError **error) {
        g_autofree char *path = g_strconcat(database, ".lock", NULL);
        g_auto(Fd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
                *ret_fd = g_steal_fd(&fd);
                return true;
        }

        if (fd >= 0 && errno == EWOULDBLOCK)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                            "Another virtferryd has the database %s: stop it first", database);
        else
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                            "The database %s cannot be locked: %s", database, g_strerror(errno));
        return false;
}
