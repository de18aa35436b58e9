/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hooks of the real daemon, which wait for what was claimed in Placement; the client is
 * virtferry-placement, too. */

#include <signal.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define CONFIG "[OpenStack]\nClaims=all\n"
#define PLAIN  "<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid></domain>"

typedef struct Placement {
        sd_bus_message *question;
        char *outcome; /* what the hook was told */
} Placement;

static int method_get_claim(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Placement *placement = userdata;
        const char *consumer;

        g_assert_null(placement->question);
        g_assert_cmpint(sd_bus_message_read(m, "s", &consumer), >, 0);
        g_assert_cmpstr(consumer, ==, GUEST_UUID);
        placement->question = sd_bus_message_ref(m);
        return 1;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetClaim", "s", "ba(sst)", method_get_claim, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void serve(DaemonFixture *f, Placement *placement) {
        g_assert_cmpint(sd_bus_add_object_vtable(f->client, NULL, FERRY_PLACEMENT_OBJECT,
                                                 FERRY_PLACEMENT_INTERFACE, vtable, placement),
                        >=, 0);
        g_assert_cmpint(sd_bus_request_name(f->client, FERRY_PLACEMENT_BUS_NAME, 0), >=, 0);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(m);
        Placement *placement = userdata;

        g_assert_null(placement->outcome);
        placement->outcome = error ? g_strdup_printf("%s: %s", error->name, error->message)
                                   : g_strdup("let in");
        return 0;
}

static void await_question(DaemonFixture *f, Placement *placement) {
        while (!placement->question)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        g_assert_null(placement->outcome);
}

static void filter(DaemonFixture *f, Placement *placement) {
        g_assert_cmpint(sd_bus_call_method_async(f->client, NULL, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                 FERRY_INTERFACE_HOOK, "FilterDomain", on_answer,
                                                 placement, "ss", "migrate", PLAIN),
                        >=, 0);
}

static void prepare(DaemonFixture *f, Placement *placement) {
        g_assert_cmpint(sd_bus_call_method_async(f->client, NULL, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                 FERRY_INTERFACE_HOOK, "PrepareDomain", on_answer,
                                                 placement, "s", PLAIN),
                        >=, 0);
}

static void answer(Placement *placement, bool found) {
        g_assert_cmpint(sd_bus_reply_method_return(placement->question, "ba(sst)", found, 0), >=,
                        0);
        g_clear_pointer(&placement->question, sd_bus_message_unref);
}

static void assert_told(DaemonFixture *f, Placement *placement, const char *beginning) {
        while (!placement->outcome)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        if (!g_str_has_prefix(placement->outcome, beginning))
                g_error("'%s', not '%s'", placement->outcome, beginning);
        g_clear_pointer(&placement->outcome, g_free);
}

#define NOTHING FERRY_ERROR_PREFIX "NoResources: Guest g1 has claimed nothing in Placement on host "

static void test_a_hook_waits_and_nobody_else_does(DaemonFixture *f, gconstpointer config) {
        g_autoptr(sd_bus_message) meanwhile = NULL;
        Placement placement = { 0 };

        serve(f, &placement);
        filter(f, &placement);
        await_question(f, &placement);
        meanwhile = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListGuests", NULL, "");
        g_assert_null(placement.outcome);
        answer(&placement, true);
        assert_told(f, &placement, "let in");

        prepare(f, &placement);
        await_question(f, &placement);
        answer(&placement, true);
        assert_told(f, &placement, "let in");
}

static void test_a_guest_without_a_claim_is_refused(DaemonFixture *f, gconstpointer config) {
        Placement placement = { 0 };

        serve(f, &placement);
        filter(f, &placement);
        await_question(f, &placement);
        answer(&placement, false);
        assert_told(f, &placement, NOTHING);

        prepare(f, &placement);
        await_question(f, &placement);
        answer(&placement, false);
        assert_told(f, &placement, NOTHING);
}

static void test_nobody_to_ask_is_a_refusal(DaemonFixture *f, gconstpointer config) {
        Placement placement = { 0 };

        filter(f, &placement);
        assert_told(f, &placement, FERRY_ERROR_PREFIX "Unavailable: It is not known what guest g1");
}

static void test_a_daemon_that_ends_answers_first(DaemonFixture *f, gconstpointer config) {
        Placement placement = { 0 };

        serve(f, &placement);
        filter(f, &placement);
        await_question(f, &placement);
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        assert_told(f, &placement, FERRY_ERROR_PREFIX "Unavailable: It is not known what guest g1");
        sd_bus_message_unref(placement.question);
}

static bool has_flag(DaemonFixture *f) {
        g_autofree char *path = g_build_filename(fake_root_path(f->root), FERRY_CLAIMS_ALL_PATH,
                                                 NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_the_hook_sees_that_claims_are_demanded(DaemonFixture *f, gconstpointer config) {
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        fake_root_put(f->root, "run/keep", "", -1);
        daemon_fixture_start(f);
        g_assert_cmpint(has_flag(f), ==, config != NULL);
}

int main(int argc, char **argv) {
#define ADD(name, config, function)                                                          \
        g_test_add("/claims-on-the-bus/" name, DaemonFixture, config, daemon_fixture_set_up, \
                   function, daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a hook waits and nobody else does", CONFIG, test_a_hook_waits_and_nobody_else_does);
        ADD("a guest without a claim is refused", CONFIG, test_a_guest_without_a_claim_is_refused);
        ADD("nobody to ask is a refusal", CONFIG, test_nobody_to_ask_is_a_refusal);
        ADD("a daemon that ends answers first", CONFIG, test_a_daemon_that_ends_answers_first);
        ADD("the hook sees that claims are demanded", CONFIG,
            test_the_hook_sees_that_claims_are_demanded);
        ADD("the hook sees that they are not", NULL, test_the_hook_sees_that_claims_are_demanded);
        return g_test_run();
}
