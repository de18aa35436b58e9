/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that share a pool, over a network that delays, reorders and loses what they send and hear,
 * while they crash, stand still past their lease, are cut off, and while the store compacts.
 *
 * Each host keeps a book: what it has offered (never less than the store may think), the guests
 * that it has, the promises that it holds at others. The judge (cluster-judge.h) hears only what
 * was acknowledged, and aborts when a unit is with two. When all has healed and all is given back,
 * each unit is where it was.
 *
 * VIRTFERRY_CLUSTER_PROMISES says how many promises are to be done; VIRTFERRY_CLUSTER_SEED repeats
 * a run.
 */

#include "tests/unit/core/cluster-model.h"

#include <stdlib.h>

#define PROMISES 10000u
#define TTL      60
#define HELD_MAX 6u

/* The world -------------------------------------------------------------------------------- */

static void act_as_owner(Model *m, Host *host) {
        unsigned resource = model_draw(m, MODEL_RESOURCES), kind = model_draw(m, 12);

        if (model_has_pending(host, USE_OFFER, USE_SETTLE))
                return;
        for (unsigned r = 0; r < MODEL_RESOURCES; r++) {
                if (host->unsettled[r]) {
                        model_settle(m, host, r);
                        return;
                }
        }

        if (kind < 5)
                model_redeem(m, host);
        else if (kind < 9)
                model_offer(m, host, resource);
        else if (kind == 9)
                model_take_back(m, host, resource);
        else if (kind == 10 && model_draw(m, 8) == 0)
                model_release_one(m, host, true);
}

static void act(Model *m, Host *host) {
        if (host->stopped || !cluster_copy_is_whole(host->copy))
                return;

        model_ask_the_copy(m, host);
        switch (model_draw(m, 8)) {
        case 0:
                model_start_here(m, host);
                break;
        case 1:
                model_end_one(m, host);
                break;
        case 2:
        case 3:
                act_as_owner(m, host);
                break;
        case 4:
                model_release_one(m, host, false);
                break;
        case 5:
                model_use_one_held(m, host, model_draw(m, 3) == 0);
                break;
        default:
                if (host->held->len < HELD_MAX &&
                    !model_has_pending(host, USE_PROMISE, USE_PROMISE))
                        model_promise(m, host);
        }
}

static void check_alive(Model *m, const ClusterChange *change) {
        if (change->kind != CLUSTER_CHANGE_PROMISE)
                return;

        for (guint i = 0; i < change->transaction->puts->len; i++) {
                const ClusterPut *put = change->transaction->puts->pdata[i];
                g_auto(GStrv) parts = g_strsplit(put->key, "/", 3);
                g_autofree char *key = g_strconcat("hosts/", parts[1], NULL);

                if (!fake_etcd_value(m->etcd, key))
                        g_error("%s has died, and is promised from", parts[1]);
        }
}

/* Arrives, and is answered; or the connection is cut before or after that, which looks alike, and
 * what was sent may still arrive later. */
static void deliver_request(Model *m, Message *owned, bool healed) {
        g_autofree Message *message = owned;
        unsigned fate = healed ? 9 : model_draw(m, 10);
        Message *answer = g_new0(Message, 1);

        answer->host = message->host;
        answer->id = message->id;
        answer->outcome = CLUSTER_UNKNOWN;
        if (fate == 0 || m->hosts[message->host].cut_off) {
                if (model_draw(m, 2)) {
                        Message *again = g_memdup2(message, sizeof *message);

                        again->host = MODEL_HOSTS; /* nobody waits for it any more */
                        g_ptr_array_add(m->requests, again);
                }
        } else if (fake_etcd_transact(m->etcd, message->change->transaction)) {
                check_alive(m, message->change);
                answer->outcome = fate > 1 ? CLUSTER_DONE : CLUSTER_UNKNOWN;
        } else {
                answer->outcome = fate > 1 ? CLUSTER_LOST : CLUSTER_UNKNOWN;
        }
        m->unknown += answer->outcome == CLUSTER_UNKNOWN;
        g_ptr_array_add(m->answers, answer);
}

