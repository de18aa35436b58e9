/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor.h"
#include "dbus/face.h"

/* GetPolicy(), FreezePolicy(), ThawPolicy() and DecideNow() of the Manager. */

#define ACTION_MIGRATE FERRY_BUS_NAME ".migrate"

/* GetPolicy() -> (a{sv} policy) */
int manager_method_get_policy(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const AdvisorState state = advisor_state(faces->manager->advisor);

        return sd_bus_reply_method_return(m, "a{sv}", 5, "Mode", "s",
                                          policy_mode_to_string(state.mode), "Frozen", "b",
                                          state.frozen, "Theta", "d", state.theta, "MovesPerDay",
                                          "u", state.moves, "MovesLeft", "u", state.moves_left);
}

static int set_frozen(sd_bus_message *m, Faces *faces, bool frozen, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        int r;

        r = authorize(faces->authorizer, m, ACTION_MIGRATE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!advisor_freeze(faces->manager->advisor, frozen, &error))
                return bus_error_from_gerror(reterr, error);
        return sd_bus_reply_method_return(m, NULL);
}

/* FreezePolicy() */
int manager_method_freeze_policy(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return set_frozen(m, userdata, true, reterr);
}

/* ThawPolicy() */
int manager_method_thaw_policy(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return set_frozen(m, userdata, false, reterr);
}

/* DecideNow() */
int manager_method_decide_now(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        g_autoptr(GError) error = NULL;
        int r;

        r = authorize(faces->authorizer, m, ACTION_MIGRATE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!advisor_decide_now(faces->manager->advisor, &error))
                return bus_error_from_gerror(reterr, error);
        return sd_bus_reply_method_return(m, NULL);
}
