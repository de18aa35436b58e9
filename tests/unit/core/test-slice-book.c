/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-book.h"

#include <string.h>

#include "daemon/core/store-query.h"
#include "tests/unit/core/made-up-host.h"
#include "xml/ferry-error.h"

#define DB1        "11111111-1111-1111-1111-111111111111"
#define WEB        "22222222-2222-2222-2222-222222222222"
#define BATCH      "33333333-3333-3333-3333-333333333333"
#define LATE       "44444444-4444-4444-4444-444444444444"

#define TWO_CORES  "<slice version='1'><cores count='2' exclusive='yes'/></slice>"
#define FOUR_CORES "<slice version='1'><cores count='4' exclusive='yes'/></slice>"
#define LIMITED    "<slice version='1'><cores count='2' exclusive='yes'/><block weight='500'/></slice>"
#define EFFORT                                                                         \
        "<slice version='1' priority='best-effort'><cores count='3' exclusive='yes'/>" \
        "<memory size='64' unit='MiB'/></slice>"
#define TOO_MUCH "<slice version='1'><cores count='5' exclusive='yes'/></slice>"

/* Of four cores. */
static const MadeUpHostSize small_host = { .nodes = 2, .cores = 2, .memory_mib = 128, .vfs = 2 };

typedef struct Fixture {
        MadeUpHost *host;
        Store *store;
        SliceBook *book;
        GString *told;
} Fixture;

static int64_t now;

static int64_t clock_now(void) {
        return now;
}

static const char *const change_words[] = { "added", "changed", "removed" };

/* What the listener sees is stored already. */
static void on_change(void *userdata, SliceChange change, const SliceEntry *entry) {
        Fixture *f = userdata;
        g_autofree char *stored = made_up_host_dump_stored(f->store), *line = NULL;
        g_autoptr(GPtrArray) one = g_ptr_array_new();

        g_ptr_array_add(one, (void *)entry);
        line = made_up_host_dump(one);
        g_assert_true((strstr(stored, line) != NULL) == (change != SLICE_REMOVED));
        g_assert_true((slice_book_find(f->book, entry->domain_uuid) == entry) ==
                      (change != SLICE_REMOVED));
        g_string_append_printf(f->told, "%s %s %s; ", change_words[change], entry->domain_name,
                               slice_state_to_string(entry->state));
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        now = 1000;
        f->host = made_up_host_new(&small_host);
        f->store = store_open(":memory:", &error);
        g_assert_no_error(error);
        f->told = g_string_new(NULL);
        f->book = slice_book_new(f->store);
        slice_book_set_clock(f->book, clock_now);
        slice_book_set_listener(f->book, on_change, f);
        slice_book_set_capacity(f->book, made_up_host_capacity(f->host));
}

static void tear_down(Fixture *f, gconstpointer unused) {
        slice_book_free(f->book);
        store_close(f->store);
        made_up_host_free(f->host);
        g_string_free(f->told, TRUE);
}

/* Asking -------------------------------------------------------------------------------- */

static const char *name_of(const char *uuid) {
        return g_str_equal(uuid, DB1)    ? "db1"
               : g_str_equal(uuid, WEB)  ? "web"
               : g_str_equal(uuid, LATE) ? "late"
                                         : "batch";
}

static Slice *read_wish(const char *xml) {
        g_autoptr(GError) error = NULL;
        Slice *wish = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return wish;
}

static bool try_allocate(Fixture *f, const char *uuid, const char *xml, GError **error) {
        g_autoptr(Slice) wish = read_wish(xml);

        return slice_book_allocate(f->book, uuid, name_of(uuid), wish, 0, NULL, error);
}

static const SliceEntry *allocate(Fixture *f, const char *uuid, const char *xml) {
        g_autoptr(GError) error = NULL;
        bool done = try_allocate(f, uuid, xml, &error);

        g_assert_no_error(error);
        g_assert_true(done);
        return slice_book_find(f->book, uuid);
}

