/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/trials.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* The helper is the test: it notes what is to be run, and says how that has ended. */

static GString *started, *told;
static int start_error;

static int start(void *unused, const TrialOrder *order) {
        if (start_error < 0)
                return start_error;
        g_string_append_printf(started, "%s ", order->device);
        return 0;
}

static const TrialOps ops = { start, NULL };

static void on_trial(void *unused, const char *device, const TrialReport *report,
                     const GError *error) {
        g_string_append_printf(told, "%s: %s\n", device, report ? report->verdict : error->message);
}

static void set_up(Fixture *f, gconstpointer unused) {
        fixture_set_up(f, NULL);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);

        started = g_string_new(NULL);
        told = g_string_new(NULL);
        start_error = 0;
        trials_set_ops(f->manager->trials, &ops);
        trials_set_listener(f->manager->trials, on_trial, NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_string_free(started, TRUE);
        g_string_free(told, TRUE);
        fixture_tear_down(f, NULL);
}

static void assert_text(GString *text, const char *expected) {
        g_assert_cmpstr(text->str, ==, expected);
        g_string_truncate(text, 0);
}

static void begin(Fixture *f, const char *device) {
        g_autoptr(GError) error = NULL;
        g_autofree char *expected = g_strconcat(device, " ", NULL);

        g_assert_true(trials_begin(f->manager->trials, device, &error));
        g_assert_no_error(error);
        assert_text(started, expected);
        g_assert_true(lease_book_is_tried(f->manager->leases, device));
}

static void end(Fixture *f, const char *device, int status, const char *output) {
        trials_on_end(f->manager->trials, device, status, output, strlen(output), NULL);
        g_assert_false(lease_book_is_tried(f->manager->leases, device));
}

static void end_well(Fixture *f, const char *device, uint64_t usec) {
        g_autoptr(TrialReport) report = trial_report_new(device);
        g_autofree char *json = NULL;

        trial_report_add(report, TRIAL_SAVE)->usec = usec;
        report->verdict = g_strdup("well done");
        report->good = true;
        json = trial_report_to_json(report);
        end(f, device, 0, json);
}

static void assert_refused(Fixture *f, const char *device, FerryError code, const char *message) {
        bool was_tried = lease_book_is_tried(f->manager->leases, device);
        g_autoptr(GError) error = NULL;

        g_assert_false(trials_begin(f->manager->trials, device, &error));
        g_assert_error(error, FERRY_ERROR, (int)code);
        g_assert_cmpstr(error->message, ==, message);
        assert_text(started, "");
        g_assert_cmpint(lease_book_is_tried(f->manager->leases, device), ==, was_tried);
}

static const Device *find(Fixture *f, const char *id) {
        return inventory_find(f->manager->inventory, id);
}

static char *add_vf(Fixture *f, const char *driver) {
        const FakePci pf = { .driver = "igb", .netdev = "eth0", .vf_driver = driver };
        char *vf;

        fake_root_add_pf(f->root, "0000:3b:00.0", &pf);
        vf = g_strdup(fake_root_add_vf(f->root, "0000:3b:00.0"));
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        return vf;
}

static void test_a_free_device_is_tried_and_its_report_told(Fixture *f, gconstpointer unused) {
        begin(f, HERE_MDEV);
        end_well(f, HERE_MDEV, 42);
        assert_text(told, HERE_MDEV ": well done\n");
        begin(f, HERE_MDEV);
        end_well(f, HERE_MDEV, 43);
}

static void test_the_last_report_is_that_of_all_of_the_kind(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV_2);
        fake_root_add_mdev(f->root, "mtty", "mtty-2", SOURCE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        g_assert_null(trials_find(f->manager->trials, find(f, HERE_MDEV)));

        begin(f, HERE_MDEV);
        end_well(f, HERE_MDEV, 42);
        begin(f, HERE_MDEV);
        end_well(f, HERE_MDEV, 43);

        g_assert_cmpuint(
                trial_report_find(trials_find(f->manager->trials, find(f, HERE_MDEV_2)), TRIAL_SAVE)
                        ->usec,
                ==, 43);
        g_assert_null(trials_find(f->manager->trials, find(f, SOURCE_MDEV)));
        g_assert_cmpint(find(f, HERE_MDEV)->fingerprint->vfio_caps, !=, VFIO_CAPS_UNKNOWN);
}

