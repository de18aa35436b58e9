/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/negotiate-fixture.h"

/* What a guest is given, and told, while devices are offered to the cluster. */

typedef struct Shared {
        Fixture host;
        ShareBook *shares;
} Shared;

static void set_up_shared(Shared *s, gconstpointer unused) {
        set_up(&s->host, NULL);
        s->shares = share_book_new(s->host.store);
        lease_book_set_shares(s->host.book, s->shares);
        add_parent(&s->host, "mtty", 2, "mtty-1");
        add_mdev(&s->host, "mtty", "mtty-1", U1);
        add_mdev(&s->host, "mtty", "mtty-1", U2);
}

static void tear_down_shared(Shared *s, gconstpointer unused) {
        lease_book_set_shares(s->host.book, NULL);
        share_book_free(s->shares);
        tear_down(&s->host, NULL);
}

static void offer(Shared *s, const char *device) {
        g_assert_true(share_book_give(s->shares, &(ShareOut){ (char *)device, 1 }, 1, NULL));
}

/* Of its last question. */
static void promise(Shared *s, const char *device) {
        share_book_note_promise(s->shares, device, s->host.domain->uuid, 1);
}

static void test_another_device_is_given(Shared *s, gconstpointer unused) {
        scan(&s->host);
        offer(s, U1);
        want(&s->host, U1, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U2);
}

static void test_without_another_the_sentence_says_so(Shared *s, gconstpointer unused) {
        scan(&s->host);
        offer(s, U1);
        (void)lease(&s->host, "db1", U2, LEASE_RUNNING);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(&s->host, 0)->ok);
        g_assert_cmpstr(answer_of(&s->host, 0)->reason, ==,
                        "hostdev0 needs an mdev of type mtty-1: of 2 in pool 'default' 1 is "
                        "offered to the cluster and 1 is leased to db1, and mtty has no instance "
                        "left: try again in a minute, or choose another host");
        g_assert_true(negotiate_wants_shared(s->host.answers));
}

static void test_it_is_supposed_to_be_back(Shared *s, gconstpointer unused) {
        scan(&s->host);
        offer(s, U1);
        share_book_note_promise(s->shares, U1, "99999999-2222-4333-8444-555555555555", 1);
        (void)lease(&s->host, "db1", U2, LEASE_RUNNING);
        share_book_suppose_back(s->shares, true);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(&s->host, 0)->ok); /* it is promised to another guest */

        share_book_forget_promises(s->shares, U1);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U1);
        share_book_suppose_back(s->shares, false);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(&s->host, 0)->ok);
}

static void test_what_is_short_for_another_reason_is_not_called_back(Shared *s,
                                                                     gconstpointer unused) {
        scan(&s->host);
        (void)lease(&s->host, "db1", U1, LEASE_RUNNING);
        (void)lease(&s->host, "db2", U2, LEASE_RUNNING);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(&s->host, 0)->ok);
        g_assert_false(negotiate_wants_shared(s->host.answers));
}

static void test_the_named_device_is_refused_for_the_moment(Shared *s, gconstpointer unused) {
        scan(&s->host);
        offer(s, U1);
        want(&s->host, U1, "pool='default'", NULL);
        g_assert_false(answer_here_of(&s->host, 0)->ok);
        g_assert_cmpstr(answer_here_of(&s->host, 0)->reason, ==,
                        "hostdev0 names " U1 ", which is offered to the cluster: try again in a "
                        "minute, or name another device");
        g_assert_true(negotiate_wants_shared(s->host.answers));
}

/* Better than the one of the same id, which is free for others then. */
static void test_what_was_promised_is_given_before_all(Shared *s, gconstpointer unused) {
        scan(&s->host);
        offer(s, U2);
        want(&s->host, U1, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U1);
        promise(s, U2);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U2);
}

static void test_who_was_promised_one_has_what_is_free_beside_it(Shared *s, gconstpointer unused) {
        scan(&s->host);
        offer(s, U2);
        want(&s->host, U9, NULL, SEEN_MTTY);
        (void)answer_of(&s->host, 0);
        promise(s, U2);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U2);
        g_assert_cmpstr(answer_of(&s->host, 1)->source, ==, U1);
}

static void test_who_has_it_already_keeps_it(Shared *s, gconstpointer unused) {
        scan(&s->host);
        (void)lease(&s->host, "g1", U1, LEASE_RESERVED);
        want(&s->host, U1, NULL, SEEN_MTTY);
        offer(s, U1);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U1);
}

/* Or there would be no place for the one that comes. */
static void test_a_pool_is_full_with_what_it_offers(Shared *s, gconstpointer unused) {
        use_pools(&s->host, "[Pool one]\nParent=mtty\nMax=1\n");
        scan(&s->host);
        offer(s, U1);
        want(&s->host, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(&s->host, 0)->ok);
        g_assert_cmpstr(answer_of(&s->host, 0)->reason, ==,
                        "hostdev0 needs an mdev of type mtty-1, but pool 'one' lets out 1 device "
                        "at a time and 1 is offered to the cluster: raise Max in [Pool one] of "
                        "virtferry.conf, or try again in a minute");
        g_assert_true(negotiate_wants_shared(s->host.answers));
        promise(s, U1);
        g_assert_cmpstr(answer_of(&s->host, 0)->source, ==, U1);
}

#define TEST(name, function) \
        g_test_add("/shared/" name, Shared, NULL, set_up_shared, function, tear_down_shared)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("another device is given", test_another_device_is_given);
        TEST("without another the sentence says so", test_without_another_the_sentence_says_so);
        TEST("what nobody was promised can be supposed to be back", test_it_is_supposed_to_be_back);
        TEST("what is short for another reason is not called back",
             test_what_is_short_for_another_reason_is_not_called_back);
        TEST("the named device is refused for the moment",
             test_the_named_device_is_refused_for_the_moment);
        TEST("what was promised is given before all", test_what_was_promised_is_given_before_all);
        TEST("who was promised one has what is free beside it",
             test_who_was_promised_one_has_what_is_free_beside_it);
        TEST("who has it already keeps it", test_who_has_it_already_keeps_it);
        TEST("a pool is full with what it offers", test_a_pool_is_full_with_what_it_offers);
        return g_test_run();
}
