/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/balance.h"

#include <math.h>
#include <string.h>

#include "tests/unit/core/made-up-series.h"

#define HOSTS  8
#define GUESTS 64
#define GIB    1073741824.0

/* Hosts of 16 CPUs, 64 GiB and 1 GB/s, of which two take part, and guests of 2 CPUs, 2 GiB and 10
 * MB/s without p95 or p99 above that: they are on the first host. */
typedef struct Fixture {
        Fingerprint *fingerprint;
        PlaceKind kind;
        PlaceFunctions functions[HOSTS];
        PlaceHost places[HOSTS];
        PlaceWorld place;
        Slice *slices[2]; /* asks for nothing; for an mdev */
        BalanceHost hosts[HOSTS];
        PlaceGuest *needs[GUESTS];
        BalanceGuest guests[GUESTS];
        DemandBand bands[GUESTS][BALANCE_BANDS];
        BalanceWorld world;
        GArray *moves;
        bool more;
        char *sentence;
} Fixture;

static const char *const names[HOSTS] = { "a", "b", "c", "d", "e", "f", "g", "h" };
static char guest_names[GUESTS][8];

static DemandBand band(double mean, double above) {
        return (DemandBand){ mean, mean, mean + above, mean + 1.414 * above };
}

static void expect(Fixture *f, unsigned guest, BalanceThing thing, double mean, double above) {
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                f->bands[guest][(unsigned)thing * POLICY_HOURS + hour] = band(mean, above);
}

static Slice *read_slice(const char *xml) {
        g_autoptr(GError) error = NULL;
        Slice *slice = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return slice;
}

static void put(Fixture *f, unsigned guest, unsigned host) {
        f->guests[guest].host = host;
        f->needs[guest]->host = names[host];
}

static void need(Fixture *f, unsigned guest, bool function) {
        g_clear_pointer(&f->needs[guest], place_guest_free);
        f->needs[guest] = place_guest_new_for_slice(f->slices[function], guest_names[guest]);
        f->guests[guest].needs = f->needs[guest];
        put(f, guest, f->guests[guest].host);
}

static void make_host(Fixture *f, unsigned i) {
        f->functions[i] = (PlaceFunctions){ 0, 4, 0 };
        f->places[i] = (PlaceHost){
                .name = names[i], .alive = true, .functions = &f->functions[i], .n_functions = 1
        };
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                f->places[i].amounts[r].level = HEADROOM_HIGH;
        f->hosts[i] = (BalanceHost){ .size = { 16, 64 * GIB, 1e9 } };
}

static void make_guest(Fixture *f, unsigned i) {
        g_snprintf(guest_names[i], sizeof(guest_names[i]), "g%u", i);
        need(f, i, false);
        f->guests[i].bytes = 2 * GIB;
        f->guests[i].duration = 20;
        f->guests[i].downtime = 0.3;
        f->guests[i].bands = f->bands[i];
        expect(f, i, BALANCE_CPU, 2, 0);
        expect(f, i, BALANCE_MEMORY, 2 * GIB, 0);
        expect(f, i, BALANCE_NETWORK, 1e7, 0);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->fingerprint = fingerprint_new();
        f->fingerprint->mdev_type = g_strdup("mtty-1");
        f->kind = (PlaceKind){ &device_class_mdev, NULL, f->fingerprint };
        f->slices[0] = read_slice("<slice version='1'/>");
        f->slices[1] = read_slice("<slice version='1'><function name='x' type='mtty-1'/></slice>");
        for (unsigned i = 0; i < HOSTS; i++)
                make_host(f, i);
        for (unsigned i = 0; i < GUESTS; i++)
                make_guest(f, i);
        f->place = (PlaceWorld){ &f->kind, 1, f->places, 2 };
        f->world = (BalanceWorld){ &f->place, f->hosts, f->guests, 6, POLICY_HOURS };
}

static void forget(Fixture *f) {
        g_clear_pointer(&f->moves, g_array_unref);
        g_clear_pointer(&f->sentence, g_free);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        forget(f);
        for (unsigned i = 0; i < GUESTS; i++)
                place_guest_free(f->needs[i]);
        for (unsigned i = 0; i < 2; i++)
                slice_free(f->slices[i]);
        fingerprint_free(f->fingerprint);
}

static const BalanceMove *move_of(const Fixture *f, unsigned i) {
        return &g_array_index(f->moves, BalanceMove, i);
}

