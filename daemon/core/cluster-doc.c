/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc.h"

char *cluster_word(const char *text) {
        return text ? g_ref_string_new_intern(text) : NULL;
}

void cluster_word_free(char *word) {
        if (word)
                g_ref_string_release(word);
}

static const char *const host_members[] = {
        "schema", "version", "uri", "since", "incarnation", NULL
};

void cluster_host_free(ClusterHost *host) {
        if (!host)
                return;

        cluster_word_free(host->version);
        g_free(host->uri);
        g_free(host->incarnation);
        g_free(host->unknown);
        g_free(host);
}

ClusterHost *cluster_host_from_json(const char *text, GError **error) {
        g_autoptr(JsonNode) root = cluster_json_parse(text, error);
        g_autoptr(ClusterHost) host = g_new0(ClusterHost, 1);
        const char *version, *uri, *incarnation;
        JsonObject *object;

        if (!root)
                return NULL;

        object = json_node_get_object(root);
        if (!cluster_json_number(object, "schema", &host->schema, error) ||
            !cluster_json_text_if_any(object, "version", &version, error) ||
            !cluster_json_text_if_any(object, "uri", &uri, error) ||
            !cluster_json_number_if_any(object, "since", &host->since, error) ||
            !cluster_json_name_if_any(object, "incarnation", &incarnation, error) ||
            !cluster_json_unknown(object, host_members, &host->unknown, error))
                return NULL;

        host->version = cluster_word(version);
        host->uri = g_strdup(uri);
        host->incarnation = g_strdup(incarnation);
        return g_steal_pointer(&host);
}

static void add_text(JsonObject *object, const char *name, const char *text) {
        if (text)
                json_object_set_string_member(object, name, text);
}

char *cluster_host_to_json(const ClusterHost *host) {
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "schema", host->schema);
        add_text(object, "version", host->version);
        add_text(object, "uri", host->uri);
        json_object_set_int_member(object, "since", host->since);
        add_text(object, "incarnation", host->incarnation);
        cluster_json_add_unknown(object, host->unknown);
        return cluster_json_end(object);
}
