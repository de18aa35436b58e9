/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <string.h>

#include "daemon/drive.h"
#include "dbus/bus-options.h"

/* Migrate() of the Manager: reads the wish, and replies when the guest was found and its move is
 * planned. */

#define ACTION_MIGRATE  FERRY_BUS_NAME ".migrate"
#define BANDWIDTH_MAX   (16u * 1024 * 1024) /* MiB/s */
#define DOWNTIME_MAX    (3600 * 1000)       /* ms */
#define CONNECTIONS_MAX 255

/* Strings are borrowed from the message. */
typedef struct Wish {
        DriveWish wish;
        uint64_t bandwidth, downtime_ms, connections;
        int persistent, undefine, force;
} Wish;

static const BusOption options[] = {
        { "strategy", "s", offsetof(Wish, wish.strategy) },
        { "new-name", "s", offsetof(Wish, wish.move.new_name) },
        { "force", "b", offsetof(Wish, force) },
        { "persistent", "b", offsetof(Wish, persistent) },
        { "undefine-source", "b", offsetof(Wish, undefine) },
        { "bandwidth", "t", offsetof(Wish, bandwidth), BANDWIDTH_MAX },
        { "max-downtime", "t", offsetof(Wish, downtime_ms), DOWNTIME_MAX },
        { "connections", "t", offsetof(Wish, connections), CONNECTIONS_MAX },
        { "compression", "s", offsetof(Wish, wish.move.compression) },
        { 0 },
};

static void on_planned(void *userdata, const Migration *migration, const GError *error) {
        g_autoptr(sd_bus_message) m = userdata;
        g_autofree char *path = NULL;
        int r;

        if (migration) {
                path = bus_path_encode(FERRY_OBJECT_MIGRATION, migration->id);
                r = sd_bus_reply_method_return(m, "o", path);
        } else {
                r = bus_error_reply(m, error);
        }
        bus_answered(m, r);
}

/* Migrate(s domain, s uri, a{sv} options) -> (o migration) */
int manager_method_migrate(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Wish wish = { .wish.move.max_downtime_ms = -1 };
        Faces *faces = userdata;
        const char *domain, *uri;
        int r;

        r = sd_bus_message_read(m, "ss", &domain, &uri);
        if (r >= 0)
                r = bus_options_read(m, options, &wish, reterr);
        if (r < 0)
                return r;
        if (!*domain || (*uri && !strstr(uri, "://")))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "'%.64s' is not the URI of a libvirt: "
                                         "qemu+ssh://HOST/system is one",
                                         uri);

        r = authorize(faces->authorizer, m, ACTION_MIGRATE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        wish.wish.move.uri = *uri ? (char *)uri : NULL;
        wish.wish.move.bandwidth = wish.bandwidth;
        wish.wish.move.connections = (unsigned)wish.connections;
        wish.wish.move.persistent = wish.persistent;
        wish.wish.move.undefine_source = wish.undefine;
        wish.wish.force = wish.force;
        if (wish.downtime_ms > 0)
                wish.wish.move.max_downtime_ms = (int64_t)wish.downtime_ms;
        drive_migrate(faces->manager->drive, domain, &wish.wish, on_planned, sd_bus_message_ref(m));
        return 1;
}

/* Abort() of a Migration */
int migration_method_abort(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autofree char *id = bus_path_decode(FERRY_OBJECT_MIGRATION, sd_bus_message_get_path(m));
        g_autoptr(GError) error = NULL;
        Faces *faces = userdata;
        int r;

        r = authorize(faces->authorizer, m, ACTION_MIGRATE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!drive_abort(faces->manager->drive, id, &error))
                return bus_error_from_gerror(reterr, error);
        return sd_bus_reply_method_return(m, NULL);
}
