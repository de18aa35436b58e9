/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/core/switch-apply.h"
#include "daemon/facts/bridge.h"

#define VLANS (SWITCH_VLAN_MAX + 1)

/* VLANs ---------------------------------------------------------------------------- */

typedef enum VlanFlag {
        VLAN_THERE = 1 << 0,
        VLAN_PVID = 1 << 1,
        VLAN_UNTAGGED = 1 << 2,
} VlanFlag;

static void spread(const GPtrArray *vlans, guint8 ret_flags[VLANS]) {
        for (guint i = 0; vlans && i < vlans->len; i++) {
                const SwitchVlan *vlan = vlans->pdata[i];

                for (unsigned vid = vlan->first; vid <= vlan->last; vid++)
                        ret_flags[vid] = (guint8)(VLAN_THERE | (vlan->pvid ? VLAN_PVID : 0) |
                                                  (vlan->untagged ? VLAN_UNTAGGED : 0));
        }
}

/* What the port is to have and has not, or is not to have and has, from `vid` on as far as it is
 * the same. */
static bool next_range(const guint8 *have, const guint8 *want, bool add, unsigned *vid,
                       SwitchVlan *ret_range) {
        const guint8 *flags = add ? want : have;
        unsigned i = *vid;

        while (i < VLANS && (have[i] == want[i] || (want[i] != 0) != add))
                i++;
        if (i == VLANS)
                return false;

        *ret_range = (SwitchVlan){ .first = i,
                                   .last = i,
                                   .pvid = flags[i] & VLAN_PVID,
                                   .untagged = flags[i] & VLAN_UNTAGGED };
        while (!ret_range->pvid && ret_range->last + 1 < VLANS && flags[i + 1] == flags[i] &&
               have[i + 1] != want[i + 1] && (want[i + 1] != 0) == add) {
                ret_range->last++;
                i++;
        }
        *vid = ret_range->last + 1;
        return true;
}

static bool change_ranges(const SwitchChange *change, const guint8 *have, const guint8 *want,
                          bool add, GError **error) {
        const SwitchPlace *place = change->place;
        unsigned vid = 1;
        SwitchVlan range;

        while (next_range(have, want, add, &vid, &range)) {
                int r = add ? bridge_add_vlan(change->rtnl, place->port, &range)
                            : bridge_remove_vlan(change->rtnl, place->port, &range);

                if (r < 0 &&
                    !switch_change_fails(change, true, error,
                                         "its port %s cannot be %s VLAN %u to %u: %s",
                                         place->port_netdev, add ? "put into" : "taken from",
                                         range.first, range.last, g_strerror(-r)))
                        return false;
        }
        return true;
}

static bool change_vlans(const SwitchChange *change, bool add, GError **error) {
        guint8 have[VLANS] = { 0 }, want[VLANS] = { 0 };
        g_autoptr(GPtrArray) current = NULL;
        int r;

        if (!change->target->port->vlans || change->place->shared)
                return true;

        r = bridge_read_vlans(change->rtnl, change->place->port, &current);
        if (r < 0)
                return switch_change_fails(change, true, error,
                                           "the VLANs of its port cannot be read: %s",
                                           g_strerror(-r));

        spread(current, have);
        spread(change->target->port->vlans, want);
        return change_ranges(change, have, want, add, error);
}

/* Every port of a bridge is like that from the beginning. */
static bool is_default(const GPtrArray *vlans) {
        const SwitchVlan *only = vlans && vlans->len == 1 ? vlans->pdata[0] : NULL;

        return !vlans || (only && only->first == 1 && only->last == 1 && only->pvid);
}

/* FDB ------------------------------------------------------------------------------ */

static const SwitchFdb *find(const GPtrArray *entries, const SwitchFdb *wanted) {
        for (guint i = 0; i < entries->len; i++)
                if (switch_fdb_compare(entries->pdata[i], wanted) == 0)
                        return entries->pdata[i];
        return NULL;
}

static bool names_mac(const SwitchState *state, const char *mac) {
        if (state->vf && g_strcmp0(state->vf->mac, mac) == 0)
                return true;

        for (guint i = 0; state->port && i < state->port->fdb->len; i++)
                if (g_str_equal(((SwitchFdb *)state->port->fdb->pdata[i])->mac, mac))
                        return true;
        return false;
}

