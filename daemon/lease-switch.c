/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/lease-switch.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/switch-apply.h"
#include "daemon/core/switch-capture.h"
#include "xml/ferry-error.h"

static GPtrArray *findings_new(void) {
        return g_ptr_array_new_with_free_func(g_free);
}

void lease_switch_log(const GPtrArray *findings) {
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

SwitchState *lease_switch_capture(const Manager *manager, const Lease *lease, GPtrArray *findings,
                                  GError **error) {
        g_autoptr(SwitchPlace) place = find_place(manager, lease, error);

        return place ? switch_capture(manager->rtnl, place, findings, error) : NULL;
}

/* Notes of the lease ---------------------------------------------------------------- */

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

SwitchState *lease_switch_guest(const Lease *lease) {
        return parse(lease->switch_guest);
}

static bool note(Manager *manager, Lease *lease, const SwitchState *before,
                 const SwitchState *guest, bool applied, GError **error) {
        g_autofree char *before_xml = NULL, *guest_xml = NULL;

        before_xml = before ? switch_state_to_xml(before) : NULL;
        guest_xml = guest ? switch_state_to_xml(guest) : NULL;
        return lease_book_note_switch(manager->leases, lease, before_xml, guest_xml, applied,
                                      error);
}

/* For a guest ----------------------------------------------------------------------- */

static bool fail_without_place(const Lease *lease, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                    "%s: its PF has no netdev here, so the guest's MAC, VLAN and filters cannot be "
                    "set: bind the PF to its network driver",
                    lease->device);
        return false;
}

/* A guest that starts here asks for nothing, so nothing fails that it does not need. */
bool lease_switch_prepare(Manager *manager, Lease *lease, bool asks, GError **error) {
        g_autoptr(SwitchState) before = NULL;
        g_autoptr(GError) reason = NULL;

        before = lease_switch_capture(manager, lease, NULL, &reason);
        if (before)
                return note(manager, lease, before, NULL, false, error);
        if (!asks)
                return true;
        if (!reason)
                return fail_without_place(lease, error);

        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
}

bool lease_switch_apply(Manager *manager, Lease *lease, const SwitchState *target, GError **error) {
        g_autoptr(GPtrArray) findings = findings_new();
        g_autoptr(SwitchPlace) place = find_place(manager, lease, NULL);
        g_autoptr(SwitchState) before = parse(lease->switch_before), now = NULL;

        if (!place) /* lease_switch_prepare() has found one */
                return fail_without_place(lease, error);

        now = switch_capture(manager->rtnl, place, NULL, error);
        if (!now || !note(manager, lease, before ?: now, target, true, error) ||
            !switch_apply(manager->rtnl, place, now, target, findings, error))
                return false;

        lease_switch_log(findings);
        return true;
}

/* When it has gone ------------------------------------------------------------------ */

/* A guest that was here before us, or a PF that became a bridge's port only later: all that is
 * known of such a part is what the VF has now. */
static SwitchState *before_of(const Manager *manager, const Lease *lease) {
        g_autoptr(SwitchState) before = parse(lease->switch_before), now = NULL;

        now = lease_switch_capture(manager, lease, NULL, NULL);
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

void lease_switch_leave(Manager *manager, Lease *lease, const SwitchState *guest) {
        g_autoptr(SwitchState) before = before_of(manager, lease), after = NULL;
        g_autoptr(GError) error = NULL;

        after = switch_state_without(before, guest);
        if (after && !note(manager, lease, after, guest, true, &error))
                g_warning("%s: %s", lease->device, error->message);
}

/* Since it came here, it may have got another MAC. */
void lease_switch_end(Manager *manager, Lease *lease, const SwitchState *guest) {
        g_autoptr(SwitchState) before = parse(lease->switch_before);
        g_autoptr(GError) error = NULL;

        if (lease->switch_applied && guest && !note(manager, lease, before, guest, true, &error))
                g_warning("%s: %s", lease->device, error->message);
}

/* libvirt has given the VF its old MAC back by now, so the VF does not tell any more which entries
 * of the bridge were for the guest. */
void lease_switch_put_back(Manager *manager, const Lease *lease) {
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
        lease_switch_log(findings);
}
