/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc.h"

#include <string.h>

#include "xml/ferry-error.h"

#define PLAIN_DIGITS 15u /* that CLUSTER_NUMBER_MAX has room for in any case */

static const char *const lot_members[] = { "schema", "offered", "turn", "promised", NULL };
static const char *const promise_members[] = { "amount", "by", "since", "nonce", NULL };

static void promise_free(void *data) {
        ClusterPromise *promise = data;

        g_free(promise->domain);
        cluster_word_free(promise->by);
        g_free(promise->nonce);
        g_free(promise->unknown);
        g_free(promise);
}

ClusterLot *cluster_lot_new(void) {
        ClusterLot *lot = g_new0(ClusterLot, 1);

        lot->refs = 1;
        lot->schema = 1;
        return lot;
}

ClusterLot *cluster_lot_ref(ClusterLot *lot) {
        lot->refs++;
        return lot;
}

void cluster_lot_free(ClusterLot *lot) {
        if (!lot || --lot->refs > 0)
                return;

        g_clear_pointer(&lot->promises, g_ptr_array_unref);
        g_free(lot->turn);
        g_free(lot->unknown);
        g_free(lot);
}

int64_t cluster_lot_unpromised(const ClusterLot *lot) {
        int64_t left = lot->offered;

        for (guint i = 0; lot->promises && i < lot->promises->len; i++) {
                const ClusterPromise *promise = lot->promises->pdata[i];

                left -= promise->amount;
        }
        return left;
}

const ClusterPromise *cluster_lot_find(const ClusterLot *lot, const char *domain) {
        for (guint i = 0; lot->promises && i < lot->promises->len; i++) {
                const ClusterPromise *promise = lot->promises->pdata[i];

                if (g_str_equal(promise->domain, domain))
                        return promise;
        }
        return NULL;
}

static ClusterPromise *add(ClusterLot *lot, const char *domain) {
        ClusterPromise *promise = g_new0(ClusterPromise, 1);

        promise->domain = g_strdup(domain);
        if (!lot->promises)
                lot->promises = g_ptr_array_new_with_free_func(promise_free);
        g_ptr_array_add(lot->promises, promise);
        return promise;
}

void cluster_lot_add(ClusterLot *lot, const char *domain, const char *by, int64_t amount,
                     int64_t since, const char *nonce) {
        ClusterPromise *promise = add(lot, domain);

        promise->by = cluster_word(by);
        promise->nonce = g_strdup(nonce);
        promise->amount = amount;
        promise->since = since;
}

void cluster_lot_remove(ClusterLot *lot, const ClusterPromise *promise) {
        g_ptr_array_remove(lot->promises, (void *)promise);
}

static bool read_promise(ClusterLot *lot, const char *domain, JsonObject *object, GError **error) {
        ClusterPromise *promise = add(lot, domain);
        const char *by, *nonce;

        if (!cluster_json_number(object, "amount", &promise->amount, error) ||
            !cluster_json_name(object, "by", &by, error) ||
            !cluster_json_number_if_any(object, "since", &promise->since, error) ||
            !cluster_json_name(object, "nonce", &nonce, error) ||
            !cluster_json_unknown(object, promise_members, &promise->unknown, error))
                return false;

        promise->by = cluster_word(by);
        promise->nonce = g_strdup(nonce);
        return true;
}

static bool read_promises(ClusterLot *lot, JsonObject *promised, GError **error) {
        JsonObjectIter iter;
        const char *domain;

        if (!promised)
                return true;
        if (json_object_get_size(promised) > CLUSTER_PROMISES_MAX) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "'promised' must have up to %u domains", CLUSTER_PROMISES_MAX);
                return false;
        }

        json_object_iter_init(&iter, promised);
        while (json_object_iter_next(&iter, &domain, NULL)) {
                JsonObject *entry;

                if (!cluster_json_entry(promised, domain, &entry, error) ||
                    !read_promise(lot, domain, entry, error))
                        return false;
        }
        return true;
}

/* As all hosts of this release write a lot of which nothing is promised. There are hundreds of
 * thousands of them, and this takes a tenth of the time. False: it is another, or a bad one. */
static bool read_plain(ClusterLot *lot, const char *text) {
        static const char begin[] = "{\"schema\":1,\"offered\":", middle[] = ",\"turn\":\"",
                          end[] = "\",\"promised\":{}}";
        const char *digits = text + strlen(begin), *turn, *quote;
        g_autofree char *name = NULL;
        size_t n;

        if (!g_str_has_prefix(text, begin))
                return false;
        n = strspn(digits, "0123456789");
        if (n == 0 || n > PLAIN_DIGITS || (n > 1 && *digits == '0') ||
            !g_str_has_prefix(digits + n, middle))
                return false;
        turn = digits + n + strlen(middle);
        quote = strchr(turn, '"');
        if (!quote || !g_str_equal(quote, end))
                return false;

        name = g_strndup(turn, (size_t)(quote - turn));
        if (!cluster_name_is_valid(name))
                return false;

        lot->offered = g_ascii_strtoll(digits, NULL, 10);
        lot->turn = g_steal_pointer(&name);
        return true;
}

static bool read_lot(ClusterLot *lot, const char *text, GError **error) {
        g_autoptr(JsonNode) root = cluster_json_parse(text, error);
        JsonObject *object, *promised;
        const char *turn;
        int64_t schema;

        if (!root)
                return false;

        object = json_node_get_object(root);
        if (!cluster_json_number(object, "schema", &schema, error) ||
            !cluster_json_number(object, "offered", &lot->offered, error) ||
            !cluster_json_name_if_any(object, "turn", &turn, error) ||
            !cluster_json_object_if_any(object, "promised", &promised, error) ||
            !read_promises(lot, promised, error) ||
            !cluster_json_unknown(object, lot_members, &lot->unknown, error))
                return false;
        if (cluster_lot_unpromised(lot) < 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "More is promised than 'offered' says");
                return false;
        }

        lot->schema = (uint32_t)schema;
        lot->turn = g_strdup(turn);
        return true;
}

ClusterLot *cluster_lot_from_json(const char *text, GError **error) {
        g_autoptr(ClusterLot) lot = cluster_lot_new();

        return read_plain(lot, text) || read_lot(lot, text, error) ? g_steal_pointer(&lot) : NULL;
}

static JsonObject *promise_to_object(const ClusterPromise *promise) {
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "amount", promise->amount);
        json_object_set_string_member(object, "by", promise->by);
        json_object_set_int_member(object, "since", promise->since);
        json_object_set_string_member(object, "nonce", promise->nonce);
        cluster_json_add_unknown(object, promise->unknown);
        return object;
}

char *cluster_lot_to_json(const ClusterLot *lot) {
        JsonObject *object = json_object_new(), *promised = json_object_new();

        json_object_set_int_member(object, "schema", lot->schema);
        json_object_set_int_member(object, "offered", lot->offered);
        if (lot->turn)
                json_object_set_string_member(object, "turn", lot->turn);
        for (guint i = 0; lot->promises && i < lot->promises->len; i++) {
                const ClusterPromise *promise = lot->promises->pdata[i];

                json_object_set_object_member(promised, promise->domain,
                                              promise_to_object(promise));
        }
        json_object_set_object_member(object, "promised", promised);
        cluster_json_add_unknown(object, lot->unknown);
        return cluster_json_end(object);
}
