/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "daemon/core/tuning-draft.h"

#define MIB (UINT64_C(1) << 20)

/* Nodes ------------------------------------------------------------------------------ */

static char *all_nodes(const TuningDraft *draft) {
        const GPtrArray *resources = resource_map_list(draft->map);
        NumberSet nodes = { 0 };

        for (guint i = 0; i < resources->len; i++) {
                const Resource *resource = resources->pdata[i];

                if (resource->kind == RESOURCE_MEMORY)
                        (void)slice_host_add_node(draft->map, resource->id, &nodes);
        }
        return number_set_to_text(&nodes);
}

/* libvirt writes cpuset.mems, and the kernel moves the pages along: not those that VFIO has pinned,
 * which stay where they are until the guest is started again. With mode 'strict' QEMU may have
 * bound its memory by itself, so newer versions of libvirt change the nodes of 'restrictive' alone,
 * and say so; 'interleave' and 'preferred' it has never changed. Where nothing was said the mode is
 * ours to choose. Source: qemuDomainSetNumaParamsLive(). */
static bool add_nodes(TuningDraft *draft, const char *wanted, const char *all, GError **error) {
        const DomainTuning *now = draft->now;
        const char *present = now->nodes ?: all, *mode = now->numa_mode;
        Tuning *tuning;

        if (g_str_equal(wanted, present))
                return true;
        if (mode && !g_str_equal(mode, "strict") && !g_str_equal(mode, "restrictive"))
                return tuning_refuse(error,
                                     "Memory of guest %s is on NUMA nodes %s with mode '%s', which "
                                     "is not changed while it runs: define its <numatune> with "
                                     "mode 'restrictive' and start it again",
                                     now->name, present, mode);

        draft->memory_moves = true;
        tuning = tuning_new_set(TUNE_NUMA_NODES, 0, wanted);
        tuning->target = mode ? NULL : g_strdup("restrictive");
        tuning_draft_add(draft, TUNING_MOVES, tuning, tuning_new_set(TUNE_NUMA_NODES, 0, present));
        return true;
}

static bool draft_nodes(TuningDraft *draft, GError **error) {
        g_autofree char *all = all_nodes(draft), *wanted = NULL;
        const NumberSet *nodes = &draft->granted->nodes;

        if (number_set_count(nodes) == 0)
                return draft->had->memory.size == 0 || add_nodes(draft, all, all, error);

        wanted = number_set_to_text(nodes);
        return add_nodes(draft, wanted, all, error);
}

/* Size ------------------------------------------------------------------------------- */

/* What QEMU was started with it keeps. */
static bool check_pages(const TuningDraft *draft, GError **error) {
        uint64_t wanted = draft->wish->memory.page_kib;
        const DomainTuning *now = draft->now;

        if (wanted == 0 || (now->hugepages && (now->page_kib == 0 || now->page_kib == wanted)))
                return true;
        return tuning_refuse(error,
                             "The memory of guest %s is not in pages of %" PRIu64
                             " KiB: define it with <memoryBacking><hugepages><page size='%" PRIu64
                             "'/></hugepages></memoryBacking> and start it again",
                             now->name, wanted, wanted);
}

/* A node that is left has to lose less of a guest that has shrunk before. */
static TuningPhase phase_of(const TuningDraft *draft, uint64_t present, uint64_t wanted) {
        return wanted > present || draft->memory_moves ? TUNING_GROWS : TUNING_SHRINKS;
}

static Tuning *virtio_mem_tuning(const DomainVirtioMem *virtio_mem, uint64_t requested) {
        Tuning *tuning = tuning_new(TUNE_MEMORY, NULL, requested, 0);

        tuning->element = domain_virtio_mem_with(virtio_mem, requested);
        return tuning;
}

static bool draft_virtio_mem(TuningDraft *draft, uint64_t wanted, GError **error) {
        const DomainVirtioMem *virtio_mem = draft->now->virtio_mem;
        uint64_t base = draft->now->memory_max, block = MAX(virtio_mem->block, 1), requested;

        requested = (wanted - MIN(base, wanted) + block - 1) / block * block;
        if (wanted < base || requested > virtio_mem->size)
                return tuning_refuse(error,
                                     "Guest %s has %" PRIu64 " MiB of memory and up to %" PRIu64
                                     " MiB of virtio-mem, so it cannot have %" PRIu64
                                     " MiB while it runs: change its definition and start it again",
                                     draft->now->name, base / MIB, virtio_mem->size / MIB,
                                     wanted / MIB);

        tuning_draft_add(draft, phase_of(draft, virtio_mem->requested, requested),
                         virtio_mem_tuning(virtio_mem, requested),
                         virtio_mem_tuning(virtio_mem, virtio_mem->requested));
        return true;
}

static bool draft_balloon(TuningDraft *draft, uint64_t wanted, GError **error) {
        const DomainTuning *now = draft->now;

        if (wanted == now->memory)
                return true;
        if (wanted > now->memory_max)
                return tuning_refuse(error,
                                     "Guest %s can have %" PRIu64 " MiB of memory while it runs, "
                                     "not %" PRIu64 ": raise <memory> in its definition, or add a "
                                     "virtio-mem device, and start it again",
                                     now->name, now->memory_max / MIB, wanted / MIB);
        if (!now->balloon)
                return tuning_refuse(error,
                                     "Guest %s has no memory balloon and no virtio-mem, so it "
                                     "keeps its %" PRIu64 " MiB: add one to its definition and "
                                     "start it again",
                                     now->name, now->memory / MIB);

        tuning_draft_add(draft, phase_of(draft, now->memory, wanted),
                         tuning_new(TUNE_MEMORY, NULL, wanted, 0),
                         tuning_new(TUNE_MEMORY, NULL, now->memory, 0));
        return true;
}

bool tuning_draft_memory(TuningDraft *draft, GError **error) {
        uint64_t wanted = draft->wish->memory.size;

        if (!draft_nodes(draft, error))
                return false;
        if (wanted == 0)
                return true;
        if (!check_pages(draft, error))
                return false;
        return draft->now->virtio_mem ? draft_virtio_mem(draft, wanted, error)
                                      : draft_balloon(draft, wanted, error);
}
