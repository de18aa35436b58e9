/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/migration.h"

#include "tests/unit/core/dump.h"
#include "xml/ferry-error.h"

#define DB1 "11111111-1111-1111-1111-111111111111"
#define WEB "22222222-2222-2222-2222-222222222222"

typedef struct Fixture {
        Store *store;
        MigrationLog *log;
        GString *told;
} Fixture;

static int64_t now; /* each question takes a microsecond */

static int64_t clock_now(void) {
        return ++now;
}

static const char *const change_words[] = { "added", "changed", "removed" };

/* What the listener sees is stored already. */
static void on_change(void *userdata, MigrationChange change, const Migration *migration) {
        Fixture *f = userdata;
        g_autofree char *stored = dump_stored_migrations(f->store);
        g_autofree char *lines = dump_migration(migration);

        g_assert_true((strstr(stored, lines) != NULL) == (change != MIGRATION_REMOVED));
        g_string_append_printf(f->told, "%s %s %s; ", change_words[change], migration->domain_name,
                               migration_state_to_string(migration->state));
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        now = 0;
        f->store = store_open(":memory:", &error);
        g_assert_no_error(error);
        f->told = g_string_new(NULL);
        f->log = migration_log_new(f->store);
        migration_log_set_clock(f->log, clock_now);
        migration_log_set_listener(f->log, on_change, f);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        migration_log_free(f->log);
        store_close(f->store);
        g_string_free(f->told, TRUE);
}

static char *dump_log(const MigrationLog *log) {
        g_autoptr(GPtrArray) migrations = migration_log_list(log);

        return dump_migrations(migrations);
}

static void assert_log_is_stored(Fixture *f) {
        g_autofree char *log = dump_log(f->log), *stored = dump_stored_migrations(f->store);

        g_assert_cmpstr(log, ==, stored);
}

static Migration *add(Fixture *f, const char *uuid, const char *name, MigrationState state) {
        g_autoptr(GError) error = NULL;
        Migration *migration = migration_new(MIGRATION_INCOMING, uuid, name);

        migration_add_device(migration, "hostdev0", "mdev", "mtty-1", DB1, WEB, "It is free");
        migration_add_device(migration, NULL, NULL, NULL, "0000:3b:00.2", NULL, NULL);
        migration = migration_log_add(f->log, migration, state, &error);
        g_assert_no_error(error);
        return migration;
}

static void enter(Fixture *f, Migration *migration, MigrationState state, const char *reason) {
        g_autoptr(GError) error = NULL;
        bool done;

        done = migration_log_enter(f->log, migration, state, reason, &error);
        g_assert_no_error(error);
        g_assert_true(done);
}

/* States ---------------------------------------------------------------------------- */

static bool is_any_of(MigrationState state, MigrationState a, MigrationState b) {
        return state == a || state == b;
}

/* The rule in words of its own: it does not look at the table. */
static bool may(MigrationState from, MigrationState to) {
        if (from == MIGRATION_FINISHED || is_any_of(from, MIGRATION_ROLLED_BACK, MIGRATION_FAILED))
                return false;
        if (from == MIGRATION_ABORTING)
                return is_any_of(to, MIGRATION_ROLLED_BACK, MIGRATION_FAILED);
        if (from == MIGRATION_RESUMED)
                return is_any_of(to, MIGRATION_FINISHED, MIGRATION_FAILED);
        return to == MIGRATION_ABORTING || (to > from && to <= MIGRATION_FINISHED);
}

static void try_transition(Fixture *f, MigrationState from, MigrationState to) {
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;
        Migration *migration = add(f, DB1, "db1", from);
        int64_t entered = migration->entered[from];

        before = dump_log(f->log);
        g_assert_cmpint(migration_log_enter(f->log, migration, to, NULL, &error), ==,
                        may(from, to));
        after = dump_log(f->log);
        assert_log_is_stored(f);
        if (error) {
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
                g_assert_cmpstr(after, ==, before);
                return;
        }

        g_assert_cmpint(migration->state, ==, to);
        g_assert_cmpint(migration->entered[from], ==, entered);
        g_assert_cmpint(migration->entered[to], ==, now);
}

