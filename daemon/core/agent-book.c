/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-book.h"

#include <string.h>

struct AgentBook {
        GHashTable *entries; /* name → AgentEntry, which has the name */
};

void agent_entry_free(AgentEntry *entry) {
        if (!entry)
                return;

        g_free(entry->name);
        g_free(entry->destination);
        agent_report_free(entry->report);
        g_free(entry->reason);
        g_free(entry);
}

AgentBook *agent_book_new(void) {
        AgentBook *book = g_new0(AgentBook, 1);

        book->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                              (GDestroyNotify)agent_entry_free);
        return book;
}

void agent_book_free(AgentBook *book) {
        if (!book)
                return;

        g_hash_table_unref(book->entries);
        g_free(book);
}

void agent_book_add(AgentBook *book, const char *name, const char *destination) {
        AgentEntry *entry = g_new0(AgentEntry, 1);

        entry->name = g_strdup(name);
        entry->destination = g_strdup(destination);
        g_hash_table_replace(book->entries, entry->name, entry);
}

AgentEntry *agent_book_take(AgentBook *book, const char *name) {
        void *entry = NULL;

        if (g_hash_table_steal_extended(book->entries, name, NULL, &entry))
                ((AgentEntry *)entry)->state = AGENT_GONE;
        return entry;
}

/* The one setter. */
static void enter(AgentEntry *entry, AgentState state, AgentReport *report, const char *reason) {
        g_autofree char *before = g_steal_pointer(&entry->reason);

        agent_report_free(entry->report);
        entry->state = state;
        entry->report = report;
        entry->reason = g_strdup(reason);
}

void agent_book_note(AgentBook *book, const char *name, AgentReport *report) {
        AgentEntry *entry = g_hash_table_lookup(book->entries, name);

        if (entry)
                enter(entry, AGENT_CONNECTED, report, NULL);
        else
                agent_report_free(report);
}

void agent_book_note_away(AgentBook *book, const char *name, const char *reason) {
        AgentEntry *entry = g_hash_table_lookup(book->entries, name);

        if (entry)
                enter(entry, AGENT_AWAY, NULL, reason);
}

const AgentEntry *agent_book_find(const AgentBook *book, const char *name) {
        return g_hash_table_lookup(book->entries, name);
}

static int compare_names(gconstpointer a, gconstpointer b) {
        return strcmp((*(const AgentEntry *const *)a)->name, (*(const AgentEntry *const *)b)->name);
}

GPtrArray *agent_book_list(const AgentBook *book) {
        GPtrArray *list = g_ptr_array_new();
        GHashTableIter iter;
        void *entry;

        g_hash_table_iter_init(&iter, book->entries);
        while (g_hash_table_iter_next(&iter, NULL, &entry))
                g_ptr_array_add(list, entry);
        g_ptr_array_sort(list, compare_names);
        return list;
}
