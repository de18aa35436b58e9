/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/forecast.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"

#define MIB G_GUINT64_CONSTANT(1048576)

/* What a move will take, before it begins and after others have ended. */

static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_set_vfio(f->root, "mtty", VFIO_CAP_STOP_COPY | VFIO_CAP_DATA_SIZE, 60);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        g_assert_cmpint(inventory_probe(f->manager->inventory, HERE_MDEV), ==, 0);
        fixture_connect(f);
}

static Migration *move_new(void) {
        Migration *migration = migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1");

        migration_add_device(migration, "hostdev0", "mdev", "mtty-1", HERE_MDEV, NULL, NULL);
        return migration;
}

/* Plans a move of a guest of 1 GiB over this way, and returns the downtime to allow. */
static int64_t plan(Fixture *f, Migration *migration, const char *uri, int64_t max_downtime_ms) {
        MoveRequest request = { .uri = (char *)uri, .max_downtime_ms = max_downtime_ms };
        GuestMemory memory = { .total = 1024 * MIB };

        return forecasts_plan(f->manager->forecasts, migration, uri ? &request : NULL, memory);
}

static void learn(Fixture *f, const Migration *migration, int64_t total_ms, int64_t downtime_ms) {
        GuestJob job = { .success = true,
                         .total_ms = total_ms,
                         .downtime_ms = downtime_ms,
                         .setup_ms = 10,
                         .memory_bytes = 512 * MIB,
                         .iteration = 2 };

        forecasts_learn(f->manager->forecasts, migration, &job);
}

static int64_t foretold(Fixture *f, const char *uri) {
        g_autoptr(Migration) migration = move_new();

        (void)plan(f, migration, uri, -1);
        forecasts_forget(f->manager->forecasts, migration);
        return migration->plan.total_ms;
}

static void move(Fixture *f, const char *uri, int64_t total_ms) {
        g_autoptr(Migration) migration = move_new();

        (void)plan(f, migration, uri, -1);
        learn(f, migration, total_ms, 200);
}

static void test_a_plan_has_a_forecast(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = move_new();

        g_assert_cmpint(plan(f, migration, "qemu+ssh://b/system", -1), >=, 300);
        g_assert_cmpint(migration->plan.total_ms, >, 0);
        g_assert_cmpint(migration->plan.downtime_ms, >, 0);
        g_assert_cmpuint(migration->plan.bytes, >, 0);
        g_assert_cmpint(migration->plan.allowed_ms, >=, 300);
}

static void test_a_guest_that_writes_fast_takes_longer(Fixture *f, gconstpointer unused) {
        MoveRequest request = { .uri = (char *)"qemu+ssh://b/system", .max_downtime_ms = -1 };
        g_autoptr(Migration) idle = move_new(), busy = move_new(), hopeless = move_new();
        GuestMemory memory = { .total = 1024 * MIB };

        (void)forecasts_plan(f->manager->forecasts, idle, &request, memory);
        memory.dirty_rate = 10 * MIB;
        (void)forecasts_plan(f->manager->forecasts, busy, &request, memory);
        g_assert_cmpint(busy->plan.total_ms, >, idle->plan.total_ms);

        memory.dirty_rate = 100000 * MIB;
        (void)forecasts_plan(f->manager->forecasts, hopeless, &request, memory);
        g_assert_cmpint(hopeless->plan.total_ms, ==, -1);
        g_assert_nonnull(strstr(hopeless->plan.why, "written faster than it is sent"));
}

static void test_what_the_user_allows_is_allowed(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = move_new();

        g_assert_cmpint(plan(f, migration, "qemu+ssh://b/system", 7), ==, 7);
        g_assert_cmpint(migration->plan.allowed_ms, ==, 7);
}

static void test_nobody_is_allowed_more_than_the_configuration_has(Fixture *f,
                                                                   gconstpointer unused) {
        g_autoptr(Migration) migration = move_new();

        g_assert_cmpint(plan(f, migration, "qemu+ssh://b/system", -1), ==, 20);
}

static void test_a_way_is_learnt_by_its_host(Fixture *f, gconstpointer unused) {
        int64_t before = foretold(f, "qemu+ssh://b/system");

        for (int i = 0; i < 6; i++)
                move(f, "qemu+ssh://root@b:22/system", before * 10);
        g_assert_cmpint(foretold(f, "qemu+ssh://b/system"), >, before * 5);
        g_assert_cmpint(foretold(f, "qemu+tls://b/system"), >, before * 5);
}

