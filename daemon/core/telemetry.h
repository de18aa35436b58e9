/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Samples made into rates, and rates into slots of time that can be kept.
 *
 * A rate is the difference of two samples that follow each other. Where a number
 * is missing, a counter runs backwards (it has turned over, or what counts has
 * begun anew, and with it the others of the same origin), or counts something else
 * than before, there is a gap: NAN, never a jump and never 0. What was seen between two samples is
 * spread over the slots it touches, so that slots without a sample of their own are no gaps.
 *
 * Has no clock: whoever adds says when it was. Differences are taken of the
 * monotonic time, so that a clock that is set costs a slot and no rate. 2 KiB a
 * subject. Owned by the manager; one thread.
 */

#include "daemon/core/sample.h"

typedef enum SubjectKind {
        SUBJECT_GUEST, /* its id is the UUID */
        SUBJECT_VF,    /* or an mdev; the ids of devices are those of the inventory */
        SUBJECT_PF,
        SUBJECT_OFFLOAD, /* by its agent; its id is its name in pools.d */
        _SUBJECT_KIND_MAX,
        _SUBJECT_KIND_INVALID = -22,
} SubjectKind;

const char *subject_kind_to_string(SubjectKind kind); /* "guest", "vf", "pf", "offload" */
SubjectKind subject_kind_from_string(const char *text);

/* Two that are further apart have a gap between them. */
#define TELEMETRY_APART_USEC (60 * G_USEC_PER_SEC)

typedef enum SlotStep {
        SLOT_SHORT, /* 10 s */
        SLOT_LONG,  /* 5 minutes */
        _SLOT_STEP_MAX,
} SlotStep;

int64_t slot_step_usec(SlotStep step);

/* In metric_unit(), of counters a second; NAN is a gap. */
typedef struct Slot {
        int64_t start; /* CLOCK_REALTIME in us, a multiple of the step */
        float min[_METRIC_MAX], mean[_METRIC_MAX], max[_METRIC_MAX];
} Slot;

typedef struct Subject {
        SubjectKind kind;
        char *id, *name;
        Sample last;                /* totals, as they were read */
        double values[_METRIC_MAX]; /* now, as in Slot */
} Subject;

/* Whether anything is known of it now. Who is looked at for the first time, and who has just gone,
 * is a subject of which nothing is. */
bool subject_is_seen(const Subject *subject);

/* A slot has ended. */
typedef void (*SlotTaker)(void *userdata, const Subject *subject, SlotStep step, const Slot *slot);

typedef struct Telemetry Telemetry;

Telemetry *telemetry_new(SlotTaker taker, void *userdata);
void telemetry_free(Telemetry *telemetry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Telemetry, telemetry_free)

/* One round: what is not added has a gap, and is forgotten after TELEMETRY_APART_USEC. */
void telemetry_begin(Telemetry *telemetry, int64_t monotonic, int64_t realtime);
void telemetry_add(Telemetry *telemetry, SubjectKind kind, const char *id, const char *name,
                   const Sample *sample);
void telemetry_end(Telemetry *telemetry);
/* Gives away the slots that are open, before the daemon ends. */
void telemetry_flush(Telemetry *telemetry);

/* NULL: not seen in the last round or shortly before. Borrowed until the next one. */
const Subject *telemetry_find(const Telemetry *telemetry, SubjectKind kind, const char *id);
/* Subject, borrowed until the next round, by kind and name. Free the array. */
GPtrArray *telemetry_list(const Telemetry *telemetry);