static void deliver_late(Model *m, Message *message) {
        g_autofree Message *owned = message;

        if (fake_etcd_transact(m->etcd, owned->change->transaction))
                check_alive(m, owned->change);
}

static void deliver_any(Model *m, bool healed) {
        guint at = model_draw(m, m->requests->len);
        const Message *message = m->requests->pdata[at];

        if (message->host < MODEL_HOSTS)
                deliver_request(m, g_ptr_array_steal_index_fast(m->requests, at), healed);
        else if (healed || model_draw(m, 8) == 0)
                deliver_late(m, g_ptr_array_steal_index_fast(m->requests, at));
}

static void deliver(Model *m, bool healed) {
        if (m->requests->len > 0)
                deliver_any(m, healed);
        if (m->answers->len > 0) {
                guint at = model_draw(m, m->answers->len);
                Message *message = m->answers->pdata[at];

                if (m->hosts[message->host].stopped)
                        return;

                model_hear(m, message);
                g_ptr_array_remove_index_fast(m->answers, at);
        }
}

static void live(Model *m, Host *host) {
        g_autofree char *key = g_strconcat("hosts/", model_names[host->number], NULL);

        if (host->stopped || host->cut_off)
                return;

        fake_etcd_keep_alive(m->etcd, key, "{\"schema\":1}", m->now + TTL);
        if (model_draw(m, 2))
                fake_etcd_watch(m->etcd, host->copy, &host->revision, 1 + model_draw(m, 8));
}

/* What was on its way has no one to hear of it; of half of that the host has no note either. */
static void crash(Model *m, Host *host) {
        bool forgets = model_draw(m, 2);

        cluster_copy_free(host->copy);
        host->copy = cluster_copy_new();
        host->revision = 0;
        for (guint i = host->pending->len; i-- > 0;) {
                Pending *pending = host->pending->pdata[i];

                pending->asking = true;
                if (forgets)
                        g_ptr_array_remove_index(host->pending, i);
        }
        for (unsigned r = 0; forgets && r < MODEL_RESOURCES; r++)
                host->unsettled[r] = true;
}

static void break_something(Model *m) {
        Host *host = &m->hosts[model_draw(m, MODEL_HOSTS)];

        switch (model_draw(m, 8)) {
        case 0:
                crash(m, host);
                break;
        case 1:
                host->stopped = true;
                break;
        case 2:
                host->cut_off = true;
                break;
        case 3:
                fake_etcd_compact(m->etcd);
                break;
        default:
                host->stopped = host->cut_off = false;
        }
}

static void step(Model *m) {
        Host *host = &m->hosts[model_draw(m, MODEL_HOSTS)];

        m->now++;
        live(m, host);
        act(m, host);
        deliver(m, false);
        fake_etcd_expire(m->etcd, m->now);
        if (model_draw(m, 200) == 0)
                break_something(m);
}

/* In the end ------------------------------------------------------------------------------- */

static void give_back(Model *m, Host *host) {
        model_ask_the_copy(m, host);
        model_use_one_held(m, host, true);
        model_release_one(m, host, false);
        model_end_one(m, host);
        if (model_has_pending(host, USE_OFFER, USE_SETTLE))
                return;

        for (unsigned r = 0; r < MODEL_RESOURCES; r++) {
                if (host->unsettled[r]) {
                        model_settle(m, host, r);
                        return;
                }
        }
        model_redeem(m, host);
}

/* As the store has it, which a copy may not have heard of yet. */
static ClusterLot *read_lot(const Model *m, unsigned host, unsigned resource) {
        g_autofree char *key = g_strconcat("lots/", model_names[host], "/",
                                           model_resources[resource], NULL);
        const char *text = fake_etcd_value(m->etcd, key);

        return text ? cluster_lot_from_json(text, NULL) : cluster_lot_new();
}