static void test_what_was_planned_once_is_learnt_once(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = move_new();
        int64_t before = foretold(f, "qemu+ssh://b/system"), once;

        (void)plan(f, migration, "qemu+ssh://b/system", -1);
        learn(f, migration, before * 10, 200);
        once = foretold(f, "qemu+ssh://b/system");
        g_assert_cmpint(once, >, before);
        learn(f, migration, before * 100, 200);
        g_assert_cmpint(foretold(f, "qemu+ssh://b/system"), ==, once);
}

static void test_what_was_given_up_is_not_learnt(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = move_new();
        int64_t before = foretold(f, "qemu+ssh://b/system");

        (void)plan(f, migration, "qemu+ssh://b/system", -1);
        forecasts_forget(f->manager->forecasts, migration);
        learn(f, migration, before * 10, 200);
        g_assert_cmpint(foretold(f, "qemu+ssh://b/system"), ==, before);
}

static void test_what_was_learnt_is_in_the_store(Fixture *f, gconstpointer unused) {
        g_autoptr(Forecasts) later = NULL;
        g_autoptr(GError) error = NULL;
        Forecasts *now = f->manager->forecasts;
        int64_t learnt;

        for (int i = 0; i < 3; i++)
                move(f, "qemu+ssh://b/system", 90000);
        learnt = foretold(f, "qemu+ssh://b/system");

        later = forecasts_new(f->manager);
        g_assert_true(forecasts_load(later, &error));
        g_assert_no_error(error);
        f->manager->forecasts = g_steal_pointer(&later);
        g_assert_cmpint(foretold(f, "qemu+ssh://b/system"), ==, learnt);
        forecasts_free(now);
}

static void test_a_plain_move_is_foretold_and_not_learnt(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = move_new();
        int64_t before = foretold(f, NULL);

        g_assert_cmpint(plan(f, migration, NULL, -1), >=, 300);
        g_assert_cmpint(migration->plan.total_ms, ==, before);
        learn(f, migration, before * 10, 200);
        g_assert_cmpint(foretold(f, NULL), ==, before);
}

static int start_nothing(void *userdata, const TrialOrder *order) {
        return 0;
}

static void add_step(TrialReport *report, TrialStepKind kind, uint64_t usec) {
        TrialStep *step = trial_report_add(report, kind);

        step->usec = usec;
        step->outcome = TRIAL_DONE;
}

/* A trial in which the driver took this long for its state. */
static void try_device(Fixture *f, uint64_t save_usec, uint64_t load_usec) {
        static const TrialOps ops = { .start = start_nothing };
        g_autoptr(TrialReport) report = trial_report_new(HERE_MDEV);
        g_autoptr(GError) error = NULL;
        g_autofree char *json = NULL;

        add_step(report, TRIAL_SAVE, save_usec);
        add_step(report, TRIAL_LOAD, load_usec);
        report->good = true;
        report->verdict = g_strdup("It can");
        json = trial_report_to_json(report);

        trials_set_ops(f->manager->trials, &ops);
        g_assert_true(trials_begin(f->manager->trials, HERE_MDEV, &error));
        g_assert_no_error(error);
        trials_on_end(f->manager->trials, HERE_MDEV, 0, json, strlen(json), NULL);
}

static void test_a_device_that_takes_long_is_allowed_long(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) before = move_new(), after = move_new();

        g_assert_cmpint(plan(f, before, "qemu+ssh://b/system", -1), <, 700);
        try_device(f, 100000, 600000);
        g_assert_cmpint(plan(f, after, "qemu+ssh://b/system", -1), >=, 700);
}

#define ADD(name, config, function) \
        g_test_add("/forecast/" name, Fixture, config, set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a plan has a forecast", NULL, test_a_plan_has_a_forecast);
        ADD("a guest that writes fast takes longer", NULL,
            test_a_guest_that_writes_fast_takes_longer);
        ADD("what the user allows is allowed", NULL, test_what_the_user_allows_is_allowed);
        ADD("nobody is allowed more than the configuration has",
            "[Migration]\nMaxDowntimeMSec=20\n",
            test_nobody_is_allowed_more_than_the_configuration_has);
        ADD("a way is learnt by its host", NULL, test_a_way_is_learnt_by_its_host);
        ADD("what was planned once is learnt once", NULL,
            test_what_was_planned_once_is_learnt_once);
        ADD("what was given up is not learnt", NULL, test_what_was_given_up_is_not_learnt);
        ADD("what was learnt is in the store", NULL, test_what_was_learnt_is_in_the_store);
        ADD("a plain move is foretold and not learnt", NULL,
            test_a_plain_move_is_foretold_and_not_learnt);
        ADD("a device that takes long is allowed long", NULL,
            test_a_device_that_takes_long_is_allowed_long);
        return g_test_run();
}
