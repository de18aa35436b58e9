/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc-load.h"

#include "daemon/core/cluster-doc-parts.h"

const char *const cluster_load_things[] = { "cpu", "memory", "network", NULL };
G_STATIC_ASSERT(G_N_ELEMENTS(cluster_load_things) == _CLUSTER_LOAD_THING_MAX + 1);

static const char *const load_members[] = {
        "schema", "at", "size", "base", "kinds", "guests", NULL
};
static const char *const guest_members[] = { "name",  "bytes",   "duration", "downtime", "bands",
                                             "wants", "amounts", "offloads", NULL };
static const char *const want_members[] = { "name", "kind", "state", "migrates", NULL };
static const char *const offload_members[] = { "pool", "amounts", NULL };

/* Making and freeing ---------------------------------------------------------------- */

static void amount_clear(void *data) {
        cluster_word_free(((ClusterAmount *)data)->resource);
}

static GArray *amounts_new(void) {
        GArray *amounts = g_array_new(FALSE, TRUE, sizeof(ClusterAmount));

        g_array_set_clear_func(amounts, amount_clear);
        return amounts;
}

static void want_clear(void *data) {
        ClusterLoadWant *want = data;

        cluster_word_free(want->name);
        g_free(want->unknown);
}

static void offload_clear(void *data) {
        ClusterLoadOffload *offload = data;

        cluster_word_free(offload->pool);
        g_array_unref(offload->amounts);
        g_free(offload->unknown);
}

static void bands_clear(ClusterLoadBands *bands) {
        for (int t = 0; t < _CLUSTER_LOAD_THING_MAX; t++)
                g_clear_pointer(&bands->things[t], g_array_unref);
        g_free(bands->unknown);
}

static void guest_free(void *data) {
        ClusterLoadGuest *guest = data;

        bands_clear(&guest->bands);
        g_array_unref(guest->amounts);
        g_array_unref(guest->wants);
        g_array_unref(guest->offloads);
        g_free(guest->uuid);
        g_free(guest->name);
        g_free(guest->unknown);
        g_free(guest);
}

ClusterLoad *cluster_load_new(void) {
        ClusterLoad *load = g_new0(ClusterLoad, 1);

        load->schema = 1;
        load->kinds = cluster_kinds_new();
        load->guests = g_ptr_array_new_with_free_func(guest_free);
        return load;
}

void cluster_load_free(ClusterLoad *load) {
        if (!load)
                return;

        bands_clear(&load->base);
        g_array_unref(load->kinds);
        g_ptr_array_unref(load->guests);
        g_free(load->unknown);
        g_free(load);
}

ClusterLoadGuest *cluster_load_add_guest(ClusterLoad *load, const char *uuid) {
        ClusterLoadGuest *guest = g_new0(ClusterLoadGuest, 1);

        guest->uuid = g_strdup(uuid);
        guest->amounts = amounts_new();
        guest->wants = g_array_new(FALSE, TRUE, sizeof(ClusterLoadWant));
        g_array_set_clear_func(guest->wants, want_clear);
        guest->offloads = g_array_new(FALSE, TRUE, sizeof(ClusterLoadOffload));
        g_array_set_clear_func(guest->offloads, offload_clear);
        g_ptr_array_add(load->guests, guest);
        return guest;
}

ClusterLoadWant *cluster_load_add_want(ClusterLoadGuest *guest) {
        ClusterLoadWant want = { .state = -1 };

        g_array_append_val(guest->wants, want);
        return &g_array_index(guest->wants, ClusterLoadWant, guest->wants->len - 1);
}

ClusterLoadOffload *cluster_load_add_offload(ClusterLoadGuest *guest) {
        ClusterLoadOffload offload = { .amounts = amounts_new() };

        g_array_append_val(guest->offloads, offload);
        return &g_array_index(guest->offloads, ClusterLoadOffload, guest->offloads->len - 1);
}

