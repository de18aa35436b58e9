/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"
#include "tests/unit/dbus/other-user.h"

static char *filter(DaemonFixture *f, const char *operation, const char *xml, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;
        const char *answer;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "FilterDomain", error, "ss", operation,
                                    xml);
        if (!reply)
                return NULL;
        g_assert_cmpint(sd_bus_message_read(reply, "s", &answer), >, 0);
        return g_strdup(answer);
}

static void tell(DaemonFixture *f, const char *method, const char *types, const char *xml,
                 const char *reason) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, method, &error, types, xml, reason);
        g_assert_cmpstr(error.message, ==, NULL);
}

static void await(DaemonFixture *f, const char *member, const char *path, const char *what) {
        g_autofree char *line = g_strdup_printf("%s %s %s", member, path, what);

        daemon_fixture_await(f, line);
        (void)g_string_truncate(f->signals, 0);
}

#define LEASE_CHANGES "DomainName State ExpiresUSec"

static void test_a_lease_is_told_from_its_beginning_to_its_end(DaemonFixture *f,
                                                               gconstpointer unused) {
        g_autofree char *device = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        g_autofree char *from = guest_with_mdev(SOURCE_MDEV), *to = guest_with_mdev(HERE_MDEV);
        g_autofree char *answer = filter(f, "migrate", from, NULL), *lease = NULL;
        g_autofree char *domain = NULL, *state = NULL, *claimed = NULL, *after = NULL;

        g_assert_cmpstr(answer, ==, to);
        daemon_fixture_await(f, "PropertiesChanged /org/virtferry1/device/"
                                "bbbbbbbb_2d0000_2d4000_2d8000_2d000000000002 Lease");
        lease = daemon_fixture_get(f, device, FERRY_INTERFACE_DEVICE, "Lease", "o");
        await(f, "InterfacesAdded", lease, FERRY_INTERFACE_LEASE);
        domain = daemon_fixture_get(f, lease, FERRY_INTERFACE_LEASE, "DomainUUID", "s");
        state = daemon_fixture_get(f, lease, FERRY_INTERFACE_LEASE, "State", "s");
        g_assert_cmpstr(domain, ==, GUEST_UUID);
        g_assert_cmpstr(state, ==, "reserved");

        tell(f, "PrepareDomain", "s", answer, NULL);
        await(f, "PropertiesChanged", lease, LEASE_CHANGES);
        claimed = daemon_fixture_get(f, lease, FERRY_INTERFACE_LEASE, "State", "s");
        g_assert_cmpstr(claimed, ==, "claimed");

        tell(f, "StartDomain", "s", answer, NULL);

        tell(f, "ReleaseDomain", "ss", answer, "destroyed");
        await(f, "InterfacesRemoved", lease, FERRY_INTERFACE_LEASE);
        await(f, "PropertiesChanged", device, "Lease");
        after = daemon_fixture_get(f, device, FERRY_INTERFACE_DEVICE, "Lease", "o");
        g_assert_cmpstr(after, ==, "/");
}

static void test_a_guest_that_does_not_come_loses_its_lease(DaemonFixture *f,
                                                            gconstpointer unused) {
        g_autofree char *device = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV), *lease = NULL;
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autofree char *answer = filter(f, "migrate", xml, NULL);

        g_assert_nonnull(answer);
        lease = daemon_fixture_get(f, device, FERRY_INTERFACE_DEVICE, "Lease", "o");
        await(f, "InterfacesRemoved", lease, FERRY_INTERFACE_LEASE);
}

static void test_a_refusal_says_which_and_why(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV), *unknown = NULL;
        g_auto(GStrv) parts = g_strsplit(xml, "mtty-1", 2);
        const struct {
                const char *operation, *xml, *name, *words;
        } cases[] = {
                { "migrate", "<domain>\n<name>g1</nam>\n</domain>",
                  "org.virtferry1.Error.InvalidXML", "line 2" },
                { "resume", xml, SD_BUS_ERROR_INVALID_ARGS,
                  "Operation 'resume' is not 'migrate' or 'restore'" },
                { "migrate", (unknown = g_strjoinv("mtty-9", parts)),
                  "org.virtferry1.Error.NoDevice", "mtty-9" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

                g_assert_null(filter(f, cases[i].operation, cases[i].xml, &error));
                g_assert_cmpstr(error.name, ==, cases[i].name);
                if (!strstr(error.message, cases[i].words))
                        g_error("no '%s' in '%s'", cases[i].words, error.message);
        }
}

