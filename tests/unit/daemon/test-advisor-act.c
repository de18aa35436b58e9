/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

/* What is advised is carried out by itself. */

#define FIND_1 "find 11111111-2222-4333-8444-000000000001\n"

#define ACT    "[Policy]\nMode=act\n"

static char *check(void *userdata, const AdvisorDraft *draft, const GuestEvent *found) {
        const AdvisorFixture *a = userdata;

        g_assert_nonnull(found->xml);
        return g_strdup(a->refusal);
}

static void begin_act(AdvisorFixture *a) {
        begin_guests(a, 2);
        advisor_set_check(a->f.manager->advisor, check, a);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        let_pass(a, HOUR);
        assert_asked(&a->f, FIND_1);
}

static void answer_check(AdvisorFixture *a) {
        g_autofree char *emulated = interface_of(0, "network='default'", "");
        g_autofree char *xml = xml_of(0, emulated, "");

        answer_find(a, 0, xml);
}

static void expect_failure(const char *why) {
        g_autofree char *words = g_strdup_printf(
                "Advice 'promote' about guest g1 (0000:3b:10.0) is not carried out by itself, and "
                "the guest is left alone for a while: %s",
                why);

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, words);
}

static void test_who_acts_does_what_is_advised(AdvisorFixture *a, gconstpointer unused) {
        begin_act(a);
        assert_advice(a, "promote", PROMOTE_1);
        answer_check(a);
        assert_asked(&a->f, FIND_1);
        assert_no_advice(a);
        let_pass(a, 10 * MINUTE);
        assert_asked(&a->f, ""); /* one at a time */
        give_vf(a);
        g_assert_cmpuint(moves_left(a), ==, 23);
}

static void test_what_a_check_refuses_is_not_done(AdvisorFixture *a, gconstpointer unused) {
        a->refusal = "QEMU: it is too old";
        begin_act(a);
        expect_failure(a->refusal);
        answer_check(a);
        g_test_assert_expected_messages();
        let_pass(a, 55 * MINUTE);
        assert_advice(a, "promote", PROMOTE_1);
        assert_asked(&a->f, "");

        let_pass(a, 10 * MINUTE);
        assert_asked(&a->f, FIND_1);
        freeze_policy(a, true); /* before the answer */
        a->refusal = NULL;
        answer_check(a);
        assert_asked(&a->f, "");
}

static void test_what_has_failed_is_left_alone(AdvisorFixture *a, gconstpointer unused) {
        begin_act(a);
        answer_check(a);
        assert_asked(&a->f, FIND_1);
        expect_failure("There is no such guest");
        answer_find(a, 0, NULL);
        g_test_assert_expected_messages();
        let_pass(a, 55 * MINUTE);
        assert_asked(&a->f, "");
}

static void test_without_a_check_nothing_is_done(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        assert_asked(&a->f, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD_CONFIGURED("who acts does what is advised", ACT, test_who_acts_does_what_is_advised);
        ADD_CONFIGURED("what a check refuses is not done", ACT,
                       test_what_a_check_refuses_is_not_done);
        ADD_CONFIGURED("what has failed is left alone", ACT, test_what_has_failed_is_left_alone);
        ADD_CONFIGURED("without a check nothing is done", ACT,
                       test_without_a_check_nothing_is_done);
        return g_test_run();
}
