/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Looks at what guests, PFs and VFs of this host use, and keeps it; with it what
 * agents tell of offload devices.
 *
 *   meter_tick() ─► VirtOps.sample() ─► GUEST_STATS ─► telemetry ─► slots ─► store
 *                                            PSI of the guests, counters of the links,
 *                                            usage classes of functions
 *
 * An edge reminds it of the time, every 10 seconds and every second while a guest
 * moves or a device is exchanged. Slots that have ended are written once a minute;
 * when they cannot be, they are lost and nothing else is. traffic.h looks at the
 * packets of a guest that moves, 100 times as often and at nobody else.
 * One thread; belongs to the manager.
 */

#include "daemon/core/agent-usage.h"
#include "daemon/core/telemetry.h"
#include "daemon/manager.h"

Meter *meter_new(Manager *manager);
void meter_free(Meter *meter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Meter, meter_free)

/* When meter_interval_usec() have passed since the last time; CLOCK_MONOTONIC in us. Without
 * libvirt it looks at the links alone. */
void meter_tick(Meter *meter, int64_t monotonic);
int64_t meter_interval_usec(const Meter *meter);
void meter_on_guest_event(Meter *meter, const GuestEvent *event);
/* What the agent of an offload device tells, at `monotonic` of this host; NULL: it is away. */
void meter_on_agent(Meter *meter, const char *name, const AgentUsage *usage, int64_t monotonic);
/* Before the daemon ends: what has been seen is written. */
void meter_flush(Meter *meter);

const Telemetry *meter_telemetry(const Meter *meter); /* of this host alone */
/* As telemetry_list(), and offload devices behind all others. */
GPtrArray *meter_list(const Meter *meter);
/* How often it has looked, and for how long the daemon did nothing else, without libvirt's part. */
typedef struct MeterRounds {
        uint64_t count, usec;
} MeterRounds;
MeterRounds meter_rounds(const Meter *meter);
/* For tests: another CLOCK_MONOTONIC, in microseconds, by which looks are measured. */
void meter_set_stopwatch(Meter *meter, int64_t (*stopwatch)(void));
/* As store_load_history(), with what is not written yet. */
GPtrArray *meter_history(const Meter *meter, SubjectKind kind, const char *id, SlotStep step,
                         int64_t from, int64_t to, GError **error);
