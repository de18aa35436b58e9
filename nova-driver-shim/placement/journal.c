/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/journal.h"

#include <glib.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

static int priority_of(GLogLevelFlags level) {
        if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
                return LOG_ERR;
        if (level & G_LOG_LEVEL_WARNING)
                return LOG_WARNING;
        return level & G_LOG_LEVEL_MESSAGE ? LOG_NOTICE : LOG_INFO;
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  void *unused) {
        if (level & G_LOG_LEVEL_DEBUG)
                return G_LOG_WRITER_HANDLED;
        if (g_log_writer_is_journald(STDERR_FILENO) &&
            g_log_writer_journald(level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
                return G_LOG_WRITER_HANDLED;

        for (gsize i = 0; i < n_fields; i++)
                if (g_str_equal(fields[i].key, "MESSAGE"))
                        (void)fprintf(stderr, "<%d>%s\n", priority_of(level),
                                      (const char *)fields[i].value);
        return G_LOG_WRITER_HANDLED;
}

void journal_init(void) {
        g_log_set_writer_func(write_log, NULL, NULL);
}
