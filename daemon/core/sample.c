/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/sample.h"

#include <string.h>

typedef struct MetricFacts {
        const char *name, *unit, *about;
        bool counter;
        double scale;
} MetricFacts;

#define NSEC  1e9
#define USEC  1e6
#define PLAIN 1

static const MetricFacts facts[] = {
        [METRIC_CPU] = { "cpu", "seconds", "CPU time of the guest and its QEMU", true, NSEC },
        [METRIC_VCPU_WAIT] = { "vcpu-wait", "seconds", "Time its vCPUs waited for I/O", true,
                               NSEC },
        [METRIC_VCPU_DELAY] = { "vcpu-delay", "seconds",
                                "Time its vCPUs were runnable and did not run", true, NSEC },
        [METRIC_CPU_STALL] = { "cpu-stall", "seconds",
                               "Time in which some of its threads waited for a CPU", true, USEC },
        [METRIC_MEMORY_STALL] = { "memory-stall", "seconds",
                                  "Time in which some of its threads waited for memory", true,
                                  USEC },
        [METRIC_IO_STALL] = { "io-stall", "seconds",
                              "Time in which some of its threads waited for I/O", true, USEC },
        [METRIC_BALLOON] = { "balloon", "bytes", "Memory that the guest has", false, PLAIN },
        [METRIC_RESIDENT] = { "resident", "bytes", "Memory of the host that its QEMU has", false,
                              PLAIN },
        [METRIC_UNUSED] = { "unused", "bytes", "Memory that the guest leaves free", false, PLAIN },
        [METRIC_RECEIVE_BYTES] = { "receive-bytes", "bytes", "Bytes it has received", true, PLAIN },
        [METRIC_TRANSMIT_BYTES] = { "transmit-bytes", "bytes", "Bytes it has sent", true, PLAIN },
        [METRIC_RECEIVE_PACKETS] = { "receive-packets", "packets", "Packets it has received", true,
                                     PLAIN },
        [METRIC_TRANSMIT_PACKETS] = { "transmit-packets", "packets", "Packets it has sent", true,
                                      PLAIN },
        [METRIC_RECEIVE_DROPS] = { "receive-drops", "packets", "Packets to it that were lost", true,
                                   PLAIN },
        [METRIC_TRANSMIT_DROPS] = { "transmit-drops", "packets", "Packets from it that were lost",
                                    true, PLAIN },
        [METRIC_READ_BYTES] = { "read-bytes", "bytes", "Bytes read from its disks", true, PLAIN },
        [METRIC_WRITE_BYTES] = { "write-bytes", "bytes", "Bytes written to its disks", true,
                                 PLAIN },
        [METRIC_READ_REQUESTS] = { "read-requests", "requests", "Reads of its disks", true, PLAIN },
        [METRIC_WRITE_REQUESTS] = { "write-requests", "requests", "Writes to its disks", true,
                                    PLAIN },
        [METRIC_READ_TIME] = { "read-time", "seconds", "Time that reads of its disks took", true,
                               NSEC },
        [METRIC_WRITE_TIME] = { "write-time", "seconds", "Time that writes to its disks took", true,
                                NSEC },
        [METRIC_USED] = { "used", "bytes", "Memory that the guest could not do without", false,
                          PLAIN },
        [METRIC_BUSY] = { "busy", "seconds", "Time in which the function was at work", true, NSEC },
        [METRIC_DEVICE_MEMORY] = { "device-memory", "bytes", "Memory of the device that is in use",
                                   false, PLAIN },
};
G_STATIC_ASSERT(G_N_ELEMENTS(facts) == _METRIC_MAX);

const char *metric_to_string(Metric metric) {
        return metric >= 0 && metric < _METRIC_MAX ? facts[metric].name : NULL;
}

Metric metric_from_string(const char *text) {
        for (int i = 0; i < _METRIC_MAX; i++)
                if (g_strcmp0(facts[i].name, text) == 0)
                        return (Metric)i;
        return _METRIC_INVALID;
}

const char *metric_unit(Metric metric) {
        return facts[metric].unit;
}

const char *metric_about(Metric metric) {
        return facts[metric].about;
}

bool metric_is_counter(Metric metric) {
        return facts[metric].counter;
}

double metric_scale(Metric metric) {
        return facts[metric].scale;
}

void sample_init(Sample *sample) {
        for (int i = 0; i < _METRIC_MAX; i++)
                sample->values[i] = METRIC_MISSING;
        memset(sample->shapes, 0, sizeof(sample->shapes));
}

void sample_add(Sample *sample, Metric metric, const char *part, uint64_t value) {
        uint64_t *sum = &sample->values[metric];

        if (value == METRIC_MISSING)
                return;

        *sum = *sum == METRIC_MISSING ? value : *sum + value;
        sample->shapes[metric] = sample->shapes[metric] * 31 + g_str_hash(part);
}

void sample_add_link(Sample *sample, const char *part, const LinkStats *link) {
        G_STATIC_ASSERT(LINK_STATS_UNKNOWN == METRIC_MISSING);
        sample_add(sample, METRIC_RECEIVE_BYTES, part, link->receive_bytes);
        sample_add(sample, METRIC_TRANSMIT_BYTES, part, link->transmit_bytes);
        sample_add(sample, METRIC_RECEIVE_PACKETS, part, link->receive_packets);
        sample_add(sample, METRIC_TRANSMIT_PACKETS, part, link->transmit_packets);
        sample_add(sample, METRIC_RECEIVE_DROPS, part, link->receive_drops);
        sample_add(sample, METRIC_TRANSMIT_DROPS, part, link->transmit_drops);
}

void sample_forget_links(Sample *sample) {
        static const Metric metrics[] = { METRIC_RECEIVE_BYTES,   METRIC_TRANSMIT_BYTES,
                                          METRIC_RECEIVE_PACKETS, METRIC_TRANSMIT_PACKETS,
                                          METRIC_RECEIVE_DROPS,   METRIC_TRANSMIT_DROPS };

        for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++) {
                sample->values[metrics[i]] = METRIC_MISSING;
                sample->shapes[metrics[i]] = 0;
        }
}

GuestSample *guest_sample_new(const char *uuid, const char *name) {
        GuestSample *guest = g_new0(GuestSample, 1);

        guest->uuid = g_strdup(uuid);
        guest->name = g_strdup(name);
        sample_init(&guest->sample);
        return guest;
}

void guest_sample_free(GuestSample *guest) {
        if (!guest)
                return;

        g_free(guest->uuid);
        g_free(guest->name);
        g_free(guest);
}
