/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A host of 8 CPUs and 16 GiB, with guests whose CPU time and memory are seen once a minute, and
 * what is advised for their hardware slices.
 */

#include "daemon/advisor.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR   G_TIME_SPAN_HOUR
#define DAY    G_TIME_SPAN_DAY
#define GUESTS 2
#define MBIT   125000u /* bytes */
#define MIB    (UINT64_C(1) << 20)

/* What most of them are: up to 8 vCPUs and 4 GiB while they run. */
#define ROOMY                                                                            \
        "<memory unit='MiB'>4096</memory><currentMemory unit='MiB'>1024</currentMemory>" \
        "<vcpu current='2'>8</vcpu><vcpus>"                                              \
        "<vcpu id='0' enabled='yes' hotpluggable='no'/>"                                 \
        "<vcpu id='1' enabled='yes' hotpluggable='yes'/></vcpus>"

typedef struct SlicesFixture {
        Fixture f;
        int64_t monotonic;
        double cpus[GUESTS];   /* that it uses */
        double delay[GUESTS];  /* for which its vCPUs wait */
        uint64_t used[GUESTS]; /* bytes; 0: it does not tell */
        double cpu_time[GUESTS], waited[GUESTS];
        FakeRtnl *rtnl; /* NULL: there are no VFs */
        int pf;
        unsigned sends, receives; /* Mbit/s, of the first VF */
        double busy;              /* how much of the time HERE_MDEV is; negative: nobody tells */
        double busy_time;
        char *answer; /* of advisor_apply(): "done", or the error */
} SlicesFixture;

/* With the slices' way alone. */
void slices_set_up(SlicesFixture *s, gconstpointer config);
void slices_tear_down(SlicesFixture *s, gconstpointer config);
void slices_use_this_way_alone(Manager *manager);

/* Guests: the first is number 0, and g1. --------------------------------------------------- */

/* It is found to run with these. */
void run_with(SlicesFixture *s, unsigned g, const char *has, const char *devices,
              const char *metadata);
void run_guest(SlicesFixture *s, unsigned g);
/* A slice, which it has. */
void give_saying(SlicesFixture *s, unsigned g, const char *attributes, const char *children);
void give(SlicesFixture *s, unsigned g, const char *children);
/* g1 with all of this, which it uses. */
void begin(SlicesFixture *s, const char *children, double cpus, uint64_t used_mib);
void let_pass(SlicesFixture *s, int64_t usec);
/* What libvirt was asked for, and does not answer by itself: the daemon ends; and to the last, g1
 * runs with these devices. */
void end_all_questions(void);
void answer_last(const char *devices);

/* Advice ------------------------------------------------------------------------------------ */

const GPtrArray *advised(const SlicesFixture *s);
void assert_no_advice(const SlicesFixture *s);
/* One, and its only command. */
const AdvisorDraft *assert_advice(const SlicesFixture *s, const char *kind, const char *reason,
                                  const char *command);
double value_of(const AdvisorDraft *draft, const char *name); /* NAN: it has none */
/* The first one; not carried out by the slices yet. */
void begin_apply(SlicesFixture *s);
