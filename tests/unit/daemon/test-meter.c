/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/meter.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "daemon/facts/usage-file.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF      "0000:3b:00.0"
#define SEC     INT64_C(1000000)
#define SCOPE   "/machine.slice/machine-qemu\\x2d1\\x2dg1.scope"
#define COMMAND "qemu-system-x86_64\0-uuid\0" GUEST_UUID "\0-S"

/* A guest with a cgroup, and a VF whose packets are counted. */
typedef struct MeterFixture {
        Fixture f;
        FakeRtnl *fake;
        Meter *meter;
        int pf;
        char *vf;
        unsigned emulated; /* packets that the guest has received as libvirt tells; 0: it has no
                            * interface that QEMU emulates */
        int64_t monotonic;
} MeterFixture;

static void set_pressure(MeterFixture *m, unsigned usec) {
        g_autofree char *text = g_strdup_printf("some avg10=0.00 total=%u\n", usec);

        fake_root_put(m->f.root, "sys/fs/cgroup" SCOPE "/cpu.pressure", text, -1);
}

static void set_up(MeterFixture *m, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };

        fixture_set_up(&m->f, NULL);
        fixture_connect(&m->f);
        fake_root_add_pf(m->f.root, PF, &pf);
        m->vf = g_strdup(fake_root_add_vf(m->f.root, PF));
        m->fake = fake_rtnl_new();
        m->pf = fake_rtnl_add_netdev(m->fake, "eth0");
        fake_rtnl_add_vf(m->fake, m->pf, 0);
        fake_rtnl_count(m->fake, m->pf, 0, 100, 100);
        m->f.manager->rtnl = fake_rtnl(m->fake);
        g_assert_cmpint(inventory_scan(m->f.manager->inventory), ==, 0);

        fake_root_put(m->f.root, "proc/812/comm", "qemu-system-x86\n", -1);
        fake_root_put(m->f.root, "proc/812/cgroup", "0::" SCOPE "/libvirt/emulator\n", -1);
        fake_root_put(m->f.root, "proc/812/cmdline", COMMAND, sizeof(COMMAND));
        set_pressure(m, 0);
        m->meter = m->f.manager->meter;
        m->monotonic = 1000 * SEC;
}

static void tear_down(MeterFixture *m, gconstpointer unused) {
        fixture_tear_down(&m->f, NULL);
        fake_rtnl_free(m->fake);
        g_free(m->vf);
}

static void pass(MeterFixture *m, int64_t usec) {
        m->monotonic += usec;
        fixture_pass_time(usec);
}

/* Seconds of CPU of the guest; negative: libvirt does not tell. */
static void answer(MeterFixture *m, double cpu) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);
        GuestSample *guest = guest_sample_new(GUEST_UUID, "g1");

        event->kind = GUEST_STATS;
        event->sampled = m->monotonic;
        guest->sample.values[METRIC_CPU] = (uint64_t)(cpu * 1e9);
        if (m->emulated > 0)
                sample_add(&guest->sample, METRIC_RECEIVE_PACKETS, "net.0", m->emulated);
        if (cpu >= 0) {
                event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
                g_ptr_array_add(event->samples, guest);
        } else {
                guest_sample_free(guest);
        }
        manager_on_guest_event(m->f.manager, event);
}

static double now(MeterFixture *m, SubjectKind kind, const char *id, Metric metric) {
        g_autoptr(GPtrArray) list = meter_list(m->meter);

        for (guint i = 0; i < list->len; i++) {
                const Subject *subject = list->pdata[i];

                if (subject->kind == kind && g_str_equal(subject->id, id))
                        return subject->values[metric];
        }
        return NAN;
}

#define assert_near(value, expected) g_assert_cmpfloat_with_epsilon(value, expected, 1e-3)

static void test_libvirt_is_asked_once_at_a_time(MeterFixture *m, gconstpointer unused) {
        send_list(&m->f, GUEST_UUID);
        assert_asked(&m->f, "");
        meter_tick(m->meter, m->monotonic);
        meter_tick(m->meter, m->monotonic + 1);
        assert_asked(&m->f, "sample\n");
        answer(m, 1);
        meter_tick(m->meter, m->monotonic + 2);
        assert_asked(&m->f, "sample\n");
        answer(m, -1);
        meter_tick(m->meter, m->monotonic + 3);
        assert_asked(&m->f, "sample\n");
}

static void test_guests_and_links_are_seen_together(MeterFixture *m, gconstpointer unused) {
        answer(m, 10);
        pass(m, 10 * SEC);
        fake_rtnl_count(m->fake, m->pf, 0, 50, 20);
        set_pressure(m, 5000000);
        answer(m, 15);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU), 0.5);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU_STALL), 0.5);
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_RECEIVE_PACKETS), 5);
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_TRANSMIT_PACKETS), 2);
        g_assert_true(isnan(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_IO_STALL)));
        g_assert_true(isnan(now(m, SUBJECT_VF, m->vf, METRIC_RECEIVE_BYTES)));
}