static void refuse(Fixture *f, const char *uuid, const char *xml, FerryError code) {
        g_autoptr(GError) error = NULL;

        g_assert_false(try_allocate(f, uuid, xml, &error));
        g_assert_error(error, FERRY_ERROR, code);
}

static void enter(Fixture *f, const char *uuid, SliceState state) {
        g_autoptr(GError) error = NULL;

        g_assert_true(slice_book_enter(f->book, uuid, state, &error));
        g_assert_no_error(error);
}

static void assert_told(Fixture *f, const char *expected) {
        g_assert_cmpstr(f->told->str, ==, expected);
        g_string_truncate(f->told, 0);
}

/* Seeing -------------------------------------------------------------------------------- */

static uint64_t count_cores(const Fixture *f) {
        static const char *const cores[] = { "core:0", "core:2", "core:4", "core:6" };
        uint64_t n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
                n += capacity_granted(slice_book_capacity(f->book), cores[i]);
        return n / SLICE_SHARE_FULL / 2;
}

/* All that can be seen of a book, and that it agrees with the store and the host. */
static char *dump(const Fixture *f) {
        g_autoptr(GPtrArray) list = slice_book_list(f->book), all = made_up_host_list(f->book);
        g_autofree char *entries = made_up_host_dump(all),
                        *stored = made_up_host_dump_stored(f->store);
        g_autofree char *problem = made_up_host_check(f->host, list);

        g_assert_cmpstr(entries, ==, stored);
        g_assert_cmpstr(problem, ==, NULL);
        return g_strdup_printf("%s%" G_GUINT64_FORMAT " cores, %" G_GUINT64_FORMAT " bytes",
                               entries, count_cores(f),
                               capacity_granted(slice_book_capacity(f->book), "memory:0") +
                                       capacity_granted(slice_book_capacity(f->book), "memory:1"));
}

/* One that a restart makes of the same store is the same. */
static void assert_reload_equals(Fixture *f) {
        g_autofree char *before = dump(f), *after = NULL;
        SliceBook *old = f->book;
        g_autoptr(GError) error = NULL;

        f->book = slice_book_new(f->store);
        slice_book_set_capacity(f->book, made_up_host_capacity(f->host));
        g_assert_true(slice_book_load(f->book, &error));
        g_assert_no_error(error);
        after = dump(f);
        g_assert_cmpstr(after, ==, before);

        slice_book_free(f->book);
        f->book = old;
}

/* Allocating ---------------------------------------------------------------------------- */

static void test_a_slice_is_stored_then_told(Fixture *f, gconstpointer unused) {
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(Slice) wish = read_wish(TWO_CORES);
        const SliceEntry *entry;

        g_assert_true(slice_book_allocate(f->book, DB1, "db1", wish, 5000, &placement, NULL));
        entry = slice_book_find(f->book, DB1);
        g_assert_cmpstr(entry->domain_name, ==, "db1");
        g_assert_cmpint(entry->state, ==, SLICE_PROMISED);
        g_assert_cmpint(entry->created, ==, 1000);
        g_assert_cmpint(entry->changed, ==, 1000);
        g_assert_cmpint(entry->expires, ==, 5000);
        g_assert_true(slice_equal(entry->wish, wish));
        g_assert_cmpuint(entry->grants->len, ==, placement->grants->len);
        g_assert_cmpuint(count_cores(f), ==, 2);
        assert_told(f, "added db1 promised; ");
        assert_reload_equals(f);
}

static void test_a_change_keeps_its_place(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) list = NULL;
        const SliceEntry *entry;

        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, "<slice version='1'><memory size='1' unit='MiB'/></slice>");
        enter(f, DB1, SLICE_ENFORCED);
        assert_told(f, "added db1 promised; added web promised; changed db1 enforced; ");

        now = 2000;
        entry = allocate(f, DB1, FOUR_CORES);
        g_assert_cmpint(entry->state, ==, SLICE_PROMISED);
        g_assert_cmpint(entry->created, ==, 1000);
        g_assert_cmpint(entry->changed, ==, 2000);
        g_assert_cmpuint(count_cores(f), ==, 4);
        assert_told(f, "changed db1 promised; ");

        list = slice_book_list(f->book);
        g_assert_true(list->pdata[0] == entry);
        assert_reload_equals(f);
}

