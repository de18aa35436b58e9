/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/cloud.h"

#include <string.h>
#include <yaml.h>

#define FILE_MAX_BYTES (1024u * 1024)
#define DEFAULT_DOMAIN "default"

G_DEFINE_QUARK(ferry - cloud - error, cloud_error)

static void auto_document_delete(yaml_document_t *document) {
        yaml_document_delete(document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(yaml_document_t, auto_document_delete)

void cloud_free(Cloud *cloud) {
        if (!cloud)
                return;

        g_free(cloud->name);
        g_free(cloud->auth_url);
        g_free(cloud->user_id);
        g_free(cloud->username);
        g_free(cloud->user_domain_id);
        g_free(cloud->user_domain_name);
        g_free(cloud->project_id);
        g_free(cloud->project_name);
        g_free(cloud->project_domain_id);
        g_free(cloud->project_domain_name);
        g_free(cloud->application_id);
        g_free(cloud->application_name);
        g_free(cloud->secret);
        g_free(cloud->endpoint);
        g_free(cloud->region);
        g_free(cloud->interface);
        g_free(cloud->cacert);
        g_free(cloud->cert);
        g_free(cloud->key);
        g_free(cloud);
}

/* YAML ------------------------------------------------------------------------------- */

static const char *scalar(const yaml_node_t *node) {
        return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
                                                      : NULL;
}

static yaml_node_t *find(yaml_document_t *document, const yaml_node_t *map, const char *name) {
        if (!map || map->type != YAML_MAPPING_NODE)
                return NULL;

        for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
             pair < map->data.mapping.pairs.top; pair++)
                if (g_strcmp0(scalar(yaml_document_get_node(document, pair->key)), name) == 0)
                        return yaml_document_get_node(document, pair->value);

        return NULL;
}

static char *find_text(yaml_document_t *document, const yaml_node_t *map, const char *name) {
        const char *text = scalar(find(document, map, name));

        return text && *text ? g_strdup(text) : NULL;
}

static bool load(const char *path, const char *text, size_t size, yaml_document_t *ret_document,
                 GError **error) {
        yaml_parser_t parser;
        bool loaded;

        if (!yaml_parser_initialize(&parser))
                g_error("libyaml is out of memory");

        yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
        loaded = yaml_parser_load(&parser, ret_document);
        if (!loaded)
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_TEXT, "%s: line %zu is not YAML: %s",
                            path, parser.problem_mark.line + 1, parser.problem ?: "no reason");
        yaml_parser_delete(&parser);
        return loaded;
}

/* Files ------------------------------------------------------------------------------ */

static char *read_file(const char *path, size_t *ret_size, GError **error) {
        g_autoptr(GError) cause = NULL;
        g_autofree char *text = NULL;
        gsize size;

        if (!g_file_get_contents(path, &text, &size, &cause)) {
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_FILE, "%s", cause->message);
                return NULL;
        }
        if (size > FILE_MAX_BYTES) {
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_FILE, "%s: it is longer than 1 MiB",
                            path);
                return NULL;
        }

        *ret_size = size;
        return g_steal_pointer(&text);
}

/* A newline at its end is the editor's. */
static bool read_secret(Cloud *cloud, const char *path, GError **error) {
        g_autofree char *text = NULL;
        size_t size;

        text = read_file(path, &size, error);
        if (!text)
                return false;

        g_free(cloud->secret);
        cloud->secret = g_strchomp(g_steal_pointer(&text));
        return true;
}

/* The cloud -------------------------------------------------------------------------- */

static bool read_type(Cloud *cloud, const char *type, GError **error) {
        if (!type || g_str_equal(type, "password") || g_str_equal(type, "v3password"))
                cloud->auth = CLOUD_AUTH_PASSWORD;
        else if (g_str_equal(type, "v3applicationcredential"))
                cloud->auth = CLOUD_AUTH_APPLICATION;
        else if (g_str_equal(type, "admin_token") || g_str_equal(type, "none"))
                cloud->auth = CLOUD_AUTH_TOKEN;
        else {
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_TEXT,
                            "cloud '%s': auth_type '%s' is not supported; use password, "
                            "v3applicationcredential, admin_token or none",
                            cloud->name, type);
                return false;
        }
        return true;
}

/* http://host:5000, http://host/identity/v3/ -> with /v3 at its end, once */
static char *make_auth_url(const char *text) {
        g_autofree char *url = g_strdup(text);

        while (g_str_has_suffix(url, "/"))
                url[strlen(url) - 1] = '\0';
        return g_str_has_suffix(url, "/v3") ? g_steal_pointer(&url) : g_strconcat(url, "/v3", NULL);
}

static void read_identity(Cloud *cloud, yaml_document_t *document, const yaml_node_t *auth) {
        cloud->user_id = find_text(document, auth, "user_id");
        cloud->username = find_text(document, auth, "username");
        cloud->user_domain_id = find_text(document, auth, "user_domain_id");
        cloud->user_domain_name = find_text(document, auth, "user_domain_name");
        cloud->project_id = find_text(document, auth, "project_id");
        cloud->project_name = find_text(document, auth, "project_name");
        cloud->project_domain_id = find_text(document, auth, "project_domain_id");
        cloud->project_domain_name = find_text(document, auth, "project_domain_name");
        cloud->application_id = find_text(document, auth, "application_credential_id");
        cloud->application_name = find_text(document, auth, "application_credential_name");
        if (!cloud->user_domain_id && !cloud->user_domain_name)
                cloud->user_domain_id = g_strdup(DEFAULT_DOMAIN);
        if (!cloud->project_domain_id && !cloud->project_domain_name)
                cloud->project_domain_id = g_strdup(DEFAULT_DOMAIN);
}