static void test_every_pair_of_states_is_as_the_table_says(void) {
        for (int from = 0; from < _MIGRATION_STATE_MAX; from++)
                for (int to = 0; to < _MIGRATION_STATE_MAX; to++) {
                        Fixture f;

                        set_up(&f, NULL);
                        try_transition(&f, (MigrationState)from, (MigrationState)to);
                        tear_down(&f, NULL);
                }
}

static void test_three_states_are_the_last(void) {
        for (int state = 0; state < _MIGRATION_STATE_MAX; state++)
                g_assert_cmpint(migration_state_is_final((MigrationState)state), ==,
                                state == MIGRATION_FINISHED || state == MIGRATION_ROLLED_BACK ||
                                        state == MIGRATION_FAILED);
}

static void test_a_refusal_says_whose_migration_and_which_states(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        Migration *migration = add(f, DB1, "db1", MIGRATION_RESUMED);

        g_assert_false(
                migration_log_enter(f->log, migration, MIGRATION_ABORTING, "too late", &error));
        g_assert_cmpstr(error->message, ==,
                        "The migration of guest db1 is resumed and cannot become aborting");
        g_assert_null(migration->reason);
}

/* A life ---------------------------------------------------------------------------- */

static void test_a_new_one_knows_nothing_yet(void) {
        g_autoptr(Migration) migration = migration_new(MIGRATION_OUTGOING, DB1, "db1");

        g_assert_true(g_uuid_string_is_valid(migration->id));
        g_assert_cmpint(migration->downtime_ms, ==, -1);
        g_assert_cmpint(migration->total_ms, ==, -1);
        g_assert_cmpuint(migration->devices->len, ==, 0);
}

static void test_the_timeline_has_what_was_entered_and_when(Fixture *f, gconstpointer unused) {
        Migration *migration;

        now = 100;
        migration = add(f, DB1, "db1", MIGRATION_RESERVED);
        now = 200;
        enter(f, migration, MIGRATION_PRECOPY, NULL);
        now = 300;
        enter(f, migration, MIGRATION_FINISHED, NULL);

        g_assert_cmpint(migration->entered[MIGRATION_PLANNED], ==, 0);
        g_assert_cmpint(migration->entered[MIGRATION_RESERVED], ==, 101);
        g_assert_cmpint(migration->entered[MIGRATION_PREPARED], ==, 0);
        g_assert_cmpint(migration->entered[MIGRATION_PRECOPY], ==, 201);
        g_assert_cmpint(migration->entered[MIGRATION_FINISHED], ==, 301);
        g_assert_cmpstr(f->told->str, ==,
                        "added db1 reserved; changed db1 precopy; changed db1 finished; ");
}

static void test_a_reason_stays_until_there_is_another(Fixture *f, gconstpointer unused) {
        Migration *migration = add(f, DB1, "db1", MIGRATION_PLANNED);

        enter(f, migration, MIGRATION_ABORTING, "No device fits");
        g_assert_cmpstr(migration->reason, ==, "No device fits");
        enter(f, migration, MIGRATION_FAILED, NULL);
        g_assert_cmpstr(migration->reason, ==, "No device fits");
        assert_log_is_stored(f);

        migration = add(f, WEB, "web", MIGRATION_PLANNED);
        enter(f, migration, MIGRATION_ABORTING, "No device fits");
        enter(f, migration, MIGRATION_ROLLED_BACK, migration->reason); /* its own is fine */
        g_assert_cmpstr(migration->reason, ==, "No device fits");
}

