/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-json.h"

#include <string.h>

#define DEPTH_MAX 32 /* etcd's answers have 6 */

/* Reading ---------------------------------------------------------------------------- */

/* json-glib's parser recurses. Brackets in texts count as well: keys and values are base64. */
static bool is_shallow(const char *text, size_t size) {
        int depth = 0;

        for (size_t i = 0; i < size; i++) {
                if ((text[i] == '{' || text[i] == '[') && ++depth > DEPTH_MAX)
                        return false;
                if (text[i] == '}' || text[i] == ']')
                        depth--;
        }
        return true;
}

JsonNode *etcd_parse(const char *text, size_t size) {
        g_autoptr(JsonParser) parser = json_parser_new_immutable();
        JsonNode *root;

        if (!is_shallow(text, size) ||
            !json_parser_load_from_data(parser, text, (gssize)size, NULL))
                return NULL;

        root = json_parser_get_root(parser);
        return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_copy(root) : NULL;
}

static JsonNode *member(JsonObject *object, const char *name, JsonNodeType type) {
        JsonNode *node = json_object_get_member(object, name);

        return node && json_node_get_node_type(node) == type ? node : NULL;
}

const char *etcd_text(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_VALUE);

        return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node)
                                                                       : NULL;
}

int64_t etcd_number(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_VALUE);
        const char *text = etcd_text(object, name);

        if (text)
                return g_ascii_strtoll(text, NULL, 10);
        return node && json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node) : 0;
}

bool etcd_true(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_VALUE);

        return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN &&
               json_node_get_boolean(node);
}

JsonObject *etcd_object(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_OBJECT);

        return node ? json_node_get_object(node) : NULL;
}

GPtrArray *etcd_objects(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_ARRAY);
        JsonArray *array = node ? json_node_get_array(node) : NULL;
        GPtrArray *objects = g_ptr_array_new();

        for (guint i = 0; array && i < json_array_get_length(array); i++) {
                JsonNode *element = json_array_get_element(array, i);

                if (JSON_NODE_HOLDS_OBJECT(element))
                        g_ptr_array_add(objects, json_node_get_object(element));
        }
        return objects;
}

int64_t etcd_revision(JsonObject *answer) {
        JsonObject *header = etcd_object(answer, "header");

        return header ? etcd_number(header, "revision") : 0;
}

/* NULL: it is not text. */
static char *decode(const char *base64) {
        g_autofree char *text = NULL;
        g_autofree guchar *bytes = NULL;
        gsize size;

        bytes = g_base64_decode(base64, &size);
        text = g_strndup((const char *)bytes, size);
        return g_utf8_validate(text, -1, NULL) && strlen(text) == size ? g_steal_pointer(&text)
                                                                       : NULL;
}

bool etcd_key_read(JsonObject *kv, EtcdKey *ret) {
        const char *key = etcd_text(kv, "key"), *value = etcd_text(kv, "value");
        g_autofree char *name = key ? decode(key) : NULL;

        int64_t modified = etcd_number(kv, "mod_revision");

        if (!name || modified <= 0)
                return false;

        *ret = (EtcdKey){
                .key = g_steal_pointer(&name),
                .value = decode(value ? value : ""),
                .create_revision = etcd_number(kv, "create_revision"),
                .mod_revision = modified,
        };
        return true;
}

void etcd_key_done(EtcdKey *key) {
        g_clear_pointer(&key->key, g_free);
        g_clear_pointer(&key->value, g_free);
}

/* Writing ---------------------------------------------------------------------------- */

/* Takes the object. */
static char *end(JsonObject *object) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

        json_node_take_object(node, object);
        return json_to_string(node, FALSE);
}

static void add_text(JsonObject *object, const char *name, const char *text) {
        g_autofree char *base64 = g_base64_encode((const guchar *)text, strlen(text));

        json_object_set_string_member(object, name, base64);
}

static void add_number(JsonObject *object, const char *name, int64_t number) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

        json_object_set_string_member(object, name, text);
}

char *etcd_end(const char *prefix) {
        char *last = g_strdup(prefix);

        last[strlen(last) - 1]++;
        return last;
}

static void add_end(JsonObject *object, const char *prefix) {
        g_autofree char *last = etcd_end(prefix);

        add_text(object, "range_end", last);
}

/* The next key after another is that with a NUL. */
static void add_after(JsonObject *object, const char *after) {
        g_autofree char *base64 = g_base64_encode((const guchar *)after, strlen(after) + 1);

        json_object_set_string_member(object, "key", base64);
}

