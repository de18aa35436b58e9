/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-switch.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/switch-apply.h"
#include "daemon/core/switch-capture.h"
#include "xml/ferry-error.h"

static GPtrArray *findings_new(void) {
        return g_ptr_array_new_with_free_func(g_free);
}

static void log_findings(const GPtrArray *findings) {
        for (guint i = 0; i < findings->len; i++)
                g_warning("%s", (const char *)findings->pdata[i]);
}

/* NULL without an error: the device has no place in a switch. */
static SwitchPlace *find_place(const Manager *manager, const Lease *lease, GError **error) {
        SwitchPlace *place = NULL;
        int r;

        if (!manager->rtnl || !g_str_equal(lease->class_name, device_class_sriov.name))
                return NULL;

        r = switch_place_find(manager->sysfs, manager->rtnl, lease->device, &place);
        if (r < 0 && r != -ENOENT)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                            "%s: the netdev of its PF cannot be found: %s", lease->device,
                            g_strerror(-r));
        return place;
}

static SwitchState *parse(const char *xml) {
        g_autoptr(GError) error = NULL;
        SwitchState *state;

        if (!xml)
                return NULL;

        state = switch_state_from_xml(xml, strlen(xml), &error);
        if (!state)
                g_warning("What was noted of a VF cannot be read: %s", error->message);
        return state;
}

static const DomainDevice *find_device(const Domain *domain, const Lease *lease) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (g_str_equal(device->source, lease->device))
                        return device;
        }
        return NULL;
}

/* What came along in the metadata; NULL for nothing. */
static const SwitchState *state_of(const Domain *domain, const Lease *lease) {
        const DomainDevice *device = find_device(domain, lease);
        const MetadataDevice *entry = NULL;

        if (device && domain->metadata)
                entry = metadata_find(domain->metadata, device->address, device->alias);
        return entry ? entry->switch_state : NULL;
}

/* Before the guest is here ---------------------------------------------------------- */

static bool is_coming(const Manager *manager, const Domain *domain) {
        const Migration *migration = migration_log_current(manager->migrations, domain->uuid);

        return migration && migration->direction == MIGRATION_INCOMING;
}

static bool fail_without_place(const Lease *lease, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                    "%s: its PF has no netdev here, so the guest's MAC, VLAN and filters cannot be "
                    "set: bind the PF to its network driver",
                    lease->device);
        return false;
}

static bool note(Manager *manager, Lease *lease, const SwitchState *before,
                 const SwitchState *guest, bool applied, GError **error) {
        g_autofree char *before_xml = NULL, *guest_xml = NULL;

        before_xml = before ? switch_state_to_xml(before) : NULL;
        guest_xml = guest ? switch_state_to_xml(guest) : NULL;
        return lease_book_note_switch(manager->leases, lease, before_xml, guest_xml, applied,
                                      error);
}

/* A guest that starts here asks for nothing, so nothing fails that it does not need. */
static bool prepare_one(Manager *manager, Lease *lease, bool asks, GError **error) {
        g_autoptr(SwitchPlace) place = NULL;
        g_autoptr(SwitchState) before = NULL;
        g_autoptr(GError) reason = NULL;

        place = find_place(manager, lease, &reason);
        if (place)
                before = switch_capture(manager->rtnl, place, NULL, &reason);
        if (before)
                return note(manager, lease, before, NULL, false, error);
        if (!asks)
                return true;
        if (!reason)
                return fail_without_place(lease, error);

        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
}

bool guest_switch_prepare(Manager *manager, const Domain *domain, const GPtrArray *leases,
                          GError **error) {
        bool coming = is_coming(manager, domain);

        if (!manager->rtnl)
                return true;

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                if (!prepare_one(manager, lease, coming && state_of(domain, lease), error))
                        return false;
        }
        return true;
}

static bool apply_one(Manager *manager, Lease *lease, const SwitchState *target, GError **error) {
        g_autoptr(GPtrArray) findings = findings_new();
        g_autoptr(SwitchPlace) place = find_place(manager, lease, NULL);
        g_autoptr(SwitchState) before = parse(lease->switch_before), now = NULL;

        if (!place) /* prepare_one() has found one */
                return fail_without_place(lease, error);

        now = switch_capture(manager->rtnl, place, NULL, error);
        if (!now || !note(manager, lease, before ?: now, target, true, error) ||
            !switch_apply(manager->rtnl, place, now, target, findings, error))
                return false;

        log_findings(findings);
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

                if (target && !apply_one(manager, leases->pdata[i], target, error))
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
        return !target || apply_one(manager, lease, target, error);
}

