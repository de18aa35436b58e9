/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/tuning-draft.h"

/* CPUs of the host ------------------------------------------------------------------- */

static void read_set(const Resource *resource, const char *key, NumberSet *ret_set) {
        const char *text = resource_attribute(resource, key);

        *ret_set = (NumberSet){ 0 };
        if (text)
                (void)number_set_from_text(text, ret_set);
}

static NumberSet without(const NumberSet *set, const NumberSet *other) {
        NumberSet left = number_set_without(set, other);

        return number_set_count(&left) > 0 ? left : *set;
}

char *tuning_all_cpus(const ResourceMap *map, const NumberSet *away) {
        const Resource *host = resource_map_find(map, "host");
        NumberSet cpus, isolated, open;

        read_set(host, "cpus", &cpus);
        read_set(host, "cpus-isolated", &isolated);
        open = without(&cpus, &isolated);
        if (away)
                open = without(&open, away);
        return number_set_to_text(&open);
}

/* vCPUs ----------------------------------------------------------------------------- */

static bool check_count(const DomainTuning *now, unsigned wanted, GError **error) {
        if (wanted > now->vcpus_max)
                return tuning_refuse(error,
                                     "Guest %s can have %u vCPUs while it runs, not %u: raise "
                                     "<vcpu> in its definition and start it again",
                                     now->name, now->vcpus_max, wanted);
        if (wanted < now->vcpus && wanted < now->vcpus_fixed)
                return tuning_refuse(error,
                                     "Guest %s has booted with %u vCPUs that cannot be unplugged, "
                                     "and is to have %u: define it with <vcpu current='%u'> and "
                                     "start it again",
                                     now->name, now->vcpus_fixed, wanted, wanted);
        return true;
}

static void add_count(TuningDraft *draft, unsigned wanted) {
        tuning_draft_add(draft, wanted > draft->now->vcpus ? TUNING_GROWS : TUNING_SHRINKS,
                         tuning_new(TUNE_VCPU_COUNT, NULL, wanted, 0),
                         tuning_new(TUNE_VCPU_COUNT, NULL, draft->now->vcpus, 0));
}

static void add_pin(TuningDraft *draft, unsigned vcpu, const char *set, const char *all) {
        const DomainTuning *now = draft->now;
        const char *present = now->pins->pdata[vcpu] ?: now->cpuset ?: all;

        tuning_draft_add(draft, TUNING_MOVES, tuning_new_set(TUNE_VCPU_PIN, vcpu, set),
                         tuning_new_set(TUNE_VCPU_PIN, vcpu, present));
}

static void add_emulator(TuningDraft *draft, const char *set, const char *all) {
        const DomainTuning *now = draft->now;

        tuning_draft_add(draft, TUNING_MOVES, tuning_new_set(TUNE_EMULATOR_PIN, 0, set),
                         tuning_new_set(TUNE_EMULATOR_PIN, 0, now->emulator ?: now->cpuset ?: all));
}

static void add_iothreads(TuningDraft *draft, const char *set, const char *all) {
        const DomainTuning *now = draft->now;

        for (guint i = 0; i < now->iothreads->len; i++) {
                const DomainIoThread *iothread = now->iothreads->pdata[i];
                const char *present = iothread->pin ?: now->cpuset ?: all;

                tuning_draft_add(draft, TUNING_MOVES,
                                 tuning_new_set(TUNE_IOTHREAD_PIN, iothread->id, set),
                                 tuning_new_set(TUNE_IOTHREAD_PIN, iothread->id, present));
        }
}

static void add_weight(TuningDraft *draft, uint64_t weight) {
        uint64_t present = draft->now->shares ?: SLICE_HOST_WEIGHT;

        tuning_draft_add(draft, weight > present ? TUNING_GROWS : TUNING_SHRINKS,
                         tuning_new(TUNE_CPU_SHARES, NULL, weight, 0),
                         tuning_new(TUNE_CPU_SHARES, NULL, present, 0));
}

/* Each vCPU has a thread of the host to itself. */
static bool pin_alone(TuningDraft *draft, const GArray *cpus, const char *all, GError **error) {
        if (!check_count(draft->now, cpus->len, error))
                return false;

        add_count(draft, cpus->len);
        for (guint i = 0; i < cpus->len; i++) {
                g_autofree char *set = g_strdup_printf("%u", g_array_index(cpus, unsigned, i));

                add_pin(draft, i, set, all);
        }
        if (draft->had->cores.count > 0 && !draft->had->cores.exclusive)
                add_weight(draft, SLICE_HOST_WEIGHT);
        return true;
}

/* All of them on all of the slice's CPUs; how much of each is the guest's is a matter of weight. */
static bool pin_shared(TuningDraft *draft, const SliceHost *granted, const char *all,
                       GError **error) {
        g_autofree char *set = number_set_to_text(&granted->all);
        unsigned count = draft->wish->cores.count;

        if (!check_count(draft->now, count, error))
                return false;

        add_count(draft, count);
        for (unsigned i = 0; i < count; i++)
                add_pin(draft, i, set, all);
        add_weight(draft, slice_host_weight(granted));
        return true;
}

static void unpin(TuningDraft *draft, const char *all) {
        g_autofree char *open = tuning_all_cpus(draft->map, draft->host->away);

        for (unsigned i = 0; i < draft->now->vcpus; i++)
                add_pin(draft, i, open, all);
        add_emulator(draft, open, all);
        add_iothreads(draft, open, all);
        add_weight(draft, SLICE_HOST_WEIGHT);
}

bool tuning_draft_cpus(TuningDraft *draft, GError **error) {
        const SliceHost *granted = draft->granted;
        g_autofree char *all = tuning_all_cpus(draft->map, NULL), *set = NULL;

        if (granted->cpus->len == 0) {
                if (draft->had->cores.count > 0)
                        unpin(draft, all);
                return true;
        }

        set = number_set_to_text(&granted->all);
        add_emulator(draft, set, all);
        add_iothreads(draft, set, all);
        return draft->wish->cores.exclusive ? pin_alone(draft, granted->cpus, all, error)
                                            : pin_shared(draft, granted, all, error);
}
