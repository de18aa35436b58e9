/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What guests will use, as the real daemon tells it from what a former one has kept. */

#include <math.h>
#include <signal.h>
#include <string.h>

#include "daemon/core/store-history.h"
#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define STEP_USEC (5 * G_TIME_SPAN_MINUTE)

/* Half a CPU and 1000 bytes a second in the last two hours. */
static GPtrArray *two_hours(void) {
        GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)history_row_free);
        Subject subject = { .kind = SUBJECT_GUEST, .id = (char *)GUEST_UUID, .name = (char *)"g1" };
        int64_t now = g_get_real_time();

        for (int i = 24; i > 0; i--) {
                Slot slot = { .start = now - now % STEP_USEC - i * STEP_USEC };

                for (int k = 0; k < _METRIC_MAX; k++)
                        slot.min[k] = slot.mean[k] = slot.max[k] = NAN;
                slot.mean[METRIC_CPU] = 0.5f;
                slot.mean[METRIC_RECEIVE_BYTES] = 1000;
                g_ptr_array_add(rows, history_row_new(&subject, SLOT_LONG, &slot));
        }
        return rows;
}

static void keep_history(DaemonFixture *f) {
        g_autofree char *path = g_build_filename(f->directory, "ferry.db", NULL);
        g_autoptr(GPtrArray) rows = two_hours();
        g_autoptr(GError) error = NULL;
        g_autoptr(Store) store = NULL;

        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        store = store_open(path, &error);
        g_assert_no_error(error);
        store_put_history(store, rows, g_get_real_time(), &error);
        g_assert_no_error(error);
        g_clear_pointer(&store, store_close);
        daemon_fixture_start(f);
}

static sd_bus_message *ask(DaemonFixture *f, sd_bus_error *error, const char *kind,
                           const char *metric, unsigned horizon) {
        return daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Forecast", error, "sssu", kind,
                                   GUEST_UUID, metric, horizon);
}

static void test_what_was_used_is_forecast(DaemonFixture *f, gconstpointer unused) {
        int64_t now = g_get_real_time();
        g_autoptr(sd_bus_message) reply = NULL;
        double mean, p50, p95, p99;
        uint64_t start;
        uint32_t step;
        int n = 0;

        keep_history(f);
        reply = ask(f, NULL, "guest", "receive-bytes", 3599);
        g_assert_cmpint(sd_bus_message_read(reply, "tu", &start, &step), >, 0);
        g_assert_cmpuint(step, ==, 300);
        g_assert_cmpint((int64_t)start, >, now - STEP_USEC);
        g_assert_cmpint((int64_t)start, <=, g_get_real_time());
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(dddd)"), >, 0);
        while (sd_bus_message_read(reply, "(dddd)", &mean, &p50, &p95, &p99) > 0) {
                g_assert_cmpfloat_with_epsilon(mean, 1000, 50);
                g_assert_cmpfloat_with_epsilon(p50, 1000, 50);
                g_assert_cmpfloat(p95, >=, p50);
                g_assert_cmpfloat(p99, >=, p95);
                n++;
        }
        g_assert_cmpint(n, ==, 12);
}

static void assert_list(DaemonFixture *f, const char *subject, const char *expected) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autofree char *joined = NULL;
        char **metrics = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListForecasts", NULL, "ss",
                                    "guest", subject);
        g_assert_cmpint(sd_bus_message_read_strv(reply, &metrics), >=, 0);
        joined = metrics ? g_strjoinv(" ", metrics) : g_strdup("");
        g_assert_cmpstr(joined, ==, expected);
        for (char **metric = metrics; metric && *metric; metric++)
                free(*metric);
        free(metrics);
}

static void test_what_can_be_asked_is_listed(DaemonFixture *f, gconstpointer unused) {
        keep_history(f);
        assert_list(f, GUEST_UUID, "cpu receive-bytes");
        assert_list(f, "nobody", "");
}

static void assert_refused(DaemonFixture *f, const char *kind, const char *metric, unsigned horizon,
                           const char *name, const char *words) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = ask(f, &error, kind, metric, horizon);

        g_assert_null(reply);
        g_assert_cmpstr(error.name, ==, name);
        g_assert_cmpstr(error.message, ==, words);
}

static void test_what_cannot_be_told_is_refused(DaemonFixture *f, gconstpointer unused) {
        static const char *const invalid = SD_BUS_ERROR_INVALID_ARGS;

        assert_refused(f, "cat", "cpu", 60, invalid,
                       "Kind 'cat' is not known: it is guest, vf, pf or offload");
        assert_refused(f, "guest", "colour", 60, invalid,
                       "Metric 'colour' is not known: ListMetrics has them all");
        assert_refused(f, "guest", "cpu", 0, invalid,
                       "A horizon is 1 to 86400 seconds, which is a day, not 0");
        assert_refused(f, "guest", "cpu", 86401, invalid,
                       "A horizon is 1 to 86400 seconds, which is a day, not 86401");
        assert_refused(f, "vf", "cpu", 60, FERRY_ERROR_PREFIX "InvalidArgs",
                       "Of a vf there is no forecast of 'cpu': there is of receive-bytes, "
                       "transmit-bytes, busy, device-memory");
        assert_refused(f, "guest", "cpu", 60, FERRY_ERROR_PREFIX "NotFound",
                       "Nothing is known yet of cpu of guest '" GUEST_UUID
                       "': it is learnt while it runs, a slot of 5 minutes at a time; ask again "
                       "in 15 minutes, and from an hour on it is of use");
}

static void test_a_device_tells_of_itself(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *path = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        g_assert_cmpint(sd_bus_call_method(f->client, FERRY_BUS_NAME, path, FERRY_INTERFACE_DEVICE,
                                           "Forecast", &error, NULL, "su", "receive-bytes", 60),
                        <, 0);
        g_assert_cmpstr(error.name, ==, FERRY_ERROR_PREFIX "NotFound");
        g_assert_nonnull(strstr(error.message, "receive-bytes of vf '" HERE_MDEV "'"));
}

#define ADD(name, function)                                                                      \
        g_test_add("/forecast-call/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("what was used is forecast", test_what_was_used_is_forecast);
        ADD("what can be asked is listed", test_what_can_be_asked_is_listed);
        ADD("what cannot be told is refused", test_what_cannot_be_told_is_refused);
        ADD("a device tells of itself", test_a_device_tells_of_itself);
        return g_test_run();
}