static void test_asking_for_what_is_there_writes_nothing(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        allocate(f, DB1, TWO_CORES);
        enter(f, DB1, SLICE_ENFORCED);
        before = dump(f);
        g_string_truncate(f->told, 0);

        now = 2000;
        store_fail_write(f->store, 0);
        allocate(f, DB1, TWO_CORES);
        enter(f, DB1, SLICE_ENFORCED);
        g_assert_true(slice_book_expire(f->book, DB1, 0, NULL));
        store_fail_write(f->store, -1);
        assert_told(f, "");
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
}

static void test_another_limit_is_to_be_enforced(Fixture *f, gconstpointer unused) {
        allocate(f, DB1, TWO_CORES);
        enter(f, DB1, SLICE_ENFORCED);
        g_string_truncate(f->told, 0);
        allocate(f, DB1, LIMITED);
        assert_told(f, "changed db1 promised; ");
        g_assert_cmpuint(count_cores(f), ==, 2);
        assert_reload_equals(f);
}

static void test_another_name_needs_no_enforcing(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish(TWO_CORES);

        allocate(f, DB1, TWO_CORES);
        enter(f, DB1, SLICE_ENFORCED);
        g_assert_true(slice_book_allocate(f->book, DB1, "db2", wish, 0, NULL, NULL));
        g_assert_cmpstr(slice_book_find(f->book, DB1)->domain_name, ==, "db2");
        g_assert_cmpint(slice_book_find(f->book, DB1)->state, ==, SLICE_ENFORCED);
        assert_reload_equals(f);
        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        g_assert_cmpuint(count_cores(f), ==, 0);
}

static void test_what_is_refused_changes_nothing(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, TWO_CORES);
        before = dump(f);
        g_string_truncate(f->told, 0);

        store_fail_write(f->store, 0);
        refuse(f, WEB, FOUR_CORES, FERRY_ERROR_NO_RESOURCES);
        refuse(f, LATE, TWO_CORES, FERRY_ERROR_NO_RESOURCES);
        refuse(f, WEB, TOO_MUCH, FERRY_ERROR_INVALID_REQUEST);
        store_fail_write(f->store, -1);
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
        assert_told(f, "");
}

