/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy.h"

#include <math.h>

#include "daemon/core/policy-budget.h"
#include "daemon/core/string-table.h"

#define HOUR_SEC   3600.0
#define NEXT_PART  0.65 /* of what counts; the rest is the day's average */
#define IDLE_HOURS 6
#define CLEARLY    1.15 /* times, that a guest has to have of what the other one has */
#define CHANGED    1.25 /* times, and it is said that it rises or falls */

struct Policy {
        PolicySettings settings;
        Budget budget;
        GHashTable *moved; /* id of a guest -> int64_t, when */
};

/* What is known of a guest in this round. */
typedef struct Standing {
        const PolicyGuest *guest;
        const PolicyClass *class;
        double score; /* bytes a second; NAN: nothing is known */
        double seen, day, highest;
        DemandBand next;
        bool open; /* may be decided about */
        bool seated;
} Standing;

typedef struct Seat {
        const PolicySeat *seat;
        Standing *holder; /* NULL: it is free */
        bool open;
} Seat;

typedef struct Round {
        Policy *policy;
        Standing *standings;
        unsigned n_standings;
        Seat *seats;
        unsigned n_seats;
        unsigned left; /* of moves */
        double slot;   /* bytes a second of an average seat */
        GPtrArray *advice;
} Round;

static const char *const mode_words[] = {
        [POLICY_OBSERVE] = "observe",
        [POLICY_ADVISE] = "advise",
        [POLICY_ACT] = "act",
};
G_STATIC_ASSERT(G_N_ELEMENTS(mode_words) == _POLICY_MODE_MAX);

const char *policy_mode_to_string(PolicyMode mode) {
        return string_table_word(mode_words, _POLICY_MODE_MAX, mode);
}

PolicyMode policy_mode_from_string(const char *text) {
        return string_table_value(mode_words, _POLICY_MODE_MAX, text);
}

Policy *policy_new(const PolicySettings *settings) {
        Policy *policy = g_new0(Policy, 1);

        policy->settings = *settings;
        policy->moved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        budget_init(&policy->budget, settings->moves);
        return policy;
}

void policy_free(Policy *policy) {
        if (!policy)
                return;

        budget_done(&policy->budget);
        g_hash_table_unref(policy->moved);
        g_free(policy);
}

void policy_set(Policy *policy, const PolicySettings *settings) {
        policy->settings = *settings;
        policy->budget.moves = settings->moves;
}

double policy_theta(const Policy *policy) {
        return policy->budget.theta;
}

unsigned policy_moves_left(const Policy *policy) {
        return budget_left(&policy->budget);
}

/* Time ------------------------------------------------------------------------------------- */

static void pass(Policy *policy, int64_t time) {
        int64_t jump = budget_pass(&policy->budget, time);
        GHashTableIter iter;
        int64_t *when;

        g_hash_table_iter_init(&iter, policy->moved);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&when)) {
                *when += jump;
                if (time - *when >= policy->settings.settle)
                        g_hash_table_iter_remove(&iter);
        }
}

static void note_moved(Policy *policy, int64_t time, const char *id) {
        if (id)
                g_hash_table_replace(policy->moved, g_strdup(id), g_memdup2(&time, sizeof(time)));
}

void policy_moved(Policy *policy, int64_t time, const Advice *advice) {
        pass(policy, time);
        budget_spend(&policy->budget);
        note_moved(policy, time, advice->in.id);
        note_moved(policy, time, advice->out.id);
}

void policy_remember(Policy *policy, int64_t age, const char *in, const char *out) {
        budget_remember(&policy->budget, age);
        note_moved(policy, -age, in);
        note_moved(policy, -age, out);
}

void policy_remember_theta(Policy *policy, double theta) {
        budget_set_theta(&policy->budget, theta);
}

/* What is known --------------------------------------------------------------------------- */

static double priority_weight(const PolicyGuest *guest) {
        return exp2(CLAMP(guest->priority, -POLICY_PRIORITY_MAX, POLICY_PRIORITY_MAX));
}

