/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/switch-apply.h"

#include <errno.h>
#include <stdarg.h>

#include "daemon/core/plan.h"
#include "daemon/facts/vf-link.h"
#include "xml/ferry-error.h"

bool switch_change_fails(const SwitchChange *change, bool grave, GError **error, const char *format,
                         ...) {
        g_autofree char *reason = NULL;
        va_list args;

        va_start(args, format);
        reason = g_strdup_vprintf(format, args);
        va_end(args);

        if (change->strict && grave) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE, "%s: %s",
                            change->place->device, reason);
                return false;
        }
        if (change->findings)
                g_ptr_array_add(change->findings,
                                g_strdup_printf("%s: %s", change->place->device, reason));
        return true;
}

/* The VF's settings ---------------------------------------------------------------- */

static char *describe_vlan(const SwitchVf *vf) {
        if (vf->vlan == 0)
                return g_strdup("no VLAN");

        return g_strdup_printf("VLAN %u of %s with priority %u", vf->vlan,
                               switch_protocol_to_string(vf->protocol), vf->qos);
}

static char *describe_guid(const char *name, uint64_t guid) {
        return g_strdup_printf("%s GUID 0x%016" G_GINT64_MODIFIER "x", name, guid);
}

/* In words for "0000:3b:10.2 cannot have ..." */
static char *describe(VfSetting setting, const SwitchVf *vf) {
        switch (setting) {
        case VF_SETTING_MAC:
                return vf->mac ? g_strdup_printf("MAC %s", vf->mac) : g_strdup("no MAC");
        case VF_SETTING_VLAN:
                return describe_vlan(vf);
        case VF_SETTING_RATE:
                return g_strdup_printf("tx rates of %u to %u Mbit/s", vf->min_tx_rate,
                                       vf->max_tx_rate);
        case VF_SETTING_SPOOF_CHECK:
                return g_strdup_printf("spoof check %s", vf->spoof_check ? "on" : "off");
        case VF_SETTING_TRUST:
                return g_strdup_printf("trust %s", vf->trust ? "on" : "off");
        case VF_SETTING_LINK_STATE:
                return g_strdup_printf("link state %s",
                                       switch_link_state_to_string(vf->link_state));
        case VF_SETTING_NODE_GUID:
                return describe_guid("node", vf->node_guid);
        case VF_SETTING_PORT_GUID:
                return describe_guid("port", vf->port_guid);
        case _VF_SETTING_MAX:
        case _VF_SETTING_INVALID:
                break;
        }
        g_assert_not_reached();
}

/* Guests are kept apart by it. */
static bool is_grave(VfSetting setting, const SwitchVf *current, const SwitchVf *target) {
        switch (setting) {
        case VF_SETTING_MAC:
                return target->mac != NULL;
        case VF_SETTING_VLAN:
                return true;
        case VF_SETTING_SPOOF_CHECK:
                return target->spoof_check == 1;
        case VF_SETTING_TRUST:
                return target->trust == 1 || current->trust == 1;
        case VF_SETTING_RATE:
        case VF_SETTING_LINK_STATE:
        case VF_SETTING_NODE_GUID:
        case VF_SETTING_PORT_GUID:
                return false;
        case _VF_SETTING_MAX:
        case _VF_SETTING_INVALID:
                break;
        }
        g_assert_not_reached();
}

static bool set_one(const SwitchChange *change, VfSetting setting, const SwitchVf *current,
                    GError **error) {
        const SwitchVf *target = change->target->vf;
        g_autofree char *words = NULL;
        int r;

        if (!vf_link_differs(setting, current, target))
                return true;

        r = vf_link_set(change->rtnl, change->place->pf, change->place->vf, setting, target);
        if (r >= 0)
                return true;

        words = describe(setting, target);
        return switch_change_fails(change, is_grave(setting, current, target), error,
                                   "it cannot have %s, since the driver of %s refuses it (%s): use "
                                   "a device of another kind, or change it where the guest is now",
                                   words, change->place->pf_netdev, g_strerror(-r));
}

bool switch_change_vf(const SwitchChange *change, GError **error) {
        g_autoptr(SwitchVf) current = NULL, unset = switch_vf_new();
        int r;

        if (!change->target->vf)
                return true;

        /* A driver that tells nothing of its VFs may still be told. */
        r = vf_link_read(change->rtnl, change->place->pf, change->place->vf, &current);
        if (r < 0 && r != -ENOENT)
                return switch_change_fails(change, true, error,
                                           "what %s knows of it cannot be read: %s",
                                           change->place->pf_netdev, g_strerror(-r));

        for (int i = 0; i < _VF_SETTING_MAX; i++)
                if (!set_one(change, (VfSetting)i, current ?: unset, error))
                        return false;
        return true;
}

/* The plan ------------------------------------------------------------------------- */

/* The way back, for one part: what it is now, it is asked anew. */
static SwitchChange reversed(const SwitchChange *change) {
        SwitchChange back = *change;

        back.before = change->target;
        back.target = change->before;
        back.findings = NULL;
        back.strict = false;
        return back;
}

typedef bool (*ChangePart)(const SwitchChange *change, GError **error);

static void undo_part(const SwitchChange *change, ChangePart part) {
        SwitchChange back = reversed(change);

        (void)part(&back, NULL);
}

/* Who fails leaves no trace. */
static bool change_part(const SwitchChange *change, ChangePart part, GError **error) {
        if (part(change, error))
                return true;

        undo_part(change, part);
        return false;
}

static bool step_vf(void *subject, void *unused, GError **error) {
        return change_part(subject, switch_change_vf, error);
}

static void undo_vf(void *subject, void *unused) {
        undo_part(subject, switch_change_vf);
}

static bool step_port(void *subject, void *unused, GError **error) {
        return change_part(subject, switch_change_port, error);
}

static void undo_port(void *subject, void *unused) {
        undo_part(subject, switch_change_port);
}

static bool step_filters(void *subject, void *unused, GError **error) {
        return change_part(subject, switch_change_filters, error);
}

static void undo_filters(void *subject, void *unused) {
        undo_part(subject, switch_change_filters);
}

bool switch_apply(Rtnl *rtnl, const SwitchPlace *place, const SwitchState *before,
                  const SwitchState *target, GPtrArray *findings, GError **error) {
        SwitchChange change = { rtnl, place, before, target, findings, true };
        g_autoptr(Plan) plan = plan_new(NULL);

        /* Filters and the port first: no frame of the guest's MAC passes without them. */
        plan_add_step(plan, "filters", step_filters, undo_filters);
        plan_add_step(plan, "port", step_port, undo_port);
        plan_add_step(plan, "vf", step_vf, undo_vf);
        plan_add_subject(plan, &change);
        return plan_run(plan, error);
}

void switch_restore(Rtnl *rtnl, const SwitchPlace *place, const SwitchState *before,
                    const SwitchState *applied, GPtrArray *findings) {
        SwitchChange change = { rtnl, place, applied ?: before, before, findings, false };

        (void)switch_change_vf(&change, NULL);
        (void)switch_change_port(&change, NULL);
        (void)switch_change_filters(&change, NULL);
}