static void test_a_vf_that_is_made_later_is_seen_too(MeterFixture *m, gconstpointer unused) {
        g_autofree char *later = NULL;

        meter_tick(m->meter, m->monotonic);
        later = g_strdup(fake_root_add_vf(m->f.root, PF));
        fake_rtnl_add_vf(m->fake, m->pf, 1);
        fake_rtnl_count(m->fake, m->pf, 1, 10, 10);
        pass(m, 10 * SEC);
        meter_tick(m->meter, m->monotonic);
        pass(m, 10 * SEC);
        fake_rtnl_count(m->fake, m->pf, 0, 50, 20);
        fake_rtnl_count(m->fake, m->pf, 1, 70, 20);
        meter_tick(m->meter, m->monotonic);
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_RECEIVE_PACKETS), 5);
        assert_near(now(m, SUBJECT_VF, later, METRIC_RECEIVE_PACKETS), 7);
}

static void test_without_libvirt_links_are_seen_alone(MeterFixture *m, gconstpointer unused) {
        meter_tick(m->meter, m->monotonic);
        pass(m, 10 * SEC);
        fake_rtnl_count(m->fake, m->pf, 0, 50, 20);
        meter_tick(m->meter, m->monotonic);
        assert_asked(&m->f, "");
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_RECEIVE_PACKETS), 5);
}

/* The guest is found to run with the VF; without `vf`, with nothing. */
static void run_with(MeterFixture *m, const char *vf) {
        g_autofree char *device = NULL, *xml = NULL;

        device = vf ? g_strdup_printf("<hostdev mode='subsystem' type='pci' managed='yes'><source>"
                                      "<address domain='0x0000' bus='0x%.2s' slot='0x%.2s' "
                                      "function='0x%c'/></source></hostdev>",
                                      vf + 5, vf + 8, vf[11])
                    : g_strdup("");
        xml = g_strdup_printf("<domain><name>g1</name><uuid>" GUEST_UUID
                              "</uuid><devices>%s</devices></domain>",
                              device);
        send_event(&m->f, GUEST_RUNNING, GUEST_UUID, xml);
}

static void test_what_goes_through_its_vf_is_the_guests(MeterFixture *m, gconstpointer unused) {
        run_with(m, m->vf);
        answer(m, 1);
        pass(m, 10 * SEC);
        fake_rtnl_count(m->fake, m->pf, 0, 50, 20);
        answer(m, 2);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_RECEIVE_PACKETS), 5);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_TRANSMIT_PACKETS), 2);
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_RECEIVE_PACKETS), 5);
}

static void test_a_vf_that_comes_is_a_gap_and_no_jump(MeterFixture *m, gconstpointer unused) {
        run_with(m, NULL);
        m->emulated = 1000;
        answer(m, 1);
        pass(m, 10 * SEC);
        fake_rtnl_count(m->fake, m->pf, 0, 500000, 0); /* another guest's */
        m->emulated += 30;
        answer(m, 2);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_RECEIVE_PACKETS), 3);

        run_with(m, m->vf);
        pass(m, 10 * SEC);
        m->emulated += 30;
        answer(m, 3);
        g_assert_true(isnan(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_RECEIVE_PACKETS)));
        pass(m, 10 * SEC);
        m->emulated += 30;
        fake_rtnl_count(m->fake, m->pf, 0, 50, 0);
        answer(m, 4);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_RECEIVE_PACKETS), 8);
}

/* Ten seconds in which so many packets come through each. */
static double receive(MeterFixture *m, unsigned emulated, unsigned through_vf) {
        pass(m, 10 * SEC);
        m->emulated += emulated;
        fake_rtnl_count(m->fake, m->pf, 0, through_vf, 0);
        answer(m, 1);
        return now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_RECEIVE_PACKETS);
}

/* 8 packets a second, through one half of it and then through the other. */
static void test_the_traffic_of_a_team_goes_on_when_its_vf_comes_and_goes(MeterFixture *m,
                                                                          gconstpointer unused) {
        run_with(m, NULL);
        m->emulated = 1000;
        answer(m, 1);
        assert_near(receive(m, 80, 0), 8);
        run_with(m, m->vf);
        g_assert_true(isnan(receive(m, 40, 40)));
        assert_near(receive(m, 0, 80), 8);
        run_with(m, NULL);
        g_assert_true(isnan(receive(m, 30, 50)));
        assert_near(receive(m, 80, 0), 8);
}

