/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/balance.h"

#include <string.h>

#include "daemon/cluster/balance-world.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* Hosts of 16 CPUs and 64 GiB; a has three guests of 4 CPUs, b none. What is read is what a test
 * puts, and told when it says so. */
typedef struct BalanceFixture {
        Fixture manager;
        ClusterCopy *copy;
        Balances *balances;
        ClusterOps ops;
        int64_t revision;
        GHashTable *loads; /* key to text */
        ClusterEach each;
        ClusterReadEnd end; /* NULL: nothing is being read */
        void *reader;
        unsigned n_reads;
        GString *said; /* "g1 a>b\n", "absent b: WHY\n", "more\n", "error WHY\n" */
} BalanceFixture;

#define SIZE    "\"size\":{\"cpu\":1600,\"memory\":65536}"
#define CPUS(n) "\"bands\":{\"cpu\":[" #n "00," #n "00," #n "00],\"memory\":[1024,1024,1024]}"
/* The higher its number, the longer its move takes. */
#define GUEST(n) "\"g" #n "\":{\"name\":\"g" #n "\",\"duration\":" #n "0000," CPUS(4) "}"
#define NEEDY(n)                                                                           \
        "\"g" #n "\":{\"name\":\"g" #n "\"," CPUS(4) ",\"wants\":[{\"name\":\"hostdev0\"," \
                                                     "\"kind\":0}]}"
#define MDEV "\"kinds\":[{\"class\":\"mdev\",\"type\":\"mtty-1\"}],"

static void read_loads(void *userdata, const char *below, ClusterEach each, ClusterReadEnd end,
                       void *read_userdata) {
        BalanceFixture *f = userdata;

        g_assert_cmpstr(below, ==, "loads/");
        g_assert_null(f->end);
        f->each = each;
        f->end = end;
        f->reader = read_userdata;
        f->n_reads++;
}

static void finish(BalanceFixture *f, const char *why) {
        ClusterReadEnd end = g_steal_pointer(&f->end);
        GHashTableIter iter;
        void *key, *text;

        g_assert_nonnull(end);
        g_hash_table_iter_init(&iter, f->loads);
        while (g_hash_table_iter_next(&iter, &key, &text))
                f->each(f->reader, key, text);
        end(f->reader, why);
}

static void tell(BalanceFixture *f, const char *kind, const char *host, const char *text) {
        g_autofree char *key = g_strconcat(kind, host, NULL);
        g_autoptr(GError) error = NULL;

        f->revision++;
        cluster_copy_key(f->copy, key, text, text ? f->revision : 0, f->revision, &error);
        g_assert_no_error(error);
}

/* `members` follow the sizes; it tells `ago` seconds after it did. */
static void put_load(BalanceFixture *f, const char *host, int64_t ago, const char *members) {
        int64_t at = f->manager.manager->now() / G_USEC_PER_SEC - ago;

        g_hash_table_replace(f->loads, g_strconcat("loads/", host, NULL),
                             g_strdup_printf("{\"schema\":1,\"at\":%" G_GINT64_FORMAT "%s%s}", at,
                                             *members ? "," : "", members));
}

static void add_host(BalanceFixture *f, const char *host, const char *members) {
        tell(f, "hosts/", host, "{\"schema\":1,\"uri\":\"test:///b\"}");
        tell(f, "maps/", host,
             "{\"schema\":1,\"kinds\":[{\"class\":\"mdev\",\"type\":\"mtty-2\",\"total\":1,"
             "\"free\":1}]}");
        put_load(f, host, 0, members);
}

static void set_up(BalanceFixture *f, gconstpointer unused) {
        fixture_set_up(&f->manager, "");
        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        f->copy = cluster_copy_new();
        cluster_copy_reset(f->copy);
        cluster_copy_loaded(f->copy);
        f->balances = balances_new(f->manager.manager, f->copy);
        f->ops = (ClusterOps){ .userdata = f, .read = read_loads };
        f->loads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        f->said = g_string_new(NULL);
        add_host(f, "a", SIZE ",\"guests\":{" GUEST(1) "," GUEST(2) "," GUEST(3) "}");
        add_host(f, "b", SIZE);
}

