/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/introspection.h"
#include "tests/unit/guest/guest-fixture.h"
#include "xml/ferry-error.h"

/* What a guest that keeps to the rules sees. FERRY_GUEST_CONTRACT comes from the build. */

#define MIB UINT64_C(1048576)

/* What Show() tells, on lines. */
static char *shown(GuestFixture *f, sd_bus *bus) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message)
                m = guest_fixture_call(f, bus, &error, FERRY_INTERFACE_GUEST, "Show", NULL);
        g_autoptr(GString) text = NULL;
        const char *word;
        uint64_t n[4];

        g_assert_nonnull(m);
        g_assert_cmpint(sd_bus_message_read(m, "s", &word), >, 0);
        text = g_string_new(word);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(stttt)"), >, 0);
        while (sd_bus_message_read(m, "(stttt)", &word, &n[0], &n[1], &n[2], &n[3]) > 0)
                g_string_append_printf(text,
                                       "\n%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                                       " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                                       word, n[0], n[1], n[2], n[3]);
        g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(stt)"), >, 0);
        while (sd_bus_message_read(m, "(stt)", &word, &n[0], &n[1]) > 0)
                g_string_append_printf(text, "\n[%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "]",
                                       word, n[0], n[1]);
        return g_string_free(g_steal_pointer(&text), false);
}

static void check_shown(GuestFixture *f, sd_bus *bus, const char *expected) {
        g_autofree char *text = shown(f, bus);

        g_assert_cmpstr(text, ==, expected);
}

/* A Request() of one kind; NULL: it was granted, else "NAME: MESSAGE". */
static char *request(GuestFixture *f, sd_bus *bus, const char *kind, uint64_t amount) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = guest_fixture_call(f, bus, &error, FERRY_INTERFACE_GUEST,
                                                             "Request", "sta{sv}", kind, amount, 0);

        return reply ? NULL : g_strdup_printf("%s: %s", error.name, error.message);
}

static void check_refused(GuestFixture *f, sd_bus *bus, const char *kind, uint64_t amount,
                          const char *expected) {
        g_autofree char *refused = request(f, bus, kind, amount);

        g_assert_cmpstr(refused, ==, expected);
}

static void test_a_guest_is_shown_what_it_has_and_not_where(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, USER_PORT);

        check_shown(f, web,
                    "enforced\n"
                    "cores 2 2 1 8\n"
                    "memory 1073741824 1073741824 536870912 17179869184\n"
                    "functions 1 1 1 1\n"
                    "bandwidth 1000 1000 0 10000\n"
                    "[nic 1000 5000]");

        fake_slices_set(f->slices, WEB_UUID,
                        "<slice version='1' priority='best-effort'><cores count='3'/>"
                        "<offload name='dpu' pool='dpu0' cores='2' memory-mib='1024'/>"
                        "<key kind='sev' count='1'/></slice>",
                        SLICE_PREEMPTED);
        check_shown(f, web,
                    "preempted\n"
                    "cores 3 0 3 3\n"
                    "offload-cores 2 0 2 2\n"
                    "offload-memory 1073741824 0 1073741824 1073741824\n"
                    "keys 1 0 1 1");

        fake_slices_set(f->slices, WEB_UUID, NULL, SLICE_ENFORCED);
        check_shown(f, web, "none");
}

static void test_a_request_is_the_guests_own(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) first = NULL, second = NULL, third = NULL;

        first = guest_fixture_call(f, web, &error, FERRY_INTERFACE_GUEST, "Request", "sta{sv}",
                                   "cores", UINT64_C(2), 0);
        second = guest_fixture_call(f, db, &error, FERRY_INTERFACE_GUEST, "Release", "sta{sv}",
                                    "memory", 512 * MIB, 0);
        third = guest_fixture_call(f, web, &error, FERRY_INTERFACE_GUEST, "Request", "sta{sv}",
                                   "bandwidth", UINT64_C(500), 2, "name", "s", "nic", "min-mbit",
                                   "u", 7);
        g_assert_true(first && second && third);
        g_assert_cmpstr(fake_slices_asked(f->slices), ==,
                        WEB_UUID " +2 cores\n" DB_UUID " -536870912 memory\n" WEB_UUID
                                 " +500 bandwidth name=nic min-mbit=7\n");
}

