/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/share-book.h"

#include "daemon/core/store-share.h"

typedef struct Share {
        int64_t out, stored;
        GHashTable *promises; /* domain UUID to int64_t; NULL: none */
} Share;

struct ShareBook {
        Store *store;
        GHashTable *shares;  /* resource to Share */
        GHashTable *domains; /* domain UUID to of how many resources it was promised some */
        int64_t called_back; /* when; 0: never */
        bool reaches;        /* the cluster can be asked */
        bool supposed_back;
};

void share_out_free(ShareOut *out) {
        if (!out)
                return;

        g_free(out->resource);
        g_free(out);
}

static void share_free(void *data) {
        Share *share = data;

        g_clear_pointer(&share->promises, g_hash_table_unref);
        g_free(share);
}

ShareBook *share_book_new(Store *store) {
        ShareBook *book = g_new0(ShareBook, 1);

        book->store = store;
        book->shares = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, share_free);
        book->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return book;
}

void share_book_free(ShareBook *book) {
        if (!book)
                return;

        g_hash_table_unref(book->shares);
        g_hash_table_unref(book->domains);
        g_free(book);
}

static Share *find(const ShareBook *book, const char *resource) {
        return g_hash_table_lookup(book->shares, resource);
}

static Share *take_share(ShareBook *book, const char *resource) {
        Share *share = find(book, resource);

        if (!share) {
                share = g_new0(Share, 1);
                g_hash_table_insert(book->shares, g_strdup(resource), share);
        }
        return share;
}

bool share_book_load(ShareBook *book, GError **error) {
        g_autoptr(GPtrArray) outs = store_load_shares(book->store, error);

        if (!outs)
                return false;

        g_hash_table_remove_all(book->shares);
        g_hash_table_remove_all(book->domains);
        for (guint i = 0; i < outs->len; i++) {
                const ShareOut *out = outs->pdata[i];
                Share *share = take_share(book, out->resource);

                share->out = share->stored = out->amount;
        }
        return true;
}

/* What is out ------------------------------------------------------------------------ */

static GPtrArray *list_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)share_out_free);
}

static void add_out(GPtrArray *outs, const char *resource, int64_t amount) {
        ShareOut *out = g_new0(ShareOut, 1);

        out->resource = g_strdup(resource);
        out->amount = amount;
        g_ptr_array_add(outs, out);
}

static bool store_all(ShareBook *book, const GPtrArray *outs, GError **error) {
        if (!store_put_shares(book->store, outs, error))
                return false;

        for (guint i = 0; i < outs->len; i++) {
                const ShareOut *out = outs->pdata[i];
                Share *share = take_share(book, out->resource);

                share->out = share->stored = out->amount;
        }
        return true;
}

bool share_book_give(ShareBook *book, const ShareOut *more, unsigned n, GError **error) {
        g_autoptr(GPtrArray) outs = list_new();

        for (unsigned i = 0; i < n; i++)
                add_out(outs, more[i].resource,
                        share_book_out(book, more[i].resource) + more[i].amount);
        return n == 0 || store_all(book, outs, error);
}

void share_book_take(ShareBook *book, const char *resource, int64_t less) {
        Share *share = find(book, resource);

        if (share)
                share->out -= CLAMP(less, 0, share->out);
}

static gboolean is_over(void *resource, void *value, void *unused) {
        const Share *share = value;

        return share->out == 0 && !share->promises;
}

bool share_book_store(ShareBook *book, GError **error) {
        g_autoptr(GPtrArray) outs = list_new();
        GHashTableIter iter;
        void *resource, *value;

        g_hash_table_iter_init(&iter, book->shares);
        while (g_hash_table_iter_next(&iter, &resource, &value)) {
                const Share *share = value;

                if (share->out != share->stored)
                        add_out(outs, resource, share->out);
        }
        if (outs->len > 0 && !store_all(book, outs, error))
                return false;

        g_hash_table_foreach_remove(book->shares, is_over, NULL);
        return true;
}

bool share_book_is_empty(const ShareBook *book) {
        GHashTableIter iter;
        void *share;

        g_hash_table_iter_init(&iter, book->shares);
        while (g_hash_table_iter_next(&iter, NULL, &share))
                if (((const Share *)share)->out > 0)
                        return false;
        return true;
}

int64_t share_book_out(const ShareBook *book, const char *resource) {
        const Share *share = find(book, resource);

        return share ? share->out : 0;
}

