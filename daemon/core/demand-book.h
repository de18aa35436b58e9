/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The demand of guests, VFs and PFs: a Demand for each metric of a subject that
 * something is decided by.
 *
 * A book has DEMAND_BOOK_MAX series at most, of 83 KiB each: 331 MiB. A host
 * with 50 guests and 100 VFs has 500 series, 41 MiB. When it is full, a new one
 * takes the place of that which was not seen for the longest time, if that is
 * DEMAND_BOOK_IDLE_USEC at least; else it has none, so that many subjects do not
 * drive each other out. Knows which series have something to learn again, and
 * whose turn it is to be stored. Pure: no store, no clock. Owned by demands.c.
 */

#include "daemon/core/demand.h"
#include "daemon/core/telemetry.h"

#define DEMAND_BOOK_MAX       4096
#define DEMAND_BOOK_STEP      300 /* seconds: SLOT_LONG */
#define DEMAND_BOOK_IDLE_USEC G_TIME_SPAN_HOUR

typedef struct DemandSeries {
        SubjectKind kind;
        char *id;
        Metric metric;
        Demand *demand; /* NULL: nobody has looked for it in the store yet */
        int64_t seen;   /* CLOCK_MONOTONIC us, when something was last known of it */
        bool behind;    /* slots have ended that it has not learnt */
        bool changed;   /* since it was stored */
        /* The book's: in the order of `seen`, of turns, and of those that are behind. */
        GList by_seen, by_turn, by_behind;
} DemandSeries;

typedef struct DemandBook DemandBook;

/* Whether a demand is learnt for it: CPU, memory, network and disks of a guest, the bytes of a VF
 * or PF, all but disks of an offload device. */
bool demand_book_has_metric(SubjectKind kind, Metric metric);

DemandBook *demand_book_new(void);
void demand_book_free(DemandBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DemandBook, demand_book_free)

guint demand_book_size(const DemandBook *book);
DemandSeries *demand_book_find(const DemandBook *book, SubjectKind kind, const char *id,
                               Metric metric); /* NULL */
/* Something is known of it at `monotonic`; a new one is begun. NULL: the book is full. */
DemandSeries *demand_book_see(DemandBook *book, SubjectKind kind, const char *id, Metric metric,
                              int64_t monotonic);

/* The mean of a slot that has ended. False: it is not after the last one. */
bool demand_series_learn(DemandSeries *series, const Slot *slot);

void demand_book_put_behind(DemandBook *book, DemandSeries *series);
/* Takes the one that waits for the longest time; NULL: none. */
DemandSeries *demand_book_take_behind(DemandBook *book);
/* Each comes once before one comes again; NULL: the book is empty. */
DemandSeries *demand_book_next_turn(DemandBook *book);
