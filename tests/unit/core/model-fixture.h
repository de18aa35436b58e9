/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests that move on a made-up way, and what a model foretells of them. */

#include "tests/unit/core/made-up-way.h"

#define MB UINT64_C(1000000)
#define GB UINT64_C(1000000000)

extern const MoveFacts some_guest; /* of 4 GB, to hostb, with no device */

MoveForecast forecast(const Model *model, const MoveFacts *facts);
unsigned n_moves(const Model *model, const char *way);

void assert_between(int64_t value, int64_t low, int64_t high);
void assert_alike(int64_t a, int64_t b, int percent);

MadeUpWay make_way(double noise);
/* One that converges there. */
MoveFacts make_guest(const MadeUpWay *way, const char *name);
MoveOutcome move(const MadeUpWay *way, const MoveFacts *facts);
void teach(Model *model, const MadeUpWay *way, const char *name, unsigned n);
