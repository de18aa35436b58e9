/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <string.h>

#include "daemon/cluster/draining.h"
#include "daemon/cluster/cluster.h"
#include "dbus/bus-options.h"

/* Drain() and Undrain() of the Manager, and what it says of the drain of this host. */

#define ACTION_DRAIN     FERRY_BUS_NAME ".drain"
#define DESTINATIONS_MAX 64

typedef struct Wish {
        GPtrArray *destinations; /* URIs, borrowed from the message */
        int persistent, undefine_source, alone;
} Wish;

static const BusOption options[] = {
        { "persistent", "b", offsetof(Wish, persistent) },
        { "undefine-source", "b", offsetof(Wish, undefine_source) },
        { "alone", "b", offsetof(Wish, alone) },
        { 0 },
};

static void wish_done(Wish *wish) {
        g_ptr_array_unref(wish->destinations);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wish, wish_done)

/* None: where hosts form a cluster, that chooses. */
static int read_destinations(sd_bus_message *m, unsigned min, Wish *wish, sd_bus_error *reterr) {
        const char *uri;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &uri)) > 0) {
                if (!strstr(uri, "://"))
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "'%.64s' is not the URI of a libvirt: "
                                                 "qemu+ssh://HOST/system is one",
                                                 uri);
                g_ptr_array_add(wish->destinations, (char *)uri);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0 && (wish->destinations->len < min || wish->destinations->len > DESTINATIONS_MAX))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "Drain needs %u to %d destinations, not %u", min,
                                         DESTINATIONS_MAX, wish->destinations->len);

        g_ptr_array_add(wish->destinations, NULL);
        return r;
}

/* Alone, the other hosts are told and not asked. */
static void begin(Manager *manager, const Wish *wish, sd_bus_message *call) {
        const DrainWish asked = { (const char *const *)wish->destinations->pdata, wish->persistent,
                                  wish->undefine_source };
        g_autoptr(GError) error = NULL;

        if (manager->cluster && !wish->alone) {
                draining_begin(cluster_draining(manager->cluster), &asked, bus_answer, call);
                return;
        }
        (void)drain_begin(manager->drain, &asked, &error);
        bus_answer(call, error);
}

/* Drain(as destinations, a{sv} options) */
int manager_method_drain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_auto(Wish) wish = { .destinations = g_ptr_array_new() };
        Faces *faces = userdata;
        int r;

        r = read_destinations(m, faces->manager->cluster ? 0 : 1, &wish, reterr);
        if (r >= 0)
                r = bus_options_read(m, options, &wish, reterr);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_DRAIN, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        begin(faces->manager, &wish, sd_bus_message_ref(m));
        return 1;
}

/* Undrain() */
int manager_method_undrain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        Faces *faces = userdata;
        int r;

        r = authorize(faces->authorizer, m, ACTION_DRAIN, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!drain_end(faces->manager->drain, &error))
                return bus_error_from_gerror(reterr, error);
        if (faces->manager->cluster)
                draining_give_up(cluster_draining(faces->manager->cluster));
        return sd_bus_reply_method_return(m, NULL);
}

int manager_get_drain_state(sd_bus *bus, const char *path, const char *interface,
                            const char *property, sd_bus_message *reply, void *userdata,
                            sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const DrainRecord *record = drain_get(faces->manager->drain);

        return sd_bus_message_append(reply, "s",
                                     record ? drain_state_to_string(record->state) : "");
}

int manager_get_drain_guests(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const DrainRecord *record = drain_get(faces->manager->drain);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sssss)");
        for (guint i = 0; r >= 0 && record && i < record->guests->len; i++) {
                const DrainGuest *guest = record->guests->pdata[i];

                r = sd_bus_message_append(reply, "(sssss)", guest->uuid, guest->name,
                                          guest->destination,
                                          drain_guest_state_to_string(guest->state), guest->reason);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* One signal for both: who follows never sees the one without the other. */
void faces_on_drain(Faces *faces) {
        int r;

        r = sd_bus_emit_properties_changed(faces->bus, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER,
                                           "DrainState", "DrainGuests", NULL);
        if (r < 0)
                g_warning("No signal could be sent for the drain: %s, ignoring", g_strerror(-r));
}
