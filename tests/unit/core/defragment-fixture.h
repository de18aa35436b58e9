/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Slices on a made-up host, and moves of them, for the tests of defragment(). */

#include "daemon/core/defragment.h"
#include "tests/unit/core/made-up-host.h"

typedef struct DefragmentFixture {
        MadeUpHost *host;
        Store *store;
        SliceBook *book;
        DefragmentOptions options;
        Slice *goal; /* owned; NULL none */
        Defragment *result;
} DefragmentFixture;

void defragment_set_up(DefragmentFixture *f, const MadeUpHostSize *size);
void defragment_tear_down(DefragmentFixture *f, gconstpointer unused);

/* `name` is that of the domain and its UUID. False: there is no room. */
bool defragment_ask(DefragmentFixture *f, const char *name, const Slice *wish);
void defragment_take_away(DefragmentFixture *f, const char *name);

/* With the options and the goal of the fixture, into its result. */
void defragment_look(DefragmentFixture *f);
char *defragment_steps_to_text(const Defragment *result); /* a line each; free it */
/* Nothing is promised twice, and everybody has what was asked for. */
void defragment_assert_sound(const DefragmentFixture *f);
/* All steps of the result. Each alone has room, and leaves all others what they have. */
void defragment_carry_out(DefragmentFixture *f);
