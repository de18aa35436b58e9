/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trial/trial.h"

#include <errno.h>
#include <sys/mman.h>

#include "daemon/facts/vfio-dma-log.h"
#include "daemon/facts/vfio-migration.h"
#include "daemon/facts/vfio.h"
#include "xml/ferry-error.h"

/* Where the pages of the log are: above what is kept for the firmware of a PC, below its MSIs. */
#define LOG_IOVA  ((uint64_t)16 * 1024 * 1024)
#define LOG_PAGES 16

typedef struct Trial {
        const Sysfs *sysfs;
        const TrialSubject *subject;
        const TrialOptions *options;
        TrialReport *report;
        VfioDevice device;
        int caps;              /* set of VfioCap; 0 until they are known */
        bool has_none;         /* the driver has no migration */
        Fd session;            /* of pre-copy, while it goes on */
        GByteArray *precopied; /* what came of it */
        GByteArray *saved;
        bool failed; /* what is left would not tell anything */
} Trial;

/* The steps: 0 or negative errno; they note their bytes. -------------------------- */

/* A device whose last owner was killed may still be where that one left it. */
static int be_running(const VfioDevice *device) {
        VfioState state;
        int r;

        r = vfio_migration_get_state(device, &state);
        if (r < 0)
                return r;
        return state == VFIO_STATE_RUNNING ? 0 : vfio_migration_recover(device);
}

static int run_open(Trial *trial, TrialStep *step) {
        VfioProbe probe;
        int r;

        r = vfio_device_open(&trial->device, trial->sysfs, trial->subject->name,
                             trial->subject->iommu_group);
        if (r < 0)
                return r;

        r = vfio_device_ask(&trial->device, &probe);
        if (r < 0)
                return r;
        trial->has_none = !(probe.caps & VFIO_CAP_STOP_COPY);
        if (trial->has_none)
                return -ENOTTY;

        trial->caps = probe.caps;
        return be_running(&trial->device);
}

static uint64_t count_pages(uint64_t bitmap) {
        uint64_t n = 0;

        for (; bitmap != 0; bitmap &= bitmap - 1)
                n++;
        return n;
}

static int log_range(const VfioDevice *device, const VfioDmaRange *range, uint64_t *ret_bitmap) {
        int r, stopped;

        r = vfio_dma_log_start(device, range);
        if (r < 0)
                return r;

        *ret_bitmap = 0;
        r = vfio_dma_log_report(device, range, ret_bitmap);
        stopped = vfio_dma_log_stop(device);
        return r < 0 ? r : stopped;
}

static int run_dma_log(Trial *trial, TrialStep *step) {
        size_t page = sysconf(_SC_PAGESIZE), size = LOG_PAGES * page;
        const VfioDmaRange range = { .iova = LOG_IOVA, .size = size, .page_size = page };
        uint64_t bitmap = 0;
        void *memory;
        int r;

        /* Stays until the process ends: the device is to reach it as long as it is open. */
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return -errno;

        r = vfio_device_map(&trial->device, range.iova, memory, size);
        if (r >= 0)
                r = log_range(&trial->device, &range, &bitmap);
        step->bytes = count_pages(bitmap) * page;
        return r;
}

static int run_pre_copy(Trial *trial, TrialStep *step) {
        int r;

        r = vfio_migration_pre_copy(&trial->device, trial->options->limit, trial->precopied,
                                    &trial->session);
        step->bytes = trial->precopied->len;
        return r;
}

static int run_stop_copy(Trial *trial, TrialStep *step) {
        guint before = trial->precopied->len;
        int r;

        r = vfio_migration_stop_copy(&trial->device, g_steal_fd(&trial->session),
                                     trial->options->limit, trial->precopied);
        step->bytes = trial->precopied->len - before;
        return r < 0 ? r : vfio_migration_resume(&trial->device, trial->caps);
}

static int run_suspend(Trial *trial, TrialStep *step) {
        return vfio_migration_suspend(&trial->device, trial->caps);
}

static int run_size(Trial *trial, TrialStep *step) {
        return vfio_migration_get_size(&trial->device, &step->bytes);
}

static int run_save(Trial *trial, TrialStep *step) {
        GBytes **ret_saved = trial->options->ret_saved;
        int r;

        r = vfio_migration_save(&trial->device, trial->options->limit, trial->saved);
        step->bytes = trial->saved->len;
        if (r >= 0 && ret_saved)
                *ret_saved = g_bytes_new(trial->saved->data, trial->saved->len);
        return r;
}

static int run_load(Trial *trial, TrialStep *step) {
        const void *data = trial->saved->data;
        gsize size = trial->saved->len;

        if (trial->options->given)
                data = g_bytes_get_data(trial->options->given, &size);
        step->bytes = size;
        return vfio_migration_load(&trial->device, data, size);
}

static int run_resume(Trial *trial, TrialStep *step) {
        return vfio_migration_resume(&trial->device, trial->caps);
}

static int run_reset(Trial *trial, TrialStep *step) {
        if (trial->session >= 0)
                fd_close(g_steal_fd(&trial->session));
        return vfio_migration_recover(&trial->device);
}

