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
        GHashTable *runs;    /* id of a device → Run */
        GHashTable *reports; /* kind → TrialReport */
};

/* One device that is tried. */
typedef struct Run {
        TrialTask task;
        bool late; /* its helper was killed and has not ended; all has been told */
        TrialEnd end;
        void *userdata;
} Run;

static void run_end(Run *run, const TrialReport *report, GBytes *document, const GError *error) {
        TrialEnd end = g_steal_pointer(&run->end);

        if (end)
                end(run->userdata, report, document, error);
}

static void run_free(void *data) {
        Run *run = data;

        run_end(run, NULL, NULL, NULL);
        g_free(run);
}

Trials *trials_new(Inventory *inventory, LeaseBook *leases) {
        Trials *trials = g_new0(Trials, 1);

        trials->inventory = inventory;
        trials->leases = leases;
        trials->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, run_free);
        trials->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                (GDestroyNotify)trial_report_free);
        return trials;
}

void trials_free(Trials *trials) {
        if (!trials)
                return;

        g_hash_table_unref(trials->runs);
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

static bool check_function(const Device *device, const char *id, GError **error) {
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
        return true;
}

static bool check_kind(const Device *device, const char *id, GError **error) {
        if (!check_function(device, id, error))
                return false;
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
        if (usage_is_shared(usage, device->id))
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is offered to the cluster, where a guest may be promised it at "
                              "any time: name another device, or lower Share= of [Cluster]",
                              device->id);
        if (usage_is_held(usage, device))
                return refuse(error, FERRY_ERROR_INVALID_STATE,
                              "%s is open in a process that has no lease: end it, or name another "
                              "device",
                              device->id);
        return true;
}

bool trials_could_try(const Trials *trials, const Device *device) {
        return check_function(device, device->id, NULL) && device->iommu_group >= 0 &&
               !lease_book_is_tried(trials->leases, device->id) &&
               check_users(trials, device, NULL);
}

static bool start(Trials *trials, const TrialOrder *order, GError **error) {
        int r;

        if (!check_users(trials, inventory_find(trials->inventory, order->device), error))
                return false;

        r = trials->ops ? trials->ops->start(trials->ops->userdata, order) : -ENOENT;
        if (r < 0)
                return refuse(error, FERRY_ERROR_UNAVAILABLE,
                              "%s cannot be tried, since virtferry-trial cannot be run: %s",
                              order->device, g_strerror(-r));
        return true;
}

static void add_run(Trials *trials, const TrialOrder *order, TrialEnd end, void *userdata) {
        Run *run = g_new0(Run, 1);

        run->task = order->task;
        run->end = end;
        run->userdata = userdata;
        g_hash_table_replace(trials->runs, g_strdup(order->device), run);
}

bool trials_begin(Trials *trials, const char *id, GError **error) {
        const TrialOrder order = { .device = id, .task = TRIAL_TASK_PROBE };

        if (!check_kind(inventory_find(trials->inventory, id), id, error))
                return false;

        /* First, so that the sentences about leases and trials are the book's. */
        if (!lease_book_begin_trial(trials->leases, id, error))
                return false;

        if (!start(trials, &order, error)) {
                lease_book_end_trial(trials->leases, id);
                return false;
        }

        add_run(trials, &order, NULL, NULL);
        return true;
}

bool trials_begin_order(Trials *trials, const TrialOrder *order, TrialEnd end, void *userdata,
                        GError **error) {
        g_assert(lease_book_find_device(trials->leases, order->device));
        if (!check_kind(inventory_find(trials->inventory, order->device), order->device, error) ||
            !start(trials, order, error))
                return false;

        add_run(trials, order, end, userdata);
        return true;
}

/* What has come of it ------------------------------------------------------------- */

static void tell(const Trials *trials, Run *run, const char *device, const TrialReport *report,
                 GBytes *document, const GError *error) {
        if (trials->listener)
                trials->listener(trials->userdata, device, report, error);
        run_end(run, report, document, error);
}

static const char *driver_of(const Trials *trials, const char *id) {
        const Device *device = inventory_find(trials->inventory, id);

        return device && device->fingerprint->driver ? device->fingerprint->driver : "of it";
}

void trials_on_late(Trials *trials, const char *id) {
        Run *run = g_hash_table_lookup(trials->runs, id);
        g_autoptr(GError) error = NULL;

        run->late = true;
        inventory_note_hang(trials->inventory, id, true);
        (void)refuse(&error, FERRY_ERROR_HARDWARE,
                     "%s: its driver %s hangs: the trial did not end in its time and was killed; "
                     "load the driver anew, or boot the host",
                     id, driver_of(trials, id));
        tell(trials, run, id, NULL, NULL, error);
}

/* What a device makes of another's state tells of both: kept is what went well. Takes `kind` and
 * the report. */
static void keep(Trials *trials, char *kind, const Run *run, TrialReport *report) {
        const TrialReport *before = g_hash_table_lookup(trials->reports, kind);

        if (run->task == TRIAL_TASK_LOAD && before)
                trial_report_fill(report, before);
        g_hash_table_replace(trials->reports, kind, report);
}

/* The kind of the device, which may have gone; new. */
static char *note_end(Trials *trials, const char *id) {
        const Device *device = inventory_find(trials->inventory, id);
        char *kind;

        if (!device)
                return NULL;

        kind = probe_memo_kind(device, device->fingerprint->mdev_type);
        inventory_note_hang(trials->inventory, id, false);
        (void)inventory_probe(trials->inventory, id); /* what a report does not tell, ignoring */
        return kind;
}

/* A helper that has refused what it was given has not touched the device: no step was run. */
static TrialReport *read_report(const char *id, int status, const char *output, size_t size,
                                GError **error) {
        g_autoptr(TrialReport) report = NULL;

        if (status >= 0)
                report = trial_report_from_json(output, size, NULL);
        if (!report || !g_str_equal(report->device, id))
                (void)refuse(error, FERRY_ERROR_UNAVAILABLE,
                             "The trial of %s has ended without a report (%s %d): see 'journalctl "
                             "-u virtferryd'",
                             id, status < 0 ? "signal" : "exit status", ABS(status));
        else if (!report->good && report->steps->len == 0)
                (void)refuse(error, FERRY_ERROR_INVALID_ARGS, "%s", report->verdict);
        else
                return g_steal_pointer(&report);
        return NULL;
}

/* Whoever is told may remove the device. */
static void end(Trials *trials, Run *run, const char *id, int status, const char *output,
                size_t size, GBytes *document) {
        g_autoptr(TrialReport) report = NULL;
        g_autofree char *kind = NULL;
        g_autoptr(GError) error = NULL;

        report = read_report(id, status, output, size, &error);
        if (report)
                kind = note_end(trials, id);
        tell(trials, run, id, report, document, error);
        if (kind && (report->good || run->task != TRIAL_TASK_LOAD))
                keep(trials, g_steal_pointer(&kind), run, g_steal_pointer(&report));
}

void trials_on_end(Trials *trials, const char *id, int status, const char *output, size_t size,
                   GBytes *document) {
        g_autofree char *key = NULL;
        Run *run = NULL;

        lease_book_end_trial(trials->leases, id);
        if (!g_hash_table_steal_extended(trials->runs, id, (gpointer *)&key, (gpointer *)&run))
                return;

        if (!run->late) /* else it was told already */
                end(trials, run, id, status, output, size, document);
        run_free(run);
}

const TrialReport *trials_find(const Trials *trials, const Device *device) {
        g_autofree char *kind = probe_memo_kind(device, device->fingerprint->mdev_type);

        return g_hash_table_lookup(trials->reports, kind);
}