/* It would be what went through the other half alone. */
static void test_what_nobody_counts_is_not_known(MeterFixture *m, gconstpointer unused) {
        g_autofree char *uncounted = g_strdup(fake_root_add_vf(m->f.root, PF));

        fake_rtnl_add_vf(m->fake, m->pf, 1);
        g_assert_cmpint(inventory_scan(m->f.manager->inventory), ==, 0);
        run_with(m, uncounted);
        m->emulated = 1000;
        answer(m, 1);
        g_assert_true(isnan(receive(m, 80, 0)));
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU), 0);
        run_with(m, NULL);
        g_assert_true(isnan(receive(m, 80, 0)));
        assert_near(receive(m, 80, 0), 8);
}

/* An exporter writes it now. */
static void export_usage(MeterFixture *m, const char *device, const char *text) {
        g_autofree char *path = g_strconcat(USAGE_FILE_FOLDER "/", device, NULL);
        struct timespec times[2] = { { .tv_sec = m->f.manager->now() / SEC },
                                     { .tv_sec = m->f.manager->now() / SEC } };

        fake_root_put(m->f.root, path, text, -1);
        g_assert_cmpint(utimensat(sysfs_root_fd(m->f.manager->sysfs), path, times, 0), ==, 0);
}

static void test_how_busy_an_mdev_is_its_exporter_tells(MeterFixture *m, gconstpointer unused) {
        fake_root_add_mdev(m->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(m->f.manager->inventory), ==, 0);
        export_usage(m, HERE_MDEV, "busy-seconds 100\nmemory-bytes 512\n");
        answer(m, 1);
        pass(m, 10 * SEC);
        export_usage(m, HERE_MDEV, "busy-seconds 107.5\nmemory-bytes 768\n");
        answer(m, 2);
        assert_near(now(m, SUBJECT_VF, HERE_MDEV, METRIC_BUSY), 0.75);
        assert_near(now(m, SUBJECT_VF, HERE_MDEV, METRIC_DEVICE_MEMORY), 768);
        g_assert_true(isnan(now(m, SUBJECT_VF, HERE_MDEV, METRIC_RECEIVE_BYTES)));
}

static void test_a_vf_has_its_packets_beside(MeterFixture *m, gconstpointer unused) {
        export_usage(m, m->vf, "busy-seconds 100\n");
        answer(m, 1);
        pass(m, 10 * SEC);
        fake_rtnl_count(m->fake, m->pf, 0, 50, 20);
        export_usage(m, m->vf, "busy-seconds 101\n");
        answer(m, 2);
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_BUSY), 0.1);
        assert_near(now(m, SUBJECT_VF, m->vf, METRIC_RECEIVE_PACKETS), 5);
        g_assert_true(isnan(now(m, SUBJECT_VF, m->vf, METRIC_DEVICE_MEMORY)));
}

static void test_an_exporter_that_has_ended_is_a_gap(MeterFixture *m, gconstpointer unused) {
        fake_root_add_mdev(m->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(m->f.manager->inventory), ==, 0);
        export_usage(m, HERE_MDEV, "busy-seconds 100\n");
        for (int i = 0; i < 7; i++) {
                answer(m, i);
                pass(m, 10 * SEC);
        }
        assert_near(now(m, SUBJECT_VF, HERE_MDEV, METRIC_BUSY), 0);
        answer(m, 7);
        g_assert_true(isnan(now(m, SUBJECT_VF, HERE_MDEV, METRIC_BUSY)));
}

static void test_what_an_exporter_writes_wrong_is_told_once(MeterFixture *m, gconstpointer unused) {
        fake_root_add_mdev(m->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(m->f.manager->inventory), ==, 0);
        for (int i = 0; i < 2; i++) { /* and again when it was right meanwhile */
                export_usage(m, HERE_MDEV, "busy-seconds many\n");
                g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                                      HERE_MDEV ": how busy it is cannot be read of its textfile*");
                answer(m, 1);
                answer(m, 2);
                g_test_assert_expected_messages();
                g_assert_true(isnan(now(m, SUBJECT_VF, HERE_MDEV, METRIC_BUSY)));
                export_usage(m, HERE_MDEV, "busy-seconds 1\n");
                answer(m, 3);
        }
}

static guint kept_of(MeterFixture *m, SubjectKind kind, const char *id) {
        g_autoptr(GPtrArray) slots = NULL;
        g_autoptr(GError) error = NULL;

        slots = meter_history(m->meter, kind, id, SLOT_SHORT, 0, INT64_MAX, &error);
        g_assert_no_error(error);
        return slots->len;
}

static guint kept(MeterFixture *m, const char *id) {
        return kept_of(m, SUBJECT_GUEST, id);
}

