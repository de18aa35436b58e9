/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that runs with a hardware slice: what that has of the things that are
 * measured, what of it was used, and is expected to be. Used by advisor-slices.
 *
 *   cores      CPU time of the guest and its QEMU, which is on its cores as well
 *   memory     what the guest says that it could not do without (METRIC_USED); of one that does
 *              not say it, nothing is known
 *   bandwidth  what each VF with a guaranteed rate has sent: that is what the kernel guarantees
 *
 *   function   for how much of the time each mdev that was plugged in for it was busy, where an
 *              exporter tells (core/usage-class.h); what it has is 1, and a change is another type
 */

#include "daemon/core/policy-slice.h"
#include "daemon/manager.h"
#include "xml/domain-tuning.h"

typedef struct SlicePart {
        const char *kind; /* as of SliceAsk: "cores", static; */
        char *function;   /* of bandwidth, and "function": its name; NULL */
        char *type;       /* of "function": the mdev type that it is of; NULL */
        uint64_t has;     /* in the unit of SliceAsk, of "function" percent of its type, */
        double unit;      /* which is so much of what is measured: CPUs, bytes, bytes a second */
        PolicyPeaks peaks;
        PolicySlicePart part; /* its id is owned */
} SlicePart;

typedef struct SliceGuest {
        char *uuid, *name, *xml;
        Domain *domain;
        DomainTuning *tuning;
        int priority;     /* as the operator has it; */
        bool fixed;       /* the same: its slice stays as it is */
        GPtrArray *parts; /* SlicePart, as of the last look */
        bool asked;       /* slice_guest_ask() has */
} SliceGuest;

/* From the XML of one that runs. NULL: it cannot be read. */
SliceGuest *slice_guest_new(const char *xml);
void slice_guest_free(SliceGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceGuest, slice_guest_free)

/* What is known now, in the place of what was known; no parts, where it has no slice. */
void slice_guest_look(const Manager *manager, SliceGuest *guest);
/* For what it needs of its memory, when it has a slice of that and does not tell: once for all, as
 * of the last look. */
void slice_guest_ask(const Manager *manager, SliceGuest *guest);
/* Something is done to it or to its slice, or it is on its way. */
bool slice_guest_is_busy(const Manager *manager, const SliceGuest *guest);

/* What a slice has of it, in the unit of SlicePart; 0: nothing. */
uint64_t slice_part_amount(const Slice *wish, const char *kind, const char *function);
