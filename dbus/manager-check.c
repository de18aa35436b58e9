/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include "daemon/arrival-check.h"
#include "daemon/guest-check.h"
#include "daemon/replug-note.h"
#include "xml/ferry-error.h"

/* CheckGuest() and CheckArrival() of the Manager. The first asks libvirt for the guest, and replies
 * when it has come. */

typedef struct Question {
        sd_bus_message *call;
        const Faces *faces;
} Question;

static void question_free(Question *question) {
        sd_bus_message_unref(question->call);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

int face_append_findings(sd_bus_message *reply, const GPtrArray *findings) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sss)");
        for (guint i = 0; r >= 0 && i < findings->len; i++) {
                const Finding *finding = findings->pdata[i];

                r = sd_bus_message_append(reply, "(sss)",
                                          finding_severity_to_string(finding->severity),
                                          finding->object, finding->sentence);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_findings(const Question *question, const GuestEvent *found,
                          const GPtrArray *findings) {
        g_autofree char *xml = replug_as_it_goes(question->faces->manager, found->xml, NULL);
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(question->call, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "ss", found->name, xml ?: found->xml);
        if (r >= 0)
                r = face_append_findings(reply, findings);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* A GuestFinder. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Question) question = userdata;
        const Faces *faces = question->faces;
        g_autoptr(GPtrArray) findings = NULL;
        g_autoptr(GError) error = NULL;
        int r;

        if (found->xml)
                findings = guest_check(faces->manager, faces->host, found, &error);
        else
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND, found->detail);

        r = findings ? reply_findings(question, found, findings)
                     : bus_error_reply(question->call, error);
        bus_answered(question->call, r);
}

/* CheckGuest(s domain) -> (s name, s xml, a(sss) findings) */
int manager_method_check_guest(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        const VirtOps *virt = faces->manager->virt;
        Question *question;
        const char *domain;
        int r;

        r = sd_bus_message_read(m, "s", &domain);
        if (r < 0)
                return r;
        if (!virt)
                return face_refuse_without_libvirt(reterr);

        question = g_new0(Question, 1);
        question->call = sd_bus_message_ref(m);
        question->faces = faces;
        virt->find(virt->userdata, domain, on_found, question);
        return 1;
}

/* CheckArrival(s xml) -> (a(sss) findings) */
int manager_method_check_arrival(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) findings = NULL;
        g_autoptr(GError) error = NULL;
        Faces *faces = userdata;
        const char *xml;
        int r;

        r = sd_bus_message_read(m, "s", &xml);
        if (r < 0)
                return r;

        findings = arrival_check(faces->manager, faces->host, xml, &error);
        if (!findings)
                return bus_error_from_gerror(reterr, error);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        r = face_append_findings(reply, findings);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
