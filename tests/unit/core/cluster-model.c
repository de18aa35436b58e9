/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/cluster-model.h"

#include <string.h>

const char *const model_names[MODEL_HOSTS] = { "hosta", "hostb", "hostc", "hostd" };
const char *const model_resources[MODEL_RESOURCES] = { "cores", "vf" };

unsigned model_draw(Model *m, unsigned below) {
        return (unsigned)g_rand_int_range(m->random, 0, (int)below);
}

void model_guest_free(void *data) {
        Guest *guest = data;

        g_free(guest->domain);
        g_free(guest->promise);
        g_free(guest);
}

void model_held_free(void *data) {
        Held *held = data;

        g_free(held->domain);
        g_free(held->promise);
        g_free(held);
}

void model_pending_free(void *data) {
        Pending *pending = data;

        g_free(pending->domain);
        g_free(pending->promise);
        g_free(pending);
}

static char *new_name(Model *m, const char *of) {
        return g_strdup_printf("%s-%u", of, ++m->next);
}

/* A host's book ---------------------------------------------------------------------------- */

/* What it has neither offered nor given to a guest. What a guest has that was not redeemed yet is
 * in what was offered. */
static int64_t count_local(const Host *host, unsigned resource) {
        int64_t left = MODEL_CAPACITY - host->offered[resource];

        for (guint i = 0; i < host->guests->len; i++) {
                const Guest *guest = host->guests->pdata[i];

                if (guest->redeemed)
                        left -= guest->amounts[resource];
        }
        return left;
}

static Guest *find_guest(const Host *host, const char *model_promise) {
        for (guint i = 0; i < host->guests->len; i++) {
                Guest *guest = host->guests->pdata[i];

                if (g_strcmp0(guest->promise, model_promise) == 0)
                        return guest;
        }
        return NULL;
}

bool model_has_pending(const Host *host, Use first, Use last) {
        for (guint i = 0; i < host->pending->len; i++) {
                const Pending *pending = host->pending->pdata[i];

                if (pending->use >= first && pending->use <= last)
                        return true;
        }
        return false;
}

static bool releases(const Host *host, const char *model_promise) {
        for (guint i = 0; i < host->pending->len; i++) {
                const Pending *pending = host->pending->pdata[i];

                if (pending->use == USE_RELEASE && g_str_equal(pending->promise, model_promise))
                        return true;
        }
        return false;
}

/* Sending ---------------------------------------------------------------------------------- */

static void send(Model *m, const Host *host, const Pending *pending) {
        Message *message = g_new0(Message, 1);

        message->host = host->number;
        message->id = pending->id;
        message->change = pending->change;
        g_ptr_array_add(m->requests, message);
}

static Pending *begin(Model *m, Host *host, Use use, ClusterChange *change) {
        Pending *pending;

        if (!change) {
                m->refused++;
                return NULL;
        }

        g_ptr_array_add(m->kept, change);
        pending = g_new0(Pending, 1);
        pending->id = ++m->next;
        pending->use = use;
        pending->change = change;
        pending->host = host->number;
        g_ptr_array_add(host->pending, pending);
        send(m, host, pending);
        return pending;
}

void model_offer(Model *m, Host *host, unsigned resource) {
        int64_t amount = count_local(host, resource);
        g_autofree char *nonce = new_name(m, "n");
        Pending *pending;

        if (amount <= 0)
                return;

        amount = 1 + model_draw(m, (unsigned)amount);
        pending = begin(m, host, USE_OFFER,
                        cluster_lot_offer(host->copy, model_names[host->number],
                                          model_resources[resource], amount, nonce, NULL));
        if (!pending)
                return;

        host->offered[resource] += amount;
        pending->resource = resource;
        pending->amount = amount;
}

