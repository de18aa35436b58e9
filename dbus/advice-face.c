/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <stddef.h>

#include "daemon/advisor.h"

/* org.virtferry1.Advice, below /org/virtferry1/advice. */

#define ACTION_MIGRATE       FERRY_BUS_NAME ".migrate"
#define ACTION_MANAGE_SLICES FERRY_BUS_NAME ".manage-slices"

static int property_get_values(sd_bus *bus, const char *path, const char *interface,
                               const char *property, sd_bus_message *reply, void *userdata,
                               sd_bus_error *reterr) {
        const GArray *values = ((const AdvisorDraft *)userdata)->values;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sd}");
        for (guint i = 0; r >= 0 && i < values->len; i++) {
                const AdvisorValue *one = &g_array_index(values, AdvisorValue, i);

                r = sd_bus_message_append(reply, "{sd}", one->name, one->value);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_commands(sd_bus *bus, const char *path, const char *interface,
                                 const char *property, sd_bus_message *reply, void *userdata,
                                 sd_bus_error *reterr) {
        const GPtrArray *commands = ((const AdvisorDraft *)userdata)->commands;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && i < commands->len; i++)
                r = sd_bus_message_append(reply, "s", commands->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_acts(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "b", ((const AdvisorDraft *)userdata)->act);
}

#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

#define TEXT(name, member, flags) \
        SD_BUS_PROPERTY(name, "s", NULL, offsetof(AdvisorDraft, member), flags)

/* What the draft has. */
static const sd_bus_vtable draft_vtable[] = {
        SD_BUS_VTABLE_START(0),
        TEXT("Kind", kind, CONST),
        TEXT("DomainUUID", uuid, CONST),
        TEXT("DomainName", name, CHANGES),
        TEXT("Target", target, CONST),
        TEXT("OtherUUID", other_uuid, CONST),
        TEXT("OtherName", other, CHANGES),
        TEXT("Reason", reason, CHANGES),
        TEXT("Sentence", sentence, CHANGES),
        SD_BUS_PROPERTY("Values", "a{sd}", property_get_values, 0, CHANGES),
        SD_BUS_PROPERTY("Commands", "as", property_get_commands, 0, CHANGES),
        SD_BUS_PROPERTY("Acts", "b", property_get_acts, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

/* What the entry has. */
static const sd_bus_vtable entry_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", NULL, offsetof(AdvisorEntry, id), CONST),
        SD_BUS_PROPERTY("SinceUSec", "t", NULL, offsetof(AdvisorEntry, since), CONST),
        SD_BUS_VTABLE_END,
};

static const AdvisorEntry *find_entry(const Faces *faces, const char *path) {
        g_autofree char *id = bus_path_decode(FERRY_OBJECT_ADVICE, path);

        return id ? advisor_find(faces->manager->advisor, id) : NULL;
}

static int find_draft(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *reterr) {
        const AdvisorEntry *entry = find_entry(userdata, path);

        *ret_found = entry ? entry->draft : NULL;
        return entry ? 1 : 0;
}

static int find_advice(sd_bus *bus, const char *path, const char *interface, void *userdata,
                       void **ret_found, sd_bus_error *reterr) {
        *ret_found = (void *)find_entry(userdata, path);
        return *ret_found ? 1 : 0;
}

/* Carrying out -------------------------------------------------------------------------- */

/* Whoever may not do it with the commands may not do it so. */
static const char *action_of(const AdvisorEntry *entry) {
        return entry->way->touches == ADVISOR_SLICE ? ACTION_MANAGE_SLICES : ACTION_MIGRATE;
}

/* Apply(). sd-bus looks for the object anew when polkit has answered. */
static int method_apply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        const AdvisorEntry *entry = find_entry(faces, sd_bus_message_get_path(m));
        int r;

        r = authorize(faces->authorizer, m, action_of(entry), reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        advisor_apply(faces->manager->advisor, entry->id, bus_answer, sd_bus_message_ref(m));
        return 1;
}

static const sd_bus_vtable method_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Apply", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_apply,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int find_faces(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *reterr) {
        *ret_found = userdata;
        return find_entry(userdata, path) ? 1 : 0;
}

/* Objects ------------------------------------------------------------------------------- */

static int list_advice(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                       sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const GPtrArray *entries = advisor_list(faces->manager->advisor);
        g_autoptr(GPtrArray) ids = g_ptr_array_new();

        for (guint i = 0; i < entries->len; i++)
                g_ptr_array_add(ids, ((const AdvisorEntry *)entries->pdata[i])->id);

        *ret_nodes = face_paths(FERRY_OBJECT_ADVICE, ids);
        return 0;
}

int advice_face_attach(Faces *faces) {
        static const struct {
                const sd_bus_vtable *vtable;
                sd_bus_object_find_t find;
        } parts[] = {
                { draft_vtable, find_draft },
                { entry_vtable, find_advice },
                { method_vtable, find_faces },
        };
        int r;

        for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
                r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_ADVICE,
                                               FERRY_INTERFACE_ADVICE, parts[i].vtable,
                                               parts[i].find, faces);
                if (r < 0)
                        return r;
        }
        return sd_bus_add_node_enumerator(faces->bus, NULL, FERRY_OBJECT_ADVICE, list_advice,
                                          faces);
}

void faces_on_advice(Faces *faces, AdviceChange change, const AdvisorEntry *entry) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_ADVICE, entry->id);

        switch (change) {
        case ADVICE_ADDED:
                face_emit_added(faces, path, FERRY_INTERFACE_ADVICE);
                return;
        case ADVICE_CHANGED:
                face_emit_changed(faces, path, FERRY_INTERFACE_ADVICE);
                return;
        case ADVICE_REMOVED:
                face_emit_removed(faces, path, FERRY_INTERFACE_ADVICE);
                return;
        }
}
