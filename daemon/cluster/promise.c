/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/promise-parts.h"
#include "xml/ferry-error.h"

/* Somebody asks for a promise. */
typedef struct Asking {
        Promises *promises;
        char *domain;
        ClusterWish *wishes; /* of words of core/cluster-doc.h */
        unsigned n_wishes;
        PromiseChange made;
        bool torn; /* it was done, and an owner has undone a part */
        int64_t since;
        GList *link; /* in those that are unanswered; NULL: it was answered */
        PromiseReply reply;
        void *userdata;
} Asking;

static void asking_free(void *data) {
        Asking *asking = data;

        for (unsigned i = 0; i < asking->n_wishes; i++) {
                cluster_word_free((char *)asking->wishes[i].host);
                cluster_word_free((char *)asking->wishes[i].resource);
        }
        g_free(asking->wishes);
        g_free(asking->domain);
        promise_change_clear(&asking->made);
        g_free(asking);
}

Promises *promises_new(Cluster *cluster, const Manager *manager) {
        Promises *promises = g_new0(Promises, 1);

        promises->cluster = cluster;
        promises->manager = manager;
        promises->book = promise_book_new();
        promises->asked = g_hash_table_new_full(NULL, NULL, asking_free, NULL);
        g_queue_init(&promises->unanswered);
        return promises;
}

/* Answers --------------------------------------------------------------------------- */

static void answer(Asking *asking, const char *nonce, const GError *error) {
        if (!asking->link)
                return;

        g_queue_delete_link(&asking->promises->unanswered, asking->link);
        asking->link = NULL;
        asking->reply(asking->userdata, nonce, error);
}

static void answer_unavailable(Asking *asking, const char *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "Domain %.48s: nobody knows yet what was promised, and it is released again: "
                    "%s",
                    asking->domain, why);
        answer(asking, NULL, error);
}

void promises_free(Promises *promises) {
        Promised *promised;

        if (!promises)
                return;

        while (promises->unanswered.head)
                answer_unavailable(promises->unanswered.head->data, "virtferryd is about to end");
        while ((promised = promise_book_any(promises->book))) {
                promise_release_end(promised);
                promise_book_remove(promises->book, promised);
        }
        promise_book_free(promises->book);
        g_hash_table_unref(promises->asked);
        g_free(promises);
}

/* Asking ---------------------------------------------------------------------------- */

static int64_t now(const Promises *promises) {
        return promises->manager->now();
}

/* Each time with another nonce, so that one that is lost is nobody's. */
static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        Asking *asking = userdata;
        g_autofree char *nonce = g_uuid_string_random();
        ClusterChange *change;

        if (!asking->link) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "Domain %.48s: nobody waits for the promise any more", asking->domain);
                return NULL;
        }

        change = cluster_lot_promise(copy, cluster_host_name(asking->promises->cluster),
                                     asking->domain, asking->wishes, asking->n_wishes,
                                     now(asking->promises) / G_USEC_PER_SEC, nonce, error);
        return change ? promise_change_lend(&asking->made, change) : NULL;
}

/* One that is torn was done, and what is left of it is to be released. */
static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        Asking *asking = userdata;
        ClusterVerdict verdict = promise_change_judge(&asking->made, copy);

        asking->torn = verdict == CLUSTER_VERDICT_TORN;
        return asking->torn ? CLUSTER_VERDICT_DONE : verdict;
}

static Promised *note(const Asking *asking) {
        Promised *promised = promise_book_add(asking->promises->book, asking->domain,
                                              asking->made.change->nonce, asking->since,
                                              now(asking->promises));

        for (unsigned i = 0; i < asking->n_wishes; i++)
                promised_add_lot(promised, asking->wishes[i].host, asking->wishes[i].resource);
        return promised;
}

/* An EchoHeard. */
static void on_shown(void *userdata) {
        Asking *asking = userdata;
        Promises *promises = asking->promises;
        Promised *promised = note(asking);

        if (asking->link && !asking->torn) {
                answer(asking, promised->nonce, NULL);
        } else {
                answer_unavailable(asking, "an owner has released a part of it; try again");
                promise_release_begin(promises, promised, NULL, NULL);
        }
        g_hash_table_remove(promises->asked, asking);
}