void model_take_back(Model *m, Host *host, unsigned resource) {
        int64_t amount = 1 + model_draw(m, 2);
        g_autofree char *nonce = new_name(m, "n");
        Pending *pending = begin(m, host, USE_TAKE_BACK,
                                 cluster_lot_take_back(host->copy, model_names[host->number],
                                                       model_resources[resource], amount, nonce,
                                                       NULL));

        if (!pending)
                return;

        pending->resource = resource;
        pending->amount = amount;
}

void model_settle(Model *m, Host *host, unsigned resource) {
        g_autofree char *nonce = new_name(m, "n");
        Pending *pending = begin(m, host, USE_SETTLE,
                                 cluster_lot_offer(host->copy, model_names[host->number],
                                                   model_resources[resource], 0, nonce, NULL));

        if (pending)
                pending->resource = resource;
}

void model_redeem(Model *m, Host *host) {
        for (guint i = 0; i < host->guests->len; i++) {
                const Guest *guest = host->guests->pdata[i];
                g_autofree char *nonce = NULL;
                Pending *pending;

                if (guest->redeemed)
                        continue;

                nonce = new_name(m, "n");
                pending = begin(m, host, USE_REDEEM,
                                cluster_lot_redeem(host->copy, model_names[host->number],
                                                   guest->domain, guest->promise, nonce, NULL));
                if (pending)
                        pending->promise = g_strdup(guest->promise);
                return;
        }
}

void model_promise(Model *m, Host *host) {
        g_autofree char *domain = new_name(m, "g"), *nonce = new_name(m, "p");
        unsigned n = 1 + model_draw(m, MODEL_WISHES),
                 first = model_draw(m, MODEL_HOSTS * MODEL_RESOURCES);
        ClusterWish wishes[MODEL_WISHES];
        Pending *pending;

        for (unsigned i = 0; i < n; i++) {
                unsigned at = (first + i * (1 + first % 2)) % (MODEL_HOSTS * MODEL_RESOURCES);

                wishes[i] = (ClusterWish){ model_names[at / MODEL_RESOURCES],
                                           model_resources[at % MODEL_RESOURCES],
                                           1 + model_draw(m, 2) };
        }

        pending = begin(m, host, USE_PROMISE,
                        cluster_lot_promise(host->copy, model_names[host->number], domain, wishes,
                                            n, m->now, nonce, NULL));
        if (!pending)
                return;

        pending->domain = g_steal_pointer(&domain);
        pending->promise = g_steal_pointer(&nonce);
        pending->n_wishes = n;
        memcpy(pending->wishes, wishes, sizeof wishes);
}

static void release(Model *m, Host *host, unsigned owner, const char *domain, const char *nonce) {
        Pending *pending;

        if (releases(host, nonce))
                return;

        pending = begin(m, host, USE_RELEASE,
                        cluster_lot_release(host->copy, model_names[owner], domain, nonce, NULL));
        if (!pending)
                return;

        pending->domain = g_strdup(domain);
        pending->promise = g_strdup(nonce);
        pending->host = owner;
}

/* Answers ---------------------------------------------------------------------------------- */

static unsigned number_of(const char *name, const char *const *of) {
        unsigned i = 0;

        while (!g_str_equal(of[i], name))
                i++;
        return i;
}

static bool holds(const Host *host, const char *nonce, unsigned owner) {
        for (guint i = 0; i < host->held->len; i++) {
                const Held *held = host->held->pdata[i];

                if (held->host == owner && g_str_equal(held->promise, nonce))
                        return true;
        }
        return false;
}

static void promise_is_done(Model *m, Host *host, const Pending *pending) {
        m->promised++;
        for (unsigned i = 0; i < pending->n_wishes; i++) {
                const ClusterWish *wish = &pending->wishes[i];
                unsigned owner = number_of(wish->host, model_names);
                Held *held;

                cluster_judge_take(m->judge, pending->promise, owner,
                                   number_of(wish->resource, model_resources), wish->amount);
                if (holds(host, pending->promise, owner))
                        continue;

                held = g_new0(Held, 1);
                held->domain = g_strdup(pending->domain);
                held->promise = g_strdup(pending->promise);
                held->host = owner;
                g_ptr_array_add(host->held, held);
        }
}

