/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/host-objects.h"

#include <string.h>

#include "daemon/names.h"
#include "nova-driver-shim/placement/names.h"

#define MIB           (UINT64_C(1024) * 1024)
#define KBIT_PER_MBIT 1000

/* Headroom ------------------------------------------------------------------------ */

/* A resource or a level of a later virtferryd is nothing that Placement could be told. */
static void take_row(HostState *state, const char *device, const char *resource,
                     const HostAmount *amount, const char *level) {
        HostResource known_resource = host_resource_from_string(resource);
        HostLevel known_level = host_level_from_string(level);

        if (*device && known_resource >= 0)
                host_device_set(host_state_device(state, device), known_resource, amount,
                                known_level >= 0 ? known_level : HOST_LEVEL_LOW);
}

int host_objects_read_headroom(sd_bus_message *m, HostState *state) {
        const char *device, *kind, *name, *resource, *level;
        HostAmount amount;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ssssttts)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(ssssttts)", &device, &kind, &name, &resource,
                                        &amount.total, &amount.taken, &amount.expected, &level)) >
               0)
                take_row(state, device, resource, &amount, level);
        return r;
}

/* Who has what --------------------------------------------------------------------- */

/* "offload:dpu0/cores": of that device, so much. */
static void take_offload(HostState *state, const char *domain, const char *rest, uint64_t amount) {
        g_auto(GStrv) parts = g_strsplit(rest, "/", 2);
        HostResource resource = g_strv_length(parts) == 2 ? host_resource_from_string(parts[1])
                                                          : _HOST_RESOURCE_INVALID;

        if (resource < 0 || !host_state_find(state, parts[0]))
                return;

        if (resource == HOST_MEMORY)
                amount = (amount + MIB - 1) / MIB;
        if (resource == HOST_BANDWIDTH)
                amount *= KBIT_PER_MBIT;
        host_state_hold(state, domain, parts[0], resource, amount);
}

/* Functions that a guest has by its slice are leased to it as well, and count once. */
static void take_grant(HostState *state, const char *domain, const char *id, uint64_t amount) {
        const char *colon = strchr(id, ':');
        const char *rest = colon ? colon + 1 : "";

        if (g_str_has_prefix(id, "offload:"))
                take_offload(state, domain, rest, amount);
        else if (g_str_has_prefix(id, "vf-pool:") && host_state_find(state, rest))
                host_state_hold_least(state, domain, rest, HOST_VFS, amount);
        else if (g_str_has_prefix(id, "pf:") && host_state_find(state, rest))
                host_state_hold(state, domain, rest, HOST_BANDWIDTH, amount * KBIT_PER_MBIT);
}

/* Objects ------------------------------------------------------------------------- */

typedef struct Grant {
        const char *resource;
        uint64_t amount;
} Grant;

/* Of one object, what matters here. Strings are the message's. */
typedef struct Object {
        const char *id, *parent, *driver, *version; /* of a device */
        bool stop_copy;                             /* the same */
        const char *domain, *device;                /* of a lease or a slice */
        GArray *grants;                             /* Grant, of a slice; NULL: it is none */
} Object;

static void object_clear(Object *object) {
        g_clear_pointer(&object->grants, g_array_unref);
}

