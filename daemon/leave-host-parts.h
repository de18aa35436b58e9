/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of leave-host*.c: what a guest uses of this host, and what moving it would take. */

#include "daemon/core/telemetry.h"
#include "daemon/leave-host.h"

/* leave-host-use.c. Bands are POLICY_HOURS. */

bool leave_is_base_memory(const char *resource);
void leave_fill(const Manager *manager, SubjectKind kind, const char *id, Metric metric,
                DemandBand *bands);
/* CPU, or memory. */
void leave_fill_machine(const Manager *manager, const char *uuid, PolicyLeaveKind kind,
                        DemandBand *bands);
void leave_fill_link(const Manager *manager, const char *uuid, const char *pf, Metric metric,
                     DemandBand *bands);

/* leave-host-move.c */

/* It has not moved a moment ago, and nothing is done to it now. */
bool leave_is_free(const Manager *manager, const char *uuid);
/* False: it cannot come along, or its move would not end. */
bool leave_weigh_move(const Manager *manager, const LeaveGuest *seen, const char *uri,
                      const Subject *subject, PolicyLeaveGuest *guest);
