/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is advised, as objects on a bus; the faces of the daemon are in the test's
 * own process, since a real one decides every 5 minutes only.
 */

#include <string.h>

#include "dbus/faces.h"
#include "daemon/names.h"
#include "tests/unit/daemon/fake-way.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "tests/unit/dbus/introspection.h"
#include "tests/unit/dbus/other-user.h"
#include "xml/ferry-error.h"

#define FIRST  FERRY_OBJECT_ADVICE "/_31"
#define SECOND FERRY_OBJECT_ADVICE "/_32"

typedef struct FaceFixture {
        Fixture f;
        PrivateBus *private;
        sd_event *event;
        sd_bus *bus, *client;
        HostState host;
        Faces *faces;
        int64_t monotonic;
        GString *signals;      /* "InterfacesAdded PATH\n" */
        sd_bus_message *reply; /* the last one; NULL none */
} FaceFixture;

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        bool changed = sd_bus_message_is_signal(m, NULL, "PropertiesChanged");
        FaceFixture *a = userdata;
        const char *path = sd_bus_message_get_path(m);

        if (!changed)
                g_assert_cmpint(sd_bus_message_read(m, "o", &path), >, 0);
        g_string_append_printf(a->signals, "%s %s\n", sd_bus_message_get_member(m), path);
        return 0;
}

static sd_bus *connect_bus(FaceFixture *a) {
        sd_bus *bus;

        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_address(bus, a->private->address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(bus, true), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        return bus;
}

/* Before the loop, since each waits for the bus. */
static void open_buses(FaceFixture *a) {
        static const char *const interfaces[] = { "org.freedesktop.DBus.ObjectManager",
                                                  "org.freedesktop.DBus.Properties" };

        a->bus = connect_bus(a);
        g_assert_cmpint(sd_bus_request_name(a->bus, FERRY_BUS_NAME, 0), >=, 0);
        a->client = connect_bus(a);
        for (size_t i = 0; i < G_N_ELEMENTS(interfaces); i++)
                g_assert_cmpint(sd_bus_match_signal(a->client, NULL, FERRY_BUS_NAME, NULL,
                                                    interfaces[i], NULL, on_signal, a),
                                >=, 0);
        g_assert_cmpint(sd_bus_attach_event(a->bus, a->event, 0), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(a->client, a->event, 0), >=, 0);
}

static void on_advice(void *userdata, AdviceChange change, const AdvisorEntry *entry) {
        faces_on_advice(((FaceFixture *)userdata)->faces, change, entry);
}

static void set_up(FaceFixture *a, gconstpointer config) {
        fixture_set_up(&a->f, config);
        fixture_connect(&a->f);
        fake_ways_reset();
        advisor_free(a->f.manager->advisor);
        a->f.manager->advisor = advisor_new(a->f.manager, fake_ways);
        a->signals = g_string_new(NULL);
        a->private = private_bus_new();
        g_assert_cmpint(sd_event_new(&a->event), >=, 0);
        open_buses(a);
        g_assert_cmpint(faces_new(a->bus, a->f.manager, &a->host, &a->faces), >=, 0);
        advisor_set_listener(a->f.manager->advisor, on_advice, a);

        send_list(&a->f, GUEST_UUID);
        a->monotonic = 1000 * G_USEC_PER_SEC;
        advisor_turn(a->f.manager->advisor, a->monotonic);
}

static void tear_down(FaceFixture *a, gconstpointer config) {
        sd_bus_message_unref(a->reply);
        sd_bus_flush_close_unref(a->client);
        sd_bus_flush_close_unref(a->bus);
        faces_free(a->faces);
        sd_event_unref(a->event);
        private_bus_free(a->private);
        g_string_free(a->signals, TRUE);
        fixture_tear_down(&a->f, config);
}

static void decide(FaceFixture *a) {
        a->monotonic += ADVISOR_ROUND_USEC;
        advisor_turn(a->f.manager->advisor, a->monotonic);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        FaceFixture *a = userdata;

        g_assert_null(a->reply);
        a->reply = sd_bus_message_ref(m);
        return 0;
}

static void begin_call(FaceFixture *a, const char *path, const char *interface, const char *method,
                       const char *argument) {
        a->reply = sd_bus_message_unref(a->reply);
        g_assert_cmpint(sd_bus_call_method_async(a->client, NULL, FERRY_BUS_NAME, path, interface,
                                                 method, on_reply, a, argument ? "s" : "",
                                                 argument),
                        >=, 0);
}

static void run_once(FaceFixture *a) {
        g_assert_cmpint(sd_event_run(a->event, UINT64_MAX), >=, 0);
}

/* Borrowed until the next call. */
static sd_bus_message *call(FaceFixture *a, const char *path, const char *interface,
                            const char *method, const char *argument) {
        begin_call(a, path, interface, method, argument);
        while (!a->reply)
                run_once(a);
        return a->reply;
}

static void await_signal(FaceFixture *a, const char *signal) {
        while (!strstr(a->signals->str, signal))
                run_once(a);
}

static void say_grow(void) {
        AdvisorDraft *draft = fake_way_say(&fake_slice_way, "grow", GUEST_UUID, "g1", "cores");

        advisor_draft_add_value(draft, "p99", 2.5);
}

/* Its value as busctl prints it; NULL: there is no such object or property. */
static char *get(FaceFixture *a, const char *property, const char *type) {
        sd_bus_message *m;
        const char *text;
        uint64_t number;
        int flag;

        m = call(a, FIRST, "org.freedesktop.DBus.Properties", "GetAll", FERRY_INTERFACE_ADVICE);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sv}"), >, 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "s", &text), >, 0);
                if (!g_str_equal(text, property)) {
                        g_assert_cmpint(sd_bus_message_skip(m, "v"), >, 0);
                        g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
                        continue;
                }
                if (g_str_equal(type, "s")) {
                        g_assert_cmpint(sd_bus_message_read(m, "v", "s", &text), >, 0);
                        return g_strdup(text);
                }
                if (g_str_equal(type, "b")) {
                        g_assert_cmpint(sd_bus_message_read(m, "v", "b", &flag), >, 0);
                        return g_strdup(flag ? "true" : "false");
                }
                g_assert_cmpint(sd_bus_message_read(m, "v", "t", &number), >, 0);
                return g_strdup_printf("%" PRIu64, number);
        }
        return NULL;
}

