/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hardware slices of the real daemon over a made-up host of eight CPUs. */

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define OTHER_UUID "99999999-2222-4333-8444-555555555555"
#define FOUR       "<slice version='1'><cores count='4' exclusive='yes'/></slice>"
#define SIX        "<slice version='1'><cores count='6' exclusive='yes'/></slice>"
#define CALLERS    64

static void set_up(DaemonFixture *f, gconstpointer config) {
        daemon_fixture_set_up(f, config);
        fake_root_put(f->root, "sys/devices/system/cpu/online", "0-7\n", -1);
}

static void set_up_libvirt(DaemonFixture *f, gconstpointer config) {
        int connected = false;

        f->libvirt = "test:///default";
        set_up(f, config);
        while (!connected)
                g_assert_cmpint(
                        sd_bus_get_property_trivial(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                    FERRY_INTERFACE_MANAGER, "LibvirtConnected",
                                                    NULL, 'b', &connected),
                        >=, 0);
}

static void assert_error(const sd_bus_error *error, const char *name, const char *words) {
        g_assert_cmpstr(error->name, ==, name);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
}

/* Through the daemon's own loop, and back. */
static sd_bus_message *allocate(DaemonFixture *f, const char *domain, const char *definition,
                                sd_bus_error *error) {
        return daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateSlice", error, "ssa{sv}",
                                   domain, definition, 0);
}

static char *get(DaemonFixture *f, const char *uuid, const char *property) {
        g_autofree char *path = object_path(FERRY_OBJECT_SLICE, uuid);

        return daemon_fixture_get(f, path, FERRY_INTERFACE_SLICE, property, "s");
}

static void await(DaemonFixture *f, const char *name, const char *uuid) {
        g_autofree char *path = object_path(FERRY_OBJECT_SLICE, uuid);
        g_autofree char *signal = g_strdup_printf("%s %s " FERRY_INTERFACE_SLICE, name, path);

        daemon_fixture_await(f, signal);
}

static void call_slice(DaemonFixture *f, const char *method, sd_bus_error *error, const char *types,
                       const char *definition) {
        g_autofree char *path = object_path(FERRY_OBJECT_SLICE, GUEST_UUID);

        (void)sd_bus_call_method(f->client, FERRY_BUS_NAME, path, FERRY_INTERFACE_SLICE, method,
                                 error, NULL, types, definition, 0);
}

static void test_a_slice_lives_as_an_object(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *name = NULL, *state = NULL, *priority = NULL, *definition = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;

        reply = allocate(f, GUEST_UUID, FOUR, NULL);
        g_assert_nonnull(reply);
        await(f, "InterfacesAdded", GUEST_UUID);
        name = get(f, GUEST_UUID, "DomainName");
        g_assert_cmpstr(name, ==, GUEST_UUID); /* nobody knows another */
        state = get(f, GUEST_UUID, "State");
        g_assert_cmpstr(state, ==, "promised");
        priority = get(f, GUEST_UUID, "Priority");
        g_assert_cmpstr(priority, ==, "guaranteed");

        call_slice(f, "Change", &error, "sa{sv}", SIX);
        g_assert_cmpstr(error.message, ==, NULL);
        definition = get(f, GUEST_UUID, "Definition");
        g_assert_nonnull(strstr(definition, "count='6'"));

        call_slice(f, "Deallocate", &error, "", NULL);
        g_assert_cmpstr(error.message, ==, NULL);
        await(f, "InterfacesRemoved", GUEST_UUID);
        g_assert_null(get(f, GUEST_UUID, "State"));
}

static void test_an_answer_says_what_and_why(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus_message) reply = NULL;
        const char *slice, *resource, *part, *reason;
        unsigned cores = 0;
        uint64_t amount;
        int exclusive;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateSlice", NULL, "ssa{sv}",
                                    GUEST_UUID, FOUR, 2, "explain", "b", true, "dry-run", "b",
                                    true);
        g_assert_cmpint(sd_bus_message_read(reply, "o", &slice), >, 0);
        g_assert_cmpstr(slice, ==, "/"); /* nothing was promised */
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sstb)"), >, 0);
        while (sd_bus_message_read(reply, "(sstb)", &resource, &part, &amount, &exclusive) > 0) {
                g_assert_true(g_str_has_prefix(resource, "core:"));
                g_assert_cmpstr(part, ==, "cores");
                g_assert_cmpuint(amount, ==, 1000);
                g_assert_true(exclusive);
                cores++;
        }
        g_assert_cmpuint(cores, ==, 4);
        g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
        g_assert_cmpint(sd_bus_message_skip(reply, "as"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "s"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &reason), >, 0);
}

