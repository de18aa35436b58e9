/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc-load.h"

#include "daemon/core/cluster-doc-parts.h"

static void add_bands(JsonObject *owner, const char *name, const ClusterLoadBands *bands) {
        JsonObject *object = json_object_new();

        for (int t = 0; cluster_load_things[t]; t++) {
                const GArray *numbers = bands->things[t];
                JsonArray *array;

                if (!numbers)
                        continue;
                array = json_array_sized_new(numbers->len);
                for (guint i = 0; i < numbers->len; i++)
                        json_array_add_int_element(array, g_array_index(numbers, int64_t, i));
                json_object_set_array_member(object, cluster_load_things[t], array);
        }
        cluster_json_add_unknown(object, bands->unknown);
        json_object_set_object_member(owner, name, object);
}

static void add_amounts(JsonObject *owner, const GArray *amounts) {
        JsonObject *object;

        if (amounts->len == 0)
                return;

        object = json_object_new();
        for (guint i = 0; i < amounts->len; i++) {
                const ClusterAmount *amount = &g_array_index(amounts, ClusterAmount, i);

                json_object_set_int_member(object, amount->resource, amount->amount);
        }
        json_object_set_object_member(owner, "amounts", object);
}

static JsonObject *want_to_object(const ClusterLoadWant *want) {
        JsonObject *object = json_object_new();

        cluster_doc_add_text(object, "name", want->name);
        json_object_set_int_member(object, "kind", want->kind);
        if (want->state >= 0)
                json_object_set_int_member(object, "state", want->state);
        if (want->migrates > 0)
                json_object_set_int_member(object, "migrates", want->migrates);
        cluster_json_add_unknown(object, want->unknown);
        return object;
}

static void add_wants(JsonObject *owner, const GArray *wants) {
        JsonArray *array;

        if (wants->len == 0)
                return;

        array = json_array_new();
        for (guint i = 0; i < wants->len; i++)
                json_array_add_object_element(
                        array, want_to_object(&g_array_index(wants, ClusterLoadWant, i)));
        json_object_set_array_member(owner, "wants", array);
}

static JsonObject *offload_to_object(const ClusterLoadOffload *offload) {
        JsonObject *object = json_object_new();

        cluster_doc_add_text(object, "pool", offload->pool);
        add_amounts(object, offload->amounts);
        cluster_json_add_unknown(object, offload->unknown);
        return object;
}

static void add_offloads(JsonObject *owner, const GArray *offloads) {
        JsonArray *array;

        if (offloads->len == 0)
                return;

        array = json_array_new();
        for (guint i = 0; i < offloads->len; i++)
                json_array_add_object_element(
                        array, offload_to_object(&g_array_index(offloads, ClusterLoadOffload, i)));
        json_object_set_array_member(owner, "offloads", array);
}

static JsonObject *guest_to_object(const ClusterLoadGuest *guest) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "name", guest->name);
        json_object_set_int_member(object, "bytes", guest->bytes);
        json_object_set_int_member(object, "duration", guest->duration);
        json_object_set_int_member(object, "downtime", guest->downtime);
        add_bands(object, "bands", &guest->bands);
        add_amounts(object, guest->amounts);
        add_wants(object, guest->wants);
        add_offloads(object, guest->offloads);
        cluster_json_add_unknown(object, guest->unknown);
        return object;
}

char *cluster_load_to_json(const ClusterLoad *load) {
        JsonObject *object = json_object_new(), *size = json_object_new(),
                   *guests = json_object_new();

        json_object_set_int_member(object, "schema", load->schema);
        json_object_set_int_member(object, "at", load->at);
        for (int t = 0; cluster_load_things[t]; t++)
                json_object_set_int_member(size, cluster_load_things[t], load->size[t]);
        json_object_set_object_member(object, "size", size);
        add_bands(object, "base", &load->base);
        json_object_set_array_member(object, "kinds", cluster_kinds_to_array(load->kinds));
        for (guint i = 0; i < load->guests->len; i++) {
                const ClusterLoadGuest *guest = load->guests->pdata[i];

                json_object_set_object_member(guests, guest->uuid, guest_to_object(guest));
        }
        json_object_set_object_member(object, "guests", guests);
        cluster_json_add_unknown(object, load->unknown);
        return cluster_json_end(object);
}
