/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/draining.h"

#include "daemon/core/cluster-move-ops.h"
#include "daemon/cluster/cluster.h"
#include "daemon/core/cluster-drains.h"
#include "xml/ferry-error.h"

/* A drain that is wanted, and has not begun. */
typedef struct Asking {
        GStrv destinations;
        DrainWish wish;
        int64_t until; /* CLOCK_REALTIME us */
        DrainingBegun done;
        void *userdata;
} Asking;

/* Of the entry of this host. */
typedef enum Change {
        CHANGE_NONE,
        CHANGE_ENTER,
        CHANGE_FINISH, /* nobody leaves any more */
        CHANGE_LEAVE,
} Change;

struct Draining {
        Cluster *cluster;
        Manager *manager;
        Asking *asking; /* NULL: nobody asks */
        char *warned;   /* why a drain that has begun is not in `drains`, once it was said; NULL */

        /* The errand that is under way, one at a time. */
        bool busy;
        Change change;
        const Asking *serves;                  /* NULL: it makes up for what is past */
        char *nonce;                           /* of the last one that was made */
        const ClusterTransaction *transaction; /* the errand's */
};

Draining *draining_new(Cluster *cluster, Manager *manager) {
        Draining *draining = g_new0(Draining, 1);

        draining->cluster = cluster;
        draining->manager = manager;
        return draining;
}

/* Who asks -------------------------------------------------------------------------- */

static Asking *asking_new(const DrainWish *wish, int64_t until, DrainingBegun done,
                          void *userdata) {
        Asking *asking = g_new0(Asking, 1);

        asking->destinations = g_strdupv((char **)wish->destinations);
        asking->wish = *wish;
        asking->wish.destinations = (const char *const *)asking->destinations;
        asking->until = until;
        asking->done = done;
        asking->userdata = userdata;
        return asking;
}

static void asking_free(Asking *asking) {
        g_strfreev(asking->destinations);
        g_free(asking);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Asking, asking_free)

/* Nobody asks any more, whatever becomes of the errand. */
static Asking *take_asking(Draining *draining) {
        draining->serves = NULL;
        return g_steal_pointer(&draining->asking);
}

static void answer(Draining *draining, const GError *error) {
        g_autoptr(Asking) asking = take_asking(draining);

        asking->done(asking->userdata, error);
}

static void answer_unavailable(Draining *draining, const char *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "Host %s is not drained: %s, or drain it with --alone",
                    cluster_host_name(draining->cluster), why);
        answer(draining, error);
}

void draining_free(Draining *draining) {
        if (!draining)
                return;

        if (draining->asking)
                answer_unavailable(draining, "virtferryd is about to end; try again");
        g_free(draining->warned);
        g_free(draining->nonce);
        g_free(draining);
}

void draining_give_up(Draining *draining) {
        g_autoptr(GError) error = NULL;

        if (!draining->asking)
                return;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "The drain of host %s was ended by 'virt-ferry undrain' before it began",
                    cluster_host_name(draining->cluster));
        answer(draining, error);
}

/* What is entered ------------------------------------------------------------------- */

static const ClusterDrain *find_entry(const Draining *draining, const ClusterCopy *copy) {
        int64_t revision;
        const ClusterDrains *drains = cluster_copy_drains(copy, &revision);

        return drains ? g_hash_table_lookup(drains->hosts, cluster_host_name(draining->cluster))
                      : NULL;
}

/* By the store of this host. */
static Change find_change(const Draining *draining, const ClusterCopy *copy) {
        const DrainRecord *record = drain_get(draining->manager->drain);
        const ClusterDrain *entry = find_entry(draining, copy);

        if (!record)
                return entry ? CHANGE_LEAVE : CHANGE_NONE;
        if (!entry)
                return CHANGE_ENTER;
        return record->state != DRAIN_DRAINING && entry->to->len > 0 ? CHANGE_FINISH : CHANGE_NONE;
}

/* Hosts of the cluster among the destinations; a vector, empty: any. */
static GPtrArray *hosts_of(const Draining *draining, const char *const *uris, guint n) {
        const ClusterMoveOps *ops = draining->manager->cluster_moves;
        GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < n; i++) {
                g_autofree char *host = ops->host_of(ops->userdata, uris[i]);

                if (host && !g_ptr_array_find_with_equal_func(hosts, host, g_str_equal, NULL))
                        g_ptr_array_add(hosts, g_steal_pointer(&host));
        }
        g_ptr_array_add(hosts, NULL);
        return hosts;
}

static GPtrArray *choose_hosts(const Draining *draining) {
        const DrainRecord *record = drain_get(draining->manager->drain);
        const Asking *asking = draining->serves;

        if (asking)
                return hosts_of(draining, asking->wish.destinations,
                                g_strv_length(asking->destinations));
        return hosts_of(draining, (const char *const *)record->destinations->pdata,
                        record->destinations->len);
}

