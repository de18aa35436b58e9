/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trials.h"

#include <stdarg.h>

#include "daemon/core/probe-memo.h"
#include "daemon/core/usage.h"
#include "xml/ferry-error.h"

struct Trials {
        Inventory *inventory;
        LeaseBook *leases;
        const TrialOps *ops;
        TrialListener listener;
        void *userdata;
        GHashTable *late;    /* ids of devices whose helper was killed and has not ended */
        GHashTable *reports; /* kind → TrialReport */
};

Trials *trials_new(Inventory *inventory, LeaseBook *leases) {
        Trials *trials = g_new0(Trials, 1);

        trials->inventory = inventory;
        trials->leases = leases;
        trials->late = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        trials->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                (GDestroyNotify)trial_report_free);
        return trials;
}

void trials_free(Trials *trials) {
        if (!trials)
                return;

        g_hash_table_unref(trials->late);
        g_hash_table_unref(trials->reports);
        g_free(trials);
}

void trials_set_ops(Trials *trials, const TrialOps *ops) {
        trials->ops = ops;
}

void trials_set_listener(Trials *trials, TrialListener listener, void *userdata) {
        trials->listener = listener;
        trials->userdata = userdata;
}

/* May this device be tried? ------------------------------------------------------- */

static bool G_GNUC_PRINTF(3, 4) refuse(GError **error, FerryError code, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        if (error)
                *error = g_error_new_valist(FERRY_ERROR, (int)code, format, arguments);
        va_end(arguments);
        return false;
}

static bool check_kind(const Device *device, const char *id, GError **error) {
        if (!device)
                return refuse(error, FERRY_ERROR_NOT_FOUND,
                              "This host has no device '%s': 'virt-ferry devices' lists those it "
                              "has",
                              id);
        if (device->role != DEVICE_ROLE_FUNCTION)
                return refuse(error, FERRY_ERROR_INVALID_ARGS,
                              "%s makes devices and is none that migrates: name one of those below "
                              "it in 'virt-ferry devices'",
                              id);
        if (device->host_use)
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is used by the host (%s): take the host off it, or name another "
                              "device",
                              id, device->host_use);
        if (device->class->kind == DOMAIN_DEVICE_PCI && !driver_is_vfio(device->driver))
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is bound to %s and not to a vfio driver: bind it to one, as "
                              "'virsh nodedev-detach' does",
                              id, device->driver ?: "no driver");
        if (device->iommu_group < 0)
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is in no IOMMU group: switch the IOMMU on in the firmware and, "
                              "for Intel, boot with intel_iommu=on",
                              id);
        return true;
}

/* Nobody is asked on behalf of a guest here, so no lease is its own. */
static bool check_users(const Trials *trials, const Device *device, GError **error) {
        const Domain nobody = { 0 };
        g_autoptr(Usage) usage = usage_new(&nobody, trials->inventory, trials->leases);
        g_autofree char *trouble = usage_group_trouble(usage, device);

        if (trouble)
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is in IOMMU %s, and is opened only together with it: free the "
                              "whole group, or name another device",
                              device->id, trouble);
        if (usage_is_held(usage, device))
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is open in a process that has no lease: end it, or name another "
                              "device",
                              device->id);
        return true;
}

bool trials_begin(Trials *trials, const char *id, GError **error) {
        const Device *device = inventory_find(trials->inventory, id);
        int r;

        if (!check_kind(device, id, error))
                return false;

        /* First, so that the sentences about leases and trials are the book's. */
        if (!lease_book_begin_trial(trials->leases, id, error))
                return false;

        if (!check_users(trials, device, error)) {
                lease_book_end_trial(trials->leases, id);
                return false;
        }

        r = trials->ops ? trials->ops->start(trials->ops->userdata, id) : -ENOENT;
        if (r < 0) {
                lease_book_end_trial(trials->leases, id);
                return refuse(error, FERRY_ERROR_UNAVAILABLE,
                              "%s cannot be tried, since virtferry-trial cannot be run: %s", id,
                              g_strerror(-r));
        }
        return true;
}

/* What has come of it ------------------------------------------------------------- */

static void tell(const Trials *trials, const char *device, const TrialReport *report,
                 const GError *error) {
        if (trials->listener)
                trials->listener(trials->userdata, device, report, error);
}

static const char *driver_of(const Trials *trials, const char *id) {
        const Device *device = inventory_find(trials->inventory, id);

        return device && device->fingerprint->driver ? device->fingerprint->driver : "of it";
}

void trials_on_late(Trials *trials, const char *id) {
        g_autoptr(GError) error = NULL;

        g_hash_table_add(trials->late, g_strdup(id));
        inventory_note_hang(trials->inventory, id, true);
        (void)refuse(&error, FERRY_ERROR_HARDWARE,
                     "%s: its driver %s hangs: the trial did not end in its time and was killed; "
                     "load the driver anew, or boot the host",
                     id, driver_of(trials, id));
        tell(trials, id, NULL, error);
}

/* Takes the report. */
static void remember(Trials *trials, const char *id, TrialReport *report) {
        const Device *device = inventory_find(trials->inventory, id);

        if (!device) {
                trial_report_free(report);
                return;
        }

        g_hash_table_replace(trials->reports,
                             probe_memo_kind(device, device->fingerprint->mdev_type), report);
        inventory_note_hang(trials->inventory, id, false);
        (void)inventory_probe(trials->inventory, id); /* what a report does not tell, ignoring */
}

static TrialReport *read_report(const char *id, int status, const char *output, size_t size,
                                GError **error) {
        g_autoptr(TrialReport) report = NULL;

        if (status >= 0)
                report = trial_report_from_json(output, size, NULL);
        if (report && g_str_equal(report->device, id))
                return g_steal_pointer(&report);

        (void)refuse(error, FERRY_ERROR_UNAVAILABLE,
                     "The trial of %s has ended without a report (%s %d): see 'journalctl -u "
                     "virtferryd'",
                     id, status < 0 ? "signal" : "exit status", ABS(status));
        return NULL;
}

void trials_on_end(Trials *trials, const char *id, int status, const char *output, size_t size) {
        g_autoptr(GError) error = NULL;
        TrialReport *report;

        lease_book_end_trial(trials->leases, id);
        if (g_hash_table_remove(trials->late, id))
                return; /* it was told already */

        report = read_report(id, status, output, size, &error);
        tell(trials, id, report, error);
        if (report)
                remember(trials, id, report);
}

const TrialReport *trials_find(const Trials *trials, const Device *device) {
        g_autofree char *kind = probe_memo_kind(device, device->fingerprint->mdev_type);

        return g_hash_table_lookup(trials->reports, kind);
}