static void test_figures_are_stored_and_told(Fixture *f, gconstpointer unused) {
        Migration *migration = add(f, DB1, "db1", MIGRATION_PRECOPY);
        g_autoptr(GError) error = NULL;

        migration->downtime_ms = 83;
        migration->total_ms = 12000;
        migration->memory_bytes = G_MAXUINT64;
        migration->vfio_bytes = 2;
        migration->memory_total = 3;
        migration->memory_remaining = 4;
        migration->iterations = 5;
        g_assert_true(migration_log_update(f->log, migration, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(f->told->str, ==, "added db1 precopy; changed db1 precopy; ");
        assert_log_is_stored(f);
}

static void test_what_was_logged_is_there_after_a_restart(Fixture *f, gconstpointer unused) {
        g_autoptr(MigrationLog) next = migration_log_new(f->store);
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;

        now = 5000;
        enter(f, add(f, DB1, "db1", MIGRATION_PLANNED), MIGRATION_ABORTING, "Too \"late\"; or so");
        now = 10; /* the order is theirs, whatever the clock says */
        add(f, WEB, "web", MIGRATION_SWITCHOVER);
        before = dump_log(f->log);

        g_assert_true(migration_log_load(next, &error));
        g_assert_no_error(error);
        after = dump_log(next);
        g_assert_cmpstr(after, ==, before);
}

/* Questions ------------------------------------------------------------------------- */

static void test_the_latest_and_the_current_one_of_a_guest_are_found(Fixture *f,
                                                                     gconstpointer unused) {
        Migration *first = add(f, DB1, "db1", MIGRATION_PLANNED);
        Migration *second, *other = add(f, WEB, "web", MIGRATION_PLANNED);

        enter(f, first, MIGRATION_ABORTING, NULL);
        g_assert_true(migration_log_current(f->log, DB1) == first);
        enter(f, first, MIGRATION_ROLLED_BACK, NULL);
        g_assert_null(migration_log_current(f->log, DB1));
        g_assert_true(migration_log_latest(f->log, DB1) == first);

        second = add(f, DB1, "db1", MIGRATION_PRECOPY);
        g_assert_true(migration_log_current(f->log, DB1) == second);
        g_assert_true(migration_log_latest(f->log, DB1) == second);
        g_assert_true(migration_log_find(f->log, other->id) == other);
        g_assert_null(migration_log_find(f->log, DB1));
        g_assert_null(migration_log_latest(f->log, first->id));
}

/* Forgetting ------------------------------------------------------------------------ */

/* As many as are kept, all ended, named 0 to MIGRATIONS_KEPT - 1. */
static void fill(Fixture *f) {
        migration_log_set_listener(f->log, NULL, NULL);
        for (int i = 0; i < MIGRATIONS_KEPT; i++) {
                g_autofree char *name = g_strdup_printf("%d", i);

                enter(f, add(f, WEB, name, MIGRATION_RESUMED), MIGRATION_FINISHED, NULL);
        }
        migration_log_set_listener(f->log, on_change, f);
        g_string_truncate(f->told, 0);
}

static unsigned count(Fixture *f) {
        g_autoptr(GPtrArray) migrations = migration_log_list(f->log);

        return migrations->len;
}

static void test_the_oldest_that_ended_goes_first(Fixture *f, gconstpointer unused) {
        Migration *going = add(f, DB1, "going", MIGRATION_PRECOPY);

        fill(f);
        g_assert_cmpuint(count(f), ==, MIGRATIONS_KEPT + 1); /* who is going on does not count */
        enter(f, add(f, WEB, "new", MIGRATION_RESUMED), MIGRATION_FINISHED, NULL);
        g_assert_cmpstr(f->told->str, ==,
                        "added new resumed; changed new finished; removed 0 finished; ");

        /* The longest of all has just ended, and somebody wants to read how. */
        g_string_truncate(f->told, 0);
        enter(f, going, MIGRATION_FINISHED, NULL);
        g_assert_cmpstr(f->told->str, ==, "changed going finished; removed 1 finished; ");
        g_assert_true(migration_log_latest(f->log, DB1) == going);
        g_assert_cmpuint(count(f), ==, MIGRATIONS_KEPT);
        assert_log_is_stored(f);
}

static void test_one_that_is_added_at_its_end_counts_too(Fixture *f, gconstpointer unused) {
        fill(f);
        add(f, DB1, "new", MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(f->told->str, ==, "added new rolled-back; removed 0 finished; ");
        g_assert_cmpuint(count(f), ==, MIGRATIONS_KEPT);
        assert_log_is_stored(f);
}

/* Every write fails once ------------------------------------------------------------ */

static bool add_one(Fixture *f, GError **error) {
        return migration_log_add(f->log, migration_new(MIGRATION_OUTGOING, WEB, "web"),
                                 MIGRATION_PRECOPY, error);
}

static bool enter_precopy(Fixture *f, GError **error) {
        return migration_log_enter(f->log, migration_log_current(f->log, DB1), MIGRATION_PRECOPY,
                                   "because", error);
}

static bool finish(Fixture *f, GError **error) {
        return migration_log_enter(f->log, migration_log_current(f->log, DB1), MIGRATION_FINISHED,
                                   NULL, error);
}

static bool update(Fixture *f, GError **error) {
        return migration_log_update(f->log, migration_log_current(f->log, DB1), error);
}

typedef struct Operation {
        const char *name;
        bool (*run)(Fixture *f, GError **error);
        int n_writes;
} Operation;

static const Operation operations[] = {
        { "add", add_one, 3 },         /* begin, put, commit */
        { "enter", enter_precopy, 3 }, /* the same */
        { "finish", finish, 4 },       /* and one more goes */
        { "update", update, 1 },
};

static void test_a_write_that_fails_changes_nothing(Fixture *f, gconstpointer data) {
        const Operation *operation = data;
        g_autofree char *before = NULL;
        int n;

        fill(f);
        add(f, DB1, "db1", MIGRATION_RESERVED);
        g_string_truncate(f->told, 0);
        before = dump_log(f->log);
        for (n = 0; n <= operation->n_writes; n++) {
                g_autofree char *after = NULL;
                g_autoptr(GError) error = NULL;

                store_fail_write(f->store, n);
                if (operation->run(f, &error))
                        break;

                after = dump_log(f->log);
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                g_assert_cmpstr(after, ==, before);
                g_assert_cmpstr(f->told->str, ==, "");
                assert_log_is_stored(f);
        }

        g_assert_cmpint(n, ==, operation->n_writes); /* all were tried */
        g_assert_cmpstr(f->told->str, !=, "");
        assert_log_is_stored(f);
}

#define ADD(name, function) \
        g_test_add("/migration/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/migration/every pair of states is as the table says",
                        test_every_pair_of_states_is_as_the_table_says);
        g_test_add_func("/migration/three states are the last", test_three_states_are_the_last);
        ADD("a refusal says whose migration and which states",
            test_a_refusal_says_whose_migration_and_which_states);
        g_test_add_func("/migration/a new one knows nothing yet", test_a_new_one_knows_nothing_yet);
        ADD("the timeline has what was entered and when",
            test_the_timeline_has_what_was_entered_and_when);
        ADD("a reason stays until there is another", test_a_reason_stays_until_there_is_another);
        ADD("figures are stored and told", test_figures_are_stored_and_told);
        ADD("what was logged is there after a restart",
            test_what_was_logged_is_there_after_a_restart);
        ADD("the latest and the current one of a guest are found",
            test_the_latest_and_the_current_one_of_a_guest_are_found);
        ADD("the oldest that ended goes first", test_the_oldest_that_ended_goes_first);
        ADD("one that is added at its end counts too",
            test_one_that_is_added_at_its_end_counts_too);
        for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
                g_autofree char *name = g_strdup_printf(
                        "/migration/a write that fails changes nothing/%s", operations[i].name);

                g_test_add(name, Fixture, &operations[i], set_up,
                           test_a_write_that_fails_changes_nothing, tear_down);
        }
        return g_test_run();
}