bool guest_switch_lend(Manager *manager, const Domain *domain, const DomainDevice *device,
                       Lease *lease, GError **error) {
        const MetadataDevice *entry = NULL;

        if (domain->metadata)
                entry = metadata_find(domain->metadata, device->address, device->alias);
        if (!manager->rtnl || !entry || !entry->switch_state)
                return true;
        return apply_one(manager, lease, entry->switch_state, error);
}

/* When it has gone ------------------------------------------------------------------- */

/* A guest that was here before us, or a PF that became a bridge's port only later: all that is
 * known of such a part is what the VF has now. */
static SwitchState *before_of(const Manager *manager, const Lease *lease) {
        g_autoptr(SwitchState) before = parse(lease->switch_before), now = NULL;
        g_autoptr(SwitchPlace) place = find_place(manager, lease, NULL);

        if (place)
                now = switch_capture(manager->rtnl, place, NULL, NULL);
        if (!before)
                return g_steal_pointer(&now);
        if (!now)
                return g_steal_pointer(&before);

        if (!before->vf)
                before->vf = g_steal_pointer(&now->vf);
        if (!before->port)
                before->port = g_steal_pointer(&now->port);
        if (!before->filters)
                before->filters = g_steal_pointer(&now->filters);
        return g_steal_pointer(&before);
}

static void leave_one(Manager *manager, Lease *lease, const SwitchState *guest) {
        g_autoptr(SwitchState) before = before_of(manager, lease), after = NULL;
        g_autoptr(GError) error = NULL;

        after = switch_state_without(before, guest);
        if (after && !note(manager, lease, after, guest, true, &error))
                g_warning("%s: %s", lease->device, error->message);
}

/* Since it came here, it may have got another MAC. */
static void end_one(Manager *manager, Lease *lease, const SwitchState *guest) {
        g_autoptr(SwitchState) before = parse(lease->switch_before);
        g_autoptr(GError) error = NULL;

        if (lease->switch_applied && guest && !note(manager, lease, before, guest, true, &error))
                g_warning("%s: %s", lease->device, error->message);
}

void guest_switch_moved(Manager *manager, const char *from, const char *to) {
        Lease *old = lease_book_find_device(manager->leases, from);
        const Lease *new = lease_book_find_device(manager->leases, to);
        g_autoptr(SwitchState) guest = NULL;

        if (!manager->rtnl || !old || !new)
                return;

        guest = parse(new->switch_guest);
        if (guest)
                leave_one(manager, old, guest);
}

void guest_switch_leave(Manager *manager, const Domain *domain, bool migrated) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain->uuid);

        for (guint i = 0; manager->rtnl && i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                (migrated ? leave_one : end_one)(manager, lease, state_of(domain, lease));
        }
}

/* libvirt has given the VF its old MAC back by now, so the VF does not tell any more which entries
 * of the bridge were for the guest. */
void guest_switch_put_back(Manager *manager, const Lease *lease) {
        g_autoptr(SwitchState) before = NULL, guest = NULL;
        g_autoptr(GPtrArray) findings = findings_new();
        g_autoptr(SwitchPlace) place = NULL;

        if (!lease->switch_applied)
                return;

        place = find_place(manager, lease, NULL);
        before = parse(lease->switch_before);
        if (!place || !before) /* the VF is gone, and with it what it had */
                return;

        guest = lease->switch_guest ? parse(lease->switch_guest)
                                    : switch_capture(manager->rtnl, place, NULL, NULL);
        switch_restore(manager->rtnl, place, before, guest, findings);
        log_findings(findings);
}

/* While it runs ---------------------------------------------------------------------- */

static bool is_leaving(const Manager *manager, const char *uuid) {
        const Migration *migration = migration_log_current(manager->migrations, uuid);

        return migration && migration->direction == MIGRATION_OUTGOING;
}

static SwitchState *capture(const Manager *manager, const Lease *lease, GPtrArray *findings) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SwitchPlace) place = NULL;
        SwitchState *state = NULL;

        place = find_place(manager, lease, &error);
        if (place)
                state = switch_capture(manager->rtnl, place, findings, &error);
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
        g_autoptr(GPtrArray) findings = findings_new();
        SwitchState *state = capture(manager, lease, findings);

        if (!state)
                return;

        remember(manager, lease, state);
        switch_state_hand_on(state, entry->switch_state);
        if (!switch_state_equal(state, entry->switch_state))
                log_findings(findings);

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
