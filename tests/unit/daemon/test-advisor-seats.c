/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

#include <string.h>

/* Which guest should have a VF. */

#define TEAMING "<teaming type='persistent'/>"

static void test_who_has_the_most_traffic_should_have_the_vf(AdvisorFixture *a,
                                                             gconstpointer unused) {
        const AdvisorEntry *entry;

        begin_guests(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        entry = assert_advice(a, "promote", PROMOTE_1);
        g_assert_cmpfloat_with_epsilon(value_of(entry, "seen"), 1800e3, 1e3);
        g_assert_cmpfloat(value_of(entry, "gain"), >, value_of(entry, "cost"));
        assert_asked(&a->f, "");
}

static void test_nothing_is_said_of_whom_nothing_is_known(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 2);
        let_pass(a, 4 * MINUTE);
        assert_no_advice(a);
}

static void test_a_vf_that_another_guest_took_is_not_free(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        run_vf(a, 1, a->vfs[0]); /* of it, nothing is known */
        let_pass(a, 10 * MINUTE);
        assert_no_advice(a);
}

/* Settled, it gives way to one that has more. */
static void test_who_has_moved_is_left_alone_for_a_while(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        run_guest(a, 0, ""); /* for a moment */
        run_vf(a, 0, a->vfs[0]);
        assert_no_advice(a);

        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        let_pass(a, 55 * MINUTE);
        assert_no_advice(a);
        let_pass(a, 3 * HOUR);
        assert_advice(a, "exchange", EXCHANGE);
}

static void test_who_idles_gives_its_vf_back(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 1 * KILOBYTE;
        run_vf(a, 0, a->vfs[0]);
        let_pass(a, 12 * HOUR);
        assert_advice(a, "demote", "virt-ferry move g1 52:54:00:00:00:01 virtio:br0");
}

static void test_guests_of_another_kind_are_left_alone(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *one = interface_of(0, "network='default'", ""), *two = NULL, *half = NULL;
        g_autofree char *both = NULL;

        two = interface_of(1, "network='default'", "");
        both = g_strconcat(one, two, NULL);
        half = interface_of(2, "network='default'", TEAMING);
        begin_guests(a, 4);
        run_guest(a, 0, both);
        run_guest(a, 1, "");
        run_guest(a, 2, half);
        run_emulated(a, 3, "bridge='br7'");
        for (unsigned g = 0; g < 4; g++)
                a->rates[g] = 900 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        assert_no_advice(a);
}

static void test_the_bridge_of_the_policy_counts(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 2);
        run_emulated(a, 0, "bridge='br0'");
        a->rates[0] = 100 * KILOBYTE;
        a->rates[1] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        assert_advice(a, "promote", PROMOTE_1);
}

static void test_a_guest_of_priority_goes_first(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *interface = interface_of(0, "network='default'", "");

        begin_guests(a, 2);
        run_saying(a, 0, interface, "<f:policy priority='3'/>");
        a->rates[0] = 200 * KILOBYTE;
        a->rates[1] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        assert_asked(&a->f, ""); /* what it says needs not be written */
}

static void test_who_opted_out_has_no_vf(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *vf = NULL;

        begin_guests(a, 2);
        vf = vf_of(0, a->vfs[0]);
        run_saying(a, 0, vf, "<f:policy offload='never'/>");
        g_assert_nonnull(strstr(a->f.asked->str, "<policy offload='never'/>")); /* it is kept */
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, HOUR);
        assert_advice(a, "demote", "virt-ferry move g1 52:54:00:00:00:01 virtio");
}

static bool has(GHashTable *seen, const char *id) {
        return id && !g_hash_table_add(seen, (void *)id);
}

static void assert_nobody_shares(AdvisorFixture *a) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < advised(a)->len; i++) {
                const AdvisorEntry *entry = advised(a)->pdata[i];

                g_assert_false(has(seen, entry->draft->target));
                g_assert_false(has(seen, entry->draft->uuid));
                g_assert_false(has(seen, entry->draft->other_uuid));
        }
}

static void test_no_two_are_advised_to_share_a_vf(AdvisorFixture *a, gconstpointer unused) {
        guint most = 0;

        add_vfs(a, 3);
        a->n_guests = GUESTS;
        for (unsigned g = 0; g < GUESTS; g++)
                run_emulated(a, g, "network='default'");
        for (unsigned hour = 0; hour < 12; hour++) {
                for (unsigned g = 0; g < GUESTS; g++)
                        a->rates[g] = (1 + (g + hour) % GUESTS) * 100 * KILOBYTE;
                for (unsigned i = 0; i < 12; i++) {
                        let_pass(a, 5 * MINUTE);
                        assert_nobody_shares(a);
                        most = MAX(most, advised(a)->len);
                }
                if (hour == 6)
                        run_vf(a, 0, a->vfs[0]);
        }
        g_assert_cmpuint(most, ==, 3);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("who has the most traffic should have the VF",
            test_who_has_the_most_traffic_should_have_the_vf);
        ADD("nothing is said of whom nothing is known",
            test_nothing_is_said_of_whom_nothing_is_known);
        ADD("a VF that another guest took is not free",
            test_a_vf_that_another_guest_took_is_not_free);
        ADD("who has moved is left alone for a while",
            test_who_has_moved_is_left_alone_for_a_while);
        ADD_CONFIGURED("who idles gives its VF back", "[Policy]\nIdleKbit=100\nBridge=br0\n",
                       test_who_idles_gives_its_vf_back);
        ADD("guests of another kind are left alone", test_guests_of_another_kind_are_left_alone);
        ADD_CONFIGURED("the bridge of the policy counts", "[Policy]\nBridge=br0\n",
                       test_the_bridge_of_the_policy_counts);
        ADD("a guest of priority goes first", test_a_guest_of_priority_goes_first);
        ADD("who opted out has no VF", test_who_opted_out_has_no_vf);
        ADD("no two are advised to share a VF", test_no_two_are_advised_to_share_a_vf);
        return g_test_run();
}
