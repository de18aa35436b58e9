/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

#include <string.h>

/* What is advised is carried out by hand. */

static void test_an_advice_is_carried_out_by_hand(AdvisorFixture *a, gconstpointer unused) {
        begin_apply(a);
        give_vf(a);
        g_assert_cmpstr(a->answer, ==, "done");

        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        let_pass(a, 55 * MINUTE);
        assert_no_advice(a); /* it has settled too short a time */
}

static void test_what_is_not_advised_is_not_carried_out(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *id = NULL;

        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        id = g_strdup(assert_advice(a, "promote", PROMOTE_1)->id);
        stop_guest(a, 0);
        g_string_truncate(a->f.asked, 0);
        apply_advice(a, id);
        g_assert_cmpstr(a->answer, ==,
                        "Advice '1' is not given, or not any more: 'virt-ferry advice' shows what "
                        "is");
        assert_asked(&a->f, "");
}

static void test_one_is_carried_out_at_a_time(AdvisorFixture *a, gconstpointer unused) {
        begin_apply(a);
        g_clear_pointer(&a->answer, g_free);
        apply_advice(a, "2");
        g_assert_cmpstr(a->answer, ==,
                        "Advice 1 is carried out just now: try it again when that has ended");
        let_pass(a, 10 * MINUTE);
        assert_no_advice(a);
        g_clear_pointer(&a->answer, g_free);
        answer_find(a, 0, NULL);
}

static void test_one_that_fails_is_told_and_given_again(AdvisorFixture *a, gconstpointer unused) {
        begin_apply(a);
        answer_find(a, 0, NULL);
        g_assert_cmpstr(a->answer, ==, "There is no such guest");
        let_pass(a, 10 * MINUTE);
        g_assert_cmpstr(assert_advice(a, "promote", PROMOTE_1)->id, ==, "2");
}

/* It is carried out up to where the other guest is asked for. */
static void give_back(AdvisorFixture *a, bool freezes) {
        g_autofree char *emulated = interface_of(0, "network='default'", ""), *with = NULL;
        g_autofree char *uuid = uuid_of(0), *vf = NULL, *note = NULL, *without = NULL, *now = NULL;

        begin_guests(a, 2);
        vf = vf_of(0, a->vfs[0]);
        run_vf(a, 0, a->vfs[0]);
        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        g_string_truncate(a->f.asked, 0);
        apply_advice(a, assert_advice(a, "exchange", EXCHANGE)->id);

        note = note_of(a->vfs[0], vf);
        with = xml_of(0, vf, "");
        without = xml_of(0, "", note);
        now = xml_of(0, emulated, note);
        answer_find(a, 0, with);
        if (freezes)
                g_assert_true(advisor_freeze(a->f.manager->advisor, true, NULL));
        send_event(&a->f, GUEST_UNPLUGGED, uuid, without);
        send_event(&a->f, GUEST_PLUGGED, uuid, now);
}

#define OTHER_ASKED "find 11111111-2222-4333-8444-000000000002\n"

static void test_half_an_exchange_is_told_and_left_alone(AdvisorFixture *a, gconstpointer unused) {
        give_back(a, false);
        g_assert_nonnull(strstr(a->f.asked->str, OTHER_ASKED));
        answer_find(a, 1, NULL);
        g_assert_cmpstr(a->answer, ==,
                        "There is no such guest; guest g1 has given its VF back already");
        let_pass(a, 55 * MINUTE);
        assert_no_advice(a);
}

static void test_frozen_meanwhile_an_exchange_ends_half_way(AdvisorFixture *a,
                                                            gconstpointer unused) {
        give_back(a, true);
        g_assert_null(strstr(a->f.asked->str, OTHER_ASKED));
        g_assert_cmpstr(
                a->answer, ==,
                "The policy was frozen meanwhile: 'virt-ferry policy thaw' ends that; guest "
                "g1 has given its VF back already");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("an advice is carried out by hand", test_an_advice_is_carried_out_by_hand);
        ADD("what is not advised is not carried out", test_what_is_not_advised_is_not_carried_out);
        ADD("one is carried out at a time", test_one_is_carried_out_at_a_time);
        ADD("one that fails is told, and given again", test_one_that_fails_is_told_and_given_again);
        ADD("half an exchange is told, and left alone",
            test_half_an_exchange_is_told_and_left_alone);
        ADD("frozen meanwhile, an exchange ends half way",
            test_frozen_meanwhile_an_exchange_ends_half_way);
        return g_test_run();
}
