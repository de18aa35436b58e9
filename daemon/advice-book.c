/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advice-book.h"

struct AdviceBook {
        GPtrArray *entries;         /* AdvisorEntry */
        GPtrArray *next;            /* the same, what is to take their place; NULL: nothing is */
        GPtrArray *added, *changed; /* of these, borrowed */
        AdviceListener listener;
        void *userdata;
        unsigned n_ids;
};

void advisor_entry_free(AdvisorEntry *entry) {
        if (!entry)
                return;

        g_free(entry->id);
        advisor_draft_free(entry->draft);
        g_free(entry);
}

static GPtrArray *entries_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)advisor_entry_free);
}

AdviceBook *advice_book_new(void) {
        AdviceBook *book = g_new0(AdviceBook, 1);

        book->entries = entries_new();
        book->added = g_ptr_array_new();
        book->changed = g_ptr_array_new();
        return book;
}

void advice_book_free(AdviceBook *book) {
        if (!book)
                return;

        g_ptr_array_unref(book->entries);
        g_clear_pointer(&book->next, g_ptr_array_unref);
        g_ptr_array_unref(book->added);
        g_ptr_array_unref(book->changed);
        g_free(book);
}

void advice_book_set_listener(AdviceBook *book, AdviceListener listener, void *userdata) {
        book->listener = listener;
        book->userdata = userdata;
}

const GPtrArray *advice_book_list(const AdviceBook *book) {
        return book->entries;
}

static bool has_id(const AdvisorEntry *entry, const void *id) {
        return g_str_equal(entry->id, id);
}

const AdvisorEntry *advice_book_find(const AdviceBook *book, const char *id) {
        for (guint i = 0; i < book->entries->len; i++)
                if (has_id(book->entries->pdata[i], id))
                        return book->entries->pdata[i];
        return NULL;
}

/* Out of the book ----------------------------------------------------------------------- */

static void tell(const AdviceBook *book, AdviceChange change, const GPtrArray *entries) {
        for (guint i = 0; book->listener && i < entries->len; i++)
                book->listener(book->userdata, change, entries->pdata[i]);
}

AdvisorEntry *advice_book_take(AdviceBook *book, const char *id) {
        for (guint i = 0; i < book->entries->len; i++)
                if (has_id(book->entries->pdata[i], id)) {
                        AdvisorEntry *entry = g_ptr_array_steal_index(book->entries, i);

                        if (book->listener)
                                book->listener(book->userdata, ADVICE_REMOVED, entry);
                        return entry;
                }
        return NULL;
}

void advice_book_remove(AdviceBook *book, AdviceMatch matches, const void *data) {
        g_autoptr(GPtrArray) removed = entries_new();

        for (guint i = 0; i < book->entries->len;)
                if (matches(book->entries->pdata[i], data))
                        g_ptr_array_add(removed, g_ptr_array_steal_index(book->entries, i));
                else
                        i++;
        tell(book, ADVICE_REMOVED, removed);
}

static bool is_any(const AdvisorEntry *entry, const void *unused) {
        return true;
}

void advice_book_clear(AdviceBook *book) {
        advice_book_remove(book, is_any, NULL);
}

/* What is advised now ------------------------------------------------------------------- */

void advice_book_begin(AdviceBook *book) {
        book->next = entries_new();
}

static bool clashes(const AdviceBook *book, const AdvisorWay *way, const AdvisorDraft *draft) {
        for (guint i = 0; i < book->next->len; i++) {
                const AdvisorEntry *entry = book->next->pdata[i];

                if (entry->way != way && (entry->way->touches & way->touches) &&
                    advisor_draft_shares_guest(entry->draft, draft))
                        return true;
        }
        return false;
}

/* What was said before. NULL: it was not. */
static AdvisorEntry *steal_same(AdviceBook *book, const AdvisorWay *way,
                                const AdvisorDraft *draft) {
        for (guint i = 0; i < book->entries->len; i++) {
                const AdvisorEntry *entry = book->entries->pdata[i];

                if (entry->way == way && advisor_draft_is_same(entry->draft, draft))
                        return g_ptr_array_steal_index(book->entries, i);
        }
        return NULL;
}

static AdvisorEntry *entry_new(AdviceBook *book, const AdvisorWay *way, void *self, int64_t now) {
        AdvisorEntry *entry = g_new0(AdvisorEntry, 1);

        entry->id = g_strdup_printf("%u", ++book->n_ids);
        entry->since = now;
        entry->way = way;
        entry->self = self;
        return entry;
}

void advice_book_enter(AdviceBook *book, const AdvisorWay *way, void *self, AdvisorDraft *draft,
                       int64_t now) {
        AdvisorEntry *entry;

        if (clashes(book, way, draft)) {
                advisor_draft_free(draft);
                return;
        }

        entry = steal_same(book, way, draft);
        if (!entry) {
                entry = entry_new(book, way, self, now);
                g_ptr_array_add(book->added, entry);
        } else if (!advisor_draft_is_equal(entry->draft, draft))
                g_ptr_array_add(book->changed, entry);
        advisor_draft_free(entry->draft);
        entry->draft = draft;
        g_ptr_array_add(book->next, entry);
}

/* Whoever hears of a change finds the book as it is then. */
void advice_book_end(AdviceBook *book) {
        g_autoptr(GPtrArray) removed = book->entries;

        book->entries = g_steal_pointer(&book->next);
        tell(book, ADVICE_REMOVED, removed);
        tell(book, ADVICE_ADDED, book->added);
        tell(book, ADVICE_CHANGED, book->changed);
        g_ptr_array_set_size(book->added, 0);
        g_ptr_array_set_size(book->changed, 0);
}
