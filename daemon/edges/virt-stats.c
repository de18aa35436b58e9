/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-stats.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "daemon/edges/virt-read.h"
#include "daemon/edges/worker.h"

#define GROUPS                                                                           \
        (VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_VCPU | \
         VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK)

#define KIB 1024

struct VirtStats {
        Worker *worker;
        GuestDoor *door;
        char *uri;

        /* the worker's */
        virConnectPtr connection; /* a reference of its own; NULL there is none */
        bool complained;          /* since libvirt last told */
};

/* One record ------------------------------------------------------------------------ */

typedef struct Field {
        const char *group; /* "net": the field is "net.N.NAME"; NULL: NAME is all of it */
        const char *name;
        Metric metric;
        unsigned factor;
} Field;

static const Field fields[] = {
        { NULL, "cpu.time", METRIC_CPU, 1 },
        { "vcpu", "wait", METRIC_VCPU_WAIT, 1 },
        { "vcpu", "delay", METRIC_VCPU_DELAY, 1 },
        { NULL, "balloon.current", METRIC_BALLOON, KIB },
        { NULL, "balloon.rss", METRIC_RESIDENT, KIB },
        { NULL, "balloon.unused", METRIC_UNUSED, KIB },
        { "net", "rx.bytes", METRIC_RECEIVE_BYTES, 1 },
        { "net", "tx.bytes", METRIC_TRANSMIT_BYTES, 1 },
        { "net", "rx.pkts", METRIC_RECEIVE_PACKETS, 1 },
        { "net", "tx.pkts", METRIC_TRANSMIT_PACKETS, 1 },
        { "net", "rx.drop", METRIC_RECEIVE_DROPS, 1 },
        { "net", "tx.drop", METRIC_TRANSMIT_DROPS, 1 },
        { "block", "rd.bytes", METRIC_READ_BYTES, 1 },
        { "block", "wr.bytes", METRIC_WRITE_BYTES, 1 },
        { "block", "rd.reqs", METRIC_READ_REQUESTS, 1 },
        { "block", "wr.reqs", METRIC_WRITE_REQUESTS, 1 },
        { "block", "rd.times", METRIC_READ_TIME, 1 },
        { "block", "wr.times", METRIC_WRITE_TIME, 1 },
};

/* What follows "GROUP.N." in the name of a field; NULL when it is of another group. */
static const char *after_number(const char *text, const char *group) {
        size_t length = strlen(group);

        if (strncmp(text, group, length) != 0 || text[length] != '.')
                return NULL;

        text += length + 1;
        if (!g_ascii_isdigit(*text))
                return NULL;
        while (g_ascii_isdigit(*text))
                text++;
        return *text == '.' ? text + 1 : NULL;
}

static const Field *find_field(const char *text) {
        for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
                const char *name = fields[i].group ? after_number(text, fields[i].group) : text;

                if (g_strcmp0(name, fields[i].name) == 0)
                        return &fields[i];
        }
        return NULL;
}

/* libvirt says -1 of a counter that an interface does not have. */
static uint64_t read_number(const virTypedParameter *param) {
        switch (param->type) {
        case VIR_TYPED_PARAM_ULLONG:
                return param->value.ul;
        case VIR_TYPED_PARAM_LLONG:
                return param->value.l >= 0 ? (uint64_t)param->value.l : METRIC_MISSING;
        case VIR_TYPED_PARAM_UINT:
                return param->value.ui;
        case VIR_TYPED_PARAM_INT:
                return param->value.i >= 0 ? (uint64_t)param->value.i : METRIC_MISSING;
        }
        return METRIC_MISSING;
}

/* What it has, and could not do without: of the rest, its page cache included, it says that it
 * could be used (MemAvailable). Only a guest whose balloon tells does. */
static void add_used(Sample *sample, uint64_t usable) {
        uint64_t has = sample->values[METRIC_BALLOON];

        if (has != METRIC_MISSING && usable <= has / KIB)
                sample_add(sample, METRIC_USED, "balloon", has - usable * KIB);
}

