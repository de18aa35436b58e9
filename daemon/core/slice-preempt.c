/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-preempt.h"

#include <string.h>

typedef struct Preemption {
        const Capacity *capacity;
        const Slice *slice;
        const GPtrArray *present;
        GPtrArray *holders; /* CapacityHolder of best effort, the youngest first */
        bool *gone;         /* of each */
        unsigned trials;
        unsigned steps; /* of all trials together */
} Preemption;

static GPtrArray *list_best_effort(const Capacity *capacity) {
        const GPtrArray *all = capacity_holders(capacity);
        GPtrArray *holders = g_ptr_array_new();

        for (guint i = all->len; i-- > 0;)
                if (((const CapacityHolder *)all->pdata[i])->priority == SLICE_BEST_EFFORT)
                        g_ptr_array_add(holders, all->pdata[i]);
        return holders;
}

static void give_back(uint64_t *taken, unsigned n_items, const CapacityHolder *holder) {
        for (unsigned i = 0; i < holder->n_bookings; i++) {
                const CapacityBooking *booking = &holder->bookings[i];

                if ((unsigned)booking->item < n_items)
                        taken[booking->item] -= booking->amount;
        }
}

static uint64_t *copy_taken(const Capacity *capacity) {
        guint n = capacity_shape(capacity)->items->len;
        uint64_t *taken = g_new(uint64_t, n);

        memcpy(taken, capacity_taken(capacity), n * sizeof(*taken));
        return taken;
}

uint64_t *slice_preempt_all(const Capacity *capacity, GPtrArray **ret_names) {
        g_autoptr(GPtrArray) holders = list_best_effort(capacity);
        uint64_t *taken = copy_taken(capacity);

        *ret_names = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < holders->len; i++) {
                const CapacityHolder *holder = holders->pdata[i];

                give_back(taken, capacity_shape(capacity)->items->len, holder);
                g_ptr_array_add(*ret_names, g_strdup(holder->name));
        }
        return taken;
}

/* Trying ---------------------------------------------------------------------------- */

static GPtrArray *names_of_gone(const Preemption *p) {
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < p->holders->len; i++)
                if (p->gone[i])
                        g_ptr_array_add(names,
                                        g_strdup(((CapacityHolder *)p->holders->pdata[i])->name));
        return names;
}

/* `taken` is the search's as long as it lives. */
static PlaceSearch *search_without(Preemption *p, uint64_t **ret_taken) {
        g_autoptr(GPtrArray) names = names_of_gone(p);
        g_autofree uint64_t *taken = copy_taken(p->capacity);
        g_autoptr(PlaceSearch) search = NULL;
        bool found;

        for (guint i = 0; i < p->holders->len; i++)
                if (p->gone[i])
                        give_back(taken, capacity_shape(p->capacity)->items->len,
                                  p->holders->pdata[i]);
        search = place_search_new(p->capacity, taken, p->slice, p->present);
        place_search_keep_apart(search, p->capacity, names);
        found = place_search_run(search);
        p->trials++;
        p->steps += search->steps;
        if (!found)
                return NULL;

        *ret_taken = g_steal_pointer(&taken);
        return g_steal_pointer(&search);
}

static bool is_enough(Preemption *p) {
        g_autofree uint64_t *taken = NULL;
        g_autoptr(PlaceSearch) search = search_without(p, &taken);

        return search != NULL;
}

/* Choosing -------------------------------------------------------------------------- */

/* Of all, the oldest may stay first. What takes too long to find out stays out. */
static unsigned let_stay(Preemption *p) {
        unsigned n = p->holders->len;

        for (guint i = p->holders->len; i-- > 0 && p->steps < SLICE_PLACE_STEPS_MAX;) {
                p->gone[i] = false;
                if (is_enough(p))
                        n--;
                else
                        p->gone[i] = true;
        }
        return n;
}

static void mark(Preemption *p, const unsigned *chosen, unsigned n) {
        memset(p->gone, 0, p->holders->len * sizeof(p->gone[0]));
        for (unsigned i = 0; i < n; i++)
                p->gone[chosen[i]] = true;
}

/* The next set of n in the order in which the oldest of a set is as young as can be. */
static bool next_set(unsigned *chosen, unsigned n, unsigned limit) {
        unsigned i = 0;

        while (i + 1 < n && chosen[i] + 1 == chosen[i + 1])
                i++;
        if (++chosen[i] >= limit)
                return false;
        for (unsigned k = 0; k < i; k++)
                chosen[k] = k;
        return true;
}

/* Ends with the first that is enough. */
static bool try_sets(Preemption *p, unsigned n) {
        g_autofree unsigned *chosen = g_new(unsigned, n);

        for (unsigned i = 0; i < n; i++)
                chosen[i] = i;
        do {
                if (p->trials >= PREEMPT_TRIALS_MAX || p->steps >= SLICE_PLACE_STEPS_MAX)
                        return false;
                mark(p, chosen, n);
                if (is_enough(p))
                        return true;
        } while (next_set(chosen, n, p->holders->len));
        return false;
}

/* One is enough mostly, and found out at once. */
static void choose(Preemption *p) {
        g_autofree bool *enough = NULL;
        unsigned n;

        p->trials = p->steps = 0;
        if (try_sets(p, 1))
                return;

        memset(p->gone, true, p->holders->len * sizeof(p->gone[0]));
        p->trials = p->steps = 0;
        n = let_stay(p);
        enough = g_memdup2(p->gone, p->holders->len * sizeof(p->gone[0]));
        p->trials = p->steps = 0;
        for (unsigned i = 2; i <= n; i++)
                if (try_sets(p, i))
                        return;
        memcpy(p->gone, enough, p->holders->len * sizeof(p->gone[0]));
}

PlaceSearch *slice_preempt(const Capacity *capacity, const Slice *slice, const GPtrArray *present,
                           GPtrArray **ret_names) {
        g_autoptr(GPtrArray) holders = list_best_effort(capacity);
        g_autofree bool *gone = g_new(bool, holders->len + 1);
        Preemption p = { .capacity = capacity,
                         .slice = slice,
                         .present = present,
                         .holders = holders,
                         .gone = gone };
        uint64_t *taken = NULL;
        PlaceSearch *search;

        if (holders->len == 0)
                return NULL;
        for (guint i = 0; i < holders->len; i++)
                gone[i] = true;
        if (!is_enough(&p))
                return NULL;

        choose(&p);
        search = search_without(&p, &taken);
        search->taken_own = taken;
        *ret_names = names_of_gone(&p);
        return search;
}
