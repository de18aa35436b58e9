/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/switch-state.h"

#include <string.h>

static const char *const protocols[] = {
        [SWITCH_PROTOCOL_8021Q] = "802.1q",
        [SWITCH_PROTOCOL_8021AD] = "802.1ad",
};
G_STATIC_ASSERT(G_N_ELEMENTS(protocols) == _SWITCH_PROTOCOL_MAX);

static const char *const link_states[] = {
        [SWITCH_LINK_AUTO] = "auto",
        [SWITCH_LINK_UP] = "up",
        [SWITCH_LINK_DOWN] = "down",
};
G_STATIC_ASSERT(G_N_ELEMENTS(link_states) == _SWITCH_LINK_MAX);

static const char *const fdb_states[] = {
        [SWITCH_FDB_STATIC] = "static",
        [SWITCH_FDB_PERMANENT] = "permanent",
        [SWITCH_FDB_REACHABLE] = "reachable",
};
G_STATIC_ASSERT(G_N_ELEMENTS(fdb_states) == _SWITCH_FDB_STATE_MAX);

static const char *const qdiscs[] = {
        [SWITCH_QDISC_NONE] = "none",
        [SWITCH_QDISC_CLSACT] = "clsact",
        [SWITCH_QDISC_INGRESS] = "ingress",
};
G_STATIC_ASSERT(G_N_ELEMENTS(qdiscs) == _SWITCH_QDISC_MAX);

static const char *const directions[] = {
        [SWITCH_INGRESS] = "ingress",
        [SWITCH_EGRESS] = "egress",
};
G_STATIC_ASSERT(G_N_ELEMENTS(directions) == _SWITCH_DIRECTION_MAX);

static const char *name_of(const char *const *names, int max, int value) {
        return value >= 0 && value < max ? names[value] : NULL;
}

static int value_of(const char *const *names, int max, const char *text) {
        for (int i = 0; i < max; i++)
                if (g_strcmp0(names[i], text) == 0)
                        return i;

        return -22;
}

const char *switch_protocol_to_string(SwitchProtocol protocol) {
        return name_of(protocols, _SWITCH_PROTOCOL_MAX, protocol);
}

SwitchProtocol switch_protocol_from_string(const char *text) {
        return value_of(protocols, _SWITCH_PROTOCOL_MAX, text);
}

const char *switch_link_state_to_string(SwitchLinkState state) {
        return name_of(link_states, _SWITCH_LINK_MAX, state);
}

SwitchLinkState switch_link_state_from_string(const char *text) {
        return value_of(link_states, _SWITCH_LINK_MAX, text);
}

const char *switch_fdb_state_to_string(SwitchFdbState state) {
        return name_of(fdb_states, _SWITCH_FDB_STATE_MAX, state);
}

SwitchFdbState switch_fdb_state_from_string(const char *text) {
        return value_of(fdb_states, _SWITCH_FDB_STATE_MAX, text);
}

const char *switch_qdisc_to_string(SwitchQdisc qdisc) {
        return name_of(qdiscs, _SWITCH_QDISC_MAX, qdisc);
}

SwitchQdisc switch_qdisc_from_string(const char *text) {
        return value_of(qdiscs, _SWITCH_QDISC_MAX, text);
}

const char *switch_direction_to_string(SwitchDirection direction) {
        return name_of(directions, _SWITCH_DIRECTION_MAX, direction);
}

SwitchDirection switch_direction_from_string(const char *text) {
        return value_of(directions, _SWITCH_DIRECTION_MAX, text);
}

bool switch_mac_is_valid(const char *text) {
        if (strlen(text) != 17 || g_ascii_xdigit_value(text[1]) % 2 == 1 ||
            g_str_equal(text, "00:00:00:00:00:00"))
                return false;

        for (int i = 0; i < 17; i++)
                if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
                        return false;
        return true;
}

/* Making and freeing -------------------------------------------------------------- */

static void more_done(SwitchMore *more) {
        g_free(more->attributes);
        g_free(more->elements);
}

SwitchVf *switch_vf_new(void) {
        SwitchVf *vf = g_new0(SwitchVf, 1);

        vf->spoof_check = vf->trust = vf->link_state = SWITCH_UNKNOWN;
        return vf;
}

void switch_vf_free(SwitchVf *vf) {
        if (!vf)
                return;

        g_free(vf->mac);
        more_done(&vf->more);
        g_free(vf);
}

void switch_vlan_free(SwitchVlan *vlan) {
        if (!vlan)
                return;

        more_done(&vlan->more);
        g_free(vlan);
}

void switch_fdb_free(SwitchFdb *fdb) {
        if (!fdb)
                return;

        g_free(fdb->mac);
        more_done(&fdb->more);
        g_free(fdb);
}

SwitchPort *switch_port_new(bool vlans) {
        SwitchPort *port = g_new0(SwitchPort, 1);

        if (vlans)
                port->vlans = g_ptr_array_new_with_free_func((GDestroyNotify)switch_vlan_free);
        port->fdb = g_ptr_array_new_with_free_func((GDestroyNotify)switch_fdb_free);
        return port;
}

void switch_port_free(SwitchPort *port) {
        if (!port)
                return;

        g_clear_pointer(&port->vlans, g_ptr_array_unref);
        g_ptr_array_unref(port->fdb);
        more_done(&port->more);
        g_free(port);
}

void switch_filter_free(SwitchFilter *filter) {
        if (!filter)
                return;

        g_free(filter->kind);
        g_clear_pointer(&filter->options, g_bytes_unref);
        g_strfreev(filter->netdevs);
        more_done(&filter->more);
        g_free(filter);
}

SwitchFilters *switch_filters_new(SwitchQdisc qdisc) {
        SwitchFilters *filters = g_new0(SwitchFilters, 1);

        filters->qdisc = qdisc;
        filters->filters = g_ptr_array_new_with_free_func((GDestroyNotify)switch_filter_free);
        return filters;
}

void switch_filters_free(SwitchFilters *filters) {
        if (!filters)
                return;

        g_ptr_array_unref(filters->filters);
        more_done(&filters->more);
        g_free(filters);
}

SwitchState *switch_state_new(void) {
        SwitchState *state = g_new0(SwitchState, 1);

        state->minor = SWITCH_VERSION_MINOR;
        return state;
}

void switch_state_free(SwitchState *state) {
        if (!state)
                return;

        switch_vf_free(state->vf);
        switch_port_free(state->port);
        switch_filters_free(state->filters);
        more_done(&state->more);
        g_free(state);
}