static bool is_idle(const Model *m) {
        for (unsigned i = 0; i < MODEL_HOSTS; i++) {
                const Host *host = &m->hosts[i];

                if (host->guests->len + host->held->len + host->pending->len > 0)
                        return false;
                for (unsigned r = 0; r < MODEL_RESOURCES; r++) {
                        g_autoptr(ClusterLot) lot = read_lot(m, i, r);

                        if (host->unsettled[r] || (lot->promises && lot->promises->len > 0))
                                return false;
                }
        }
        return m->requests->len + m->answers->len == 0;
}

static void heal(Model *m) {
        for (unsigned i = 0; i < MODEL_HOSTS; i++)
                m->hosts[i].stopped = m->hosts[i].cut_off = false;
        for (unsigned n = 0; n < 100000 && !is_idle(m); n++) {
                Host *host = &m->hosts[n % MODEL_HOSTS];

                m->now++;
                live(m, host);
                deliver(m, true);
                if (cluster_copy_is_whole(host->copy))
                        give_back(m, host);
        }
        g_assert_true(is_idle(m));
}

static void assert_nothing_is_lost(Model *m) {
        g_assert_cmpint(cluster_judge_sum(m->judge), ==, 0);
        for (unsigned i = 0; i < MODEL_HOSTS; i++) {
                for (unsigned r = 0; r < MODEL_RESOURCES; r++) {
                        g_autoptr(ClusterLot) lot = read_lot(m, i, r);

                        g_assert_cmpint(cluster_lot_unpromised(lot), ==, lot->offered);
                        g_assert_cmpint(m->hosts[i].offered[r], ==, lot->offered);
                }
        }
}

static void set_up(Model *m, uint32_t seed) {
        *m = (Model){ .random = g_rand_new_with_seed(seed), .etcd = fake_etcd_new() };
        m->judge = cluster_judge_new(MODEL_CAPACITY);
        m->requests = g_ptr_array_new_with_free_func(g_free);
        m->answers = g_ptr_array_new_with_free_func(g_free);
        m->kept = g_ptr_array_new_with_free_func((GDestroyNotify)cluster_change_free);
        for (unsigned i = 0; i < MODEL_HOSTS; i++) {
                Host *host = &m->hosts[i];

                host->number = i;
                host->copy = cluster_copy_new();
                host->guests = g_ptr_array_new_with_free_func(model_guest_free);
                host->held = g_ptr_array_new_with_free_func(model_held_free);
                host->pending = g_ptr_array_new_with_free_func(model_pending_free);
                host->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        }
}

static void tear_down(Model *m) {
        for (unsigned i = 0; i < MODEL_HOSTS; i++) {
                cluster_copy_free(m->hosts[i].copy);
                g_ptr_array_unref(m->hosts[i].guests);
                g_ptr_array_unref(m->hosts[i].held);
                g_ptr_array_unref(m->hosts[i].pending);
                g_hash_table_unref(m->hosts[i].leaving);
        }
        g_ptr_array_unref(m->requests);
        g_ptr_array_unref(m->answers);
        g_ptr_array_unref(m->kept);
        cluster_judge_free(m->judge);
        fake_etcd_free(m->etcd);
        g_rand_free(m->random);
}

static unsigned number_from(const char *variable, unsigned otherwise) {
        const char *text = g_getenv(variable);

        return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void test_no_unit_is_with_two_and_none_is_lost(void) {
        unsigned wanted = number_from("VIRTFERRY_CLUSTER_PROMISES", PROMISES), promised = 0;
        uint32_t seed = number_from("VIRTFERRY_CLUSTER_SEED", g_test_rand_int() & G_MAXINT32);

        for (; promised < wanted; seed++) {
                Model m;

                set_up(&m, seed);
                g_test_message("seed %u, after %u promises", seed, promised);
                for (unsigned n = 0; n < 20000; n++)
                        step(&m);
                heal(&m);
                assert_nothing_is_lost(&m);
                g_test_message("%u promised, %u refused, %u lost, %u without an answer", m.promised,
                               m.refused, m.lost, m.unknown);
                g_assert_cmpuint(m.promised, >, 100);
                promised += m.promised;
                tear_down(&m);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/cluster-model/no unit is with two, and none is lost when all has healed",
                        test_no_unit_is_with_two_and_none_is_lost);
        return g_test_run();
}
