/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A manager whose guests have one interface each, and traffic that is seen once
 * a minute; and one PF.
 */

#include "daemon/advisor.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define MINUTE   G_TIME_SPAN_MINUTE
#define HOUR     G_TIME_SPAN_HOUR
#define GUESTS   6
#define KILOBYTE 1000u

typedef struct AdvisorFixture {
        Fixture f;
        int64_t monotonic;
        unsigned n_guests;
        unsigned rates[GUESTS]; /* bytes a second, each way */
        uint64_t totals[GUESTS];
        char *vfs[GUESTS];
        char *answer;        /* of advisor_apply(): "done", or the error */
        const char *refusal; /* of the check; NULL: there is none */
} AdvisorFixture;

void advisor_set_up(AdvisorFixture *a, gconstpointer config);
void advisor_tear_down(AdvisorFixture *a, gconstpointer config);

#define ADD_CONFIGURED(name, config, function)                                         \
        g_test_add("/advisor/" name, AdvisorFixture, config, advisor_set_up, function, \
                   advisor_tear_down)
#define ADD(name, function) ADD_CONFIGURED(name, NULL, function)

/* Guests: the first is number 0, and g1. -------------------------------------------------- */

char *uuid_of(unsigned g);
char *interface_of(unsigned g, const char *source, const char *more);
char *vf_of(unsigned g, const char *vf);
char *xml_of(unsigned g, const char *devices, const char *metadata);
/* In its metadata: the element of its device, which it does not have now. */
char *note_of(const char *vf, const char *element);

/* It is found to run with these. */
void run_saying(AdvisorFixture *a, unsigned g, const char *devices, const char *metadata);
void run_guest(AdvisorFixture *a, unsigned g, const char *devices);
void run_emulated(AdvisorFixture *a, unsigned g, const char *source);
void run_vf(AdvisorFixture *a, unsigned g, const char *vf);
void stop_guest(AdvisorFixture *a, unsigned g);
/* To the last question, libvirt knows the guest so; NULL: not at all. */
void answer_find(AdvisorFixture *a, unsigned g, const char *xml);

void add_vfs(AdvisorFixture *a, unsigned n);
/* With one VF, and so many guests of which none has it. */
void begin_guests(AdvisorFixture *a, unsigned n_guests);
void let_pass(AdvisorFixture *a, int64_t usec);

/* Advice ------------------------------------------------------------------------------------ */

#define PROMOTE_1 "virt-ferry move g1 52:54:00:00:00:01 @"
#define EXCHANGE \
        "virt-ferry move g1 52:54:00:00:00:01 virtio; virt-ferry move g2 52:54:00:00:00:02 @"

const GPtrArray *advised(AdvisorFixture *a);
void assert_no_advice(AdvisorFixture *a);
/* One, carried out by these commands; "@" is the first VF. */
const AdvisorEntry *assert_advice(AdvisorFixture *a, const char *kind, const char *commands);
double value_of(const AdvisorEntry *entry, const char *name); /* NAN: it has none */
unsigned moves_left(const AdvisorFixture *a);

void apply_advice(AdvisorFixture *a, const char *id);
void freeze_policy(AdvisorFixture *a, bool frozen);
/* Advice to promote the first guest is applied up to where swaps_begin() has asked for it. */
void begin_apply(AdvisorFixture *a);
/* From there to the end. */
void give_vf(AdvisorFixture *a);