char *etcd_key(const char *prefix, const char *key) {
        if (g_str_has_prefix(key, CLUSTER_APART))
                return g_strdup_printf("%.*s:%s", (int)strlen(prefix) - 1, prefix, key);
        return g_strconcat(prefix, key, NULL);
}

char *etcd_range_body(const char *prefix, const char *after, unsigned limit, int64_t revision) {
        g_autofree char *last = etcd_end(prefix);

        return etcd_span_body(prefix, after, last, limit, revision);
}

char *etcd_span_body(const char *from, const char *after, const char *to, unsigned limit,
                     int64_t revision) {
        JsonObject *body = json_object_new();

        if (after)
                add_after(body, after);
        else
                add_text(body, "key", from);
        add_text(body, "range_end", to);
        add_number(body, "limit", limit);
        add_number(body, "revision", revision);
        json_object_set_boolean_member(body, "count_only", limit == 0);
        return end(body);
}

char *etcd_watch_body(const char *prefix, int64_t revision) {
        JsonObject *request = json_object_new(), *body = json_object_new();

        add_text(request, "key", prefix);
        add_end(request, prefix);
        add_number(request, "start_revision", revision);
        json_object_set_boolean_member(request, "progress_notify", TRUE);
        json_object_set_object_member(body, "create_request", request);
        return end(body);
}

static JsonObject *put_request(const char *key, const char *value, int64_t lease) {
        JsonObject *put = json_object_new();

        add_text(put, "key", key);
        add_text(put, "value", value);
        add_number(put, "lease", lease);
        return put;
}

static JsonObject *delete_request(const char *key) {
        JsonObject *request = json_object_new();

        add_text(request, "key", key);
        return request;
}

char *etcd_put_body(const char *key, const char *value, int64_t lease) {
        return end(put_request(key, value, lease));
}

char *etcd_delete_body(const char *key) {
        return end(delete_request(key));
}

static JsonArray *compares_of(const char *prefix, const ClusterTransaction *transaction) {
        JsonArray *compares = json_array_new();

        for (guint i = 0; i < transaction->compares->len; i++) {
                const ClusterCompare *compare = g_ptr_array_index(transaction->compares, i);
                g_autofree char *key = etcd_key(prefix, compare->key);
                JsonObject *object = json_object_new();

                add_text(object, "key", key);
                json_object_set_string_member(object, "result", "EQUAL");
                json_object_set_string_member(object, "target",
                                              compare->created ? "CREATE" : "MOD");
                add_number(object, compare->created ? "create_revision" : "mod_revision",
                           compare->revision);
                json_array_add_object_element(compares, object);
        }
        return compares;
}

static void add_write(JsonArray *writes, const char *kind, JsonObject *request) {
        JsonObject *write = json_object_new();

        json_object_set_object_member(write, kind, request);
        json_array_add_object_element(writes, write);
}

static JsonArray *writes_of(const char *prefix, const ClusterTransaction *transaction) {
        JsonArray *writes = json_array_new();

        for (guint i = 0; i < transaction->puts->len; i++) {
                const ClusterPut *put = g_ptr_array_index(transaction->puts, i);
                g_autofree char *key = etcd_key(prefix, put->key);

                add_write(writes, "request_put", put_request(key, put->value, 0));
        }
        for (guint i = 0; i < transaction->deletes->len; i++) {
                g_autofree char *key = etcd_key(prefix, g_ptr_array_index(transaction->deletes, i));

                add_write(writes, "request_delete_range", delete_request(key));
        }
        return writes;
}

char *etcd_transaction_body(const char *prefix, const ClusterTransaction *transaction) {
        JsonObject *body = json_object_new();

        json_object_set_array_member(body, "compare", compares_of(prefix, transaction));
        json_object_set_array_member(body, "success", writes_of(prefix, transaction));
        return end(body);
}

char *etcd_grant_body(unsigned seconds) {
        JsonObject *body = json_object_new();

        add_number(body, "TTL", seconds);
        return end(body);
}

char *etcd_lease_body(int64_t lease) {
        JsonObject *body = json_object_new();

        add_number(body, "ID", lease);
        return end(body);
}

char *etcd_user_body(const char *user, const char *password) {
        JsonObject *body = json_object_new();

        json_object_set_string_member(body, "name", user);
        json_object_set_string_member(body, "password", password);
        return end(body);
}