void virt_stats_read(virTypedParameterPtr params, int n_params, Sample *ret_sample) {
        uint64_t usable = METRIC_MISSING;

        sample_init(ret_sample);

        for (int i = 0; i < n_params; i++) {
                const Field *field = find_field(params[i].field);
                uint64_t value = field ? read_number(&params[i]) : METRIC_MISSING;

                if (value > UINT64_MAX / KIB)
                        continue;

                sample_add(ret_sample, field->metric, params[i].field, value * field->factor);
        }
        for (int i = 0; i < n_params; i++)
                if (g_str_equal(params[i].field, "balloon.usable"))
                        usable = read_number(&params[i]);
        add_used(ret_sample, usable);
}

/* All of them ----------------------------------------------------------------------- */

static GPtrArray *read_records(virDomainStatsRecordPtr *records) {
        GPtrArray *samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);

        for (; *records; records++) {
                virDomainStatsRecordPtr record = *records;
                char uuid[VIR_UUID_STRING_BUFLEN];
                GuestSample *guest;

                virt_get_uuid(record->dom, uuid);
                guest = guest_sample_new(uuid, virDomainGetName(record->dom));
                virt_stats_read(record->params, record->nparams, &guest->sample);
                g_ptr_array_add(samples, guest);
        }
        return samples;
}

/* NULL: libvirt's last error says why. */
static GPtrArray *ask(virConnectPtr connection) {
        virDomainStatsRecordPtr *records = NULL;
        GPtrArray *samples;
        int n;

        n = virConnectGetAllDomainStats(connection, GROUPS, &records,
                                        VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE |
                                                VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
        if (n < 0)
                return NULL;

        samples = read_records(records);
        virDomainStatsRecordListFree(records);
        return samples;
}

static void task_sample(void *userdata, void *unused) {
        VirtStats *stats = userdata;
        GuestEvent *event = guest_event_new(GUEST_STATS, NULL, NULL);

        event->samples = stats->connection ? ask(stats->connection) : NULL;
        event->sampled = g_get_monotonic_time();
        if (stats->connection && !event->samples && !stats->complained)
                g_warning("%s: no figures of its guests: %s", stats->uri,
                          virGetLastErrorMessage() ?: "no reason given");
        if (stats->connection)
                stats->complained = !event->samples;
        guest_door_push(stats->door, event);
}

void virt_stats_sample(VirtStats *stats) {
        worker_push(stats->worker, task_sample, NULL, NULL);
}

/* The connection -------------------------------------------------------------------- */

static void close_connection(VirtStats *stats) {
        if (stats->connection)
                (void)virConnectClose(stats->connection);
        stats->connection = NULL;
}

static void unref_connection(void *connection) {
        (void)virConnectClose(connection);
}

static void task_use(void *userdata, void *connection) {
        VirtStats *stats = userdata;

        close_connection(stats);
        if (connection && virConnectRef(connection) == 0)
                stats->connection = connection;
}

/* As virt_writer_use(): a task that never runs gives its reference back. */
void virt_stats_use(VirtStats *stats, virConnectPtr connection) {
        if (!connection)
                worker_push(stats->worker, task_use, NULL, NULL);
        else if (virConnectRef(connection) == 0)
                worker_push(stats->worker, task_use, connection, unref_connection);
}

VirtStats *virt_stats_new(const char *uri, GuestDoor *door) {
        VirtStats *stats = g_new0(VirtStats, 1);

        stats->uri = g_strdup(uri);
        stats->door = door;
        stats->worker = worker_new("virt-stats", stats);
        return stats;
}

void virt_stats_stop(VirtStats *stats) {
        worker_stop(stats->worker);
        close_connection(stats);
}

void virt_stats_free(VirtStats *stats) {
        if (!stats)
                return;

        worker_free(stats->worker);
        g_free(stats->uri);
        g_free(stats);
}
