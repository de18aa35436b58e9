/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "daemon/names.h"
#include "tests/unit/dbus/other-user.h"

/* data/org.virtferry1.conf, on a bus with the rules of a system bus. */

static void assert_bus_refuses(DaemonFixture *f, const char *interface, const char *method,
                               const char *argument) {
        g_autofree char *answer = other_user_calls(f, interface, method, argument);

        if (!g_str_has_prefix(answer, SD_BUS_ERROR_ACCESS_DENIED ": ") ||
            !strstr(answer, "Rejected send message"))
                g_error("%s: %s", method, answer);
}

static void test_root_may_do_everything(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autoptr(sd_bus_message) filtered = NULL, checked = NULL, rescanned = NULL;

        checked = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckDomain", NULL, "s", xml);
        rescanned = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Rescan", NULL, "");
        filtered = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "FilterDomain", NULL, "ss",
                                       "migrate", xml);
        g_assert_true(checked && rescanned && filtered);
}

static void test_others_reach_no_hook_and_send_no_document(DaemonFixture *f, gconstpointer unused) {
        assert_bus_refuses(f, FERRY_INTERFACE_HOOK, "PrepareDomain", "<domain/>");
        assert_bus_refuses(f, FERRY_INTERFACE_MANAGER, "CheckDomain", "<domain/>");
        assert_bus_refuses(f, FERRY_INTERFACE_MANAGER, "CheckGuest", "g1");
        assert_bus_refuses(f, FERRY_INTERFACE_MANAGER, "CheckArrival", "<domain/>");
        assert_bus_refuses(f, FERRY_INTERFACE_MANAGER, "LoadTrialState", "<domain/>");
        assert_bus_refuses(f, FERRY_INTERFACE_MANAGER, "Place", "<domain/>");
        assert_bus_refuses(f, FERRY_INTERFACE_MANAGER, "Balance", NULL);
}

static void test_others_may_look_and_ask(DaemonFixture *f, gconstpointer unused) {
        static const struct {
                const char *interface, *method, *argument;
        } calls[] = {
                { FERRY_INTERFACE_MANAGER, "ListOffers", NULL },
                { FERRY_INTERFACE_MANAGER, "GetPolicy", NULL },
                { FERRY_INTERFACE_MANAGER, "ListResources", NULL },
                { FERRY_INTERFACE_MANAGER, "ListHeadroom", NULL },
                { FERRY_INTERFACE_MANAGER, "ListGuests", NULL },
                { FERRY_INTERFACE_MANAGER, "ListSlices", NULL },
                { FERRY_INTERFACE_MANAGER, "CheckHost", NULL },
                { "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL },
                { "org.freedesktop.DBus.Introspectable", "Introspect", NULL },
                { "org.freedesktop.DBus.Properties", "GetAll", FERRY_INTERFACE_MANAGER },
        };

        for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
                g_autofree char *answer = other_user_calls(f, calls[i].interface, calls[i].method,
                                                           calls[i].argument);

                g_assert_cmpstr(answer, ==, "done");
        }
}

/* What needs authority is for polkit to say, not for the bus. */
static void test_others_reach_what_polkit_decides(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *answer = other_user_calls(f, FERRY_INTERFACE_MANAGER, "Rescan", NULL);
        g_autofree char *undrained = other_user_calls(f, FERRY_INTERFACE_MANAGER, "Undrain", NULL);
        g_autofree char *probed = other_user_calls(f, FERRY_INTERFACE_DEVICE, "Probe", NULL);
        g_autofree char *applied = other_user_calls(f, FERRY_INTERFACE_ADVICE, "Apply", NULL);
        g_autofree char *frozen = other_user_calls(f, FERRY_INTERFACE_MANAGER, "FreezePolicy",
                                                   NULL);
        g_autofree char *thawed = other_user_calls(f, FERRY_INTERFACE_MANAGER, "ThawPolicy", NULL);
        g_autofree char *decided = other_user_calls(f, FERRY_INTERFACE_MANAGER, "DecideNow", NULL);

        g_assert_nonnull(strstr(frozen, "org.virtferry1.migrate"));
        g_assert_nonnull(strstr(thawed, "org.virtferry1.migrate"));
        g_assert_nonnull(strstr(decided, "org.virtferry1.migrate"));
        g_assert_nonnull(strstr(answer, "org.virtferry1.rescan"));
        g_assert_nonnull(strstr(undrained, "org.virtferry1.drain"));
        g_assert_true(
                g_str_has_prefix(applied, SD_BUS_ERROR_UNKNOWN_OBJECT)); /* nothing is advised */
        g_assert_nonnull(strstr(probed, "org.virtferry1.probe"));
}

static void test_who_says_that_a_host_is_gone_is_for_polkit(DaemonFixture *f,
                                                            gconstpointer config) {
        g_autofree char *listed = other_user_calls(f, FERRY_INTERFACE_MANAGER, "ListHosts", NULL);
        g_autofree char *forgotten = other_user_calls(f, FERRY_INTERFACE_MANAGER, "ForgetHost",
                                                      "hostb");

        g_assert_cmpstr(listed, ==, "done");
        g_assert_nonnull(strstr(forgotten, "org.virtferry1.manage-cluster"));
}

static void skip(void) {
        g_test_skip("this policy lets nobody else be the daemon");
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                               \
        g_test_add("/policy/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        if (other_user_is_asked(argc, argv))
                return other_user_main(argv);

        g_test_init(&argc, &argv, NULL);
        if (geteuid() != 0) {
                g_test_add_func("/policy/only root may have the name", skip);
                return g_test_run();
        }

        ADD("root may do everything", test_root_may_do_everything);
        ADD("others reach no hook and send no document",
            test_others_reach_no_hook_and_send_no_document);
        ADD("others may look and ask", test_others_may_look_and_ask);
        ADD("others reach what polkit decides", test_others_reach_what_polkit_decides);
        g_test_add("/policy/who says that a host is gone is for polkit", DaemonFixture,
                   "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=hosta\n", daemon_fixture_set_up,
                   test_who_says_that_a_host_is_gone_is_for_polkit, daemon_fixture_tear_down);
        return g_test_run();
}