static void assert_property(FaceFixture *a, const char *property, const char *type,
                            const char *expected) {
        g_autofree char *got = get(a, property, type);

        g_assert_cmpstr(got, ==, expected);
}

static void test_objects_come_change_and_go(FaceFixture *a, gconstpointer unused) {
        say_grow();
        decide(a);
        await_signal(a, "InterfacesAdded " FIRST "\n");

        fake_way_be_silent(&fake_slice_way);
        say_grow();
        advisor_draft_add_value(fake_slice_way.drafts->pdata[0], "bar", 3);
        decide(a);
        await_signal(a, "PropertiesChanged " FIRST "\n");

        fake_way_be_silent(&fake_slice_way);
        decide(a);
        await_signal(a, "InterfacesRemoved " FIRST "\n");
        g_assert_cmpstr(a->signals->str, ==,
                        "InterfacesAdded " FIRST "\nPropertiesChanged " FIRST
                        "\nInterfacesRemoved " FIRST "\n");
}

static void test_an_object_says_all(FaceFixture *a, gconstpointer unused) {
        g_autofree char *since = NULL;

        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        since = g_strdup_printf("%" PRIi64, a->f.manager->now());
        say_grow();
        advisor_draft_set_other(fake_slice_way.drafts->pdata[0], OTHER_UUID, "g2");
        decide(a);
        fixture_pass_time(G_USEC_PER_SEC);
        decide(a);
        assert_property(a, "Id", "s", "1");
        assert_property(a, "Kind", "s", "grow");
        assert_property(a, "DomainUUID", "s", GUEST_UUID);
        assert_property(a, "DomainName", "s", "g1");
        assert_property(a, "Target", "s", "cores");
        assert_property(a, "OtherUUID", "s", OTHER_UUID);
        assert_property(a, "OtherName", "s", "g2");
        assert_property(a, "Reason", "s", "rises");
        assert_property(a, "Sentence", "s", "g1 is to grow");
        assert_property(a, "Acts", "b", "true");
        assert_property(a, "SinceUSec", "t", since);
}

static void test_values_and_commands_are_told(FaceFixture *a, gconstpointer unused) {
        sd_bus_message *m;
        const char *name;
        double value;

        say_grow();
        decide(a);
        m = call(a, FIRST, "org.freedesktop.DBus.Properties", "GetAll", FERRY_INTERFACE_ADVICE);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sv}"), >, 0);
        do {
                g_assert_cmpint(sd_bus_message_enter_container(m, 'e', "sv"), >, 0);
                g_assert_cmpint(sd_bus_message_read(m, "s", &name), >, 0);
                if (g_str_equal(name, "Values"))
                        break;
                g_assert_cmpint(sd_bus_message_skip(m, "v"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        } while (true);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'v', "a{sd}"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sd}"), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "{sd}", &name, &value), >, 0);
        g_assert_cmpstr(name, ==, "p95");
        g_assert_cmpint(sd_bus_message_read(m, "{sd}", &name, &value), >, 0);
        g_assert_cmpstr(name, ==, "p99");
        g_assert_cmpfloat(value, ==, 2.5);
}

static void test_each_is_a_node_of_its_own(FaceFixture *a, gconstpointer unused) {
        g_autofree char *nodes = NULL;
        const char *xml;

        say_grow();
        fake_way_say(&fake_guest_way, "leave", OTHER_UUID, "g2", "qemu+ssh://b/system");
        decide(a);
        g_assert_cmpint(
                sd_bus_message_read(call(a, FERRY_OBJECT_ADVICE,
                                         "org.freedesktop.DBus.Introspectable", "Introspect", NULL),
                                    "s", &xml),
                >, 0);
        nodes = introspection_nodes(xml);
        g_assert_cmpstr(nodes, ==, "_31 _32");
}

