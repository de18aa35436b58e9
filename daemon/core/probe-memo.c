/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/probe-memo.h"

#include <inttypes.h>

struct ProbeMemo {
        GHashTable *probes; /* kind → VfioProbe */
};

ProbeMemo *probe_memo_new(void) {
        ProbeMemo *memo = g_new0(ProbeMemo, 1);

        memo->probes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return memo;
}

void probe_memo_free(ProbeMemo *memo) {
        if (!memo)
                return;

        g_hash_table_unref(memo->probes);
        g_free(memo);
}

/* Names of drivers and types have no blanks: sysfs_name_is_valid(). */
char *probe_memo_kind(const Device *device, const char *mdev_type) {
        const Fingerprint *fingerprint = device->fingerprint;

        return g_strdup_printf(
                "%s %x:%x %x:%x %x %s %s %" PRIu64 " %s", device->class->name,
                (unsigned)fingerprint->vendor, (unsigned)fingerprint->device,
                (unsigned)fingerprint->subsystem_vendor, (unsigned)fingerprint->subsystem_device,
                (unsigned)fingerprint->revision, fingerprint->driver ?: "-",
                fingerprint->driver_version ?: "-", device->driver_loading, mdev_type ?: "-");
}

const VfioProbe *probe_memo_find(const ProbeMemo *memo, const Device *device,
                                 const char *mdev_type) {
        g_autofree char *kind = NULL;

        if (g_hash_table_size(memo->probes) == 0)
                return NULL;

        kind = probe_memo_kind(device, mdev_type);
        return g_hash_table_lookup(memo->probes, kind);
}

void probe_memo_note(ProbeMemo *memo, const Device *device, const VfioProbe *probe) {
        g_hash_table_replace(memo->probes, probe_memo_kind(device, device->fingerprint->mdev_type),
                             g_memdup2(probe, sizeof(*probe)));
}
