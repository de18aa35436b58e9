/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/move.h"

#include <string.h>

#include "daemon/cluster/choice.h"
#include "daemon/cluster/move-entry.h"
#include "daemon/cluster/place.h"
#include "daemon/cluster/promise.h"
#include "xml/ferry-error.h"

struct ClusterMoving {
        Cluster *cluster;
        const Manager *manager;
        MoveEntries *entries;
        GHashTable *promised; /* UUID to the nonce of its promise */
        ClusterMoveOps ops;
};

/* So often others may take what was chosen. */
#define TRIES 3u

/* Somebody waits for it to begin. */
typedef struct Beginning {
        ClusterMoving *moving;
        char *uuid, *xml, *host;
        bool only, force;
        unsigned tries, n_wishes; /* of promises */
        ClusterMoveBegun begun;
        void *userdata;
} Beginning;

static void beginning_end(Beginning *beginning, const GError *error) {
        beginning->begun(beginning->userdata, error);
        g_free(beginning->uuid);
        g_free(beginning->xml);
        g_free(beginning->host);
        g_free(beginning);
}

/* Choosing -------------------------------------------------------------------------- */

static bool is_tried(const char *host, const GPtrArray *tried) {
        for (guint i = 0; tried && i < tried->len; i++)
                if (g_str_equal(tried->pdata[i], host))
                        return true;
        return false;
}

/* The first sentence says most: what fails at the last rules comes first. */
static void refuse_all(const GPtrArray *places, const char *guest, GError **error) {
        const ClusterPlace *nearest = NULL;

        for (guint i = 0; !nearest && i < places->len; i++) {
                const ClusterPlace *place = places->pdata[i];

                if (place->rule != PLACE_HERE)
                        nearest = place;
        }
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                    "Guest %.64s can go to no host of the cluster now: %s; 'virt-ferry place %.64s "
                    "--explain' says more",
                    guest, nearest ? nearest->sentence : "there is no other", guest);
}

static ClusterDestination *first_of(const GPtrArray *places, const GPtrArray *tried) {
        for (guint i = 0; i < places->len; i++) {
                const ClusterPlace *place = places->pdata[i];
                ClusterDestination *destination;

                if (place->rule != PLACE_FITS || !place->uri || is_tried(place->host, tried))
                        continue;

                destination = g_new0(ClusterDestination, 1);
                destination->host = g_strdup(place->host);
                destination->uri = g_strdup(place->uri);
                destination->why = g_strdup(place->sentence);
                return destination;
        }
        return NULL;
}

static ClusterDestination *choose(void *userdata, const char *xml, const GPtrArray *tried,
                                  GError **error) {
        const ClusterMoving *moving = userdata;
        const char *away = cluster_away(moving->cluster);
        ClusterDestination *destination;
        g_autoptr(GPtrArray) places = NULL;
        g_autofree char *guest = NULL;

        if (away) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "No host can be chosen while the cluster cannot be asked: %s; wait, or "
                            "name a destination",
                            away);
                return NULL;
        }

        places = cluster_place(moving->cluster, moving->manager, xml, &guest, error);
        if (!places)
                return NULL;

        destination = first_of(places, tried);
        if (!destination)
                refuse_all(places, guest, error);
        return destination;
}

/* The host of "qemu+ssh://user@hostb:22/system". */
static bool names_host(const char *uri, const char *host) {
        g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);

        return parsed && g_strcmp0(g_uri_get_host(parsed), host) == 0;
}

static char *host_of(void *userdata, const char *uri) {
        const ClusterMoving *moving = userdata;
        const char *named = NULL;
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, cluster_copy_hosts(cluster_copy(moving->cluster)));
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ClusterCopyHost *host = value;

                if (host->alive && g_strcmp0(host->alive->uri, uri) == 0)
                        return g_strdup(host->name);
                if (names_host(uri, host->name))
                        named = host->name;
        }
        return g_strdup(named);
}

/* Beginning ------------------------------------------------------------------------- */

/* A MoveEntered. */
static void on_entered(void *userdata, const GError *error) {
        beginning_end(userdata, error);
}

