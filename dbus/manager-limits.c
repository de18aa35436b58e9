/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/limiting.h"
#include "daemon/cluster/cluster.h"
#include "dbus/face.h"

/* GetMoveLimits() and SetMoveLimits() of the Manager. */

/* GetMoveLimits() -> (x together, x per_host) */
int manager_method_get_move_limits(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        g_autoptr(GError) error = NULL;
        MoveLimits limits;

        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);
        if (!limiting_get(cluster_limiting(faces->manager->cluster), &limits, &error))
                return bus_error_from_gerror(reterr, error);
        return sd_bus_reply_method_return(m, "xx", limits.together, limits.per_host);
}

/* SetMoveLimits(x together, x per_host) */
int manager_method_set_move_limits(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        MoveLimits limits;
        int r;

        r = sd_bus_message_read(m, "xx", &limits.together, &limits.per_host);
        if (r < 0)
                return r;
        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);
        if (limits.together < LIMIT_STAYS || limits.per_host < LIMIT_STAYS)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "A limit of migrations is a number, 0 for none, or -1 for "
                                        "one that stays as it is");

        r = authorize(faces->authorizer, m, ACTION_MANAGE_CLUSTER, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        limiting_set(cluster_limiting(faces->manager->cluster), limits, bus_answer,
                     sd_bus_message_ref(m));
        return 1;
}
