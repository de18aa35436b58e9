/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/tuning.h"

#include <inttypes.h>

#include "daemon/facts/resctrl-group.h"

#define MIB (UINT64_C(1) << 20)

bool tuning_is_kernel(TuningKind kind) {
        return kind == TUNE_VF_RATE || kind == TUNE_RESCTRL;
}

Tuning *tuning_new(TuningKind kind, const char *target, uint64_t number, uint64_t number2) {
        Tuning *tuning = g_new0(Tuning, 1);

        tuning->kind = kind;
        tuning->target = g_strdup(target);
        tuning->number = number;
        tuning->number2 = number2;
        return tuning;
}

static Tuning *tuning_copy(const Tuning *tuning) {
        Tuning *copy = g_memdup2(tuning, sizeof(*tuning));

        copy->target = g_strdup(tuning->target);
        copy->set = g_strdup(tuning->set);
        copy->element = g_strdup(tuning->element);
        return copy;
}

void tuning_free(Tuning *tuning) {
        if (!tuning)
                return;

        g_free(tuning->target);
        g_free(tuning->set);
        g_free(tuning->element);
        g_free(tuning);
}

void tuning_step_free(TuningStep *step) {
        if (!step)
                return;

        tuning_free(step->wanted);
        tuning_free(step->before);
        g_free(step);
}

GPtrArray *tuning_steps_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)tuning_step_free);
}

GPtrArray *tuning_steps_copy(const GPtrArray *steps) {
        GPtrArray *copies = tuning_steps_new();

        for (guint i = 0; i < steps->len; i++) {
                const TuningStep *step = steps->pdata[i];
                TuningStep *copy = g_memdup2(step, sizeof(*step));

                copy->wanted = tuning_copy(step->wanted);
                copy->before = tuning_copy(step->before);
                g_ptr_array_add(copies, copy);
        }
        return copies;
}

char *tuning_alias(const char *function) {
        return g_strconcat(TUNING_ALIAS_PREFIX, function, NULL);
}

char *tuning_resctrl_group(const char *domain_uuid) {
        return g_strconcat(RESCTRL_GROUP_PREFIX, domain_uuid, NULL);
}

/* In words -------------------------------------------------------------------------- */

static char *describe_size(uint64_t bytes) {
        if (bytes % MIB == 0)
                return g_strdup_printf("%" PRIu64 " MiB", bytes / MIB);
        return g_strdup_printf("%" PRIu64 " KiB", bytes / 1024);
}

/* "100 to 1000 Mbit/s": 0 is no limit. */
static char *describe_rates(uint64_t min, uint64_t max) {
        if (min > 0 && max > 0)
                return g_strdup_printf("%" PRIu64 " to %" PRIu64 " Mbit/s", min, max);
        if (min > 0)
                return g_strdup_printf("at least %" PRIu64 " Mbit/s", min);
        if (max > 0)
                return g_strdup_printf("at most %" PRIu64 " Mbit/s", max);
        return g_strdup("no limit");
}

static char *describe_disk(const Tuning *tuning) {
        g_autoptr(GString) text = g_string_new(NULL);

        if (tuning->number > 0)
                g_string_append_printf(text, " at most %" PRIu64 " bytes/s", tuning->number);
        if (tuning->number2 > 0)
                g_string_append_printf(text, "%s at most %" PRIu64 " I/O/s",
                                       text->len > 0 ? " and" : "", tuning->number2);
        return g_strdup_printf("disk %s has%s", tuning->target,
                               text->len > 0 ? text->str : " no limit");
}

static char *describe_resctrl(const Tuning *tuning) {
        if (tuning->number == 0 && tuning->number2 == 0)
                return g_strdup("it has no share of cache and memory bandwidth of its own");
        if (tuning->number == 0)
                return g_strdup_printf("it has %" PRIu64 " ways of the cache alone",
                                       tuning->number2);
        return g_strdup_printf("it has %" PRIu64 " percent of the memory bandwidth and %" PRIu64
                               " ways of the cache",
                               tuning->number, tuning->number2);
}

static char *describe_limit(const char *what, const char *which, uint64_t min, uint64_t max) {
        g_autofree char *rates = describe_rates(min, max);

        return g_strdup_printf("%s %s has %s", what, which, rates);
}

static char *describe_bandwidth(const Tuning *tuning) {
        const DomainBandwidth *bandwidth = &tuning->bandwidth;

        return describe_limit("interface", tuning->target,
                              bandwidth->floor / TUNING_KILOBYTES_A_MBIT,
                              bandwidth->outbound.average / TUNING_KILOBYTES_A_MBIT);
}

static char *describe_memory(const Tuning *tuning) {
        g_autofree char *size = describe_size(tuning->number);

        return g_strdup_printf("%s %s", tuning->element ? "its virtio-mem has" : "it has", size);
}

char *tuning_describe(const Tuning *tuning) {
        switch (tuning->kind) {
        case TUNE_VCPU_COUNT:
                return g_strdup_printf("it has %" PRIu64 " vCPUs", tuning->number);
        case TUNE_VCPU_PIN:
                return g_strdup_printf("vCPU %" PRIu64 " runs on CPUs %s", tuning->number,
                                       tuning->set);
        case TUNE_EMULATOR_PIN:
                return g_strdup_printf("the emulator runs on CPUs %s", tuning->set);
        case TUNE_IOTHREAD_PIN:
                return g_strdup_printf("I/O thread %" PRIu64 " runs on CPUs %s", tuning->number,
                                       tuning->set);
        case TUNE_CPU_SHARES:
                return g_strdup_printf("its CPU weight is %" PRIu64, tuning->number);
        case TUNE_NUMA_NODES:
                return g_strdup_printf("its memory is on NUMA nodes %s", tuning->set);
        case TUNE_MEMORY:
                return describe_memory(tuning);
        case TUNE_BLOCK_WEIGHT:
                return g_strdup_printf("its I/O weight is %" PRIu64, tuning->number);
        case TUNE_BLOCK_LIMIT:
                return describe_disk(tuning);
        case TUNE_INTERFACE_LIMIT:
                return describe_bandwidth(tuning);
        case TUNE_VF_RATE:
                return describe_limit("VF", tuning->target, tuning->number, tuning->number2);
        case TUNE_RESCTRL:
                return describe_resctrl(tuning);
        case TUNE_PLUG:
                return g_strdup_printf("%s is plugged in", tuning->target);
        case TUNE_UNPLUG:
                return g_strdup_printf("%s is unplugged", tuning->target);
        case _TUNING_KIND_MAX:
                break;
        }
        g_assert_not_reached();
}
