/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A plan of tuning while it is made. For tuning-*.c only. */

#include "daemon/core/slice-host.h"
#include "daemon/core/tuning.h"
#include "xml/domain-tuning.h"
#include "xml/domain.h"

typedef enum TuningPhase {
        TUNING_GROWS,
        TUNING_MOVES,
        TUNING_SHRINKS,
        _TUNING_PHASE_MAX,
} TuningPhase;

typedef struct TuningDraft {
        const char *xml;
        const DomainTuning *now;
        const Domain *domain;
        const Slice *wish, *had; /* never NULL; empty ones where there is none */
        const SliceHost *granted;
        const ResourceMap *map;
        const TuningHost *host;
        bool memory_moves; /* to other nodes */
        GPtrArray *steps[_TUNING_PHASE_MAX];
} TuningDraft;

/* Takes both. No step when they are the same. */
void tuning_draft_add(TuningDraft *draft, TuningPhase phase, Tuning *wanted, Tuning *before);
/* Where whoever has no word may run: the isolated ones are nobody's by default. Not `away` either
 * (NULL: none), unless nothing is left then. Free it. */
char *tuning_all_cpus(const ResourceMap *map, const NumberSet *away);
Tuning *tuning_new_set(TuningKind kind, uint64_t number, const char *set);
/* FERRY_ERROR_INVALID_REQUEST; always false. */
bool tuning_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

bool tuning_draft_cpus(TuningDraft *draft, GError **error);
bool tuning_draft_memory(TuningDraft *draft, GError **error);
bool tuning_draft_devices(TuningDraft *draft, GError **error);
