/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-history.h"

#include <errno.h>
#include <math.h>

#include "daemon/core/slot-blob.h"
#include "daemon/core/store-query.h"
#include "tests/lib/temp-folder.h"
#include "xml/ferry-error.h"

#define SEC   INT64_C(1000000)
#define START (INT64_C(1800000000) * SEC)
#define UUID  "11111111-2222-4333-8444-555555555555"

typedef struct Fixture {
        char *folder, *path;
        Store *store;
} Fixture;

static void open_store(Fixture *f) {
        g_autoptr(GError) error = NULL;

        g_clear_pointer(&f->store, store_close);
        f->store = store_open(f->path, &error);
        g_assert_no_error(error);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "state.db", NULL);
        open_store(f);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        store_close(f->store);
        temp_folder_remove(f->folder);
        g_free(f->path);
}

static Slot slot_at(int64_t start, float cpu) {
        Slot slot = { .start = start };

        for (int i = 0; i < _METRIC_MAX; i++)
                slot.min[i] = slot.mean[i] = slot.max[i] = NAN;
        slot.min[METRIC_CPU] = cpu / 2;
        slot.mean[METRIC_CPU] = cpu;
        slot.max[METRIC_CPU] = cpu * 2;
        return slot;
}

static void add_row(GPtrArray *rows, const char *id, SlotStep step, const Slot *slot) {
        Subject subject = { .kind = SUBJECT_GUEST, .id = (char *)id, .name = (char *)"g1" };

        g_ptr_array_add(rows, history_row_new(&subject, step, slot));
}

static GPtrArray *rows_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)history_row_free);
}

static void put_slot(Fixture *f, const char *id, SlotStep step, int64_t start, int64_t now) {
        g_autoptr(GPtrArray) rows = rows_new();
        g_autoptr(GError) error = NULL;
        Slot slot = slot_at(start, 1);

        add_row(rows, id, step, &slot);
        g_assert_true(store_put_history(f->store, rows, now, &error));
        g_assert_no_error(error);
}

static GPtrArray *load(Fixture *f, const char *id, SlotStep step) {
        g_autoptr(GError) error = NULL;
        GPtrArray *slots;

        slots = store_load_history(f->store, SUBJECT_GUEST, id, step, 0, INT64_MAX, &error);
        g_assert_no_error(error);
        return slots;
}

static guint count(Fixture *f, const char *id, SlotStep step) {
        g_autoptr(GPtrArray) slots = load(f, id, step);

        return slots->len;
}

static int64_t count_rows(Fixture *f, const char *table) {
        g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", table);
        sqlite3_stmt *statement = NULL;
        int64_t n;

        g_assert_cmpint(sqlite3_prepare_v2(f->store->db, sql, -1, &statement, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        n = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return n;
}

static void test_what_is_put_is_loaded_after_a_restart(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) rows = rows_new(), shorts = NULL, longs = NULL;
        Slot slot = slot_at(START, 0.5f);
        const Slot *read;

        add_row(rows, UUID, SLOT_SHORT, &slot);
        add_row(rows, UUID, SLOT_LONG, &slot);
        g_assert_true(store_put_history(f->store, rows, START, NULL));
        open_store(f);

        shorts = load(f, UUID, SLOT_SHORT);
        g_assert_cmpuint(shorts->len, ==, 1);
        read = shorts->pdata[0];
        g_assert_cmpint(read->start, ==, START);
        g_assert_cmpfloat(read->min[METRIC_CPU], ==, 0.5f); /* a short one has a mean */
        g_assert_cmpfloat(read->max[METRIC_CPU], ==, 0.5f);
        g_assert_true(isnan(read->mean[METRIC_IO_STALL]));

        longs = load(f, UUID, SLOT_LONG);
        read = longs->pdata[0];
        g_assert_cmpfloat(read->min[METRIC_CPU], ==, 0.25f);
        g_assert_cmpfloat(read->mean[METRIC_CPU], ==, 0.5f);
        g_assert_cmpfloat(read->max[METRIC_CPU], ==, 1.0f);
}

static void test_a_part_of_the_time_is_loaded_in_order(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) slots = NULL;

        for (int64_t i = 9; i >= 0; i--)
                put_slot(f, UUID, SLOT_SHORT, START + i * 10 * SEC, START);
        put_slot(f, "other", SLOT_SHORT, START + 20 * SEC, START);
        slots = store_load_history(f->store, SUBJECT_GUEST, UUID, SLOT_SHORT, START + 20 * SEC,
                                   START + 50 * SEC, NULL);
        g_assert_cmpuint(slots->len, ==, 3);
        for (guint i = 0; i < 3; i++)
                g_assert_cmpint(((const Slot *)slots->pdata[i])->start, ==,
                                START + (i + 2) * 10 * SEC);
        g_assert_cmpuint(count(f, "nobody", SLOT_SHORT), ==, 0);
}

