/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/switch-capture.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/facts/bridge.h"
#include "daemon/facts/tc.h"
#include "daemon/facts/vf-link.h"
#include "xml/ferry-error.h"

static void add_finding(GPtrArray *findings, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add_finding(GPtrArray *findings, const char *format, ...) {
        va_list args;

        if (!findings)
                return;

        va_start(args, format);
        g_ptr_array_add(findings, g_strdup_vprintf(format, args));
        va_end(args);
}

static bool fail(GError **error, const SwitchPlace *place, const char *what, int r) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE, "%s: %s cannot be read: %s",
                    place->device, what, g_strerror(-r));
        return false;
}

static bool capture_vf(Rtnl *rtnl, const SwitchPlace *place, SwitchState *state, GError **error) {
        int r;

        r = vf_link_read(rtnl, place->pf, place->vf, &state->vf);
        if (r < 0 && r != -ENOENT) /* its driver tells nothing of VFs */
                return fail(error, place, "what its PF knows of it", r);

        return true;
}

static bool is_carried(const SwitchPlace *place, const SwitchState *state, const SwitchFdb *fdb) {
        if (!switch_mac_is_valid(fdb->mac) || g_strcmp0(fdb->mac, place->port_mac) == 0)
                return false;

        return !place->shared || (state->vf && g_strcmp0(fdb->mac, state->vf->mac) == 0);
}

static bool capture_port(Rtnl *rtnl, const SwitchPlace *place, SwitchState *state, GError **error) {
        g_autoptr(GPtrArray) fdb = NULL;
        int r;

        if (!place->bridged)
                return true;

        state->port = switch_port_new(!place->shared);
        if (state->port->vlans) {
                g_clear_pointer(&state->port->vlans, g_ptr_array_unref);
                r = bridge_read_vlans(rtnl, place->port, &state->port->vlans);
                if (r < 0)
                        return fail(error, place, "the VLANs of its port", r);
        }

        r = bridge_read_fdb(rtnl, place->port, &fdb);
        if (r < 0)
                return fail(error, place, "the FDB entries of its port", r);

        while (fdb->len > 0) {
                SwitchFdb *entry = g_ptr_array_steal_index(fdb, 0);

                if (is_carried(place, state, entry))
                        g_ptr_array_add(state->port->fdb, entry);
                else
                        switch_fdb_free(entry);
        }
        return true;
}

static bool capture_filters(Rtnl *rtnl, const SwitchPlace *place, SwitchState *state,
                            GPtrArray *findings, GError **error) {
        unsigned left_out = 0;
        int r;

        if (!place->port_netdev || place->shared)
                return true;

        r = tc_read(rtnl, place->port, &state->filters, &left_out);
        if (r < 0)
                return fail(error, place, "the filters of its port", r);
        if (left_out > 0)
                add_finding(findings,
                            "%s: %u filters of %s are of a kind that cannot be carried and stay "
                            "behind when the guest moves: use flower and matchall",
                            place->device, left_out, place->port_netdev);
        return true;
}

/* A reader there would refuse the guest with it. */
static bool check_limits(const SwitchPlace *place, const SwitchState *state, GError **error) {
        g_autofree char *xml = switch_state_to_xml(state);
        g_autoptr(SwitchState) again = NULL;
        g_autoptr(GError) reason = NULL;

        again = switch_state_from_xml(xml, strlen(xml), &reason);
        if (again)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                    "%s: what the switch knows of it is too much to be carried (%s)", place->device,
                    reason->message);
        return false;
}

SwitchState *switch_capture(Rtnl *rtnl, const SwitchPlace *place, GPtrArray *findings,
                            GError **error) {
        g_autoptr(SwitchState) state = switch_state_new();

        if (!capture_vf(rtnl, place, state, error) || !capture_port(rtnl, place, state, error) ||
            !capture_filters(rtnl, place, state, findings, error))
                return NULL;

        switch_state_sort(state);
        return check_limits(place, state, error) ? g_steal_pointer(&state) : NULL;
}

/* Handing on ----------------------------------------------------------------------- */

static void hand_on(SwitchMore *to, const SwitchMore *from) {
        g_free(to->attributes);
        g_free(to->elements);
        to->attributes = g_strdup(from->attributes);
        to->elements = g_strdup(from->elements);
}

typedef int (*Compare)(gconstpointer a, gconstpointer b);

static gpointer find_entry(const GPtrArray *entries, gconstpointer wanted, Compare compare) {
        for (guint i = 0; entries && i < entries->len; i++)
                if (compare(entries->pdata[i], wanted) == 0)
                        return entries->pdata[i];
        return NULL;
}

static void hand_on_port(SwitchPort *to, const SwitchPort *from) {
        hand_on(&to->more, &from->more);

        for (guint i = 0; to->vlans && i < to->vlans->len; i++) {
                SwitchVlan *vlan = to->vlans->pdata[i];
                SwitchVlan *known = find_entry(from->vlans, vlan, (Compare)switch_vlan_compare);

                if (known)
                        hand_on(&vlan->more, &known->more);
        }
        for (guint i = 0; i < to->fdb->len; i++) {
                SwitchFdb *fdb = to->fdb->pdata[i];
                SwitchFdb *known = find_entry(from->fdb, fdb, (Compare)switch_fdb_compare);

                if (known)
                        hand_on(&fdb->more, &known->more);
        }
}

static void hand_on_filters(SwitchFilters *to, const SwitchFilters *from) {
        hand_on(&to->more, &from->more);

        for (guint i = 0; i < to->filters->len; i++) {
                SwitchFilter *filter = to->filters->pdata[i];
                SwitchFilter *known = find_entry(from->filters, filter,
                                                 (Compare)switch_filter_compare);

                if (known)
                        hand_on(&filter->more, &known->more);
        }
}

void switch_state_hand_on(SwitchState *state, const SwitchState *before) {
        if (!before || before->minor <= SWITCH_VERSION_MINOR)
                return;

        state->minor = before->minor;
        hand_on(&state->more, &before->more);
        if (state->vf && before->vf)
                hand_on(&state->vf->more, &before->vf->more);
        if (state->port && before->port)
                hand_on_port(state->port, before->port);
        if (state->filters && before->filters)
                hand_on_filters(state->filters, before->filters);
}

/* When the guest has gone ------------------------------------------------------------ */

static bool has_mac(const SwitchState *guest, const char *mac) {
        if (!guest || !mac)
                return false;
        if (guest->vf && g_strcmp0(guest->vf->mac, mac) == 0)
                return true;

        for (guint i = 0; guest->port && i < guest->port->fdb->len; i++)
                if (g_str_equal(((SwitchFdb *)guest->port->fdb->pdata[i])->mac, mac))
                        return true;
        return false;
}

SwitchState *switch_state_without(const SwitchState *before, const SwitchState *guest) {
        g_autoptr(SwitchState) state = switch_state_copy(before);

        if (!state)
                return NULL;

        if (state->vf && has_mac(guest, state->vf->mac))
                g_clear_pointer(&state->vf->mac, g_free);
        for (guint i = state->port ? state->port->fdb->len : 0; i-- > 0;)
                if (has_mac(guest, ((SwitchFdb *)state->port->fdb->pdata[i])->mac))
                        g_ptr_array_remove_index(state->port->fdb, i);
        return g_steal_pointer(&state);
}
