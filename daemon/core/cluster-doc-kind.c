/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc-parts.h"
#include "xml/ferry-error.h"

static const char *const kind_members[] = { "class",   "pool",     "type",    "driver",
                                            "version", "firmware", "formats", "ids",
                                            "total",   "free",     NULL };

bool cluster_doc_refuse(GError **error, const char *what) {
        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, what);
        return false;
}

bool cluster_doc_read_word(JsonObject *object, const char *name, char **ret, GError **error) {
        const char *text;

        if (!cluster_json_text_if_any(object, name, &text, error))
                return false;

        *ret = cluster_word(text);
        return true;
}

void cluster_doc_add_text(JsonObject *object, const char *name, const char *text) {
        if (text)
                json_object_set_string_member(object, name, text);
}

void cluster_kind_free_words(ClusterKind *kind) {
        cluster_word_free(kind->class);
        cluster_word_free(kind->pool);
        cluster_word_free(kind->type);
        cluster_word_free(kind->driver);
        cluster_word_free(kind->version);
        cluster_word_free(kind->firmware);
        cluster_word_free(kind->formats);
        cluster_word_free(kind->ids);
}

static void kind_clear(void *data) {
        ClusterKind *kind = data;

        cluster_kind_free_words(kind);
        g_free(kind->unknown);
}

GArray *cluster_kinds_new(void) {
        GArray *kinds = g_array_new(FALSE, TRUE, sizeof(ClusterKind));

        g_array_set_clear_func(kinds, kind_clear);
        return kinds;
}

static bool read_kind(GArray *kinds, JsonObject *object, GError **error) {
        ClusterKind *kind;

        g_array_set_size(kinds, kinds->len + 1);
        kind = &g_array_index(kinds, ClusterKind, kinds->len - 1);
        return cluster_doc_read_word(object, "class", &kind->class, error) &&
               cluster_doc_read_word(object, "pool", &kind->pool, error) &&
               cluster_doc_read_word(object, "type", &kind->type, error) &&
               cluster_doc_read_word(object, "driver", &kind->driver, error) &&
               cluster_doc_read_word(object, "version", &kind->version, error) &&
               cluster_doc_read_word(object, "firmware", &kind->firmware, error) &&
               cluster_doc_read_word(object, "formats", &kind->formats, error) &&
               cluster_doc_read_word(object, "ids", &kind->ids, error) &&
               cluster_json_number_if_any(object, "total", &kind->total, error) &&
               cluster_json_number_if_any(object, "free", &kind->free, error) &&
               cluster_json_unknown(object, kind_members, &kind->unknown, error);
}

bool cluster_kinds_read(GArray *kinds, JsonNode *node, GError **error) {
        JsonArray *array;

        if (!node)
                return true;
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return cluster_doc_refuse(error, "'kinds' must be an array");

        array = json_node_get_array(node);
        if (json_array_get_length(array) > CLUSTER_KINDS_MAX)
                return cluster_doc_refuse(error, "'kinds' must have up to 1024 members");
        for (guint i = 0; i < json_array_get_length(array); i++) {
                JsonNode *kind = json_array_get_element(array, i);

                if (!JSON_NODE_HOLDS_OBJECT(kind))
                        return cluster_doc_refuse(error, "A member of 'kinds' must be an object");
                if (!read_kind(kinds, json_node_get_object(kind), error))
                        return false;
        }
        return true;
}

static JsonObject *kind_to_object(const ClusterKind *kind) {
        JsonObject *object = json_object_new();

        cluster_doc_add_text(object, "class", kind->class);
        cluster_doc_add_text(object, "pool", kind->pool);
        cluster_doc_add_text(object, "type", kind->type);
        cluster_doc_add_text(object, "driver", kind->driver);
        cluster_doc_add_text(object, "version", kind->version);
        cluster_doc_add_text(object, "firmware", kind->firmware);
        cluster_doc_add_text(object, "formats", kind->formats);
        cluster_doc_add_text(object, "ids", kind->ids);
        json_object_set_int_member(object, "total", kind->total);
        json_object_set_int_member(object, "free", kind->free);
        cluster_json_add_unknown(object, kind->unknown);
        return object;
}

JsonArray *cluster_kinds_to_array(const GArray *kinds) {
        JsonArray *array = json_array_new();

        for (guint i = 0; i < kinds->len; i++)
                json_array_add_object_element(
                        array, kind_to_object(&g_array_index(kinds, ClusterKind, i)));
        return array;
}
