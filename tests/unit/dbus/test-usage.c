/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What guests use, as the real daemon tells it of a host that has none: with guests it is
 * test-meter.c's. */

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

static sd_bus_message *ask_history(DaemonFixture *f, sd_bus_error *error, const char *kind,
                                   const char *metric, int64_t from, int64_t to) {
        return daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "GetHistory", error, "sssxx", kind,
                                   "test", metric, from, to);
}

static void test_metrics_say_what_they_are(DaemonFixture *f, gconstpointer unused) {
        const char *name, *kind, *unit, *about;
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListMetrics", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(ssss)"), >, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "(ssss)", &name, &kind, &unit, &about), >, 0);
        g_assert_cmpstr(name, ==, "cpu");
        g_assert_cmpstr(kind, ==, "counter");
        g_assert_cmpstr(unit, ==, "seconds");
        g_assert_cmpint(strlen(about), >, 0);
}

static void test_of_nobody_nothing_is_told(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListUsage", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sssa{sd})"), >=, 0);
        g_assert_cmpint(sd_bus_message_at_end(reply, false), >, 0);
}

static void test_history_of_nobody_is_empty(DaemonFixture *f, gconstpointer unused) {
        int64_t now = g_get_real_time();
        g_autoptr(sd_bus_message) recent = NULL, old = NULL;
        uint64_t step;

        recent = ask_history(f, NULL, "guest", "cpu", now - G_TIME_SPAN_HOUR, now);
        g_assert_cmpint(sd_bus_message_read(recent, "t", &step), >, 0);
        g_assert_cmpuint(step, ==, 10000000);
        g_assert_cmpint(sd_bus_message_enter_container(recent, 'a', "(xddd)"), >, 0);
        g_assert_cmpint(sd_bus_message_at_end(recent, false), >, 0);

        old = ask_history(f, NULL, "guest", "cpu", now - 7 * G_TIME_SPAN_HOUR, now);
        g_assert_cmpint(sd_bus_message_read(old, "t", &step), >, 0);
        g_assert_cmpuint(step, ==, 300000000);
}

static void assert_refused(DaemonFixture *f, const char *kind, const char *metric, int64_t from,
                           int64_t to, const char *words) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = ask_history(f, &error, kind, metric, from, to);

        g_assert_null(reply);
        g_assert_cmpstr(error.name, ==, SD_BUS_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error.message, ==, words);
}

static void test_what_cannot_be_meant_is_refused(DaemonFixture *f, gconstpointer unused) {
        assert_refused(f, "cat", "cpu", 0, 1,
                       "Kind 'cat' is not known: it is guest, vf, pf or offload");
        assert_refused(f, "vf", "colour", 0, 1,
                       "Metric 'colour' is not known: ListMetrics has them all");
        assert_refused(f, "vf", "cpu", 5, 5,
                       "The time from 5 to 5 is no time of 28 days at most, in microseconds");
        assert_refused(f, "vf", "cpu", 0, INT64_MAX,
                       "The time from 0 to 9223372036854775807 is no time of 28 days at most, in "
                       "microseconds");
        assert_refused(f, "vf", "cpu", -1, 5,
                       "The time from -1 to 5 is no time of 28 days at most, in microseconds");
}

static void decide_now(DaemonFixture *f, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "DecideNow", error, "");
        g_assert_true(reply || sd_bus_error_is_set(error));
}

static void change_policy(DaemonFixture *f, const char *method) {
        sd_bus_message_unref(daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, method, NULL, ""));
}

/* It may not have reached libvirt yet, and says so. */
static void test_it_is_decided_now_but_while_frozen(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) frozen = SD_BUS_ERROR_NULL, early = SD_BUS_ERROR_NULL;

        change_policy(f, "FreezePolicy");
        decide_now(f, &frozen);
        g_assert_cmpstr(frozen.name, ==, FERRY_ERROR_PREFIX "InvalidState");
        change_policy(f, "ThawPolicy");
        decide_now(f, &early);
        if (sd_bus_error_is_set(&early))
                g_assert_cmpstr(early.name, ==, FERRY_ERROR_PREFIX "Unavailable");
}

/* What was seen is written on the way out, and nothing is in the way. */
static void test_a_daemon_that_ends_ends_well(DaemonFixture *f, gconstpointer unused) {
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        daemon_fixture_start(f);
}

#define ADD(name, function)                                                              \
        g_test_add("/usage/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("metrics say what they are", test_metrics_say_what_they_are);
        ADD("of nobody nothing is told", test_of_nobody_nothing_is_told);
        ADD("history of nobody is empty", test_history_of_nobody_is_empty);
        ADD("what cannot be meant is refused", test_what_cannot_be_meant_is_refused);
        ADD("it is decided now, but while frozen", test_it_is_decided_now_but_while_frozen);
        ADD("a daemon that ends ends well", test_a_daemon_that_ends_ends_well);
        return g_test_run();
}