static void test_a_refusal_is_one_of_two(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) line = SD_BUS_ERROR_NULL, field = SD_BUS_ERROR_NULL,
                             type = SD_BUS_ERROR_NULL, room = SD_BUS_ERROR_NULL,
                             name = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = allocate(f, OTHER_UUID, FOUR, NULL);

        g_assert_nonnull(reply);
        (void)allocate(f, GUEST_UUID, "<slice version='1'>\n<cores count='0'/></slice>", &line);
        assert_error(&line, FERRY_ERROR_PREFIX "InvalidRequest",
                     "line 2: attribute 'count' must be 1 to 4096, not '0'");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateResource", &field,
                                  "ssta{sv}", GUEST_UUID, "cores", UINT64_C(1), 1, "share", "u",
                                  5000);
        assert_error(&field, FERRY_ERROR_PREFIX "InvalidRequest",
                     "cores: attribute 'share' must be 1 to 1000, not '5000'");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateResource", &type, "ssta{sv}",
                                  GUEST_UUID, "cores", UINT64_C(1), 1, "share", "as", 0);
        assert_error(&type, SD_BUS_ERROR_INVALID_ARGS, "The value of 'share' is no string");
        (void)allocate(f, GUEST_UUID, SIX, &room);
        assert_error(&room, FERRY_ERROR_PREFIX "NoResources", OTHER_UUID); /* who holds it */
        (void)allocate(f, "g1", FOUR, &name);
        assert_error(&name, FERRY_ERROR_PREFIX "Unavailable", "give its UUID");
}

static void test_more_and_less(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus_message) first = NULL, second = NULL, gone = NULL;
        g_autofree char *definition = NULL;

        first = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateResource", NULL,
                                    "ssta{sv}", GUEST_UUID, "cores", UINT64_C(2), 2, "exclusive",
                                    "b", true, "priority", "s", "burstable");
        second = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateResource", NULL,
                                     "ssta{sv}", GUEST_UUID, "cores", UINT64_C(3), 0);
        g_assert_true(first && second);
        definition = get(f, GUEST_UUID, "Definition");
        g_assert_nonnull(strstr(definition, "priority='burstable'"));
        g_assert_nonnull(strstr(definition, "<ferry:cores count='5' exclusive='yes'/>"));

        gone = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "DeallocateResource", NULL,
                                   "ssta{sv}", GUEST_UUID, "cores", UINT64_C(5), 0);
        g_assert_nonnull(gone);
        g_assert_null(get(f, GUEST_UUID, "State"));
}

typedef struct Crowd {
        unsigned answers, promised, refused;
} Crowd;

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Crowd *crowd = userdata;

        crowd->answers++;
        if (!error)
                crowd->promised++;
        else if (g_str_equal(error->name, FERRY_ERROR_PREFIX "NoResources"))
                crowd->refused++;
        return 0;
}

/* All have asked before any has its answer. */
static void test_a_crowd_is_served_one_by_one(DaemonFixture *f, gconstpointer unused) {
        Crowd crowd = { 0 };

        for (unsigned i = 0; i < CALLERS; i++) {
                g_autofree char *uuid = g_strdup_printf("00000000-0000-4000-8000-%012u", i);

                g_assert_cmpint(sd_bus_call_method_async(f->client, NULL, FERRY_BUS_NAME,
                                                         FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER,
                                                         "AllocateResource", on_answer, &crowd,
                                                         "ssta{sv}", uuid, "cores", UINT64_C(1), 1,
                                                         "exclusive", "b", true),
                                >=, 0);
        }
        while (crowd.answers < CALLERS)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        g_assert_cmpuint(crowd.promised, ==, 8);
        g_assert_cmpuint(crowd.refused, ==, CALLERS - 8);
}

/* Each slice is given back before whoever asked for it has an answer. */
static void test_a_slice_may_be_gone_when_it_is_answered(DaemonFixture *f, gconstpointer unused) {
        Crowd crowd = { 0 };

        for (unsigned i = 0; i < CALLERS; i++) {
                g_autofree char *uuid = g_strdup_printf("00000000-0000-4000-8000-%012u", i);

                (void)sd_bus_call_method_async(f->client, NULL, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                               FERRY_INTERFACE_MANAGER, "AllocateSlice", on_answer,
                                               &crowd, "ssa{sv}", uuid, FOUR, 0);
                (void)sd_bus_call_method_async(f->client, NULL, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                               FERRY_INTERFACE_MANAGER, "DeallocateResource",
                                               on_answer, &crowd, "ssta{sv}", uuid, "cores",
                                               UINT64_C(4), 0);
        }
        while (crowd.answers < 2 * CALLERS)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        g_assert_cmpuint(crowd.promised, ==, 2 * CALLERS);
}