/* "g0>b g1>b" */
static const char *plan(Fixture *f, unsigned max) {
        GString *text = g_string_new(NULL);

        forget(f);
        f->moves = balance_plan(&f->world, max, &f->more);
        for (guint i = 0; i < f->moves->len; i++)
                g_string_append_printf(text, "%s%s>%s", i > 0 ? " " : "",
                                       guest_names[move_of(f, i)->guest], names[move_of(f, i)->to]);
        return f->sentence = g_string_free(text, FALSE);
}

static void test_even_hosts_keep_their_guests(Fixture *f, gconstpointer unused) {
        for (unsigned i = 0; i < 6; i++)
                put(f, i, i % 2);
        g_assert_cmpstr(plan(f, 10), ==, "");
        g_assert_false(f->more);
}

static void test_the_full_host_gives_half_of_it(Fixture *f, gconstpointer unused) {
        g_assert_cmpstr(plan(f, 10), ==, "g0>b g1>b g2>b");
        g_assert_false(f->more);
        g_assert_cmpuint(move_of(f, 0)->thing, ==, BALANCE_CPU);
        g_assert_cmpfloat(move_of(f, 0)->before, ==, 12.0 / 16);
        g_assert_cmpfloat(move_of(f, 0)->after, ==, 10.0 / 16);
        g_assert_cmpfloat(move_of(f, 0)->there, ==, 2.0 / 16);
        g_assert_cmpfloat(ABS(move_of(f, 0)->cost - 2.3), <, 1e-9);
        g_assert_cmpfloat(move_of(f, 0)->gain, >, move_of(f, 1)->gain);
        g_free(f->sentence);
        f->sentence = balance_sentence(&f->world, move_of(f, 0));
        g_assert_cmpstr(
                f->sentence, ==,
                "g0 should go from a to b: in 0 to 1 hours, 75 % of the CPU of a are expected to "
                "be "
                "wanted (p95), 62 % without it, and at most 12 % of anything there; that spares "
                "guests 144 s of waiting in the day ahead, and costs 0.3 s of downtime and 2.0 GiB "
                "in 20 s");
}

/* It would be no text for the bus. */
static void test_a_name_is_cut_between_two_characters(Fixture *f, gconstpointer unused) {
        f->needs[0]->name = "0123456789012345678901234567890\xc3\xa4";
        (void)plan(f, 1);
        g_free(f->sentence);
        f->sentence = balance_sentence(&f->world, move_of(f, 0));
        g_assert_true(g_str_has_prefix(f->sentence, "0123456789012345678901234567890"));
        g_assert_true(g_utf8_validate(f->sentence, -1, NULL));
}

static void test_a_bound_is_kept_and_told(Fixture *f, gconstpointer unused) {
        g_assert_cmpstr(plan(f, 2), ==, "g0>b g1>b");
        g_assert_true(f->more);
        g_assert_cmpstr(plan(f, 0), ==, "");
        g_assert_true(f->more);
}

static void test_who_stays_or_settles_is_not_moved(Fixture *f, gconstpointer unused) {
        f->guests[0].stays = true;
        f->needs[1]->settles = 60;
        g_assert_cmpstr(plan(f, 10), ==, "g2>b g3>b g4>b");
}

static void test_a_move_that_costs_more_than_it_brings_is_not_made(Fixture *f,
                                                                   gconstpointer unused) {
        for (unsigned i = 0; i < 6; i++)
                f->guests[i].duration = i == 4 ? 20 : 1e5;
        g_assert_cmpstr(plan(f, 10), ==, "g4>b");
        f->guests[4].downtime = 300;
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->guests[4].downtime = HUGE_VAL;
        g_assert_cmpstr(plan(f, 10), ==, "");
}

static void test_the_cheapest_of_equals_is_moved(Fixture *f, gconstpointer unused) {
        f->guests[3].duration = 10;
        g_assert_cmpstr(plan(f, 1), ==, "g3>b");
}

/* Both have 8 CPUs by the mean. */
static void test_peaks_are_evened_out_where_means_are_even(Fixture *f, gconstpointer unused) {
        f->world.n_guests = 5;
        for (unsigned i = 0; i < 5; i++) {
                put(f, i, i % 2);
                expect(f, i, BALANCE_CPU, i == 0 || i % 2 == 1 ? 4 : 2, 0);
        }
        g_assert_cmpstr(plan(f, 10), ==, "");
        expect(f, 0, BALANCE_CPU, 4, 4);
        g_assert_cmpstr(plan(f, 10), ==, "g2>b");
}

