/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc.h"
#include "xml/ferry-error.h"

static const char *const moves_members[] = { "schema", "together", "per-host",
                                             "going",  "settled",  NULL };
static const char *const move_members[] = { "from", "to", "since", "nonce", NULL };
static const char *const drains_members[] = { "schema", "hosts", NULL };
static const char *const drain_members[] = { "since", "nonce", "to", NULL };

/* Moves ----------------------------------------------------------------------------------- */

static void move_free(void *data) {
        ClusterMove *move = data;

        g_free(move->domain);
        cluster_word_free(move->from);
        cluster_word_free(move->to);
        g_free(move->nonce);
        g_free(move->unknown);
        g_free(move);
}

ClusterMoves *cluster_moves_new(void) {
        ClusterMoves *moves = g_new0(ClusterMoves, 1);

        moves->schema = 1;
        moves->going = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, move_free);
        moves->settled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return moves;
}

void cluster_moves_free(ClusterMoves *moves) {
        if (!moves)
                return;

        g_hash_table_unref(moves->going);
        g_hash_table_unref(moves->settled);
        g_free(moves->unknown);
        g_free(moves);
}

void cluster_moves_add(ClusterMoves *moves, const char *domain, const char *from, const char *to,
                       int64_t since, const char *nonce) {
        ClusterMove *move = g_new0(ClusterMove, 1);

        move->domain = g_strdup(domain);
        move->from = cluster_word(from);
        move->to = cluster_word(to);
        move->nonce = g_strdup(nonce);
        move->since = since;
        g_hash_table_replace(moves->going, move->domain, move);
}

static bool read_move(ClusterMoves *moves, const char *domain, JsonObject *object, GError **error) {
        const char *from, *to, *nonce;
        ClusterMove *move;
        int64_t since;

        if (!cluster_json_name(object, "from", &from, error) ||
            !cluster_json_name(object, "to", &to, error) ||
            !cluster_json_number_if_any(object, "since", &since, error) ||
            !cluster_json_name(object, "nonce", &nonce, error))
                return false;

        cluster_moves_add(moves, domain, from, to, since, nonce);
        move = g_hash_table_lookup(moves->going, domain);
        return cluster_json_unknown(object, move_members, &move->unknown, error);
}

static bool read_going(ClusterMoves *moves, JsonObject *going, GError **error) {
        JsonObjectIter iter;
        const char *domain;

        if (!going)
                return true;

        json_object_iter_init(&iter, going);
        while (json_object_iter_next(&iter, &domain, NULL)) {
                JsonObject *entry;

                if (!cluster_json_entry(going, domain, &entry, error) ||
                    !read_move(moves, domain, entry, error))
                        return false;
        }
        return true;
}

static bool read_settled(ClusterMoves *moves, JsonObject *settled, GError **error) {
        JsonObjectIter iter;
        const char *domain;

        if (!settled)
                return true;

        json_object_iter_init(&iter, settled);
        while (json_object_iter_next(&iter, &domain, NULL)) {
                int64_t until;

                if (!cluster_name_is_valid(domain)) {
                        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                                    "A name in 'settled' is not one of a domain");
                        return false;
                }
                if (!cluster_json_number(settled, domain, &until, error))
                        return false;

                g_hash_table_replace(moves->settled, g_strdup(domain),
                                     g_memdup2(&until, sizeof until));
        }
        return true;
}

ClusterMoves *cluster_moves_from_json(const char *text, GError **error) {
        g_autoptr(JsonNode) root = cluster_json_parse(text, error);
        g_autoptr(ClusterMoves) moves = cluster_moves_new();
        JsonObject *object, *going, *settled;

        if (!root)
                return NULL;

        object = json_node_get_object(root);
        if (!cluster_json_number(object, "schema", &moves->schema, error) ||
            !cluster_json_number_if_any(object, "together", &moves->together, error) ||
            !cluster_json_number_if_any(object, "per-host", &moves->per_host, error) ||
            !cluster_json_object_if_any(object, "going", &going, error) ||
            !cluster_json_object_if_any(object, "settled", &settled, error) ||
            !read_going(moves, going, error) || !read_settled(moves, settled, error) ||
            !cluster_json_unknown(object, moves_members, &moves->unknown, error))
                return NULL;

        return g_steal_pointer(&moves);
}

static JsonObject *move_to_object(const ClusterMove *move) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "from", move->from);
        json_object_set_string_member(object, "to", move->to);
        json_object_set_int_member(object, "since", move->since);
        json_object_set_string_member(object, "nonce", move->nonce);
        cluster_json_add_unknown(object, move->unknown);
        return object;
}

char *cluster_moves_to_json(const ClusterMoves *moves) {
        JsonObject *object = json_object_new(), *going = json_object_new(),
                   *settled = json_object_new();
        GHashTableIter iter;
        void *domain, *value;

        json_object_set_int_member(object, "schema", moves->schema);
        json_object_set_int_member(object, "together", moves->together);
        json_object_set_int_member(object, "per-host", moves->per_host);
        g_hash_table_iter_init(&iter, moves->going);
        while (g_hash_table_iter_next(&iter, &domain, &value))
                json_object_set_object_member(going, domain, move_to_object(value));
        g_hash_table_iter_init(&iter, moves->settled);
        while (g_hash_table_iter_next(&iter, &domain, &value))
                json_object_set_int_member(settled, domain, *(int64_t *)value);
        json_object_set_object_member(object, "going", going);
        json_object_set_object_member(object, "settled", settled);
        cluster_json_add_unknown(object, moves->unknown);
        return cluster_json_end(object);
}

