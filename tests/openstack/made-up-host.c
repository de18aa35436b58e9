/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A virtferryd that says of its host what a test wants: on the system bus of its environment, with
 * only that of the API which virtferry-placement reads. Each line of standard input is answered by
 * "ok" when it is so; it ends with its input.
 *
 *   set DEVICE RESOURCE TOTAL TAKEN EXPECTED LEVEL   a row of ListHeadroom, in the place of an
 *                                                  older one
 *   gone DEVICE                                      all its rows
 *   function ID PF DRIVER VERSION                    a VF that may migrate; VERSION "-" none
 *   lease DOMAIN ID, release DOMAIN ID
 *   slice DOMAIN RESOURCE-ID AMOUNT                  a grant of a slice
 *   unslice DOMAIN                                   all of them
 *   guest DOMAIN STATE OWNER                         a row of ListGuests; OWNER "-" nobody's
 *   leave DOMAIN                                     no such guest any more
 *   drain STATE                                      "-" none
 *   quiet, loud                                      without and with signals; loud sends one
 */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>

#include "daemon/names.h"

typedef struct MadeUpHost {
        sd_event *loop;
        sd_bus *bus;
        GPtrArray *rows; /* GStrv: the lines, as they came */
        const char *drain;
        bool quiet;
} MadeUpHost;

/* Answers -------------------------------------------------------------------------- */

static bool is(char **row, const char *verb) {
        return g_str_equal(row[0], verb);
}

static uint64_t number(const char *text) {
        return g_ascii_strtoull(text, NULL, 10);
}

static void append_headroom(sd_bus_message *reply, MadeUpHost *host) {
        g_assert_cmpint(sd_bus_message_open_container(reply, 'a', "(ssssttts)"), >=, 0);
        for (guint i = 0; i < host->rows->len; i++) {
                char **row = host->rows->pdata[i];

                if (is(row, "set"))
                        g_assert_cmpint(
                                sd_bus_message_append(reply, "(ssssttts)", row[1],
                                                      strchr(row[1], ':') ? "pf" : "offload", "",
                                                      row[2], number(row[3]), number(row[4]),
                                                      number(row[5]), row[6]),
                                >=, 0);
        }
        g_assert_cmpint(sd_bus_message_close_container(reply), >=, 0);
}

static void append_object(sd_bus_message *reply, const char *prefix, unsigned id, char **row) {
        g_autofree char *path = g_strdup_printf("%s/n%u", prefix, id);
        int r = 0;

        if (is(row, "function"))
                r = sd_bus_message_append(
                        reply, "{oa{sa{sv}}}", path, 1, FERRY_INTERFACE_DEVICE, 6, "Id", "s",
                        row[1], "Parent", "s", row[2], "VfioCaps", "as", 2, "stop-copy", "p2p",
                        "StateSize", "t", UINT64_C(1), "MigrationDriver", "s", row[3],
                        "DriverVersion", "s", g_str_equal(row[4], "-") ? "" : row[4]);
        else if (is(row, "lease"))
                r = sd_bus_message_append(reply, "{oa{sa{sv}}}", path, 1, FERRY_INTERFACE_LEASE, 3,
                                          "Id", "s", path, "DomainUUID", "s", row[1], "DeviceId",
                                          "s", row[2]);
        else if (is(row, "slice"))
                r = sd_bus_message_append(reply, "{oa{sa{sv}}}", path, 1, FERRY_INTERFACE_SLICE, 2,
                                          "Grants", "a(sstb)", 1, row[2], "part", number(row[3]), 0,
                                          "DomainUUID", "s", row[1]);
        g_assert_cmpint(r, >=, 0);
}

static void append_objects(sd_bus_message *reply, MadeUpHost *host) {
        g_assert_cmpint(sd_bus_message_open_container(reply, 'a', "{oa{sa{sv}}}"), >=, 0);
        for (guint i = 0; i < host->rows->len; i++)
                append_object(reply, FERRY_OBJECT_ROOT, i, host->rows->pdata[i]);
        g_assert_cmpint(sd_bus_message_close_container(reply), >=, 0);
}

