/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

/* org.virtferry1.Device.Probe(): the call waits, the daemon does not. */

/* Probe() -> (b good, s verdict, a(ssttiss) steps) */
int device_method_probe(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        g_autofree char *id = NULL;
        Faces *faces = userdata;
        int r;

        r = authorize(faces->authorizer, m, ACTION_PROBE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        id = bus_path_decode(FERRY_OBJECT_DEVICE, sd_bus_message_get_path(m));
        if (!trials_begin(faces->manager->trials, id, &error))
                return bus_error_from_gerror(reterr, error);

        g_hash_table_insert(faces->probes, g_steal_pointer(&id), sd_bus_message_ref(m));
        return 1; /* faces_on_trial() answers */
}

int face_append_steps(sd_bus_message *reply, const GPtrArray *steps) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssttiss)");
        for (guint i = 0; r >= 0 && i < steps->len; i++) {
                const TrialStep *step = steps->pdata[i];

                r = sd_bus_message_append(reply, "(ssttiss)", trial_step_kind_to_string(step->kind),
                                          trial_outcome_to_string(step->outcome), step->usec,
                                          step->bytes, step->error, trial_step_error_name(step),
                                          step->text);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer(sd_bus_message *call, const TrialReport *report) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_append(reply, "bs", report->good, report->verdict);
        if (r < 0)
                return r;

        r = face_append_steps(reply, report->steps);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

void faces_on_trial(Faces *faces, const char *device, const TrialReport *report,
                    const GError *error) {
        g_autoptr(sd_bus_message) call = NULL;
        g_autofree char *id = NULL;
        int r;

        if (!g_hash_table_steal_extended(faces->probes, device, (gpointer *)&id, (gpointer *)&call))
                return;

        r = report ? answer(call, report) : bus_error_reply(call, error);
        if (r < 0)
                g_warning("The result for %s could not be sent: %s, ignoring", device,
                          g_strerror(-r));
}
