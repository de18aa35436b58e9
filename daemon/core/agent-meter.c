/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-meter.h"

typedef struct Offload {
        Telemetry *telemetry; /* of this device alone */
        uint64_t theirs;      /* the device's time of the last sample */
        int64_t ours;         /* the same by this host's clock */
        int64_t clock;        /* of the rounds: only differences count */
} Offload;

struct AgentMeter {
        SlotTaker taker;
        void *userdata;
        GHashTable *devices; /* name to Offload */
};

static void offload_free(void *data) {
        Offload *offload = data;

        telemetry_free(offload->telemetry);
        g_free(offload);
}

AgentMeter *agent_meter_new(SlotTaker taker, void *userdata) {
        AgentMeter *meter = g_new0(AgentMeter, 1);

        meter->taker = taker;
        meter->userdata = userdata;
        meter->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, offload_free);
        return meter;
}

void agent_meter_free(AgentMeter *meter) {
        if (!meter)
                return;

        g_hash_table_unref(meter->devices);
        g_free(meter);
}

static Offload *find_or_begin(AgentMeter *meter, const char *name) {
        Offload *offload = g_hash_table_lookup(meter->devices, name);

        if (!offload) {
                offload = g_new0(Offload, 1);
                offload->telemetry = telemetry_new(meter->taker, meter->userdata);
                g_hash_table_insert(meter->devices, g_strdup(name), offload);
        }
        return offload;
}

/* A round in which nobody was seen. */
static void interrupt(Offload *offload) {
        telemetry_begin(offload->telemetry, ++offload->clock, 0);
        telemetry_end(offload->telemetry);
}

/* Differences of unsigned numbers: a clock that has gone back has gone too far. */
static bool is_believed(const Offload *offload, uint64_t theirs, int64_t ours) {
        uint64_t by_theirs = theirs - offload->theirs;
        int64_t by_ours = ours - offload->ours;

        return by_theirs > 0 && by_theirs <= TELEMETRY_APART_USEC &&
               ABS((int64_t)by_theirs - by_ours) < AGENT_METER_APART_USEC;
}

void agent_meter_note(AgentMeter *meter, const char *name, const AgentUsage *usage,
                      int64_t monotonic, int64_t realtime) {
        Offload *offload = find_or_begin(meter, name);

        if (is_believed(offload, usage->monotonic, monotonic)) {
                offload->clock += (int64_t)(usage->monotonic - offload->theirs);
        } else {
                interrupt(offload);
                offload->clock++;
        }
        telemetry_begin(offload->telemetry, offload->clock, realtime);
        telemetry_add(offload->telemetry, SUBJECT_OFFLOAD, name, name, &usage->sample);
        telemetry_end(offload->telemetry);
        offload->theirs = usage->monotonic;
        offload->ours = monotonic;
}

void agent_meter_interrupt(AgentMeter *meter, const char *name) {
        Offload *offload = g_hash_table_lookup(meter->devices, name);

        if (offload)
                interrupt(offload);
}

void agent_meter_turn(AgentMeter *meter, int64_t monotonic) {
        GHashTableIter iter;
        Offload *offload;

        g_hash_table_iter_init(&iter, meter->devices);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&offload)) {
                if (monotonic - offload->ours <= TELEMETRY_APART_USEC)
                        continue;
                telemetry_flush(offload->telemetry);
                g_hash_table_iter_remove(&iter);
        }
}

void agent_meter_flush(AgentMeter *meter) {
        GHashTableIter iter;
        Offload *offload;

        g_hash_table_iter_init(&iter, meter->devices);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&offload))
                telemetry_flush(offload->telemetry);
}

static int compare_names(const void *a, const void *b) {
        return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

void agent_meter_list(const AgentMeter *meter, GPtrArray *subjects) {
        g_autofree const char **names = NULL;
        guint n;

        names = (const char **)g_hash_table_get_keys_as_array(meter->devices, &n);
        qsort(names, n, sizeof(*names), compare_names);
        for (guint i = 0; i < n; i++) {
                const Offload *offload = g_hash_table_lookup(meter->devices, names[i]);
                const Subject *subject = telemetry_find(offload->telemetry, SUBJECT_OFFLOAD,
                                                        names[i]);

                if (subject)
                        g_ptr_array_add(subjects, (void *)subject);
        }
}
