/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/promise-book.h"

struct PromiseBook {
        GHashTable *of_nonce; /* of Promised */
        GQueue queue;         /* of the same, what is due first */
};

static void lot_clear(void *data) {
        const PromisedLot *lot = data;

        cluster_word_free(lot->host);
        cluster_word_free(lot->resource);
}

static void promised_free(void *data) {
        Promised *promised = data;

        g_free(promised->domain);
        g_free(promised->nonce);
        g_array_unref(promised->lots);
        g_free(promised);
}

PromiseBook *promise_book_new(void) {
        PromiseBook *book = g_new0(PromiseBook, 1);

        book->of_nonce = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, promised_free);
        g_queue_init(&book->queue);
        return book;
}

void promise_book_free(PromiseBook *book) {
        g_queue_clear(&book->queue);
        g_hash_table_unref(book->of_nonce);
        g_free(book);
}

Promised *promise_book_find(const PromiseBook *book, const char *nonce) {
        return g_hash_table_lookup(book->of_nonce, nonce);
}

Promised *promise_book_any(const PromiseBook *book) {
        return g_queue_peek_head((GQueue *)&book->queue);
}

Promised *promise_book_add(PromiseBook *book, const char *domain, const char *nonce, int64_t since,
                           int64_t now) {
        Promised *promised = promise_book_find(book, nonce);

        if (promised)
                return promised;

        promised = g_new0(Promised, 1);
        promised->domain = g_strdup(domain);
        promised->nonce = g_strdup(nonce);
        promised->lots = g_array_new(FALSE, FALSE, sizeof(PromisedLot));
        g_array_set_clear_func(promised->lots, lot_clear);
        promised->since = since;
        promised->due = now + PROMISE_LOOK_USEC;
        g_queue_push_tail(&book->queue, promised);
        promised->link = book->queue.tail;
        g_hash_table_insert(book->of_nonce, promised->nonce, promised);
        return promised;
}

void promised_add_lot(Promised *promised, const char *host, const char *resource) {
        PromisedLot lot;

        for (guint i = 0; i < promised->lots->len; i++) {
                const PromisedLot *known = &g_array_index(promised->lots, PromisedLot, i);

                if (g_str_equal(known->host, host) && g_str_equal(known->resource, resource))
                        return;
        }

        lot = (PromisedLot){ cluster_word(host), cluster_word(resource) };
        g_array_append_val(promised->lots, lot);
}

void promise_book_remove(PromiseBook *book, Promised *promised) {
        g_queue_delete_link(&book->queue, promised->link);
        g_hash_table_remove(book->of_nonce, promised->nonce);
}

/* Their delay is the same for all, so the queue stays in order. */
void promise_book_postpone(PromiseBook *book, Promised *promised, int64_t now) {
        g_queue_unlink(&book->queue, promised->link);
        g_queue_push_tail_link(&book->queue, promised->link);
        promised->due = now + PROMISE_LOOK_USEC;
}

Promised *promise_book_due(const PromiseBook *book, int64_t now) {
        Promised *first = promise_book_any(book);

        return first && first->due <= now ? first : NULL;
}

static void adopt_lot(PromiseBook *book, const ClusterCopyLot *known, const char *by, int64_t now) {
        const GPtrArray *promises = known->lot ? known->lot->promises : NULL;

        for (guint i = 0; promises && i < promises->len; i++) {
                const ClusterPromise *promise = promises->pdata[i];
                Promised *promised;

                if (!g_str_equal(promise->by, by))
                        continue;

                promised = promise_book_add(
                        book, promise->domain, promise->nonce,
                        MIN(promise->since, now / G_USEC_PER_SEC) * G_USEC_PER_SEC, now);
                promised_add_lot(promised, known->host->name, known->resource);
        }
}

void promise_book_adopt(PromiseBook *book, const ClusterCopy *copy, const char *by, int64_t now) {
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, cluster_copy_hosts(copy));
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ClusterCopyHost *host = value;

                for (guint i = 0; i < host->lots->len; i++)
                        adopt_lot(book, host->lots->pdata[i], by, now);
        }
}

bool promised_is_shown(const Promised *promised, const ClusterCopy *copy) {
        for (guint i = 0; i < promised->lots->len; i++) {
                const PromisedLot *lot = &g_array_index(promised->lots, PromisedLot, i);
                const ClusterCopyLot *known = cluster_copy_lot(copy, lot->host, lot->resource);
                const ClusterPromise *promise = NULL;

                if (known && known->lot)
                        promise = cluster_lot_find(known->lot, promised->domain);
                if (promise && g_str_equal(promise->nonce, promised->nonce))
                        return true;
        }
        return false;
}

const char *promised_host(const Promised *promised) {
        const PromisedLot *first = &g_array_index(promised->lots, PromisedLot, 0);

        for (guint i = 1; i < promised->lots->len; i++)
                if (g_array_index(promised->lots, PromisedLot, i).host != first->host)
                        return NULL;
        return promised->lots->len > 0 ? first->host : NULL;
}
