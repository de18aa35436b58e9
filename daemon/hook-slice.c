/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-slice.h"

#include <string.h>

#include "daemon/core/slice-host.h"
#include "daemon/slices.h"
#include "xml/slice-fit.h"

static bool find_entry(Manager *manager, const Domain *domain, const SliceEntry **ret_entry,
                       GError **error) {
        const Slice *wish = domain->metadata ? domain->metadata->slice : NULL;
        GError *reason = NULL;

        *ret_entry = slices_reserve(manager->slices, domain->uuid, domain->name, wish, &reason);
        if (!reason)
                return true;

        g_propagate_prefixed_error(error, reason, "Hardware slice of guest %s: ", domain->name);
        return false;
}

bool hook_slice_reserve(Manager *manager, const Domain *domain, GError **error) {
        const SliceEntry *entry;

        return find_entry(manager, domain, &entry, error);
}

char *hook_slice_fit(Manager *manager, const Domain *domain, const char *xml, GError **error) {
        g_autoptr(SliceFit) fit = NULL;
        const SliceEntry *entry;

        if (!find_entry(manager, domain, &entry, error))
                return NULL;
        if (!entry)
                return g_strdup(xml);

        fit = slice_host_fit(entry, slices_map(manager->slices), error);
        return fit ? domain_fit_slice(xml, strlen(xml), fit, error) : NULL;
}