static void test_an_answer_that_comes_at_once_is_one(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);

        fake_slices_answer_at_once(f->slices);
        g_assert_null(request(f, web, "cores", 1));
}

static void test_only_root_of_the_guest_may_change_what_it_has(GuestFixture *f,
                                                               gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, GUEST_PORT_RESERVED + 1);

        check_refused(f, web, "cores", 1,
                      "org.freedesktop.DBus.Error.AccessDenied: Only root of this guest may change "
                      "what it has: ask from a reserved port");
        g_assert_cmpstr(fake_slices_asked(f->slices), ==, "");
}

static void test_what_makes_no_sense_is_refused_before_it_is_asked(GuestFixture *f,
                                                                   gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);
        g_autofree char *long_kind = g_strnfill(GUEST_WORD_LENGTH_MAX + 1, 'x');
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;

        check_refused(f, web, "cores", 0,
                      FERRY_ERROR_PREFIX "InvalidRequest: The amount must be 1 or more");
        check_refused(f, web, "gold", 1,
                      FERRY_ERROR_PREFIX
                      "InvalidRequest: There is no such kind: the kinds are cores, memory, "
                      "functions, bandwidth, offload-cores, offload-memory, keys");
        check_refused(f, web, long_kind, 1,
                      "org.freedesktop.DBus.Error.InvalidArgs: qos must be at most 4 names with a "
                      "text (s) or a number (u, t), and no word longer than 64 bytes");
        reply = guest_fixture_call(f, web, &error, FERRY_INTERFACE_GUEST, "Request", "sta{sv}",
                                   "cores", UINT64_C(1), 1, "name", "as", 0);
        g_assert_null(reply);
        g_assert_true(sd_bus_error_has_name(&error, SD_BUS_ERROR_INVALID_ARGS));
        g_assert_cmpstr(fake_slices_asked(f->slices), ==, "");
}

/* The words of the operator's error, who has what and where, stay on the host. */
static void test_a_refusal_names_nothing_of_the_host(GuestFixture *f, gconstpointer unused) {
        static const struct {
                const char *kind;
                uint64_t amount;
                FerryError code;
                const char *told; /* behind the prefix */
        } cases[] = {
                { "cores", 7, FERRY_ERROR_INVALID_REQUEST,
                  "InvalidRequest: cores: this guest has 2 and may have 1 to 8" },
                { "memory", UINT64_MAX, FERRY_ERROR_INVALID_REQUEST,
                  "InvalidRequest: memory: this guest has 1 GiB and may have 512 MiB to 16 GiB" },
                { "bandwidth", 9001, FERRY_ERROR_INVALID_REQUEST,
                  "InvalidRequest: bandwidth: this guest has 1000 Mbit/s and may have 0 Mbit/s to "
                  "10000 Mbit/s" },
                { "cores", 1, FERRY_ERROR_INVALID_REQUEST,
                  "InvalidRequest: cores: not in this step, or not with what was said of it; a "
                  "function's name and min-mbit can be said" },
                { "functions", 1, FERRY_ERROR_INVALID_REQUEST,
                  "InvalidRequest: functions: this guest cannot change it; its operator can" },
                { "cores", 3, FERRY_ERROR_NO_RESOURCES,
                  "NoResources: cores: there is not as much free now; try again later, or less" },
                { "cores", 3, FERRY_ERROR_STORE,
                  "Unavailable: The host cannot do this now; try again later" },
        };
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = g_error_new(FERRY_ERROR, (int)cases[i].code,
                                                      "core:4 is held by db1 on 0000:3b:00.0");
                g_autofree char *told = g_strconcat(FERRY_ERROR_PREFIX, cases[i].told, NULL);

                fake_slices_refuse(f->slices, error);
                check_refused(f, web, cases[i].kind, cases[i].amount, told);
        }
}