static void test_an_object_is_what_the_contract_says(FaceFixture *a, gconstpointer unused) {
        g_autofree char *contract = NULL, *promised = NULL, *there = NULL;
        const char *xml;

        say_grow();
        decide(a);
        g_assert_true(g_file_get_contents(FERRY_CONTRACT, &contract, NULL, NULL));
        g_assert_cmpint(sd_bus_message_read(call(a, FIRST, "org.freedesktop.DBus.Introspectable",
                                                 "Introspect", NULL),
                                            "s", &xml),
                        >, 0);
        promised = introspection_to_text(contract, FERRY_INTERFACE_ADVICE);
        there = introspection_to_text(xml, FERRY_INTERFACE_ADVICE);
        g_assert_cmpstr(promised, !=, "");
        g_assert_cmpstr(there, ==, promised);
}

/* Carrying out ---------------------------------------------------------------------------- */

static void test_it_is_answered_when_that_has_ended(FaceFixture *a, gconstpointer unused) {
        say_grow();
        decide(a);
        begin_call(a, FIRST, FERRY_INTERFACE_ADVICE, "Apply", NULL);
        await_signal(a, "InterfacesRemoved " FIRST "\n");
        g_assert_null(a->reply);
        g_assert_cmpstr(fake_slice_way.applied, ==, "grow g1 cores");
        fake_way_end(&fake_slice_way, NULL);
        while (!a->reply)
                run_once(a);
        g_assert_false(sd_bus_message_is_method_error(a->reply, NULL));
}

static void assert_refused(FaceFixture *a, const char *name, const char *part) {
        const sd_bus_error *error = sd_bus_message_get_error(a->reply);

        g_assert_nonnull(error);
        g_assert_cmpstr(error->name, ==, name);
        g_assert_nonnull(strstr(error->message, part));
}

static void test_what_fails_is_told(FaceFixture *a, gconstpointer unused) {
        g_autoptr(GError)
                error = g_error_new(FERRY_ERROR, FERRY_ERROR_NO_DEVICE, "no core is left");

        say_grow();
        decide(a);
        begin_call(a, FIRST, FERRY_INTERFACE_ADVICE, "Apply", NULL);
        await_signal(a, "InterfacesRemoved " FIRST "\n");
        fake_way_end(&fake_slice_way, error);
        while (!a->reply)
                run_once(a);
        assert_refused(a, FERRY_ERROR_PREFIX "NoDevice", "no core is left");
}

/* The first advice, by nobody. */
static void assert_asks(FaceFixture *a, const char *action) {
        DaemonFixture other = { .event = a->event, .bus = a->private };
        g_autofree char *answer = NULL;

        decide(a);
        answer = other_user_calls(&other, FERRY_INTERFACE_ADVICE, "Apply", NULL);
        g_assert_true(g_str_has_prefix(answer, SD_BUS_ERROR_ACCESS_DENIED));
        g_assert_nonnull(strstr(answer, action));
        g_assert_null(fake_slice_way.applied);
        g_assert_null(fake_guest_way.applied);
}

static void test_who_may_not_change_slices_may_not_do_it_so(FaceFixture *a, gconstpointer unused) {
        if (!other_user_can_be())
                return;
        say_grow();
        assert_asks(a, "org.virtferry1.manage-slices");
}

static void test_who_may_not_move_guests_may_not_do_it_so(FaceFixture *a, gconstpointer unused) {
        if (!other_user_can_be())
                return;
        fake_way_say(&fake_guest_way, "leave", OTHER_UUID, "g2", "qemu+ssh://b/system");
        assert_asks(a, "org.virtferry1.migrate");
}

static void test_what_is_withdrawn_is_no_object(FaceFixture *a, gconstpointer unused) {
        say_grow();
        decide(a);
        (void)call(a, SECOND, FERRY_INTERFACE_ADVICE, "Apply", NULL);
        assert_refused(a, SD_BUS_ERROR_UNKNOWN_OBJECT, SECOND);
}

#define ADD(name, function) \
        g_test_add("/advice-face/" name, FaceFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        if (other_user_is_asked(argc, argv))
                return other_user_main(argv);

        g_test_init(&argc, &argv, NULL);
        ADD("objects come, change and go", test_objects_come_change_and_go);
        ADD("an object says all", test_an_object_says_all);
        ADD("values and commands are told", test_values_and_commands_are_told);
        ADD("each is a node of its own", test_each_is_a_node_of_its_own);
        ADD("an object is what the contract says", test_an_object_is_what_the_contract_says);
        ADD("it is answered when that has ended", test_it_is_answered_when_that_has_ended);
        ADD("what fails is told", test_what_fails_is_told);
        ADD("what is withdrawn is no object", test_what_is_withdrawn_is_no_object);
        ADD("who may not change slices may not do it so",
            test_who_may_not_change_slices_may_not_do_it_so);
        ADD("who may not move guests may not do it so",
            test_who_may_not_move_guests_may_not_do_it_so);
        return g_test_run();
}