static void test_what_is_no_function_is_refused(Fixture *f, gconstpointer unused) {
        assert_refused(f, SOURCE_MDEV, FERRY_ERROR_NOT_FOUND,
                       "This host has no device '" SOURCE_MDEV "': 'virt-ferry devices' lists "
                       "those it has");
        assert_refused(f, "mtty", FERRY_ERROR_INVALID_ARGS,
                       "mtty makes devices and is none that migrates: name one of those below it "
                       "in 'virt-ferry devices'");
}

static void test_a_leased_device_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_true(manager_prepare_domain(f->manager, xml, &error));
        g_assert_no_error(error);
        assert_refused(f, HERE_MDEV, FERRY_ERROR_LEASED,
                       HERE_MDEV " is leased to guest g1, and only a free device is tried: shut "
                                 "the guest down, or name another device");
}

static void test_a_device_that_is_tried_gets_no_guest(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        begin(f, HERE_MDEV);
        g_assert_false(manager_prepare_domain(f->manager, xml, &error));
        g_assert_nonnull(strstr(error->message, "being tried by 'virt-ferry probe'"));
        assert_refused(f, HERE_MDEV, FERRY_ERROR_INVALID_STATE,
                       HERE_MDEV " is being tried already: try again in a minute");

        end_well(f, HERE_MDEV, 42);
        g_assert_true(manager_prepare_domain(f->manager, xml, NULL));
}

static void test_a_device_that_a_process_holds_is_refused(Fixture *f, gconstpointer unused) {
        fake_root_hold(f->root, HERE_MDEV);
        assert_refused(f, HERE_MDEV, FERRY_ERROR_INVALID_STATE,
                       HERE_MDEV " is open in a process that has no lease: end it, or name another "
                                 "device");
        fake_root_release(f->root, HERE_MDEV);
}

static void test_a_vf_without_its_vfio_driver_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *vf = add_vf(f, "igbvf"), *message = NULL;

        message = g_strdup_printf("%s is bound to igbvf and not to a vfio driver: bind it to one, "
                                  "as 'virsh nodedev-detach' does",
                                  vf);
        assert_refused(f, vf, FERRY_ERROR_INVALID_STATE, message);
}

static void test_what_the_host_uses_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *vf = add_vf(f, "igbvf"), *message = NULL;

        fake_root_set_address(f->root, "eth0v0", "192.0.2.7/24");
        fake_root_put(f->root, "sys/class/net/eth0v0/operstate", "up\n", -1);
        fake_root_put(f->root, "sys/class/net/eth0v0/flags", "0x1003\n", -1);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        if (!find(f, vf)->host_use) {
                g_test_fail_printf("%s is not used", vf);
                return;
        }
        message = g_strdup_printf("%s is used by the host (%s): take the host off it, or name "
                                  "another device",
                                  vf, find(f, vf)->host_use);
        assert_refused(f, vf, FERRY_ERROR_INVALID_STATE, message);
}

static void test_a_group_in_use_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *vf = add_vf(f, "vfio-pci"), *message = NULL;
        int group = find(f, vf)->iommu_group;

        fake_root_add_pci(f->root, "0000:3b:00.1",
                          &(FakePci){ .driver = "e1000e", .iommu_group = group });
        message = g_strdup_printf("%s is in IOMMU group %d with 0000:3b:00.1, which is bound to "
                                  "e1000e, and is opened only together with it: free the whole "
                                  "group, or name another device",
                                  vf, group);
        assert_refused(f, vf, FERRY_ERROR_INVALID_STATE, message);
}

static void test_without_a_helper_nothing_is_tried(Fixture *f, gconstpointer unused) {
        start_error = -EACCES;
        assert_refused(f, HERE_MDEV, FERRY_ERROR_UNAVAILABLE,
                       HERE_MDEV " cannot be tried, since virtferry-trial cannot be run: "
                                 "Permission denied");
        trials_set_ops(f->manager->trials, NULL);
        assert_refused(f, HERE_MDEV, FERRY_ERROR_UNAVAILABLE,
                       HERE_MDEV " cannot be tried, since virtferry-trial cannot be run: No such "
                                 "file or directory");
}

