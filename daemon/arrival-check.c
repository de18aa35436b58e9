/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/arrival-check.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/facts/host-memory.h"
#include "daemon/facts/memory-node.h"
#include "daemon/hook-slice.h"
#include "xml/domain-demand.h"

typedef struct Arrival {
        GPtrArray *findings;
        const Manager *manager;
        const HostState *state;
        const Domain *domain;
        const DomainDemand *demand;
        const GPtrArray *answers;
        HostMemory memory; /* all 0: not known */
        NumberSet cpus, nodes;
        bool cpus_known, nodes_known;
        const Slice *refused; /* of what it asks for the domain has another host's; NULL */
} Arrival;

static uint64_t to_mib(uint64_t kib) {
        return (kib + 1023) / 1024;
}

/* Memory --------------------------------------------------------------------------- */

static const NumberSet *strict_nodes(const Arrival *arrival) {
        const DomainDemand *demand = arrival->demand;

        return demand->strict && number_set_count(&demand->nodes) > 0 ? &demand->nodes : NULL;
}

static void check_pages(const Arrival *arrival, const DemandPages *pages) {
        uint64_t size = pages->page_kib > 0 ? pages->page_kib : arrival->memory.hugepage_kib;
        const NumberSet *nodes = strict_nodes(arrival);
        uint64_t wanted = size > 0 ? (pages->memory_kib + size - 1) / size : 0, there;
        g_autofree char *where = nodes ? number_set_to_text(nodes) : NULL;

        if (size == 0) {
                findings_add(arrival->findings, FINDING_ERROR, "hugepages",
                             "The guest needs hugepages, and this kernel has none: boot one with "
                             "CONFIG_HUGETLBFS");
                return;
        }

        there = memory_nodes_free_pages(arrival->manager->sysfs, size, nodes);
        if (there < wanted)
                findings_add(arrival->findings, FINDING_ERROR, "hugepages",
                             "The guest needs %" PRIu64 " hugepages of %" PRIu64
                             " KiB%s%s, and %" PRIu64 " are free: write a larger number to "
                             "nr_hugepages below /sys/devices/system/node, or choose another host",
                             wanted, size, where ? " on NUMA node " : "", where ?: "", there);
}

/* VFIO has all of it pinned when the guest comes, where others take it bit by bit. */
static void check_ordinary(const Arrival *arrival, uint64_t kib) {
        const HostMemory *host = &arrival->memory;
        bool pinned = arrival->domain->devices->len > 0;

        if (host->available_kib == 0 || kib <= host->available_kib)
                return;

        findings_add(arrival->findings,
                     pinned && kib > host->available_kib + host->swap_kib ? FINDING_ERROR
                                                                          : FINDING_WARNING,
                     "memory",
                     "The guest has %" PRIu64 " MiB of memory, and this host has %" PRIu64
                     " MiB available: free some, or choose another host",
                     to_mib(kib), host->available_kib / 1024);
}

static void check_memory(const Arrival *arrival) {
        uint64_t ordinary = arrival->demand->memory_kib;

        for (guint i = 0; i < arrival->demand->pages->len; i++) {
                const DemandPages *pages = &g_array_index(arrival->demand->pages, DemandPages, i);

                check_pages(arrival, pages);
                ordinary -= MIN(ordinary, pages->memory_kib);
        }
        check_ordinary(arrival, ordinary);
}

/* CPUs and nodes ------------------------------------------------------------------- */

static void check_cpus(const Arrival *arrival) {
        const DomainDemand *demand = arrival->demand;
        NumberSet missing = number_set_without(&demand->cpus, &arrival->cpus);
        unsigned there = number_set_count(&arrival->cpus);
        g_autofree char *text = number_set_to_text(&missing), *has = NULL;

        if (!arrival->cpus_known || (arrival->refused && arrival->refused->cores.count > 0))
                return;

        if (*text) {
                has = number_set_to_text(&arrival->cpus);
                findings_add(arrival->findings, FINDING_ERROR, "cpus",
                             "The domain pins the guest to CPU %s, which this host does not have "
                             "online (it has %s), and libvirt refuses it: change <cpuset> and "
                             "<cputune>, by 'virsh migrate --xml' for the move alone",
                             text, has);
        }
        if (demand->vcpus > there)
                findings_add(arrival->findings, FINDING_WARNING, "cpus",
                             "The guest has %u CPUs, and this host has %u online, so it will run "
                             "slower here: choose another host, or take CPUs from the guest",
                             demand->vcpus, there);
}

static void check_nodes(const Arrival *arrival) {
        NumberSet missing = number_set_without(&arrival->demand->nodes, &arrival->nodes);
        g_autofree char *text = number_set_to_text(&missing), *has = NULL;

        if (!arrival->nodes_known || (arrival->refused && arrival->refused->memory.size > 0) ||
            !*text)
                return;

        has = number_set_to_text(&arrival->nodes);
        findings_add(
                arrival->findings, FINDING_ERROR, "numa",
                "The domain puts its memory on NUMA node %s, which this host does not have (it "
                "has %s), and libvirt refuses it: change <numatune>, by 'virsh migrate --xml' "
                "for the move alone",
                text, has);
}

