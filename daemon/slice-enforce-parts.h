/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of slice-enforce*.c: one guest on its way to what it was promised.
 *
 *   slice-enforce.c        asks, the question to libvirt, the plan, the end
 *   slice-enforce-steps.c  takes the steps of a plan, and undoes them
 *   slice-enforce-wait.c   who has to wait until another guest has left what it is given
 */

#include "daemon/slice-enforce.h"

struct SliceEnforcer {
        Manager *manager;
        SliceEnforced done;
        void *userdata;
        GHashTable *courses;  /* UUID to Course */
        GPtrArray *questions; /* Question, that libvirt has yet to answer; borrowed */
};

typedef enum CourseState {
        COURSE_IDLE,
        COURSE_FINDING,
        COURSE_WAITING, /* for the end of another course, and then it begins again */
        COURSE_TUNING,
} CourseState;

/* One guest: what it has by us, what it gets, and what was asked meanwhile. */
typedef struct Course {
        SliceEnforcer *enforcer;
        char *uuid, *name;
        CourseState state;
        char *blocker;           /* UUID of whom it waits for */
        GPtrArray *held;         /* SliceGrant that the guest has in fact; NULL: not known, */
        GPtrArray *target;       /* and that it is to have; NULL: nobody has asked */
        SliceEntry *entry, *had; /* entry NULL: it loses its slice */
        GPtrArray *functions;    /* TuningFunction */
        GPtrArray *steps;
        GHashTable *rated; /* VFs that have a rate by us, so that their next owner has none */
        bool again;        /* with: */
        SliceEntry *next;
} Course;

/* Asks libvirt for the guest, and goes on with its answer. */
void course_begin(Course *course);
/* What the course has begun has ended; `error` NULL: all is done. */
void course_finish(Course *course, const GError *error);
/* Takes the steps of its plan, and finishes it, now or when libvirt has told. */
void course_take_steps(Course *course);
/* libvirt has taken its part; `detail` as of GUEST_TUNED. */
void course_on_tuned(Course *course, const char *detail);
/* Those of VFs that are of no function of its slice any more. */
void course_end_rates(Course *course);

/* Whether what it gets is still with another guest, that is to leave it: it begins again when that
 * has come to an end. */
bool course_waits(Course *course);
/* A course has come to an end. */
void courses_wake(SliceEnforcer *enforcer);