static void test_what_is_not_written_yet_is_in_the_history(MeterFixture *m, gconstpointer unused) {
        for (int i = 0; i < 12; i++) { /* two minutes */
                answer(m, i);
                pass(m, 10 * SEC);
        }
        g_assert_cmpuint(kept(m, GUEST_UUID), >=, 10);
        meter_flush(m->meter);
        g_assert_cmpuint(kept(m, GUEST_UUID), >=, 11);
        g_assert_cmpuint(kept(m, "another"), ==, 0);
}

static void test_a_full_disk_stops_history_and_nothing_else(MeterFixture *m, gconstpointer unused) {
        answer(m, 1);
        pass(m, 59 * SEC);
        answer(m, 2);
        pass(m, 11 * SEC);
        store_fail_write(m->f.manager->store, 0);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "What guests use is not kept*");
        answer(m, 13);
        meter_flush(m->meter);
        g_test_assert_expected_messages();
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU), 1);
}

static void answer_of_agent(MeterFixture *m) {
        g_autoptr(AgentUsage) usage = agent_usage_new((uint64_t)m->monotonic);

        g_assert_true(agent_usage_add(usage, "cpu", (uint64_t)m->monotonic * 500, NULL));
        meter_on_agent(m->meter, "dpu0", usage, m->monotonic);
}

/* It answers every 20 seconds, between two looks. */
static void test_offload_devices_have_a_pace_of_their_own(MeterFixture *m, gconstpointer unused) {
        answer(m, 0);
        for (int i = 1; i <= 6; i++) {
                pass(m, 7 * SEC);
                answer_of_agent(m);
                pass(m, 3 * SEC);
                answer(m, 2 * i);
                pass(m, 10 * SEC);
                answer(m, 2 * i + 1);
        }
        assert_near(now(m, SUBJECT_OFFLOAD, "dpu0", METRIC_CPU), 0.5);
        assert_near(now(m, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU), 0.1);
        meter_on_agent(m->meter, "dpu0", NULL, m->monotonic);
        g_assert_true(isnan(now(m, SUBJECT_OFFLOAD, "dpu0", METRIC_CPU)));
        meter_flush(m->meter);
        g_assert_cmpuint(kept_of(m, SUBJECT_OFFLOAD, "dpu0"), ==, 11);
        g_assert_cmpuint(kept_of(m, SUBJECT_GUEST, "dpu0"), ==, 0);
}

static void test_while_a_guest_moves_it_looks_more_often(MeterFixture *m, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(meter_interval_usec(m->meter), ==, 10 * SEC);
        migration_log_add(m->f.manager->migrations,
                          migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"), MIGRATION_PRECOPY,
                          &error);
        g_assert_no_error(error);
        send_event(&m->f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_assert_cmpint(meter_interval_usec(m->meter), ==, 1 * SEC);
        send_event(&m->f, GUEST_STAYED, GUEST_UUID, NULL);
        g_assert_cmpint(meter_interval_usec(m->meter), ==, 10 * SEC);
}

#define ADD(name, function) \
        g_test_add("/meter/" name, MeterFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("libvirt is asked once at a time", test_libvirt_is_asked_once_at_a_time);
        ADD("guests and links are seen together", test_guests_and_links_are_seen_together);
        ADD("a VF that is made later is seen too", test_a_vf_that_is_made_later_is_seen_too);
        ADD("what goes through its VF is the guest's", test_what_goes_through_its_vf_is_the_guests);
        ADD("a VF that comes is a gap and no jump", test_a_vf_that_comes_is_a_gap_and_no_jump);
        ADD("the traffic of a team goes on when its VF comes and goes",
            test_the_traffic_of_a_team_goes_on_when_its_vf_comes_and_goes);
        ADD("what nobody counts is not known", test_what_nobody_counts_is_not_known);
        ADD("how busy an mdev is its exporter tells", test_how_busy_an_mdev_is_its_exporter_tells);
        ADD("a VF has its packets beside", test_a_vf_has_its_packets_beside);
        ADD("an exporter that has ended is a gap", test_an_exporter_that_has_ended_is_a_gap);
        ADD("what an exporter writes wrong is told once",
            test_what_an_exporter_writes_wrong_is_told_once);
        ADD("without libvirt links are seen alone", test_without_libvirt_links_are_seen_alone);
        ADD("what is not written yet is in the history",
            test_what_is_not_written_yet_is_in_the_history);
        ADD("offload devices have a pace of their own",
            test_offload_devices_have_a_pace_of_their_own);
        ADD("a full disk stops history and nothing else",
            test_a_full_disk_stops_history_and_nothing_else);
        ADD("while a guest moves it looks more often",
            test_while_a_guest_moves_it_looks_more_often);
        return g_test_run();
}
