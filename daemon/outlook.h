/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guests, VFs, PFs and offload devices are expected to use in each hour of the day ahead, for
 * those that decide by all of them at once: forecasts (demands.h) are made anew every 5 minutes,
 * some in each turn (of a host with hundreds of VFs, that takes longer), and kept in between; and
 * as soon as the guests of this host have been looked at. Nothing is stored. One thread; belongs to
 * the manager.
 */

#include "daemon/core/demand-sum.h"
#include "daemon/core/policy-class.h"
#include "daemon/core/telemetry.h"
#include "daemon/manager.h"

#define OUTLOOK_ROUND_USEC (5 * G_TIME_SPAN_MINUTE)

Outlook *outlook_new(Manager *manager);
void outlook_free(Outlook *outlook);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outlook, outlook_free)

/* At the end of each round of the meter, CLOCK_MONOTONIC in us: a part of what is to be done.
 * `guests`: it has looked at them, too. */
void outlook_turn(Outlook *outlook, int64_t monotonic, bool guests);
/* It has been thought of the guests of this host: who is not known is not there, or new. */
bool outlook_has_guests(const Outlook *outlook);

/* CPU, resident memory, received and transmitted bytes; in the hour 0 to POLICY_HOURS - 1. Of whom
 * there is no forecast yet it is what is used now. False: nothing is known. */
bool outlook_band(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric,
                  unsigned hour, DemandBand *ret_band);
/* Whether there is a forecast. */
bool outlook_knows(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric);

/* Of several together, hour by hour; zeroed: of none. */
typedef struct OutlookSum {
        DemandSum hours[POLICY_HOURS];
} OutlookSum;

/* Adds nothing where nothing is known. */
void outlook_add(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric,
                 OutlookSum *sum);
/* p99 of the next hour; p95 of the worst of so many hours. */
double outlook_sum_next(const OutlookSum *sum);
double outlook_sum_worst(const OutlookSum *sum, unsigned hours);
