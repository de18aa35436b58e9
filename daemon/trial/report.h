/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a trial has measured: one step after the other, and a verdict. The
 * helper writes it as JSON, the daemon reads it. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum TrialStepKind {
        TRIAL_OPEN,
        TRIAL_DMA_LOG,   /* start, report, stop; bytes: of pages that were written */
        TRIAL_PRE_COPY,  /* what can be read while the device runs */
        TRIAL_STOP_COPY, /* the rest of that, when it has stopped */
        TRIAL_SUSPEND,
        TRIAL_SIZE, /* bytes: the driver's estimate */
        TRIAL_SAVE,
        TRIAL_LOAD,
        TRIAL_RESUME,
        TRIAL_RESET,
        _TRIAL_STEP_KIND_MAX,
        _TRIAL_STEP_KIND_INVALID = -22,
} TrialStepKind;

const char *trial_step_kind_to_string(TrialStepKind kind); /* "dma-log" */
TrialStepKind trial_step_kind_from_string(const char *text);

typedef enum TrialOutcome {
        TRIAL_DONE,
        TRIAL_FAILED,
        TRIAL_SKIPPED,
        _TRIAL_OUTCOME_MAX,
        _TRIAL_OUTCOME_INVALID = -22,
} TrialOutcome;

const char *trial_outcome_to_string(TrialOutcome outcome); /* "done" */
TrialOutcome trial_outcome_from_string(const char *text);

typedef struct TrialStep {
        TrialStepKind kind;
        TrialOutcome outcome;
        uint64_t usec, bytes;
        int error;  /* errno, 0 none */
        char *text; /* the kernel's words for it, or why it was skipped; NULL */
} TrialStep;

typedef struct TrialReport {
        char *device;     /* PCI address or mdev uuid */
        bool good;        /* no step has failed */
        char *verdict;    /* one sentence */
        GPtrArray *steps; /* TrialStep, in the order in which they ran */
} TrialReport;

TrialReport *trial_report_new(const char *device);
void trial_report_free(TrialReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrialReport, trial_report_free)

/* Adds a step that has not run yet; the report owns it. */
TrialStep *trial_report_add(TrialReport *report, TrialStepKind kind);
const TrialStep *trial_report_find(const TrialReport *report, TrialStepKind kind); /* NULL */
/* What has not run in this one is as it was in another. */
void trial_report_fill(TrialReport *report, const TrialReport *other);
/* "EFAULT"; "" for 0 and for a number without a name. Static. */
const char *trial_step_error_name(const TrialStep *step);

#define TRIAL_REPORT_MAX 65536 /* bytes of JSON */

char *trial_report_to_json(const TrialReport *report);
/* FERRY_ERROR_INVALID_ARGS: it is not what trial_report_to_json() writes. */
TrialReport *trial_report_from_json(const char *text, size_t size, GError **error);
