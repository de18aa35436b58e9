/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/tuning-draft.h"
#include "xml/unplug.h"

/* Functions -------------------------------------------------------------------------- */

/* 0 is no limit, and more than any. */
static bool rate_grows(const Tuning *wanted, const Tuning *before) {
        return wanted->number > before->number ||
               wanted->number2 - 1 > before->number2 - 1; /* 0 wraps */
}

static bool has_rate(const SliceFunction *function) {
        return function && (function->min_mbit > 0 || function->max_mbit > 0);
}

/* A VF that is plugged in has those of its last guest; one that the guest has may have come with
 * them, and keeps them where its slice has no word on it. */
static bool is_rated(const TuningDraft *draft, const TuningFunction *function) {
        return function->is_vf &&
               (function->element || has_rate(slice_find_function(draft->wish, function->name)) ||
                has_rate(slice_find_function(draft->had, function->name)));
}

static void add_rate(TuningDraft *draft, const TuningFunction *function) {
        const SliceFunction *wish = slice_find_function(draft->wish, function->name);
        unsigned min = wish ? wish->min_mbit : 0, max = wish ? wish->max_mbit : 0;
        Tuning *wanted = tuning_new(TUNE_VF_RATE, function->device, min, max);
        Tuning *before = tuning_new(TUNE_VF_RATE, function->device, function->min_mbit,
                                    function->max_mbit);

        tuning_draft_add(draft,
                         function->element || rate_grows(wanted, before) ? TUNING_GROWS
                                                                         : TUNING_SHRINKS,
                         wanted, before);
}

static Tuning *plug_tuning(TuningKind kind, const char *device, const char *element) {
        Tuning *tuning = tuning_new(kind, device, 0, 0);

        tuning->element = g_strdup(element);
        return tuning;
}

static void add_plug(TuningDraft *draft, TuningPhase phase, const char *device,
                     const char *element) {
        TuningKind kind = phase == TUNING_GROWS ? TUNE_PLUG : TUNE_UNPLUG;

        tuning_draft_add(draft, phase, plug_tuning(kind, device, element),
                         plug_tuning(kind == TUNE_PLUG ? TUNE_UNPLUG : TUNE_PLUG, device, element));
}

static void draft_functions(TuningDraft *draft) {
        const GPtrArray *functions = draft->host->functions;

        for (guint i = 0; functions && i < functions->len; i++) {
                const TuningFunction *function = functions->pdata[i];

                if (is_rated(draft, function))
                        add_rate(draft, function);
                if (function->element)
                        add_plug(draft, TUNING_GROWS, function->device, function->element);
        }
}

static bool is_lost(const TuningDraft *draft, const DomainDevice *device) {
        const char *alias = device->alias ?: "";

        return g_str_has_prefix(alias, TUNING_ALIAS_PREFIX) && !device->unplugged &&
               !slice_find_function(draft->wish, alias + strlen(TUNING_ALIAS_PREFIX));
}

static bool draft_lost(TuningDraft *draft, GError **error) {
        const GPtrArray *devices = draft->domain->devices;

        for (guint i = 0; i < devices->len; i++) {
                const DomainDevice *device = devices->pdata[i];
                g_autofree char *element = NULL;

                if (!is_lost(draft, device))
                        continue;
                element = domain_device_element(draft->xml, strlen(draft->xml), i, error);
                if (!element)
                        return false;
                add_plug(draft, TUNING_SHRINKS, device->source, element);
        }
        return true;
}

/* Cache and memory bandwidth --------------------------------------------------------- */

static void draft_shares(TuningDraft *draft) {
        g_autofree char *group = NULL;
        const Slice *wish = draft->wish;
        bool any = wish->memory_bandwidth > 0 || wish->cache_ways > 0;

        group = draft->domain->uuid ? tuning_resctrl_group(draft->domain->uuid) : NULL;
        if (group)
                tuning_draft_add(
                        draft, any ? TUNING_GROWS : TUNING_SHRINKS,
                        tuning_new(TUNE_RESCTRL, group, wish->memory_bandwidth, wish->cache_ways),
                        tuning_new(TUNE_RESCTRL, group, draft->host->memory_bandwidth,
                                   draft->host->cache_ways));
}

/* Disks ------------------------------------------------------------------------------ */

static bool wants_block(const Slice *slice) {
        return slice->block_max_bytes > 0 || slice->block_max_iops > 0;
}

static void draft_disks(TuningDraft *draft) {
        uint64_t weight = draft->wish->block_weight, present = draft->now->block_weight;

        if (weight > 0 || draft->had->block_weight > 0)
                tuning_draft_add(
                        draft, TUNING_MOVES,
                        tuning_new(TUNE_BLOCK_WEIGHT, NULL, weight ?: SLICE_HOST_WEIGHT, 0),
                        tuning_new(TUNE_BLOCK_WEIGHT, NULL, present ?: SLICE_HOST_WEIGHT, 0));
        if (!wants_block(draft->wish) && !wants_block(draft->had))
                return;

        for (guint i = 0; i < draft->now->disks->len; i++) {
                const DomainDisk *disk = draft->now->disks->pdata[i];

                tuning_draft_add(draft, TUNING_MOVES,
                                 tuning_new(TUNE_BLOCK_LIMIT, disk->target,
                                            draft->wish->block_max_bytes,
                                            draft->wish->block_max_iops),
                                 tuning_new(TUNE_BLOCK_LIMIT, disk->target, disk->max_bytes,
                                            disk->max_iops));
        }
}

/* Interfaces ------------------------------------------------------------------------- */

static bool wants_network(const Slice *slice) {
        return slice->network_min_mbit > 0 || slice->network_max_mbit > 0;
}

static unsigned kilobytes(unsigned mbit) {
        return MIN(mbit, G_MAXUINT / TUNING_KILOBYTES_A_MBIT) * TUNING_KILOBYTES_A_MBIT;
}

static Tuning *tuning_new_bandwidth(const char *mac, const DomainBandwidth *bandwidth) {
        Tuning *tuning = tuning_new(TUNE_INTERFACE_LIMIT, mac, 0, 0);

        tuning->bandwidth = *bandwidth;
        return tuning;
}

static bool draft_nic(TuningDraft *draft, const DomainNic *nic, GError **error) {
        const Slice *wish = draft->wish;
        unsigned max = kilobytes(wish->network_max_mbit);
        const DomainBandwidth wanted = { .inbound.average = max,
                                         .outbound.average = max,
                                         .floor = kilobytes(wish->network_min_mbit) };

        if (wish->network_min_mbit > 0 && !nic->network)
                return tuning_refuse(error,
                                     "Interface %s of guest %s is not one of a libvirt network, "
                                     "and nothing else keeps a minimum for it: leave min-mbit out, "
                                     "or define it with type 'network'",
                                     nic->mac, draft->now->name);

        tuning_draft_add(draft, TUNING_MOVES, tuning_new_bandwidth(nic->mac, &wanted),
                         tuning_new_bandwidth(nic->mac, &nic->bandwidth));
        return true;
}

static bool draft_nics(TuningDraft *draft, GError **error) {
        if (!wants_network(draft->wish) && !wants_network(draft->had))
                return true;

        for (guint i = 0; i < draft->now->nics->len; i++)
                if (!draft_nic(draft, draft->now->nics->pdata[i], error))
                        return false;
        return true;
}

bool tuning_draft_devices(TuningDraft *draft, GError **error) {
        draft_shares(draft);
        draft_functions(draft);
        draft_disks(draft);
        return draft_lost(draft, error) && draft_nics(draft, error);
}
