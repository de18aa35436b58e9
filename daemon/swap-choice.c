/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-choice.h"

#include <string.h>

#include "daemon/core/refusal.h"
#include "xml/ferry-error.h"

/* What is to be leased, whether it is there or can be made. */
static Lease *lease_for(const Manager *manager, const SwapWish *wish, const DomainDevice *device,
                        const DeviceClass *class) {
        Lease *lease = lease_new();

        lease->domain_uuid = g_strdup(wish->uuid);
        lease->domain_name = g_strdup(wish->guest);
        lease->class_name = g_strdup(class->name);
        lease->address = g_strdup(device->address);
        lease->name = g_strdup(wish->name);
        lease->managed = device->managed;
        lease->created = manager->now();
        lease->expires = lease->created + (int64_t)manager->config->lease_timeout_usec;
        return lease;
}

static Lease *lease_device(const Manager *manager, const SwapWish *wish, const DomainDevice *device,
                           const Device *found) {
        Lease *lease = lease_for(manager, wish, device, found->class);

        lease->device = g_strdup(found->id);
        lease->pool = g_strdup(inventory_pool(manager->inventory, found)->name);
        lease->parent = g_strdup(found->parent);
        lease->type = g_strdup(found->fingerprint->mdev_type);
        return lease;
}

static Lease *lease_offer(const Manager *manager, const SwapWish *wish, const DomainDevice *device,
                          const Offer *offer) {
        Lease *lease = lease_for(manager, wish, device, offer->class);

        lease->device = g_uuid_string_random();
        lease->make = true;
        lease->pool = g_strdup(offer->pool->name);
        lease->parent = g_strdup(offer->parent->id);
        lease->type = g_strdup(offer->type->id);
        return lease;
}

/* The operator's word: it need not be of the same kind. */
static Lease *choose_named(const SwapWish *wish, Want *want, const Device *found, Usage *usage,
                           GError **error) {
        g_autofree char *refusal = NULL;
        Fit fit;

        want->vendor = want->product = want->revision = -1;
        want->type = NULL;
        fit = fit_device(want, found, usage);
        if (fit == FIT_YES && !g_str_equal(found->id, wish->from))
                return lease_device(wish->manager, wish, want->device, found);

        refusal = fit == FIT_YES ? g_strdup_printf("%s is what %s of guest %s is already",
                                                   found->id, wish->name, wish->guest)
                                 : refuse_named(want, found, fit, usage);
        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE, refusal);
        return NULL;
}

static bool is_in(const char *target, const char *parent, const Pool *pool) {
        return g_strcmp0(parent, target) == 0 || g_str_equal(pool->name, target);
}

static Lease *choose_device(const SwapWish *wish, const Want *want, Usage *usage, bool *ret_any) {
        const Manager *manager = wish->manager;
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *found = devices->pdata[i];

                if (!is_in(wish->target, found->parent, inventory_pool(manager->inventory, found)))
                        continue;
                *ret_any = true;
                if (!g_str_equal(found->id, wish->from) &&
                    fit_device(want, found, usage) == FIT_YES)
                        return lease_device(manager, wish, want->device, found);
        }
        return NULL;
}

static Lease *choose_offer(const SwapWish *wish, const Want *want, Usage *usage, bool *ret_any) {
        const Manager *manager = wish->manager;
        g_autoptr(GArray) offers = inventory_offers(manager->inventory);

        for (guint i = 0; i < offers->len; i++) {
                const Offer *offer = &g_array_index(offers, Offer, i);

                if (!is_in(wish->target, offer->parent->id, offer->pool))
                        continue;
                *ret_any = true;
                if (fit_offer(want, offer, usage) == FIT_YES)
                        return lease_offer(manager, wish, want->device, offer);
        }
        return NULL;
}

static Lease *choose_one_of(const SwapWish *wish, const Want *want, Usage *usage, GError **error) {
        bool any = config_find_pool(wish->manager->config, wish->target);
        g_autofree char *what = want_to_text(want);
        Lease *lease;

        lease = choose_device(wish, want, usage, &any);
        if (!lease)
                lease = choose_offer(wish, want, usage, &any);
        if (lease)
                return lease;

        if (any)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE,
                            "%s needs %s, and '%.64s' has none that is free: 'virt-ferry devices "
                            "--free' shows what is",
                            wish->name, what, wish->target);
        else
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "This host has no device, no parent of devices and no pool '%.64s': "
                            "'virt-ferry devices' shows what it has",
                            wish->target);
        return NULL;
}

/* "mtty/mtty-2", or a parent or a pool. */
static Lease *choose_of_type(const SwapWish *wish, Want *want, Usage *usage, GError **error) {
        const char *slash = strrchr(wish->target, '/');
        g_autofree char *parent = NULL;
        SwapWish of_parent = *wish;

        if (!slash || config_find_pool(wish->manager->config, wish->target))
                return choose_one_of(wish, want, usage, error);

        parent = g_strndup(wish->target, (gsize)(slash - wish->target));
        of_parent.target = parent;
        want->type = slash + 1;
        return choose_one_of(&of_parent, want, usage, error);
}

/* It brings no state, as one that is unplugged. */
Lease *swap_choose(const SwapWish *wish, const Domain *domain, DomainDevice *device,
                   GError **error) {
        const Manager *manager = wish->manager;
        const Device *found = inventory_find(manager->inventory, wish->target);
        g_autofree char *problem = NULL;
        g_autoptr(Usage) usage = NULL;
        g_autoptr(Want) want = NULL;

        device->unplugged = true;
        want = want_new(domain, device, inventory_compat(manager->inventory), &problem);
        device->unplugged = false;
        if (problem) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE, problem);
                return NULL;
        }

        usage = usage_new(domain, manager->inventory, manager->leases);
        if (found && found->role == DEVICE_ROLE_FUNCTION)
                return choose_named(wish, want, found, usage, error);
        return choose_of_type(wish, want, usage, error);
}
