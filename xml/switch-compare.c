/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/switch-state.h"

/* The order of the entries of a SwitchState, and when two of them say the same. */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

int switch_vlan_compare(const SwitchVlan *a, const SwitchVlan *b) {
        return COMPARE(a->first, b->first);
}

int switch_fdb_compare(const SwitchFdb *a, const SwitchFdb *b) {
        int order = strcmp(a->mac, b->mac);

        return order != 0 ? order : COMPARE(a->vlan, b->vlan);
}

int switch_filter_compare(const SwitchFilter *a, const SwitchFilter *b) {
        if (a->direction != b->direction)
                return COMPARE(a->direction, b->direction);
        if (a->chain != b->chain)
                return COMPARE(a->chain, b->chain);
        if (a->priority != b->priority)
                return COMPARE(a->priority, b->priority);
        return COMPARE(a->handle, b->handle);
}

static int by_vlan(gconstpointer a, gconstpointer b) {
        return switch_vlan_compare(*(SwitchVlan *const *)a, *(SwitchVlan *const *)b);
}

static int by_fdb(gconstpointer a, gconstpointer b) {
        return switch_fdb_compare(*(SwitchFdb *const *)a, *(SwitchFdb *const *)b);
}

static int by_filter(gconstpointer a, gconstpointer b) {
        return switch_filter_compare(*(SwitchFilter *const *)a, *(SwitchFilter *const *)b);
}

void switch_state_sort(SwitchState *state) {
        if (state->port && state->port->vlans)
                g_ptr_array_sort(state->port->vlans, by_vlan);
        if (state->port)
                g_ptr_array_sort(state->port->fdb, by_fdb);
        if (state->filters)
                g_ptr_array_sort(state->filters->filters, by_filter);
}

static bool more_equal(const SwitchMore *a, const SwitchMore *b) {
        return g_strcmp0(a->attributes, b->attributes) == 0 &&
               g_strcmp0(a->elements, b->elements) == 0;
}

bool switch_vf_equal(const SwitchVf *a, const SwitchVf *b) {
        if (!a || !b)
                return a == b;

        return g_strcmp0(a->mac, b->mac) == 0 && a->vlan == b->vlan && a->qos == b->qos &&
               a->protocol == b->protocol && a->spoof_check == b->spoof_check &&
               a->trust == b->trust && a->link_state == b->link_state &&
               a->min_tx_rate == b->min_tx_rate && a->max_tx_rate == b->max_tx_rate &&
               a->node_guid == b->node_guid && a->port_guid == b->port_guid &&
               more_equal(&a->more, &b->more);
}

bool switch_vlan_equal(const SwitchVlan *a, const SwitchVlan *b) {
        return a->first == b->first && a->last == b->last && a->pvid == b->pvid &&
               a->untagged == b->untagged && more_equal(&a->more, &b->more);
}

bool switch_fdb_equal(const SwitchFdb *a, const SwitchFdb *b) {
        return switch_fdb_compare(a, b) == 0 && a->state == b->state && a->sticky == b->sticky &&
               a->extern_learned == b->extern_learned && more_equal(&a->more, &b->more);
}

static bool netdevs_equal(char **a, char **b) {
        if (!a || !b)
                return a == b;

        return g_strv_equal((const char *const *)a, (const char *const *)b);
}

bool switch_filter_equal(const SwitchFilter *a, const SwitchFilter *b) {
        return switch_filter_compare(a, b) == 0 && a->protocol == b->protocol &&
               g_strcmp0(a->kind, b->kind) == 0 && g_bytes_equal(a->options, b->options) &&
               netdevs_equal(a->netdevs, b->netdevs) && more_equal(&a->more, &b->more);
}

typedef bool (*Equal)(gconstpointer a, gconstpointer b);

static bool entries_equal(const GPtrArray *a, const GPtrArray *b, Equal equal) {
        if (!a || !b)
                return a == b;
        if (a->len != b->len)
                return false;

        for (guint i = 0; i < a->len; i++)
                if (!equal(a->pdata[i], b->pdata[i]))
                        return false;
        return true;
}

static bool port_equal(const SwitchPort *a, const SwitchPort *b) {
        if (!a || !b)
                return a == b;

        return entries_equal(a->vlans, b->vlans, (Equal)switch_vlan_equal) &&
               entries_equal(a->fdb, b->fdb, (Equal)switch_fdb_equal) &&
               more_equal(&a->more, &b->more);
}

static bool filters_equal(const SwitchFilters *a, const SwitchFilters *b) {
        if (!a || !b)
                return a == b;

        return a->qdisc == b->qdisc &&
               entries_equal(a->filters, b->filters, (Equal)switch_filter_equal) &&
               more_equal(&a->more, &b->more);
}

bool switch_state_equal(const SwitchState *a, const SwitchState *b) {
        if (!a || !b)
                return a == b;

        return a->minor == b->minor && switch_vf_equal(a->vf, b->vf) &&
               port_equal(a->port, b->port) && filters_equal(a->filters, b->filters) &&
               more_equal(&a->more, &b->more);
}