static void read_auth(Cloud *cloud, yaml_document_t *document, const yaml_node_t *auth) {
        g_autofree char *url = find_text(document, auth, "auth_url");

        read_identity(cloud, document, auth);
        switch (cloud->auth) {
        case CLOUD_AUTH_PASSWORD:
                cloud->secret = find_text(document, auth, "password");
                break;
        case CLOUD_AUTH_APPLICATION:
                cloud->secret = find_text(document, auth, "application_credential_secret");
                break;
        case CLOUD_AUTH_TOKEN:
                cloud->secret = find_text(document, auth, "token") ?: g_strdup("admin");
                cloud->endpoint = find_text(document, auth, "endpoint");
                return;
        }
        cloud->auth_url = url ? make_auth_url(url) : NULL;
}

static bool is(const char *text, const char *value) {
        return text && g_ascii_strcasecmp(text, value) == 0;
}

static void read_rest(Cloud *cloud, yaml_document_t *document, const yaml_node_t *node) {
        g_autofree char *endpoint = find_text(document, node, "placement_endpoint_override");
        g_autofree char *verify = find_text(document, node, "verify");
        g_autofree char *insecure = find_text(document, node, "insecure");

        if (endpoint) {
                g_free(cloud->endpoint);
                cloud->endpoint = g_steal_pointer(&endpoint);
        }
        cloud->region = find_text(document, node, "region_name");
        cloud->interface = find_text(document, node, "interface") ?: g_strdup("public");
        cloud->cacert = find_text(document, node, "cacert");
        cloud->cert = find_text(document, node, "cert");
        cloud->key = find_text(document, node, "key");
        cloud->insecure = is(verify, "false") || is(insecure, "true");
}

/* What is not there --------------------------------------------------------------------- */

static const char *missing_identity(const Cloud *cloud) {
        switch (cloud->auth) {
        case CLOUD_AUTH_PASSWORD:
                if (!cloud->username && !cloud->user_id)
                        return "username";
                return cloud->project_name || cloud->project_id ? NULL : "project_name";
        case CLOUD_AUTH_APPLICATION:
                if (cloud->application_id)
                        return NULL;
                if (!cloud->application_name)
                        return "application_credential_id";
                return cloud->username || cloud->user_id ? NULL : "username";
        case CLOUD_AUTH_TOKEN:
                break;
        }
        return NULL;
}

static const char *missing_field(const Cloud *cloud) {
        if (cloud->auth == CLOUD_AUTH_TOKEN)
                return cloud->endpoint ? NULL : "endpoint";
        if (!cloud->auth_url)
                return "auth_url";
        if (!cloud->secret)
                return cloud->auth == CLOUD_AUTH_PASSWORD ? "password"
                                                          : "application_credential_secret";
        return missing_identity(cloud);
}

static bool is_url(const char *text) {
        return !text || g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

static bool check(const Cloud *cloud, const char *path, GError **error) {
        const char *missing = missing_field(cloud);

        if (missing)
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_TEXT,
                            "cloud '%s' has no %s; put it into 'auth' of that cloud in %s",
                            cloud->name, missing, path);
        else if (!is_url(cloud->auth_url) || !is_url(cloud->endpoint))
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_TEXT,
                            "cloud '%s': '%s' is no URL; it has to begin with http:// or https:// "
                            "in %s",
                            cloud->name,
                            is_url(cloud->auth_url) ? cloud->endpoint : cloud->auth_url, path);
        else
                return true;
        return false;
}

static Cloud *read_cloud(yaml_document_t *document, const char *path, const char *name,
                         GError **error) {
        g_autoptr(Cloud) cloud = g_new0(Cloud, 1);
        yaml_node_t *clouds, *node;

        clouds = find(document, yaml_document_get_root_node(document), "clouds");
        node = find(document, clouds, name);
        if (!node) {
                g_set_error(error, CLOUD_ERROR, CLOUD_ERROR_TEXT,
                            "%s has no cloud '%s'; name one that is below 'clouds:' there", path,
                            name);
                return NULL;
        }

        cloud->name = g_strdup(name);
        if (!read_type(cloud, scalar(find(document, node, "auth_type")), error))
                return NULL;

        read_auth(cloud, document, find(document, node, "auth"));
        read_rest(cloud, document, node);
        return g_steal_pointer(&cloud);
}

Cloud *cloud_read(const char *path, const char *name, const char *secret_file, GError **error) {
        g_auto(yaml_document_t) document = {};
        g_autoptr(Cloud) cloud = NULL;
        g_autofree char *text = NULL;
        size_t size;

        text = read_file(path, &size, error);
        if (!text || !load(path, text, size, &document, error))
                return NULL;

        cloud = read_cloud(&document, path, name, error);
        if (!cloud || (secret_file && !read_secret(cloud, secret_file, error)))
                return NULL;

        return check(cloud, path, error) ? g_steal_pointer(&cloud) : NULL;
}