/* Drains ---------------------------------------------------------------------------------- */

static void drain_free(void *data) {
        ClusterDrain *drain = data;

        g_free(drain->host);
        g_free(drain->nonce);
        g_ptr_array_unref(drain->to);
        g_free(drain->unknown);
        g_free(drain);
}

ClusterDrains *cluster_drains_new(void) {
        ClusterDrains *drains = g_new0(ClusterDrains, 1);

        drains->schema = 1;
        drains->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, drain_free);
        return drains;
}

void cluster_drains_free(ClusterDrains *drains) {
        if (!drains)
                return;

        g_hash_table_unref(drains->hosts);
        g_free(drains->unknown);
        g_free(drains);
}

void cluster_drains_add(ClusterDrains *drains, const char *host, const char *const *to,
                        int64_t since, const char *nonce) {
        ClusterDrain *drain = g_new0(ClusterDrain, 1);

        drain->host = g_strdup(host);
        drain->nonce = g_strdup(nonce);
        drain->since = since;
        drain->to = g_ptr_array_new_with_free_func(g_free);
        for (; to && *to; to++)
                g_ptr_array_add(drain->to, g_strdup(*to));
        g_hash_table_replace(drains->hosts, drain->host, drain);
}

static bool read_destinations(ClusterDrain *drain, JsonObject *to, GError **error) {
        JsonObjectIter iter;
        const char *host;
        int64_t one;

        if (!to)
                return true;

        json_object_iter_init(&iter, to);
        while (json_object_iter_next(&iter, &host, NULL)) {
                if (!cluster_name_is_valid(host)) {
                        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                                    "A name in 'to' is not one of a host");
                        return false;
                }
                if (!cluster_json_number(to, host, &one, error))
                        return false;

                g_ptr_array_add(drain->to, g_strdup(host));
        }
        return true;
}

static bool read_drain(ClusterDrains *drains, const char *host, JsonObject *object,
                       GError **error) {
        const char *nonce;
        ClusterDrain *drain;
        JsonObject *to;
        int64_t since;

        if (!cluster_json_number_if_any(object, "since", &since, error) ||
            !cluster_json_name(object, "nonce", &nonce, error) ||
            !cluster_json_object_if_any(object, "to", &to, error))
                return false;

        cluster_drains_add(drains, host, NULL, since, nonce);
        drain = g_hash_table_lookup(drains->hosts, host);
        return read_destinations(drain, to, error) &&
               cluster_json_unknown(object, drain_members, &drain->unknown, error);
}

ClusterDrains *cluster_drains_from_json(const char *text, GError **error) {
        g_autoptr(JsonNode) root = cluster_json_parse(text, error);
        g_autoptr(ClusterDrains) drains = cluster_drains_new();
        JsonObject *object, *hosts;
        JsonObjectIter iter;
        const char *host;

        if (!root)
                return NULL;

        object = json_node_get_object(root);
        if (!cluster_json_number(object, "schema", &drains->schema, error) ||
            !cluster_json_object_if_any(object, "hosts", &hosts, error) ||
            !cluster_json_unknown(object, drains_members, &drains->unknown, error))
                return NULL;
        if (!hosts)
                return g_steal_pointer(&drains);

        json_object_iter_init(&iter, hosts);
        while (json_object_iter_next(&iter, &host, NULL)) {
                JsonObject *entry;

                if (!cluster_json_entry(hosts, host, &entry, error) ||
                    !read_drain(drains, host, entry, error))
                        return NULL;
        }
        return g_steal_pointer(&drains);
}

static JsonObject *drain_to_object(const ClusterDrain *drain) {
        JsonObject *object = json_object_new(), *to = json_object_new();

        json_object_set_int_member(object, "since", drain->since);
        json_object_set_string_member(object, "nonce", drain->nonce);
        for (guint i = 0; i < drain->to->len; i++)
                json_object_set_int_member(to, drain->to->pdata[i], 1);
        json_object_set_object_member(object, "to", to);
        cluster_json_add_unknown(object, drain->unknown);
        return object;
}

char *cluster_drains_to_json(const ClusterDrains *drains) {
        JsonObject *object = json_object_new(), *hosts = json_object_new();
        GHashTableIter iter;
        void *host, *drain;

        json_object_set_int_member(object, "schema", drains->schema);
        g_hash_table_iter_init(&iter, drains->hosts);
        while (g_hash_table_iter_next(&iter, &host, &drain))
                json_object_set_object_member(hosts, host, drain_to_object(drain));
        json_object_set_object_member(object, "hosts", hosts);
        cluster_json_add_unknown(object, drains->unknown);
        return cluster_json_end(object);
}
