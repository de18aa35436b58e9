/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-functions.h"

#include "daemon/core/fit.h"
#include "daemon/core/slice-source.h"
#include "daemon/hardware.h"
#include "daemon/slice-kernel.h"
#include "daemon/swap.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"

void tuning_function_free(TuningFunction *function) {
        if (!function)
                return;

        g_free(function->name);
        g_free(function->device);
        g_free(function->element);
        g_free(function);
}

static bool is_of_kind(const Device *device, const SliceSource *source) {
        return device->role == DEVICE_ROLE_FUNCTION &&
               g_strcmp0(device->fingerprint->mdev_type, source->type) == 0;
}

static bool comes_from(const Device *device, const SliceSource *source) {
        return is_of_kind(device, source) && g_strcmp0(device->parent, source->parent) == 0;
}

static TuningFunction *function_new(const Manager *manager, const char *name, const char *device,
                                    const SliceSource *source) {
        TuningFunction *function = g_new0(TuningFunction, 1);

        function->name = g_strdup(name);
        function->device = g_strdup(device);
        function->is_vf = !source->type;
        if (function->is_vf)
                slice_kernel_read_rates(manager, function);
        return function;
}

static bool is_listed(const GPtrArray *functions, const char *device) {
        for (guint i = 0; i < functions->len; i++)
                if (g_str_equal(((TuningFunction *)functions->pdata[i])->device, device))
                        return true;
        return false;
}

static bool has_name(const GPtrArray *functions, const char *name) {
        for (guint i = 0; i < functions->len; i++)
                if (g_str_equal(((TuningFunction *)functions->pdata[i])->name, name))
                        return true;
        return false;
}

typedef enum Match {
        MATCH_ALIAS,  /* that was plugged in for it */
        MATCH_PARENT, /* of where it was granted */
        MATCH_KIND,   /* of elsewhere: a guest that comes gets its devices before its slice */
        _MATCH_MAX,
} Match;

static bool matches(const DomainDevice *device, const Device *found, const char *name,
                    const SliceSource *source, Match match) {
        bool named = device->alias && g_str_has_prefix(device->alias, TUNING_ALIAS_PREFIX);
        g_autofree char *alias = tuning_alias(name);

        switch (match) {
        case MATCH_ALIAS:
                return g_strcmp0(device->alias, alias) == 0;
        case MATCH_PARENT:
                return !named && comes_from(found, source);
        case MATCH_KIND:
                return !named && is_of_kind(found, source);
        case _MATCH_MAX:
                break;
        }
        g_assert_not_reached();
}

/* It is out for an exchange, and comes back, or another one does in its place. */
static bool is_here(const Manager *manager, const Domain *domain, const DomainDevice *device) {
        const Lease *lease;

        if (!device->unplugged)
                return true;
        lease = lease_book_find_device(manager->leases, device->source);
        return swaps_holds(manager->swaps, device->source) && lease &&
               g_strcmp0(lease->domain_uuid, domain->uuid) == 0;
}

static const DomainDevice *find_in_guest(const Manager *manager, const Domain *domain,
                                         const GPtrArray *functions, const char *name,
                                         const SliceSource *source, Match match) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const Device *found = inventory_find(manager->inventory, device->source);

                if (found && is_here(manager, domain, device) &&
                    !is_listed(functions, device->source) &&
                    matches(device, found, name, source, match))
                        return device;
        }
        return NULL;
}

static void read_functions(const Manager *manager, const SliceEntry *entry, const Domain *domain,
                           Match match, GPtrArray *functions) {
        for (guint i = 0; i < entry->wish->functions->len; i++) {
                const SliceFunction *wish = entry->wish->functions->pdata[i];
                const DomainDevice *device = NULL;
                g_auto(SliceSource) source = { 0 };

                if (!has_name(functions, wish->name) &&
                    slice_source_find(entry->grants, wish->name, &source))
                        device = find_in_guest(manager, domain, functions, wish->name, &source,
                                               match);
                if (device)
                        g_ptr_array_add(functions,
                                        function_new(manager, wish->name, device->source, &source));
        }
}

GPtrArray *slice_functions_read(const Manager *manager, const SliceEntry *entry,
                                const Domain *domain) {
        GPtrArray *functions = g_ptr_array_new_with_free_func((GDestroyNotify)tuning_function_free);

        for (int match = 0; match < _MATCH_MAX; match++)
                read_functions(manager, entry, domain, (Match)match, functions);
        return functions;
}

/* What is missing -------------------------------------------------------------------- */

static char *element_of(const char *device, const char *alias) {
        PciAddress address;

        if (pci_address_from_string(device, &address) < 0)
                return g_strdup_printf("<hostdev mode='subsystem' type='mdev' model='vfio-pci'>"
                                       "<source><address uuid='%s'/></source><alias name='%s'/>"
                                       "</hostdev>",
                                       device, alias);
        return g_strdup_printf("<hostdev mode='subsystem' type='pci' managed='no'><source><address "
                               "domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>"
                               "</source><alias name='%s'/></hostdev>",
                               address.domain, address.bus, address.slot, address.function, alias);
}

static Lease *lease_for(const Manager *manager, const Domain *domain, const Want *want,
                        const char *device, const Pool *pool, const SliceSource *source) {
        Lease *lease = lease_new();

        lease->domain_uuid = g_strdup(domain->uuid);
        lease->domain_name = g_strdup(domain->name);
        lease->device = g_strdup(device);
        lease->class_name = g_strdup(want->class->name);
        lease->pool = g_strdup(pool->name);
        lease->parent = g_strdup(source->parent);
        lease->type = g_strdup(source->type);
        lease->name = g_strdup(want->device->alias);
        lease->created = manager->now();
        lease->expires = lease->created + (int64_t)manager->config->lease_timeout_usec;
        return lease;
}