static void on_done(void *userdata, const GError *error) {
        Asking *asking = userdata;

        if (!error) {
                cluster_await_echo(asking->promises->cluster, asking->made.compares, on_shown,
                                   asking);
                return;
        }
        answer(asking, NULL, error);
        g_hash_table_remove(asking->promises->asked, asking);
}

static const ErrandClass ask_class = { make, judge, on_done };

void promises_ask(Promises *promises, const char *domain, const ClusterWish *wishes,
                  unsigned n_wishes, PromiseReply reply, void *userdata) {
        Asking *asking = g_new0(Asking, 1);

        asking->promises = promises;
        asking->domain = g_strdup(domain);
        asking->wishes = g_new(ClusterWish, n_wishes + 1);
        asking->n_wishes = n_wishes;
        for (unsigned i = 0; i < n_wishes; i++)
                asking->wishes[i] = (ClusterWish){ cluster_word(wishes[i].host),
                                                   cluster_word(wishes[i].resource),
                                                   wishes[i].amount };
        asking->since = now(promises);
        asking->reply = reply;
        asking->userdata = userdata;
        g_queue_push_tail(&promises->unanswered, asking);
        asking->link = promises->unanswered.tail;
        g_hash_table_add(promises->asked, asking);
        cluster_begin_errand(promises->cluster, &ask_class, asking);
}

/* Releasing ------------------------------------------------------------------------- */

static bool knows_guests(const Manager *manager) {
        return !manager->virt || manager->libvirt_known;
}

/* Its guest is on its way, or has left since. */
static bool is_used(const Promises *promises, const Promised *promised) {
        const Manager *manager = promises->manager;
        const Migration *latest = migration_log_latest(manager->migrations, promised->domain);

        if (!latest || latest->direction != MIGRATION_OUTGOING ||
            latest->state == MIGRATION_ROLLED_BACK)
                return false;
        return !migration_state_is_final(latest->state) ||
               latest->entered[latest->state] >= promised->since;
}

static bool check_release(const Promises *promises, const Promised *promised, const char *domain,
                          GError **error) {
        if (!cluster_copy_is_whole(cluster_copy(promises->cluster))) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "Domain %.48s: the cluster has not told yet what is promised: try "
                            "again",
                            domain);
                return false;
        }
        if (!promised || !g_str_equal(promised->domain, domain)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Domain %.48s: this host has no such promise for it: who asked for "
                            "it releases it",
                            domain);
                return false;
        }
        if (!knows_guests(promises->manager)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "libvirt does not tell now whether domain %.48s has left: try again",
                            domain);
                return false;
        }
        if (is_used(promises, promised)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Domain %.48s is on its way or has left, so its promise is not "
                            "released: it ends when the guest has come",
                            domain);
                return false;
        }
        return true;
}

void promises_release(Promises *promises, const char *domain, const char *nonce,
                      PromiseReleased done, void *userdata) {
        Promised *promised = promise_book_find(promises->book, nonce);
        g_autoptr(GError) error = NULL;

        if (check_release(promises, promised, domain, &error))
                promise_release_begin(promises, promised, done, userdata);
        else
                done(userdata, error);
}

void promises_drop(Promises *promises, const char *nonce) {
        Promised *promised = promise_book_find(promises->book, nonce);

        if (promised)
                promise_release_begin(promises, promised, NULL, NULL);
}

/* Time and the copy ----------------------------------------------------------------- */

static void look(Promises *promises, Promised *promised) {
        promise_book_postpone(promises->book, promised, now(promises));
        if (promised->release)
                return;
        if (!promised_is_shown(promised, cluster_copy(promises->cluster)))
                promise_book_remove(promises->book, promised);
        else if (knows_guests(promises->manager) && !is_used(promises, promised))
                promise_release_begin(promises, promised, NULL, NULL);
}

void promises_on_tick(Promises *promises) {
        int64_t time = now(promises);
        Promised *promised;

        while (promises->unanswered.head) {
                Asking *oldest = promises->unanswered.head->data;

                if (oldest->since + (int64_t)PROMISE_WAIT_USEC > time)
                        break;
                answer_unavailable(oldest, "etcd has not answered for 30 seconds; try again");
        }
        while ((promised = promise_book_due(promises->book, time)))
                look(promises, promised);
}

void promises_on_loaded(Promises *promises) {
        promise_book_adopt(promises->book, cluster_copy(promises->cluster),
                           cluster_host_name(promises->cluster), now(promises));
}
