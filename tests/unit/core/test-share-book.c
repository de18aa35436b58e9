/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/share-book.h"

#include "xml/ferry-error.h"

#define CORES  "cores"
#define VF     "0000:3b:10.0"
#define DOMAIN "11111111-2222-4333-8444-555555555555"
#define OTHER  "99999999-2222-4333-8444-555555555555"

typedef struct Fixture {
        Store *store;
        ShareBook *book;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        f->store = store_open(":memory:", &error);
        g_assert_no_error(error);
        f->book = share_book_new(f->store);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        share_book_free(f->book);
        store_close(f->store);
}

static void give(Fixture *f, const char *resource, int64_t amount) {
        g_autoptr(GError) error = NULL;

        g_assert_true(share_book_give(f->book, &(ShareOut){ (char *)resource, amount }, 1, &error));
        g_assert_no_error(error);
}

static void restart(Fixture *f) {
        g_autoptr(GError) error = NULL;

        share_book_free(f->book);
        f->book = share_book_new(f->store);
        g_assert_true(share_book_load(f->book, &error));
        g_assert_no_error(error);
}

static void test_what_is_out_is_so_after_a_restart(Fixture *f, gconstpointer unused) {
        give(f, CORES, 3);
        give(f, CORES, 4);
        give(f, VF, 1);
        restart(f);
        g_assert_cmpint(share_book_out(f->book, CORES), ==, 7);
        g_assert_cmpint(share_book_out(f->book, VF), ==, 1);
        g_assert_cmpint(share_book_out(f->book, "memory"), ==, 0);
}

static void test_what_is_back_is_so_at_once_and_stored_later(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) left = NULL;

        give(f, CORES, 7);
        give(f, VF, 1);
        share_book_take(f->book, CORES, 2);
        share_book_take(f->book, VF, 5);
        g_assert_cmpint(share_book_out(f->book, CORES), ==, 5);
        g_assert_cmpint(share_book_out(f->book, VF), ==, 0);
        restart(f);
        g_assert_cmpint(share_book_out(f->book, CORES), ==, 7); /* too much harms nobody */

        share_book_take(f->book, CORES, 2);
        share_book_take(f->book, VF, 1);
        g_assert_true(share_book_store(f->book, NULL));
        restart(f);
        g_assert_cmpint(share_book_out(f->book, CORES), ==, 5);
        left = share_book_list(f->book);
        g_assert_cmpuint(left->len, ==, 1);
}

/* Nothing may be offered that is not stored. */
static void test_all_of_it_is_out_or_nothing(Fixture *f, gconstpointer unused) {
        const ShareOut more[] = { { (char *)CORES, 2 }, { (char *)VF, 1 } };
        g_autoptr(GError) error = NULL;

        give(f, CORES, 1);
        store_fail_write(f->store, 0);
        g_assert_false(share_book_give(f->book, more, G_N_ELEMENTS(more), &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_cmpint(share_book_out(f->book, CORES), ==, 1);
        g_assert_cmpint(share_book_out(f->book, VF), ==, 0);
        restart(f);
        g_assert_cmpint(share_book_out(f->book, CORES), ==, 1);
        g_assert_cmpint(share_book_out(f->book, VF), ==, 0);
}

static void test_it_is_for_the_domain_that_it_is_promised_to(Fixture *f, gconstpointer unused) {
        give(f, CORES, 5);
        give(f, VF, 1);
        share_book_note_promise(f->book, CORES, DOMAIN, 2);
        share_book_note_promise(f->book, VF, DOMAIN, 1);
        g_assert_cmpint(share_book_kept_from(f->book, CORES, DOMAIN), ==, 3);
        g_assert_cmpint(share_book_kept_from(f->book, CORES, OTHER), ==, 5);
        g_assert_cmpint(share_book_kept_from(f->book, CORES, NULL), ==, 5);
        g_assert_cmpint(share_book_kept_from(f->book, VF, DOMAIN), ==, 0);
        g_assert_cmpstr(share_book_holder(f->book, VF), ==, DOMAIN);
        g_assert_true(share_book_has_promise(f->book, DOMAIN));
        g_assert_false(share_book_has_promise(f->book, OTHER));

        share_book_forget_promises(f->book, VF);
        g_assert_cmpint(share_book_kept_from(f->book, VF, DOMAIN), ==, 1);
        g_assert_null(share_book_holder(f->book, VF));
        g_assert_true(share_book_has_promise(f->book, DOMAIN)); /* of the cores */
        share_book_forget_promises(f->book, CORES);
        g_assert_false(share_book_has_promise(f->book, DOMAIN));
}

/* The cluster says it again. */
static void test_who_it_is_promised_to_is_not_known_after_a_restart(Fixture *f,
                                                                    gconstpointer unused) {
        give(f, VF, 1);
        share_book_note_promise(f->book, VF, DOMAIN, 1);
        restart(f);
        g_assert_cmpint(share_book_kept_from(f->book, VF, DOMAIN), ==, 1);
        g_assert_false(share_book_has_promise(f->book, DOMAIN));
}

static void test_it_is_called_back_for_a_minute(Fixture *f, gconstpointer unused) {
        const int64_t now = 1000 * G_USEC_PER_SEC;

        g_assert_false(share_book_call_back(f->book, now)); /* nothing is out */
        give(f, CORES, 1);
        g_assert_false(share_book_is_called_back(f->book, now));
        g_assert_true(share_book_call_back(f->book, now));
        g_assert_true(share_book_is_called_back(f->book, now));
        g_assert_true(share_book_is_called_back(f->book, now + SHARE_CALL_BACK_USEC - 1));
        g_assert_false(share_book_is_called_back(f->book, now + SHARE_CALL_BACK_USEC));
        g_assert_false(share_book_is_called_back(f->book, now - 1)); /* the clock was put back */
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/share-book/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("what is out is so after a restart", test_what_is_out_is_so_after_a_restart);
        ADD("what is back is so at once and stored later",
            test_what_is_back_is_so_at_once_and_stored_later);
        ADD("all of it is out or nothing", test_all_of_it_is_out_or_nothing);
        ADD("it is for the domain that it is promised to",
            test_it_is_for_the_domain_that_it_is_promised_to);
        ADD("who it is promised to is not known after a restart",
            test_who_it_is_promised_to_is_not_known_after_a_restart);
        ADD("it is called back for a minute", test_it_is_called_back_for_a_minute);
        return g_test_run();
}
