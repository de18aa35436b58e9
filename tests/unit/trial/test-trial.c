/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/facts/vfio.h"
#include "daemon/trial/trial.h"
#include "tests/lib/fake-root.h"
#include "xml/ferry-error.h"

#define DEVICE   "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define OTHER    "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define MIGRATES (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY | VFIO_CAP_DMA_LOG)

typedef struct Fixture {
        FakeRoot *root;
        TrialSubject *subject;
        TrialOptions options;
} Fixture;

static TrialSubject *read_subject(Fixture *f, const char *name) {
        TrialSubject *subject;

        g_assert_cmpint(trial_subject_read(fake_root_sysfs(f->root), name, &subject), ==, 0);
        return subject;
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_add_mtty(f->root);
        fake_root_set_vfio(f->root, "mtty", _VFIO_CAP_ALL, 4711);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", DEVICE);
        fake_root_add_mdev(f->root, "mtty", "mtty-2", OTHER);
        f->subject = read_subject(f, DEVICE);
        f->options.limit = 4096;
}

static void tear_down(Fixture *f, gconstpointer unused) {
        trial_subject_free(f->subject);
        fake_root_free(f->root); /* fails when a device or a stream was left open */
}

static TrialReport *try(Fixture *f) {
        TrialReport *report;

        report = trial_run(fake_root_sysfs(f->root), f->subject, &f->options);
        g_assert_cmpint(fake_root_vfio_state(f->root, f->subject->name), ==, VFIO_STATE_RUNNING);
        g_assert_cmpuint(report->steps->len, ==, _TRIAL_STEP_KIND_MAX);
        return report;
}

