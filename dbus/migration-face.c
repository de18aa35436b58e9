/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <stddef.h>

/* org.virtferry1.Migration, below /org/virtferry1/migration. */

static int property_get_direction(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *reterr) {
        const Migration *migration = userdata;

        return sd_bus_message_append(reply, "s",
                                     migration_direction_to_string(migration->direction));
}

static int property_get_state(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const Migration *migration = userdata;

        return sd_bus_message_append(reply, "s", migration_state_to_string(migration->state));
}

static int property_get_devices(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *reterr) {
        const Migration *migration = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssssss)");
        for (guint i = 0; r >= 0 && i < migration->devices->len; i++) {
                const MigrationDevice *device = migration->devices->pdata[i];

                r = sd_bus_message_append(reply, "(ssssss)", device->name, device->class_name,
                                          device->type, device->from, device->to, device->reason);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The order of the states is the order in time: none is returned to, and aborting comes last. */
static int property_get_timeline(sd_bus *bus, const char *path, const char *interface,
                                 const char *property, sd_bus_message *reply, void *userdata,
                                 sd_bus_error *reterr) {
        const Migration *migration = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(st)");
        for (int state = 0; r >= 0 && state < _MIGRATION_STATE_MAX; state++)
                if (migration->entered[state] > 0)
                        r = sd_bus_message_append(reply, "(st)",
                                                  migration_state_to_string((MigrationState)state),
                                                  (uint64_t)migration->entered[state]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", NULL, offsetof(Migration, id), CONST),
        SD_BUS_PROPERTY("DomainUUID", "s", NULL, offsetof(Migration, domain_uuid), CONST),
        SD_BUS_PROPERTY("DomainName", "s", NULL, offsetof(Migration, domain_name), CONST),
        SD_BUS_PROPERTY("Direction", "s", property_get_direction, 0, CONST),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, CHANGES),
        SD_BUS_PROPERTY("Reason", "s", NULL, offsetof(Migration, reason), CHANGES),
        SD_BUS_PROPERTY("Devices", "a(ssssss)", property_get_devices, 0, CONST),
        SD_BUS_PROPERTY("Timeline", "a(st)", property_get_timeline, 0, CHANGES),
        SD_BUS_PROPERTY("DowntimeMSec", "x", NULL, offsetof(Migration, downtime_ms), CHANGES),
        SD_BUS_PROPERTY("TotalMSec", "x", NULL, offsetof(Migration, total_ms), CHANGES),
        SD_BUS_PROPERTY("MemoryBytes", "t", NULL, offsetof(Migration, memory_bytes), CHANGES),
        SD_BUS_PROPERTY("VfioBytes", "t", NULL, offsetof(Migration, vfio_bytes), CHANGES),
        SD_BUS_PROPERTY("MemoryTotal", "t", NULL, offsetof(Migration, memory_total), CHANGES),
        SD_BUS_PROPERTY("MemoryRemaining", "t", NULL, offsetof(Migration, memory_remaining),
                        CHANGES),
        SD_BUS_PROPERTY("Iterations", "u", NULL, offsetof(Migration, iterations), CHANGES),
        SD_BUS_PROPERTY("Destination", "s", NULL, offsetof(Migration, plan.destination), CHANGES),
        SD_BUS_PROPERTY("DestinationReason", "s", NULL, offsetof(Migration, plan.destination_why),
                        CHANGES),
        SD_BUS_PROPERTY("Strategy", "s", NULL, offsetof(Migration, plan.strategy), CONST),
        SD_BUS_PROPERTY("StrategyReason", "s", NULL, offsetof(Migration, plan.why), CONST),
        SD_BUS_PROPERTY("Transfer", "s", NULL, offsetof(Migration, plan.transfer), CONST),
        SD_BUS_PROPERTY("TransferReason", "s", NULL, offsetof(Migration, plan.transfer_why), CONST),
        SD_BUS_PROPERTY("ForecastTotalMSec", "x", NULL, offsetof(Migration, plan.total_ms),
                        CHANGES),
        SD_BUS_PROPERTY("ForecastDowntimeMSec", "x", NULL, offsetof(Migration, plan.downtime_ms),
                        CHANGES),
        SD_BUS_PROPERTY("ForecastBytes", "t", NULL, offsetof(Migration, plan.bytes), CHANGES),
        SD_BUS_PROPERTY("AllowedDowntimeMSec", "x", NULL, offsetof(Migration, plan.allowed_ms),
                        CHANGES),
        SD_BUS_PROPERTY("SetupMSec", "x", NULL, offsetof(Migration, setup_ms), CHANGES),
        SD_BUS_PROPERTY("DirtyRate", "t", NULL, offsetof(Migration, dirty_rate), CHANGES),
        SD_BUS_PROPERTY("LastTrafficUSec", "x", NULL, offsetof(Migration, last_traffic), CHANGES),
        SD_BUS_PROPERTY("FirstTrafficUSec", "x", NULL, offsetof(Migration, first_traffic), CHANGES),
        SD_BUS_VTABLE_END,
};

/* With the manager: unprivileged, as in manager-face.c. */
static const sd_bus_vtable method_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Abort", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, migration_method_abort,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int find_migration(sd_bus *bus, const char *path, const char *interface, void *userdata,
                          void **ret_found, sd_bus_error *reterr) {
        g_autofree char *id = bus_path_decode(FERRY_OBJECT_MIGRATION, path);
        Faces *faces = userdata;

        *ret_found = id ? migration_log_find(faces->manager->migrations, id) : NULL;
        return *ret_found ? 1 : 0;
}

static int find_faces(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *reterr) {
        int r = find_migration(bus, path, interface, userdata, ret_found, reterr);

        *ret_found = userdata;
        return r;
}

static int list_migrations(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                           sd_bus_error *reterr) {
        Faces *faces = userdata;
        g_autoptr(GPtrArray) migrations = migration_log_list(faces->manager->migrations);
        g_autoptr(GPtrArray) ids = g_ptr_array_new();

        for (guint i = 0; i < migrations->len; i++)
                g_ptr_array_add(ids, ((Migration *)migrations->pdata[i])->id);

        *ret_nodes = face_paths(FERRY_OBJECT_MIGRATION, ids);
        return 0;
}

int migration_face_attach(Faces *faces) {
        int r;

        r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_MIGRATION,
                                       FERRY_INTERFACE_MIGRATION, vtable, find_migration, faces);
        if (r < 0)
                return r;

        r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_MIGRATION,
                                       FERRY_INTERFACE_MIGRATION, method_vtable, find_faces, faces);
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(faces->bus, NULL, FERRY_OBJECT_MIGRATION, list_migrations,
                                          faces);
}