/* Their order --------------------------------------------------------------------- */

static const struct {
        TrialStepKind kind;
        int cap;         /* that it needs of the driver; 0 none */
        bool with_given; /* runs when a given state is loaded too */
        bool goes_on;    /* its failure tells nothing of what follows */
        int (*run)(Trial *trial, TrialStep *step);
        const char *failure; /* "its driver mtty ..." */
} steps[] = {
        { TRIAL_OPEN, 0, true, false, run_open, "cannot be opened" },
        { TRIAL_DMA_LOG, VFIO_CAP_DMA_LOG, false, true, run_dma_log,
          "offers DMA logging and cannot do it" },
        { TRIAL_PRE_COPY, VFIO_CAP_PRE_COPY, false, false, run_pre_copy,
          "fails to save its state while it runs" },
        { TRIAL_STOP_COPY, VFIO_CAP_PRE_COPY, false, false, run_stop_copy,
          "fails to save the rest of its state after pre-copy" },
        { TRIAL_SUSPEND, 0, true, false, run_suspend, "fails to suspend it" },
        { TRIAL_SIZE, VFIO_CAP_DATA_SIZE, false, true, run_size,
          "does not tell the size of its state" },
        { TRIAL_SAVE, 0, false, false, run_save, "fails to save its state" },
        { TRIAL_LOAD, 0, true, false, run_load, "refuses to load the state" },
        { TRIAL_RESUME, 0, true, false, run_resume, "fails to resume it" },
        { TRIAL_RESET, 0, true, true, run_reset, "fails to reset it" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(steps) == _TRIAL_STEP_KIND_MAX);

/* Why a step does not run; NULL: it runs. */
static const char *why_not(const Trial *trial, unsigned i) {
        bool touched = trial->device.fd >= 0 && !trial->has_none;

        if (steps[i].kind == TRIAL_OPEN)
                return NULL;
        if (steps[i].kind == TRIAL_RESET) /* whatever has happened */
                return touched ? NULL : "there is nothing to reset";
        if (trial->failed)
                return "a step before it has failed";
        if (trial->options->given && !steps[i].with_given)
                return "a given state is loaded";
        return (trial->caps & steps[i].cap) == steps[i].cap ? NULL : "the driver does not offer it";
}

/* The sentence is that of the first failure. */
static void note_failure(Trial *trial, unsigned i, TrialStep *step) {
        const char *driver = trial->subject->fingerprint->driver ?: "of an unknown name";
        const char *kernel = g_strerror(step->error), *name = trial_step_error_name(step);

        step->outcome = TRIAL_FAILED;
        step->text = g_strdup(kernel);
        trial->failed = trial->failed || !steps[i].goes_on;
        if (trial->report->verdict)
                return;

        if (steps[i].kind != TRIAL_OPEN)
                trial->report->verdict = g_strdup_printf("%s: its driver %s %s: %s (%s)",
                                                         trial->subject->name, driver,
                                                         steps[i].failure, kernel, name);
        else if (trial->has_none)
                trial->report->verdict = g_strdup_printf(
                        "%s: its driver %s has no migration: bind it to one that has",
                        trial->subject->name, driver);
        else
                trial->report->verdict = g_strdup_printf("%s: it %s: %s (%s)", trial->subject->name,
                                                         steps[i].failure, kernel, name);
}

static void run_step(Trial *trial, unsigned i) {
        TrialStep *step = trial_report_add(trial->report, steps[i].kind);
        const char *reason = why_not(trial, i);
        int64_t begin;
        int r;

        if (reason) {
                step->text = g_strdup(reason);
                return;
        }

        begin = g_get_monotonic_time();
        r = steps[i].run(trial, step);
        step->usec = g_get_monotonic_time() - begin;
        step->outcome = TRIAL_DONE;
        if (r < 0) {
                step->error = -r;
                note_failure(trial, i, step);
        }
}

TrialReport *trial_run(const Sysfs *sysfs, const TrialSubject *subject,
                       const TrialOptions *options) {
        g_autoptr(GByteArray) precopied = g_byte_array_new(), saved = g_byte_array_new();
        Trial trial = {
                .sysfs = sysfs,
                .subject = subject,
                .options = options,
                .report = trial_report_new(subject->name),
                .device = VFIO_DEVICE_NONE,
                .session = -1,
                .precopied = precopied,
                .saved = saved,
        };
        TrialReport *report = trial.report;

        for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++)
                run_step(&trial, i);
        vfio_device_close(&trial.device);

        report->good = !report->verdict;
        if (report->good)
                report->verdict = g_strdup_printf(
                        "%s: its driver %s %s", subject->name, subject->fingerprint->driver,
                        options->given ? "loads this state" : "saves and loads its state");
        return report;
}

bool trial_check_document(const TrialSubject *subject, const StateDocument *document,
                          GError **error) {
        const char *here = subject->fingerprint->driver, *there = document->fingerprint->driver;

        if (g_strcmp0(here, there) == 0)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                    "%s has driver %s, and the state is one of driver %s, which alone can read it: "
                    "choose a device of that driver",
                    subject->name, here ?: "none", there);
        return false;
}
