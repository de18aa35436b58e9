/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/tuning-draft.h"
#include "xml/ferry-error.h"

#define WEIGHT_MAX 10000u /* of cpu.weight; Documentation/admin-guide/cgroup-v2.rst */

/* CPUs of the host ------------------------------------------------------------------- */

static void read_set(const Resource *resource, const char *key, NumberSet *ret_set) {
        const char *text = resource_attribute(resource, key);

        *ret_set = (NumberSet){ 0 };
        if (text)
                (void)number_set_from_text(text, ret_set);
}

/* Where whoever has no word may run: the isolated ones are nobody's by default. */
static char *all_cpus(const TuningDraft *draft) {
        const Resource *host = resource_map_find(draft->map, "host");
        NumberSet cpus, isolated, open;

        read_set(host, "cpus", &cpus);
        read_set(host, "cpus-isolated", &isolated);
        open = number_set_without(&cpus, &isolated);
        return number_set_to_text(number_set_count(&open) > 0 ? &open : &cpus);
}

/* Those of the cores that were granted, core by core: threads of one stand beside each other. */
static bool list_cpus(const TuningDraft *draft, GArray *ret_cpus, NumberSet *ret_all,
                      GError **error) {
        *ret_all = (NumberSet){ 0 };
        for (guint i = 0; i < draft->grants->len; i++) {
                const SliceGrant *grant = draft->grants->pdata[i];
                const Resource *core = resource_map_find(draft->map, grant->resource);
                NumberSet cpus;

                if (!g_str_equal(grant->part, "cores"))
                        continue;
                if (!core) {
                        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                                    "%s is not on this host any more: ask for the hardware slice "
                                    "again",
                                    grant->resource);
                        return false;
                }

                read_set(core, "cpus", &cpus);
                number_set_add(ret_all, &cpus);
                for (unsigned cpu = number_set_next(&cpus, 0); cpu < NUMBER_SET_MAX;
                     cpu = number_set_next(&cpus, cpu + 1))
                        g_array_append_val(ret_cpus, cpu);
        }
        return true;
}

/* Thousandths of a CPU. */
static uint64_t granted_time(const TuningDraft *draft) {
        uint64_t sum = 0;

        for (guint i = 0; i < draft->grants->len; i++) {
                const SliceGrant *grant = draft->grants->pdata[i];

                sum += g_str_equal(grant->part, "cores") ? grant->amount : 0;
        }
        return sum;
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

static void add_weight(TuningDraft *draft, uint64_t weight) {
        uint64_t present = draft->now->shares ?: TUNING_WEIGHT;

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
                add_weight(draft, TUNING_WEIGHT);
        return true;
}

/* All of them on all of the slice's CPUs; how much of each is the guest's is a matter of weight. */
static bool pin_shared(TuningDraft *draft, const char *set, const char *all, GError **error) {
        uint64_t granted = granted_time(draft);
        unsigned count = draft->wish->cores.count;

        if (!check_count(draft->now, count, error))
                return false;

        add_count(draft, count);
        for (unsigned i = 0; i < count; i++)
                add_pin(draft, i, set, all);
        add_weight(draft, CLAMP(granted * TUNING_WEIGHT / SLICE_SHARE_FULL, 1, WEIGHT_MAX));
        return true;
}

static void unpin(TuningDraft *draft, const char *all) {
        for (unsigned i = 0; i < draft->now->vcpus; i++)
                add_pin(draft, i, all, all);
        add_emulator(draft, all, all);
        add_weight(draft, TUNING_WEIGHT);
}

bool tuning_draft_cpus(TuningDraft *draft, GError **error) {
        g_autoptr(GArray) cpus = g_array_new(false, false, sizeof(unsigned));
        g_autofree char *all = all_cpus(draft), *set = NULL;
        NumberSet granted;

        if (!list_cpus(draft, cpus, &granted, error))
                return false;
        if (cpus->len == 0) {
                if (draft->had->cores.count > 0)
                        unpin(draft, all);
                return true;
        }

        set = number_set_to_text(&granted);
        add_emulator(draft, set, all);
        return draft->wish->cores.exclusive ? pin_alone(draft, cpus, all, error)
                                            : pin_shared(draft, set, all, error);
}