static void test_what_is_too_old_goes(Fixture *f, gconstpointer unused) {
        put_slot(f, UUID, SLOT_SHORT, START, START);
        put_slot(f, UUID, SLOT_LONG, START, START);
        put_slot(f, "other", SLOT_SHORT, START, START + HISTORY_SHORT_USEC);
        g_assert_cmpuint(count(f, UUID, SLOT_SHORT), ==, 1);
        put_slot(f, "third", SLOT_SHORT, START + HISTORY_SHORT_USEC,
                 START + HISTORY_SHORT_USEC + 1);
        g_assert_cmpuint(count(f, UUID, SLOT_SHORT), ==, 0);
        g_assert_cmpuint(count(f, "third", SLOT_SHORT), ==, 1);
        g_assert_cmpuint(count(f, UUID, SLOT_LONG), ==, 1);
        put_slot(f, "third", SLOT_LONG, START + HISTORY_LONG_USEC, START + HISTORY_LONG_USEC + 1);
        g_assert_cmpuint(count(f, UUID, SLOT_LONG), ==, 0);
        g_assert_cmpint(count_rows(f, "history_subjects"), ==, 1);
}

/* One slot each, as a daemon writes whose clock is off by `ahead`. */
static void put_minutes(Fixture *f, int first, int n, int64_t ahead) {
        for (int i = first; i < first + n; i++) {
                int64_t start = START + i * 60 * SEC + ahead;

                put_slot(f, UUID, SLOT_SHORT, start, start + 60 * SEC);
        }
}

static guint count_minutes(Fixture *f, int first, int end) {
        g_autoptr(GPtrArray) slots = NULL;

        slots = store_load_history(f->store, SUBJECT_GUEST, UUID, SLOT_SHORT,
                                   START + first * 60 * SEC, START + end * 60 * SEC, NULL);
        return slots->len;
}

static void test_a_clock_that_was_wrong_costs_twice_its_time(Fixture *f, gconstpointer ahead_days) {
        int64_t ahead = GPOINTER_TO_INT(ahead_days) * (int64_t)G_TIME_SPAN_DAY;

        put_minutes(f, 0, 100, 0);
        put_minutes(f, 100, 10, ahead);
        put_minutes(f, 110, 100, 0);
        g_assert_cmpuint(count_minutes(f, 0, 100), ==, 80);
        g_assert_cmpuint(count_minutes(f, 110, 210), ==, 100);
        put_minutes(f, 210, 360, 0); /* six hours: of what was wrong nothing stays */
        g_assert_cmpint(count_rows(f, "history_short"), ==, 360);
        g_assert_cmpuint(count_minutes(f, 210, 570), ==, 360);
}

/* Rows are made by SQLite itself: the writing of 50000 would take seconds. */
static void test_the_number_of_rows_is_bounded(Fixture *f, gconstpointer unused) {
        static const char fill[] =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
                " INSERT INTO history_short(subject, start, data) SELECT 1, 1800000000000000, x''"
                " FROM n";

        put_slot(f, UUID, SLOT_SHORT, START, START);
        g_assert_cmpint(sqlite3_exec(f->store->db, fill, NULL, NULL, NULL), ==, SQLITE_OK);
        put_slot(f, UUID, SLOT_SHORT, START, START);
        g_assert_cmpint(count_rows(f, "history_short"), ==, HISTORY_SHORT_ROWS);
        g_assert_cmpuint(count(f, UUID, SLOT_SHORT), ==, 1); /* the newest, and none that is odd */
}

