/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/guest-trial.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* Trials of a move. The helper is the test: it notes what is to be run, and says how that ended. */

#define FREE_MDEV "cccccccc-0000-4000-8000-000000000004"
#define STATE     "a document"

typedef struct TrialFixture {
        Fixture base;
        char *guest;   /* XML: g1 has HERE_MDEV, which is leased to it */
        char *started; /* device of the last order */
        TrialTask task;
        GBytes *given;
        int start_error;
        GString *told; /* "DEVICE: good VERDICT [DOCUMENT]\n", "untried: NOTE\n", "error: TEXT\n" */
} TrialFixture;

static int start(void *userdata, const TrialOrder *order) {
        TrialFixture *f = userdata;

        g_free(f->started);
        f->started = g_strdup(order->device);
        f->task = order->task;
        g_clear_pointer(&f->given, g_bytes_unref);
        f->given = order->document ? g_bytes_ref(order->document) : NULL;
        return f->start_error;
}

static void on_end(void *userdata, const GuestTrialResult *result, const GError *error) {
        TrialFixture *f = userdata;

        if (error)
                g_string_append_printf(f->told, "error: %s\n", error->message);
        else if (!result)
                g_string_append(f->told, "nobody waits\n");
        else if (!result->device)
                g_string_append_printf(f->told, "untried: %s\n", result->note);
        else
                g_string_append_printf(
                        f->told, "%s: %s %s%s\n", result->device,
                        result->report->good ? "good" : "bad", result->report->verdict,
                        result->document ? (const char *)g_bytes_get_data(result->document, NULL)
                                         : "");
}

static void use_helper(TrialFixture *f) {
        static TrialOps ops;

        ops = (TrialOps){ start, f };
        trials_set_ops(f->base.manager->trials, &ops);
}

static void scan(TrialFixture *f) {
        g_assert_cmpint(inventory_scan(f->base.manager->inventory), ==, 0);
}

static void set_up(TrialFixture *f, gconstpointer config) {
        g_autoptr(GError) error = NULL;

        fixture_set_up(&f->base, config);
        fake_root_add_mdev(f->base.root, "mtty", "mtty-1", HERE_MDEV);
        scan(f);
        f->guest = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        manager_prepare_domain(f->base.manager, f->guest, &error);
        g_assert_no_error(error);
        f->told = g_string_new(NULL);
        f->start_error = 0;
        use_helper(f);
        g_free(fake_root_take_writes(f->base.root));
}

static void tear_down(TrialFixture *f, gconstpointer config) {
        fixture_tear_down(&f->base, config);
        g_string_free(f->told, TRUE);
        g_clear_pointer(&f->given, g_bytes_unref);
        g_free(f->started);
        g_free(f->guest);
}

static void add_free(TrialFixture *f, const char *type) {
        fake_root_add_mdev(f->base.root, "mtty", type, FREE_MDEV);
        scan(f);
}

static void save(TrialFixture *f) {
        g_autoptr(GError) error = NULL;

        g_clear_pointer(&f->started, g_free);
        guest_trial_save(f->base.manager, f->guest, "hostdev 0", on_end, f, &error);
        g_assert_no_error(error);
}

static void load(TrialFixture *f, const char *xml) {
        g_autoptr(GBytes) document = g_bytes_new_static(STATE, sizeof(STATE));
        g_autoptr(GError) error = NULL;

        guest_trial_load(f->base.manager, xml, "hostdev 0", document, on_end, f, &error);
        g_assert_no_error(error);
}

/* The helper ends: with one step, or with none when `kind` is none. */
static void end(TrialFixture *f, bool good, const char *verdict, TrialStepKind kind,
                const char *text) {
        g_autoptr(TrialReport) report = trial_report_new(f->started);
        g_autoptr(GBytes) document = text ? g_bytes_new(text, strlen(text) + 1) : NULL;
        g_autofree char *json = NULL;

        if (kind >= 0) {
                TrialStep *step = trial_report_add(report, kind);

                step->outcome = good ? TRIAL_DONE : TRIAL_FAILED;
                step->usec = 42;
        }
        report->good = good;
        report->verdict = g_strdup(verdict);
        json = trial_report_to_json(report);
        trials_on_end(f->base.manager->trials, f->started, 0, json, strlen(json), document);
}

