/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-kernel.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/switch-place.h"
#include "daemon/facts/guest-process.h"
#include "daemon/facts/resctrl-group.h"
#include "daemon/facts/resctrl.h"
#include "daemon/facts/vf-link.h"
#include "xml/ferry-error.h"

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_HARDWARE, text);
        return false;
}

/* Rates ------------------------------------------------------------------------------ */

void slice_kernel_read_rates(const Manager *manager, TuningFunction *function) {
        g_autoptr(SwitchPlace) place = NULL;
        g_autoptr(SwitchVf) vf = NULL;

        if (!manager->rtnl ||
            switch_place_find(manager->sysfs, manager->rtnl, function->device, &place) < 0 ||
            vf_link_read(manager->rtnl, place->pf, place->vf, &vf) < 0)
                return;

        function->min_mbit = vf->min_tx_rate;
        function->max_mbit = vf->max_tx_rate;
}

static bool explain_rate(int r, const SwitchPlace *place, const Tuning *tuning, GError **error) {
        if (r == -EOPNOTSUPP)
                return fail(error,
                            "The driver of %s takes no rates for its VFs: leave min-mbit and "
                            "max-mbit out",
                            place->pf_netdev);
        if (r == -EINVAL)
                return fail(error,
                            "%s does not take that rate for its VF %u: its link may be down or "
                            "slower%s",
                            place->pf_netdev, place->vf,
                            tuning->number > 0 ? ", or it keeps no minimum" : "");
        return fail(error, "%s does not take that rate for its VF %u: %s", place->pf_netdev,
                    place->vf, g_strerror(-r));
}

static bool set_rate(const Manager *manager, const Tuning *tuning, GError **error) {
        g_autoptr(SwitchPlace) place = NULL;
        g_autoptr(SwitchVf) vf = NULL;
        int r = -ENOENT;

        if (manager->rtnl)
                r = switch_place_find(manager->sysfs, manager->rtnl, tuning->target, &place);
        if (r < 0)
                return fail(error, "The PF of %s has no network interface that could limit it",
                            tuning->target);

        r = vf_link_read(manager->rtnl, place->pf, place->vf, &vf);
        if (r >= 0) {
                vf->min_tx_rate = (unsigned)tuning->number;
                vf->max_tx_rate = (unsigned)tuning->number2;
                r = vf_link_set(manager->rtnl, place->pf, place->vf, VF_SETTING_RATE, vf);
        }
        return r >= 0 || explain_rate(r, place, tuning, error);
}

/* Shares ------------------------------------------------------------------------------ */

bool slice_kernel_check(const Manager *manager, const Slice *wish, GError **error) {
        const char *missing = NULL;
        Resctrl resctrl = { 0 };

        (void)resctrl_read(manager->sysfs, &resctrl);
        if (wish->cache_ways > 0 && resctrl.cache_groups_max == 0)
                missing = "ways of its cache";
        if (wish->memory_bandwidth > 0 && resctrl.bandwidth_groups_max == 0)
                missing = "memory bandwidth";
        if (!missing)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST,
                    "This host cannot allot %s: %s", missing,
                    resctrl.groups == 0 ? "resctrl is not mounted on /sys/fs/resctrl"
                                        : "its CPUs, or their kernel, do not have that");
        return false;
}

void slice_kernel_read_shares(const Manager *manager, const char *domain_uuid, TuningHost *host) {
        g_autofree char *group = tuning_resctrl_group(domain_uuid);

        (void)resctrl_group_read(manager->sysfs, group, &host->memory_bandwidth, &host->cache_ways);
}

static bool set_shares(const Manager *manager, const char *domain_uuid, const Tuning *tuning,
                       GError **error) {
        unsigned percent = (unsigned)tuning->number, ways = (unsigned)tuning->number2;
        g_autofree char *pid = NULL;
        int r;

        if (percent == 0 && ways == 0) {
                r = resctrl_group_remove(manager->sysfs, tuning->target);
                return r >= 0 || fail(error, "Its group in resctrl stays: %s", g_strerror(-r));
        }

        r = guest_process_find(manager->sysfs, domain_uuid, &pid);
        if (r < 0)
                return fail(error, "Its QEMU is not found: %s", g_strerror(-r));
        r = resctrl_group_set(manager->sysfs, tuning->target, percent, ways);
        if (r == -ENOSPC)
                return fail(error,
                            "The cache has no %u ways in one piece that are nobody's, or no room "
                            "for another group",
                            ways);
        if (r >= 0)
                r = resctrl_group_add_process(manager->sysfs, tuning->target, pid);
        return r >= 0 || fail(error, "resctrl refuses: %s", g_strerror(-r));
}

void slice_kernel_forget(const Manager *manager, const char *domain_uuid) {
        g_autofree char *group = tuning_resctrl_group(domain_uuid);
        unsigned percent, ways;
        int r;

        if (resctrl_group_read(manager->sysfs, group, &percent, &ways) < 0)
                return;

        r = resctrl_group_remove(manager->sysfs, group);
        if (r < 0)
                g_warning("%s stays in resctrl: %s", group, g_strerror(-r));
}

bool slice_kernel_tune(const Manager *manager, const char *domain_uuid, const Tuning *tuning,
                       GError **error) {
        return tuning->kind == TUNE_VF_RATE ? set_rate(manager, tuning, error)
                                            : set_shares(manager, domain_uuid, tuning, error);
}
