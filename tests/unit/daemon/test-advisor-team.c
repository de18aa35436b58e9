/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

#define MAC_1 "52:54:00:00:00:01"
#define ALIAS "<alias name='ua-net0'/>"

/* Guests whose interface is a team: its virtio half stays, a VF comes and goes. */

static char *standby(unsigned g, const char *source, const char *alias) {
        g_autofree char *more = g_strdup_printf("<teaming type='persistent'/>%s", alias);

        return interface_of(g, source, more);
}

static char *transient(unsigned g, const char *vf) {
        g_autofree char *alone = vf_of(g, vf);
        g_auto(GStrv) parts = g_strsplit(alone, "</interface>", 2);

        return g_strconcat(parts[0], "<teaming type='transient' persistent='ua-net0'/></interface>",
                           NULL);
}

/* `vf` NULL: it has none now. */
static void run_team_at(AdvisorFixture *a, unsigned g, const char *source, const char *vf) {
        g_autofree char *half = standby(g, source, ALIAS);
        g_autofree char *other = vf ? transient(g, vf) : g_strdup("");
        g_autofree char *devices = g_strconcat(half, other, NULL);

        run_guest(a, g, devices);
}

static void run_team(AdvisorFixture *a, unsigned g, const char *vf) {
        run_team_at(a, g, "network='default'", vf);
}

static void test_a_team_should_have_a_vf_for_its_traffic(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 2);
        run_team(a, 0, NULL);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        assert_advice(a, "promote", PROMOTE_1);
}

static double cost_of_promotion(AdvisorFixture *a) {
        a->rates[0] = 900 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        return value_of(assert_advice(a, "promote", PROMOTE_1), "cost");
}

static void test_its_exchange_costs_nearly_nothing(AdvisorFixture *a, gconstpointer unused) {
        double alone;

        begin_guests(a, 1);
        alone = cost_of_promotion(a);
        run_team(a, 0, NULL);
        g_assert_cmpfloat(cost_of_promotion(a), <, alone / 10);
}

static void test_an_idle_team_gives_its_vf_back(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 1 * KILOBYTE;
        run_team_at(a, 0, "bridge='br0'", a->vfs[0]);
        let_pass(a, 12 * HOUR);
        assert_advice(a, "demote", "virt-ferry move g1 " MAC_1 " virtio:br0");
        run_team_at(a, 0, "bridge='br0'", NULL); /* whoever did it */
        assert_no_advice(a);
}

static void test_what_was_promoted_is_carried_out(AdvisorFixture *a, gconstpointer unused) {
        begin_guests(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run_team(a, 0, NULL);
        let_pass(a, 2 * HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        run_team(a, 0, a->vfs[0]);
        assert_no_advice(a);
        let_pass(a, 2 * HOUR);
        assert_no_advice(a);
}

static void test_teams_of_another_kind_are_left_alone(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *nameless = NULL, *one = NULL, *another = NULL, *two = NULL;

        begin_guests(a, 3);
        nameless = standby(0, "network='default'", "");
        one = standby(1, "network='default'", ALIAS);
        another = standby(0, "network='default'", "<alias name='ua-net1'/>");
        two = g_strconcat(one, another, NULL);
        run_guest(a, 0, nameless); /* no VF could say to which it belongs */
        run_guest(a, 1, two);
        run_team_at(a, 2, "bridge='br7'", NULL);
        for (unsigned g = 0; g < 3; g++)
                a->rates[g] = 900 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        assert_no_advice(a);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("a team should have a VF for its traffic",
            test_a_team_should_have_a_vf_for_its_traffic);
        ADD("its exchange costs nearly nothing", test_its_exchange_costs_nearly_nothing);
        ADD_CONFIGURED("an idle team gives its VF back", "[Policy]\nIdleKbit=100\nBridge=br0\n",
                       test_an_idle_team_gives_its_vf_back);
        ADD("what was promoted is carried out", test_what_was_promoted_is_carried_out);
        ADD("teams of another kind are left alone", test_teams_of_another_kind_are_left_alone);
        return g_test_run();
}