static Standing stand(const Policy *policy, const PolicyGuest *guest) {
        Standing standing = {
                .guest = guest,
                .seen = policy_traffic_seen(guest),
                .open = !guest->busy && !g_hash_table_contains(policy->moved, guest->id),
        };
        const PolicyClass *later = NULL;
        double worth = 0;
        DemandBand traffic;

        standing.score = policy_worth(guest, 0, &standing.class);
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++) {
                worth += policy_worth(guest, hour, &later) / POLICY_HOURS;
                if (!policy_traffic(guest, hour, &traffic))
                        continue;
                if (hour == 0)
                        standing.next = traffic;
                standing.day += traffic.mean / POLICY_HOURS;
                if (hour < IDLE_HOURS)
                        standing.highest = MAX(standing.highest, traffic.p95);
        }
        standing.score = priority_weight(guest) *
                         (NEXT_PART * standing.score + (1 - NEXT_PART) * worth);
        return standing;
}

/* A seat whose guest is not known is not open, and has no holder. */
static Seat take_seat(const PolicySeat *seat, GHashTable *standings) {
        Standing *holder = seat->guest ? g_hash_table_lookup(standings, seat->guest) : NULL;

        if (holder)
                holder->seated = true;
        return (Seat){
                .seat = seat,
                .holder = holder,
                .open = !seat->busy && (!seat->guest || (holder && holder->open)),
        };
}

static double average_seat(const Round *round) {
        double sum = 0;

        for (unsigned i = 0; i < round->n_seats; i++) {
                const Standing *holder = round->seats[i].holder;

                if (holder && !isnan(holder->score))
                        sum += holder->score / round->n_seats;
        }
        return sum;
}

static void look(Round *round, const PolicyGuest *guests, const PolicySeat *seats) {
        g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; i < round->n_standings; i++) {
                round->standings[i] = stand(round->policy, &guests[i]);
                g_hash_table_insert(by_id, (void *)guests[i].id, &round->standings[i]);
        }
        for (unsigned i = 0; i < round->n_seats; i++)
                round->seats[i] = take_seat(&seats[i], by_id);
        round->slot = average_seat(round);
}

/* Advice ---------------------------------------------------------------------------------- */

static AdviceGuest describe(const Standing *standing) {
        return (AdviceGuest){
                .id = g_strdup(standing->guest->id),
                .name = g_strdup(standing->guest->name),
                .seen = standing->seen,
                .mean = standing->next.mean,
                .p50 = standing->next.p50,
                .p95 = standing->next.p95,
                .day = standing->day,
        };
}

static AdviceReason find_reason(const Standing *in, const Standing *out) {
        if (in->class == &policy_class_capacity)
                return ADVICE_OVERLOADS;
        if (in->next.mean > CHANGED * in->seen)
                return ADVICE_RISES;
        if (out && out->next.mean * CHANGED < out->seen)
                return ADVICE_FALLS;
        return ADVICE_GAINS;
}

/* Takes seat and guests out of this round. */
static Advice *advise(Round *round, Seat *seat, Standing *in) {
        Advice *advice = g_new0(Advice, 1);

        advice->seat = g_strdup(seat->seat->id);
        advice->act = round->policy->settings.mode == POLICY_ACT;
        if (in) {
                advice->in = describe(in);
                in->open = false;
        }
        if (seat->holder) {
                advice->out = describe(seat->holder);
                seat->holder->open = false;
        }
        advice->kind = !in ? ADVICE_DEMOTE : seat->holder ? ADVICE_EXCHANGE : ADVICE_PROMOTE;
        seat->open = false;
        round->left -= MIN(round->left, 1);
        g_ptr_array_add(round->advice, advice);
        return advice;
}

/* Seats that are given back whoever wants them. ------------------------------------------- */