/* What the lot said when it was settled is what was offered. Of a guest that has come since it says
 * nothing, and none that was sent before can have redeemed it. */
static void settle_is_done(Host *host, const Pending *pending) {
        const ClusterPut *put = pending->change->transaction->puts->pdata[0];
        g_autoptr(ClusterLot) lot = cluster_lot_from_json(put->value, NULL);

        host->offered[pending->resource] = lot->offered;
        host->unsettled[pending->resource] = false;
        for (guint i = 0; i < host->guests->len; i++) {
                Guest *guest = host->guests->pdata[i];
                const ClusterPromise *found = cluster_lot_find(lot, guest->domain);

                if (guest->amounts[pending->resource] > 0 && !guest->redeemed && !found &&
                    guest->came < pending->id) {
                        guest->redeemed = true;
                        for (unsigned r = 0; r < MODEL_RESOURCES; r++)
                                if (r != pending->resource)
                                        host->offered[r] -= guest->amounts[r];
                }
        }
}

static void redeem_is_done(Host *host, const Pending *pending) {
        Guest *guest = find_guest(host, pending->promise);

        if (!guest || guest->redeemed)
                return;

        guest->redeemed = true;
        for (unsigned r = 0; r < MODEL_RESOURCES; r++)
                host->offered[r] -= guest->amounts[r];
}

static void finish(Model *m, Host *host, Pending *pending, bool done) {
        if (!done)
                m->lost++;
        switch (pending->use) {
        case USE_OFFER:
                if (!done)
                        host->offered[pending->resource] -= pending->amount;
                break;
        case USE_TAKE_BACK:
                if (done)
                        host->offered[pending->resource] -= pending->amount;
                break;
        case USE_REDEEM:
                if (done)
                        redeem_is_done(host, pending);
                break;
        case USE_SETTLE:
                if (done)
                        settle_is_done(host, pending);
                break;
        case USE_PROMISE:
                if (done)
                        promise_is_done(m, host, pending);
                break;
        case USE_RELEASE:
                break; /* what is left is released again */
        }
        g_ptr_array_remove(host->pending, pending);
}

static Pending *find_pending(const Host *host, unsigned id) {
        for (guint i = 0; i < host->pending->len; i++) {
                Pending *pending = host->pending->pdata[i];

                if (pending->id == id)
                        return pending;
        }
        return NULL;
}

void model_hear(Model *m, const Message *message) {
        Host *host = &m->hosts[message->host];
        Pending *pending = find_pending(host, message->id);

        if (!pending)
                return;
        if (message->outcome == CLUSTER_DONE)
                finish(m, host, pending, true);
        else if (message->outcome == CLUSTER_LOST && !pending->asking)
                finish(m, host, pending, false);
        else
                pending->asking = true;
}

void model_ask_the_copy(Model *m, Host *host) {
        for (guint i = 0; i < host->pending->len; i++) {
                Pending *pending = host->pending->pdata[i];
                ClusterVerdict verdict;

                if (!pending->asking || !cluster_copy_is_whole(host->copy))
                        continue;

                verdict = cluster_change_judge(pending->change, host->copy);
                if (verdict == CLUSTER_VERDICT_OPEN) {
                        if (model_draw(m, 4) == 0)
                                send(m, host, pending);
                        continue;
                }
                finish(m, host, pending, verdict == CLUSTER_VERDICT_DONE);
                return;
        }
}

/* Guests ----------------------------------------------------------------------------------- */

void model_start_here(Model *m, Host *host) {
        unsigned resource = model_draw(m, MODEL_RESOURCES);
        Guest *guest;

        if (count_local(host, resource) < 1)
                return;

        guest = g_new0(Guest, 1);
        guest->domain = new_name(m, "l");
        guest->redeemed = true;
        guest->amounts[resource] = 1 + model_draw(m, (unsigned)count_local(host, resource));
        g_ptr_array_add(host->guests, guest);
        cluster_judge_take(m->judge, guest->domain, host->number, resource,
                           guest->amounts[resource]);
}

