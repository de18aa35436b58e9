/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/usage-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/facts/fd.h"

#define SECONDS_DIGITS  9  /* 31 years */
#define FRACTION_DIGITS 9  /* of nanoseconds; what is finer is cut off */
#define BYTES_DIGITS    15 /* a petabyte */

static size_t count_digits(const char *text) {
        return strspn(text, "0123456789");
}

static int parse_seconds(const char *text, uint64_t *ret_nsec) {
        size_t whole = count_digits(text), fraction = 0;
        const char *end = text + whole;
        uint64_t nsec;

        if (whole == 0 || whole > SECONDS_DIGITS)
                return -EBADMSG;
        if (*end == '.') {
                fraction = count_digits(end + 1);
                if (fraction == 0)
                        return -EBADMSG;
        }
        if (end[fraction > 0 ? fraction + 1 : 0] != '\0')
                return -EBADMSG;

        nsec = g_ascii_strtoull(text, NULL, 10);
        for (size_t i = 0; i < FRACTION_DIGITS; i++)
                nsec = nsec * 10 + (i < fraction ? (uint64_t)(end[1 + i] - '0') : 0);
        *ret_nsec = nsec;
        return 0;
}

static int parse_bytes(const char *text, uint64_t *ret_bytes) {
        size_t digits = count_digits(text);

        if (digits == 0 || digits > BYTES_DIGITS || text[digits] != '\0')
                return -EBADMSG;

        *ret_bytes = g_ascii_strtoull(text, NULL, 10);
        return 0;
}

static int parse_line(const char *line, UsageFile *usage) {
        static const struct {
                const char *name;
                int (*parse)(const char *text, uint64_t *ret_value);
                size_t offset;
        } known[] = {
                { "busy-seconds ", parse_seconds, offsetof(UsageFile, busy_nsec) },
                { "memory-bytes ", parse_bytes, offsetof(UsageFile, memory_bytes) },
        };

        if (*line == '\0' || *line == '#')
                return 0;
        for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
                uint64_t *value = (void *)((char *)usage + known[i].offset);

                if (g_str_has_prefix(line, known[i].name))
                        return *value == USAGE_FILE_UNKNOWN
                                       ? known[i].parse(line + strlen(known[i].name), value)
                                       : -EBADMSG;
        }
        return -EBADMSG;
}

int usage_file_parse(const char *text, size_t size, UsageFile *ret_usage) {
        UsageFile usage = { USAGE_FILE_UNKNOWN, USAGE_FILE_UNKNOWN };
        g_autofree char *copy = NULL;
        g_auto(GStrv) lines = NULL;
        int r = 0;

        if (size == 0 || text[size - 1] != '\n' || memchr(text, '\0', size))
                return -EBADMSG;

        copy = g_strndup(text, size - 1);
        lines = g_strsplit(copy, "\n", -1);
        for (char **line = lines; r >= 0 && *line; line++)
                r = parse_line(*line, &usage);
        if (r >= 0 && usage.busy_nsec == USAGE_FILE_UNKNOWN &&
            usage.memory_bytes == USAGE_FILE_UNKNOWN)
                r = -EBADMSG;
        if (r >= 0)
                *ret_usage = usage;
        return r;
}

/* A file of tomorrow is as good as none: nobody knows how old it is. */
static int check(int fd, int64_t now) {
        struct stat status;
        int64_t age;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;

        age = now - (status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000);
        return ABS(age) > USAGE_FILE_AGE_USEC ? -ESTALE : 0;
}

int usage_file_read(const Sysfs *sysfs, const char *id, int64_t now, UsageFile *ret_usage) {
        g_autofree char *path = g_strconcat(USAGE_FILE_FOLDER "/", id, NULL);
        char text[USAGE_FILE_MAX + 1];
        g_auto(Fd) fd = -1;
        ssize_t size;
        int r;

        if (!sysfs_name_is_valid(id))
                return -EINVAL;
        fd = openat(sysfs_root_fd(sysfs), path,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return errno == ELOOP ? -EINVAL : -errno;
        r = check(fd, now);
        if (r < 0)
                return r;

        size = read(fd, text, sizeof(text)); /* a regular file is read in one piece */
        if (size < 0)
                return -errno;
        return size > USAGE_FILE_MAX ? -EFBIG : usage_file_parse(text, (size_t)size, ret_usage);
}
