/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/promise.h"
#include "dbus/bus-options.h"
#include "dbus/face.h"

/* Promise() and Release() of the Manager, which are answered when it is known what became of
 * them. */

static const BusOption options[] = { { 0 } };

/* Promise(s domain, a(ssx) wishes, a{sv} options) -> (s nonce) ------------------------- */

/* Of ClusterWish, whose strings are borrowed from the message. */
static int read_wishes(sd_bus_message *m, GArray *wishes, sd_bus_error *reterr) {
        ClusterWish wish;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ssx)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(ssx)", &wish.host, &wish.resource,
                                                  &wish.amount)) > 0) {
                if (wishes->len >= CLUSTER_TRANSACTION_MAX)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "More than %u wishes: ask for less at a time",
                                                 CLUSTER_TRANSACTION_MAX);
                g_array_append_val(wishes, wish);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A PromiseReply. */
static void on_promised(void *userdata, const char *nonce, const GError *error) {
        g_autoptr(sd_bus_message) call = userdata;

        bus_answered(call, error ? bus_error_reply(call, error)
                                 : sd_bus_reply_method_return(call, "s", nonce));
}

int manager_method_promise(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(ClusterWish));
        Faces *faces = userdata;
        const char *domain;
        int r;

        r = sd_bus_message_read(m, "s", &domain);
        if (r >= 0)
                r = read_wishes(m, wishes, reterr);
        if (r >= 0)
                r = bus_options_read(m, options, NULL, reterr);
        if (r < 0)
                return r;
        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);

        r = authorize(faces->authorizer, m, ACTION_MANAGE_CLUSTER, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        promises_ask(cluster_promises(faces->manager->cluster), domain,
                     (const ClusterWish *)wishes->data, wishes->len, on_promised,
                     sd_bus_message_ref(m));
        return 1;
}

/* Release(s domain, s nonce) ----------------------------------------------------------- */

int manager_method_release(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *domain, *nonce;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_read(m, "ss", &domain, &nonce);
        if (r < 0)
                return r;
        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);

        r = authorize(faces->authorizer, m, ACTION_MANAGE_CLUSTER, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        promises_release(cluster_promises(faces->manager->cluster), domain, nonce, bus_answer,
                         sd_bus_message_ref(m));
        return 1;
}
