/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is measured of a guest, a VF, a PF or an offload device at one moment: one number a metric.
 *
 * Counters only grow, until what counts begins anew; gauges go up and down. A
 * number that nobody told is METRIC_MISSING and never 0. Numbers are in the unit
 * in which they are read; metric_scale() of them make one of metric_unit().
 * Sources: virConnectGetAllDomainStats() of libvirt-domain.h;
 * Documentation/accounting/psi.rst; Documentation/networking/statistics.rst.
 */

#include "daemon/facts/link-stats.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Their numbers are in the store: new ones at the end, 32 at most. */
typedef enum Metric {
        METRIC_CPU,        /* of all its threads */
        METRIC_VCPU_WAIT,  /* for I/O of the host */
        METRIC_VCPU_DELAY, /* on a run queue: what a guest sees as steal */
        METRIC_CPU_STALL,  /* some of the guest's threads waited: PSI of its cgroup */
        METRIC_MEMORY_STALL,
        METRIC_IO_STALL,
        METRIC_BALLOON,  /* what the guest has */
        METRIC_RESIDENT, /* what QEMU has of the host */
        METRIC_UNUSED,   /* what the guest leaves free */
        METRIC_RECEIVE_BYTES,
        METRIC_TRANSMIT_BYTES,
        METRIC_RECEIVE_PACKETS,
        METRIC_TRANSMIT_PACKETS,
        METRIC_RECEIVE_DROPS,
        METRIC_TRANSMIT_DROPS,
        METRIC_READ_BYTES,
        METRIC_WRITE_BYTES,
        METRIC_READ_REQUESTS,
        METRIC_WRITE_REQUESTS,
        METRIC_READ_TIME, /* of all requests together: divided by them, it is the latency */
        METRIC_WRITE_TIME,
        METRIC_USED,          /* what the guest could not do without: its page cache is not in it */
        METRIC_BUSY,          /* of a function: 1 is at work all the time; see usage-class.h */
        METRIC_DEVICE_MEMORY, /* the device's own */
        _METRIC_MAX,
        _METRIC_INVALID = -22,
} Metric;

#define METRIC_MISSING UINT64_MAX

const char *metric_to_string(Metric metric); /* "receive-bytes" */
Metric metric_from_string(const char *text);
const char *metric_unit(Metric metric);  /* "seconds", "bytes", "packets", "requests" */
const char *metric_about(Metric metric); /* one sentence, without a full stop */
bool metric_is_counter(Metric metric);
double metric_scale(Metric metric);

typedef struct Sample {
        uint64_t values[_METRIC_MAX];
        /* Of what has been added up to each: when that is another than before, a device has come or
         * gone, and the counter does not go on from where it was. */
        unsigned shapes[_METRIC_MAX];
} Sample;

void sample_init(Sample *sample); /* all are missing */
/* Adds to a sum what `part` has of it ("net.0"); METRIC_MISSING adds nothing. */
void sample_add(Sample *sample, Metric metric, const char *part, uint64_t value);
void sample_add_link(Sample *sample, const char *part, const LinkStats *link);
/* Of one of its links nobody knows what goes through it, so their sum is missing. */
void sample_forget_links(Sample *sample);

/* Of one guest, as libvirt tells it. */
typedef struct GuestSample {
        char *uuid, *name;
        Sample sample;
} GuestSample;

GuestSample *guest_sample_new(const char *uuid, const char *name);
void guest_sample_free(GuestSample *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestSample, guest_sample_free)