/* At no hour do they want more than 4 CPUs together, and each 4 at its own. */
static void test_those_who_peak_at_other_hours_share_a_host(Fixture *f, gconstpointer unused) {
        f->world.n_guests = 4;
        for (unsigned i = 0; i < 4; i++) {
                put(f, i, i / 2);
                expect(f, i, BALANCE_CPU, 0, 0);
                for (unsigned hour = 12 * (i % 2); hour < 12 * (i % 2) + 12; hour++)
                        f->bands[i][hour] = band(4, 0);
        }
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->world.hours = 12;
        g_assert_cmpstr(plan(f, 10), ==, "");
        put(f, 1, 1);
        put(f, 2, 0); /* both of the morning */
        g_assert_cmpstr(plan(f, 10), ==, "g0>b");
}

static void test_memory_counts_by_its_p99(Fixture *f, gconstpointer unused) {
        f->world.n_guests = 2;
        for (unsigned i = 0; i < 2; i++) {
                expect(f, i, BALANCE_CPU, 0.1, 0);
                for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                        f->bands[i][BALANCE_MEMORY * POLICY_HOURS + hour] =
                                (DemandBand){ GIB, GIB, 2 * GIB, 20 * GIB };
        }
        g_assert_cmpstr(plan(f, 10), ==, "g0>b");
        g_assert_cmpuint(move_of(f, 0)->thing, ==, BALANCE_MEMORY);
        g_assert_cmpfloat(move_of(f, 0)->before, >, 0.3);
}

static void test_nobody_goes_where_place_does_not_let_it(Fixture *f, gconstpointer unused) {
        f->places[1].drained = true;
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->places[1].drained = false;
        f->places[1].amounts[HEADROOM_MEMORY].level = HEADROOM_LOW;
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->places[1].amounts[HEADROOM_MEMORY].level = HEADROOM_MED;
        g_assert_cmpstr(plan(f, 10), ==, "g0>b g1>b g2>b");
}

static void test_what_one_move_takes_the_next_has_not(Fixture *f, gconstpointer unused) {
        for (unsigned i = 0; i < 6; i++)
                need(f, i, true);
        f->functions[1].offered = 2;
        g_assert_cmpstr(plan(f, 10), ==, "g0>b g1>b");
        g_assert_false(f->more);
        g_assert_cmpuint(f->functions[1].promised, ==, 0);
}

static void test_a_host_that_is_away_or_drained_gives_nobody(Fixture *f, gconstpointer unused) {
        f->places[0].drained = true;
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->places[0].drained = false;
        f->places[0].alive = false;
        g_assert_cmpstr(plan(f, 10), ==, "");
}

static void test_what_is_not_known_is_not_taken_for_empty(Fixture *f, gconstpointer unused) {
        f->hosts[1].size[BALANCE_CPU] = 0;
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->hosts[1].size[BALANCE_CPU] = 16;
        f->hosts[1].size[BALANCE_NETWORK] = 0;
        g_assert_cmpstr(plan(f, 10), ==, "");
        expect(f, 5, BALANCE_NETWORK, 0, 0);
        g_assert_cmpstr(plan(f, 10), ==, "g5>b");
}

static void test_what_no_guest_uses_counts(Fixture *f, gconstpointer unused) {
        DemandBand base[BALANCE_BANDS] = { 0 };

        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                base[hour] = band(12, 0);
        f->hosts[1].base = base;
        g_assert_cmpstr(plan(f, 10), ==, "");
}

/* It is emptier than the first, and would be fuller than that with any guest. */
static void test_no_host_gets_scarce_by_it(Fixture *f, gconstpointer unused) {
        f->world.n_guests = 2;
        expect(f, 0, BALANCE_CPU, 14, 0);
        expect(f, 1, BALANCE_CPU, 14, 0);
        g_assert_cmpstr(plan(f, 10), ==, "");
        f->hosts[1].size[BALANCE_CPU] = 17;
        g_assert_cmpstr(plan(f, 10), ==, "g0>b");
}

/* g1 can only go to b, where g0 is by then, which would rather be on c. */
static void test_a_guest_moves_once_in_a_plan(Fixture *f, gconstpointer unused) {
        f->place.n_hosts = 3;
        f->world.n_guests = 4;
        for (unsigned i = 0; i < 4; i++)
                expect(f, i, BALANCE_CPU, i < 2 ? 3 : 6, 0);
        expect(f, 3, BALANCE_CPU, 2, 0);
        put(f, 3, 2);
        f->guests[2].stays = f->guests[3].stays = true;
        need(f, 1, true);
        f->functions[2].offered = 0;
        g_assert_cmpstr(plan(f, 10), ==, "g0>b g1>b");
}

