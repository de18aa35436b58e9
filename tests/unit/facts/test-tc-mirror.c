/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/tc-mirror.h"

#include <errno.h>

#include "daemon/facts/tc.h"
#include "tests/lib/fake-rtnl.h"

#define MAC "52:54:00:76:00:01"

typedef struct Fixture {
        FakeRtnl *fake;
        Rtnl *rtnl;
        int tap;
        char *before;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->fake = fake_rtnl_new();
        f->rtnl = fake_rtnl(f->fake);
        f->tap = fake_rtnl_add_netdev(f->fake, "vnet0");
        (void)fake_rtnl_add_netdev(f->fake, "eth0");
        f->before = fake_rtnl_dump(f->fake);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_rtnl_free(f->fake);
        g_free(f->before);
}

static void assert_as_before(const Fixture *f) {
        g_autofree char *now = fake_rtnl_dump(f->fake);

        g_assert_cmpstr(now, ==, f->before);
}

static void test_copies_are_sent_and_what_comes_back_is_dropped_first(Fixture *f,
                                                                      gconstpointer unused) {
        g_autoptr(SwitchFilters) filters = NULL;
        const SwitchFilter *drop, *copy;

        g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, MAC, "eth0"), ==, 0);
        g_assert_cmpint(tc_read(f->rtnl, f->tap, &filters, NULL), ==, 0);
        g_assert_cmpint(filters->qdisc, ==, SWITCH_QDISC_CLSACT);
        g_assert_cmpuint(filters->filters->len, ==, 2);

        drop = filters->filters->pdata[0];
        copy = filters->filters->pdata[1];
        g_assert_cmpint(drop->direction, ==, SWITCH_EGRESS);
        g_assert_cmpint(copy->direction, ==, SWITCH_EGRESS);
        g_assert_cmpuint(drop->priority, <, copy->priority);
        g_assert_null(drop->netdevs);
        g_assert_cmpstr(copy->netdevs[0], ==, "eth0");

        g_assert_cmpint(tc_mirror_end(f->rtnl, f->tap), ==, 0);
        assert_as_before(f);
}

static void test_it_begins_all_or_nothing(Fixture *f, gconstpointer unused) {
        for (unsigned n = 0; n < 3; n++) {
                fake_rtnl_fail(f->fake, n, ENOMEM);
                g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, MAC, "eth0"), ==, -ENOMEM);
                assert_as_before(f);
        }
        g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, MAC, "eth9"), ==, -ENXIO);
        assert_as_before(f);
        g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, "no mac", "eth0"), ==, -EINVAL);
        assert_as_before(f);
}

static void test_twice_is_refused_and_leaves_the_first(Fixture *f, gconstpointer unused) {
        g_autofree char *once = NULL, *twice = NULL;

        g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, MAC, "eth0"), ==, 0);
        once = fake_rtnl_dump(f->fake);
        g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, MAC, "eth0"), ==, -EEXIST);
        twice = fake_rtnl_dump(f->fake);
        g_assert_cmpstr(once, ==, twice);
}

static void test_other_peoples_filters_stay(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(tc_add_qdisc(f->rtnl, f->tap, SWITCH_QDISC_INGRESS), ==, 0);
        g_free(f->before);
        f->before = fake_rtnl_dump(f->fake);

        g_assert_cmpint(tc_mirror_begin(f->rtnl, f->tap, MAC, "eth0"), ==, -EEXIST);
        assert_as_before(f);
        g_assert_cmpint(tc_mirror_end(f->rtnl, f->tap), ==, 0);
        assert_as_before(f);
}

static void test_nothing_to_end_is_no_error(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(tc_mirror_end(f->rtnl, f->tap), ==, 0);
        assert_as_before(f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/tc-mirror/copies are sent, and what comes back is dropped first", Fixture,
                   NULL, set_up, test_copies_are_sent_and_what_comes_back_is_dropped_first,
                   tear_down);
        g_test_add("/tc-mirror/it begins all or nothing", Fixture, NULL, set_up,
                   test_it_begins_all_or_nothing, tear_down);
        g_test_add("/tc-mirror/twice is refused and leaves the first", Fixture, NULL, set_up,
                   test_twice_is_refused_and_leaves_the_first, tear_down);
        g_test_add("/tc-mirror/other people's filters stay", Fixture, NULL, set_up,
                   test_other_peoples_filters_stay, tear_down);
        g_test_add("/tc-mirror/nothing to end is no error", Fixture, NULL, set_up,
                   test_nothing_to_end_is_no_error, tear_down);
        return g_test_run();
}
