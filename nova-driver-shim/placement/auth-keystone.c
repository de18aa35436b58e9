/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/auth-keystone.h"

#include <stdbool.h>
#include <string.h>

#include "nova-driver-shim/placement/json.h"

void keystone_token_free(KeystoneToken *token) {
        if (!token)
                return;

        g_free(token->text);
        g_free(token->endpoint);
        g_free(token);
}

/* The question ---------------------------------------------------------------------- */

static void add_text(JsonBuilder *builder, const char *name, const char *text) {
        if (!text)
                return;

        json_builder_set_member_name(builder, name);
        json_builder_add_string_value(builder, text);
}

static void begin(JsonBuilder *builder, const char *name) {
        json_builder_set_member_name(builder, name);
        json_builder_begin_object(builder);
}

static void add_domain(JsonBuilder *builder, const char *id, const char *name) {
        begin(builder, "domain");
        add_text(builder, "id", id);
        add_text(builder, "name", id ? NULL : name);
        json_builder_end_object(builder);
}

/* An id needs no domain. */
static void begin_user(JsonBuilder *builder, const Cloud *cloud) {
        begin(builder, "user");
        add_text(builder, "id", cloud->user_id);
        if (cloud->user_id)
                return;

        add_text(builder, "name", cloud->username);
        add_domain(builder, cloud->user_domain_id, cloud->user_domain_name);
}

static void add_password(JsonBuilder *builder, const Cloud *cloud) {
        begin(builder, "password");
        begin_user(builder, cloud);
        add_text(builder, "password", cloud->secret);
        json_builder_end_object(builder);
        json_builder_end_object(builder);
}

static void add_application(JsonBuilder *builder, const Cloud *cloud) {
        begin(builder, "application_credential");
        add_text(builder, "id", cloud->application_id);
        if (!cloud->application_id) {
                add_text(builder, "name", cloud->application_name);
                begin_user(builder, cloud);
                json_builder_end_object(builder);
        }
        add_text(builder, "secret", cloud->secret);
        json_builder_end_object(builder);
}

static void add_identity(JsonBuilder *builder, const Cloud *cloud) {
        bool password = cloud->auth == CLOUD_AUTH_PASSWORD;

        begin(builder, "identity");
        json_builder_set_member_name(builder, "methods");
        json_builder_begin_array(builder);
        json_builder_add_string_value(builder, password ? "password" : "application_credential");
        json_builder_end_array(builder);
        if (password)
                add_password(builder, cloud);
        else
                add_application(builder, cloud);
        json_builder_end_object(builder);
}

static void add_scope(JsonBuilder *builder, const Cloud *cloud) {
        begin(builder, "scope");
        begin(builder, "project");
        add_text(builder, "id", cloud->project_id);
        if (!cloud->project_id) {
                add_text(builder, "name", cloud->project_name);
                add_domain(builder, cloud->project_domain_id, cloud->project_domain_name);
        }
        json_builder_end_object(builder);
        json_builder_end_object(builder);
}

/* An application credential has its scope already, and may ask for no other. */
char *keystone_question(const Cloud *cloud) {
        g_autoptr(JsonBuilder) builder = json_builder_new();

        json_builder_begin_object(builder);
        begin(builder, "auth");
        add_identity(builder, cloud);
        if (cloud->auth == CLOUD_AUTH_PASSWORD)
                add_scope(builder, cloud);
        json_builder_end_object(builder);
        json_builder_end_object(builder);
        return json_end(builder);
}

/* The answer ------------------------------------------------------------------------ */

static const char *endpoint_of(const Cloud *cloud, JsonObject *service) {
        JsonArray *rows = json_array_of(service, "endpoints");

        for (guint i = 0; rows && i < json_array_get_length(rows); i++) {
                JsonObject *row = json_object_at(rows, i);
                const char *region = json_text_of(row, "region_id") ?: json_text_of(row, "region");

                if (g_strcmp0(json_text_of(row, "interface"), cloud->interface) == 0 &&
                    (!cloud->region || g_strcmp0(region, cloud->region) == 0))
                        return json_text_of(row, "url");
        }
        return NULL;
}

