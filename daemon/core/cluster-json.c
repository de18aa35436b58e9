/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-json.h"

#include <string.h>

#include "xml/ferry-error.h"

#define DEPTH_MAX 16

static bool refuse(GError **error, const char *name, const char *what) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "'%.32s' must be %s", name, what);
        return false;
}

/* What follows a backslash or is quoted is json-glib's to judge; what is around it must be JSON in
 * the strict sense (json-glib takes comments, too), and not deep, since its parser recurses. */
static bool is_shallow(const char *text) {
        bool quoted = false;
        int depth = 0;

        for (; *text; text++) {
                if (quoted && *text == '\\' && text[1])
                        text++;
                else if (*text == '"')
                        quoted = !quoted;
                else if (quoted)
                        continue;
                else if (!strchr(" \t\r\n{}[]:,+-.0123456789eEtrufalsn", *text))
                        return false;
                else if (strchr("{[", *text) && ++depth > DEPTH_MAX)
                        return false;
                else if (strchr("}]", *text))
                        depth--;
        }
        return true;
}

static JsonNode *parse(const char *text) {
        g_autoptr(JsonParser) parser = json_parser_new_immutable();

        if (strnlen(text, CLUSTER_TEXT_MAX + 1) > CLUSTER_TEXT_MAX ||
            !g_utf8_validate(text, -1, NULL) || !is_shallow(text) ||
            !json_parser_load_from_data(parser, text, -1, NULL))
                return NULL;

        return json_parser_steal_root(parser);
}

JsonNode *cluster_json_parse(const char *text, GError **error) {
        g_autoptr(JsonNode) root = parse(text);
        int64_t schema;

        if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "Not an object in JSON of up to %u bytes and %d levels",
                            CLUSTER_TEXT_MAX, DEPTH_MAX);
                return NULL;
        }
        if (!cluster_json_number(json_node_get_object(root), "schema", &schema, error))
                return NULL;
        if (schema < 1 || schema > G_MAXUINT32) {
                (void)refuse(error, "schema", "1 to 2^32 - 1");
                return NULL;
        }
        return g_steal_pointer(&root);
}

bool cluster_name_is_valid(const char *name) {
        size_t n = strnlen(name, CLUSTER_NAME_MAX + 1);

        if (n == 0 || n > CLUSTER_NAME_MAX)
                return false;

        for (; *name; name++)
                if (!g_ascii_isalnum(*name) && !strchr("._:@+,-", *name))
                        return false;
        return true;
}

bool cluster_json_number_if_any(JsonObject *object, const char *name, int64_t *ret,
                                GError **error) {
        JsonNode *node = json_object_get_member(object, name);

        if (node &&
            (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64 ||
             json_node_get_int(node) < 0 || json_node_get_int(node) > CLUSTER_NUMBER_MAX))
                return refuse(error, name, "a whole number from 0 to 2^53 - 1");

        *ret = node ? json_node_get_int(node) : 0;
        return true;
}

bool cluster_json_number(JsonObject *object, const char *name, int64_t *ret, GError **error) {
        if (!json_object_has_member(object, name))
                return refuse(error, name, "there");

        return cluster_json_number_if_any(object, name, ret, error);
}

bool cluster_json_text_if_any(JsonObject *object, const char *name, const char **ret,
                              GError **error) {
        JsonNode *node = json_object_get_member(object, name);

        if (node &&
            (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING ||
             strlen(json_node_get_string(node)) > CLUSTER_NAME_MAX ||
             !g_utf8_validate(json_node_get_string(node), -1, NULL)))
                return refuse(error, name, "a text of up to 128 bytes");

        *ret = node ? json_node_get_string(node) : NULL;
        return true;
}

bool cluster_json_name_if_any(JsonObject *object, const char *name, const char **ret,
                              GError **error) {
        const char *text;

        if (!cluster_json_text_if_any(object, name, &text, error))
                return false;
        if (text && !cluster_name_is_valid(text))
                return refuse(error, name, "a name of letters, digits and ._:@+,-");

        *ret = text;
        return true;
}

bool cluster_json_name(JsonObject *object, const char *name, const char **ret, GError **error) {
        if (!json_object_has_member(object, name))
                return refuse(error, name, "there");

        return cluster_json_name_if_any(object, name, ret, error);
}

bool cluster_json_object_if_any(JsonObject *object, const char *name, JsonObject **ret,
                                GError **error) {
        JsonNode *node = json_object_get_member(object, name);

        if (node && !JSON_NODE_HOLDS_OBJECT(node))
                return refuse(error, name, "an object");

        *ret = node ? json_node_get_object(node) : NULL;
        return true;
}

bool cluster_json_entry(JsonObject *object, const char *name, JsonObject **ret, GError **error) {
        g_autofree char *shown = NULL;

        if (cluster_name_is_valid(name))
                return cluster_json_object_if_any(object, name, ret, error);

        shown = g_strescape(name, NULL);
        return refuse(error, shown, "a name of letters, digits and ._:@+,-");
}

bool cluster_json_unknown(JsonObject *object, const char *const *known, char **ret,
                          GError **error) {
        g_autoptr(JsonObject) rest = json_object_new();
        g_autofree char *text = NULL;
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;

        json_object_iter_init(&iter, object);
        while (json_object_iter_next(&iter, &name, &node))
                if (!g_strv_contains(known, name))
                        json_object_set_member(rest, name, json_node_copy(node));
        if (json_object_get_size(rest) == 0) {
                *ret = NULL;
                return true;
        }

        /* A number that is too large has become none, and half a surrogate pair no UTF-8. */
        text = cluster_json_end(g_steal_pointer(&rest));
        if (!is_shallow(text) || !g_utf8_validate(text, -1, NULL))
                return refuse(error, "unknown member",
                              "free of numbers above 1e308 and of half characters");

        *ret = g_steal_pointer(&text);
        return true;
}

void cluster_json_add_unknown(JsonObject *object, const char *unknown) {
        g_autoptr(JsonNode) root = unknown ? parse(unknown) : NULL;
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;

        if (!root)
                return;

        json_object_iter_init(&iter, json_node_get_object(root));
        while (json_object_iter_next(&iter, &name, &node))
                json_object_set_member(object, name, json_node_copy(node));
}

char *cluster_json_end(JsonObject *object) {
        g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);

        json_node_take_object(root, object);
        return json_to_string(root, FALSE);
}