/* One is full of CPU, and the other nearly as full of memory. */
static void test_hosts_that_are_full_of_something_else_help(Fixture *f, gconstpointer unused) {
        f->world.n_guests = 3;
        for (unsigned i = 0; i < 3; i++) {
                expect(f, i, BALANCE_CPU, i == 2 ? 0.1 : 4, 0);
                expect(f, i, BALANCE_MEMORY, i == 2 ? 30 * GIB : GIB, 0);
        }
        put(f, 2, 1);
        g_assert_cmpstr(plan(f, 10), ==, "g0>b");
}

/* Chance ------------------------------------------------------------------------------- */

/* As the header has it, in other words. */
static double strain_of(const Fixture *f, double *ret_fullest) {
        double strain = 0;

        *ret_fullest = 0;
        for (unsigned host = 0; host < f->place.n_hosts; host++)
                for (unsigned at = 0; at < BALANCE_BANDS; at++) {
                        double mean = 0, squares = 0, load;
                        bool is_memory = at / POLICY_HOURS == BALANCE_MEMORY;

                        for (unsigned i = 0; i < f->world.n_guests; i++) {
                                const DemandBand *one = &f->bands[i][at];
                                double above = (is_memory ? one->p99 : one->p95) - one->mean;

                                if (f->guests[i].host != host)
                                        continue;
                                mean += one->mean;
                                squares += above * above;
                        }
                        load = (mean + sqrt(squares)) / f->hosts[host].size[at / POLICY_HOURS];
                        strain += 36 * load * load;
                        *ret_fullest = MAX(*ret_fullest, load);
                }
        return strain;
}

static void make_chance(Fixture *f, uint32_t seed) {
        static const double most[] = { 6, 12 * GIB, 2e8 };

        f->place.n_hosts = 2 + (unsigned)(made_up_chance(seed, 0) * (HOSTS - 1));
        f->world.n_guests = (unsigned)(made_up_chance(seed, 1) * GUESTS);
        for (unsigned i = 0; i < f->place.n_hosts; i++) {
                f->functions[i] = (PlaceFunctions){ 0, (unsigned)(made_up_chance(seed, 10 + i) * 6),
                                                    0 };
                f->places[i].drained = made_up_chance(seed, 20 + i) < 0.1;
                f->hosts[i].size[BALANCE_CPU] = 8 + 24 * made_up_chance(seed, 30 + i);
        }
        for (unsigned i = 0; i < f->world.n_guests; i++) {
                unsigned dice = 100 + i * 200;

                need(f, i, made_up_chance(seed, dice) < 0.3);
                put(f, i, (unsigned)(pow(made_up_chance(seed, dice + 1), 2) * f->place.n_hosts));
                f->guests[i].stays = made_up_chance(seed, dice + 2) < 0.1;
                f->guests[i].duration = 60 * made_up_chance(seed, dice + 3);
                for (unsigned at = 0; at < BALANCE_BANDS; at++)
                        f->bands[i][at] = band(most[at / POLICY_HOURS] *
                                                       pow(made_up_chance(seed, dice + 4), 2) *
                                                       made_up_chance(seed, dice + 10 + at),
                                               most[at / POLICY_HOURS] * 0.3 *
                                                       made_up_chance(seed, dice + 90 + at));
        }
}

/* Carries one out, after it has looked at each rule. */
static void carry_out(Fixture *f, const BalanceMove *move) {
        g_autoptr(Place) place = place_new(&f->place, f->needs[move->guest]);
        double fullest, before = strain_of(f, &fullest), after, fullest_after;

        g_assert_false(f->guests[move->guest].stays);
        g_assert_cmpuint(f->needs[move->guest]->settles, ==, 0);
        g_assert_cmpuint(move->from, ==, f->guests[move->guest].host);
        g_assert_cmpuint(move->to, !=, move->from);
        g_assert_true(place_take(place, &f->place, move->to));
        put(f, move->guest, move->to);

        after = strain_of(f, &fullest_after);
        g_assert_cmpfloat(ABS(before - after - move->gain), <, 1e-6 * before);
        g_assert_cmpfloat(move->gain, >, move->cost);
        g_assert_cmpfloat(fullest_after, <=, fullest * (1 + 1e-9));
        f->needs[move->guest]->settles = 3600;
}

static void test_chance_never_makes_it_worse(Fixture *f, gconstpointer unused) {
        unsigned moves = 0, plans = 0;

        for (uint32_t seed = 1; seed <= 200; seed++) {
                unsigned max = seed % 7;

                make_chance(f, seed);
                (void)plan(f, max);
                g_assert_cmpuint(f->moves->len, <=, max);
                for (guint i = 0; i < f->moves->len; i++)
                        carry_out(f, move_of(f, i));
                moves += f->moves->len;
                plans += f->moves->len > 0;
        }
        g_test_message("%u moves in %u plans", moves, plans);
        g_assert_cmpuint(plans, >, 50);
}

