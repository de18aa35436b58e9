/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-switch.h"

#include "daemon/core/switch-capture.h"
#include "daemon/lease-switch.h"

static const DomainDevice *find_device(const Domain *domain, const Lease *lease) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (g_str_equal(device->source, lease->device))
                        return device;
        }
        return NULL;
}

/* What came along in the metadata; NULL for nothing. */
static const SwitchState *state_of_device(const Domain *domain, const DomainDevice *device) {
        const MetadataDevice *entry = NULL;

        if (domain->metadata)
                entry = metadata_find(domain->metadata, device->address, device->alias);
        return entry ? entry->switch_state : NULL;
}

static const SwitchState *state_of(const Domain *domain, const Lease *lease) {
        const DomainDevice *device = find_device(domain, lease);

        return device ? state_of_device(domain, device) : NULL;
}

/* Before the guest is here ---------------------------------------------------------- */

static bool is_coming(const Manager *manager, const Domain *domain) {
        const Migration *migration = migration_log_current(manager->migrations, domain->uuid);

        return migration && migration->direction == MIGRATION_INCOMING;
}

bool guest_switch_prepare(Manager *manager, const Domain *domain, const GPtrArray *leases,
                          GError **error) {
        bool coming = is_coming(manager, domain);

        if (!manager->rtnl)
                return true;

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                if (!lease_switch_prepare(manager, lease, coming && state_of(domain, lease), error))
                        return false;
        }
        return true;
}

bool guest_switch_apply(Manager *manager, const Domain *domain, GError **error) {
        g_autoptr(GPtrArray) leases = NULL;

        if (!manager->rtnl || !is_coming(manager, domain))
                return true;

        /* What fails leaves the others to the end of their leases. */
        leases = lease_book_list_domain(manager->leases, domain->uuid);
        for (guint i = 0; i < leases->len; i++) {
                const SwitchState *target = state_of(domain, leases->pdata[i]);

                if (target && !lease_switch_apply(manager, leases->pdata[i], target, error))
                        return false;
        }
        return true;
}

bool guest_switch_replugged(Manager *manager, const Domain *domain, const DomainDevice *device,
                            GError **error) {
        Lease *lease = lease_book_find_device(manager->leases, device->source);
        const SwitchState *target;

        if (!manager->rtnl || !lease || !g_str_equal(lease->domain_uuid, domain->uuid))
                return true;

        target = state_of(domain, lease);
        return !target || lease_switch_apply(manager, lease, target, error);
}

bool guest_switch_lend(Manager *manager, const Domain *domain, const DomainDevice *device,
                       Lease *lease, GError **error) {
        const SwitchState *target = state_of_device(domain, device);

        return !manager->rtnl || !target || lease_switch_apply(manager, lease, target, error);
}

/* When it has gone ------------------------------------------------------------------- */

void guest_switch_moved(Manager *manager, const char *from, const char *to) {
        Lease *old = lease_book_find_device(manager->leases, from);
        const Lease *new = lease_book_find_device(manager->leases, to);
        g_autoptr(SwitchState) guest = NULL;

        if (!manager->rtnl || !old || !new)
                return;

        guest = lease_switch_guest(new);
        if (guest)
                lease_switch_leave(manager, old, guest);
}

void guest_switch_leave(Manager *manager, const Domain *domain, bool migrated) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain->uuid);

        for (guint i = 0; manager->rtnl && i < leases->len; i++) {
                Lease *lease = leases->pdata[i];
                const SwitchState *guest = state_of(domain, lease);

                (migrated ? lease_switch_leave : lease_switch_end)(manager, lease, guest);
        }
}

void guest_switch_put_back(Manager *manager, const Lease *lease) {
        lease_switch_put_back(manager, lease);
}

/* While it runs ---------------------------------------------------------------------- */

static bool is_leaving(const Manager *manager, const char *uuid) {
        const Migration *migration = migration_log_current(manager->migrations, uuid);

        return migration && migration->direction == MIGRATION_OUTGOING;
}

static SwitchState *capture(const Manager *manager, const Lease *lease, GPtrArray *findings) {
        g_autoptr(GError) error = NULL;
        SwitchState *state;

        state = lease_switch_capture(manager, lease, findings, &error);
        if (error)
                g_warning("%s, so it does not go along with guest %s", error->message,
                          lease->domain_name);
        return state;
}

static void remember(Manager *manager, const Lease *lease, const SwitchState *state) {
        g_hash_table_replace(manager->switch_seen, g_strdup(lease->device),
                             switch_state_to_xml(state));
}

static void capture_into(Manager *manager, const Lease *lease, MetadataDevice *entry) {
        g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
        SwitchState *state = capture(manager, lease, findings);

        if (!state)
                return;

        remember(manager, lease, state);
        switch_state_hand_on(state, entry->switch_state);
        if (!switch_state_equal(state, entry->switch_state))
                lease_switch_log(findings);

        switch_state_free(entry->switch_state);
        entry->switch_state = state;
}

void guest_switch_capture(Manager *manager, const Domain *domain, Metadata *metadata) {
        g_autoptr(GPtrArray) leases = NULL;

        if (!manager->rtnl || is_leaving(manager, domain->uuid))
                return;

        leases = lease_book_list_domain(manager->leases, domain->uuid);
        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const DomainDevice *device = find_device(domain, lease);
                MetadataDevice *entry = NULL;

                if (device && !device->unplugged) /* its VF has nothing of the guest's then */
                        entry = metadata_find(metadata, device->address, device->alias);
                if (entry)
                        capture_into(manager, lease, entry);
        }
}

static bool has_changed(const Manager *manager, const Lease *lease) {
        const char *seen = g_hash_table_lookup(manager->switch_seen, lease->device);
        g_autoptr(SwitchState) state = NULL;
        g_autofree char *xml = NULL;

        state = capture(manager, lease, NULL);
        if (!state)
                return false;

        xml = switch_state_to_xml(state);
        return g_strcmp0(xml, seen) != 0;
}

void guest_switch_look_again(Manager *manager, GuestFinder write) {
        g_autoptr(GHashTable) changed = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; manager->virt && i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                if (lease->state == LEASE_RUNNING && !is_leaving(manager, lease->domain_uuid) &&
                    !g_hash_table_contains(changed, lease->domain_uuid) &&
                    has_changed(manager, lease)) {
                        g_hash_table_add(changed, lease->domain_uuid);
                        manager->virt->find(manager->virt->userdata, lease->domain_uuid, write,
                                            manager);
                }
        }
}
