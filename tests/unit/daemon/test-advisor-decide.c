/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/store-demand.h"
#include "tests/lib/made-history.h"
#include "tests/unit/daemon/advisor-fixture.h"

/* Advice at once, for who does not want to wait for the next round; and from what the store has of
 * a guest that has just been found to run. */

#define MEGABYTE           (1000.0 * 1000)
#define ONLY_1_MBIT_COUNTS "[Policy]\nIdleKbit=1000\n"

/* Each day four hours of 8 Mbit/s each way, which begin so long from now. */
static void remember_peak(AdvisorFixture *a, int64_t begins) {
        g_autofree char *uuid = uuid_of(0);
        const MadeHistory history = { .id = uuid,
                                      .name = "g1",
                                      .kind = SUBJECT_GUEST,
                                      .metrics = { METRIC_RECEIVE_BYTES, METRIC_TRANSMIT_BYTES },
                                      .n_metrics = 2,
                                      .days = 7,
                                      .low = MEGABYTE / 100,
                                      .high = MEGABYTE,
                                      .begins = begins,
                                      .lasts = 4 * HOUR };
        g_autoptr(GError) error = NULL;

        g_assert_true(made_history_put(&history, a->f.manager->store, a->f.manager->now(), &error));
        g_assert_no_error(error);
}

/* As of a daemon that has learnt it. */
static void assert_learnt(AdvisorFixture *a) {
        g_autofree char *uuid = uuid_of(0);
        g_autoptr(GBytes) blob = NULL;

        g_assert_true(store_load_demand(a->f.manager->store, SUBJECT_GUEST, uuid,
                                        METRIC_TRANSMIT_BYTES, &blob, NULL));
        g_assert_nonnull(blob);
}

static void decide_now(AdvisorFixture *a) {
        g_autoptr(GError) error = NULL;

        g_assert_true(advisor_decide_now(a->f.manager->advisor, &error));
        g_assert_no_error(error);
}

static void test_a_guest_is_promoted_before_its_peak(AdvisorFixture *a, gconstpointer unused) {
        const AdvisorEntry *entry;

        begin_guests(a, 1);
        remember_peak(a, 10 * MINUTE);
        a->rates[0] = MEGABYTE / 100;
        let_pass(a, MINUTE);
        assert_no_advice(a);
        decide_now(a);
        entry = assert_advice(a, "promote", PROMOTE_1);
        g_assert_cmpfloat(value_of(entry, "seen"), <, 0.05 * MEGABYTE);
        g_assert_cmpfloat(value_of(entry, "mean"), >, MEGABYTE);
}

static void test_a_guest_is_not_promoted_when_its_peak_is_far(AdvisorFixture *a,
                                                              gconstpointer unused) {
        begin_guests(a, 1);
        remember_peak(a, 8 * HOUR);
        let_pass(a, MINUTE);
        decide_now(a);
        assert_no_advice(a);
}

static void test_a_guest_whose_peak_is_over_gives_its_vf_back(AdvisorFixture *a,
                                                              gconstpointer unused) {
        begin_guests(a, 1);
        remember_peak(a, -4 * HOUR - 40 * MINUTE);
        run_vf(a, 0, a->vfs[0]);
        let_pass(a, MINUTE);
        decide_now(a);
        assert_advice(a, "demote", "virt-ferry move g1 52:54:00:00:00:01 virtio");
}

/* A later history counts instead of the one before. */
static void test_what_was_made_last_counts(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        remember_peak(a, 10 * MINUTE);
        remember_peak(a, 8 * HOUR);
        assert_learnt(a);
        let_pass(a, MINUTE);
        decide_now(a);
        assert_no_advice(a);
}

static void test_before_the_first_look_it_is_decided_with_that(AdvisorFixture *a,
                                                               gconstpointer unused) {
        begin_guests(a, 1);
        remember_peak(a, 10 * MINUTE);
        decide_now(a);
        assert_no_advice(a);
        let_pass(a, MINUTE);
        assert_advice(a, "promote", PROMOTE_1);
}

/* The round that would have come is later by as much. */
static void test_the_next_round_is_5_minutes_later(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        let_pass(a, 4 * MINUTE);
        decide_now(a);
        remember_peak(a, 10 * MINUTE);
        let_pass(a, 4 * MINUTE);
        assert_no_advice(a);
        let_pass(a, 2 * MINUTE);
        assert_advice(a, "promote", PROMOTE_1);
}

static void assert_not_decided(AdvisorFixture *a, int code, const char *words) {
        g_autoptr(GError) error = NULL;

        g_assert_false(advisor_decide_now(a->f.manager->advisor, &error));
        g_assert_error(error, FERRY_ERROR, code);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
        assert_no_advice(a);
}

static void test_who_may_not_advise_does_not_decide(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        remember_peak(a, 10 * MINUTE);
        let_pass(a, MINUTE);
        freeze_policy(a, true);
        assert_not_decided(a, FERRY_ERROR_INVALID_STATE, "'virt-ferry policy thaw' ends that");
        freeze_policy(a, false);
        send_event(&a->f, GUEST_LOST_LIBVIRT, NULL, NULL);
        assert_not_decided(a, FERRY_ERROR_UNAVAILABLE, "libvirt does not answer");
}

static void test_who_observes_does_not_decide(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        assert_not_decided(a, FERRY_ERROR_INVALID_STATE, "Mode= in virtferry.conf(5) is observe");
}

int main(int argc, char **argv) {
#define ADD_BUSY(name, function) ADD_CONFIGURED(name, ONLY_1_MBIT_COUNTS, function)
        g_test_init(&argc, &argv, NULL);
        ADD_BUSY("a guest is promoted before its peak", test_a_guest_is_promoted_before_its_peak);
        ADD_BUSY("a guest is not promoted when its peak is far",
                 test_a_guest_is_not_promoted_when_its_peak_is_far);
        ADD_BUSY("a guest whose peak is over gives its VF back",
                 test_a_guest_whose_peak_is_over_gives_its_vf_back);
        ADD_BUSY("what was made last counts", test_what_was_made_last_counts);
        ADD_BUSY("before the first look it is decided with that",
                 test_before_the_first_look_it_is_decided_with_that);
        ADD_BUSY("the next round is 5 minutes later", test_the_next_round_is_5_minutes_later);
        ADD("who may not advise does not decide", test_who_may_not_advise_does_not_decide);
        ADD_CONFIGURED("who observes does not decide", "[Policy]\nMode=observe\n",
                       test_who_observes_does_not_decide);
        return g_test_run();
}
