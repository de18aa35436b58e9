/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include "daemon/guest-trial.h"
#include "xml/ferry-error.h"

/* SaveTrialState() and LoadTrialState() of the Manager: the calls wait, the daemon does not.
 * Whoever has called may go: the trial ends as it would. */

typedef struct Question {
        sd_bus_message *call;
        const Faces *faces; /* while libvirt is asked; the trial itself needs the call alone */
        char *device;
} Question;

static void question_free(Question *question) {
        sd_bus_message_unref(question->call);
        g_free(question->device);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

static int append_result(sd_bus_message *reply, const GuestTrialResult *result) {
        static const GPtrArray no_steps = { 0 };
        const TrialReport *report = result->report;
        int r;

        r = sd_bus_message_append(reply, "sbs", result->device ?: "", report && report->good,
                                  report ? report->verdict : result->note);
        return r < 0 ? r : face_append_steps(reply, report ? report->steps : &no_steps);
}

static int append_document(sd_bus_message *reply, const GuestTrialResult *result) {
        bool good = result->report && result->report->good;
        gsize size = 0;
        const void *data = NULL;

        if (good && result->document)
                data = g_bytes_get_data(result->document, &size);
        return sd_bus_message_append_array(reply, 'y', data, size);
}

static int answer(const Question *question, const GuestTrialResult *result) {
        bool saves = g_str_equal(sd_bus_message_get_member(question->call), "SaveTrialState");
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(question->call, &reply);
        if (r >= 0)
                r = append_result(reply, result);
        if (r >= 0 && saves)
                r = append_document(reply, result);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* A GuestTrialEnd. */
static void on_end(void *userdata, const GuestTrialResult *result, const GError *error) {
        g_autoptr(Question) question = userdata;
        int r = 0;

        if (result)
                r = answer(question, result);
        else if (error)
                r = bus_error_reply(question->call, error);
        bus_answered(question->call, r);
}

static Question *question_new(Faces *faces, sd_bus_message *m, const char *device) {
        Question *question = g_new0(Question, 1);

        question->faces = faces;
        question->call = sd_bus_message_ref(m);
        question->device = g_strdup(device);
        return question;
}

/* A GuestFinder. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Question) question = userdata;
        g_autoptr(GError) error = NULL;

        if (!found->xml)
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND, found->detail);
        else if (guest_trial_save(question->faces->manager, found->xml, question->device, on_end,
                                  question, &error)) {
                (void)g_steal_pointer(&question);
                return;
        }
        /* Whoever has asked may have gone, ignoring. */
        (void)bus_error_reply(question->call, error);
}

/* SaveTrialState(s domain, s device) -> (s tried, b good, s verdict, a(ssttiss) steps, ay document)
 */
int manager_method_save_trial_state(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        const VirtOps *virt = faces->manager->virt;
        const char *domain, *device;
        int r;

        r = sd_bus_message_read(m, "ss", &domain, &device);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_PROBE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!virt)
                return face_refuse_without_libvirt(reterr);

        virt->find(virt->userdata, domain, on_found, question_new(faces, m, device));
        return 1;
}

/* LoadTrialState(s xml, s device, ay document) -> (s tried, b good, s verdict, a(ssttiss) steps) */
int manager_method_load_trial_state(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(Question) question = NULL;
        g_autoptr(GBytes) document = NULL;
        g_autoptr(GError) error = NULL;
        Faces *faces = userdata;
        const char *xml, *device;
        const void *data;
        size_t size;
        int r;

        r = sd_bus_message_read(m, "ss", &xml, &device);
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(m, 'y', &data, &size);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_PROBE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (size > TRIAL_DOCUMENT_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "A saved state may have at most %d MiB, and this one has "
                                         "%zu",
                                         TRIAL_DOCUMENT_MAX / 1024 / 1024, size / 1024 / 1024);

        document = g_bytes_new(data, size);
        question = question_new(faces, m, device);
        if (!guest_trial_load(faces->manager, xml, device, document, on_end, question, &error))
                return bus_error_from_gerror(reterr, error);

        (void)g_steal_pointer(&question);
        return 1;
}