void model_end_one(Model *m, Host *host) {
        for (guint i = 0; i < host->guests->len; i++) {
                const Guest *guest = host->guests->pdata[i];

                if (!guest->redeemed || model_draw(m, 2))
                        continue;

                cluster_judge_drop(m->judge, guest->promise ?: guest->domain, host->number);
                g_ptr_array_remove_index_fast(host->guests, i);
                return;
        }
}

/* The owner's word, by its own copy; whether etcd answers or not. */
static bool arrive(const Model *m, Host *owner, const Held *held) {
        const ClusterCopyHost *known = cluster_copy_host(owner->copy, model_names[owner->number]);
        Guest *guest = g_new0(Guest, 1);
        bool found = false;

        guest->came = m->next;
        guest->domain = g_strdup(held->domain);
        guest->promise = g_strdup(held->promise);
        for (guint i = 0; known && i < known->lots->len; i++) {
                const ClusterCopyLot *lot = known->lots->pdata[i];
                const ClusterPromise *promise = cluster_lot_find(lot->lot, held->domain);

                if (!promise || !g_str_equal(promise->nonce, held->promise))
                        continue;

                guest->amounts[number_of(lot->resource, model_resources)] = promise->amount;
                found = true;
        }
        if (!found || owner->stopped || g_hash_table_contains(owner->leaving, held->promise)) {
                model_guest_free(guest);
                return false;
        }

        g_ptr_array_add(owner->guests, guest);
        return true;
}

void model_use_one_held(Model *m, Host *host, bool give_up) {
        Held *held;
        guint at;

        if (host->held->len == 0)
                return;

        at = model_draw(m, host->held->len);
        held = host->held->pdata[at];
        if (!give_up && arrive(m, &m->hosts[held->host], held)) {
                g_ptr_array_remove_index_fast(host->held, at);
                return;
        }
        if (!give_up && model_draw(m, 4))
                return;

        cluster_judge_drop(m->judge, held->promise, held->host);
        release(m, host, held->host, held->domain, held->promise);
        g_ptr_array_remove_index_fast(host->held, at);
}

static bool is_known(const Host *host, const ClusterPromise *promise, unsigned owner) {
        if (holds(host, promise->nonce, owner))
                return true;

        for (guint i = 0; i < host->pending->len; i++) {
                const Pending *pending = host->pending->pdata[i];

                if (g_strcmp0(pending->promise, promise->nonce) == 0)
                        return true;
        }
        return false;
}

/* Whom a host has sent, and who has come to it, is in its store. */
void model_release_one(Model *m, Host *host, bool owns) {
        for (unsigned owner = 0; owner < MODEL_HOSTS; owner++) {
                const ClusterCopyHost *known = cluster_copy_host(host->copy, model_names[owner]);

                if (owns && owner != host->number)
                        continue;

                for (guint i = 0; known && i < known->lots->len; i++) {
                        const ClusterLot *lot = ((ClusterCopyLot *)known->lots->pdata[i])->lot;
                        const ClusterPromise *found = lot->promises && lot->promises->len > 0
                                                              ? lot->promises->pdata[0]
                                                              : NULL;

                        if (!found || find_guest(&m->hosts[owner], found->nonce))
                                continue;
                        if (!owns && (!g_str_equal(found->by, model_names[host->number]) ||
                                      is_known(host, found, owner)))
                                continue;

                        if (owns) {
                                g_hash_table_add(host->leaving, g_strdup(found->nonce));
                                cluster_judge_drop(m->judge, found->nonce, owner);
                        }
                        release(m, host, owner, found->domain, found->nonce);
                        return;
                }
        }
}