static bool is_idle(const Round *round, const Standing *holder) {
        return holder->highest < round->policy->settings.idle && !isnan(holder->score);
}

static void give_back(Round *round) {
        for (unsigned i = 0; i < round->n_seats; i++) {
                Seat *seat = &round->seats[i];
                Advice *advice;
                bool opted_out;

                if (!seat->open || !seat->holder)
                        continue;
                opted_out = seat->holder->guest->opted_out;
                if (!opted_out && (!is_idle(round, seat->holder) || round->left == 0))
                        continue;
                advice = advise(round, seat, NULL);
                advice->reason = opted_out ? ADVICE_OPTED_OUT : ADVICE_IDLES;
        }
}

/* Who takes a seat ------------------------------------------------------------------------ */

typedef struct Bid {
        Seat *seat;
        Standing *in;
        double gain, cost;
} Bid;

static bool may_sit(const Round *round, const Standing *in, const Seat *seat) {
        if (!in->open || in->seated || in->guest->opted_out || isnan(in->score))
                return false;
        if (in->next.mean < round->policy->settings.idle)
                return false;
        return seat->seat->carries <= 0 || in->next.p95 <= seat->seat->carries;
}

/* Two that are near each other do not take turns, however low the bar is. */
static bool is_clear(const Standing *in, const Seat *seat) {
        return !seat->holder || in->score > CLEARLY * seat->holder->score;
}

static double outage_cost(const Standing *standing) {
        return standing->guest->outage * standing->next.mean * priority_weight(standing->guest);
}

static Bid bid(Standing *in, Seat *seat) {
        const Standing *out = seat->holder;

        return (Bid){
                .seat = seat,
                .in = in,
                .gain = HOUR_SEC * (in->score - (out ? out->score : 0)),
                .cost = outage_cost(in) + (out ? outage_cost(out) : 0),
        };
}

/* Nobody is in it where none brings more than `best`. */
static void best_bid_for(const Round *round, Seat *seat, Bid *best) {
        for (unsigned i = 0; i < round->n_standings; i++) {
                Standing *in = &round->standings[i];
                Bid one;

                if (!may_sit(round, in, seat) || !is_clear(in, seat))
                        continue;
                one = bid(in, seat);
                if (one.gain - one.cost > best->gain - best->cost)
                        *best = one;
        }
}

static Bid best_bid(const Round *round, double bar) {
        Bid best = { .gain = bar };

        for (unsigned i = 0; i < round->n_seats; i++) {
                Seat *seat = &round->seats[i];

                if (seat->open && !(seat->holder && isnan(seat->holder->score)))
                        best_bid_for(round, seat, &best);
        }
        return best;
}

static void fill_seats(Round *round) {
        double bar = round->policy->budget.theta * round->slot * HOUR_SEC;

        while (round->left > 0) {
                Bid won = best_bid(round, bar);
                Advice *advice;

                if (!won.in)
                        return;
                advice = advise(round, won.seat, won.in);
                advice->reason = find_reason(won.in, won.seat->holder);
                advice->because = won.in->class->about;
                advice->gain = won.gain;
                advice->cost = won.cost;
                advice->bar = bar;
        }
}

GPtrArray *policy_decide(Policy *policy, int64_t time, const PolicyGuest *guests, unsigned n_guests,
                         const PolicySeat *seats, unsigned n_seats) {
        g_autofree Standing *standings = g_new0(Standing, n_guests);
        g_autofree Seat *states = g_new0(Seat, n_seats);
        Round round = {
                .policy = policy,
                .standings = standings,
                .n_standings = n_guests,
                .seats = states,
                .n_seats = n_seats,
                .advice = g_ptr_array_new_with_free_func((GDestroyNotify)advice_free),
        };

        pass(policy, time);
        if (policy->settings.mode == POLICY_OBSERVE)
                return round.advice;

        round.left = budget_left(&policy->budget);
        look(&round, guests, seats);
        give_back(&round);
        fill_seats(&round);
        return round.advice;
}
