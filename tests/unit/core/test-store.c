/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/store-query.h"
#include "daemon/core/store-schema.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/core/dump.h"
#include "xml/ferry-error.h"

typedef struct Fixture {
        char *folder;
        char *path;
        char *damaged;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "state.db", NULL);
        f->damaged = g_strconcat(f->path, ".damaged", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        temp_folder_remove(f->folder);
        g_free(f->damaged);
        g_free(f->path);
}

static Store *open_store(const char *path) {
        g_autoptr(GError) error = NULL;
        Store *store;

        store = store_open(path, &error);
        g_assert_no_error(error);
        g_assert_nonnull(store);
        return store;
}

static Lease *make_lease(int number) {
        Lease *lease = lease_new();

        lease->id = g_strdup_printf("lease-%d", number);
        lease->domain_uuid = g_strdup("11111111-1111-1111-1111-111111111111");
        lease->domain_name = g_strdup("db1");
        lease->device = g_strdup_printf("device-%d", number);
        lease->class_name = g_strdup("mdev");
        lease->pool = g_strdup("default");
        return lease;
}

static bool try_put(Store *store, int number, GError **error) {
        g_autoptr(Lease) lease = make_lease(number);

        return store_put_lease(store, lease, error);
}

static void put(Store *store, int number) {
        g_autoptr(GError) error = NULL;
        bool done;

        done = try_put(store, number, &error);
        g_assert_no_error(error);
        g_assert_true(done);
}

static unsigned count_leases(Store *store) {
        g_autoptr(GPtrArray) leases = NULL;
        g_autoptr(GError) error = NULL;

        leases = store_load_leases(store, &error);
        g_assert_no_error(error);
        return leases->len;
}

