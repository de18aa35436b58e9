/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

static void test_who_observes_says_nothing(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        assert_no_advice(a);
        assert_asked(&a->f, "");
}

static void test_advice_that_is_still_so_stays_the_same(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *id = NULL;
        int64_t since;

        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        id = g_strdup(assert_advice(a, "promote", PROMOTE_1)->id);
        since = assert_advice(a, "promote", PROMOTE_1)->since;
        let_pass(a, HOUR);
        g_assert_cmpstr(assert_advice(a, "promote", PROMOTE_1)->id, ==, id);
        g_assert_cmpint(assert_advice(a, "promote", PROMOTE_1)->since, ==, since);
}

static void test_advice_about_who_is_gone_is_withdrawn(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        stop_guest(a, 0);
        assert_no_advice(a);
}

static void test_advice_is_withdrawn_while_libvirt_is_away(AdvisorFixture *a,
                                                           gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        send_event(&a->f, GUEST_LOST_LIBVIRT, NULL, NULL);
        assert_no_advice(a);
        let_pass(a, HOUR);
        assert_no_advice(a);
}

#define FROZEN                                                       \
        "Advice '1' is not carried out while the policy is frozen: " \
        "'virt-ferry policy thaw' ends that"

static void test_frozen_nothing_is_advised_nor_done(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        freeze_policy(a, true);
        assert_no_advice(a);
        let_pass(a, HOUR);
        assert_no_advice(a);
        apply_advice(a, "1");
        g_assert_cmpstr(a->answer, ==, FROZEN);
        assert_asked(&a->f, "");

        freeze_policy(a, false);
        let_pass(a, 10 * MINUTE);
        assert_advice(a, "promote", PROMOTE_1);
}

static void test_what_cannot_be_kept_is_not_frozen(AdvisorFixture *a, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        store_fail_write(a->f.manager->store, 0);
        g_assert_false(advisor_freeze(a->f.manager->advisor, true, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_false(advisor_state(a->f.manager->advisor).frozen);
}

static void test_it_stays_frozen_over_a_restart(AdvisorFixture *a, gconstpointer unused) {
        fixture_use_file(&a->f);
        fixture_restart(&a->f);
        g_assert_false(advisor_state(a->f.manager->advisor).frozen);
        freeze_policy(a, true);
        fixture_restart(&a->f);
        g_assert_true(advisor_state(a->f.manager->advisor).frozen);
        freeze_policy(a, false);
        fixture_restart(&a->f);
        g_assert_false(advisor_state(a->f.manager->advisor).frozen);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD_CONFIGURED("who observes says nothing", "[Policy]\nMode=observe\n",
                       test_who_observes_says_nothing);
        ADD("advice that is still so stays the same", test_advice_that_is_still_so_stays_the_same);
        ADD("advice about who is gone is withdrawn", test_advice_about_who_is_gone_is_withdrawn);
        ADD("advice is withdrawn while libvirt is away",
            test_advice_is_withdrawn_while_libvirt_is_away);
        ADD("frozen, nothing is advised nor done", test_frozen_nothing_is_advised_nor_done);
        ADD("what cannot be kept is not frozen", test_what_cannot_be_kept_is_not_frozen);
        ADD("it stays frozen over a restart", test_it_stays_frozen_over_a_restart);
        return g_test_run();
}
