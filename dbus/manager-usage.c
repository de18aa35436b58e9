/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <math.h>

#include "daemon/meter.h"
#include "dbus/face.h"

/* The short slots are kept no longer than this: SLOT_SHORT of store-history.h. */
#define SHORT_USEC (6 * G_TIME_SPAN_HOUR)
#define SPAN_MAX   (28 * G_TIME_SPAN_DAY)

static int reply_with(sd_bus_message *m, int (*append)(sd_bus_message *, const Manager *),
                      const Manager *manager) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append(reply, manager);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ListMetrics() -> (a(ssss) metrics) ------------------------------------------------- */

static int append_metrics(sd_bus_message *reply, const Manager *unused) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssss)");
        for (int i = 0; r >= 0 && i < _METRIC_MAX; i++) {
                Metric metric = (Metric)i;

                r = sd_bus_message_append(reply, "(ssss)", metric_to_string(metric),
                                          metric_is_counter(metric) ? "counter" : "gauge",
                                          metric_unit(metric), metric_about(metric));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int manager_method_list_metrics(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;

        return reply_with(m, append_metrics, faces->manager);
}

/* ListUsage() -> (a(sssa{sd}) subjects) ---------------------------------------------- */

static int append_values(sd_bus_message *reply, const Subject *subject) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sd}");
        for (int i = 0; r >= 0 && i < _METRIC_MAX; i++)
                if (!isnan(subject->values[i]))
                        r = sd_bus_message_append(reply, "{sd}", metric_to_string((Metric)i),
                                                  subject->values[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_subject(sd_bus_message *reply, const Subject *subject) {
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sssa{sd}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "sss", subject_kind_to_string(subject->kind),
                                          subject->id, subject->name);
        if (r >= 0)
                r = append_values(reply, subject);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_subjects(sd_bus_message *reply, const Manager *manager) {
        g_autoptr(GPtrArray) subjects = meter_list(manager->meter);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sssa{sd})");
        for (guint i = 0; r >= 0 && i < subjects->len; i++)
                if (subject_is_seen(subjects->pdata[i]))
                        r = append_subject(reply, subjects->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int manager_method_list_usage(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;

        return reply_with(m, append_subjects, faces->manager);
}

/* GetHistory(sssxx) -> (t step, a(xddd) slots) ---------------------------------------- */

typedef struct Question {
        const char *kind_word, *subject, *metric_word;
        int64_t from, to;
        SubjectKind kind;
        Metric metric;
        SlotStep step;
} Question;

static int read_question(sd_bus_message *m, Question *ret_question, sd_bus_error *reterr) {
        Question q = { 0 };
        int r;

        r = sd_bus_message_read(m, "sssxx", &q.kind_word, &q.subject, &q.metric_word, &q.from,
                                &q.to);
        if (r < 0)
                return r;

        q.kind = subject_kind_from_string(q.kind_word);
        q.metric = metric_from_string(q.metric_word);
        if (q.kind < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "Kind '%s' is not known: it is guest, vf, pf or offload",
                                         q.kind_word);
        if (q.metric < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "Metric '%s' is not known: ListMetrics has them all",
                                         q.metric_word);
        if (q.from < 0 || q.to <= q.from || q.to - q.from > SPAN_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "The time from %" PRIi64 " to %" PRIi64
                                         " is no time of 28 days at most, in microseconds",
                                         q.from, q.to);
        *ret_question = q;
        return 0;
}

const char *face_find_subject(const Manager *manager, SubjectKind kind, const char *name) {
        g_autoptr(GPtrArray) subjects = meter_list(manager->meter);

        for (guint i = 0; i < subjects->len; i++) {
                const Subject *subject = subjects->pdata[i];

                if (subject->kind == kind && g_str_equal(subject->name, name))
                        return subject->id;
        }
        return name;
}

static int append_history(sd_bus_message *reply, const Question *q, const GPtrArray *slots) {
        int r;

        r = sd_bus_message_append(reply, "t", (uint64_t)slot_step_usec(q->step));
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(xddd)");
        for (guint i = 0; r >= 0 && i < slots->len; i++) {
                const Slot *slot = slots->pdata[i];

                if (!isnan(slot->mean[q->metric]))
                        r = sd_bus_message_append(
                                reply, "(xddd)", slot->start, (double)slot->min[q->metric],
                                (double)slot->mean[q->metric], (double)slot->max[q->metric]);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int manager_method_get_history(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) slots = NULL;
        g_autoptr(GError) error = NULL;
        const Faces *faces = userdata;
        const Manager *manager = faces->manager;
        Question q = { 0 };
        int r;

        r = read_question(m, &q, reterr);
        if (r < 0)
                return r;

        q.step = q.from < manager->now() - SHORT_USEC ? SLOT_LONG : SLOT_SHORT;
        slots = meter_history(manager->meter, q.kind, face_find_subject(manager, q.kind, q.subject),
                              q.step, q.from, q.to, &error);
        if (!slots)
                return bus_error_from_gerror(reterr, error);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_history(reply, &q, slots);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