static void G_GNUC_PRINTF(2, 3) assert_told(TrialFixture *f, const char *format, ...) {
        g_autofree char *expected = NULL;
        va_list arguments;

        va_start(arguments, format);
        expected = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        g_assert_cmpstr(f->told->str, ==, expected);
        g_string_truncate(f->told, 0);
}

static const Lease *lease_of(TrialFixture *f, const char *device) {
        return lease_book_find_device(f->base.manager->leases, device);
}

/* Nothing of a trial is left: the guest has what it had, and nobody else has anything. */
static void assert_clean(TrialFixture *f, guint devices) {
        g_autoptr(GPtrArray) leases = lease_book_list(f->base.manager->leases);

        g_assert_cmpuint(leases->len, ==, 1);
        g_assert_cmpstr(((const Lease *)leases->pdata[0])->domain_name, ==, "g1");
        scan(f);
        g_assert_cmpuint(inventory_size(f->base.manager->inventory), ==, devices);
}

static char *coming(const char *type) {
        return guest_xml("g2", OTHER_UUID, SOURCE_MDEV, type);
}

static void test_a_free_device_of_the_kind_saves(TrialFixture *f, gconstpointer unused) {
        add_free(f, "mtty-1");
        save(f);
        g_assert_cmpstr(f->started, ==, FREE_MDEV);
        g_assert_cmpint(f->task, ==, TRIAL_TASK_SAVE);
        g_assert_cmpstr(lease_of(f, FREE_MDEV)->domain_name, ==, "g1 (trial)");
        g_assert_true(lease_is_trial(lease_of(f, FREE_MDEV)));
        g_assert_cmpstr(f->told->str, ==, "");

        end(f, true, "well saved", TRIAL_SAVE, " [it]");
        assert_told(f, FREE_MDEV ": good well saved [it]\n");
        assert_clean(f, 3);
}

static void test_one_is_made_where_none_is_free(TrialFixture *f, gconstpointer unused) {
        add_free(f, "mtty-2");
        save(f);
        g_assert_cmpstr(f->started, !=, FREE_MDEV);
        g_assert_cmpstr(
                inventory_find(f->base.manager->inventory, f->started)->fingerprint->mdev_type, ==,
                "mtty-1");
        g_assert_true(lease_of(f, f->started)->make);

        end(f, true, "well saved", TRIAL_SAVE, "");
        assert_told(f, "%s: good well saved\n", f->started);
        assert_clean(f, 3);
}

static void test_what_somebody_has_is_not_taken(TrialFixture *f, gconstpointer unused) {
        g_autofree char *other = guest_xml("g2", OTHER_UUID, FREE_MDEV, NULL);

        add_free(f, "mtty-1");
        fake_root_hold(f->base.root, FREE_MDEV);
        save(f);
        g_assert_nonnull(f->started);
        g_assert_cmpstr(f->started, !=, FREE_MDEV);
        end(f, true, "well saved", TRIAL_SAVE, "");
        fake_root_release(f->base.root, FREE_MDEV);

        g_assert_true(manager_prepare_domain(f->base.manager, other, NULL));
        save(f);
        g_assert_nonnull(f->started);
        g_assert_cmpstr(f->started, !=, FREE_MDEV);
        end(f, true, "well saved", TRIAL_SAVE, "");
}

