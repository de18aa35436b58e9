/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-transfer.h"

#include <string.h>

#include "daemon/drive.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define URI    "qemu+ssh://hostb/system"
#define MIB    ((uint64_t)1024 * 1024)
#define DEB_13 11003000

/* A host with eight cores, six of them idle. */
static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fixture_connect(f);
        fake_root_put(f->root, "sys/devices/system/cpu/online", "0-7\n", -1);
        fake_root_put(f->root, "proc/loadavg", "1.20 0.35 0.55 1/234 5\n", -1);
        f->manager->libvirt_version = DEB_13;
}

typedef struct Plan {
        Migration *migration;
        MoveRequest *request;
} Plan;

static void plan_done(Plan *plan) {
        migration_free(plan->migration);
        move_request_free(plan->request);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_done)

static void plan_wish(Fixture *f, unsigned connections, uint64_t dirty_rate, Plan *ret_plan) {
        const MoveRequest request = { .uri = (char *)URI,
                                      .max_downtime_ms = -1,
                                      .connections = connections };
        const GuestMemory memory = { 1024 * MIB, 1024 * MIB, dirty_rate };
        g_autoptr(GError) error = NULL;

        ret_plan->migration = migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1");
        ret_plan->request = move_request_copy(&request);
        guest_transfer_plan(f->manager, ret_plan->migration, ret_plan->request, memory, &error);
        g_assert_no_error(error);
}

static void plan_move(Fixture *f, uint64_t dirty_rate, Plan *ret_plan) {
        plan_wish(f, 0, dirty_rate, ret_plan);
}

/* Moves over one connection that have sent this fast. */
static void teach(Fixture *f, uint64_t rate) {
        for (int i = 0; i < 8; i++) {
                GuestJob job = { .success = true,
                                 .total_ms = 1000 + (int64_t)(1024 * MIB * 1000 / rate),
                                 .downtime_ms = 60,
                                 .setup_ms = 1000,
                                 .memory_bytes = 1024 * MIB,
                                 .iteration = 1 };
                g_auto(Plan) plan = { 0 };

                plan_wish(f, 1, 0, &plan);
                forecasts_learn(f->manager->forecasts, plan.migration, &job);
        }
}

static void test_a_way_that_nobody_has_taken_gets_one_connection(Fixture *f, gconstpointer unused) {
        g_auto(Plan) plan = { 0 };

        plan_move(f, 0, &plan);
        g_assert_cmpuint(plan.request->connections, ==, 1);
        g_assert_null(plan.request->compression);
        g_assert_false(plan.request->auto_converge);
        g_assert_cmpstr(plan.migration->plan.transfer, ==, "one connection");
        g_assert_nonnull(strstr(plan.migration->plan.transfer_why, "not measured"));
        g_assert_cmpint(plan.migration->plan.total_ms, >, 0);
        g_assert_cmpint(plan.request->max_downtime_ms, >=, 300);
}

static void test_a_slow_way_and_a_busy_guest_are_compressed(Fixture *f, gconstpointer unused) {
        g_auto(Plan) lazy = { 0 }, busy = { 0 };
        uint64_t rate;

        teach(f, 100 * MIB);
        rate = forecasts_rate(f->manager->forecasts, URI);
        g_assert_cmpuint(rate, >, 60 * MIB);
        g_assert_cmpuint(rate, <, 160 * MIB);

        plan_move(f, rate / 4, &lazy);
        g_assert_cmpstr(lazy.migration->plan.transfer, ==, "one connection");
        g_assert_nonnull(strstr(lazy.migration->plan.transfer_why, "which fills the way"));
        plan_move(f, rate * 3 / 4, &busy);
        g_assert_cmpstr(busy.request->compression, ==, "zstd");
        g_assert_cmpuint(busy.request->connections, ==, 4);
        g_assert_nonnull(strstr(busy.migration->plan.transfer_why, "6 cores are idle"));
}

static void test_a_host_that_has_work_does_not_compress(Fixture *f, gconstpointer unused) {
        static const char *const loads[] = { "9.20 8.35 0.55 1/234 5\n", "nothing\n" };

        teach(f, 100 * MIB);
        for (size_t i = 0; i < G_N_ELEMENTS(loads); i++) {
                g_auto(Plan) busy = { 0 };

                fake_root_put(f->root, "proc/loadavg", loads[i], -1);
                plan_move(f, forecasts_rate(f->manager->forecasts, URI) * 3 / 4, &busy);
                g_assert_null(busy.request->compression);
        }
}

