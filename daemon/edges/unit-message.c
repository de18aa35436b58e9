/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/unit-message.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/facts/fd.h"

#define WORDS_MAX 4096

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

static int append_command(sd_bus_message *m, const char *const *argv) {
        int r;

        if ((r = sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
            (r = sd_bus_message_append(m, "s", "ExecStart")) < 0 ||
            (r = sd_bus_message_open_container(m, 'v', "a(sasb)")) < 0 ||
            (r = sd_bus_message_open_container(m, 'a', "(sasb)")) < 0 ||
            (r = sd_bus_message_open_container(m, 'r', "sasb")) < 0 ||
            (r = sd_bus_message_append(m, "s", argv[0])) < 0 ||
            (r = sd_bus_message_append_strv(m, (char **)argv)) < 0 ||
            (r = sd_bus_message_append(m, "b", 0)) < 0)
                return r;

        for (int i = 0; i < 4; i++)
                if ((r = sd_bus_message_close_container(m)) < 0)
                        return r;
        return 0;
}

static int append_streams(sd_bus_message *m, const UnitOrder *order) {
        int r;

        r = sd_bus_message_append(m, "(sv)", "StandardErrorFileDescriptor", "h", order->words);
        if (r < 0 || order->stream < 0)
                return r;

        return sd_bus_message_append(m, "(sv)(sv)", "StandardInputFileDescriptor", "h",
                                     order->stream, "StandardOutputFileDescriptor", "h",
                                     order->stream);
}

static int append_part_of(sd_bus_message *m, const UnitOrder *order) {
        return order->part_of ? sd_bus_message_append(m, "(sv)", "PartOf", "as", 1, order->part_of)
                              : 0;
}

static int append_properties(sd_bus_message *m, const UnitOrder *order) {
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "(sv)")) < 0 ||
            (r = sd_bus_message_append(m, "(sv)(sv)(sv)", "Description", "s", order->description,
                                       "Type", "s", order->type, "CollectMode", "s",
                                       "inactive-or-failed")) < 0 ||
            (r = append_part_of(m, order)) < 0 || (r = append_streams(m, order)) < 0 ||
            (r = append_command(m, order->argv)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int unit_message_new(sd_bus *bus, const UnitOrder *order, sd_bus_message **ret_call) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD, SYSTEMD_PATH, SYSTEMD_INTERFACE,
                                           "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", order->name, "fail");
        if (r >= 0)
                r = append_properties(m, order);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;

        *ret_call = g_steal_pointer(&m);
        return 0;
}

/* Words ----------------------------------------------------------------------------- */

int unit_words_new(void) {
        g_auto(Fd) words = memfd_create("words", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (words < 0 || ftruncate(words, WORDS_MAX) < 0 ||
            fcntl(words, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)
                return -errno;
        return g_steal_fd(&words);
}

char *unit_words_last(int words) {
        char text[WORDS_MAX + 1];
        ssize_t size = pread(words, text, WORDS_MAX, 0);
        const char *line;

        text[MAX(size, 0)] = 0;
        g_strchomp(text);
        line = strrchr(text, '\n');
        return g_strdup(line ? line + 1 : text);
}