/* Each is written to the disk, and carried out by libvirt. */
static void test_a_guest_does_not_change_again_and_again(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);

        for (unsigned i = 0; i < GUEST_CHANGE_BURST; i++)
                check_refused(f, web, "cores", 1, NULL);
        check_refused(f, web, "cores", 1,
                      FERRY_ERROR_PREFIX "Busy: More than 1 change a second: wait for one");
        check_refused(f, db, "cores", 1, NULL);
        g_assert_true(guest_fixture_answers(f, web));

        guest_fixture_pass_time(G_USEC_PER_SEC / GUEST_CHANGES_PER_SEC);
        check_refused(f, web, "cores", 1, NULL);
}

static void test_a_guest_without_a_slice_is_told_so(GuestFixture *f, gconstpointer unused) {
        g_autoptr(GError)
                error = g_error_new_literal(FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST, "<allow>");
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);

        fake_slices_refuse(f->slices, error);
        check_refused(f, db, "cores", 1,
                      FERRY_ERROR_PREFIX "InvalidRequest: This guest has no hardware slice: its "
                                         "operator allocates one");
}

static void test_what_sd_bus_knows_of_the_host_is_not_told(GuestFixture *f, gconstpointer unused) {
        static const char *const methods[] = { "GetMachineId", "Else" };
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);

        for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                g_autoptr(sd_bus_message) reply = guest_fixture_call(
                        f, web, &error, "org.freedesktop.DBus.Peer", methods[i], NULL);

                g_assert_null(reply);
                g_assert_true(sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED));
        }
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_string_append_printf(userdata, "%s ", sd_bus_message_get_member(m));
        return 0;
}

static void test_a_guest_hears_of_its_own_slice_alone(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, USER_PORT);
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, USER_PORT);
        g_autoptr(GString) to_web = g_string_new(NULL), to_db = g_string_new(NULL);

        g_assert_cmpint(sd_bus_add_filter(web, NULL, on_signal, to_web), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(db, NULL, on_signal, to_db), >=, 0);
        guest_api_on_slice(f->api, WEB_UUID);
        guest_api_on_slice(f->api, "nobody");
        (void)guest_fixture_serve(f);
        g_assert_cmpstr(to_web->str, ==, "Changed PropertiesChanged ");
        g_assert_cmpstr(to_db->str, ==, "");
}

static void test_the_file_promises_what_there_is(GuestFixture *f, gconstpointer unused) {
        g_autofree char *promised = NULL, *there = NULL, *file = NULL;
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, USER_PORT);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        const char *xml;

        reply = guest_fixture_call(f, web, &error, "org.freedesktop.DBus.Introspectable",
                                   "Introspect", NULL);
        g_assert_nonnull(reply);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &xml), >, 0);
        g_assert_true(g_file_get_contents(FERRY_GUEST_CONTRACT, &file, NULL, NULL));
        promised = introspection_to_text(file, NULL);
        there = introspection_to_text(xml, NULL);
        g_assert_cmpstr(there, ==, promised);
}

#define ADD(name, function)                                                                 \
        g_test_add("/guest-face/" name, GuestFixture, NULL, guest_fixture_set_up, function, \
                   guest_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a guest is shown what it has, and not where",
            test_a_guest_is_shown_what_it_has_and_not_where);
        ADD("a request is the guest's own", test_a_request_is_the_guests_own);
        ADD("an answer that comes at once is one", test_an_answer_that_comes_at_once_is_one);
        ADD("only root of the guest may change what it has",
            test_only_root_of_the_guest_may_change_what_it_has);
        ADD("what makes no sense is refused before it is asked",
            test_what_makes_no_sense_is_refused_before_it_is_asked);
        ADD("a refusal names nothing of the host", test_a_refusal_names_nothing_of_the_host);
        ADD("a guest does not change again and again",
            test_a_guest_does_not_change_again_and_again);
        ADD("a guest without a slice is told so", test_a_guest_without_a_slice_is_told_so);
        ADD("what sd-bus knows of the host is not told",
            test_what_sd_bus_knows_of_the_host_is_not_told);
        ADD("a guest hears of its own slice alone", test_a_guest_hears_of_its_own_slice_alone);
        ADD("the file promises what there is", test_the_file_promises_what_there_is);
        return g_test_run();
}
