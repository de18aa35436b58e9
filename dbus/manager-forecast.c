/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "daemon/demands.h"
#include "dbus/face.h"

/* What guests, VFs and PFs will use, as the Manager and a Device tell it. */

#define HORIZON_MAX (24 * 60 * 60)

typedef struct Question {
        SubjectKind kind;
        const char *id, *name; /* borrowed */
        Metric metric;
        unsigned n;
} Question;

static int set_kind(Question *q, const char *word, sd_bus_error *reterr) {
        q->kind = subject_kind_from_string(word);
        if (q->kind >= 0)
                return 0;
        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                 "Kind '%s' is not known: it is guest, vf, pf or offload", word);
}

static int set_metric(Question *q, const char *word, uint32_t horizon, sd_bus_error *reterr) {
        q->metric = metric_from_string(word);
        if (q->metric < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "Metric '%s' is not known: ListMetrics has them all",
                                         word);
        if (horizon < 1 || horizon > HORIZON_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "A horizon is 1 to %d seconds, which is a day, not "
                                         "%" PRIu32,
                                         HORIZON_MAX, horizon);
        q->n = (horizon + DEMAND_BOOK_STEP - 1) / DEMAND_BOOK_STEP;
        return 0;
}

static int append_bands(sd_bus_message *reply, const DemandBand *bands, unsigned n) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(dddd)");
        for (unsigned i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(reply, "(dddd)", bands[i].mean, bands[i].p50,
                                          bands[i].p95, bands[i].p99);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer(sd_bus_message *m, const Faces *faces, const Question *q, sd_bus_error *reterr) {
        g_autofree DemandBand *bands = g_new(DemandBand, q->n);
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GError) error = NULL;
        int64_t start;
        int r;

        if (!demands_forecast(faces->manager->demands, q->kind, q->id, q->name, q->metric, q->n,
                              &start, bands, &error))
                return bus_error_from_gerror(reterr, error);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "tu", (uint64_t)start, DEMAND_BOOK_STEP);
        if (r >= 0)
                r = append_bands(reply, bands, q->n);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Manager.Forecast(sssu) -> (t start, u step, a(dddd) bands) */
int manager_method_forecast(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const char *kind, *metric;
        uint32_t horizon;
        Question q = { 0 };
        int r;

        r = sd_bus_message_read(m, "sssu", &kind, &q.name, &metric, &horizon);
        if (r >= 0)
                r = set_kind(&q, kind, reterr);
        if (r >= 0)
                r = set_metric(&q, metric, horizon, reterr);
        if (r < 0)
                return r;

        q.id = face_find_subject(faces->manager, q.kind, q.name);
        return answer(m, faces, &q, reterr);
}

/* Device.Forecast(su) -> (t start, u step, a(dddd) bands) */
int device_method_forecast(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autofree char *id = bus_path_decode(FERRY_OBJECT_DEVICE, sd_bus_message_get_path(m));
        const Faces *faces = userdata;
        const Device *device = inventory_find(faces->manager->inventory, id);
        Question q = { .id = id, .name = id };
        const char *metric;
        uint32_t horizon;
        int r;

        r = sd_bus_message_read(m, "su", &metric, &horizon);
        if (r >= 0)
                r = set_metric(&q, metric, horizon, reterr);
        if (r < 0)
                return r;

        q.kind = device->role == DEVICE_ROLE_PARENT ? SUBJECT_PF : SUBJECT_VF;
        return answer(m, faces, &q, reterr);
}

/* ListForecasts(ss) -> (as metrics) */
int manager_method_list_forecasts(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GPtrArray) metrics = g_ptr_array_new();
        g_autoptr(sd_bus_message) reply = NULL;
        const Faces *faces = userdata;
        const char *kind;
        Question q = { 0 };
        int r;

        r = sd_bus_message_read(m, "ss", &kind, &q.name);
        if (r >= 0)
                r = set_kind(&q, kind, reterr);
        if (r < 0)
                return r;

        q.id = face_find_subject(faces->manager, q.kind, q.name);
        for (int i = 0; i < _METRIC_MAX; i++)
                if (demands_knows(faces->manager->demands, q.kind, q.id, (Metric)i))
                        g_ptr_array_add(metrics, (char *)metric_to_string((Metric)i));
        g_ptr_array_add(metrics, NULL);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, (char **)metrics->pdata);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