static void test_trying_changes_nothing(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish(FOUR_CORES);
        g_autoptr(SlicePlacement) placement = NULL;
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;

        allocate(f, DB1, TWO_CORES);
        before = dump(f);
        placement = slice_book_try(f->book, DB1, wish, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(placement->grants->len, ==, 4);
        after = dump(f);
        g_assert_cmpstr(after, ==, before);

        g_assert_null(slice_book_try(f->book, WEB, wish, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
}

static void test_what_is_given_back_can_be_had(Fixture *f, gconstpointer unused) {
        allocate(f, DB1, FOUR_CORES);
        refuse(f, WEB, TWO_CORES, FERRY_ERROR_NO_RESOURCES);
        g_string_truncate(f->told, 0);
        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        assert_told(f, "removed db1 promised; ");
        g_assert_null(slice_book_find(f->book, DB1));
        allocate(f, WEB, FOUR_CORES);
        assert_reload_equals(f);
}

static void test_a_domain_without_a_slice_is_named(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL, other = NULL, third = NULL;

        g_assert_false(slice_book_deallocate(f->book, DB1, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
        g_assert_cmpstr(error->message, ==, "Domain " DB1 " has no hardware slice");
        g_assert_false(slice_book_enter(f->book, DB1, SLICE_ENFORCED, &other));
        g_assert_error(other, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
        g_assert_false(slice_book_expire(f->book, DB1, 0, &third));
        g_assert_error(third, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
}

/* A guest was removed and another one has its name now. */
static void test_two_domains_of_one_name_have_a_slice_each(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish(TWO_CORES);

        allocate(f, DB1, TWO_CORES);
        g_assert_true(slice_book_allocate(f->book, WEB, "db1", wish, 0, NULL, NULL));
        g_assert_cmpuint(count_cores(f), ==, 4);
        assert_reload_equals(f);

        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        g_assert_cmpuint(count_cores(f), ==, 2);
        allocate(f, LATE, TWO_CORES);
        g_assert_true(slice_book_allocate(f->book, WEB, "db1", wish, 9, NULL, NULL));
        g_assert_true(slice_book_deallocate(f->book, WEB, NULL));
        g_assert_cmpuint(count_cores(f), ==, 2);
        assert_reload_equals(f);
}

/* All or nothing -------------------------------------------------------------------------- */

static void test_a_write_that_fails_leaves_no_trace(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL;
        bool done = false;
        int n;

        allocate(f, BATCH, EFFORT);
        allocate(f, DB1, "<slice version='1'><cores count='1' exclusive='yes'/></slice>");
        before = dump(f);
        g_string_truncate(f->told, 0);

        for (n = 0; !done; n++) {
                g_autofree char *after = NULL;
                g_autoptr(GError) error = NULL;

                store_fail_write(f->store, n);
                done = try_allocate(f, DB1, FOUR_CORES, &error);
                if (done)
                        break;

                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                after = dump(f);
                g_assert_cmpstr(after, ==, before);
                assert_told(f, "");
        }
        g_assert_cmpint(n, ==, 4); /* begin, both slices, commit: all were tried */
        store_fail_write(f->store, -1);
        assert_told(f, "changed batch preempted; changed db1 promised; ");
        assert_reload_equals(f);
}

/* An ask of each kind, one of which is refused. */
static bool ask_many(Fixture *f, GError **error) {
        slice_book_begin(f->book);
        g_assert_true(slice_book_deallocate(f->book, WEB, NULL));
        refuse(f, LATE, TOO_MUCH, FERRY_ERROR_INVALID_REQUEST);
        allocate(f, LATE, TWO_CORES);
        enter(f, DB1, SLICE_ENFORCED);
        g_assert_true(slice_book_expire(f->book, DB1, 7000, NULL));
        return slice_book_commit(f->book, error);
}

static void test_one_refused_does_not_undo_the_others(Fixture *f, gconstpointer unused) {
        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, TWO_CORES);
        g_string_truncate(f->told, 0);
        store_fail_write(f->store, 100);
        g_assert_true(ask_many(f, NULL));
        g_assert_cmpint(f->store->fail_write, ==, 100 - 5); /* begin, three slices, commit */
        store_fail_write(f->store, -1);
        assert_told(f, "removed web promised; added late promised; changed db1 enforced; ");
        g_assert_cmpint(slice_book_find(f->book, DB1)->expires, ==, 7000);
        assert_reload_equals(f);
}

static void test_a_commit_that_fails_is_as_if_nothing_was_asked(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL;
        bool done = false;

        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, TWO_CORES);
        before = dump(f);
        g_string_truncate(f->told, 0);

        for (int n = 0; !done; n++) {
                g_autofree char *after = NULL;
                g_autoptr(GError) error = NULL;

                store_fail_write(f->store, n);
                done = ask_many(f, &error);
                g_assert_cmpint(done, ==, n == 5);
                if (done)
                        break;

                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                after = dump(f);
                g_assert_cmpstr(after, ==, before);
                assert_told(f, "");
        }
        store_fail_write(f->store, -1);
        assert_reload_equals(f);
}

static void test_an_ask_builds_on_the_one_before(Fixture *f, gconstpointer unused) {
        slice_book_begin(f->book);
        allocate(f, DB1, TWO_CORES);
        allocate(f, DB1, FOUR_CORES);
        refuse(f, WEB, TWO_CORES, FERRY_ERROR_NO_RESOURCES);
        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, TWO_CORES);
        assert_told(f, "");
        g_assert_true(slice_book_commit(f->book, NULL));
        assert_told(f, "added db1 promised; added web promised; ");
        assert_reload_equals(f);
}

static void test_what_comes_and_goes_in_one_batch_was_never_there(Fixture *f,
                                                                  gconstpointer unused) {
        slice_book_begin(f->book);
        allocate(f, DB1, TWO_CORES);
        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        g_assert_true(slice_book_commit(f->book, NULL));
        assert_told(f, "");
        g_assert_cmpuint(count_cores(f), ==, 0);
        assert_reload_equals(f);
}

static void test_what_goes_and_comes_in_one_batch_has_changed(Fixture *f, gconstpointer unused) {
        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, TWO_CORES);
        g_string_truncate(f->told, 0);

        slice_book_begin(f->book);
        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        allocate(f, DB1, LIMITED);
        enter(f, DB1, SLICE_ENFORCED);
        g_assert_true(slice_book_commit(f->book, NULL));
        assert_told(f, "changed db1 enforced; ");
        assert_reload_equals(f);
}

static void test_an_empty_batch_writes_nothing(Fixture *f, gconstpointer unused) {
        store_fail_write(f->store, 0);
        slice_book_begin(f->book);
        refuse(f, DB1, TOO_MUCH, FERRY_ERROR_INVALID_REQUEST);
        g_assert_true(slice_book_commit(f->book, NULL));
}

/* Best effort ----------------------------------------------------------------------------- */

static void test_best_effort_gives_way_and_keeps_its_wish(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish(EFFORT);
        const SliceEntry *entry;

        allocate(f, BATCH, EFFORT);
        enter(f, BATCH, SLICE_ENFORCED);
        g_string_truncate(f->told, 0);
        now = 2000;
        allocate(f, DB1, TWO_CORES);
        assert_told(f, "changed batch preempted; added db1 promised; ");

        entry = slice_book_find(f->book, BATCH);
        g_assert_cmpuint(entry->grants->len, ==, 0);
        g_assert_cmpint(entry->changed, ==, 2000);
        g_assert_true(slice_equal(entry->wish, wish));
        g_assert_cmpuint(count_cores(f), ==, 2);
        assert_reload_equals(f);
}

static void test_what_was_preempted_comes_back_by_asking(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        allocate(f, BATCH, EFFORT);
        allocate(f, DB1, TWO_CORES);
        g_assert_false(slice_book_enter(f->book, BATCH, SLICE_ENFORCED, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        g_assert_cmpstr(error->message, ==,
                        "The hardware slice of guest batch is preempted and cannot be enforced");
        refuse(f, BATCH, EFFORT, FERRY_ERROR_NO_RESOURCES);

        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        g_assert_cmpint(allocate(f, BATCH, EFFORT)->state, ==, SLICE_PROMISED);
        g_assert_cmpuint(count_cores(f), ==, 3);
        assert_reload_equals(f);
}

#define ONE_EFFORT \
        "<slice version='1' priority='best-effort'><cores count='1' exclusive='yes'/></slice>"
#define OTHER_EFFORT                                                                   \
        "<slice version='1' priority='best-effort'><cores count='1' exclusive='yes'/>" \
        "<block weight='500'/></slice>"

static void test_a_change_makes_nobody_younger(Fixture *f, gconstpointer unused) {
        allocate(f, BATCH, ONE_EFFORT);
        allocate(f, WEB, ONE_EFFORT);
        allocate(f, BATCH, OTHER_EFFORT);
        allocate(f, DB1, "<slice version='1'><cores count='3' exclusive='yes'/></slice>");
        g_assert_cmpint(slice_book_find(f->book, BATCH)->state, ==, SLICE_PROMISED);
        g_assert_cmpint(slice_book_find(f->book, WEB)->state, ==, SLICE_PREEMPTED);
        assert_reload_equals(f);
}

static void test_preempting_is_not_asked_for(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        allocate(f, DB1, TWO_CORES);
        g_assert_false(slice_book_enter(f->book, DB1, SLICE_PREEMPTED, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        enter(f, DB1, SLICE_ENFORCED);
        enter(f, DB1, SLICE_PROMISED);
}

static void test_it_is_where_it_is_bound_to_and_stays_as_it_is_wished(Fixture *f,
                                                                      gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish("<slice version='1'><function name='f'/></slice>"),
                         at = slice_copy(wish);

        ((SliceFunction *)at->functions->pdata[0])->parent = g_strdup("0000:31:00.0");
        g_assert_true(slice_book_allocate_at(f->book, DB1, "db1", wish, at, 0, NULL, NULL));
        g_assert_true(slice_equal(slice_book_find(f->book, DB1)->wish, wish));
        assert_told(f, "added db1 promised; ");
        g_assert_cmpuint(capacity_granted(slice_book_capacity(f->book), "vf-pool:0000:31:00.0"), ==,
                         1);
}

/* Releasing ------------------------------------------------------------------------------- */

static void release(Fixture *f, const char *uuid) {
        g_autoptr(GError) error = NULL;

        g_assert_true(slice_book_release(f->book, uuid, &error));
        g_assert_no_error(error);
}

static void test_what_is_releasing_is_nobodys_and_kept(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish(TWO_CORES);
        g_autoptr(GError) error = NULL;
        const SliceEntry *entry;

        g_assert_true(slice_book_allocate(f->book, DB1, "db1", wish, 5000, NULL, NULL));
        enter(f, DB1, SLICE_ENFORCED);
        g_string_truncate(f->told, 0);
        release(f, DB1);
        assert_told(f, "removed db1 enforced; ");
        g_assert_null(slice_book_find(f->book, DB1));
        g_assert_cmpint(slice_book_next_expiry(f->book), ==, 0);
        g_assert_false(slice_book_release(f->book, DB1, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
        entry = slice_book_find_releasing(f->book, DB1);
        g_assert_cmpuint(entry->grants->len, ==, 2);
        assert_reload_equals(f);

        allocate(f, WEB, FOUR_CORES);
        assert_reload_equals(f);
        g_string_truncate(f->told, 0);
        g_assert_true(slice_book_end_release(f->book, DB1, NULL));
        g_assert_true(slice_book_end_release(f->book, WEB, NULL));
        g_assert_nonnull(slice_book_find(f->book, WEB));
        assert_told(f, "");
        assert_reload_equals(f);
}

static void test_a_new_slice_ends_the_release_of_the_old_one(Fixture *f, gconstpointer unused) {
        allocate(f, DB1, TWO_CORES);
        release(f, DB1);
        g_string_truncate(f->told, 0);
        allocate(f, DB1, FOUR_CORES);
        assert_told(f, "added db1 promised; ");
        g_assert_null(slice_book_find_releasing(f->book, DB1));
        assert_reload_equals(f);
}

/* A guest has what there was before. */
static void test_what_came_in_the_batch_needs_no_release(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        allocate(f, DB1, TWO_CORES);
        release(f, DB1);
        before = dump(f);
        g_string_truncate(f->told, 0);

        slice_book_begin(f->book);
        allocate(f, DB1, FOUR_CORES);
        release(f, DB1);
        allocate(f, WEB, FOUR_CORES);
        release(f, WEB);
        g_assert_true(slice_book_commit(f->book, NULL));
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
        assert_told(f, "");
        assert_reload_equals(f);
}

static void test_what_was_changed_in_the_batch_is_released_as_it_was(Fixture *f,
                                                                     gconstpointer unused) {
        allocate(f, DB1, TWO_CORES);
        slice_book_begin(f->book);
        allocate(f, DB1, FOUR_CORES);
        release(f, DB1);
        g_assert_true(slice_book_commit(f->book, NULL));
        g_assert_cmpuint(slice_book_find_releasing(f->book, DB1)->grants->len, ==, 2);
        assert_reload_equals(f);
}

static void test_a_release_that_is_not_stored_has_not_begun(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL;
        bool done = false;
        int n;

        allocate(f, DB1, TWO_CORES);
        allocate(f, BATCH, ONE_EFFORT);
        release(f, BATCH);
        before = dump(f);
        for (n = 0; !done; n++) {
                g_autofree char *after = NULL;

                store_fail_write(f->store, n);
                slice_book_begin(f->book);
                g_assert_true(slice_book_release(f->book, DB1, NULL));
                g_assert_true(slice_book_end_release(f->book, BATCH, NULL));
                allocate(f, WEB, FOUR_CORES);
                done = slice_book_commit(f->book, NULL);
                after = dump(f);
                g_assert_true(done != g_str_equal(after, before));
        }
        g_assert_cmpint(n, ==, 6); /* begin, the three, commit, and then none of them */
        store_fail_write(f->store, -1);
        assert_reload_equals(f);
}

/* Time ------------------------------------------------------------------------------------ */

static void test_the_next_expiry_is_the_first_one(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = read_wish("<slice version='1'/>");

        g_assert_cmpint(slice_book_next_expiry(f->book), ==, 0);
        allocate(f, LATE, "<slice version='1'/>");
        g_assert_cmpint(slice_book_next_expiry(f->book), ==, 0);
        g_assert_true(slice_book_allocate(f->book, DB1, "db1", wish, 5000, NULL, NULL));
        g_assert_true(slice_book_allocate(f->book, WEB, "web", wish, 4000, NULL, NULL));
        g_assert_cmpint(slice_book_next_expiry(f->book), ==, 4000);
        g_assert_true(slice_book_expire(f->book, WEB, 0, NULL));
        g_assert_cmpint(slice_book_next_expiry(f->book), ==, 5000);
        assert_reload_equals(f);
}

/* Other capacity -------------------------------------------------------------------------- */

static void test_a_new_capacity_has_the_grants_again(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        allocate(f, DB1, TWO_CORES);
        before = dump(f);
        slice_book_set_capacity(f->book, made_up_host_capacity(f->host));
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
        refuse(f, WEB, FOUR_CORES, FERRY_ERROR_NO_RESOURCES);
}

static void test_capacity_may_change_while_changes_are_collected(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;

        allocate(f, DB1, TWO_CORES);
        before = dump(f);

        slice_book_begin(f->book);
        g_assert_true(slice_book_deallocate(f->book, DB1, NULL));
        slice_book_set_capacity(f->book, made_up_host_capacity(f->host));
        allocate(f, WEB, FOUR_CORES);
        store_fail_write(f->store, 0);
        g_assert_false(slice_book_commit(f->book, &error));
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
        refuse(f, WEB, FOUR_CORES, FERRY_ERROR_NO_RESOURCES);
}

static void test_loading_again_takes_nothing_twice(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        allocate(f, DB1, TWO_CORES);
        allocate(f, WEB, TWO_CORES);
        before = dump(f);
        g_assert_true(slice_book_load(f->book, NULL));
        after = dump(f);
        g_assert_cmpstr(after, ==, before);
        g_assert_true(slice_book_deallocate(f->book, WEB, NULL));
        allocate(f, LATE, TWO_CORES);
        assert_reload_equals(f);
}

/* What a person did with sqlite3 ------------------------------------------------------------ */

static void refuse_to_load(Fixture *f, const char *sql, const char *beginning) {
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GPtrArray) list = NULL, again = NULL;
        g_autoptr(GError) error = NULL;

        allocate(f, DB1, TWO_CORES);
        list = slice_book_list(f->book);
        before = made_up_host_dump(list);
        g_assert_cmpint(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
        g_assert_false(slice_book_load(f->book, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_true(g_str_has_prefix(error->message, beginning));

        again = slice_book_list(f->book);
        after = made_up_host_dump(again);
        g_assert_cmpstr(after, ==, before);
}

static void test_a_state_that_nobody_knows_is_refused(Fixture *f, gconstpointer unused) {
        refuse_to_load(f, "UPDATE slices SET state = 'flying'",
                       "The database :memory: cannot be read: the hardware slice of guest db1 has "
                       "the state 'flying', which this version does not know; move the file away "
                       "to begin without it");
}

static void test_a_wish_that_nobody_knows_is_refused(Fixture *f, gconstpointer unused) {
        refuse_to_load(f, "UPDATE slices SET wish = '<slice version=''1''><wings/></slice>'",
                       "The database :memory: cannot be read: the hardware slice of guest db1 is "
                       "not one that this version knows (line 1: ");
}

#define ADD(name, function) \
        g_test_add("/slice-book/" name, Fixture, NULL, set_up, function, tear_down)

static void add_releases(void) {
        ADD("what is releasing is nobody's and kept", test_what_is_releasing_is_nobodys_and_kept);
        ADD("a new slice ends the release of the old one",
            test_a_new_slice_ends_the_release_of_the_old_one);
        ADD("what came in the batch needs no release",
            test_what_came_in_the_batch_needs_no_release);
        ADD("what was changed in the batch is released as it was",
            test_what_was_changed_in_the_batch_is_released_as_it_was);
        ADD("a release that is not stored has not begun",
            test_a_release_that_is_not_stored_has_not_begun);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a slice is stored, then told", test_a_slice_is_stored_then_told);
        ADD("a change keeps its place", test_a_change_keeps_its_place);
        ADD("asking for what is there writes nothing",
            test_asking_for_what_is_there_writes_nothing);
        ADD("another limit is to be enforced", test_another_limit_is_to_be_enforced);
        ADD("another name needs no enforcing", test_another_name_needs_no_enforcing);
        ADD("what is refused changes nothing", test_what_is_refused_changes_nothing);
        ADD("trying changes nothing", test_trying_changes_nothing);
        ADD("what is given back can be had", test_what_is_given_back_can_be_had);
        ADD("a domain without a slice is named", test_a_domain_without_a_slice_is_named);
        ADD("two domains of one name have a slice each",
            test_two_domains_of_one_name_have_a_slice_each);
        ADD("a write that fails leaves no trace", test_a_write_that_fails_leaves_no_trace);
        ADD("one that is refused does not undo the others",
            test_one_refused_does_not_undo_the_others);
        ADD("a commit that fails is as if nothing was asked",
            test_a_commit_that_fails_is_as_if_nothing_was_asked);
        ADD("an ask builds on the one before", test_an_ask_builds_on_the_one_before);
        ADD("what comes and goes in one batch was never there",
            test_what_comes_and_goes_in_one_batch_was_never_there);
        ADD("what goes and comes in one batch has changed",
            test_what_goes_and_comes_in_one_batch_has_changed);
        ADD("an empty batch writes nothing", test_an_empty_batch_writes_nothing);
        ADD("best effort gives way and keeps its wish",
            test_best_effort_gives_way_and_keeps_its_wish);
        ADD("what was preempted comes back by asking",
            test_what_was_preempted_comes_back_by_asking);
        ADD("a change makes nobody younger", test_a_change_makes_nobody_younger);
        ADD("preempting is not asked for", test_preempting_is_not_asked_for);
        ADD("it is where it is bound to and stays as it is wished",
            test_it_is_where_it_is_bound_to_and_stays_as_it_is_wished);
        add_releases();
        ADD("the next expiry is the first one", test_the_next_expiry_is_the_first_one);
        ADD("a new capacity has the grants again", test_a_new_capacity_has_the_grants_again);
        ADD("the capacity may change while changes are collected",
            test_capacity_may_change_while_changes_are_collected);
        ADD("loading again takes nothing twice", test_loading_again_takes_nothing_twice);
        ADD("a state that nobody knows is refused", test_a_state_that_nobody_knows_is_refused);
        ADD("a wish that nobody knows is refused", test_a_wish_that_nobody_knows_is_refused);
        return g_test_run();
}
