/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-share.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* A host whose one mdev is offered to the cluster, and guests whose definition names it. */

#define CLUSTER "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=hosta\n"

typedef struct Shares {
        Fixture f;
        GString *told; /* "let in\n", or the words of the error, of each that asks */
} Shares;

static void set_up(Shares *shares, gconstpointer config) {
        const ShareOut out = { (char *)HERE_MDEV, 1 };
        g_autoptr(GError) error = NULL;

        fixture_set_up(&shares->f, config);
        shares->told = g_string_new(NULL);
        fake_root_add_mdev(shares->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(shares->f.manager->inventory), ==, 0);
        g_assert_true(share_book_give(shares->f.manager->shares, &out, 1, &error));
        share_book_note_reach(shares->f.manager->shares, true);
}

static void tear_down(Shares *shares, gconstpointer config) {
        fixture_tear_down(&shares->f, config);
        g_string_free(shares->told, TRUE);
}

/* A HookAnswer. */
static void note_answer(void *userdata, const char *xml, const GError *error) {
        Shares *shares = userdata;

        g_string_append_printf(shares->told, "%s\n", error ? error->message : "let in");
}

static void starts(Shares *shares, const char *name, const char *uuid) {
        g_autofree char *xml = guest_xml(name, uuid, HERE_MDEV, "mtty-1");

        hook_shares_prepare(shares->f.manager->hook_shares, xml, note_answer, shares);
}

static void assert_told(Shares *shares, const char *part) {
        if (!strstr(shares->told->str, part) || (*part == '\0' && shares->told->len > 0))
                g_error("'%s' was told, and no '%s'", shares->told->str, part);
        g_string_truncate(shares->told, 0);
}

static void come_back(Shares *shares) {
        share_book_take(shares->f.manager->shares, HERE_MDEV, 1);
        hook_shares_wake(shares->f.manager->hook_shares);
}

static void test_it_is_called_back(Shares *shares, gconstpointer config) {
        Manager *manager = shares->f.manager;

        starts(shares, "g1", GUEST_UUID);
        assert_told(shares, "");
        g_assert_true(share_book_is_called_back(manager->shares, manager->now()));
        hook_shares_wake(manager->hook_shares);
        assert_told(shares, "");
        come_back(shares);
        assert_told(shares, "let in\n");
        assert_leases(&shares->f, HERE_MDEV " claimed expires\n");
        g_assert_cmpint(hook_shares_next_time(manager->hook_shares), ==, 0);
}

static void test_it_does_not_wait_for_ever(Shares *shares, gconstpointer config) {
        Manager *manager = shares->f.manager;

        starts(shares, "g1", GUEST_UUID);
        g_assert_cmpint(manager_next_time(manager), ==, manager->now() + HOOK_SHARE_WAIT_USEC);
        fixture_pass_time(HOOK_SHARE_WAIT_USEC - 1);
        manager_on_time(manager);
        assert_told(shares, "");
        fixture_pass_time(1);
        manager_on_time(manager);
        assert_told(shares, HERE_MDEV ", which is offered to the cluster: try again");
        assert_leases(&shares->f, "");
}

static void test_without_the_cluster_nothing_waits(Shares *shares, gconstpointer config) {
        starts(shares, "g1", GUEST_UUID);
        assert_told(shares, "");
        share_book_note_reach(shares->f.manager->shares, false);
        hook_shares_wake(shares->f.manager->hook_shares);
        assert_told(shares, "which is offered to the cluster");

        starts(shares, "g1", GUEST_UUID);
        assert_told(shares, "which is offered to the cluster");
}

static void test_the_first_one_gets_it(Shares *shares, gconstpointer config) {
        starts(shares, "g1", GUEST_UUID);
        starts(shares, "g2", OTHER_UUID);
        come_back(shares);
        g_assert_true(g_str_has_prefix(shares->told->str, "let in\n"));
        assert_told(shares, "leased to guest g1");
}

static void test_who_needs_nothing_of_it_does_not_wait(Shares *shares, gconstpointer config) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");

        hook_shares_filter(shares->f.manager->hook_shares, "migrate", xml, note_answer, shares);
        assert_told(shares, "let in\n");
        hook_shares_prepare(shares->f.manager->hook_shares, "<domain/>", note_answer, shares);
        assert_told(shares, "domain");
}

static void test_who_is_promised_it_does_not_wait(Shares *shares, gconstpointer config) {
        share_book_note_promise(shares->f.manager->shares, HERE_MDEV, GUEST_UUID, 1);
        starts(shares, "g1", GUEST_UUID);
        assert_told(shares, "let in\n");
}

static void assert_check(Shares *shares, const char *source) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autoptr(GPtrArray) answers = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        answers = manager_check_domain(shares->f.manager, xml, &domain, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(((const Answer *)answers->pdata[0])->source, ==, source);
}

/* Its pool lets out one. */
static void test_a_check_knows_that_it_comes_back(Shares *shares, gconstpointer config) {
        assert_check(shares, HERE_MDEV);
        g_assert_true(share_book_out(shares->f.manager->shares, HERE_MDEV) == 1);
        share_book_note_reach(shares->f.manager->shares, false);
        assert_check(shares, NULL);
}

static void test_the_end_of_the_daemon_is_told(Shares *shares, gconstpointer config) {
        starts(shares, "g1", GUEST_UUID);
        g_clear_pointer(&shares->f.manager->hook_shares, hook_shares_free);
        assert_told(shares, "Guest g1: virtferryd is about to end");
        shares->f.manager->hook_shares = hook_shares_new(shares->f.manager);
}

#define FULL CLUSTER "[Pool default]\nMax=1\n"

static void add(const char *name, void (*test)(Shares *shares, gconstpointer config)) {
        g_test_add(name, Shares, CLUSTER, set_up, test, tear_down);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        add("/hook-share/a guest that starts waits until its device is called back",
            test_it_is_called_back);
        add("/hook-share/it does not wait for ever", test_it_does_not_wait_for_ever);
        add("/hook-share/without the cluster nothing waits",
            test_without_the_cluster_nothing_waits);
        add("/hook-share/of two the first one gets it", test_the_first_one_gets_it);
        add("/hook-share/who needs nothing of it does not wait",
            test_who_needs_nothing_of_it_does_not_wait);
        add("/hook-share/who is promised it does not wait", test_who_is_promised_it_does_not_wait);
        g_test_add("/hook-share/a check knows that it comes back", Shares, FULL, set_up,
                   test_a_check_knows_that_it_comes_back, tear_down);
        add("/hook-share/the daemon's end is told to who waits",
            test_the_end_of_the_daemon_is_told);
        return g_test_run();
}
