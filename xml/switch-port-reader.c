/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/element.h"
#include "xml/reader.h"
#include "xml/switch-read.h"

static const char *const port_attributes[] = { "shared", NULL };
static const char *const vlan_attributes[] = { "first", "last", "pvid", "untagged", NULL };
static const char *const fdb_attributes[] = {
        "mac", "vlan", "state", "sticky", "extern-learned", NULL,
};
static const char *fdb_state_word(int value) {
        return switch_fdb_state_to_string(value);
}

static bool add_vlan(const xmlNode *element, SwitchPort *port, MoreReader *more, GError **error) {
        static const char *const needs[] = { "first", "last", NULL };
        g_autoptr(SwitchVlan) vlan = g_new0(SwitchVlan, 1);

        if (!port->vlans)
                return xml_fail(element, error, "a shared port says nothing of VLANs: remove one");
        if (port->vlans->len >= SWITCH_VLANS_MAX)
                return xml_fail(element, error, "more than %d ranges of VLANs", SWITCH_VLANS_MAX);

        if (!switch_require(element, needs, error) ||
            !more_read_leaf(more, element, vlan_attributes, &vlan->more, error) ||
            !xml_prop_uint(element, "first", 1, SWITCH_VLAN_MAX, &vlan->first, error) ||
            !xml_prop_uint(element, "last", 1, SWITCH_VLAN_MAX, &vlan->last, error) ||
            !xml_prop_bool(element, "pvid", &vlan->pvid, error) ||
            !xml_prop_bool(element, "untagged", &vlan->untagged, error))
                return false;
        if (vlan->last < vlan->first)
                return xml_fail(element, error, "the range of VLANs ends before it begins");
        if (vlan->pvid && vlan->first != vlan->last)
                return xml_fail(element, error, "a range of VLANs is no port's own: only one is");

        g_ptr_array_add(port->vlans, g_steal_pointer(&vlan));
        return true;
}

static bool add_fdb(const xmlNode *element, SwitchPort *port, MoreReader *more, GError **error) {
        static const char *const needs[] = { "mac", "state", NULL };
        g_autoptr(SwitchFdb) fdb = g_new0(SwitchFdb, 1);
        int state = SWITCH_FDB_STATIC;

        if (port->fdb->len >= SWITCH_FDB_MAX)
                return xml_fail(element, error, "more than %d FDB entries", SWITCH_FDB_MAX);

        if (!switch_require(element, needs, error) ||
            !more_read_leaf(more, element, fdb_attributes, &fdb->more, error) ||
            !switch_read_mac(element, &fdb->mac, error) ||
            !xml_prop_uint(element, "vlan", 1, SWITCH_VLAN_MAX, &fdb->vlan, error) ||
            !xml_prop_enum(element, "state", fdb_state_word, &state, error) ||
            !xml_prop_bool(element, "sticky", &fdb->sticky, error) ||
            !xml_prop_bool(element, "extern-learned", &fdb->extern_learned, error))
                return false;

        fdb->state = state;
        g_ptr_array_add(port->fdb, g_steal_pointer(&fdb));
        return true;
}

static bool read_port_child(const xmlNode *child, SwitchPort *port, MoreReader *more,
                            GError **error) {
        if (xml_is(child, element_uri(child), "vlan"))
                return add_vlan(child, port, more, error);
        if (xml_is(child, element_uri(child), "fdb"))
                return add_fdb(child, port, more, error);

        return more_read_element(more, child, "vlan and fdb", &port->more, error);
}

static bool check_vlans(const xmlNode *element, const GPtrArray *vlans, GError **error) {
        unsigned pvids = 0;

        for (guint i = 0; vlans && i < vlans->len; i++) {
                const SwitchVlan *vlan = vlans->pdata[i];
                const SwitchVlan *before = i > 0 ? vlans->pdata[i - 1] : NULL;

                if (before && vlan->first <= before->last)
                        return xml_fail(element, error, "VLAN %u is there twice: remove one",
                                        vlan->first);
                if (vlan->pvid && ++pvids > 1)
                        return xml_fail(element, error,
                                        "a second VLAN with pvid='yes': remove one");
        }
        return true;
}

static bool check_fdb(const xmlNode *element, const GPtrArray *fdb, GError **error) {
        for (guint i = 1; i < fdb->len; i++) {
                const SwitchFdb *entry = fdb->pdata[i];

                if (switch_fdb_compare(fdb->pdata[i - 1], entry) == 0)
                        return xml_fail(element, error,
                                        "a second FDB entry for %s in VLAN %u: remove one",
                                        entry->mac, entry->vlan);
        }
        return true;
}

bool switch_read_port(const xmlNode *element, SwitchState *state, MoreReader *more,
                      GError **error) {
        xmlNode *child = NULL;
        bool shared = false;

        if (state->port)
                return switch_fail_second(element, error);
        if (!xml_prop_bool(element, "shared", &shared, error))
                return false;

        state->port = switch_port_new(!shared);
        if (!more_read_attributes(more, element, port_attributes, &state->port->more, error) ||
            !element_check_no_text(element, error))
                return false;

        do {
                if (!element_next_child(element, &child, error) ||
                    (child && !read_port_child(child, state->port, more, error)))
                        return false;
        } while (child);

        switch_state_sort(state);
        return check_vlans(element, state->port->vlans, error) &&
               check_fdb(element, state->port->fdb, error);
}
