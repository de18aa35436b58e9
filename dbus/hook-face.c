/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-share.h"
#include "dbus/face.h"

/* org.virtferry1.Hook: what the libvirt hook asks. Only root may, which the
 * bus's policy says and each method checks again. The first two may wait for what
 * is called back from the cluster (hook-share.h) and for an answer of Placement
 * (hook-claim.h), and reply then.
 */

static int begin(Faces *faces, sd_bus_message *m, sd_bus_error *reterr) {
        int r;

        r = authorize(faces->authorizer, m, NULL, reterr);
        if (r > 0)
                faces->host->hook_heard = g_get_real_time();
        return r;
}

static void answer_filter(void *userdata, const char *xml, const GError *error) {
        g_autoptr(sd_bus_message) call = userdata;
        int r;

        r = xml ? sd_bus_reply_method_return(call, "s", xml) : bus_error_reply(call, error);
        bus_answered(call, r);
}

/* FilterDomain(s operation, s xml) -> (s xml) */
static int method_filter_domain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *operation, *xml;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_read(m, "ss", &operation, &xml);
        if (r < 0)
                return r;

        if (!g_str_equal(operation, "migrate") && !g_str_equal(operation, "restore"))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "Operation '%s' is not 'migrate' or 'restore'", operation);

        r = begin(faces, m, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        hook_shares_filter(faces->manager->hook_shares, operation, xml, answer_filter,
                           sd_bus_message_ref(m));
        return 1;
}

static void answer_prepare(void *userdata, const char *xml, const GError *error) {
        g_autoptr(sd_bus_message) call = userdata;
        int r;

        r = xml ? sd_bus_reply_method_return(call, NULL) : bus_error_reply(call, error);
        bus_answered(call, r);
}

/* PrepareDomain(s xml) */
static int method_prepare_domain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        const char *xml;
        int r;

        r = sd_bus_message_read(m, "s", &xml);
        if (r < 0)
                return r;

        r = begin(faces, m, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        hook_shares_prepare(faces->manager->hook_shares, xml, answer_prepare,
                            sd_bus_message_ref(m));
        return 1;
}

/* StartDomain(s xml) */
static int method_start_domain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        Faces *faces = userdata;
        const char *xml;
        int r;

        r = sd_bus_message_read(m, "s", &xml);
        if (r < 0)
                return r;

        r = begin(faces, m, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!manager_start_domain(faces->manager, xml, &error))
                return bus_error_from_gerror(reterr, error);

        return sd_bus_reply_method_return(m, NULL);
}

/* ReleaseDomain(s xml, s reason) */
static int method_release_domain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        const char *xml, *reason;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_read(m, "ss", &xml, &reason);
        if (r < 0)
                return r;

        r = begin(faces, m, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!manager_release_domain(faces->manager, xml, reason, &error))
                return bus_error_from_gerror(reterr, error);

        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("FilterDomain", SD_BUS_ARGS("s", operation, "s", xml),
                                SD_BUS_RESULT("s", xml), method_filter_domain,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PrepareDomain", SD_BUS_ARGS("s", xml), SD_BUS_NO_RESULT,
                                method_prepare_domain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StartDomain", SD_BUS_ARGS("s", xml), SD_BUS_NO_RESULT,
                                method_start_domain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ReleaseDomain", SD_BUS_ARGS("s", xml, "s", reason),
                                SD_BUS_NO_RESULT, method_release_domain,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int hook_face_attach(Faces *faces) {
        return sd_bus_add_object_vtable(faces->bus, NULL, FERRY_OBJECT_ROOT, FERRY_INTERFACE_HOOK,
                                        vtable, faces);
}