/* SQL of a stranger, past the store. */
static void run_sql(const char *path, const char *sql) {
        sqlite3 *db = NULL;

        g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

static int64_t ask_number(sqlite3 *db, const char *sql) {
        sqlite3_stmt *statement = NULL;
        int64_t number;

        g_assert_cmpint(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        number = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        return number;
}

/* Rows ------------------------------------------------------------------------------ */

static Lease *make_full_lease(void) {
        Lease *lease = make_lease(1);

        lease->parent = g_strdup("mtty");
        lease->type = g_strdup("mtty-2");
        lease->address = g_strdup("0000:00:05.0");
        lease->name = g_strdup("hostdev0");
        lease->make = true;
        lease->bound = true;
        lease->previous_driver = g_strdup("ig'bvf");
        lease->state = LEASE_CLAIMED;
        lease->created = G_MAXINT64;
        lease->expires = G_MININT64;
        return lease;
}

static void test_a_lease_comes_back_as_it_was_put(Fixture *f, gconstpointer unused) {
        g_autoptr(Lease) full = make_full_lease(), empty = make_lease(2);
        g_autofree char *a = NULL, *b = NULL, *expected = NULL, *stored = NULL;
        g_autoptr(Store) store = open_store(f->path);

        empty->managed = empty->bound = true; /* so that no two columns of both are the same */
        a = dump_lease(full);
        b = dump_lease(empty);
        expected = g_strconcat(a, b, NULL);
        g_assert_true(store_put_lease(store, full, NULL));
        g_assert_true(store_put_lease(store, empty, NULL));
        g_clear_pointer(&store, store_close);
        store = open_store(f->path);
        stored = dump_stored_leases(store);
        g_assert_cmpstr(stored, ==, expected);
        g_assert_null(store_damaged_path(store));
}

static void test_a_lease_put_again_replaces_all_but_its_place(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(Lease) full = make_full_lease();
        g_autofree char *expected = dump_lease(full), *stored = NULL;

        put(store, 1);
        put(store, 2);
        g_assert_true(store_put_lease(store, full, NULL));
        stored = dump_stored_leases(store);
        g_assert_true(g_str_has_prefix(stored, expected));
        g_assert_cmpuint(count_leases(store), ==, 2);
}

static void test_a_deleted_lease_is_gone_and_the_others_stay(void) {
        g_autoptr(Store) store = open_store(":memory:");

        put(store, 1);
        put(store, 2);
        g_assert_true(store_delete_lease(store, "lease-1", NULL));
        g_assert_true(store_delete_lease(store, "lease-1", NULL)); /* gone is gone */
        g_assert_cmpuint(count_leases(store), ==, 1);
}

static void test_a_device_cannot_have_two_leases(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(Lease) lease = make_lease(1);
        g_autoptr(GError) error = NULL;

        put(store, 1);
        g_free(lease->id);
        lease->id = g_strdup("another");
        g_assert_false(store_put_lease(store, lease, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_cmpstr(error->message, ==,
                        "The database :memory: cannot be written: UNIQUE constraint failed: "
                        "leases.device");
        put(store, 2); /* and the statement is as good as new */
}

static void test_a_text_that_cannot_be_stored_is_not_left_out(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(Lease) lease = make_lease(1);
        g_autoptr(GError) error = NULL;

        lease->parent = g_strnfill(2000, 'p');
        sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, 1000);
        g_assert_false(store_put_lease(store, lease, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_cmpuint(count_leases(store), ==, 0);
}

static Migration *make_migration(void) {
        Migration *migration = migration_new(MIGRATION_OUTGOING,
                                             "22222222-2222-2222-2222-222222222222", "w\"eb");

        migration_add_device(migration, "hostdev0", "mdev", "mtty-1", "there", "here", "It fits");
        migration_add_device(migration, NULL, NULL, NULL, NULL, NULL, NULL);
        migration->state = MIGRATION_FAILED;
        migration->reason = g_strdup("Nobody knows; 'drop table leases'");
        for (int state = 0; state < _MIGRATION_STATE_MAX; state += 2)
                migration->entered[state] = 1000 + state;
        migration->downtime_ms = 83;
        migration->total_ms = -1;
        migration->memory_bytes = G_MAXUINT64;
        migration->vfio_bytes = (uint64_t)G_MAXINT64 + 1;
        migration->memory_total = 3;
        migration->memory_remaining = 4;
        migration->iterations = G_MAXUINT;
        migration->plan.destination = g_strdup("qemu+ssh://b/system");
        migration->plan.destination_why = g_strdup("b: all that is needed is offered");
        migration->plan.strategy = g_strdup("vfio");
        migration->plan.why = g_strdup("its devices carry their state");
        migration->plan.total_ms = 5000;
        migration->plan.downtime_ms = 300;
        migration->plan.bytes = G_MAXINT64;
        migration->plan.allowed_ms = 400;
        migration->setup_ms = 12;
        migration->dirty_rate = 4096;
        migration->last_traffic = 77;
        migration->first_traffic = 0;
        migration->plan.transfer = g_strdup("4 connections, zstd");
        migration->plan.transfer_why = g_strdup("zstd was asked for");
        return migration;
}

static void test_a_migration_comes_back_as_it_was_put(Fixture *f, gconstpointer unused) {
        g_autoptr(Migration) migration = make_migration();
        g_autofree char *expected = dump_migration(migration), *stored = NULL;
        g_autoptr(Store) store = open_store(f->path);

        g_assert_true(store_put_migration(store, migration, NULL));
        g_clear_pointer(&store, store_close);
        store = open_store(f->path);
        stored = dump_stored_migrations(store);
        g_assert_cmpstr(stored, ==, expected);
}

static void test_a_migration_put_again_replaces_all_but_its_place(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(Migration) first = make_migration(), second = make_migration();
        g_autofree char *expected = NULL, *stored = NULL;

        g_assert_true(store_put_migration(store, first, NULL));
        g_assert_true(store_put_migration(store, second, NULL));
        g_ptr_array_remove_index(first->devices, 0);
        first->entered[0] = 0;
        first->state = MIGRATION_PLANNED;
        g_assert_true(store_put_migration(store, first, NULL));

        expected = dump_migration(first);
        stored = dump_stored_migrations(store);
        g_assert_true(g_str_has_prefix(stored, expected));
}

static void test_a_deleted_migration_leaves_no_rows(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(Migration) migration = make_migration();

        g_assert_true(store_put_migration(store, migration, NULL));
        g_assert_true(store_delete_migration(store, migration->id, NULL));
        g_assert_cmpint(ask_number(store->db, "SELECT (SELECT count(*) FROM migrations)"
                                              " + (SELECT count(*) FROM migration_devices)"
                                              " + (SELECT count(*) FROM migration_times)"),
                        ==, 0);
}

static void test_a_word_that_nobody_knows_is_refused(Fixture *f, gconstpointer unused) {
        g_autoptr(Store) store = open_store(f->path);
        g_autoptr(Migration) migration = make_migration();
        g_autoptr(GError) error = NULL;
        g_autofree char *expected = NULL;

        put(store, 1);
        g_assert_true(store_put_migration(store, migration, NULL));
        run_sql(f->path, "UPDATE leases SET state = 'flying';"
                         "UPDATE migrations SET direction = 'up'");

        g_assert_null(store_load_leases(store, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        expected = g_strdup_printf("The database %s cannot be read: lease lease-1 has the state "
                                   "'flying', which this version does not know; move the file "
                                   "away to begin without it",
                                   f->path);
        g_assert_cmpstr(error->message, ==, expected);

        g_clear_error(&error);
        g_assert_null(store_load_migrations(store, &error));
        g_assert_nonnull(strstr(error->message, "has the direction 'up', which"));

        run_sql(f->path, "UPDATE migrations SET direction = 'incoming';"
                         "UPDATE migration_times SET state = 'high' WHERE state = 'planned'");
        g_clear_error(&error);
        g_assert_null(store_load_migrations(store, &error));
        g_assert_nonnull(strstr(error->message, "has the time of state 'high', which"));
}

/* Transactions ---------------------------------------------------------------------- */

static void test_a_transaction_is_all_or_nothing(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(Migration) migration = make_migration();
        g_autofree char *dump = NULL;

        g_assert_true(store_begin(store, NULL));
        put(store, 1);
        g_assert_true(store_put_migration(store, migration, NULL));
        store_rollback(store);
        g_assert_cmpuint(count_leases(store), ==, 0);
        dump = dump_stored_migrations(store);
        g_assert_cmpstr(dump, ==, "");

        g_assert_true(store_begin(store, NULL));
        put(store, 1);
        put(store, 2);
        g_assert_true(store_commit(store, NULL));
        store_rollback(store); /* nothing is left to roll back */
        g_assert_cmpuint(count_leases(store), ==, 2);
}

static void test_a_failed_commit_has_rolled_back(void) {
        g_autoptr(Store) store = open_store(":memory:");
        g_autoptr(GError) error = NULL;

        g_assert_true(store_begin(store, NULL));
        put(store, 1);
        store_fail_write(store, 0);
        g_assert_false(store_commit(store, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_cmpuint(count_leases(store), ==, 0);
        g_assert_true(store_begin(store, NULL));
        g_assert_true(store_commit(store, NULL));
}

static void test_the_write_that_a_test_names_fails_once(void) {
        g_autoptr(Store) store = open_store(":memory:");

        store_fail_write(store, 1);
        put(store, 1);
        g_assert_false(try_put(store, 2, NULL));
        put(store, 2);

        store_fail_write(store, 0);
        store_fail_write(store, -1);
        put(store, 3);
}

/* The file -------------------------------------------------------------------------- */

static void test_a_power_cut_is_provided_for(Fixture *f, gconstpointer unused) {
        g_autoptr(Store) store = open_store(f->path);
        g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);

        put(store, 1);
        g_assert_cmpint(ask_number(store->db, "PRAGMA synchronous"), ==, 2);
        g_assert_cmpint(ask_number(store->db, "PRAGMA foreign_keys"), ==, 1);
        g_assert_true(g_file_test(wal, G_FILE_TEST_EXISTS));
}

static void test_a_database_has_one_daemon(Fixture *f, gconstpointer unused) {
        g_autoptr(Store) first = open_store(f->path), second = NULL;
        g_autoptr(GError) error = NULL;

        second = store_open(f->path, &error);
        g_assert_null(second);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_true(g_str_has_suffix(error->message, ": stop it first"));

        g_clear_pointer(&first, store_close);
        second = open_store(f->path);
}

static void assert_mode(const char *path, const char *suffix) {
        g_autofree char *name = g_strconcat(path, suffix, NULL);
        struct stat st;

        g_assert_cmpint(stat(name, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0600);
}

static void test_nobody_else_may_read_it(Fixture *f, gconstpointer unused) {
        g_autoptr(Store) store = NULL;
        mode_t old = umask(0);

        store = open_store(f->path);
        put(store, 1);
        umask(old);
        assert_mode(f->path, "");
        assert_mode(f->path, "-wal");
        assert_mode(f->path, "-shm");

        g_clear_pointer(&store, store_close);
        g_assert_cmpint(chmod(f->path, 0644), ==, 0);
        store = open_store(f->path);
        assert_mode(f->path, "");
}

static void test_a_folder_that_is_not_there_is_named(Fixture *f, gconstpointer unused) {
        g_autofree char *path = g_build_filename(f->folder, "no", "state.db", NULL);
        g_autofree char *expected = g_strdup_printf(
                "The database %s cannot be locked: No such file or directory", path);
        g_autoptr(GError) error = NULL;

        g_assert_null(store_open(path, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_cmpstr(error->message, ==, expected);
}

static void test_a_strangers_database_is_refused_and_kept(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        run_sql(f->path, "CREATE TABLE leases(flat TEXT)");
        g_assert_null(store_open(f->path, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_nonnull(strstr(error->message, "cannot be opened: table leases already exists"));
        g_assert_false(g_file_test(f->damaged, G_FILE_TEST_EXISTS));
}

/* Versions -------------------------------------------------------------------------- */

static void assert_newer_refused(Fixture *f, const char *sql, int version) {
        g_autofree char *expected = NULL;
        g_autoptr(GError) error = NULL;

        run_sql(f->path, sql);
        g_assert_null(store_open(f->path, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        expected = g_strdup_printf("The database %s is of a newer version (schema %d, this one "
                                   "knows %d): install that version again, or move the file away "
                                   "to begin without it",
                                   f->path, version, store_schema_latest(store_schema));
        g_assert_cmpstr(error->message, ==, expected);
        g_assert_true(g_file_test(f->path, G_FILE_TEST_EXISTS));
        g_assert_false(g_file_test(f->damaged, G_FILE_TEST_EXISTS));
}

static void test_a_newer_database_is_refused_and_kept(Fixture *f, gconstpointer unused) {
        store_close(open_store(f->path));

        assert_newer_refused(f, "PRAGMA user_version = 999", 999);
        assert_newer_refused(f, "PRAGMA user_version = -1", -1);
        /* SQL that this SQLite cannot read is no damage either. */
        assert_newer_refused(f,
                             "PRAGMA user_version = 1000; PRAGMA writable_schema = ON;"
                             "UPDATE sqlite_schema SET sql = 'CREATE TABLE leases(a FUTURE !!)'"
                             " WHERE name = 'leases'",
                             1000);
}

static const char *const some_steps[] = {
        "CREATE TABLE a(n INTEGER); INSERT INTO a VALUES(1);",
        "ALTER TABLE a ADD COLUMN m INTEGER; UPDATE a SET m = n + 1;",
        "CREATE TABLE b(n INTEGER); INSERT INTO b SELECT m + 1 FROM a;",
        NULL,
};

static sqlite3 *open_at_version(int version) {
        const char *steps[G_N_ELEMENTS(some_steps)] = { NULL };
        sqlite3 *db = NULL;

        memcpy(steps, some_steps, (size_t)version * sizeof(*steps));
        g_assert_cmpint(sqlite3_open(":memory:", &db), ==, SQLITE_OK);
        g_assert_cmpint(store_schema_upgrade(db, steps), ==, SQLITE_OK);
        g_assert_cmpint(ask_number(db, "PRAGMA user_version"), ==, version);
        return db;
}

static void test_every_older_version_is_brought_up_to_date(void) {
        int latest = store_schema_latest(some_steps);

        g_assert_cmpint(latest, ==, 3);
        for (int version = 0; version <= latest; version++) {
                sqlite3 *db = open_at_version(version);

                g_assert_cmpint(store_schema_upgrade(db, some_steps), ==, SQLITE_OK);
                g_assert_cmpint(ask_number(db, "PRAGMA user_version"), ==, latest);
                g_assert_cmpint(ask_number(db, "SELECT n FROM b"), ==, 3);
                sqlite3_close(db);
        }
}

static void test_an_upgrade_that_fails_stays_at_the_last_good_step(Fixture *f,
                                                                   gconstpointer unused) {
        const char *const bad[] = { some_steps[0], "CREATE TABLE b(n INTEGER); nonsense;", NULL };
        sqlite3 *db = NULL;

        g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
        g_assert_cmpint(store_schema_upgrade(db, bad), ==, SQLITE_ERROR);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);

        g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
        g_assert_cmpint(ask_number(db, "PRAGMA user_version"), ==, 1);
        g_assert_cmpint(store_schema_upgrade(db, some_steps), ==, SQLITE_OK);
        g_assert_cmpint(ask_number(db, "SELECT n FROM b"), ==, 3);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

/* Damage ---------------------------------------------------------------------------- */

static void spoil(const char *path, goffset offset, size_t size) {
        g_autofree char *contents = NULL;
        g_autoptr(GError) error = NULL;
        gsize length;

        g_assert_true(g_file_get_contents(path, &contents, &length, NULL));
        g_assert_cmpuint((gsize)offset + size, <=, length);
        memset(contents + offset, 0xa5, size);
        g_assert_true(g_file_set_contents(path, contents, (gssize)length, &error));
        g_assert_no_error(error);
}

static void spoil_header(const char *path) {
        spoil(path, 0, 100);
}

static void spoil_pages(const char *path) {
        spoil(path, 4096 + 8, 8000);
}

static void cut(const char *path) {
        g_assert_cmpint(truncate(path, 5000), ==, 0);
}

static void empty_into_text(const char *path) {
        g_assert_true(g_file_set_contents(path, "this was a database once\n", -1, NULL));
}

typedef void (*Damage)(const char *path);

static void test_a_damaged_database_is_set_aside(Fixture *f, gconstpointer data) {
        Damage damage = *(const Damage *)data;
        g_autofree char *before = NULL, *after = NULL;
        gsize before_size, after_size;
        g_autoptr(Store) store = open_store(f->path);

        put(store, 1);
        g_clear_pointer(&store, store_close);
        damage(f->path);
        g_assert_true(g_file_get_contents(f->path, &before, &before_size, NULL));

        store = open_store(f->path);
        g_assert_cmpstr(store_damaged_path(store), ==, f->damaged);
        g_assert_cmpuint(count_leases(store), ==, 0);
        put(store, 2);

        g_assert_true(g_file_get_contents(f->damaged, &after, &after_size, NULL));
        g_assert_cmpmem(before, before_size, after, after_size);

        g_clear_pointer(&store, store_close);
        store = open_store(f->path);
        g_assert_null(store_damaged_path(store));
        g_assert_cmpuint(count_leases(store), ==, 1);
}

static const struct {
        const char *name;
        Damage damage;
} damages[] = {
        { "in its header", spoil_header },
        { "in its pages", spoil_pages },
        { "by being cut", cut },
        { "into something else", empty_into_text },
};

static void test_a_log_goes_with_its_damaged_database(Fixture *f, gconstpointer unused) {
        g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);
        g_autofree char *moved = g_strconcat(f->damaged, "-wal", NULL), *contents = NULL;
        g_autoptr(Store) store = NULL;

        empty_into_text(f->path);
        g_assert_true(g_file_set_contents(wal, "its log", -1, NULL));
        store = open_store(f->path);
        g_assert_true(g_file_get_contents(moved, &contents, NULL, NULL));
        g_assert_cmpstr(contents, ==, "its log");
}

static void test_what_was_set_aside_before_is_not_overwritten(Fixture *f, gconstpointer unused) {
        g_autofree char *second = g_strconcat(f->damaged, "-2", NULL), *contents = NULL;
        g_autoptr(Store) store = NULL;

        g_assert_true(g_file_set_contents(f->damaged, "precious", -1, NULL));
        empty_into_text(f->path);
        store = open_store(f->path);
        g_assert_cmpstr(store_damaged_path(store), ==, second);
        g_assert_true(g_file_get_contents(f->damaged, &contents, NULL, NULL));
        g_assert_cmpstr(contents, ==, "precious");
}

#define ADD(name, function) g_test_add("/store/" name, Fixture, NULL, set_up, function, tear_down)

static void add_damages(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
                g_autofree char *name = g_strdup_printf("/store/a database damaged %s is set aside",
                                                        damages[i].name);

                g_test_add(name, Fixture, &damages[i].damage, set_up,
                           test_a_damaged_database_is_set_aside, tear_down);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a database has one daemon", test_a_database_has_one_daemon);
        ADD("a lease comes back as it was put", test_a_lease_comes_back_as_it_was_put);
        g_test_add_func("/store/a lease put again replaces all but its place",
                        test_a_lease_put_again_replaces_all_but_its_place);
        g_test_add_func("/store/a deleted lease is gone and the others stay",
                        test_a_deleted_lease_is_gone_and_the_others_stay);
        g_test_add_func("/store/a device cannot have two leases",
                        test_a_device_cannot_have_two_leases);
        g_test_add_func("/store/a text that cannot be stored is not left out",
                        test_a_text_that_cannot_be_stored_is_not_left_out);
        ADD("a migration comes back as it was put", test_a_migration_comes_back_as_it_was_put);
        g_test_add_func("/store/a migration put again replaces all but its place",
                        test_a_migration_put_again_replaces_all_but_its_place);
        g_test_add_func("/store/a deleted migration leaves no rows",
                        test_a_deleted_migration_leaves_no_rows);
        ADD("a word that nobody knows is refused", test_a_word_that_nobody_knows_is_refused);
        g_test_add_func("/store/a transaction is all or nothing",
                        test_a_transaction_is_all_or_nothing);
        g_test_add_func("/store/a failed commit has rolled back",
                        test_a_failed_commit_has_rolled_back);
        g_test_add_func("/store/the write that a test names fails once",
                        test_the_write_that_a_test_names_fails_once);
        ADD("a power cut is provided for", test_a_power_cut_is_provided_for);
        ADD("nobody else may read it", test_nobody_else_may_read_it);
        ADD("a folder that is not there is named", test_a_folder_that_is_not_there_is_named);
        ADD("a stranger's database is refused and kept",
            test_a_strangers_database_is_refused_and_kept);
        ADD("a newer database is refused and kept", test_a_newer_database_is_refused_and_kept);
        g_test_add_func("/store/every older version is brought up to date",
                        test_every_older_version_is_brought_up_to_date);
        ADD("an upgrade that fails stays at the last good step",
            test_an_upgrade_that_fails_stays_at_the_last_good_step);
        add_damages();
        ADD("a log goes with its damaged database", test_a_log_goes_with_its_damaged_database);
        ADD("what was set aside before is not overwritten",
            test_what_was_set_aside_before_is_not_overwritten);
        return g_test_run();
}
