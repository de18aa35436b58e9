/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The real virtferryd --agent over a made-up device, with 4 cores of which the
 * device's own pools.d adds 2, and 1 GiB; its standard input and output are in
 * hand. It has used its CPUs for DEVICE_CPU_TICKS and received 1500 bytes through
 * two ports. VIRTFERRYD (a path) comes from the build.
 */

#include <systemd/sd-event.h>

#include "tests/lib/fake-root.h"

#define DEVICE_CORES     6
#define DEVICE_MEMORY    (UINT64_C(1) << 30)
#define DEVICE_CPU_TICKS 1000

typedef struct AgentFixture {
        FakeRoot *root;
        sd_event *event;
        GPid pid;  /* 0: none runs */
        int words; /* its standard error */
} AgentFixture;

void agent_fixture_set_up(AgentFixture *fixture, gconstpointer unused);
void agent_fixture_tear_down(AgentFixture *fixture, gconstpointer unused);

/* Starts it on one end of a socket pair; the other is the caller's. */
int agent_fixture_start(AgentFixture *fixture);
/* The same with these two, which it takes. */
void agent_fixture_start_on(AgentFixture *fixture, int input, int output);
/* Waits for its end: the exit status, or minus the signal. */
int agent_fixture_finish(AgentFixture *fixture);
/* What it has said on standard error. Free it. */
char *agent_fixture_words(const AgentFixture *fixture);
