/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/balance.h"

#include <stdlib.h>

#include "daemon/core/balance-parts.h"

#define CLEARLY      0.8                                /* of the gain: a cost below that */
#define SCARCE       (1 - HEADROOM_LOW_PERCENT / 100.0) /* load from which on nobody is sent there */
#define DESTINATIONS 16 /* that are looked at for one guest: the emptiest that it fits on */

typedef struct State {
        BalanceLoad load;
        BalanceFill fill;
        GArray *guests; /* unsigned: numbers */
} State;

typedef struct Search {
        const BalanceWorld *world;
        PlaceWorld *place; /* a copy, where moves are booked */
        State *states;     /* of each host */
        unsigned *order;   /* hosts, the fullest first */
        Place **places;    /* of each guest, when it is first asked about */
} Search;

/* What is known ------------------------------------------------------------------------ */

/* Sums are made anew, since what is taken out of one leaves errors of rounding behind. */
static BalanceLoad add_up(const Search *search, unsigned host, unsigned without) {
        const BalanceWorld *world = search->world;
        const GArray *guests = search->states[host].guests;
        BalanceLoad load = { 0 };

        balance_load_add(&load, world->hosts[host].base, world->hours);
        for (guint i = 0; i < guests->len; i++) {
                unsigned guest = g_array_index(guests, unsigned, i);

                if (guest != without)
                        balance_load_add(&load, world->guests[guest].bands, world->hours);
        }
        return load;
}

static void look(Search *search, unsigned host) {
        State *state = &search->states[host];

        state->load = add_up(search, host, UINT_MAX);
        state->fill = balance_fill(&state->load, &search->world->hosts[host], search->world->hours);
}

static int compare_fill(const void *a, const void *b, void *states) {
        unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
        double x = ((State *)states)[left].fill.peak, y = ((State *)states)[right].fill.peak;

        if (x != y)
                return x > y ? -1 : 1;
        return (left > right) - (left < right);
}

static void sort(Search *search) {
        qsort_r(search->order, search->world->place->n_hosts, sizeof(*search->order), compare_fill,
                search->states);
}

static void search_begin(Search *search, const BalanceWorld *world) {
        unsigned n_hosts = world->place->n_hosts;

        *search = (Search){ .world = world,
                            .place = place_world_copy(world->place),
                            .states = g_new0(State, n_hosts + 1),
                            .order = g_new0(unsigned, n_hosts + 1),
                            .places = g_new0(Place *, world->n_guests + 1) };
        for (unsigned i = 0; i < n_hosts; i++) {
                search->states[i].guests = g_array_new(FALSE, FALSE, sizeof(unsigned));
                search->order[i] = i;
        }
        for (unsigned i = 0; i < world->n_guests; i++)
                g_array_append_val(search->states[world->guests[i].host].guests, i);
        for (unsigned i = 0; i < n_hosts; i++)
                look(search, i);
}

static void search_done(Search *search) {
        for (unsigned i = 0; i < search->world->n_guests; i++)
                place_free(search->places[i]);
        for (unsigned i = 0; i < search->world->place->n_hosts; i++)
                g_array_unref(search->states[i].guests);
        g_free(search->places);
        g_free(search->order);
        g_free(search->states);
        place_world_free(search->place);
}

/* One move ----------------------------------------------------------------------------- */

static Place *place_of(Search *search, unsigned guest) {
        Place **place = &search->places[guest];

        if (!*place)
                *place = place_new(search->place, search->world->guests[guest].needs);
        return *place;
}

static bool uses_network(const BalanceWorld *world, unsigned guest) {
        for (unsigned h = 0; h < world->hours; h++)
                if (world->guests[guest].bands[BALANCE_NETWORK * POLICY_HOURS + h].p95 > 0)
                        return true;
        return false;
}

static bool may_go(Search *search, unsigned guest, unsigned to) {
        const BalanceHost *host = &search->world->hosts[to];

        if (!balance_takes_part(host) ||
            (host->size[BALANCE_NETWORK] <= 0 && uses_network(search->world, guest)))
                return false;
        return place_ask(place_of(search, guest), to).rule == PLACE_FITS;
}

static double cost_of(const BalanceGuest *guest) {
        return guest->downtime + BALANCE_BURDEN * guest->duration;
}

/* From its host to `to`; `without` is how full the former is then. */
static BalanceMove weigh(const Search *search, unsigned guest, const BalanceFill *without,
                         unsigned to) {
        const BalanceWorld *world = search->world;
        const BalanceGuest *one = &world->guests[guest];
        BalanceLoad load = search->states[to].load;
        BalanceFill after;

        balance_load_add(&load, one->bands, world->hours);
        after = balance_fill(&load, &world->hosts[to], world->hours);
        return (BalanceMove){
                .guest = guest,
                .from = one->host,
                .to = to,
                .there = after.peak,
                .gain = search->states[one->host].fill.strain + search->states[to].fill.strain -
                        without->strain - after.strain,
                .cost = cost_of(one),
        };
}

