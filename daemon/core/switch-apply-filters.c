/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/core/switch-apply.h"
#include "daemon/facts/tc.h"

static const SwitchFilter *find(const GPtrArray *filters, const SwitchFilter *wanted) {
        for (guint i = 0; i < filters->len; i++)
                if (switch_filter_compare(filters->pdata[i], wanted) == 0)
                        return filters->pdata[i];
        return NULL;
}

static bool netdevs_equal(char **a, char **b) {
        if (!a || !b)
                return a == b;

        return g_strv_equal((const char *const *)a, (const char *const *)b);
}

/* What the kernel was told, but for what a newer version adds. */
static bool same_filter(const SwitchFilter *a, const SwitchFilter *b) {
        return a && b && a->protocol == b->protocol && g_str_equal(a->kind, b->kind) &&
               g_bytes_equal(a->options, b->options) && netdevs_equal(a->netdevs, b->netdevs);
}

static bool needs_egress(const SwitchFilters *filters) {
        for (guint i = 0; i < filters->filters->len; i++)
                if (((SwitchFilter *)filters->filters->pdata[i])->direction == SWITCH_EGRESS)
                        return true;
        return false;
}

static bool make_qdisc(const SwitchChange *change, SwitchQdisc current, GError **error) {
        const SwitchFilters *target = change->target->filters;
        const SwitchPlace *place = change->place;
        int r;

        if (current == SWITCH_QDISC_INGRESS && needs_egress(target))
                return switch_change_fails(change, true, error,
                                           "%s has the qdisc 'ingress', and the guest's filters "
                                           "need 'clsact': remove it with 'tc qdisc del dev %s "
                                           "ingress'",
                                           place->port_netdev, place->port_netdev);
        if (current != SWITCH_QDISC_NONE || target->qdisc == SWITCH_QDISC_NONE)
                return true;

        r = tc_add_qdisc(change->rtnl, place->port, target->qdisc);
        return r >= 0 ||
               switch_change_fails(change, true, error, "the qdisc '%s' cannot be made on %s: %s",
                                   switch_qdisc_to_string(target->qdisc), place->port_netdev,
                                   g_strerror(-r));
}

static bool remove_filters(const SwitchChange *change, const SwitchFilters *current,
                           GError **error) {
        for (guint i = 0; i < current->filters->len; i++) {
                const SwitchFilter *filter = current->filters->pdata[i];
                int r;

                if (same_filter(find(change->target->filters->filters, filter), filter))
                        continue;

                r = tc_remove_filter(change->rtnl, change->place->port, filter);
                if (r < 0 && !switch_change_fails(
                                     change, true, error,
                                     "the filter of priority %u cannot be removed from %s: %s",
                                     filter->priority, change->place->port_netdev, g_strerror(-r)))
                        return false;
        }
        return true;
}

static bool fail_filter(const SwitchChange *change, const SwitchFilter *filter, const char *missing,
                        int r, GError **error) {
        if (missing)
                return switch_change_fails(change, true, error,
                                           "the guest's filter of priority %u sends to %s, and "
                                           "there is no netdev of that name here: make it first",
                                           filter->priority, missing);

        return switch_change_fails(change, true, error,
                                   "the guest's filter of priority %u (%s) cannot be put on %s: %s",
                                   filter->priority, filter->kind, change->place->port_netdev,
                                   g_strerror(-r));
}

static bool add_filters(const SwitchChange *change, const SwitchFilters *current, GError **error) {
        const GPtrArray *filters = change->target->filters->filters;

        for (guint i = 0; i < filters->len; i++) {
                const SwitchFilter *filter = filters->pdata[i];
                g_autofree char *missing = NULL;
                int r;

                if (same_filter(find(current->filters, filter), filter))
                        continue;

                r = tc_add_filter(change->rtnl, change->place->port, filter, &missing);
                if (r < 0 && !fail_filter(change, filter, missing, r, error))
                        return false;
        }
        return true;
}

/* With it would go what we cannot put back. */
static void remove_qdisc(const SwitchChange *change, SwitchQdisc current, unsigned left_out) {
        if (change->target->filters->qdisc != SWITCH_QDISC_NONE || left_out > 0 ||
            current == SWITCH_QDISC_NONE)
                return;

        (void)tc_remove_qdisc(change->rtnl, change->place->port, current);
}

bool switch_change_filters(const SwitchChange *change, GError **error) {
        const SwitchFilters *target = change->target->filters;
        g_autoptr(SwitchFilters) current = NULL;
        unsigned left_out = 0;
        int r;

        if (!target)
                return true;
        if (!change->place->port_netdev || change->place->shared)
                return target->filters->len == 0 ||
                       switch_change_fails(change, true, error,
                                           "the guest has %u filters, and no netdev represents its "
                                           "device here: use a PF in switchdev mode",
                                           target->filters->len);

        r = tc_read(change->rtnl, change->place->port, &current, &left_out);
        if (r < 0)
                return switch_change_fails(change, true, error,
                                           "the filters of %s cannot be read: %s",
                                           change->place->port_netdev, g_strerror(-r));

        if (!make_qdisc(change, current->qdisc, error) || !remove_filters(change, current, error) ||
            !add_filters(change, current, error))
                return false;

        remove_qdisc(change, current->qdisc, left_out);
        return true;
}