/* What is there before what has to be made; what is leased to this guest is for another function.
 * NULL: there is none. */
static Lease *choose(const Manager *manager, const Domain *domain, const Want *want,
                     const SliceSource *source) {
        g_autoptr(Usage) usage = usage_new(domain, manager->inventory, manager->leases);
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);
        g_autoptr(GArray) offers = inventory_offers(manager->inventory);
        g_autofree char *uuid = g_uuid_string_random();

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (comes_from(device, source) &&
                    !lease_book_find_device(manager->leases, device->id) &&
                    fit_device(want, device, usage) == FIT_YES)
                        return lease_for(manager, domain, want, device->id,
                                         inventory_pool(manager->inventory, device), source);
        }
        for (guint i = 0; source->type && i < offers->len; i++) {
                const Offer *offer = &g_array_index(offers, Offer, i);
                Lease *lease;

                if (!g_str_equal(offer->parent->id, source->parent) ||
                    !g_str_equal(offer->type->id, source->type) ||
                    fit_offer(want, offer, usage) != FIT_YES)
                        continue;
                lease = lease_for(manager, domain, want, uuid, offer->pool, source);
                lease->make = true;
                return lease;
        }
        return NULL;
}

static bool claim(Manager *manager, Lease *taken_lease, GError **error) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autofree char *device = g_strdup(taken_lease->device);
        g_autoptr(GPtrArray) claimed = g_ptr_array_new();
        g_autoptr(GError) problem = NULL;
        Lease *lease;

        g_ptr_array_add(leases, taken_lease);
        if (!lease_book_reserve(manager->leases, leases, error))
                return false;

        lease = lease_book_find_device(manager->leases, device);
        g_ptr_array_add(claimed, lease);
        if (hardware_claim(manager, claimed, error))
                return true;
        if (!hardware_release(manager, lease, &problem))
                g_warning("%s, trying again later", problem->message);
        return false;
}

static bool take_one(Manager *manager, const Domain *domain, const char *name,
                     const SliceSource *source, GPtrArray *functions, GError **error) {
        g_autofree char *alias = tuning_alias(name), *id = NULL, *problem = NULL;
        DomainDevice device = { .kind = source->type ? DOMAIN_DEVICE_MDEV : DOMAIN_DEVICE_PCI,
                                .source = (char *)"",
                                .alias = alias,
                                .unplugged = true };
        g_autoptr(Want)
                want = want_new(domain, &device, inventory_compat(manager->inventory), &problem);
        TuningFunction *function;
        Lease *lease;

        want->type = source->type;
        lease = choose(manager, domain, want, source);
        if (!lease) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                            "%s has no %s that is made and free for function '%s' of guest %s: "
                            "'virt-ferry devices' shows who has them",
                            source->parent, source->type ?: "VF", name, domain->name);
                return false;
        }

        id = g_strdup(lease->device);
        if (!claim(manager, lease, error))
                return false;

        function = function_new(manager, name, id, source);
        function->element = element_of(id, alias);
        g_ptr_array_add(functions, function);
        return true;
}

static const Device *find_device(const Manager *manager, const GPtrArray *functions,
                                 const char *name) {
        for (guint i = 0; i < functions->len; i++) {
                const TuningFunction *function = functions->pdata[i];

                if (g_str_equal(function->name, name))
                        return inventory_find(manager->inventory, function->device);
        }
        return NULL;
}

/* To plug another one beside it would need room for both, and its name is taken. */
static bool check_type(const Domain *domain, const SliceFunction *wish, const SliceSource *source,
                       const Device *device, GError **error) {
        const char *type = device ? device->fingerprint->mdev_type : NULL;
        g_autofree char *alias = tuning_alias(wish->name);

        if (!type || !wish->type || g_str_equal(type, wish->type))
                return true;
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "Function '%s' of guest %s is of type %s still, and should be of %s: "
                    "'virt-ferry move %s %s %s/%s' exchanges them, and the guest is without it for "
                    "a moment",
                    wish->name, domain->name, type, wish->type, domain->name, alias, source->parent,
                    wish->type);
        return false;
}

static bool have_one(Manager *manager, const Domain *domain, const SliceFunction *wish,
                     const SliceSource *source, GPtrArray *functions, GError **error) {
        if (has_name(functions, wish->name))
                return check_type(domain, wish, source, find_device(manager, functions, wish->name),
                                  error);
        return take_one(manager, domain, wish->name, source, functions, error);
}

bool slice_functions_take(Manager *manager, const SliceEntry *entry, const Domain *domain,
                          GPtrArray *functions, GError **error) {
        for (guint i = 0; i < entry->wish->functions->len; i++) {
                const SliceFunction *wish = entry->wish->functions->pdata[i];
                g_auto(SliceSource) source = { 0 };

                if (!slice_source_find(entry->grants, wish->name, &source) ||
                    have_one(manager, domain, wish, &source, functions, error))
                        continue;
                slice_functions_give_back(manager, functions);
                return false;
        }
        return true;
}

void slice_functions_give_back(Manager *manager, const GPtrArray *functions) {
        for (guint i = 0; i < functions->len; i++) {
                const TuningFunction *function = functions->pdata[i];
                Lease *lease = lease_book_find_device(manager->leases, function->device);
                g_autoptr(GError) error = NULL;

                if (function->element && lease && lease->state == LEASE_CLAIMED &&
                    !hardware_release(manager, lease, &error))
                        g_warning("%s, trying again later", error->message);
        }
}