/* Of `n` slots, each with its number of CPUs; the rows are added as far as one takes them. */
static HistoryRow *row_of(int64_t start, unsigned n, float cpu) {
        Subject subject = { .kind = SUBJECT_GUEST, .id = (char *)UUID, .name = (char *)"g1" };
        Slot slot = slot_at(start, cpu);
        HistoryRow *row = history_row_new(&subject, SLOT_SHORT, &slot);

        for (unsigned i = 1; i < n; i++) {
                slot = slot_at(start + i * 10 * SEC, cpu + (float)i);
                g_assert_true(history_row_append(row, &slot));
        }
        return row;
}

static void put_taken_row(Fixture *f, HistoryRow *taken_row) {
        g_autoptr(GPtrArray) rows = rows_new();

        g_ptr_array_add(rows, taken_row);
        g_assert_true(store_put_history(f->store, rows, START, NULL));
}

static void test_slots_that_follow_each_other_are_a_row(Fixture *f, gconstpointer unused) {
        g_autoptr(HistoryRow) row = row_of(START, 6, 1);
        g_autoptr(GPtrArray) slots = NULL;
        Slot before = slot_at(START + 50 * SEC, 9), after = slot_at(START + 70 * SEC, 9);

        g_assert_false(history_row_append(row, &before));
        g_assert_false(history_row_append(row, &after));
        g_assert_cmpuint(row->n_slots, ==, 6);

        put_taken_row(f, g_steal_pointer(&row));
        g_assert_cmpint(count_rows(f, "history_short"), ==, 1);
        slots = store_load_history(f->store, SUBJECT_GUEST, UUID, SLOT_SHORT, START + 20 * SEC,
                                   START + 50 * SEC, NULL);
        g_assert_cmpuint(slots->len, ==, 3);
        for (guint i = 0; i < 3; i++) {
                const Slot *slot = slots->pdata[i];

                g_assert_cmpint(slot->start, ==, START + (i + 2) * 10 * SEC);
                g_assert_cmpfloat(slot->mean[METRIC_CPU], ==, 3 + i);
        }
}

static void test_a_row_is_full_at_last(Fixture *f, gconstpointer unused) {
        g_autoptr(HistoryRow) row = row_of(START, HISTORY_ROW_SLOTS, 1);
        Slot next = slot_at(START + HISTORY_ROW_SLOTS * 10 * SEC, 9);

        g_assert_false(history_row_append(row, &next));
}

static void test_of_two_slots_at_a_time_the_later_stays(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) slots = NULL;

        put_taken_row(f, row_of(START + 30 * SEC, 6, 10));
        put_taken_row(f, row_of(START, 6, 20)); /* the clock was set back */
        slots = load(f, UUID, SLOT_SHORT);
        g_assert_cmpuint(slots->len, ==, 9);
        for (guint i = 0; i < 9; i++) {
                const Slot *slot = slots->pdata[i];

                g_assert_cmpint(slot->start, ==, START + i * 10 * SEC);
                g_assert_cmpfloat(slot->mean[METRIC_CPU], ==, i < 6 ? 20 + i : 7 + i);
        }
}

static void test_a_write_that_fails_leaves_nothing(Fixture *f, gconstpointer unused) {
        bool written = false;

        for (int n = 0; !written; n++) {
                g_autoptr(GPtrArray) rows = rows_new();
                g_autoptr(GError) error = NULL;
                Slot slot = slot_at(START, 1);

                add_row(rows, UUID, SLOT_SHORT, &slot);
                store_fail_write(f->store, n);
                written = store_put_history(f->store, rows, START, &error);
                g_assert_cmpint(written, ==, n == 3); /* begin, put and commit were tried */
                if (written)
                        break;
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                g_assert_cmpuint(count(f, UUID, SLOT_SHORT), ==, 0);
                g_assert_cmpint(count_rows(f, "history_subjects"), ==, 0);
        }
}

