/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-tuning.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "daemon/edges/virt-parting.h"
#include "xml/domain.h"
#include "xml/number-set.h"

typedef struct Params {
        virTypedParameterPtr list;
        int n, n_max;
} Params;

static void params_clear(Params *params) {
        virTypedParamsFree(params->list, params->n);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Params, params_clear)

/* Every call of libvirt forgets its last words. */
static char *result(int r) {
        return r >= 0 ? NULL : g_strdup(virGetLastErrorMessage() ?: "libvirt gives no reason");
}

static int add_uint(Params *params, const char *name, uint64_t value) {
        return virTypedParamsAddUInt(&params->list, &params->n, &params->n_max, name,
                                     (unsigned)MIN(value, G_MAXUINT));
}

static int add_ullong(Params *params, const char *name, uint64_t value) {
        return virTypedParamsAddULLong(&params->list, &params->n, &params->n_max, name, value);
}

/* CPUs ------------------------------------------------------------------------------ */

/* Bit 0 of the first byte is CPU 0. */
static GByteArray *cpu_map(const char *text) {
        GByteArray *map = g_byte_array_new();
        NumberSet set = { 0 };

        (void)number_set_from_text(text, &set);
        for (unsigned cpu = number_set_next(&set, 0); cpu < NUMBER_SET_MAX;
             cpu = number_set_next(&set, cpu + 1)) {
                while (map->len <= cpu / 8)
                        g_byte_array_append(map, (const guint8 *)"", 1);
                map->data[cpu / 8] |= (guint8)(1u << (cpu % 8));
        }
        return map;
}

/* Without flags it is the guest that runs, and the test driver knows none. */
static int pin_vcpu(virDomainPtr domain, const Tuning *tuning) {
        g_autoptr(GByteArray) map = cpu_map(tuning->set);

        return virDomainPinVcpu(domain, (unsigned)tuning->number, map->data, (int)map->len);
}

static int pin_emulator(virDomainPtr domain, const Tuning *tuning) {
        g_autoptr(GByteArray) map = cpu_map(tuning->set);

        return virDomainPinEmulator(domain, map->data, (int)map->len, VIR_DOMAIN_AFFECT_LIVE);
}

static int pin_iothread(virDomainPtr domain, const Tuning *tuning) {
        g_autoptr(GByteArray) map = cpu_map(tuning->set);

        return virDomainPinIOThread(domain, (unsigned)tuning->number, map->data, (int)map->len,
                                    VIR_DOMAIN_AFFECT_LIVE);
}

static int set_shares(virDomainPtr domain, const Tuning *tuning) {
        g_auto(Params) params = { 0 };

        if (add_ullong(&params, VIR_DOMAIN_SCHEDULER_CPU_SHARES, tuning->number) < 0)
                return -1;
        return virDomainSetSchedulerParametersFlags(domain, params.list, params.n,
                                                    VIR_DOMAIN_AFFECT_LIVE);
}

/* Memory ----------------------------------------------------------------------------- */

static int set_nodes(virDomainPtr domain, const Tuning *tuning) {
        g_auto(Params) params = { 0 };

        if (virTypedParamsAddString(&params.list, &params.n, &params.n_max, VIR_DOMAIN_NUMA_NODESET,
                                    tuning->set) < 0)
                return -1;
        if (g_strcmp0(tuning->target, "restrictive") == 0 &&
            virTypedParamsAddInt(&params.list, &params.n, &params.n_max, VIR_DOMAIN_NUMA_MODE,
                                 VIR_DOMAIN_NUMATUNE_MEM_RESTRICTIVE) < 0)
                return -1;
        return virDomainSetNumaParameters(domain, params.list, params.n, VIR_DOMAIN_AFFECT_LIVE);
}

/* libnuma counts the nodes once, when libvirt's daemon starts (virNumaNodesetIsAvailable()). */
static char *nodes_result(int r) {
        g_autofree char *words = result(r);

        if (!words || virGetLastErrorCode() != VIR_ERR_CONFIG_UNSUPPORTED)
                return g_steal_pointer(&words);
        return g_strconcat(words,
                           " (libvirt knows no node that has come after its daemon was started: "
                           "'systemctl restart libvirtd')",
                           NULL);
}

static int set_memory(virDomainPtr domain, const Tuning *tuning) {
        if (tuning->element)
                return virDomainUpdateDeviceFlags(domain, tuning->element, VIR_DOMAIN_AFFECT_LIVE);
        return virDomainSetMemoryFlags(domain, tuning->number / 1024, VIR_DOMAIN_AFFECT_LIVE);
}

/* Disks and interfaces -------------------------------------------------------------- */

static int set_block_weight(virDomainPtr domain, const Tuning *tuning) {
        g_auto(Params) params = { 0 };

        if (add_uint(&params, VIR_DOMAIN_BLKIO_WEIGHT, tuning->number) < 0)
                return -1;
        return virDomainSetBlkioParameters(domain, params.list, params.n, VIR_DOMAIN_AFFECT_LIVE);
}

