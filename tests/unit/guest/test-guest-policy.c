/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/guest-api.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* What guests get of a host with four cores, by the real slices: what <allow> has, and no more. */

#define CPUS "sys/devices/system/cpu/"

static GuestApi *api;

static void set_up(Fixture *f, gconstpointer unused) {
        fixture_set_up(f, NULL);
        fake_root_put(f->root, CPUS "online", "0-3\n", -1);
        fake_root_put(f->root, "proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 524288 kB\n", -1);
        api = guest_api_new(f->manager->slices);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        guest_api_free(api);
        fixture_tear_down(f, NULL);
}

/* The operator's; "" takes it back. */
static void give(Fixture *f, const char *uuid, const char *children) {
        g_autofree char *xml = g_strconcat("<slice version='1'>", children, "</slice>", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) wish = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        slices_allocate(f->manager->slices, uuid, "guest of mine", wish, NULL, NULL);
        slices_flush(f->manager->slices);
        g_assert_nonnull(slice_book_find(slices_book(f->manager->slices), uuid));
}

static void never(void *unused) {
        g_assert_not_reached();
}

static GuestSession *connect_guest(const char *uuid, unsigned cid) {
        GuestEvent event = { .kind = GUEST_RUNNING, .uuid = (char *)uuid, .name = (char *)uuid };
        g_autofree char *xml = g_strdup_printf(
                "<domain><devices><vsock><cid address='%u'/></vsock></devices></domain>", cid);
        GuestSession *session;

        event.xml = xml;
        guest_api_on_guest_event(api, &event);
        session = guest_api_admit(api, cid, 1, never, NULL);
        g_assert_nonnull(session);
        return session;
}

static void note_answer(void *userdata, const GError *error) {
        char **ret_answer = userdata;

        *ret_answer = g_strdup(error ? error->message : "granted");
}

static void check(Fixture *f, GuestSession *session, const char *kind, uint64_t amount, bool less,
                  const char *const *qos, const char *expected) {
        g_autofree char *answer = NULL;

        (void)guest_session_ask(session, kind, amount, less, qos, note_answer, &answer);
        slices_flush(f->manager->slices);
        g_assert_cmpstr(answer, ==, expected);
}

static void check_cores(const Fixture *f, const char *uuid, unsigned count) {
        const SliceEntry *entry = slice_book_find(slices_book(f->manager->slices), uuid);

        g_assert_cmpuint(entry ? entry->wish->cores.count : 0, ==, count);
}

static void test_a_guest_gets_what_its_policy_allows(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestSession) session = connect_guest(GUEST_UUID, 3);

        give(f, GUEST_UUID, "<cores count='2'/><allow cores='1-3'/>");
        check(f, session, "cores", 1, false, NULL, "granted");
        check_cores(f, GUEST_UUID, 3);
        check(f, session, "cores", 2, true, NULL, "granted");
        check_cores(f, GUEST_UUID, 1);
}

static void test_a_guest_gets_no_more_and_no_less_than_that(Fixture *f, gconstpointer unused) {
        static const char range[] = "cores: this guest has 2 and may have 1 to 3";
        g_autoptr(GuestSession) session = connect_guest(GUEST_UUID, 3);

        give(f, GUEST_UUID, "<cores count='2'/><allow cores='1-3'/>");
        check(f, session, "cores", 2, false, NULL, range);
        check(f, session, "cores", 2, true, NULL, range);
        check(f, session, "cores", 3, true, NULL, range);
        check(f, session, "cores", UINT64_MAX, false, NULL, range);
        check(f, session, "cores", UINT64_MAX, true, NULL, range);
        check(f, session, "cores", UINT64_MAX - 1, false, NULL, range);
        check(f, session, "memory", 1048576, false, NULL,
              "memory: this guest cannot change it; its operator can");
        check(f, session, "functions", 1, false, NULL,
              "functions: this guest cannot change it; its operator can");
        check_cores(f, GUEST_UUID, 2);
}

static void test_a_guest_does_not_say_where_and_how_it_gets_it(Fixture *f, gconstpointer unused) {
        static const char *const said[][3] = { { "exclusive", "yes" },
                                               { "node", "0" },
                                               { "share", "1" },
                                               { "priority", "guaranteed" },
                                               { "allow", "cores='9'" } };
        g_autoptr(GuestSession) session = connect_guest(GUEST_UUID, 3);

        give(f, GUEST_UUID, "<cores count='2'/><allow cores='1-3'/>");
        for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
                check(f, session, "cores", 1, false, said[i],
                      "cores: not in this step, or not with what was said of it; a function's name "
                      "and min-mbit can be said");
        check_cores(f, GUEST_UUID, 2);
}

static void test_what_others_have_is_not_told(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestSession) session = connect_guest(GUEST_UUID, 3);

        give(f, GUEST_UUID, "<cores count='1' exclusive='yes'/><allow cores='1-8'/>");
        give(f, OTHER_UUID, "<cores count='2' exclusive='yes'/>");
        check(f, session, "cores", 2, false, NULL,
              "cores: there is not as much free now; try again later, or less");
        check(f, session, "cores", 1, false, NULL, "granted");
        check_cores(f, OTHER_UUID, 2);
}

static void test_a_guest_without_a_slice_gets_none(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestSession) session = connect_guest(GUEST_UUID, 3);

        check(f, session, "cores", 1, false, NULL,
              "This guest has no hardware slice: its operator allocates one");
        check_cores(f, GUEST_UUID, 0);
}

static void test_a_guest_changes_its_own_slice_alone(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestSession) one = connect_guest(GUEST_UUID, 3),
                                other = connect_guest(OTHER_UUID, 4);

        give(f, GUEST_UUID, "<cores count='1'/><allow cores='1-3'/>");
        give(f, OTHER_UUID, "<cores count='1'/>");
        check(f, one, "cores", 1, false, NULL, "granted");
        check(f, other, "cores", 1, false, NULL,
              "cores: this guest cannot change it; its operator can");
        check_cores(f, GUEST_UUID, 2);
        check_cores(f, OTHER_UUID, 1);
}

/* What was asked by then is answered, and stored. */
static void test_the_end_of_the_daemon_leaves_nothing_open(Fixture *f, gconstpointer unused) {
        GuestSession *session = connect_guest(GUEST_UUID, 3);
        g_autofree char *answer = NULL;

        give(f, GUEST_UUID, "<cores count='1'/><allow cores='1-3'/>");
        (void)guest_session_ask(session, "cores", 1, false, NULL, note_answer, &answer);
        g_assert_null(answer);
        guest_session_free(session);
        guest_api_free(api);
        api = guest_api_new(f->manager->slices);
        g_assert_cmpstr(answer, ==, "granted");
        check_cores(f, GUEST_UUID, 2);
}

#define ADD(name, function) \
        g_test_add("/guest-policy/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a guest gets what its policy allows", test_a_guest_gets_what_its_policy_allows);
        ADD("a guest gets no more and no less than that",
            test_a_guest_gets_no_more_and_no_less_than_that);
        ADD("a guest does not say where and how it gets it",
            test_a_guest_does_not_say_where_and_how_it_gets_it);
        ADD("what others have is not told", test_what_others_have_is_not_told);
        ADD("a guest without a slice gets none", test_a_guest_without_a_slice_gets_none);
        ADD("a guest changes its own slice alone", test_a_guest_changes_its_own_slice_alone);
        ADD("the end of the daemon leaves nothing open",
            test_the_end_of_the_daemon_leaves_nothing_open);
        return g_test_run();
}