static void test_a_subject_has_its_last_name(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) rows = rows_new();
        Subject renamed = { .kind = SUBJECT_GUEST, .id = (char *)UUID, .name = (char *)"g2" };
        Slot slot = slot_at(START + 10 * SEC, 1);

        put_slot(f, UUID, SLOT_SHORT, START, START);
        g_ptr_array_add(rows, history_row_new(&renamed, SLOT_SHORT, &slot));
        g_assert_true(store_put_history(f->store, rows, START, NULL));
        g_assert_cmpuint(count(f, UUID, SLOT_SHORT), ==, 2);
        g_assert_cmpint(count_rows(f, "history_subjects WHERE name = 'g2'"), ==, 1);
}

/* The size -------------------------------------------------------------------------- */

static int64_t pragma(Fixture *f, const char *name) {
        g_autofree char *table = g_strdup_printf("pragma_%s", name);
        g_autofree char *sql = g_strdup_printf("SELECT %s FROM %s", name, table);
        sqlite3_stmt *statement = NULL;
        int64_t n;

        g_assert_cmpint(sqlite3_prepare_v2(f->store->db, sql, -1, &statement, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        n = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return n;
}

static double mbytes(Fixture *f) {
        return (double)(pragma(f, "page_count") * pragma(f, "page_size")) / 1e6;
}

/* Of a guest, which has all but those of functions alone: busy and device-memory. */
#define METRICS_MOST (_METRIC_MAX - 2)

/* As many as may be, with every metric that a subject may have, in the table's own order of
 * subjects. */
static void fill_up(Fixture *f, const char *table, int64_t rows, size_t row_size) {
        g_autofree char *sql = NULL;

        sql = g_strdup_printf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                              " WHERE i < %" G_GINT64_FORMAT ") INSERT INTO %s(subject, start,"
                              " data) SELECT 1 + i %% 9000, %" G_GINT64_FORMAT " + i,"
                              " zeroblob(%zu) FROM n",
                              rows, table, START, row_size);
        g_assert_cmpint(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static void test_it_is_as_large_as_it_says_at_most(Fixture *f, gconstpointer unused) {
        const size_t number = sizeof(float), short_size = 4 + METRICS_MOST * number;

        g_assert_cmpint(sqlite3_exec(f->store->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL), ==,
                        SQLITE_OK);
        fill_up(f, "history_short", HISTORY_SHORT_ROWS, HISTORY_ROW_SLOTS * short_size);
        fill_up(f, "history_long", HISTORY_LONG_ROWS, 4 + 3 * METRICS_MOST * number);
        g_assert_cmpfloat(mbytes(f), <, HISTORY_MBYTE);
        g_assert_cmpfloat(mbytes(f), >, HISTORY_MBYTE * 0.85);
}

/* `n` that nobody has known before, in one write. */
static void put_strangers(Fixture *f, int first, int n, int64_t now) {
        g_autoptr(GPtrArray) rows = rows_new();
        g_autoptr(GError) error = NULL;

        for (int i = first; i < first + n; i++) {
                g_autofree char *id = g_strdup_printf("%08d-0000-4000-8000-000000000000", i);
                Slot slot = slot_at(now - 60 * SEC, 1);

                add_row(rows, id, SLOT_SHORT, &slot);
                add_row(rows, id, SLOT_LONG, &slot);
        }
        g_assert_true(store_put_history(f->store, rows, now, &error));
        g_assert_no_error(error);
}

/* A day later they are too old for one table, and 4 weeks later for the other. */
static void test_subjects_that_come_and_go_leave_nothing(Fixture *f, gconstpointer unused) {
        double size = 0;

        for (int i = 0; i < 100; i++) {
                put_strangers(f, i * 100, 100, START + i * (int64_t)G_TIME_SPAN_DAY);
                if (i == 40)
                        size = mbytes(f);
        }
        g_assert_cmpint(count_rows(f, "history_subjects"), ==, 28 * 100);
        g_assert_cmpint(count_rows(f, "history_long"), ==, 28 * 100);
        g_assert_cmpint(count_rows(f, "history_short"), ==, 100);
        g_assert_cmpfloat(mbytes(f), <, size * 1.05); /* what was free is used again */
}

/* The bytes ------------------------------------------------------------------------- */

static void test_a_slot_is_the_same_after_its_bytes(void) {
        Slot slot = slot_at(START, 3), read = { .start = START };

        slot.min[METRIC_WRITE_TIME] = slot.mean[METRIC_WRITE_TIME] = 0;
        slot.max[METRIC_WRITE_TIME] = 1e30f;
        for (int step = 0; step < _SLOT_STEP_MAX; step++) {
                g_autoptr(GByteArray) blob = g_byte_array_new();

                slot_to_blob(&slot, (SlotStep)step, blob);
                g_assert_cmpuint(blob->len, ==, step == SLOT_LONG ? 28 : 12);
                g_assert_cmpint(slot_from_blob(blob->data, blob->len, (SlotStep)step, &read), ==,
                                blob->len);
                g_assert_cmpfloat(read.mean[METRIC_CPU], ==, 3);
                g_assert_cmpfloat(read.mean[METRIC_WRITE_TIME], ==, 0);
                g_assert_cmpfloat(read.max[METRIC_WRITE_TIME], ==, step == SLOT_LONG ? 1e30f : 0);
                g_assert_true(isnan(read.mean[METRIC_BALLOON]));
        }
}

static void test_bytes_of_a_newer_daemon_are_read_as_far_as_known(void) {
        static const uint8_t newer[] = { 1, 0, 0, 0x80, 0, 0, 0x40, 0x40, 0, 0, 0, 0 };
        static const uint8_t odd[] = { 1, 0, 0, 0, 0, 0, 0x80, 0x7f }; /* infinity */
        Slot slot;

        g_assert_cmpint(slot_from_blob(newer, sizeof(newer), SLOT_SHORT, &slot), ==, 12);
        g_assert_cmpfloat(slot.mean[METRIC_CPU], ==, 3);
        g_assert_cmpint(slot_from_blob(odd, sizeof(odd), SLOT_SHORT, &slot), ==, 8);
        g_assert_true(isnan(slot.mean[METRIC_CPU]));
        for (size_t size = 0; size < sizeof(newer); size++)
                g_assert_cmpint(slot_from_blob(newer, size, SLOT_SHORT, &slot), ==, -EBADMSG);
        g_assert_cmpint(slot_from_blob(newer, sizeof(newer), SLOT_LONG, &slot), ==, -EBADMSG);
        g_assert_cmpint(slot_from_blob(NULL, 0, SLOT_LONG, &slot), ==, -EBADMSG);
}

#define ADD(name, function) \
        g_test_add("/store-history/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("what is put is loaded after a restart", test_what_is_put_is_loaded_after_a_restart);
        ADD("a part of the time is loaded in order", test_a_part_of_the_time_is_loaded_in_order);
        ADD("what is too old goes", test_what_is_too_old_goes);
        g_test_add("/store-history/a clock that was ahead costs twice its time", Fixture,
                   GINT_TO_POINTER(365), set_up, test_a_clock_that_was_wrong_costs_twice_its_time,
                   tear_down);
        g_test_add("/store-history/a clock that was behind costs twice its time", Fixture,
                   GINT_TO_POINTER(-365), set_up, test_a_clock_that_was_wrong_costs_twice_its_time,
                   tear_down);
        ADD("slots that follow each other are a row", test_slots_that_follow_each_other_are_a_row);
        ADD("a row is full at last", test_a_row_is_full_at_last);
        ADD("of two slots at a time the later stays", test_of_two_slots_at_a_time_the_later_stays);
        ADD("the number of rows is bounded", test_the_number_of_rows_is_bounded);
        ADD("a write that fails leaves nothing", test_a_write_that_fails_leaves_nothing);
        ADD("a subject has its last name", test_a_subject_has_its_last_name);
        ADD("it is as large as it says at most", test_it_is_as_large_as_it_says_at_most);
        ADD("subjects that come and go leave nothing",
            test_subjects_that_come_and_go_leave_nothing);
        g_test_add_func("/store-history/a slot is the same after its bytes",
                        test_a_slot_is_the_same_after_its_bytes);
        g_test_add_func("/store-history/bytes of a newer daemon are read as far as known",
                        test_bytes_of_a_newer_daemon_are_read_as_far_as_known);
        return g_test_run();
}