/* Errands --------------------------------------------------------------------------- */

/* Each time with another nonce, so that one that is lost is nobody's. */
static ClusterTransaction *enter(Draining *draining, const ClusterCopy *copy, GError **error) {
        g_autoptr(GPtrArray) hosts = choose_hosts(draining);

        g_free(draining->nonce);
        draining->nonce = g_uuid_string_random();
        return cluster_drains_begin(
                copy, cluster_host_name(draining->cluster), (const char *const *)hosts->pdata,
                draining->manager->now() / G_USEC_PER_SEC, draining->nonce, error);
}

/* What it is for may be over by now. */
static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        Draining *draining = userdata;
        const char *host = cluster_host_name(draining->cluster);
        ClusterTransaction *transaction;

        if (!draining->serves && find_change(draining, copy) != draining->change)
                return NULL;

        transaction = draining->change == CHANGE_ENTER    ? enter(draining, copy, error)
                      : draining->change == CHANGE_FINISH ? cluster_drains_finish(copy, host, error)
                                                          : cluster_drains_end(copy, host, error);
        draining->transaction = transaction;
        return transaction;
}

/* Of the others, one that was done is lost here, and found to be done when it is made anew. */
static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        const Draining *draining = userdata;
        const GPtrArray *compares = draining->transaction->compares;

        if (draining->change == CHANGE_ENTER &&
            cluster_drains_has(copy, cluster_host_name(draining->cluster), draining->nonce))
                return CLUSTER_VERDICT_DONE;

        for (guint i = 0; i < compares->len; i++)
                if (!cluster_copy_holds(copy, compares->pdata[i]))
                        return CLUSTER_VERDICT_LOST;
        return CLUSTER_VERDICT_OPEN;
}

/* Of a drain that has begun, nobody else hears that the cluster does not have it, or of the end of
 * one that it has. What is away for a while is no news. */
static void note_past(Draining *draining, const GError *error) {
        bool drained = drain_get(draining->manager->drain);

        if (error && (g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE) ||
                      g_strcmp0(draining->warned, error->message) == 0))
                return;

        g_free(draining->warned);
        draining->warned = error ? g_strdup(error->message) : NULL;
        if (error)
                g_warning("This host is %s, and the cluster does not follow: %s",
                          drained ? "drained" : "drained no more", error->message);
}

static void begin_drain(Draining *draining) {
        g_autoptr(Asking) asking = take_asking(draining);
        g_autoptr(GError) error = NULL;

        (void)drain_begin(draining->manager->drain, &asking->wish, &error);
        asking->done(asking->userdata, error);
}

static void conclude(Draining *draining, const GError *error) {
        if (!draining->serves)
                note_past(draining, error);
        else if (!error)
                begin_drain(draining);
        else if (g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE))
                answer_unavailable(draining, error->message);
        else
                answer(draining, error);
}

/* The drain that begins by it is no news to it. */
static void on_done(void *userdata, const GError *error) {
        Draining *draining = userdata;

        conclude(draining, error);
        draining->busy = false;
        draining->transaction = NULL;
}

static void begin_errand(Draining *draining, Change change) {
        static const ErrandClass class = { make, judge, on_done };

        draining->busy = true;
        draining->change = change;
        draining->serves = draining->asking;
        cluster_begin_errand(draining->cluster, &class, draining);
}

/* ------------------------------------------------------------------------------------ */

static void expire(Draining *draining) {
        if (draining->asking && draining->asking->until <= draining->manager->now())
                answer_unavailable(draining, "etcd does not answer; try again");
}

void draining_wake(Draining *draining) {
        const ClusterCopy *copy = cluster_copy(draining->cluster);
        Change change;

        expire(draining);
        if (draining->busy || cluster_away(draining->cluster) || !cluster_copy_is_whole(copy))
                return;

        change = draining->asking ? CHANGE_ENTER : find_change(draining, copy);
        if (change != CHANGE_NONE)
                begin_errand(draining, change);
}

void draining_begin(Draining *draining, const DrainWish *wish, DrainingBegun done, void *userdata) {
        g_autofree char *away = NULL;
        g_autoptr(GError) error = NULL;

        if (draining->asking)
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s is about to be drained already: wait for that",
                            cluster_host_name(draining->cluster));
        if (error || !drain_check(draining->manager->drain, &error)) {
                done(userdata, error);
                return;
        }

        draining->asking = asking_new(wish, draining->manager->now() + DRAINING_WAIT_USEC, done,
                                      userdata);
        if (cluster_away(draining->cluster)) {
                away = g_strdup_printf("%s; try again", cluster_away(draining->cluster));
                answer_unavailable(draining, away);
        } else {
                draining_wake(draining);
        }
}