static bool is_worth_it(const Search *search, const BalanceMove *move) {
        return move->gain * CLEARLY > move->cost && move->there < SCARCE &&
               move->there < search->states[move->from].fill.peak;
}

static double net(const BalanceMove *move) {
        return move->gain - move->cost;
}

/* Better than `best` is, which has no gain while there is none. */
static void try_guest(Search *search, unsigned guest, BalanceMove *best) {
        const BalanceWorld *world = search->world;
        unsigned from = world->guests[guest].host, left = DESTINATIONS;
        BalanceLoad load = add_up(search, from, guest);
        BalanceFill without = balance_fill(&load, &world->hosts[from], world->hours);

        for (unsigned i = world->place->n_hosts; i-- > 0 && left > 0;) {
                unsigned to = search->order[i];
                BalanceMove move;

                /* No more are emptier, and no guest makes one emptier. */
                if (search->states[to].fill.peak >= search->states[from].fill.peak)
                        return;
                if (!may_go(search, guest, to))
                        continue;
                left--;
                move = weigh(search, guest, &without, to);
                if (!is_worth_it(search, &move) || (best->gain > 0 && net(&move) <= net(best)))
                        continue;
                *best = move;
                best->after = balance_load_at(&load, &world->hosts[from],
                                              search->states[from].fill.at);
        }
}

static bool is_source(const Search *search, unsigned host) {
        const PlaceHost *one = &search->place->hosts[host];

        /* A drain moves its guests by itself. */
        return one->alive && !one->drained && balance_takes_part(&search->world->hosts[host]);
}

static bool find_from(Search *search, unsigned host, BalanceMove *ret_move) {
        const State *state = &search->states[host];
        BalanceMove best = { 0 };

        if (!is_source(search, host))
                return false;
        for (guint i = 0; i < state->guests->len; i++) {
                unsigned guest = g_array_index(state->guests, unsigned, i);
                const BalanceGuest *one = &search->world->guests[guest];

                if (!one->stays && one->host == host) /* not by a move of this plan */
                        try_guest(search, guest, &best);
        }
        if (best.gain <= 0)
                return false;

        best.thing = (BalanceThing)(state->fill.at / POLICY_HOURS);
        best.hour = state->fill.at % POLICY_HOURS;
        best.before = state->fill.peak;
        *ret_move = best;
        return true;
}

/* The best of the fullest host from which one is worth it. */
static bool find(Search *search, BalanceMove *ret_move) {
        sort(search);
        for (unsigned i = 0; i < search->world->place->n_hosts; i++)
                if (find_from(search, search->order[i], ret_move))
                        return true;
        return false;
}

/* The plan ----------------------------------------------------------------------------- */

static void make(Search *search, const BalanceMove *move) {
        GArray *guests = search->states[move->from].guests;
        unsigned guest = move->guest;

        for (guint i = 0; i < guests->len; i++)
                if (g_array_index(guests, unsigned, i) == guest) {
                        g_array_remove_index(guests, i);
                        break;
                }
        g_array_append_val(search->states[move->to].guests, guest);
        (void)place_take(place_of(search, guest), search->place, move->to);
        look(search, move->from);
        look(search, move->to);
}

GArray *balance_plan(const BalanceWorld *world, unsigned moves_max, bool *ret_more) {
        GArray *moves = g_array_new(FALSE, FALSE, sizeof(BalanceMove));
        BalanceMove move;
        Search search;

        search_begin(&search, world);
        *ret_more = false;
        while (find(&search, &move)) {
                if (moves->len == moves_max) {
                        *ret_more = true;
                        break;
                }
                g_array_append_val(moves, move);
                make(&search, &move);
        }
        search_done(&search);
        return moves;
}

/* Words -------------------------------------------------------------------------------- */

char *balance_sentence(const BalanceWorld *world, const BalanceMove *move) {
        static const char *const things[] = {
                [BALANCE_CPU] = "CPU",
                [BALANCE_MEMORY] = "memory",
                [BALANCE_NETWORK] = "network",
        };
        const BalanceGuest *guest = &world->guests[move->guest];
        const char *from = world->place->hosts[move->from].name;
        const char *to = world->place->hosts[move->to].name;
        g_autofree char *text = NULL;

        text = g_strdup_printf(
                "%.32s should go from %.32s to %.32s: in %u to %u hours, %.0f %% of the %s of "
                "%.32s are expected to be wanted (%s), %.0f %% without it, and at most %.0f %% of "
                "anything there; that spares guests %.0f s of waiting in the day ahead, and costs "
                "%.1f s of downtime and %.1f GiB in %.0f s",
                guest->needs->name, from, to, move->hour, move->hour + 1, 100 * move->before,
                things[move->thing], from, move->thing == BALANCE_MEMORY ? "p99" : "p95",
                100 * move->after, 100 * move->there, move->gain, guest->downtime,
                guest->bytes / (1024.0 * 1024 * 1024), guest->duration);
        return g_utf8_make_valid(text, -1); /* a name may have been cut in a character */
}