static void test_a_helper_that_hangs_leaves_a_finding(Fixture *f, gconstpointer unused) {
        begin(f, HERE_MDEV);
        trials_on_late(f->manager->trials, HERE_MDEV);
        assert_text(told, HERE_MDEV ": " HERE_MDEV ": its driver mtty hangs: the trial did not end "
                                    "in its time and was killed; load the driver anew, or boot the "
                                    "host\n");
        g_assert_nonnull(strstr(find(f, HERE_MDEV)->finding, "driver mtty hangs"));

        /* It is stuck in the kernel, and has the device open. */
        g_assert_true(lease_book_is_tried(f->manager->leases, HERE_MDEV));
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        g_assert_nonnull(strstr(find(f, HERE_MDEV)->finding, "driver mtty hangs"));

        end(f, HERE_MDEV, -9, "");
        assert_text(told, "");
        g_assert_nonnull(find(f, HERE_MDEV)->finding);

        begin(f, HERE_MDEV);
        end_well(f, HERE_MDEV, 42);
        g_assert_null(find(f, HERE_MDEV)->finding);
}

static void test_a_helper_without_a_report_is_told(Fixture *f, gconstpointer unused) {
        static const struct {
                int status;
                const char *output, *words;
        } ends[] = {
                { 1, "", "exit status 1" },
                { 0, "{}", "exit status 0" },
                { -11, "", "signal 11" },
                { 0, "{\"device\":\"other\",\"good\":true,\"verdict\":\"v\",\"steps\":[]}",
                  "exit status 0" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
                g_autofree char *expected = NULL;

                begin(f, HERE_MDEV);
                end(f, HERE_MDEV, ends[i].status, ends[i].output);
                expected = g_strdup_printf(HERE_MDEV ": The trial of " HERE_MDEV
                                                     " has ended without a report (%s): "
                                                     "see 'journalctl -u virtferryd'\n",
                                           ends[i].words);
                assert_text(told, expected);
        }
        g_assert_null(trials_find(f->manager->trials, find(f, HERE_MDEV)));
}

static void test_a_device_may_go_while_it_is_tried(Fixture *f, gconstpointer unused) {
        begin(f, HERE_MDEV);
        fake_root_remove(f->root, "sys/bus/mdev/devices/" HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        g_assert_null(find(f, HERE_MDEV));
        trials_on_late(f->manager->trials, HERE_MDEV);
        end(f, HERE_MDEV, 0, "");
}

#define TEST(name, function) g_test_add("/trials/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        TEST("a-free-device-is-tried-and-its-report-told",
             test_a_free_device_is_tried_and_its_report_told);
        TEST("the-last-report-is-that-of-all-of-the-kind",
             test_the_last_report_is_that_of_all_of_the_kind);
        TEST("what-is-no-function-is-refused", test_what_is_no_function_is_refused);
        TEST("a-leased-device-is-refused", test_a_leased_device_is_refused);
        TEST("a-device-that-is-tried-gets-no-guest", test_a_device_that_is_tried_gets_no_guest);
        TEST("a-device-that-a-process-holds-is-refused",
             test_a_device_that_a_process_holds_is_refused);
        TEST("a-vf-without-its-vfio-driver-is-refused",
             test_a_vf_without_its_vfio_driver_is_refused);
        TEST("what-the-host-uses-is-refused", test_what_the_host_uses_is_refused);
        TEST("a-group-in-use-is-refused", test_a_group_in_use_is_refused);
        TEST("without-a-helper-nothing-is-tried", test_without_a_helper_nothing_is_tried);
        TEST("a-helper-that-hangs-leaves-a-finding", test_a_helper_that_hangs_leaves_a_finding);
        TEST("a-helper-without-a-report-is-told", test_a_helper_without_a_report_is_told);
        TEST("a-device-may-go-while-it-is-tried", test_a_device_may_go_while_it_is_tried);
        return g_test_run();
}
