/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/fit.h"

bool fit_can_migrate(int caps) {
        return caps != VFIO_CAPS_UNKNOWN && (caps & VFIO_CAP_STOP_COPY);
}

/* Beside those that a device is looked for by, which have a Fit of their own. */
#define STATE_FACTS (COMPAT_FACT_BIT(COMPAT_FACT_SUBSYSTEM) | COMPAT_FACTS_VERSIONS)

static bool same_number(int wanted, int found) {
        return wanted < 0 || wanted == found;
}

CompatFact fit_state_difference(const Want *want, const Fingerprint *fingerprint) {
        if (!want->state)
                return _COMPAT_FACT_MAX;
        return compat_difference(want->rule, STATE_FACTS, want->state, fingerprint);
}

const char *fit_state_name(CompatFact fact) {
        if (fact == COMPAT_FACT_SUBSYSTEM)
                return "board";
        return fact == COMPAT_FACT_FIRMWARE ? "firmware" : "driver version";
}

Fit fit_kind(const Want *want, const Fingerprint *fingerprint, const char *mdev_type, int caps) {
        if (want->type && g_strcmp0(want->type, mdev_type) != 0)
                return FIT_TYPE;
        if (!same_number(want->vendor, fingerprint->vendor) ||
            !same_number(want->product, fingerprint->device))
                return FIT_IDS;
        if (fingerprint->revision >= 0 && !same_number(want->revision, fingerprint->revision))
                return FIT_REVISION;
        if (want->driver && fingerprint->driver &&
            !compat_same_driver(want->driver, fingerprint->driver))
                return FIT_DRIVER;
        if (fit_state_difference(want, fingerprint) != _COMPAT_FACT_MAX)
                return FIT_STATE;
        if (want->must_migrate && caps != VFIO_CAPS_UNKNOWN && !fit_can_migrate(caps))
                return FIT_MIGRATION;
        return FIT_YES;
}

static bool pool_fits(const Want *want, const Pool *pool) {
        return !want->pool || g_str_equal(want->pool, pool->name);
}

/* What the guest has leased for another of its devices is not for this one. */
static bool leased_for_another(const Want *want, const Lease *lease) {
        const DomainDevice *device = want->device;

        return lease->address && device->address && !g_str_equal(lease->address, device->address) &&
               !g_str_equal(lease->device, device->source);
}

/* By the guest itself, or it is about to: not to be opened. */
static bool may_be_open(const Device *device, const Usage *usage) {
        const Lease *lease = usage_lease(usage, device->id);

        return lease && lease->state != LEASE_RESERVED;
}

static Fit fit_usage(const Want *want, const Device *device, Usage *usage) {
        const Pool *pool = inventory_pool(usage_inventory(usage), device);
        const Lease *lease = usage_lease(usage, device->id);
        g_autofree char *trouble = NULL;

        if (!pool_fits(want, pool))
                return FIT_POOL;
        if (device->host_use && !pool->host_devices)
                return FIT_HOST_USE;
        if (lease && !usage_is_own(usage, lease))
                return FIT_LEASED;
        if (usage_is_tried(usage, device->id))
                return FIT_TRIED;
        if (!lease && usage_is_shared(usage, device->id))
                return FIT_SHARED;
        if (usage_is_promised(usage, device->id) || (lease && leased_for_another(want, lease)))
                return FIT_PROMISED;

        trouble = usage_group_trouble(usage, device);
        if (trouble)
                return FIT_GROUP;
        if (usage_pool_is_full(usage, pool))
                return FIT_POOL_FULL;
        return !may_be_open(device, usage) && usage_is_held(usage, device) ? FIT_HELD : FIT_YES;
}

static bool may_ask(const Device *device, const Usage *usage) {
        if (may_be_open(device, usage))
                return false;
        return device->class->kind == DOMAIN_DEVICE_MDEV || driver_is_vfio(device->driver);
}

/* All else fits. A VF tells what it can do only when it is bound to its vfio
 * driver. */
static Fit fit_migration(const Want *want, const Device *device, Usage *usage) {
        const Fingerprint *fingerprint = device->fingerprint;

        if (!want->must_migrate && !want->rather_migrates)
                return FIT_YES;
        if (fingerprint->vfio_caps == VFIO_CAPS_UNKNOWN && may_ask(device, usage))
                (void)usage_ask(usage, device->id);

        if (!want->must_migrate || fit_can_migrate(fingerprint->vfio_caps))
                return FIT_YES;
        if (fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN)
                return FIT_MIGRATION;
        return want->trusts_driver && !may_ask(device, usage) ? FIT_YES : FIT_UNASKED;
}

Fit fit_device(const Want *want, const Device *device, Usage *usage) {
        Fit fit;

        if (device->class != want->class || device->role != DEVICE_ROLE_FUNCTION)
                return FIT_NO_CANDIDATE;

        fit = fit_kind(want, device->fingerprint, device->fingerprint->mdev_type,
                       device->fingerprint->vfio_caps);
        if (fit == FIT_YES)
                fit = fit_usage(want, device, usage);
        return fit == FIT_YES ? fit_migration(want, device, usage) : fit;
}

Fit fit_offer(const Want *want, const Offer *offer, const Usage *usage) {
        unsigned unmade = usage_count_unmade(usage, offer->parent->id);
        Fit fit;

        if (offer->class != want->class)
                return FIT_NO_CANDIDATE;

        fit = fit_kind(want, offer->parent->fingerprint, offer->type->id,
                       inventory_offer_caps(usage_inventory(usage), offer));
        if (fit != FIT_YES)
                return fit;

        if (!pool_fits(want, offer->pool))
                return FIT_POOL;
        if (usage_pool_is_full(usage, offer->pool))
                return FIT_POOL_FULL;
        return offer->type->available > unmade ? FIT_YES : FIT_EXHAUSTED;
}