/* On a shared port, only what one of both states speaks of; the port's own MAC is the host's. */
static bool is_ours(const SwitchChange *change, const SwitchFdb *fdb) {
        const SwitchPlace *place = change->place;

        if (!switch_mac_is_valid(fdb->mac) || g_strcmp0(fdb->mac, place->port_mac) == 0)
                return false;

        return !place->shared || names_mac(change->before, fdb->mac) ||
               names_mac(change->target, fdb->mac);
}

static void fail_fdb(const SwitchChange *change, const SwitchFdb *fdb, const char *what, int r) {
        (void)switch_change_fails(change, false, NULL,
                                  "the FDB entry for %s in VLAN %u cannot be %s %s: %s", fdb->mac,
                                  fdb->vlan, what, change->place->port_netdev, g_strerror(-r));
}

static bool same_entry(const SwitchFdb *a, const SwitchFdb *b) {
        return a && b && a->state == b->state && a->sticky == b->sticky &&
               a->extern_learned == b->extern_learned;
}

/* NULL: it cannot be read, which is a finding. */
static GPtrArray *read_fdb(const SwitchChange *change) {
        GPtrArray *fdb = NULL;
        int r;

        r = bridge_read_fdb(change->rtnl, change->place->port, &fdb);
        if (r < 0)
                (void)switch_change_fails(change, false, NULL,
                                          "the FDB entries of its port cannot be read: %s",
                                          g_strerror(-r));
        return fdb;
}

/* One without a VLAN takes those of the same MAC in every VLAN with it. */
static void remove_fdb(const SwitchChange *change) {
        g_autoptr(GPtrArray) current = read_fdb(change);

        for (guint i = 0; current && i < current->len; i++) {
                const SwitchFdb *fdb = current->pdata[i];
                int r;

                if (find(change->target->port->fdb, fdb) || !is_ours(change, fdb))
                        continue;

                r = bridge_remove_fdb(change->rtnl, change->place->port, fdb);
                if (r < 0 && r != -ENOENT)
                        fail_fdb(change, fdb, "taken from", r);
        }
}

static void add_fdb(const SwitchChange *change) {
        const GPtrArray *target = change->target->port->fdb;
        g_autoptr(GPtrArray) current = read_fdb(change);

        for (guint i = 0; current && i < target->len; i++) {
                const SwitchFdb *fdb = target->pdata[i];
                int r;

                if (same_entry(find(current, fdb), fdb))
                        continue;

                r = bridge_add_fdb(change->rtnl, change->place->port, fdb);
                if (r < 0)
                        fail_fdb(change, fdb, "put on", r);
        }
}

/* The port ------------------------------------------------------------------------- */

static bool change_without_port(const SwitchChange *change, GError **error) {
        const SwitchPort *port = change->target->port;

        if (!is_default(port->vlans))
                return switch_change_fails(change, true, error,
                                           "the guest's port of a bridge has VLANs, and here it "
                                           "has no such port: make "
                                           "the netdev that represents it a port of a bridge");
        if (port->fdb->len > 0)
                return switch_change_fails(
                        change, false, error,
                        "it has no port of a bridge here, so %u FDB entries stay "
                        "behind",
                        port->fdb->len);
        return true;
}

bool switch_change_port(const SwitchChange *change, GError **error) {
        const SwitchPort *port = change->target->port;

        if (!port)
                return true;
        if (!change->place->bridged)
                return change_without_port(change, error);

        if (change->place->shared && !is_default(port->vlans) &&
            !switch_change_fails(change, true, error,
                                 "the guest's port of a bridge has VLANs, and here %s is shared by "
                                 "all VFs: use a PF in switchdev mode",
                                 change->place->port_netdev))
                return false;

        /* An entry can be made and removed only while its port is in its VLAN; and one that was
         * made without a VLAN has made others, in each that the port is in. */
        if (!change_vlans(change, true, error))
                return false;
        remove_fdb(change);
        if (!change_vlans(change, false, error))
                return false;
        add_fdb(change);
        remove_fdb(change);
        return true;
}
