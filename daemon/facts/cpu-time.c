/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/cpu-time.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/facts/fd.h"

#define LINE_MAX_BYTES 512
#define NSEC_PER_SEC   UINT64_C(1000000000)

/* The columns of the first line. */
enum {
        USER,
        NICE,
        SYSTEM,
        IDLE,
        IOWAIT,
        IRQ,
        SOFTIRQ,
        N_COLUMNS
};

/* All interrupts of a large machine are in this file, too: no more is read than the first line. */
static int read_begin(const Sysfs *sysfs, char ret_text[LINE_MAX_BYTES]) {
        g_auto(Fd) fd = openat(sysfs_root_fd(sysfs), "proc/stat", O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return -errno;

        n = read(fd, ret_text, LINE_MAX_BYTES - 1);
        if (n < 0)
                return -errno;
        ret_text[n] = '\0';
        return 0;
}

/* "cpu  1 2 3 4 5 6 7 0 0 0\n": of a guest's CPUs it is in the time of the user. */
static int parse(const char *text, uint64_t *ret_ticks) {
        uint64_t ticks = 0;

        if (!g_str_has_prefix(text, "cpu "))
                return -EBADMSG;

        text += 4;
        for (int column = 0; column < N_COLUMNS; column++) {
                char *end = NULL;
                uint64_t value;

                while (*text == ' ')
                        text++;
                if (!g_ascii_isdigit(*text))
                        return -EBADMSG;
                value = g_ascii_strtoull(text, &end, 10);
                if (column != IDLE && column != IOWAIT)
                        ticks += value;
                text = end;
        }
        *ret_ticks = ticks;
        return 0;
}

int cpu_time_read(const Sysfs *sysfs, uint64_t *ret_nsec) {
        long hertz = sysconf(_SC_CLK_TCK);
        char text[LINE_MAX_BYTES];
        uint64_t ticks;
        int r;

        if (hertz <= 0)
                return -ENOTSUP;

        r = read_begin(sysfs, text);
        if (r >= 0)
                r = parse(text, &ticks);
        if (r < 0)
                return r;

        *ret_nsec = ticks * (NSEC_PER_SEC / (uint64_t)hertz);
        return 0;
}
