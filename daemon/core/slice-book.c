/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-book-parts.h"

/* A slice that has changed since the begin. */
typedef struct Touched {
        char *domain_uuid;
        SliceEntry *before; /* at the begin; NULL: it was not there */
        bool whole;         /* its wish or its grants have changed, and not only the rest */
} Touched;

static void touched_free(Touched *touched) {
        g_free(touched->domain_uuid);
        slice_entry_free(touched->before);
        g_free(touched);
}

SliceBook *slice_book_new(Store *store) {
        SliceBook *book = g_new0(SliceBook, 1);

        book->store = store;
        book->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                              (GDestroyNotify)slice_entry_free);
        book->by_holder = g_hash_table_new(g_str_hash, g_str_equal);
        book->touched_by = g_hash_table_new(g_str_hash, g_str_equal);
        book->now = g_get_real_time;
        return book;
}

void slice_book_free(SliceBook *book) {
        if (!book)
                return;

        g_clear_pointer(&book->touched, g_ptr_array_unref);
        g_hash_table_unref(book->touched_by);
        g_hash_table_unref(book->by_holder);
        g_hash_table_unref(book->entries);
        capacity_free(book->capacity);
        capacity_free(book->bare);
        g_free(book);
}

void slice_book_set_listener(SliceBook *book, SliceListener listener, void *userdata) {
        book->listener = listener;
        book->userdata = userdata;
}

void slice_book_set_guard(SliceBook *book, SliceGuard guard, void *userdata) {
        book->guard = guard;
        book->guard_userdata = userdata;
}

void slice_book_set_clock(SliceBook *book, int64_t (*now)(void)) {
        book->now = now;
}

/* The entries, and what of the capacity is theirs ----------------------------------- */

static const SliceEntry *find(const SliceBook *book, const char *domain_uuid, bool releasing) {
        const SliceEntry *entry = g_hash_table_lookup(book->entries, domain_uuid);

        return entry && (entry->state == SLICE_RELEASING) == releasing ? entry : NULL;
}

const SliceEntry *slice_book_find(const SliceBook *book, const char *domain_uuid) {
        return find(book, domain_uuid, false);
}

const SliceEntry *slice_book_find_releasing(const SliceBook *book, const char *domain_uuid) {
        return find(book, domain_uuid, true);
}

void slice_book_take(SliceBook *book, const SliceEntry *entry) {
        if (book->capacity && entry->grants->len > 0)
                capacity_take(book->capacity, entry->holder, entry->wish->priority,
                              entry->wish->apart, entry->grants);
}

void slice_book_give_back(SliceBook *book, const SliceEntry *entry) {
        if (book->capacity && entry->grants->len > 0)
                capacity_give_back(book->capacity, entry->holder);
}

char *slice_book_name_holder(const SliceBook *book, const char *domain_uuid,
                             const char *domain_name) {
        const SliceEntry *other = g_hash_table_lookup(book->by_holder, domain_name);

        if (!other || g_str_equal(other->domain_uuid, domain_uuid))
                return g_strdup(domain_name);

        return g_strdup_printf("%s (%s)", domain_name, domain_uuid);
}

static void bring_in(SliceBook *book, SliceEntry *taken) {
        g_hash_table_insert(book->entries, taken->domain_uuid, taken);
        if (taken->state != SLICE_RELEASING)
                g_hash_table_insert(book->by_holder, taken->holder, taken);
}

static SliceEntry *take_out(SliceBook *book, const char *domain_uuid) {
        SliceEntry *entry = g_hash_table_lookup(book->entries, domain_uuid);

        if (!entry)
                return NULL;

        if (entry->state != SLICE_RELEASING)
                g_hash_table_remove(book->by_holder, entry->holder);
        g_hash_table_steal(book->entries, domain_uuid);
        return entry;
}

static int compare_numbers(const void *a, const void *b) {
        const SliceEntry *left = *(SliceEntry *const *)a, *right = *(SliceEntry *const *)b;

        return (left->number > right->number) - (left->number < right->number);
}

static GPtrArray *list(const SliceBook *book, bool releasing) {
        GPtrArray *entries = g_ptr_array_new();
        GHashTableIter iter;
        void *entry;

        g_hash_table_iter_init(&iter, book->entries);
        while (g_hash_table_iter_next(&iter, NULL, &entry))
                if ((((const SliceEntry *)entry)->state == SLICE_RELEASING) == releasing)
                        g_ptr_array_add(entries, entry);
        g_ptr_array_sort(entries, compare_numbers);
        return entries;
}

GPtrArray *slice_book_list(const SliceBook *book) {
        return list(book, false);
}

GPtrArray *slice_book_list_releasing(const SliceBook *book) {
        return list(book, true);
}

int64_t slice_book_next_expiry(const SliceBook *book) {
        int64_t next = 0;
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, book->entries);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const SliceEntry *entry = value;

                if (entry->state != SLICE_RELEASING && entry->expires != 0 &&
                    (next == 0 || entry->expires < next))
                        next = entry->expires;
        }
        return next;
}