static void test_chance_finds_nothing_in_its_own_outcome(Fixture *f, gconstpointer unused) {
        for (uint32_t seed = 1; seed <= 100; seed++) {
                make_chance(f, seed);
                (void)plan(f, GUESTS);
                g_assert_false(f->more);
                for (guint i = 0; i < f->moves->len; i++)
                        carry_out(f, move_of(f, i));
                g_assert_cmpstr(plan(f, GUESTS), ==, "");
        }
}

/* Nobody settles, and all comes free again: still it ends, and who has left a host is not sent back
 * in the next run. */
static void test_chance_plays_no_ball(Fixture *f, gconstpointer unused) {
        for (uint32_t seed = 1; seed <= 60; seed++) {
                unsigned left[GUESTS], runs;

                make_chance(f, seed);
                for (unsigned i = 0; i < GUESTS; i++)
                        left[i] = UINT_MAX;
                for (runs = 0; *plan(f, 4) && runs < 100; runs++)
                        for (guint i = 0; i < f->moves->len; i++) {
                                const BalanceMove *move = move_of(f, i);

                                g_assert_cmpuint(left[move->guest], !=, move->to);
                                left[move->guest] = move->from;
                                carry_out(f, move);
                                f->needs[move->guest]->settles = 0;
                                for (unsigned h = 0; h < HOSTS; h++)
                                        f->functions[h].promised = 0;
                        }
                g_assert_cmpuint(runs, <, 30);
        }
}

/* A forecast that is a bit different each hour. */
static void test_noise_moves_few(Fixture *f, gconstpointer unused) {
        unsigned moves = 0;

        f->place.n_hosts = HOSTS;
        f->world.n_guests = GUESTS / 2;
        for (unsigned i = 0; i < f->world.n_guests; i++)
                put(f, i, i % HOSTS);
        for (unsigned run = 0; run < 200; run++) {
                for (unsigned i = 0; i < f->world.n_guests; i++) {
                        expect(f, i, BALANCE_CPU, 2 + 0.2 * made_up_chance(run, i), 0.3);
                        f->needs[i]->settles = 0;
                }
                (void)plan(f, 4);
                moves += f->moves->len;
                for (guint i = 0; i < f->moves->len; i++)
                        carry_out(f, move_of(f, i));
        }
        g_assert_cmpuint(moves, <=, 2);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add("/balance/" name, Fixture, NULL, set_up, function, tear_down)

        ADD("even hosts keep their guests", test_even_hosts_keep_their_guests);
        ADD("the full host gives half of it", test_the_full_host_gives_half_of_it);
        ADD("a name is cut between two characters", test_a_name_is_cut_between_two_characters);
        ADD("a bound is kept, and told when it was too low", test_a_bound_is_kept_and_told);
        ADD("who stays or settles is not moved", test_who_stays_or_settles_is_not_moved);
        ADD("a move that costs more than it brings is not made",
            test_a_move_that_costs_more_than_it_brings_is_not_made);
        ADD("the cheapest of equals is moved", test_the_cheapest_of_equals_is_moved);
        ADD("peaks are evened out where means are even",
            test_peaks_are_evened_out_where_means_are_even);
        ADD("those who peak at other hours share a host",
            test_those_who_peak_at_other_hours_share_a_host);
        ADD("memory counts by its p99", test_memory_counts_by_its_p99);
        ADD("nobody goes where place does not let it",
            test_nobody_goes_where_place_does_not_let_it);
        ADD("what one move takes the next has not", test_what_one_move_takes_the_next_has_not);
        ADD("a host that is away or drained gives nobody",
            test_a_host_that_is_away_or_drained_gives_nobody);
        ADD("what is not known is not taken for empty",
            test_what_is_not_known_is_not_taken_for_empty);
        ADD("what no guest uses counts", test_what_no_guest_uses_counts);
        ADD("no host gets scarce by it", test_no_host_gets_scarce_by_it);
        ADD("a guest moves once in a plan", test_a_guest_moves_once_in_a_plan);
        ADD("hosts that are full of something else help",
            test_hosts_that_are_full_of_something_else_help);
        ADD("chance never makes it worse", test_chance_never_makes_it_worse);
        ADD("chance finds nothing in its own outcome",
            test_chance_finds_nothing_in_its_own_outcome);
        ADD("chance plays no ball", test_chance_plays_no_ball);
        ADD("noise moves few", test_noise_moves_few);
        return g_test_run();
}
