/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known of the agents of offload devices, by the names of their pools.
 * Written by daemon/agents.c, read by the resource map. One thread.
 */

#include "daemon/core/agent-report.h"

typedef enum AgentState {
        AGENT_CONNECTING, /* for the first time */
        AGENT_CONNECTED,
        AGENT_AWAY,
        AGENT_GONE, /* no file names it any more; it is in no book */
} AgentState;

typedef struct AgentEntry {
        char *name;        /* of the pool */
        char *destination; /* Agent= of its file */
        AgentState state;
        AgentReport *report; /* the last; NULL unless it is connected */
        char *reason;        /* why it is away; NULL otherwise */
} AgentEntry;

void agent_entry_free(AgentEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentEntry, agent_entry_free)

typedef struct AgentBook AgentBook;

AgentBook *agent_book_new(void);
void agent_book_free(AgentBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentBook, agent_book_free)

/* Connecting; in the place of what it had. */
void agent_book_add(AgentBook *book, const char *name, const char *destination);
/* Out of the book, as gone and with what it said last; the caller's. NULL: it is in none. */
AgentEntry *agent_book_take(AgentBook *book, const char *name);
/* It is connected, and this is what it says. Takes the report. */
void agent_book_note(AgentBook *book, const char *name, AgentReport *report);
void agent_book_note_away(AgentBook *book, const char *name, const char *reason);

const AgentEntry *agent_book_find(const AgentBook *book, const char *name); /* NULL */
/* AgentEntry, borrowed, in the order of their names. Unref the array. */
GPtrArray *agent_book_list(const AgentBook *book);
