/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text.h"

#define USEC_PER_SEC G_USEC_PER_SEC

char *text_bytes(uint64_t bytes) {
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        double value = bytes;
        unsigned i = 0;

        if (bytes < 1024)
                return g_strdup_printf("%u B", (unsigned)bytes);

        for (value /= 1024; value >= 1024; value /= 1024)
                i++;
        return g_strdup_printf("%.1f %s", value, units[i]);
}

/* The two largest units; a person does not ask for the seconds of a day. */
char *text_duration(uint64_t usec) {
        static const struct {
                const char *name;
                uint64_t seconds;
        } units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
        uint64_t seconds = usec / USEC_PER_SEC, more;

        if (seconds < 1)
                return g_strdup_printf("%ums", (unsigned)(usec / 1000));
        if (seconds < 60)
                return g_strdup_printf("%u.%us", (unsigned)seconds,
                                       (unsigned)(usec % USEC_PER_SEC / 100000));

        for (unsigned i = 0; i < G_N_ELEMENTS(units) - 1; i++) {
                if (seconds < units[i].seconds)
                        continue;

                more = seconds % units[i].seconds / units[i + 1].seconds;
                return more == 0
                               ? g_strdup_printf("%" G_GUINT64_FORMAT "%s",
                                                 seconds / units[i].seconds, units[i].name)
                               : g_strdup_printf("%" G_GUINT64_FORMAT "%s %" G_GUINT64_FORMAT "%s",
                                                 seconds / units[i].seconds, units[i].name, more,
                                                 units[i + 1].name);
        }
        g_assert_not_reached();
}

char *text_time(int64_t realtime_usec) {
        g_autoptr(GDateTime) time = NULL;

        if (realtime_usec <= 0)
                return g_strdup("");

        time = g_date_time_new_from_unix_local(realtime_usec / (int64_t)USEC_PER_SEC);
        return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("");
}

char *text_clean(const char *text) {
        g_autoptr(GString) clean = g_string_new(NULL);
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                g_string_append_unichar(clean, g_unichar_iscntrl(c) ? ' ' : c);
        }
        return g_strdup(clean->str);
}

unsigned text_width(const char *text) {
        unsigned width = 0;

        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (!g_unichar_iszerowidth(c))
                        width += g_unichar_iswide(c) ? 2 : 1;
        }
        return width;
}