void slice_book_rebook(SliceBook *book) {
        g_autoptr(GPtrArray) entries = slice_book_list(book);

        g_clear_pointer(&book->capacity, capacity_free);
        if (book->bare)
                book->capacity = capacity_copy(book->bare);
        for (guint i = 0; i < entries->len; i++)
                slice_book_take(book, entries->pdata[i]);
}

bool slice_book_load(SliceBook *book, GError **error) {
        g_autoptr(GPtrArray) loaded = NULL;

        g_assert(!book->touched);
        loaded = store_load_slices(book->store, error);
        if (!loaded)
                return false;

        g_hash_table_remove_all(book->by_holder);
        g_hash_table_remove_all(book->entries);
        g_ptr_array_set_free_func(loaded, NULL);
        for (guint i = 0; i < loaded->len; i++) {
                SliceEntry *entry = loaded->pdata[i];

                entry->holder = slice_book_name_holder(book, entry->domain_uuid,
                                                       entry->domain_name);
                book->last_number = MAX(book->last_number, entry->number);
                bring_in(book, entry);
        }
        slice_book_rebook(book);
        return true;
}

void slice_book_set_capacity(SliceBook *book, Capacity *taken) {
        capacity_free(book->bare);
        book->bare = taken;
        slice_book_rebook(book);
}

const Capacity *slice_book_capacity(const SliceBook *book) {
        return book->capacity;
}

/* Collecting changes, with what it takes to undo them -------------------------------- */

bool slice_book_is_touched(const SliceBook *book, const char *domain_uuid) {
        return g_hash_table_contains(book->touched_by, domain_uuid);
}

const SliceEntry *slice_book_before(const SliceBook *book, const char *domain_uuid) {
        const Touched *touched = g_hash_table_lookup(book->touched_by, domain_uuid);

        return touched ? touched->before : NULL;
}

void slice_book_replace(SliceBook *book, const char *domain_uuid, SliceEntry *taken, bool whole) {
        Touched *touched = g_hash_table_lookup(book->touched_by, domain_uuid);
        SliceEntry *old = take_out(book, domain_uuid);

        if (touched) {
                slice_entry_free(old); /* made since the begin, or NULL */
        } else {
                touched = g_new0(Touched, 1);
                touched->domain_uuid = g_strdup(domain_uuid);
                touched->before = old;
                g_ptr_array_add(book->touched, touched);
                g_hash_table_insert(book->touched_by, touched->domain_uuid, touched);
        }

        touched->whole |= whole;
        if (taken)
                bring_in(book, taken);
}

static bool write_one(SliceBook *book, const Touched *touched, GError **error) {
        const SliceEntry *before = touched->before,
                         *now = g_hash_table_lookup(book->entries, touched->domain_uuid);

        if (before && (!now || now->number != before->number) &&
            !store_delete_slice(book->store, before, error))
                return false;
        if (!now)
                return true;

        return touched->whole ? store_put_slice(book->store, now, error)
                              : store_note_slice(book->store, now, error);
}

static bool write_all(SliceBook *book, const GPtrArray *touched, GError **error) {
        if (touched->len == 0)
                return true;
        if (!store_begin(book->store, error))
                return false;

        for (guint i = 0; i < touched->len; i++)
                if (!write_one(book, touched->pdata[i], error)) {
                        store_rollback(book->store);
                        return false;
                }

        return store_commit(book->store, error);
}

/* All go before any comes: the name by which one is known now may have been another's. */
static void undo(SliceBook *book, GPtrArray *touched) {
        for (guint i = 0; i < touched->len; i++)
                slice_entry_free(take_out(book, ((const Touched *)touched->pdata[i])->domain_uuid));

        for (guint i = 0; i < touched->len; i++) {
                Touched *one = touched->pdata[i];

                if (one->before)
                        bring_in(book, g_steal_pointer(&one->before));
        }

        slice_book_rebook(book);
}

static void tell(const SliceBook *book, const Touched *touched) {
        const SliceEntry *now = slice_book_find(book, touched->domain_uuid), *before = NULL;

        if (touched->before && touched->before->state != SLICE_RELEASING)
                before = touched->before;
        if (now)
                book->listener(book->userdata, before ? SLICE_CHANGED : SLICE_ADDED, now);
        else if (before)
                book->listener(book->userdata, SLICE_REMOVED, before);
}

void slice_book_begin(SliceBook *book) {
        g_assert(!book->touched);
        book->touched = g_ptr_array_new_with_free_func((GDestroyNotify)touched_free);
}

bool slice_book_commit(SliceBook *book, GError **error) {
        g_autoptr(GPtrArray) touched = g_steal_pointer(&book->touched);

        g_assert(touched);
        g_hash_table_remove_all(book->touched_by);
        if (!write_all(book, touched, error)) {
                undo(book, touched);
                return false;
        }

        for (guint i = 0; i < touched->len && book->listener; i++)
                tell(book, touched->pdata[i]);
        return true;
}

bool slice_book_begin_alone(SliceBook *book) {
        if (book->touched)
                return false;

        slice_book_begin(book);
        return true;
}

bool slice_book_end_alone(SliceBook *book, bool alone, bool done, GError **error) {
        if (alone && !slice_book_commit(book, done ? error : NULL))
                return false;

        return done;
}
