/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The agents of this host's offload devices: one for each [Resource NAME] that
 * has Agent=. Connects to each, notes what it says, and tries again when it is
 * away, less often the longer that lasts. The connections themselves are an
 * edge's. One thread.
 */

#include "daemon/core/agent-book.h"
#include "daemon/core/agent-usage.h"
#include "daemon/facts/sysfs.h"

#define AGENTS_LOOK_USEC   (10 * G_USEC_PER_SEC) /* between two looks at the files */
#define AGENTS_PAUSE_MIN   G_USEC_PER_SEC
#define AGENTS_PAUSE_MAX   (60 * G_USEC_PER_SEC)
#define AGENTS_STEADY_USEC (60 * G_USEC_PER_SEC) /* who was there for so long has a new start */

/* What an edge does; what comes of it it tells by agents_on_report() and agents_on_lost(), but not
 * before connect() has returned. */
typedef struct AgentOps {
        int (*connect)(void *userdata, const char *name, const char *destination);
        void (*disconnect)(void *userdata, const char *name); /* nothing is told after that */
        void *userdata;
} AgentOps;

/* What a device uses, at `monotonic` of this host; NULL: nobody tells any more. */
typedef void (*AgentUsageListener)(void *userdata, const char *name, const AgentUsage *usage,
                                   int64_t monotonic);

typedef struct Agents Agents;
/* There is another state, more or less than before, or another machine is asked. It may read the
 * book, where one that has gone is not. */
typedef void (*AgentListener)(void *userdata, AgentState before, const AgentEntry *entry);

Agents *agents_new(Sysfs *sysfs); /* borrowed */
void agents_free(Agents *agents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agents, agents_free)

/* Borrowed; NULL: nobody is asked, and all connections have gone. */
void agents_set_ops(Agents *agents, const AgentOps *ops);
void agents_set_listener(Agents *agents, AgentListener listener, void *userdata);
void agents_set_usage_listener(Agents *agents, AgentUsageListener listener, void *userdata);
void agents_set_clock(Agents *agents, int64_t (*now)(void)); /* for tests */

const AgentBook *agents_book(const Agents *agents);

/* Takes the report. A name that is not known any more: nothing. */
void agents_on_report(Agents *agents, const char *name, AgentReport *report);
/* What its device uses, which is the caller's. NULL: it is of a version that cannot tell, of which
 * it is no worse an agent. */
void agents_on_usage(Agents *agents, const char *name, const AgentUsage *usage);
/* The connection has gone, or has not come about: why, for people. */
void agents_on_lost(Agents *agents, const char *name, const char *reason);

/* Looks at the files, and connects. To be called when agents_next_time() has come, in us of
 * CLOCK_MONOTONIC; INT64_MAX never. */
void agents_on_time(Agents *agents);
int64_t agents_next_time(const Agents *agents);
