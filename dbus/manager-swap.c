/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include "daemon/swap.h"
#include "dbus/bus-options.h"

/* MoveDevice() of the Manager: replies when the guest has its other device, or has its old one
 * back. */

#define ACTION_MIGRATE FERRY_BUS_NAME ".migrate"

/* A SwapReply. */
static void on_swapped(void *userdata, const Swapped *done, const GError *error) {
        g_autoptr(sd_bus_message) m = userdata;
        int r;

        if (done)
                r = sd_bus_reply_method_return(m, "sssst", done->guest, done->name, done->from,
                                               done->to, (uint64_t)MAX(done->without_usec, 0));
        else
                r = bus_error_reply(m, error);
        bus_answered(m, r);
}

/* MoveDevice(s domain, s device, s target, a{sv} options)
 * -> (s guest, s name, s from, s to, t without_usec) */
int manager_method_move_device(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *domain, *device, *target;
        static const BusOption options[] = { { "force", "b", 0 }, { 0 } };
        Faces *faces = userdata;
        int r, force = false;

        r = sd_bus_message_read(m, "sss", &domain, &device, &target);
        if (r >= 0)
                r = bus_options_read(m, options, &force, reterr);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_MIGRATE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        swaps_begin(faces->manager->swaps, domain, device, target, force, on_swapped,
                    sd_bus_message_ref(m));
        return 1;
}