/* "open pre-copy:11 load!EINVAL": what ran, with its bytes or its error. */
static void assert_ran(const TrialReport *report, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < report->steps->len; i++) {
                const TrialStep *step = report->steps->pdata[i];

                if (step->outcome == TRIAL_SKIPPED)
                        continue;
                g_string_append_printf(text, "%s%s", text->len ? " " : "",
                                       trial_step_kind_to_string(step->kind));
                if (step->outcome == TRIAL_FAILED)
                        g_string_append_printf(text, "!%s", trial_step_error_name(step));
                else if (step->bytes > 0)
                        g_string_append_printf(text, ":%" G_GUINT64_FORMAT, step->bytes);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void test_a_good_device_runs_through_all_steps(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = try(f);

        assert_ran(report, "open dma-log:4096 pre-copy:8 stop-copy:14 suspend size:4711 save:22 "
                           "load:22 resume reset");
        g_assert_true(report->good);
        g_assert_cmpstr(report->verdict, ==, DEVICE ": its driver mtty saves and loads its state");
}

static void test_what_a_driver_does_not_offer_is_skipped(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = NULL;

        fake_root_set_vfio(f->root, "mtty", VFIO_CAP_STOP_COPY, 0);
        report = try(f);
        assert_ran(report, "open suspend save:22 load:22 resume reset");
        g_assert_cmpstr(trial_report_find(report, TRIAL_PRE_COPY)->text, ==,
                        "the driver does not offer it");
        g_assert_true(report->good);
}

static void test_a_driver_without_migration_is_left_alone(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = NULL;

        fake_root_set_vfio(f->root, "mtty", VFIO_CAP_DMA_LOG, 0);
        report = try(f);
        assert_ran(report, "open!ENOTTY");
        g_assert_cmpstr(report->verdict, ==,
                        DEVICE ": its driver mtty has no migration: bind it to one that has");
}

static void test_a_device_that_a_guest_has_is_not_touched(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = NULL;

        fake_root_hold(f->root, DEVICE);
        report = try(f);
        assert_ran(report, "open!EBUSY");
        g_assert_false(report->good);
        g_assert_cmpstr(report->verdict, ==,
                        DEVICE ": it cannot be opened: Device or resource busy (EBUSY)");
}

/* Of all that is asked of the device, each call fails once, and it may break the device. */
static void test_whatever_fails_the_device_runs_at_the_end(Fixture *f, gconstpointer unused) {
        bool good = false;
        unsigned n;

        for (n = 0; !good; n++) {
                g_autoptr(TrialReport) report = NULL;

                g_assert_cmpuint(n, <, 100);
                fake_root_fail_ioctl(f->root, n / 2, EIO, n % 2);
                report = try(f); /* holds the state against RUNNING */
                if (!report->good)
                        g_assert_nonnull(strstr(report->verdict, "EIO"));
                good = report->good && n > 60;
        }
        g_assert_cmpuint(n, >, 60); /* thirty calls and more */
}

static void test_a_failure_ends_what_would_tell_nothing(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = NULL;

        fake_root_spoil_stream(f->root);
        report = try(f);
        assert_ran(report, "open dma-log:4096 pre-copy!EBADF reset");
        g_assert_cmpstr(trial_report_find(report, TRIAL_SAVE)->text, ==,
                        "a step before it has failed");
        g_assert_cmpstr(report->verdict, ==,
                        DEVICE ": its driver mtty fails to save its state while it runs: Bad file "
                               "descriptor (EBADF)");
}

/* Three questions at open and the state, then the start of the log. */
static void test_without_a_log_the_rest_is_tried(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = NULL;

        fake_root_fail_ioctl(f->root, 5, EOPNOTSUPP, false);
        report = try(f);
        assert_ran(report, "open dma-log!EOPNOTSUPP pre-copy:8 stop-copy:14 suspend size:4711 "
                           "save:22 load:22 resume reset");
        g_assert_false(report->good);
        g_assert_nonnull(strstr(report->verdict, "offers DMA logging and cannot do it: Operation "
                                                 "not supported (EOPNOTSUPP)"));
}

static void test_a_device_that_was_left_half_way_is_set_right(Fixture *f, gconstpointer unused) {
        g_auto(VfioDevice) device = VFIO_DEVICE_NONE;
        g_autoptr(TrialReport) report = NULL;

        g_assert_cmpint(vfio_device_open(&device, fake_root_sysfs(f->root), DEVICE, 1), ==, 0);
        g_assert_cmpint(vfio_migration_set_state(&device, VFIO_STATE_RESUMING, NULL), ==, 0);
        vfio_device_close(&device);
        g_assert_cmpint(fake_root_vfio_state(f->root, DEVICE), ==, VFIO_STATE_RESUMING);

        report = try(f);
        g_assert_true(report->good);
}

static GBytes *save_state(Fixture *f) {
        g_autoptr(TrialReport) report = NULL;
        GBytes *state = NULL;

        f->options.ret_saved = &state;
        report = try(f);
        f->options.ret_saved = NULL;
        g_assert_nonnull(state);
        return state;
}

static void test_a_given_state_is_loaded(Fixture *f, gconstpointer unused) {
        g_autoptr(GBytes) state = save_state(f);
        g_autoptr(TrialReport) report = NULL;

        f->options.given = state;
        report = try(f);
        assert_ran(report, "open suspend load:22 resume reset");
        g_assert_cmpstr(report->verdict, ==, DEVICE ": its driver mtty loads this state");
}

static void test_the_driver_refuses_the_state_of_another_type(Fixture *f, gconstpointer unused) {
        g_autoptr(GBytes) state = save_state(f);
        g_autoptr(TrialReport) report = NULL;

        trial_subject_free(f->subject);
        f->subject = read_subject(f, OTHER);
        f->options.given = state;
        report = try(f);
        assert_ran(report, "open suspend load!EINVAL reset");
        g_assert_cmpstr(report->verdict, ==,
                        OTHER ": its driver mtty refuses to load the state: Invalid argument "
                              "(EINVAL)");
}

static void test_a_state_of_another_driver_is_refused_before(Fixture *f, gconstpointer unused) {
        g_autoptr(StateDocument)
                document = state_document_new(fingerprint_new(), g_bytes_new("x", 1));
        g_autoptr(GError) error = NULL;

        document->fingerprint->driver = g_strdup("nvidia");
        g_assert_false(trial_check_document(f->subject, document, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE);
        g_assert_nonnull(strstr(error->message, "has driver mtty, and the state is one of driver "
                                                "nvidia"));

        g_free(document->fingerprint->driver);
        document->fingerprint->driver = g_strdup("mtty");
        g_assert_true(trial_check_document(f->subject, document, NULL));
}

static void test_a_state_that_is_too_large_is_not_saved(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialReport) report = NULL;

        fake_root_set_vfio(f->root, "mtty", VFIO_CAP_STOP_COPY, 0);
        f->options.limit = 21;
        report = try(f);
        assert_ran(report, "open suspend save!EFBIG reset");
}

static void test_a_subject_is_a_function_or_an_mdev(Fixture *f, gconstpointer unused) {
        g_autoptr(TrialSubject) pci = NULL;
        TrialSubject *none;

        fake_root_add_pci(f->root, "0000:3b:00.0", &(FakePci){ .driver = "mlx5_vfio_pci" });
        pci = read_subject(f, "0000:3B:00.0");
        g_assert_cmpstr(pci->name, ==, "0000:3b:00.0");
        g_assert_cmpstr(pci->fingerprint->driver, ==, "mlx5_vfio_pci");
        g_assert_cmphex(pci->fingerprint->vendor, ==, 0x8086);
        g_assert_cmpint(pci->iommu_group, >, 0);

        g_assert_cmpstr(f->subject->fingerprint->mdev_type, ==, "mtty-1");
        g_assert_cmpint(trial_subject_read(fake_root_sysfs(f->root), "../x", &none), ==, -EINVAL);
        g_assert_cmpint(trial_subject_read(fake_root_sysfs(f->root), "0000:ff:00.0", &none), ==,
                        -ENODEV);
}

#define ADD(name, function) g_test_add("/trial/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a-good-device-runs-through-all-steps", test_a_good_device_runs_through_all_steps);
        ADD("what-a-driver-does-not-offer-is-skipped",
            test_what_a_driver_does_not_offer_is_skipped);
        ADD("a-driver-without-migration-is-left-alone",
            test_a_driver_without_migration_is_left_alone);
        ADD("a-device-that-a-guest-has-is-not-touched",
            test_a_device_that_a_guest_has_is_not_touched);
        ADD("whatever-fails-the-device-runs-at-the-end",
            test_whatever_fails_the_device_runs_at_the_end);
        ADD("a-failure-ends-what-would-tell-nothing", test_a_failure_ends_what_would_tell_nothing);
        ADD("without-a-log-the-rest-is-tried", test_without_a_log_the_rest_is_tried);
        ADD("a-device-that-was-left-half-way-is-set-right",
            test_a_device_that_was_left_half_way_is_set_right);
        ADD("a-given-state-is-loaded", test_a_given_state_is_loaded);
        ADD("the-driver-refuses-the-state-of-another-type",
            test_the_driver_refuses_the_state_of_another_type);
        ADD("a-state-of-another-driver-is-refused-before",
            test_a_state_of_another_driver_is_refused_before);
        ADD("a-state-that-is-too-large-is-not-saved", test_a_state_that_is_too_large_is_not_saved);
        ADD("a-subject-is-a-function-or-an-mdev", test_a_subject_is_a_function_or_an_mdev);

        return g_test_run();
}