static void test_a_fast_way_gets_several_connections(Fixture *f, gconstpointer unused) {
        g_auto(Plan) plan = { 0 };

        teach(f, 1000 * MIB);
        plan_move(f, 0, &plan);
        g_assert_cmpuint(plan.request->connections, ==, 4);
        g_assert_cmpstr(plan.migration->plan.transfer, ==, "4 connections");
}

static void test_a_guest_that_would_not_converge_is_slowed_down(Fixture *f, gconstpointer unused) {
        g_auto(Plan) plan = { 0 };

        plan_move(f, 4096 * MIB, &plan);
        g_assert_cmpint(plan.migration->plan.total_ms, <, 0);
        g_assert_true(plan.request->auto_converge);
        g_assert_true(g_str_has_suffix(plan.migration->plan.transfer, ", auto-converge"));
        g_assert_nonnull(strstr(plan.migration->plan.transfer_why, "QEMU slows the guest down"));
}

static void test_a_host_that_says_nothing_of_itself_is_taken_for_small(Fixture *f,
                                                                       gconstpointer unused) {
        g_auto(Plan) plan = { 0 };

        teach(f, 1000 * MIB);
        fake_root_put(f->root, "sys/devices/system/cpu/online", "many\n", -1);
        fake_root_put(f->root, "proc/loadavg", "nothing\n", -1);
        plan_move(f, 0, &plan);
        g_assert_cmpuint(plan.request->connections, ==, 1);
}

static void test_of_a_guest_that_is_off_nothing_is_sent(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1");
        MoveRequest request = { .uri = (char *)URI, .max_downtime_ms = -1, .off = true };

        g_assert_true(
                guest_transfer_plan(f->manager, migration, &request, (GuestMemory){ 0 }, NULL));
        g_assert_null(migration->plan.transfer);
        g_assert_cmpint(migration->plan.total_ms, ==, -1);
        g_assert_cmpint(request.max_downtime_ms, ==, -1);
}

static void on_reply(void *userdata, const Migration *migration, const GError *error) {
        GError **copy = userdata;

        g_assert_null(migration);
        *copy = g_error_copy(error);
}

static void test_wishes_that_do_not_go_together_move_nothing(Fixture *f, gconstpointer unused) {
        DriveWish wish = { .move = { .uri = (char *)URI,
                                     .max_downtime_ms = -1,
                                     .connections = 4,
                                     .compression = (char *)"xbzrle" } };
        GuestEvent found = { .kind = GUEST_FOUND,
                             .uuid = (char *)GUEST_UUID,
                             .name = (char *)"g1",
                             .xml = (char *)"<domain><name>g1</name><uuid>" GUEST_UUID
                                            "</uuid></domain>",
                             .running = true };
        g_autoptr(GError) error = NULL;

        drive_migrate(f->manager->drive, "g1", &wish, on_reply, &error);
        f->finder(f->asker, &found);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_null(migration_log_latest(f->manager->migrations, GUEST_UUID));
        g_assert_null(strstr(f->asked->str, "migrate"));
}

#define ADD(name, function) \
        g_test_add("/guest-transfer/" name, Fixture, NULL, set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a way that nobody has taken gets one connection",
            test_a_way_that_nobody_has_taken_gets_one_connection);
        ADD("a slow way and a busy guest are compressed",
            test_a_slow_way_and_a_busy_guest_are_compressed);
        ADD("a host that has work does not compress", test_a_host_that_has_work_does_not_compress);
        ADD("a fast way gets several connections", test_a_fast_way_gets_several_connections);
        ADD("a guest that would not converge is slowed down",
            test_a_guest_that_would_not_converge_is_slowed_down);
        ADD("a host that says nothing of itself is taken for small",
            test_a_host_that_says_nothing_of_itself_is_taken_for_small);
        ADD("of a guest that is off nothing is sent", test_of_a_guest_that_is_off_nothing_is_sent);
        ADD("wishes that do not go together move nothing",
            test_wishes_that_do_not_go_together_move_nothing);
        return g_test_run();
}
