/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/place-parts.h"

#include <string.h>

#define NO_SEAT UINT_MAX

struct PlaceMatch {
        unsigned *seat;  /* of each taker */
        unsigned *room;  /* of each seat */
        unsigned *taken; /* of each seat */
        bool *visited;   /* seats, for the taker at hand */
        unsigned n_takers, n_seats;
        PlaceMatchFits fits;
        const void *userdata;
};

PlaceMatch *place_match_new(unsigned n_takers, unsigned n_seats_max) {
        PlaceMatch *match = g_new0(PlaceMatch, 1);

        match->seat = g_new0(unsigned, n_takers + 1);
        match->room = g_new0(unsigned, n_seats_max + 1);
        match->taken = g_new0(unsigned, n_seats_max + 1);
        match->visited = g_new0(bool, n_seats_max + 1);
        return match;
}

void place_match_free(PlaceMatch *match) {
        if (!match)
                return;

        g_free(match->seat);
        g_free(match->room);
        g_free(match->taken);
        g_free(match->visited);
        g_free(match);
}

static bool find_seat(PlaceMatch *match, unsigned taker);

/* Somebody who sits there finds another one; it stays full then. */
static bool make_room(PlaceMatch *match, unsigned seat) {
        for (unsigned other = 0; other < match->n_takers; other++)
                if (match->seat[other] == seat && find_seat(match, other))
                        return true;
        return false;
}

/* An augmenting path, as Kuhn has it: each seat is looked at once for a taker. */
static bool find_seat(PlaceMatch *match, unsigned taker) {
        for (unsigned seat = 0; seat < match->n_seats; seat++) {
                if (match->visited[seat] || match->room[seat] == 0 ||
                    !match->fits(match->userdata, taker, seat))
                        continue;
                match->visited[seat] = true;
                if (match->taken[seat] < match->room[seat])
                        match->taken[seat]++;
                else if (!make_room(match, seat))
                        continue;
                match->seat[taker] = seat;
                return true;
        }
        return false;
}

bool place_match_all(PlaceMatch *match, unsigned n_takers, unsigned n_seats, PlaceMatchFits fits,
                     const void *userdata) {
        match->n_takers = n_takers;
        match->n_seats = n_seats;
        match->fits = fits;
        match->userdata = userdata;
        for (unsigned i = 0; i < n_takers; i++)
                match->seat[i] = NO_SEAT;
        memset(match->taken, 0, n_seats * sizeof(*match->taken));

        for (unsigned i = 0; i < n_takers; i++) {
                memset(match->visited, 0, n_seats * sizeof(*match->visited));
                if (!find_seat(match, i))
                        return false;
        }
        return true;
}

unsigned place_match_seat(const PlaceMatch *match, unsigned taker) {
        return match->seat[taker];
}

unsigned *place_match_room(PlaceMatch *match) {
        return match->room;
}
