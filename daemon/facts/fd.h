/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A file descriptor that closes itself: g_auto(Fd) fd = -1. For every ring but hooks/. */

#include <errno.h>
#include <glib.h>
#include <unistd.h>

typedef int Fd;

/* Keeps errno, so that "return -errno" is right after a cleanup as well. */
static inline void fd_close(Fd fd) {
        int saved = errno;

        (void)close(fd);
        errno = saved;
}

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(Fd, fd_close, -1)
