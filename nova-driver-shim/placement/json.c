/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/json.h"

static JsonNode *member(JsonObject *object, const char *name) {
        return object ? json_object_get_member(object, name) : NULL;
}

static JsonObject *to_object(JsonNode *node) {
        return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static const char *to_text(JsonNode *node) {
        return node && JSON_NODE_HOLDS_VALUE(node) &&
                               json_node_get_value_type(node) == G_TYPE_STRING
                       ? json_node_get_string(node)
                       : NULL;
}

JsonObject *json_root_object(JsonNode *root) {
        return to_object(root);
}

JsonObject *json_object_of(JsonObject *object, const char *name) {
        return to_object(member(object, name));
}

JsonArray *json_array_of(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name);

        return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

const char *json_text_of(JsonObject *object, const char *name) {
        return to_text(member(object, name));
}

gint64 json_number_of(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name);

        return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64
                       ? json_node_get_int(node)
                       : 0;
}

double json_ratio_of(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name);

        if (!node || !JSON_NODE_HOLDS_VALUE(node))
                return 0;
        if (json_node_get_value_type(node) == G_TYPE_DOUBLE)
                return json_node_get_double(node);
        return (double)json_number_of(object, name);
}

JsonObject *json_object_at(JsonArray *array, guint i) {
        return to_object(json_array_get_element(array, i));
}

const char *json_text_at(JsonArray *array, guint i) {
        return to_text(json_array_get_element(array, i));
}

char *json_end(JsonBuilder *builder) {
        g_autoptr(JsonNode) root = json_builder_get_root(builder);

        return json_to_string(root, FALSE);
}
