/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-slice.h"

#include <string.h>

#include "daemon/core/slice-devices.h"
#include "daemon/core/slice-host.h"
#include "daemon/hook-claim.h"
#include "daemon/slices.h"
#include "xml/ferry-error.h"
#include "xml/slice-fit.h"

/* Where it is to be: `at`, else where its claim is; NULL anywhere. */
static const Slice *place_of(const Manager *manager, const Domain *domain, const Slice *at) {
        const Slice *bound = hook_claim_bound(manager, domain);

        return at || bound == hook_claim_wish(manager, domain) ? at : bound;
}

/* What is only asked about may have no UUID yet. */
static SliceEntry *try_entry(Manager *manager, const Domain *domain, const Slice *at,
                             GError **error) {
        return slices_try_reserve(manager->slices, domain->uuid ?: "", domain->name,
                                  hook_claim_bound(manager, domain), place_of(manager, domain, at),
                                  error);
}

GPtrArray *hook_slice_negotiate(Manager *manager, const Domain *domain) {
        g_autoptr(SliceEntry) entry = try_entry(manager, domain, NULL, NULL);
        g_autoptr(GPtrArray) parents = entry ? slice_devices_parents(entry, domain) : NULL;

        return negotiate(domain, manager->inventory, manager->leases, parents);
}

/* `ret_at` NULL: the slice is where its devices are. */
static bool follow_devices(Manager *manager, const Domain *domain, const GPtrArray *answers,
                           Slice **ret_at, GError **error) {
        g_autoptr(SliceEntry) entry = NULL;
        GError *reason = NULL;

        *ret_at = NULL;
        if (!answers || answers->len == 0)
                return true;

        entry = try_entry(manager, domain, NULL, &reason);
        if (entry)
                return slice_devices_follow(entry, answers, ret_at, error);
        if (reason)
                g_propagate_error(error, reason);
        return !reason;
}

/* The allocator says what is short; whoever moves or starts a guest is told the way out, too. */
static void refuse(const Manager *manager, GError **error, const Domain *domain,
                   GError *taken_reason) {
        g_autoptr(GError) reason = taken_reason;
        const char *way_out = "";

        if (g_error_matches(reason, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES))
                way_out = share_book_is_empty(manager->shares)
                                  ? "; 'virt-ferry slice list' shows what could be given back"
                                  : "; what is offered to the cluster is called back: try again in "
                                    "a minute";
        if (g_error_matches(reason, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST))
                way_out = "; ask for less, or choose another host";
        g_set_error(error, reason->domain, reason->code, "Hardware slice of guest %s: %s%s",
                    domain->name, reason->message, way_out);
}

/* `ret_entry` NULL: it has no slice. */
static bool reserve(Manager *manager, const Domain *domain, const GPtrArray *answers,
                    const SliceEntry **ret_entry, GError **error) {
        g_autoptr(Slice) at = NULL;
        GError *reason = NULL;

        if (follow_devices(manager, domain, answers, &at, &reason))
                *ret_entry = slices_reserve(manager->slices, domain->uuid, domain->name,
                                            hook_claim_wish(manager, domain),
                                            place_of(manager, domain, at), &reason);
        if (!reason)
                return true;

        /* Nothing is left to others that a guest here was refused for. */
        if (g_error_matches(reason, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES))
                (void)share_book_call_back(manager->shares, manager->now());
        refuse(manager, error, domain, reason);
        return false;
}

bool hook_slice_reserve(Manager *manager, const Domain *domain, const GPtrArray *answers,
                        GError **error) {
        const SliceEntry *entry;

        return reserve(manager, domain, answers, &entry, error);
}

static char *fit(Manager *manager, const SliceEntry *entry, const char *xml, GError **error) {
        g_autoptr(SliceFit) fit = NULL;

        if (!entry)
                return g_strdup(xml);

        fit = slice_host_fit(entry, slices_map(manager->slices), error);
        return fit ? domain_fit_slice(xml, strlen(xml), fit, error) : NULL;
}

char *hook_slice_fit(Manager *manager, const Domain *domain, const char *xml,
                     const GPtrArray *answers, GError **error) {
        const SliceEntry *entry;

        if (!reserve(manager, domain, answers, &entry, error))
                return NULL;
        return fit(manager, entry, xml, error);
}

char *hook_slice_preview(Manager *manager, const Domain *domain, const char *xml,
                         const GPtrArray *answers, GError **error) {
        g_autoptr(SliceEntry) entry = NULL;
        g_autoptr(Slice) at = NULL;
        GError *reason = NULL;

        if (follow_devices(manager, domain, answers, &at, &reason))
                entry = try_entry(manager, domain, at, &reason);
        if (!reason)
                return fit(manager, entry, xml, error);

        refuse(manager, error, domain, reason);
        return NULL;
}

void hook_slice_give_back(Manager *manager, const Domain *domain) {
        slices_on_released(manager->slices, domain->uuid, false);
}
