/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All ways to come to advice (advisor-way.h), as one. Private to the advisor. */

#include "daemon/advice-book.h"
#include "daemon/advisor-way.h"

typedef struct WaySet WaySet;

/* `ways` is borrowed, and NULL after the last one. */
WaySet *way_set_new(Manager *manager, const AdvisorWay *const *ways);
void way_set_free(WaySet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaySet, way_set_free)

/* As of AdvisorWay. */
bool way_set_load(WaySet *set, GError **error);
void way_set_add_state(const WaySet *set, AdvisorState *state);
void way_set_on_guest_event(WaySet *set, const GuestEvent *event);
void way_set_begin(WaySet *set);
bool way_set_turn(WaySet *set, int64_t monotonic); /* whether all could decide */

/* What they decide and `may_give` allows is what the book has then. */
typedef bool (*WaySetFilter)(const void *userdata, const AdvisorDraft *draft);
void way_set_decide(WaySet *set, int64_t monotonic, AdviceBook *book, WaySetFilter may_give,
                    const void *userdata);