void cluster_load_add_amount(GArray *amounts, const char *resource, int64_t amount) {
        ClusterAmount fresh = { cluster_word(resource), amount };

        g_array_append_val(amounts, fresh);
}

/* Reading --------------------------------------------------------------------------- */

static bool append_number(GArray *numbers, JsonNode *node, GError **error) {
        int64_t number = JSON_NODE_HOLDS_VALUE(node) &&
                                         json_node_get_value_type(node) == G_TYPE_INT64
                                 ? json_node_get_int(node)
                                 : -1;

        if (number < 0 || number > CLUSTER_NUMBER_MAX)
                return cluster_doc_refuse(error, "A member of 'bands' or 'base' must have whole "
                                                 "numbers from 0 to 2^53 - 1");
        g_array_append_val(numbers, number);
        return true;
}

static bool read_numbers(JsonNode *node, GArray **ret, GError **error) {
        JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
        guint n = array ? json_array_get_length(array) : 0;
        g_autoptr(GArray) numbers = NULL;

        if (n != CLUSTER_LOAD_BAND && n != CLUSTER_LOAD_BAND * CLUSTER_LOAD_HOURS)
                return cluster_doc_refuse(error, "A member of 'bands' or 'base' must have 3 or 72 "
                                                 "numbers");

        numbers = g_array_sized_new(FALSE, FALSE, sizeof(int64_t), n);
        for (guint i = 0; i < n; i++)
                if (!append_number(numbers, json_array_get_element(array, i), error))
                        return false;

        *ret = g_steal_pointer(&numbers);
        return true;
}

static bool read_bands(ClusterLoadBands *bands, JsonObject *owner, const char *name,
                       GError **error) {
        JsonObject *object;

        if (!cluster_json_object_if_any(owner, name, &object, error))
                return false;

        for (int t = 0; object && cluster_load_things[t]; t++) {
                JsonNode *node = json_object_get_member(object, cluster_load_things[t]);

                if (node && !read_numbers(node, &bands->things[t], error))
                        return false;
        }
        return !object || cluster_json_unknown(object, cluster_load_things, &bands->unknown, error);
}

static bool read_amounts(GArray *amounts, JsonObject *owner, GError **error) {
        JsonObject *object;
        JsonObjectIter iter;
        const char *resource;

        if (!cluster_json_object_if_any(owner, "amounts", &object, error))
                return false;
        if (!object)
                return true;

        json_object_iter_init(&iter, object);
        while (json_object_iter_next(&iter, &resource, NULL)) {
                int64_t amount;

                if (!cluster_name_is_valid(resource))
                        return cluster_doc_refuse(error, "A name in 'amounts' is not a resource");
                if (!cluster_json_number(object, resource, &amount, error))
                        return false;

                cluster_load_add_amount(amounts, resource, amount);
        }
        return true;
}

static bool check_kind(const ClusterLoad *load, int64_t kind, GError **error) {
        return kind < load->kinds->len ||
               cluster_doc_refuse(error, "A number in 'wants' is beyond 'kinds'");
}

static bool read_want(const ClusterLoad *load, ClusterLoadGuest *guest, JsonObject *object,
                      GError **error) {
        ClusterLoadWant *want = cluster_load_add_want(guest);
        bool brings = json_object_has_member(object, "state");

        return cluster_doc_read_word(object, "name", &want->name, error) &&
               cluster_json_number(object, "kind", &want->kind, error) &&
               check_kind(load, want->kind, error) &&
               (!brings || (cluster_json_number(object, "state", &want->state, error) &&
                            check_kind(load, want->state, error))) &&
               cluster_json_number_if_any(object, "migrates", &want->migrates, error) &&
               cluster_json_unknown(object, want_members, &want->unknown, error);
}

static bool read_offload(const ClusterLoad *load, ClusterLoadGuest *guest, JsonObject *object,
                         GError **error) {
        ClusterLoadOffload *offload = cluster_load_add_offload(guest);

        return cluster_doc_read_word(object, "pool", &offload->pool, error) &&
               read_amounts(offload->amounts, object, error) &&
               cluster_json_unknown(object, offload_members, &offload->unknown, error);
}

