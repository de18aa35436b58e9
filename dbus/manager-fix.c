/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include "daemon/fix.h"

/* ListFixes() and Fix() of the Manager. systemd runs the units: the call waits for its job and,
 * where libvirt was restarted, until libvirt is there again. */

#define ACTION_FIX        FERRY_BUS_NAME ".fix"
#define SYSTEMD           "org.freedesktop.systemd1"
#define SYSTEMD_PATH      "/org/freedesktop/systemd1"
#define SYSTEMD_INTERFACE SYSTEMD ".Manager"

struct FaceFix {
        Faces *faces;
        sd_bus_message *call;
        sd_bus_slot *slot; /* of the call to systemd */
        Fix *fix;
        char *job;    /* path; NULL until systemd has said */
        bool is_done; /* and libvirt is awaited */
};

void face_fix_free(void *data) {
        FaceFix *pending = data;

        sd_bus_slot_unref(pending->slot);
        sd_bus_message_unref(pending->call);
        fix_free(pending->fix);
        g_free(pending->job);
        g_free(pending);
}

/* Answers, and frees it. */
static void finish(FaceFix *pending, const char *trouble) {
        const Fix *fix = pending->fix;
        int r;

        if (trouble)
                r = sd_bus_reply_method_errorf(pending->call, FERRY_ERROR_PREFIX "Unavailable",
                                               "%s: systemd has not done it (%s): see 'journalctl "
                                               "-u %s'",
                                               fix->object, trouble, fix->unit);
        else
                r = sd_bus_reply_method_return(pending->call, "s", fix->what);
        bus_answered(pending->call, r);
        g_ptr_array_remove(pending->faces->fixes, pending);
}

static void on_job_end(FaceFix *pending, const char *result) {
        const Manager *manager = pending->faces->manager;

        if (!g_str_equal(result, "done"))
                finish(pending, result);
        else if (g_str_has_prefix(pending->fix->id, FIX_RESTART_LIBVIRT) && manager->virt &&
                 !manager->libvirt_known)
                pending->is_done = true;
        else
                finish(pending, NULL);
}

/* JobRemoved(u id, o job, s unit, s result) */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *job, *result;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_read(m, "uoss", NULL, &job, NULL, &result);
        if (r < 0)
                return r;

        for (guint i = faces->fixes->len; i-- > 0;) {
                FaceFix *pending = faces->fixes->pdata[i];

                if (g_strcmp0(pending->job, job) == 0)
                        on_job_end(pending, result);
        }
        return 0;
}

void faces_finish_fixes(Faces *faces) {
        for (guint i = faces->fixes->len; i-- > 0;) {
                FaceFix *pending = faces->fixes->pdata[i];

                if (pending->is_done && faces->manager->libvirt_known)
                        finish(pending, NULL);
        }
}

/* What systemd says to RestartUnit: the path of a job. */
static int on_job(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(m);
        FaceFix *pending = userdata;
        const char *job;

        if (error)
                finish(pending, error->message);
        else if (sd_bus_message_read(m, "o", &job) < 0)
                finish(pending, "no job");
        else
                pending->job = g_strdup(job);
        return 0;
}

static int run_unit(FaceFix *pending) {
        Faces *faces = pending->faces;
        int r;

        if (!faces->jobs) {
                r = sd_bus_match_signal_async(faces->bus, &faces->jobs, SYSTEMD, SYSTEMD_PATH,
                                              SYSTEMD_INTERFACE, "JobRemoved", on_job_removed, NULL,
                                              faces);
                if (r < 0)
                        return r;
        }
        return sd_bus_call_method_async(faces->bus, &pending->slot, SYSTEMD, SYSTEMD_PATH,
                                        SYSTEMD_INTERFACE,
                                        pending->fix->restart ? "RestartUnit" : "StartUnit", on_job,
                                        pending, "ss", pending->fix->unit, "replace");
}

/* Takes the fix. */
static int begin(Faces *faces, sd_bus_message *m, Fix *fix) {
        FaceFix *pending = g_new0(FaceFix, 1);
        int r;

        pending->faces = faces;
        pending->call = sd_bus_message_ref(m);
        pending->fix = fix;
        g_ptr_array_add(faces->fixes, pending);
        r = run_unit(pending);
        if (r < 0)
                g_ptr_array_remove(faces->fixes, pending);
        return r < 0 ? r : 1;
}

/* Fix(s fix) -> (s done) */
int manager_method_fix(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Fix) fix = NULL;
        Faces *faces = userdata;
        const char *id;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_FIX, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        fix = fix_find(faces->manager, faces->host, id, &error);
        if (!fix)
                return bus_error_from_gerror(reterr, error);
        if (fix->unit)
                return begin(faces, m, g_steal_pointer(&fix));
        if (!fix_do(faces->manager, fix, &error))
                return bus_error_from_gerror(reterr, error);
        return sd_bus_reply_method_return(m, "s", fix->what);
}

/* ListFixes() -> (a(ssss) fixes) */
int manager_method_list_fixes(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) list = NULL;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        list = fixes_list(faces->manager, faces->host);
        r = sd_bus_message_open_container(reply, 'a', "(ssss)");
        for (guint i = 0; r >= 0 && i < list->len; i++) {
                const Fix *fix = list->pdata[i];

                r = sd_bus_message_append(reply, "(ssss)", fix->id, fix->object, fix->finding,
                                          fix->what);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
