/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of daemon/core/place*.c. */

#include "daemon/core/place.h"

struct Place {
        const PlaceWorld *world;
        const PlaceGuest *guest;
        uint8_t *fits; /* Fit of want w and kind k: [w * n_kinds + k] */
        struct PlaceMatch *match;
};

/* Takers, each of whom needs one of the seats that it fits; a seat has room for several. */
typedef struct PlaceMatch PlaceMatch;

typedef bool (*PlaceMatchFits)(const void *userdata, unsigned taker, unsigned seat);

PlaceMatch *place_match_new(unsigned n_takers, unsigned n_seats_max);
void place_match_free(PlaceMatch *match);
/* Whether all find a seat; exact. */
bool place_match_all(PlaceMatch *match, unsigned n_takers, unsigned n_seats, PlaceMatchFits fits,
                     const void *userdata);
/* Where it found one, after all did. */
unsigned place_match_seat(const PlaceMatch *match, unsigned taker);
/* Of each seat, to be filled before place_match_all(). */
unsigned *place_match_room(PlaceMatch *match);

Fit place_fit(const Place *place, unsigned want, unsigned kind);
uint64_t place_free_amount(const PlaceAmount *amount);
bool place_uses_network(const PlaceGuest *guest);