/* Devices -------------------------------------------------------------------------- */

/* The device that the guest would get, or its parent where it is to be made; NULL: not ours. */
static const Device *candidate_of(const Arrival *arrival, const Answer *answer) {
        const char *id = answer->make ? answer->parent : answer->source ?: answer->device->source;

        if (!answer->ok || answer->foreign || !id)
                return NULL;
        return inventory_find(arrival->manager->inventory, id);
}

static void check_distance(const Arrival *arrival, const Answer *answer, const Device *device) {
        const NumberSet *nodes = &arrival->demand->nodes;
        g_autofree char *text = number_set_to_text(nodes);

        if (!*text || device->numa_node < 0 || number_set_has(nodes, (unsigned)device->numa_node))
                return;

        findings_add(arrival->findings, FINDING_WARNING, answer->name,
                     "It would get %s on NUMA node %d, and its memory is on node %s, so it will be "
                     "slower: free a device on that node, or change <numatune>",
                     answer->make ? "one made below" : device->id, device->numa_node, text);
}

static Version kernel_version(const Sysfs *sysfs) {
        g_autofree char *release = NULL;
        Version version = { 0 };

        if (sysfs_read_string(sysfs, "proc/sys/kernel/osrelease", &release) >= 0)
                (void)version_from_text(release, &version);
        return version;
}

/* A driver that has told what it can needs no rule. */
static void check_kernel(const Arrival *arrival, const Answer *answer, const Device *device) {
        const CompatRule *rule = compat_find(arrival->manager->config->compat, device->fingerprint);
        Version kernel = kernel_version(arrival->manager->sysfs);
        char have[VERSION_STRING_MAX], want[VERSION_STRING_MAX];

        if (device->fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN || !version_is_set(&kernel) ||
            version_compare(&kernel, &rule->kernel_min) >= 0)
                return;

        findings_add(arrival->findings, FINDING_ERROR, answer->name,
                     "Kernel %s is too old for %s to load its state: boot %s or newer",
                     version_to_string(&kernel, have), device->fingerprint->driver ?: "its driver",
                     version_to_string(&rule->kernel_min, want));
}

/* What the source says cannot migrate is unplugged for the move, as what is in a team. */
static bool brings_state(const Domain *domain, const DomainDevice *device) {
        const MetadataDevice *entry = NULL;

        if (domain->metadata)
                entry = metadata_find(domain->metadata, device->address, device->alias);
        return domain_device_brings_state(device) &&
               !(entry && entry->seen && entry->seen->vfio_caps == 0);
}

static void check_devices(const Arrival *arrival) {
        for (guint i = 0; i < arrival->answers->len; i++) {
                const Answer *answer = arrival->answers->pdata[i];
                const Device *device = candidate_of(arrival, answer);

                if (!device)
                        continue;
                check_distance(arrival, answer, device);
                if (brings_state(arrival->domain, answer->device))
                        check_kernel(arrival, answer, device);
        }
}

/* The whole ------------------------------------------------------------------------ */

static HostGuest host_guest(const Arrival *arrival) {
        HostGuest guest = { 0 };

        for (guint i = 0; i < arrival->answers->len; i++) {
                const Answer *answer = arrival->answers->pdata[i];
                const Device *device = candidate_of(arrival, answer);

                guest.has_device = true;
                guest.brings_state = guest.brings_state ||
                                     brings_state(arrival->domain, answer->device);
                guest.lacks_iommu = guest.lacks_iommu ||
                                    (device && device->role == DEVICE_ROLE_FUNCTION &&
                                     device->iommu_group < 0);
        }
        return guest;
}

static void check(Arrival *arrival) {
        const Sysfs *sysfs = arrival->manager->sysfs;
        const HostGuest guest = host_guest(arrival);

        (void)host_memory_read(sysfs,
                               &arrival->memory); /* what is not known is not held against it */
        arrival->cpus_known = host_cpus_read(sysfs, &arrival->cpus) >= 0;
        arrival->nodes_known = host_nodes_read(sysfs, &arrival->nodes) >= 0;

        host_check_guest(arrival->findings, arrival->manager, arrival->state, &guest);
        check_memory(arrival);
        check_cpus(arrival);
        check_nodes(arrival);
        check_devices(arrival);
}

static const Slice *slice_of(const Domain *domain) {
        return domain->metadata ? domain->metadata->slice : NULL;
}

GPtrArray *arrival_check(Manager *manager, const HostState *state, const char *xml,
                         GError **error) {
        g_autoptr(GPtrArray) findings = findings_new(), answers = NULL;
        g_autoptr(DomainDemand) demand = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autofree char *fitted = NULL;

        answers = manager_check_domain(manager, xml, &domain, error);
        if (!answers)
                return NULL;

        fitted = hook_slice_preview(manager, domain, xml, answers, NULL);
        demand = domain_demand_from_xml(fitted ?: xml, strlen(fitted ?: xml), error);
        if (!demand)
                return NULL;

        check(&(Arrival){ .findings = findings,
                          .manager = manager,
                          .state = state,
                          .domain = domain,
                          .demand = demand,
                          .answers = answers,
                          .refused = fitted ? NULL : slice_of(domain) });
        return g_steal_pointer(&findings);
}
