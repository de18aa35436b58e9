/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-book.h"

#include <math.h>

static DemandSeries *see(DemandBook *book, int n, int64_t monotonic) {
        g_autofree char *id = g_strdup_printf("guest-%d", n);

        return demand_book_see(book, SUBJECT_GUEST, id, METRIC_CPU, monotonic);
}

static DemandSeries *find(const DemandBook *book, int n) {
        g_autofree char *id = g_strdup_printf("guest-%d", n);

        return demand_book_find(book, SUBJECT_GUEST, id, METRIC_CPU);
}

static DemandBook *full_book(void) {
        DemandBook *book = demand_book_new();

        for (int i = 0; i < DEMAND_BOOK_MAX; i++)
                g_assert_nonnull(see(book, i, i));
        return book;
}

static void test_there_is_one_a_metric_of_a_subject(void) {
        g_autoptr(DemandBook) book = demand_book_new();
        DemandSeries *guest = demand_book_see(book, SUBJECT_GUEST, "a", METRIC_RECEIVE_BYTES, 1);
        DemandSeries *vf = demand_book_see(book, SUBJECT_VF, "a", METRIC_RECEIVE_BYTES, 2);
        DemandSeries *sent = demand_book_see(book, SUBJECT_VF, "a", METRIC_TRANSMIT_BYTES, 2);

        g_assert_true(guest != vf && vf != sent && guest != sent);
        g_assert_true(demand_book_see(book, SUBJECT_VF, "a", METRIC_RECEIVE_BYTES, 3) == vf);
        g_assert_cmpint(vf->seen, ==, 3);
        g_assert_true(demand_book_find(book, SUBJECT_GUEST, "a", METRIC_RECEIVE_BYTES) == guest);
        g_assert_null(demand_book_find(book, SUBJECT_PF, "a", METRIC_RECEIVE_BYTES));
        g_assert_cmpuint(demand_book_size(book), ==, 3);
}

static void test_decisions_have_their_metrics(void) {
        g_assert_true(demand_book_has_metric(SUBJECT_GUEST, METRIC_CPU));
        g_assert_true(demand_book_has_metric(SUBJECT_GUEST, METRIC_RESIDENT));
        g_assert_true(demand_book_has_metric(SUBJECT_GUEST, METRIC_WRITE_BYTES));
        g_assert_false(demand_book_has_metric(SUBJECT_GUEST, METRIC_READ_TIME));
        g_assert_true(demand_book_has_metric(SUBJECT_PF, METRIC_TRANSMIT_BYTES));
        g_assert_false(demand_book_has_metric(SUBJECT_VF, METRIC_CPU));
}

static void test_a_full_book_is_as_large_as_it_says(void) {
        g_autoptr(Demand) demand = demand_new(DEMAND_BOOK_STEP);

        g_assert_cmpuint(demand_size(demand), <=, 83 * 1024);
        g_assert_cmpuint(DEMAND_BOOK_MAX * demand_size(demand), <=, 331 * 1024 * 1024);
}

static void test_in_a_full_book_the_least_recently_seen_goes(void) {
        g_autoptr(DemandBook) book = full_book();

        see(book, 0, DEMAND_BOOK_MAX);
        g_assert_nonnull(see(book, 9999, DEMAND_BOOK_IDLE_USEC + 1));
        g_assert_null(find(book, 1));
        g_assert_nonnull(find(book, 0));
        g_assert_nonnull(find(book, 2));
        g_assert_cmpuint(demand_book_size(book), ==, DEMAND_BOOK_MAX);
}

static void test_who_was_seen_of_late_is_not_driven_out(void) {
        g_autoptr(DemandBook) book = full_book();

        g_assert_null(see(book, 9999, DEMAND_BOOK_IDLE_USEC - 1));
        g_assert_nonnull(find(book, 0));
        g_assert_nonnull(see(book, 0, DEMAND_BOOK_IDLE_USEC)); /* it is there */
}

static void test_who_goes_waits_for_nothing(void) {
        g_autoptr(DemandBook) book = full_book();

        demand_book_put_behind(book, find(book, 0));
        demand_book_put_behind(book, find(book, 1));
        g_assert_nonnull(see(book, 9999, DEMAND_BOOK_IDLE_USEC));
        g_assert_true(demand_book_take_behind(book) == find(book, 1));
        g_assert_null(demand_book_take_behind(book));
}

static void test_each_is_behind_once(void) {
        g_autoptr(DemandBook) book = demand_book_new();
        DemandSeries *a = see(book, 1, 0), *b = see(book, 2, 0);

        demand_book_put_behind(book, b);
        demand_book_put_behind(book, a);
        demand_book_put_behind(book, b);
        g_assert_true(demand_book_take_behind(book) == b);
        g_assert_false(b->behind);
        g_assert_true(demand_book_take_behind(book) == a);
        g_assert_null(demand_book_take_behind(book));
        demand_book_put_behind(book, b);
        g_assert_true(demand_book_take_behind(book) == b);
}

static void test_each_has_its_turn(void) {
        g_autoptr(DemandBook) book = demand_book_new();
        DemandSeries *a, *b;

        g_assert_null(demand_book_next_turn(book));
        a = see(book, 1, 0);
        b = see(book, 2, 0);
        see(book, 1, 1);
        g_assert_true(demand_book_next_turn(book) == a);
        g_assert_true(demand_book_next_turn(book) == b);
        g_assert_true(demand_book_next_turn(book) == a);
}

static void test_a_slot_is_learnt_once_and_a_gap_is_one(void) {
        g_autoptr(DemandBook) book = demand_book_new();
        DemandSeries *series = see(book, 1, 0);
        Slot slot = { .start = 300 * G_USEC_PER_SEC };

        series->demand = demand_new(DEMAND_BOOK_STEP);
        slot.mean[METRIC_CPU] = 0.5f;
        g_assert_true(demand_series_learn(series, &slot));
        g_assert_true(series->changed);
        series->changed = false;
        g_assert_false(demand_series_learn(series, &slot));
        g_assert_false(series->changed);
        slot.start *= 2;
        slot.mean[METRIC_CPU] = NAN;
        g_assert_true(demand_series_learn(series, &slot));
        g_assert_cmpint(demand_next(series->demand), ==, 900);
}

#define ADD(name, function) g_test_add_func("/demand-book/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("there is one a metric of a subject", test_there_is_one_a_metric_of_a_subject);
        ADD("decisions have their metrics", test_decisions_have_their_metrics);
        ADD("a full book is as large as it says", test_a_full_book_is_as_large_as_it_says);
        ADD("in a full book the least recently seen goes",
            test_in_a_full_book_the_least_recently_seen_goes);
        ADD("who was seen of late is not driven out", test_who_was_seen_of_late_is_not_driven_out);
        ADD("who goes waits for nothing", test_who_goes_waits_for_nothing);
        ADD("each is behind once", test_each_is_behind_once);
        ADD("each has its turn", test_each_has_its_turn);
        ADD("a slot is learnt once, and a gap is one", test_a_slot_is_learnt_once_and_a_gap_is_one);
        return g_test_run();
}