static void test_a_lease_that_is_not_there_cannot_be_released(DaemonFixture *f,
                                                              gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        g_assert_null(daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ReleaseLease", &error, "s",
                                          "no-such-lease"));
        g_assert_cmpstr(error.name, ==, "org.virtferry1.Error.NotFound");
}

static void test_a_check_answers_and_leases_nothing(DaemonFixture *f, gconstpointer unused) {
        const char *name, *device, *there, *here, *class, *type, *pool, *reason;
        g_autofree char *path = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV), *lease = NULL;
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autoptr(sd_bus_message) reply = NULL;
        int fits, make;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckDomain", NULL, "s", xml);
        g_assert_nonnull(reply);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &name), >, 0);
        g_assert_cmpstr(name, ==, "g1");
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sbssbssss)"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "(sbssbssss)", &device, &fits, &there, &here,
                                            &make, &class, &type, &pool, &reason),
                        >, 0);
        g_assert_true(fits);
        g_assert_cmpstr(there, ==, SOURCE_MDEV);
        g_assert_cmpstr(here, ==, HERE_MDEV);
        g_assert_false(make);
        g_assert_cmpstr(type, ==, "mtty-1");
        g_assert_cmpint(sd_bus_message_at_end(reply, false), >, 0);

        lease = daemon_fixture_get(f, path, FERRY_INTERFACE_DEVICE, "Lease", "o");
        g_assert_cmpstr(lease, ==, "/");
}

/* The made-up host has no CPUs to share out. */
static void test_a_check_tells_of_a_slice_that_would_be_refused(DaemonFixture *f,
                                                                gconstpointer unused) {
        const char *xml = "<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid><metadata>"
                          "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"
                          "<ferry:slice version='1'><ferry:cores count='2'/></ferry:slice>"
                          "</ferry:domain></metadata></domain>";
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        const char *name, *there, *reason;
        g_autofree char *answer = NULL;
        int fits;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckDomain", NULL, "s", xml);
        g_assert_cmpint(sd_bus_message_read(reply, "s", NULL), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sbssbssss)"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "(sbssbssss)", &name, &fits, &there, NULL, NULL,
                                            NULL, NULL, NULL, &reason),
                        >, 0);
        g_assert_cmpstr(name, ==, "slice");
        g_assert_false(fits);
        g_assert_cmpstr(there, ==, "");

        answer = filter(f, "migrate", xml, &error);
        g_assert_null(answer);
        g_assert_cmpstr(error.message, ==, reason);
        g_assert_true(g_str_has_prefix(reason, "Hardware slice of guest g1: "));
}

/* Others than root ---------------------------------------------------------------- */

static void test_nobody_but_root_is_a_hook(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        if (!other_user_can_be())
                return;

        answer = other_user_calls(f, FERRY_INTERFACE_HOOK, "PrepareDomain", "<domain/>");
        g_assert_cmpstr(answer, ==,
                        "org.freedesktop.DBus.Error.AccessDenied: PrepareDomain is for the libvirt "
                        "hook: only root may call it");
}

static void test_everybody_may_ask(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        if (!other_user_can_be())
                return;

        answer = other_user_calls(f, FERRY_INTERFACE_MANAGER, "ListOffers", NULL);
        g_assert_cmpstr(answer, ==, "done");
}

static void test_without_polkit_only_root_changes_anything(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *answer = NULL;

        if (!other_user_can_be())
                return;

        answer = other_user_calls(f, FERRY_INTERFACE_MANAGER, "Rescan", NULL);
        g_assert_cmpstr(answer, ==,
                        "org.freedesktop.DBus.Error.AccessDenied: Rescan is not allowed: call it "
                        "as root, or let a polkit rule allow org.virtferry1.rescan");
}

