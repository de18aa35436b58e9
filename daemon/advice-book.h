/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is advised now, and who hears of it. In memory; belongs to the advisor. */

#include "daemon/advisor-way.h"

typedef struct AdvisorEntry {
        char *id; /* as long as the daemon runs, no other one has it */
        AdvisorDraft *draft;
        const AdvisorWay *way;
        void *self;    /* of the way */
        int64_t since; /* CLOCK_REALTIME in us */
} AdvisorEntry;

void advisor_entry_free(AdvisorEntry *entry);

typedef struct AdviceBook AdviceBook;

AdviceBook *advice_book_new(void);
void advice_book_free(AdviceBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdviceBook, advice_book_free)

typedef enum AdviceChange {
        ADVICE_ADDED,
        ADVICE_CHANGED,
        ADVICE_REMOVED
} AdviceChange;

/* An entry that was removed is not in the book any more. */
typedef void (*AdviceListener)(void *userdata, AdviceChange change, const AdvisorEntry *entry);
void advice_book_set_listener(AdviceBook *book, AdviceListener listener, void *userdata);

/* AdvisorEntry; borrowed, as all are, until the book changes. */
const GPtrArray *advice_book_list(const AdviceBook *book);
const AdvisorEntry *advice_book_find(const AdviceBook *book, const char *id); /* NULL */

/* Out of the book, to be freed. NULL: it is not in it. */
AdvisorEntry *advice_book_take(AdviceBook *book, const char *id);
typedef bool (*AdviceMatch)(const AdvisorEntry *entry, const void *data);
void advice_book_remove(AdviceBook *book, AdviceMatch matches, const void *data);
void advice_book_clear(AdviceBook *book);

/* What is entered from begin to end takes the place of all that was in the book before. What was
 * said before keeps its id and its `since`, with the figures of now. What touches the same of a
 * guest as what another way has entered is left out. Takes the draft. */
void advice_book_begin(AdviceBook *book);
void advice_book_enter(AdviceBook *book, const AdvisorWay *way, void *self, AdvisorDraft *draft,
                       int64_t now);
void advice_book_end(AdviceBook *book);
