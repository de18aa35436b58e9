/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/tuning-draft.h"
#include "xml/ferry-error.h"

bool tuning_refuse(GError **error, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST, text);
        return false;
}

Tuning *tuning_new_set(TuningKind kind, uint64_t number, const char *set) {
        Tuning *tuning = tuning_new(kind, NULL, number, 0);

        tuning->set = g_strdup(set);
        return tuning;
}

static bool is_same_rate(const DomainRate *a, const DomainRate *b) {
        return a->average == b->average && a->peak == b->peak && a->burst == b->burst;
}

static bool is_same_bandwidth(const DomainBandwidth *a, const DomainBandwidth *b) {
        return is_same_rate(&a->inbound, &b->inbound) && is_same_rate(&a->outbound, &b->outbound) &&
               a->floor == b->floor;
}

/* The target says how, not what: it names the same in both, or is the way of the first alone. */
static bool is_same(const Tuning *a, const Tuning *b) {
        return a->kind == b->kind && a->number == b->number && a->number2 == b->number2 &&
               g_strcmp0(a->set, b->set) == 0 && is_same_bandwidth(&a->bandwidth, &b->bandwidth);
}

void tuning_draft_add(TuningDraft *draft, TuningPhase phase, Tuning *wanted, Tuning *before) {
        TuningStep *step = g_new0(TuningStep, 1);

        step->wanted = wanted;
        step->before = before;
        step->shrinks = phase == TUNING_SHRINKS;
        if (is_same(wanted, before))
                tuning_step_free(step);
        else
                g_ptr_array_add(draft->steps[phase], step);
}

static bool fill(TuningDraft *draft, GError **error) {
        return tuning_draft_devices(draft, error) && tuning_draft_cpus(draft, error) &&
               tuning_draft_memory(draft, error);
}

static GPtrArray *collect(TuningDraft *draft) {
        GPtrArray *steps = tuning_steps_new();

        for (int i = 0; i < _TUNING_PHASE_MAX; i++)
                g_ptr_array_extend_and_steal(steps, g_steal_pointer(&draft->steps[i]));
        return steps;
}

static GPtrArray *plan(TuningDraft *draft, GError **error) {
        GPtrArray *steps = NULL;

        for (int i = 0; i < _TUNING_PHASE_MAX; i++)
                draft->steps[i] = tuning_steps_new();
        if (fill(draft, error))
                steps = collect(draft);
        for (int i = 0; i < _TUNING_PHASE_MAX; i++)
                g_clear_pointer(&draft->steps[i], g_ptr_array_unref);
        return steps;
}

GPtrArray *tuning_plan(const char *xml, const SliceEntry *entry, const SliceEntry *had,
                       const ResourceMap *map, const TuningHost *host, GError **error) {
        g_autoptr(DomainTuning) now = domain_tuning_from_xml(xml, strlen(xml), error);
        g_autoptr(GPtrArray) nothing = g_ptr_array_new();
        g_autoptr(Slice) none = slice_new();
        g_autoptr(SliceHost) granted = NULL;
        g_autoptr(Domain) domain = NULL;
        TuningDraft draft = {
                .xml = xml,
                .now = now,
                .wish = entry ? entry->wish : none,
                .had = had ? had->wish : none,
                .map = map,
                .host = host,
        };

        domain = now ? domain_from_xml(xml, strlen(xml), error) : NULL;
        granted = domain ? slice_host_new(entry ? entry->grants : nothing, map, error) : NULL;
        if (!granted)
                return NULL;

        draft.domain = domain;
        draft.granted = granted;
        return plan(&draft, error);
}