typedef struct Polkit {
        int allowed, challenge;
        char *action;
} Polkit;

static int method_check_authorization(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *kind, *action;
        Polkit *polkit = userdata;

        g_assert_cmpint(sd_bus_message_enter_container(m, 'r', "sa{sv}"), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "s", &kind), >, 0);
        g_assert_cmpstr(kind, ==, "system-bus-name");
        g_assert_cmpint(sd_bus_message_skip(m, "a{sv}"), >, 0);
        g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "s", &action), >, 0);
        g_free(polkit->action);
        polkit->action = g_strdup(action);
        return sd_bus_reply_method_return(m, "(bba{ss})", polkit->allowed, polkit->challenge, 0);
}

static void test_polkit_decides_for_everybody_else(DaemonFixture *f, gconstpointer unused) {
        static const sd_bus_vtable vtable[] = {
                SD_BUS_VTABLE_START(0),
                SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})",
                              method_check_authorization, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_VTABLE_END,
        };
        g_autofree char *refused = NULL, *challenged = NULL, *allowed = NULL;
        Polkit polkit = { 0 };

        if (!other_user_can_be())
                return;

        g_assert_cmpint(
                sd_bus_add_object_vtable(f->client, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                         "org.freedesktop.PolicyKit1.Authority", vtable, &polkit),
                >=, 0);
        g_assert_cmpint(sd_bus_request_name(f->client, "org.freedesktop.PolicyKit1", 0), >=, 0);

        refused = other_user_calls(f, FERRY_INTERFACE_MANAGER, "ReleaseLease", "no-such-lease");
        g_assert_true(g_str_has_prefix(refused, SD_BUS_ERROR_ACCESS_DENIED));
        g_assert_cmpstr(polkit.action, ==, "org.virtferry1.manage-leases");

        polkit.challenge = true;
        challenged = other_user_calls(f, FERRY_INTERFACE_MANAGER, "Rescan", NULL);
        g_assert_true(
                g_str_has_prefix(challenged, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED));
        g_assert_cmpstr(polkit.action, ==, "org.virtferry1.rescan");

        polkit.allowed = true;
        allowed = other_user_calls(f, FERRY_INTERFACE_MANAGER, "Rescan", NULL);
        g_assert_cmpstr(allowed, ==, "done");
        g_free(polkit.action);
}

int main(int argc, char **argv) {
#define ADD(name, config, function)                                                         \
        g_test_add("/hooks-on-the-bus/" name, DaemonFixture, config, daemon_fixture_set_up, \
                   function, daemon_fixture_tear_down)

        if (other_user_is_asked(argc, argv))
                return other_user_main(argv);

        g_test_init(&argc, &argv, NULL);
        ADD("a lease is told from its beginning to its end", NULL,
            test_a_lease_is_told_from_its_beginning_to_its_end);
        ADD("a guest that does not come loses its lease", "[Daemon]\nLeaseTimeoutSec=1\n",
            test_a_guest_that_does_not_come_loses_its_lease);
        ADD("a refusal says which and why", NULL, test_a_refusal_says_which_and_why);
        ADD("a lease that is not there cannot be released", NULL,
            test_a_lease_that_is_not_there_cannot_be_released);
        ADD("a check answers and leases nothing", NULL, test_a_check_answers_and_leases_nothing);
        ADD("a check tells of a slice that would be refused", NULL,
            test_a_check_tells_of_a_slice_that_would_be_refused);
        ADD("nobody but root is a hook", NULL, test_nobody_but_root_is_a_hook);
        ADD("everybody may ask", NULL, test_everybody_may_ask);
        ADD("without polkit only root changes anything", NULL,
            test_without_polkit_only_root_changes_anything);
        ADD("polkit decides for everybody else", NULL, test_polkit_decides_for_everybody_else);
        return g_test_run();
}