static int read_caps(sd_bus_message *m, Object *object) {
        const char *cap;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "s", &cap)) > 0)
                if (strcmp(cap, "stop-copy") == 0)
                        object->stop_copy = true;
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_grants(sd_bus_message *m, Object *object) {
        const char *part;
        Grant grant;
        int alone, r;

        r = sd_bus_message_enter_container(m, 'a', "(sstb)");
        if (r < 0)
                return r;

        object->grants = g_array_new(false, false, sizeof(Grant));
        while ((r = sd_bus_message_read(m, "(sstb)", &grant.resource, &part, &grant.amount,
                                        &alone)) > 0)
                g_array_append_val(object->grants, grant);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static const char **string_of(Object *object, const char *name) {
        static const struct {
                const char *name;
                size_t offset;
        } strings[] = {
                { "Id", offsetof(Object, id) },
                { "Parent", offsetof(Object, parent) },
                { "MigrationDriver", offsetof(Object, driver) },
                { "DriverVersion", offsetof(Object, version) },
                { "DomainUUID", offsetof(Object, domain) },
                { "DeviceId", offsetof(Object, device) },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
                if (strcmp(strings[i].name, name) == 0)
                        return (const char **)((char *)object + strings[i].offset);
        return NULL;
}

/* One "sv", of which the variant is entered by its own type. */
static int read_property(sd_bus_message *m, Object *object) {
        const char *name, *type;
        const char **text;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
                r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;

        text = string_of(object, name);
        if (text && strcmp(type, "s") == 0)
                return sd_bus_message_read(m, "v", "s", text);

        r = sd_bus_message_enter_container(m, 'v', type);
        if (r < 0)
                return r;
        if (strcmp(name, "VfioCaps") == 0 && strcmp(type, "as") == 0)
                r = read_caps(m, object);
        else if (strcmp(name, "Grants") == 0 && strcmp(type, "a(sstb)") == 0)
                r = read_grants(m, object);
        else
                r = sd_bus_message_skip(m, type);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_object(sd_bus_message *m, Object *object) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_property(m, object);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* The interfaces of one path: those that matter are on paths of their own. */
static int read_interfaces(sd_bus_message *m, GArray *objects) {
        const char *path, *interface;
        int r;

        r = sd_bus_message_read(m, "o", &path);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                Object object = { 0 };

                r = sd_bus_message_read(m, "s", &interface);
                if (r >= 0)
                        r = read_object(m, &object);
                g_array_append_val(objects, object);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_objects(sd_bus_message *m, GArray *objects) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                r = read_interfaces(m, objects);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Together ------------------------------------------------------------------------ */

static void take_function(HostState *state, const Object *object) {
        g_autofree char *format = NULL;
        HostDevice *device;

        if (!object->stop_copy || !host_state_find(state, object->parent))
                return;

        device = host_state_device(state, object->parent);
        device->migratable = true;
        if (!object->driver || !*object->driver)
                return;

        format = names_format(object->driver, object->version && *object->version
                                                      ? object->version
                                                      : NAMES_NO_VERSION);
        host_device_add_format(device, format);
}

static void take_lease(HostState *state, GHashTable *parents, const Object *object) {
        const char *parent = g_hash_table_lookup(parents, object->device);

        if (parent && host_state_find(state, parent))
                host_state_hold(state, object->domain, parent, HOST_VFS, 1);
}

static void take_slice(HostState *state, const Object *object) {
        for (guint i = 0; i < object->grants->len; i++) {
                const Grant *grant = &g_array_index(object->grants, Grant, i);

                take_grant(state, object->domain, grant->resource, grant->amount);
        }
}

int host_objects_read_managed(sd_bus_message *m, HostState *state) {
        g_autoptr(GHashTable) parents = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GArray) objects = g_array_new(false, false, sizeof(Object));
        const Object *object;
        int r;

        g_array_set_clear_func(objects, (GDestroyNotify)object_clear);
        r = read_objects(m, objects);
        if (r < 0)
                return r;

        for (guint i = 0; i < objects->len; i++) {
                object = &g_array_index(objects, Object, i);
                if (!object->id || !object->parent || object->device)
                        continue;
                g_hash_table_insert(parents, (void *)object->id, (void *)object->parent);
                take_function(state, object);
        }
        for (guint i = 0; i < objects->len; i++) {
                object = &g_array_index(objects, Object, i);
                if (object->domain && object->device)
                        take_lease(state, parents, object);
        }
        for (guint i = 0; i < objects->len; i++) {
                object = &g_array_index(objects, Object, i);
                if (object->domain && object->grants)
                        take_slice(state, object);
        }
        return 0;
}
