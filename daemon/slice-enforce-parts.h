/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of slice-enforce*.c: one guest on its way to what it was promised.
 *
 *   slice-enforce.c        asks, the question to libvirt, the plan, the end
 *   slice-enforce-steps.c  takes the steps of a plan, and undoes them
 *   slice-enforce-away.c   keeps guests off cores that others have alone
 *   slice-enforce-wait.c   who has to wait until another guest has left what it is given
 */

#include "daemon/core/tuning-away.h"
#include "daemon/slice-enforce.h"

struct SliceEnforcer {
        Manager *manager;
        SliceEnforced done;
        void *userdata;
        GHashTable *courses;  /* UUID to Course */
        GPtrArray *questions; /* Question, that libvirt has yet to answer; borrowed */
        NumberSet away;       /* CPUs that slices have alone */
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
        bool has_cores;          /* among them */
        uint64_t balloon;        /* bytes of memory that it was told to have; 0: it was not */
        SliceEntry *entry, *had; /* entry NULL: it loses its slice */
        GPtrArray *functions;    /* TuningFunction */
        GPtrArray *steps;
        GHashTable *rated; /* VFs that have a rate by us, so that their next owner has none */
        bool again;        /* with: */
        SliceEntry *next;
        bool away_due, away; /* it is to be kept off cores; that is what it does now, and: */
        TuningAway *after;   /* what is to be stored of it then, NULL nothing */
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
/* Bytes of memory that the guest has yet to give back, as libvirt has told last. */
uint64_t course_keeps(const Course *course);
/* A course has come to an end. */
void courses_wake(SliceEnforcer *enforcer);

Course *course_of(SliceEnforcer *enforcer, const char *domain_uuid, const char *name);
/* Nothing is under way: begins what was asked meanwhile. */
void course_go_on(Course *course);
void course_tell_plan(const Course *course);

/* Of one whose task it is to be kept off cores. */
void course_away_found(Course *course, const GuestEvent *found);
void course_away_tuned(Course *course, const char *detail);
/* The guest has cores of its own, or is gone. */
void enforcer_forget_away(SliceEnforcer *enforcer, const char *domain_uuid);
/* It is about to lose its own, and may run anywhere then but there. */
void course_note_anywhere(const Course *course, const char *xml);