static void test_what_was_answered_outlives_the_daemon(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus_message) reply = allocate(f, GUEST_UUID, FOUR, NULL);
        g_autofree char *state = NULL;

        g_assert_nonnull(reply);
        g_assert_cmpint(daemon_fixture_end(f, SIGKILL), ==, -SIGKILL);
        daemon_fixture_start(f);
        state = get(f, GUEST_UUID, "State");
        g_assert_cmpstr(state, ==, "promised");
}

/* libvirt's test driver has a guest "test", and tunes less than QEMU's. */
static void test_a_guest_is_called_by_its_name(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL, listed = NULL;
        const char *path, *uuid, *name;

        reply = allocate(f, "test", "<slice version='1'><cores count='1'/></slice>", NULL);
        g_assert_nonnull(reply);
        listed = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListSlices", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(listed, 'a', "(ossssa(sstb))"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(listed, 'r', "ossssa(sstb)"), >, 0);
        g_assert_cmpint(sd_bus_message_read(listed, "oss", &path, &uuid, &name), >, 0);
        g_assert_cmpstr(name, ==, "test");
        g_assert_true(g_uuid_string_is_valid(uuid));

        (void)allocate(f, "nobody", FOUR, &error);
        assert_error(&error, FERRY_ERROR_PREFIX "NotFound", "no guest 'nobody'");
}

#define SHARE(share) "<slice version='1'><cores count='1' share='" share "'/></slice>"

/* Two parts of a CPU on two CPUs, which have room on one. */
static void scatter(DaemonFixture *f) {
        g_autoptr(sd_bus_message) one = allocate(f, GUEST_UUID, SHARE("600"), NULL);
        g_autoptr(sd_bus_message) two = allocate(f, OTHER_UUID, SHARE("600"), NULL);
        g_autoptr(sd_bus_message) less = allocate(f, GUEST_UUID, SHARE("400"), NULL);

        g_assert_nonnull(one);
        g_assert_nonnull(two);
        g_assert_nonnull(less);
}

static void test_moves_are_proposed(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        const char *slice, *name, *sentence, *part, *obstacle;
        uint32_t cores, functions;
        uint64_t bytes;

        scatter(f);
        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Defragment", NULL, "a{sv}", 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(osa(sasas)tuus)"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'r', "osa(sasas)tuus"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "os", &slice, &name), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sasas)"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'r', "sasas"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &part), >, 0);
        g_assert_cmpstr(part, ==, "cores");
        g_assert_cmpint(sd_bus_message_skip(reply, "asas"), >, 0);
        g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
        g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "tuus", &bytes, &cores, &functions, &sentence),
                        >, 0);
        g_assert_cmpuint(cores, ==, 1);
        g_assert_nonnull(strstr(sentence, "moves 1 core within node 0"));
        g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
        g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
        g_assert_cmpint(sd_bus_message_skip(reply, "as"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &obstacle), >, 0);
        g_assert_cmpstr(obstacle, ==, "");

        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Defragment", &error, "a{sv}", 1,
                                  "apply", "b", true);
        assert_error(&error, FERRY_ERROR_PREFIX "InvalidState", "Defragment=apply");
}

#define ADD(name, up, function) \
        g_test_add("/slices/" name, DaemonFixture, NULL, up, function, daemon_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a slice lives as an object", set_up, test_a_slice_lives_as_an_object);
        ADD("an answer says what and why", set_up, test_an_answer_says_what_and_why);
        ADD("a refusal is one of two", set_up, test_a_refusal_is_one_of_two);
        ADD("more and less", set_up, test_more_and_less);
        ADD("a crowd is served one by one", set_up, test_a_crowd_is_served_one_by_one);
        ADD("a slice may be gone when it is answered", set_up,
            test_a_slice_may_be_gone_when_it_is_answered);
        ADD("what was answered outlives the daemon", set_up,
            test_what_was_answered_outlives_the_daemon);
        ADD("moves are proposed, and not more than is allowed", set_up, test_moves_are_proposed);
        ADD("a guest is called by its name", set_up_libvirt, test_a_guest_is_called_by_its_name);
        return g_test_run();
}