static bool read_list(const ClusterLoad *load, ClusterLoadGuest *guest, JsonNode *node,
                      bool (*read)(const ClusterLoad *load, ClusterLoadGuest *guest,
                                   JsonObject *object, GError **error),
                      GError **error) {
        JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (!node)
                return true;
        if (!array || json_array_get_length(array) > CLUSTER_LOAD_WANTS_MAX)
                return cluster_doc_refuse(error, "'wants' and 'offloads' must be arrays of up to "
                                                 "64 members");

        for (guint i = 0; i < json_array_get_length(array); i++) {
                JsonNode *element = json_array_get_element(array, i);

                if (!JSON_NODE_HOLDS_OBJECT(element))
                        return cluster_doc_refuse(error, "A member of 'wants' or 'offloads' must "
                                                         "be an object");
                if (!read(load, guest, json_node_get_object(element), error))
                        return false;
        }
        return true;
}

static bool read_guest(ClusterLoad *load, const char *uuid, JsonObject *object, GError **error) {
        ClusterLoadGuest *guest = cluster_load_add_guest(load, uuid);
        const char *name;

        if (!cluster_json_text_if_any(object, "name", &name, error))
                return false;

        guest->name = g_strdup(name ? name : uuid);
        return cluster_json_number_if_any(object, "bytes", &guest->bytes, error) &&
               cluster_json_number_if_any(object, "duration", &guest->duration, error) &&
               cluster_json_number_if_any(object, "downtime", &guest->downtime, error) &&
               read_bands(&guest->bands, object, "bands", error) &&
               read_amounts(guest->amounts, object, error) &&
               read_list(load, guest, json_object_get_member(object, "wants"), read_want, error) &&
               read_list(load, guest, json_object_get_member(object, "offloads"), read_offload,
                         error) &&
               cluster_json_unknown(object, guest_members, &guest->unknown, error);
}

static bool read_guests(ClusterLoad *load, JsonObject *guests, GError **error) {
        JsonObjectIter iter;
        const char *uuid;

        if (!guests)
                return true;
        if (json_object_get_size(guests) > CLUSTER_LOAD_GUESTS_MAX)
                return cluster_doc_refuse(error, "'guests' must have up to 512 members");

        json_object_iter_init(&iter, guests);
        while (json_object_iter_next(&iter, &uuid, NULL)) {
                JsonObject *guest;

                if (!cluster_json_entry(guests, uuid, &guest, error) ||
                    !read_guest(load, uuid, guest, error))
                        return false;
        }
        return true;
}

static bool read_size(ClusterLoad *load, JsonObject *size, GError **error) {
        for (int t = 0; size && cluster_load_things[t]; t++)
                if (!cluster_json_number_if_any(size, cluster_load_things[t], &load->size[t],
                                                error))
                        return false;
        return true;
}

ClusterLoad *cluster_load_from_json(const char *text, GError **error) {
        g_autoptr(JsonNode) root = cluster_json_parse(text, error);
        g_autoptr(ClusterLoad) load = cluster_load_new();
        JsonObject *object, *size, *guests;

        if (!root)
                return NULL;

        object = json_node_get_object(root);
        if (!cluster_json_number(object, "schema", &load->schema, error) ||
            !cluster_json_number_if_any(object, "at", &load->at, error) ||
            !cluster_json_object_if_any(object, "size", &size, error) ||
            !cluster_json_object_if_any(object, "guests", &guests, error) ||
            !read_size(load, size, error) || !read_bands(&load->base, object, "base", error) ||
            !cluster_kinds_read(load->kinds, json_object_get_member(object, "kinds"), error) ||
            !read_guests(load, guests, error) ||
            !cluster_json_unknown(object, load_members, &load->unknown, error))
                return NULL;

        return g_steal_pointer(&load);
}