static const char *find_endpoint(const Cloud *cloud, JsonObject *token) {
        JsonArray *catalog = json_array_of(token, "catalog");
        const char *url = NULL;

        for (guint i = 0; catalog && !url && i < json_array_get_length(catalog); i++) {
                JsonObject *service = json_object_at(catalog, i);

                if (g_strcmp0(json_text_of(service, "type"), "placement") == 0)
                        url = endpoint_of(cloud, service);
        }
        return url;
}

static int64_t read_time(JsonObject *token, const char *name) {
        const char *text = json_text_of(token, name);
        g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;

        return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC : 0;
}

static ApiError *no_keystone(const Cloud *cloud, long status) {
        return api_error_new(API_ERROR_AUTH, status,
                             "cloud '%s': %s does not answer as Keystone v3 does (HTTP %ld); "
                             "correct its auth_url",
                             cloud->name, cloud->auth_url, status);
}

static ApiError *no_endpoint(const Cloud *cloud) {
        return api_error_new(API_ERROR_AUTH, 0,
                             "cloud '%s': Keystone's catalog has no %s endpoint of a service of "
                             "type placement%s%s; correct interface and region_name, or set "
                             "placement_endpoint_override",
                             cloud->name, cloud->interface, cloud->region ? " in region " : "",
                             cloud->region ?: "");
}

static const char *who(const Cloud *cloud) {
        if (cloud->auth == CLOUD_AUTH_PASSWORD)
                return cloud->username ?: cloud->user_id;
        return cloud->application_name ?: cloud->application_id;
}

static ApiError *refused(const Cloud *cloud, const HttpAnswer *answer) {
        g_autofree char *what = g_strdup_printf(
                "cloud '%s': Keystone refuses the %s '%s'", cloud->name,
                cloud->auth == CLOUD_AUTH_PASSWORD ? "user" : "application credential", who(cloud));
        g_autoptr(ApiError) cause = api_error_from_answer(what, answer->status, answer->body);

        return api_error_new(API_ERROR_AUTH, answer->status, "%s; correct it in clouds.yaml",
                             cause->sentence);
}

static ApiError *failure(const Cloud *cloud, const HttpAnswer *answer) {
        if (answer->problem)
                return api_error_new(API_ERROR_RETRY, 0, "Keystone at %s: %s", cloud->auth_url,
                                     answer->problem);
        if (answer->status == 401 || answer->status == 403)
                return refused(cloud, answer);
        if (answer->status >= 500 || answer->status == 429) {
                g_autofree char *what = g_strdup_printf("Keystone at %s", cloud->auth_url);

                return api_error_from_answer(what, answer->status, answer->body);
        }
        return no_keystone(cloud, answer->status);
}

static char *make_endpoint(const char *url) {
        size_t end = strlen(url);

        while (end > 0 && url[end - 1] == '/')
                end--;
        return g_strndup(url, end);
}

static KeystoneToken *read_token(const Cloud *cloud, const HttpAnswer *answer, JsonObject *object,
                                 ApiError **ret_error) {
        int64_t lifetime = read_time(object, "expires_at") - read_time(object, "issued_at");
        const char *endpoint = find_endpoint(cloud, object);
        g_autoptr(KeystoneToken) token = NULL;

        if (lifetime <= 0) {
                *ret_error = no_keystone(cloud, answer->status);
                return NULL;
        }
        if (!cloud->endpoint && !endpoint) {
                *ret_error = no_endpoint(cloud);
                return NULL;
        }

        token = g_new0(KeystoneToken, 1);
        token->text = g_strdup(answer->subject_token);
        token->endpoint = endpoint ? make_endpoint(endpoint) : NULL;
        token->lifetime = lifetime;
        return g_steal_pointer(&token);
}

KeystoneToken *keystone_read(const Cloud *cloud, const HttpAnswer *answer, ApiError **ret_error) {
        g_autoptr(JsonNode) root = NULL;
        JsonObject *token;

        if (answer->status != 201) {
                *ret_error = failure(cloud, answer);
                return NULL;
        }

        root = json_from_string(answer->body, NULL);
        token = json_object_of(json_root_object(root), "token");
        if (!token || !answer->subject_token) {
                *ret_error = no_keystone(cloud, answer->status);
                return NULL;
        }
        return read_token(cloud, answer, token, ret_error);
}