static void append_guests(sd_bus_message *reply, MadeUpHost *host) {
        g_assert_cmpint(sd_bus_message_open_container(reply, 'a', "(ssss)"), >=, 0);
        for (guint i = 0; i < host->rows->len; i++) {
                char **row = host->rows->pdata[i];

                if (is(row, "guest"))
                        g_assert_cmpint(
                                sd_bus_message_append(reply, "(ssss)", row[1], "name", row[2],
                                                      g_str_equal(row[3], "-") ? "" : row[3]),
                                >=, 0);
        }
        g_assert_cmpint(sd_bus_message_close_container(reply), >=, 0);
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        MadeUpHost *host = userdata;
        sd_bus_message *reply;

        g_assert_cmpint(sd_bus_message_new_method_return(m, &reply), >=, 0);
        if (sd_bus_message_is_method_call(m, FERRY_INTERFACE_MANAGER, "ListHeadroom"))
                append_headroom(reply, host);
        else if (sd_bus_message_is_method_call(m, FERRY_INTERFACE_MANAGER, "ListGuests"))
                append_guests(reply, host);
        else if (sd_bus_message_is_method_call(m, NULL, "GetManagedObjects"))
                append_objects(reply, host);
        else
                g_assert_cmpint(sd_bus_message_append(reply, "v", "s", host->drain), >=, 0);
        g_assert_cmpint(sd_bus_send(NULL, reply, NULL), >=, 0);
        sd_bus_message_unref(reply);
        return 1;
}

static void tell(MadeUpHost *host) {
        if (!host->quiet)
                g_assert_cmpint(sd_bus_emit_signal(host->bus, FERRY_OBJECT_ROOT,
                                                   "org.freedesktop.DBus.Properties",
                                                   "PropertiesChanged", "sa{sv}as",
                                                   FERRY_INTERFACE_DEVICE, 0, 0),
                                >=, 0);
}

/* Orders --------------------------------------------------------------------------- */

/* Rows that say the same of the same thing: their verb and so many words after it. */
static void drop(MadeUpHost *host, const char *verb, char **words, unsigned n) {
        for (guint i = host->rows->len; i-- > 0;) {
                char **row = host->rows->pdata[i];
                bool same = is(row, verb);

                for (unsigned k = 1; same && k <= n; k++)
                        same = g_str_equal(row[k], words[k]);
                if (same)
                        g_ptr_array_remove_index(host->rows, i);
        }
}

static bool obey(MadeUpHost *host, char **words) {
        static const struct {
                const char *verb;
                unsigned n, same; /* words; of these, those that say what it is about */
        } rows[] = { { "set", 6, 2 },
                     { "function", 4, 1 },
                     { "lease", 2, 2 },
                     { "slice", 3, 2 },
                     { "guest", 3, 1 } };
        unsigned n = g_strv_length(words) - 1;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                if (is(words, rows[i].verb) && n == rows[i].n) {
                        drop(host, rows[i].verb, words, rows[i].same);
                        g_ptr_array_add(host->rows, g_strdupv(words));
                        return true;
                }

        if (is(words, "gone") && n == 1)
                drop(host, "set", words, 1);
        else if (is(words, "release") && n == 2)
                drop(host, "lease", words, 2);
        else if (is(words, "unslice") && n == 1)
                drop(host, "slice", words, 1);
        else if (is(words, "leave") && n == 1)
                drop(host, "guest", words, 1);
        else if (is(words, "drain") && n == 1)
                host->drain = g_str_equal(words[1], "-") ? "" : g_intern_string(words[1]);
        else if (is(words, "quiet") || is(words, "loud"))
                host->quiet = is(words, "quiet");
        else
                return false;
        return true;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        MadeUpHost *host = userdata;
        char line[512];

        /* an order at a time: each waits for its answer */
        if (!fgets(line, sizeof(line), stdin))
                return sd_event_exit(host->loop, 0);

        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 0);

        if (obey(host, words)) {
                tell(host);
                g_assert_cmpint(sd_bus_flush(host->bus), >=, 0);
                (void)puts("ok");
        } else
                (void)puts("not understood");
        (void)fflush(stdout);
        return 0;
}

int main(void) {
        MadeUpHost host = { .drain = "" };

        (void)setvbuf(stdin, NULL, _IONBF, 0);
        host.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
        g_assert_cmpint(sd_event_default(&host.loop), >=, 0);
        g_assert_cmpint(sd_bus_open_system(&host.bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(host.bus, host.loop, 0), >=, 0);
        g_assert_cmpint(sd_bus_add_object(host.bus, NULL, FERRY_OBJECT_ROOT, on_call, &host), >=,
                        0);
        g_assert_cmpint(sd_bus_request_name(host.bus, FERRY_BUS_NAME, 0), >=, 0);
        g_assert_cmpint(sd_event_add_io(host.loop, NULL, 0, EPOLLIN, on_input, &host), >=, 0);
        (void)puts("ok");
        (void)fflush(stdout);
        g_assert_cmpint(sd_event_loop(host.loop), >=, 0);

        g_ptr_array_unref(host.rows);
        sd_bus_flush_close_unref(host.bus);
        sd_event_unref(host.loop);
        return 0;
}