static int set_block_limit(virDomainPtr domain, const Tuning *tuning) {
        g_auto(Params) params = { 0 };

        if (add_ullong(&params, VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC, tuning->number) < 0 ||
            add_ullong(&params, VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC, tuning->number2) < 0)
                return -1;
        return virDomainSetBlockIoTune(domain, tuning->target, params.list, params.n,
                                       VIR_DOMAIN_AFFECT_LIVE);
}

static bool add_rates(Params *params, const DomainBandwidth *bandwidth) {
        const struct {
                const char *name;
                unsigned value;
        } rates[] = {
                { VIR_DOMAIN_BANDWIDTH_IN_AVERAGE, bandwidth->inbound.average },
                { VIR_DOMAIN_BANDWIDTH_IN_PEAK, bandwidth->inbound.peak },
                { VIR_DOMAIN_BANDWIDTH_IN_BURST, bandwidth->inbound.burst },
                { VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE, bandwidth->outbound.average },
                { VIR_DOMAIN_BANDWIDTH_OUT_PEAK, bandwidth->outbound.peak },
                { VIR_DOMAIN_BANDWIDTH_OUT_BURST, bandwidth->outbound.burst },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rates); i++)
                if (add_uint(params, rates[i].name, rates[i].value) < 0)
                        return false;
        return true;
}

/* A floor is told only where there is one: other kinds of interfaces refuse the word. 0 ends a
 * limit. */
static int set_interface_limit(virDomainPtr domain, const Tuning *tuning) {
        const DomainBandwidth *bandwidth = &tuning->bandwidth;
        g_auto(Params) params = { 0 };

        if (!add_rates(&params, bandwidth))
                return -1;
        if (bandwidth->floor > 0 &&
            add_uint(&params, VIR_DOMAIN_BANDWIDTH_IN_FLOOR, bandwidth->floor) < 0)
                return -1;
        return virDomainSetInterfaceParameters(domain, tuning->target, params.list, params.n,
                                               VIR_DOMAIN_AFFECT_LIVE);
}

/* Devices ---------------------------------------------------------------------------- */

static char *await_parting(Parting *parting, const Tuning *tuning) {
        switch (parting_wait(parting, VIRT_TUNING_UNPLUG_MS)) {
        case PARTING_REMOVED:
                return NULL;
        case PARTING_REFUSED:
                return g_strdup_printf("The guest refuses to let go of %s", tuning->target);
        case PARTING_OVERDUE:
                return g_strdup_printf("The guest did not let go of %s within %u s: its driver for "
                                       "PCI hotplug may be missing",
                                       tuning->target, VIRT_TUNING_UNPLUG_MS / 1000);
        }
        g_assert_not_reached();
}

/* libvirt answers when it has asked the guest, which takes its time. */
static char *unplug(virDomainPtr domain, const Tuning *tuning) {
        g_autoptr(Parting) parting = parting_new();
        g_autoptr(DomainDevice) device = NULL;
        int removed, refused;
        char *trouble;

        device = domain_device_from_xml(tuning->element, strlen(tuning->element), NULL);
        if (!device || !device->alias)
                return g_strdup("Its element has no alias to find it by");

        removed = parting_watch(parting, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                                VIR_DOMAIN_EVENT_CALLBACK(parting_on_removed));
        refused = parting_watch(parting, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
                                VIR_DOMAIN_EVENT_CALLBACK(parting_on_refused));
        parting_expect(parting, device->alias);
        trouble = result(virDomainDetachDeviceAlias(domain, device->alias, VIR_DOMAIN_AFFECT_LIVE));
        if (!trouble)
                trouble = await_parting(parting, tuning);
        parting_unwatch(domain, removed);
        parting_unwatch(domain, refused);
        return trouble;
}

char *virt_tuning_apply(virDomainPtr domain, const Tuning *tuning) {
        switch (tuning->kind) {
        case TUNE_VCPU_COUNT:
                return result(virDomainSetVcpusFlags(domain, (unsigned)tuning->number,
                                                     VIR_DOMAIN_AFFECT_LIVE));
        case TUNE_VCPU_PIN:
                return result(pin_vcpu(domain, tuning));
        case TUNE_EMULATOR_PIN:
                return result(pin_emulator(domain, tuning));
        case TUNE_IOTHREAD_PIN:
                return result(pin_iothread(domain, tuning));
        case TUNE_CPU_SHARES:
                return result(set_shares(domain, tuning));
        case TUNE_NUMA_NODES:
                return nodes_result(set_nodes(domain, tuning));
        case TUNE_MEMORY:
                return result(set_memory(domain, tuning));
        case TUNE_BLOCK_WEIGHT:
                return result(set_block_weight(domain, tuning));
        case TUNE_BLOCK_LIMIT:
                return result(set_block_limit(domain, tuning));
        case TUNE_INTERFACE_LIMIT:
                return result(set_interface_limit(domain, tuning));
        case TUNE_PLUG:
                return result(virDomainAttachDeviceFlags(domain, tuning->element,
                                                         VIR_DOMAIN_AFFECT_LIVE));
        case TUNE_UNPLUG:
                return unplug(domain, tuning);
        case TUNE_VF_RATE:
        case TUNE_RESCTRL:
        case _TUNING_KIND_MAX:
                return NULL;
        }
        g_assert_not_reached();
}