static void test_meanwhile_nobody_gets_it(TrialFixture *f, gconstpointer unused) {
        g_autofree char *other = guest_xml("g2", OTHER_UUID, FREE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        add_free(f, "mtty-1");
        save(f);
        g_assert_false(manager_prepare_domain(f->base.manager, other, &error));
        g_assert_nonnull(strstr(error->message, "leased to guest g1 (trial)"));
        end(f, true, "well saved", TRIAL_SAVE, "");
        g_assert_true(manager_prepare_domain(f->base.manager, other, NULL));
}

/* 24 ports, of which the guest has one. */
static void test_without_a_free_device_nothing_is_tried(TrialFixture *f, gconstpointer unused) {
        for (int i = 0; i < 11; i++) {
                g_autofree char *uuid = g_uuid_string_random();

                fake_root_add_mdev(f->base.root, "mtty", "mtty-2", uuid);
        }
        fake_root_add_mdev(f->base.root, "mtty", "mtty-1", FREE_MDEV);
        scan(f);
        fake_root_hold(f->base.root, FREE_MDEV);
        save(f);
        assert_told(f, "untried: this host has no free device of the kind of " HERE_MDEV
                       ", and no instance left of mtty-1\n");
        g_assert_null(f->started);
        fake_root_release(f->base.root, FREE_MDEV);
}

static void test_a_device_that_is_unplugged_is_not_tried(TrialFixture *f, gconstpointer unused) {
        g_autofree char *transient = NULL;
        g_auto(GStrv) parts = g_strsplit(f->guest, "</hostdev>", 2);

        transient = g_strjoinv("<teaming type='transient' persistent='ua-x'/></hostdev>", parts);
        g_free(f->guest);
        f->guest = g_steal_pointer(&transient);
        save(f);
        assert_told(f, "untried: hostdev 0 is unplugged for the move and brings no state\n");
        load(f, f->guest);
        assert_told(f, "untried: hostdev 0 is unplugged for the move and brings no state\n");
}

/* It goes by unplugging: that is no failure of a trial. */
static void test_a_device_that_cannot_migrate_is_not_tried(TrialFixture *f, gconstpointer unused) {
        add_free(f, "mtty-1");
        fake_root_set_vfio(f->base.root, "mtty", 0, 0);
        fake_root_put(f->base.root, "sys/module/mtty/version", "2\n", -1); /* asked anew */
        scan(f);
        g_assert_cmpint(inventory_probe(f->base.manager->inventory, FREE_MDEV), ==, 0);
        save(f);
        assert_told(f, "untried: hostdev 0 is unplugged for the move and brings no state\n");
}

static void test_a_device_that_the_guest_has_not_is_named(TrialFixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_false(guest_trial_save(f->base.manager, f->guest, "hostdev7", on_end, f, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
        g_assert_cmpstr(error->message, ==,
                        "Guest g1 has no passthrough device 'hostdev7': 'virt-ferry check' names "
                        "those it has");
        g_clear_error(&error);
        g_assert_false(guest_trial_load(f->base.manager, "<domain/>", "hostdev 0", NULL, on_end, f,
                                        &error));
        g_assert_nonnull(error);
        g_assert_cmpstr(f->told->str, ==, "");
}

static void test_the_device_that_the_guest_would_get_loads(TrialFixture *f, gconstpointer unused) {
        g_autofree char *xml = coming("mtty-2");

        add_free(f, "mtty-2");
        load(f, xml);
        g_assert_cmpstr(f->started, ==, FREE_MDEV);
        g_assert_cmpint(f->task, ==, TRIAL_TASK_LOAD);
        g_assert_cmpstr(g_bytes_get_data(f->given, NULL), ==, STATE);
        g_assert_cmpstr(lease_of(f, FREE_MDEV)->domain_name, ==, "g2 (trial)");

        end(f, false, "refuses to load the state: Bad address (EFAULT)", TRIAL_LOAD, NULL);
        assert_told(f, FREE_MDEV ": bad refuses to load the state: Bad address (EFAULT)\n");
        assert_clean(f, 3);
}

/* <need> is the last word before the move; the trial finds out what it is worth. */
static void test_what_the_operator_wants_is_tried(TrialFixture *f, gconstpointer unused) {
        g_autofree char *seen = coming("mtty-1"), *xml = NULL;
        g_auto(GStrv) parts = g_strsplit(seen, "<ferry:seen", 2);

        xml = g_strjoinv("<ferry:need class='mdev' type='mtty-2'/><ferry:seen", parts);
        add_free(f, "mtty-2");
        load(f, xml);
        g_assert_cmpstr(f->started, ==, FREE_MDEV);
        end(f, false, "no", TRIAL_LOAD, NULL);
}

static void test_one_that_would_be_made_is_made_for_it(TrialFixture *f, gconstpointer unused) {
        g_autofree char *xml = coming("mtty-2"), *writes = NULL;

        load(f, xml);
        g_assert_cmpstr(f->started, ==, SOURCE_MDEV);
        end(f, true, "loads it", TRIAL_LOAD, NULL);
        assert_told(f, SOURCE_MDEV ": good loads it\n");
        writes = fake_root_take_writes(f->base.root);
        g_assert_nonnull(strstr(writes, "mtty-2/create = " SOURCE_MDEV "\n"));
        g_assert_nonnull(strstr(writes, SOURCE_MDEV "/remove = 1\n"));
        assert_clean(f, 2);
}

static void test_a_guest_that_does_not_fit_is_not_tried(TrialFixture *f, gconstpointer unused) {
        g_autofree char *xml = coming("mtty-9");

        load(f, xml);
        g_assert_true(g_str_has_prefix(f->told->str, "untried: hostdev 0 needs an mdev of type "));
        g_assert_null(f->started);
}

static void test_a_document_that_is_refused_is_an_error(TrialFixture *f, gconstpointer unused) {
        g_autofree char *xml = coming("mtty-1");

        load(f, xml);
        end(f, false, "The state is cut off or damaged", _TRIAL_STEP_KIND_INVALID, NULL);
        assert_told(f, "error: The state is cut off or damaged\n");
        assert_clean(f, 2);
}

static void test_a_state_that_the_bus_cannot_carry_is_a_note(TrialFixture *f,
                                                             gconstpointer unused) {
        add_free(f, "mtty-1");
        save(f);
        end(f, true, "well saved", TRIAL_SAVE, NULL);
        assert_told(f, "untried: the state of " FREE_MDEV " is more than the 24 MiB that pass over "
                       "the bus\n");
        assert_clean(f, 3);
}

static void test_a_helper_that_cannot_run_leaves_nothing(TrialFixture *f, gconstpointer unused) {
        f->start_error = -EACCES;
        save(f);
        assert_told(f,
                    "untried: %s cannot be tried, since virtferry-trial cannot be run: "
                    "Permission denied\n",
                    f->started);
        assert_clean(f, 2);
}

static void test_a_helper_that_hangs_is_told_once(TrialFixture *f, gconstpointer unused) {
        save(f);
        trials_on_late(f->base.manager->trials, f->started);
        g_assert_true(g_str_has_prefix(f->told->str, "error: "));
        g_assert_nonnull(strstr(f->told->str, "its driver mtty hangs"));
        g_string_truncate(f->told, 0);

        trials_on_end(f->base.manager->trials, f->started, -9, "", 0, NULL);
        g_assert_cmpstr(f->told->str, ==, "");
        assert_clean(f, 2);
}

/* What the kernel still has open is given back when it has let go. */
static void test_a_helper_that_is_stuck_keeps_its_device(TrialFixture *f, gconstpointer unused) {
        save(f);
        fake_root_hold(f->base.root, f->started);
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*trying again later");
        trials_on_late(f->base.manager->trials, f->started);
        g_test_assert_expected_messages();
        g_assert_cmpint(lease_of(f, f->started)->state, ==, LEASE_RELEASING);

        fake_root_release(f->base.root, f->started);
        fixture_pass_time((int64_t)3600 * G_USEC_PER_SEC);
        manager_on_time(f->base.manager);
        g_assert_null(lease_of(f, f->started));
}

static void test_a_restart_removes_what_was_made(TrialFixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        fixture_use_file(&f->base);
        fixture_restart(&f->base);
        use_helper(f);
        manager_prepare_domain(f->base.manager, f->guest, &error);
        g_assert_no_error(error);
        save(f);
        g_assert_nonnull(inventory_find(f->base.manager->inventory, f->started));

        fixture_restart(&f->base);
        assert_told(f, "nobody waits\n");
        g_assert_null(inventory_find(f->base.manager->inventory, f->started));
        assert_clean(f, 2);
}

/* What was measured before stays where a load measures nothing. */
static void test_what_was_measured_is_kept_for_the_forecast(TrialFixture *f, gconstpointer unused) {
        g_autofree char *xml = coming("mtty-1");
        const TrialReport *kept;
        const Device *device;

        add_free(f, "mtty-1");
        save(f);
        end(f, true, "well saved", TRIAL_SAVE, "");
        load(f, xml);
        end(f, true, "yes", TRIAL_LOAD, NULL);
        load(f, xml);
        end(f, false, "no", TRIAL_LOAD, NULL);

        device = inventory_find(f->base.manager->inventory, HERE_MDEV);
        kept = trials_find(f->base.manager->trials, device);
        g_assert_cmpuint(trial_report_find(kept, TRIAL_LOAD)->usec, ==, 42);
        g_assert_cmpint(trial_report_find(kept, TRIAL_LOAD)->outcome, ==, TRIAL_DONE);
}

#define PF "0000:3b:00.0"

/* A VF of the guest's, and another that its PF's driver has. */
static void test_a_vf_is_bound_for_it_and_given_back(TrialFixture *f, gconstpointer unused) {
        const FakePci pf = { .driver = "mlx5_core", .vf_driver = "mlx5_core" };
        g_autofree char *own = NULL, *other = NULL;
        FakeRoot *root = f->base.root;

        fake_root_put(root, "proc/sys/kernel/osrelease", "6.12.0-test\n", -1);
        fake_root_put(root, "lib/modules/6.12.0-test/modules.alias",
                      "alias vfio_pci:v00008086d000010CAsv*sd*bc*sc*i* mlx5_vfio_pci\n", -1);
        fake_root_add_driver(root, "mlx5_vfio_pci");
        fake_root_set_vfio(root, "mlx5_vfio_pci", VFIO_CAP_STOP_COPY, 0);
        fake_root_add_pf(root, PF, &pf);
        own = g_strdup(fake_root_add_vf(root, PF));
        other = g_strdup(fake_root_add_vf(root, PF));
        scan(f);

        g_free(f->guest);
        f->guest = g_strdup("<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid><devices>"
                            "<hostdev mode='subsystem' type='pci'><source><address domain='0' "
                            "bus='0x3b' slot='0x10' function='0'/></source></hostdev>"
                            "</devices></domain>");
        g_assert_cmpstr(own, ==, "0000:3b:10.0");
        save(f);
        g_assert_cmpstr(f->started, ==, other);
        g_assert_cmpstr(inventory_find(f->base.manager->inventory, other)->driver, ==,
                        "mlx5_vfio_pci");
        end(f, true, "well saved", TRIAL_SAVE, "");
        assert_told(f, "%s: good well saved\n", other);
        g_assert_cmpstr(inventory_find(f->base.manager->inventory, other)->driver, ==, "mlx5_core");
        g_assert_null(lease_of(f, other));
}

#define TEST(name, function) \
        g_test_add("/guest-trial/" name, TrialFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        TEST("a free device of the kind saves", test_a_free_device_of_the_kind_saves);
        TEST("one is made where none is free", test_one_is_made_where_none_is_free);
        TEST("what somebody has is not taken", test_what_somebody_has_is_not_taken);
        TEST("meanwhile nobody gets it", test_meanwhile_nobody_gets_it);
        TEST("without a free device nothing is tried", test_without_a_free_device_nothing_is_tried);
        TEST("a device that is unplugged is not tried",
             test_a_device_that_is_unplugged_is_not_tried);
        TEST("a device that cannot migrate is not tried",
             test_a_device_that_cannot_migrate_is_not_tried);
        TEST("a device that the guest has not is named",
             test_a_device_that_the_guest_has_not_is_named);
        TEST("the device that the guest would get loads",
             test_the_device_that_the_guest_would_get_loads);
        TEST("what the operator wants is tried", test_what_the_operator_wants_is_tried);
        TEST("one that would be made is made for it", test_one_that_would_be_made_is_made_for_it);
        TEST("a guest that does not fit is not tried", test_a_guest_that_does_not_fit_is_not_tried);
        TEST("a document that is refused is an error", test_a_document_that_is_refused_is_an_error);
        TEST("a state that the bus cannot carry is a note",
             test_a_state_that_the_bus_cannot_carry_is_a_note);
        TEST("a helper that cannot run leaves nothing",
             test_a_helper_that_cannot_run_leaves_nothing);
        TEST("a helper that hangs is told once", test_a_helper_that_hangs_is_told_once);
        TEST("a helper that is stuck keeps its device",
             test_a_helper_that_is_stuck_keeps_its_device);
        TEST("a restart removes what was made", test_a_restart_removes_what_was_made);
        TEST("what was measured is kept for the forecast",
             test_what_was_measured_is_kept_for_the_forecast);
        TEST("a VF is bound for it and given back", test_a_vf_is_bound_for_it_and_given_back);
        return g_test_run();
}