static void enter(Beginning *beginning) {
        move_entries_enter(beginning->moving->entries, beginning->uuid, beginning->host,
                           beginning->force, on_entered, beginning);
}

/* Of ClusterWish; NULL: it cannot be known. */
static GArray *choose_lots(const Beginning *beginning) {
        const ClusterMoving *moving = beginning->moving;
        const ClusterCopyHost *host = cluster_copy_host(cluster_copy(moving->cluster),
                                                        beginning->host);
        g_autoptr(Domain) domain = domain_from_xml(beginning->xml, strlen(beginning->xml), NULL);
        g_autoptr(PlaceGuest) guest = NULL;

        if (domain)
                guest = place_guest_new(domain, inventory_compat(moving->manager->inventory), NULL);
        return host && guest ? cluster_choose_lots(host, guest, beginning->uuid) : NULL;
}

static void on_promised(void *userdata, const char *nonce, const GError *error);

static void ask(Beginning *beginning, const GArray *wishes) {
        beginning->tries++;
        beginning->n_wishes = wishes->len;
        promises_ask(cluster_promises(beginning->moving->cluster), beginning->uuid,
                     (const ClusterWish *)wishes->data, wishes->len, on_promised, beginning);
}

/* Others were faster, and the host offers as much as before all the same. */
static bool ask_again(Beginning *beginning, const GError *error) {
        g_autoptr(GArray) wishes = NULL;

        if (!g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES) ||
            beginning->tries >= TRIES)
                return false;

        wishes = choose_lots(beginning);
        if (!wishes || wishes->len < beginning->n_wishes)
                return false;

        ask(beginning, wishes);
        return true;
}

/* A PromiseReply. */
static void on_promised(void *userdata, const char *nonce, const GError *error) {
        Beginning *beginning = userdata;

        if (ask_again(beginning, error))
                return;
        if (error &&
            (!beginning->only || g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE))) {
                beginning_end(beginning, error);
                return;
        }
        if (nonce)
                g_hash_table_replace(beginning->moving->promised, g_strdup(beginning->uuid),
                                     g_strdup(nonce));
        enter(beginning);
}

static void begin(void *userdata, const ClusterMoveWish *wish, ClusterMoveBegun begun,
                  void *begun_userdata) {
        Beginning *beginning = g_new0(Beginning, 1);
        g_autoptr(GArray) wishes = NULL;

        *beginning = (Beginning){
                .moving = userdata,
                .uuid = g_strdup(wish->uuid),
                .xml = g_strdup(wish->xml),
                .host = g_strdup(wish->host),
                .only = wish->only,
                .force = wish->force,
                .begun = begun,
                .userdata = begun_userdata,
        };
        wishes = choose_lots(beginning);
        if (wishes && wishes->len > 0)
                ask(beginning, wishes);
        else
                enter(beginning);
}

static void end(void *userdata, const char *uuid, bool left) {
        const ClusterMoving *moving = userdata;
        const char *nonce = g_hash_table_lookup(moving->promised, uuid);

        if (nonce && !left)
                promises_drop(cluster_promises(moving->cluster), nonce);
        g_hash_table_remove(moving->promised, uuid);
}

/* ------------------------------------------------------------------------------------ */

ClusterMoving *cluster_moving_new(Cluster *cluster, const Manager *manager) {
        ClusterMoving *moving = g_new0(ClusterMoving, 1);

        moving->cluster = cluster;
        moving->manager = manager;
        moving->entries = move_entries_new(cluster, manager);
        moving->promised = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        moving->ops = (ClusterMoveOps){ choose, host_of, begin, end, moving };
        return moving;
}

void cluster_moving_free(ClusterMoving *moving) {
        if (!moving)
                return;

        move_entries_free(moving->entries);
        g_hash_table_unref(moving->promised);
        g_free(moving);
}

const ClusterMoveOps *cluster_moving_ops(const ClusterMoving *moving) {
        return &moving->ops;
}

void cluster_moving_on_tick(ClusterMoving *moving) {
        move_entries_on_tick(moving->entries);
}