GPtrArray *share_book_list(const ShareBook *book) {
        GPtrArray *names = g_ptr_array_new();
        GHashTableIter iter;
        void *resource, *share;

        g_hash_table_iter_init(&iter, book->shares);
        while (g_hash_table_iter_next(&iter, &resource, &share))
                if (((const Share *)share)->out > 0)
                        g_ptr_array_add(names, resource);
        return names;
}

/* To whom it is promised ------------------------------------------------------------- */

static void count_domain(ShareBook *book, const char *domain_uuid, int step) {
        int count = GPOINTER_TO_INT(g_hash_table_lookup(book->domains, domain_uuid)) + step;

        if (count > 0)
                g_hash_table_insert(book->domains, g_strdup(domain_uuid), GINT_TO_POINTER(count));
        else
                g_hash_table_remove(book->domains, domain_uuid);
}

void share_book_forget_promises(ShareBook *book, const char *resource) {
        Share *share = find(book, resource);
        GHashTableIter iter;
        void *domain;

        if (!share || !share->promises)
                return;

        g_hash_table_iter_init(&iter, share->promises);
        while (g_hash_table_iter_next(&iter, &domain, NULL))
                count_domain(book, domain, -1);
        g_clear_pointer(&share->promises, g_hash_table_unref);
}

void share_book_note_promise(ShareBook *book, const char *resource, const char *domain_uuid,
                             int64_t amount) {
        Share *share = take_share(book, resource);

        if (!share->promises)
                share->promises = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        if (!g_hash_table_contains(share->promises, domain_uuid))
                count_domain(book, domain_uuid, 1);
        g_hash_table_insert(share->promises, g_strdup(domain_uuid),
                            g_memdup2(&amount, sizeof(amount)));
}

bool share_book_has_promise(const ShareBook *book, const char *domain_uuid) {
        return domain_uuid && g_hash_table_contains(book->domains, domain_uuid);
}

int64_t share_book_promised(const ShareBook *book, const char *resource, const char *domain_uuid) {
        const Share *share = find(book, resource);
        const int64_t *amount = NULL;

        if (share && share->promises && domain_uuid)
                amount = g_hash_table_lookup(share->promises, domain_uuid);
        return amount ? *amount : 0;
}

static bool is_anybody(void *unused, const char *domain_uuid) {
        return true;
}

int64_t share_book_kept_from(const ShareBook *book, const char *resource, const char *domain_uuid) {
        int64_t out = share_book_out(book, resource);

        if (book->supposed_back)
                out = MIN(out, share_book_sum(book, resource, is_anybody, NULL));
        return out - MIN(out, share_book_promised(book, resource, domain_uuid));
}

int64_t share_book_sum(const ShareBook *book, const char *resource, ShareFilter is,
                       void *userdata) {
        const Share *share = find(book, resource);
        GHashTableIter iter;
        void *domain, *amount;
        int64_t sum = 0;

        if (!share || !share->promises)
                return 0;

        g_hash_table_iter_init(&iter, share->promises);
        while (g_hash_table_iter_next(&iter, &domain, &amount))
                if (is(userdata, domain))
                        sum += *(const int64_t *)amount;
        return sum;
}

const char *share_book_holder(const ShareBook *book, const char *resource) {
        const Share *share = find(book, resource);
        GHashTableIter iter;
        void *domain;

        if (!share || !share->promises)
                return NULL;

        g_hash_table_iter_init(&iter, share->promises);
        return g_hash_table_iter_next(&iter, &domain, NULL) ? domain : NULL;
}

/* Calling back ----------------------------------------------------------------------- */

bool share_book_call_back(ShareBook *book, int64_t now) {
        if (share_book_is_empty(book))
                return false;

        book->called_back = now;
        return true;
}

/* A clock that was put back does not prolong it. */
bool share_book_is_called_back(const ShareBook *book, int64_t now) {
        return book->called_back > 0 && now >= book->called_back &&
               now - book->called_back < SHARE_CALL_BACK_USEC;
}

void share_book_note_reach(ShareBook *book, bool reaches) {
        book->reaches = reaches;
}

bool share_book_may_come_back(const ShareBook *book) {
        return book->reaches && !share_book_is_empty(book);
}

void share_book_suppose_back(ShareBook *book, bool back) {
        book->supposed_back = back;
}