static void tear_down(BalanceFixture *f, gconstpointer unused) {
        balances_free(f->balances);
        cluster_copy_free(f->copy);
        g_hash_table_unref(f->loads);
        g_string_free(f->said, TRUE);
        fixture_tear_down(&f->manager, NULL);
}

static void on_balanced(void *userdata, const ClusterBalance *balance, const GError *error) {
        BalanceFixture *f = userdata;

        if (error)
                g_string_append_printf(f->said, "error %s\n", error->message);
        for (guint i = 0; balance && i < balance->moves->len; i++) {
                const ClusterProposal *move = balance->moves->pdata[i];

                g_assert_cmpstr(move->domain, ==, move->name);
                g_assert_cmpstr(move->uri, ==, "test:///b");
                g_assert_cmpfloat(move->gain, >, move->cost);
                g_assert_true(g_str_has_prefix(move->sentence, move->name));
                g_string_append_printf(f->said, "%s %s>%s\n", move->name, move->from, move->to);
        }
        for (guint i = 0; balance && i < balance->absent->len; i++) {
                const BalanceAbsent *absent = &g_array_index(balance->absent, BalanceAbsent, i);

                g_string_append_printf(f->said, "absent %s: %s\n", absent->host, absent->why);
        }
        if (balance && balance->more)
                g_string_append(f->said, "more\n");
}

static void ask(BalanceFixture *f, unsigned moves_max) {
        balances_begin(f->balances, &f->ops, NULL, moves_max, on_balanced, f);
}

static void assert_said(BalanceFixture *f, const char *expected) {
        g_assert_cmpstr(f->said->str, ==, expected);
        g_string_truncate(f->said, 0);
}

static void assert_balance(BalanceFixture *f, const char *expected) {
        ask(f, 8);
        finish(f, NULL);
        assert_said(f, expected);
}

/* What is proposed ------------------------------------------------------------------ */

static void test_a_guest_goes_from_the_fullest_to_the_emptiest(BalanceFixture *f,
                                                               gconstpointer unused) {
        assert_balance(f, "g1 a>b\n");
        put_load(f, "b", 0, SIZE ",\"base\":{\"cpu\":[1200,1200,1200]}");
        assert_balance(f, "");
}

static void test_who_needs_what_is_not_there_stays(BalanceFixture *f, gconstpointer unused) {
        put_load(f, "a", 0, SIZE "," MDEV "\"guests\":{" NEEDY(1) "," GUEST(2) "," NEEDY(3) "}");
        assert_balance(f, "g2 a>b\n");
}

static void test_who_is_on_its_way_or_settles_stays(BalanceFixture *f, gconstpointer unused) {
        int64_t now = f->manager.manager->now() / G_USEC_PER_SEC;
        g_autofree char *moves = g_strdup_printf(
                "{\"schema\":1,\"going\":{\"g1\":{\"from\":\"a\",\"to\":\"b\",\"nonce\":\"n\"}},"
                "\"settled\":{\"g2\":%" G_GINT64_FORMAT ",\"g3\":%" G_GINT64_FORMAT "}}",
                now + 60, now - 60);

        tell(f, "moves", "", moves);
        assert_balance(f, "g3 a>b\n");
}

static void test_of_a_guest_that_two_tell_of_the_later_word_counts(BalanceFixture *f,
                                                                   gconstpointer unused) {
        put_load(f, "a", 300, SIZE ",\"guests\":{" GUEST(1) "," GUEST(2) "," GUEST(3) "}");
        put_load(f, "b", 0, SIZE ",\"guests\":{" GUEST(1) "}");
        assert_balance(f, "");
}

static void test_a_host_that_is_gone_takes_no_part(BalanceFixture *f, gconstpointer unused) {
        tell(f, "hosts/", "b", NULL);
        assert_balance(f, "");
}

static void test_who_cannot_take_part_is_named(BalanceFixture *f, gconstpointer unused) {
        add_host(f, "c", SIZE ",\"base\":1");
        add_host(f, "d", "");
        add_host(f, "e", "");
        g_hash_table_remove(f->loads, "loads/e");
        add_host(f, "f", SIZE);
        put_load(f, "f", 7200, SIZE);
        add_host(f, "g", SIZE);
        tell(f, "maps/", "g", NULL);
        assert_balance(f, "g1 a>b\n"
                          "absent c: what it tells of its load cannot be read: 'base' must be an "
                          "object\n"
                          "absent d: it does not know how many CPUs or how much memory it has\n"
                          "absent e: it has told nothing of its load yet, which it does when it "
                          "has looked at its guests\n"
                          "absent f: what it has told of its load is of 120 minutes ago, by its "
                          "clock\n"
                          "absent g: it has not told what it has, or that cannot be read\n");
}

static char *many_guests(unsigned from, unsigned n) {
        GString *text = g_string_new(SIZE ",\"guests\":{");

        for (unsigned i = from; i < from + n; i++)
                g_string_append_printf(text, "%s\"x%u\":{}", i > from ? "," : "", i);
        return g_string_free(g_string_append_c(text, '}'), FALSE);
}

/* The order in which they are read is the store's. */
static void test_more_guests_than_can_be_looked_at_are_left_out(BalanceFixture *f,
                                                                gconstpointer unused) {
        unsigned n_hosts = BALANCE_GUESTS_MAX / 500 + 1;

        tell(f, "hosts/", "a", NULL);
        for (unsigned i = 0; i < n_hosts; i++) {
                g_autofree char *host = g_strdup_printf("c%u", i), *members = NULL;

                members = many_guests(i * 500, 500);
                add_host(f, host, members);
        }
        ask(f, 8);
        finish(f, NULL);
        g_assert_true(g_str_has_prefix(f->said->str, "absent "));
        g_assert_nonnull(strstr(f->said->str, ": others have the 4096 guests that are looked at in "
                                              "one go\n"));
}

/* Asking ---------------------------------------------------------------------------- */

static void test_who_asks_meanwhile_gets_the_same_answer(BalanceFixture *f, gconstpointer unused) {
        put_load(f, "a", 0,
                 SIZE ",\"guests\":{" GUEST(1) "," GUEST(2) "," GUEST(3) "," GUEST(4) "}");
        ask(f, 1);
        ask(f, 2);
        g_assert_cmpuint(f->n_reads, ==, 1);
        finish(f, NULL);
        assert_said(f, "g1 a>b\nmore\ng1 a>b\ng2 a>b\n"); /* of two that is all */
        ask(f, 8);
        g_assert_cmpuint(f->n_reads, ==, 2);
        finish(f, NULL);
        assert_said(f, "g1 a>b\ng2 a>b\n");
}

static void test_what_cannot_be_read_is_refused_with_why(BalanceFixture *f, gconstpointer unused) {
        ask(f, 8);
        finish(f, "etcd is away");
        assert_said(f, "error It cannot be said now which guests should move: etcd is away; try "
                       "again\n");
        balances_begin(f->balances, &f->ops, "it was stopped", 8, on_balanced, f);
        assert_said(f, "error It cannot be said now which guests should move: it was stopped; try "
                       "again\n");
        g_assert_cmpuint(f->n_reads, ==, 1);
        assert_balance(f, "g1 a>b\n");
}

static void test_who_waits_is_told_of_the_end(BalanceFixture *f, gconstpointer unused) {
        ask(f, 8);
        g_clear_pointer(&f->balances, balances_free);
        assert_said(f, "error It cannot be said now which guests should move: virtferryd is about "
                       "to end; try again\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-balance/" name, BalanceFixture, NULL, set_up, function, tear_down)
        ADD("a guest goes from the fullest to the emptiest",
            test_a_guest_goes_from_the_fullest_to_the_emptiest);
        ADD("who needs what is not there stays", test_who_needs_what_is_not_there_stays);
        ADD("who is on its way or settles stays", test_who_is_on_its_way_or_settles_stays);
        ADD("of a guest that two tell of, the later word counts",
            test_of_a_guest_that_two_tell_of_the_later_word_counts);
        ADD("a host that is gone takes no part", test_a_host_that_is_gone_takes_no_part);
        ADD("who cannot take part is named", test_who_cannot_take_part_is_named);
        ADD("more guests than can be looked at are left out",
            test_more_guests_than_can_be_looked_at_are_left_out);
        ADD("who asks meanwhile gets the same answer",
            test_who_asks_meanwhile_gets_the_same_answer);
        ADD("what cannot be read is refused with why",
            test_what_cannot_be_read_is_refused_with_why);
        ADD("who waits is told of the end", test_who_waits_is_told_of_the_end);
        return g_test_run();
}
