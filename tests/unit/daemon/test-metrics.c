/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics.h"

#include <string.h>

#include "daemon/core/slice-book.h"
#include "daemon/meter.h"
#include "daemon/slices.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/lib/openmetrics-check.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF      "0000:3b:00.0"
#define SEC     INT64_C(1000000)
#define LABELS  "{uuid=\"" GUEST_UUID "\",domain=\"g1\"}"
#define IN_DONE "virtferry_moves_total{direction=\"incoming\",outcome=\"finished\"}"
#define OUT(w)  "virtferry_moves_total{direction=\"outgoing\",outcome=\"" w "\"}"
#define PAUSES  "virtferry_move_downtime_seconds"

/* A guest, and a VF whose packets are counted. */
typedef struct MetricsFixture {
        Fixture f;
        FakeRtnl *fake;
        Metrics *metrics;
        int pf;
        int64_t monotonic; /* of the next page: each is another */
} MetricsFixture;

static int64_t stopwatch_time;

static int64_t stopwatch(void) {
        return stopwatch_time += 2500; /* a look costs that */
}

static void on_migration(void *userdata, MigrationChange change, const Migration *migration) {
        MetricsFixture *m = userdata;

        metrics_on_migration(m->metrics, change, migration);
}

static void start(MetricsFixture *m) {
        m->metrics = metrics_new(m->f.manager);
        migration_log_set_listener(m->f.manager->migrations, on_migration, m);
        meter_set_stopwatch(m->f.manager->meter, stopwatch);
}

static void set_up(MetricsFixture *m, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };

        fixture_use_file(&m->f);
        fixture_set_up(&m->f, NULL);
        fake_root_put(m->f.root, "sys/devices/system/cpu/online", "0-3\n", -1);
        fake_root_add_pf(m->f.root, PF, &pf);
        (void)fake_root_add_vf(m->f.root, PF);
        m->fake = fake_rtnl_new();
        m->pf = fake_rtnl_add_netdev(m->fake, "eth0");
        fake_rtnl_add_vf(m->fake, m->pf, 0);
        fake_rtnl_count(m->fake, m->pf, 0, 100, 300);
        m->f.manager->rtnl = fake_rtnl(m->fake);
        g_assert_cmpint(inventory_scan(m->f.manager->inventory), ==, 0);
        start(m);
}

static void tear_down(MetricsFixture *m, gconstpointer unused) {
        metrics_free(m->metrics);
        fixture_tear_down(&m->f, NULL);
        fake_rtnl_free(m->fake);
}

static GBytes *get_page(MetricsFixture *m) {
        GBytes *page = metrics_page(m->metrics, m->monotonic += METRICS_PAGE_USEC);
        g_autofree char *trouble = openmetrics_check(page);

        g_assert_cmpstr(trouble, ==, NULL);
        return page;
}

/* `value` NULL: it is not there. */
static void assert_metric(MetricsFixture *m, const char *sample, const char *value) {
        g_autoptr(GBytes) page = get_page(m);
        g_autofree char *found = openmetrics_find(page, sample);

        g_assert_cmpstr(found, ==, value);
}

/* A round; NULL: libvirt does not tell of the guest. */
static void look(MetricsFixture *m, const char *name, const Sample *sample) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);
        GuestSample *guest = guest_sample_new(GUEST_UUID, name);

        if (sample)
                guest->sample = *sample;
        event->kind = GUEST_STATS;
        event->sampled = m->monotonic += 10 * SEC;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        if (sample)
                g_ptr_array_add(event->samples, guest);
        else
                guest_sample_free(guest);
        manager_on_guest_event(m->f.manager, event);
}

/* What guests use --------------------------------------------------------------------- */

static void test_totals_are_as_they_were_read(MetricsFixture *m, gconstpointer unused) {
        Sample sample;

        sample_init(&sample);
        sample.values[METRIC_CPU] = 12500000000;
        sample.values[METRIC_RECEIVE_DROPS] = 0;
        look(m, "g1", &sample);
        sample.values[METRIC_CPU] = 13000000000;
        look(m, "g1", &sample);
        assert_metric(m, "virtferry_guest_cpu_seconds_total" LABELS, "13");
        assert_metric(m, "virtferry_guest_receive_drops_total" LABELS, "0");
        assert_metric(m, "virtferry_vf_receive_packets_total{device=\"0000:3b:10.0\"}", "100");
        assert_metric(m, "virtferry_vf_transmit_packets_total{device=\"0000:3b:10.0\"}", "300");
        assert_metric(m, "virtferry_daemon_round_duration_seconds_count", "2");
        assert_metric(m, "virtferry_daemon_round_duration_seconds_sum", "0.005");
}

static void test_what_nobody_told_is_left_out(MetricsFixture *m, gconstpointer unused) {
        Sample sample;

        sample_init(&sample);
        sample.values[METRIC_CPU] = 1000000000;
        look(m, "g1", &sample);
        assert_metric(m, "virtferry_guest_cpu_seconds_total" LABELS, "1");
        assert_metric(m, "virtferry_guest_receive_bytes_total" LABELS, NULL);
        look(m, "g1", NULL);
        assert_metric(m, "virtferry_guest_cpu_seconds_total" LABELS, NULL);
}

/* The kernel's answer is test-link-stats.c's. */
static void test_a_pf_has_its_netdev_beside_it(MetricsFixture *m, gconstpointer unused) {
        Telemetry *telemetry = (Telemetry *)meter_telemetry(m->f.manager->meter);
        Sample sample;

        sample_init(&sample);
        sample.values[METRIC_RECEIVE_BYTES] = 1500;
        telemetry_begin(telemetry, m->monotonic, 0);
        telemetry_add(telemetry, SUBJECT_PF, PF, "eth0", &sample);
        assert_metric(m, "virtferry_pf_receive_bytes_total{device=\"" PF "\",netdev=\"eth0\"}",
                      "1500");
}

static void test_an_offload_device_has_its_own(MetricsFixture *m, gconstpointer unused) {
        g_autoptr(AgentUsage) usage = agent_usage_new(1);

        g_assert_true(agent_usage_add(usage, "cpu", 12500000000, NULL));
        g_assert_true(agent_usage_begin_port(usage, "p0", NULL));
        g_assert_true(agent_usage_add(usage, "receive-bytes", 1500, NULL));
        meter_on_agent(m->f.manager->meter, "dpu0", usage, m->monotonic);
        assert_metric(m, "virtferry_offload_cpu_seconds_total{device=\"dpu0\"}", "12.5");
        assert_metric(m, "virtferry_offload_receive_bytes_total{device=\"dpu0\"}", "1500");
        assert_metric(m, "virtferry_offload_transmit_bytes_total{device=\"dpu0\"}", NULL);
        meter_on_agent(m->f.manager->meter, "dpu0", NULL, m->monotonic);
        assert_metric(m, "virtferry_offload_cpu_seconds_total{device=\"dpu0\"}", NULL);
}

static void test_a_name_may_have_any_characters(MetricsFixture *m, gconstpointer unused) {
        Sample sample;

        sample_init(&sample);
        sample.values[METRIC_BALLOON] = 1073741824;
        look(m, "a\"b\\c", &sample);
        assert_metric(
                m, "virtferry_guest_balloon_bytes{uuid=\"" GUEST_UUID "\",domain=\"a\\\"b\\\\c\"}",
                "1073741824");
}

/* How many states a slice has is not said here. */
static char *without_slice_states(GBytes *page) {
        size_t size;
        const char *data = g_bytes_get_data(page, &size);
        g_autofree char *text = g_strndup(data, size);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        GString *rest = g_string_new(NULL);

        for (char **line = lines; *line && **line; line++)
                if (!g_str_has_prefix(*line, "virtferry_slices{"))
                        g_string_append_printf(rest, "%s\n", *line);
        return g_string_free(rest, false);
}

static void test_a_page_has_all_there_is(MetricsFixture *m, gconstpointer unused) {
        g_autofree char *expected = NULL, *text = NULL;
        g_autoptr(GBytes) page = NULL;
        Sample sample;

        sample_init(&sample);
        for (int i = 0; i <= METRIC_WRITE_TIME; i++)
                sample.values[i] = 1000001 * (uint64_t)(i + 1);
        look(m, "g1", &sample);
        page = get_page(m);
        text = without_slice_states(page);
        g_assert_true(g_file_get_contents(FERRY_GOLDEN, &expected, NULL, NULL));
        g_assert_cmpstr(text, ==, expected);
}

static void test_headroom_is_in_base_units(MetricsFixture *m, gconstpointer unused) {
        fake_root_put(m->f.root, "proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 524288 kB\n", -1);
        fake_root_put(m->f.root, "sys/class/net/eth0/speed", "1000\n", -1);
        slices_on_host_changed(m->f.manager->slices);
        assert_metric(m,
                      "virtferry_headroom_size{device=\"\",kind=\"host\",resource=\"memory\","
                      "unit=\"bytes\"}",
                      "1073741824");
        assert_metric(m,
                      "virtferry_headroom_size{device=\"" PF
                      "\",kind=\"pf\",resource=\"bandwidth\","
                      "unit=\"bytes_per_second\"}",
                      "125000000");
}

static void test_a_page_is_made_once_a_second(MetricsFixture *m, gconstpointer unused) {
        g_autoptr(GBytes) first = metrics_page(m->metrics, 5 * SEC), same = NULL, other = NULL;

        same = metrics_page(m->metrics, 6 * SEC - 1);
        g_assert_true(same == first);
        other = metrics_page(m->metrics, 6 * SEC);
        g_assert_true(other != first);
        g_assert_true(g_bytes_equal(other, first));
}

/* Moves ------------------------------------------------------------------------------- */

static Migration *begin(MetricsFixture *m, MigrationDirection direction) {
        g_autoptr(GError) error = NULL;
        Migration *migration;

        migration = migration_log_add(m->f.manager->migrations,
                                      migration_new(direction, GUEST_UUID, "g1"), MIGRATION_PRECOPY,
                                      &error);
        g_assert_no_error(error);
        return migration;
}

static void enter(MetricsFixture *m, Migration *migration, MigrationState state) {
        g_autoptr(GError) error = NULL;

        (void)migration_log_enter(m->f.manager->migrations, migration, state, NULL, &error);
        g_assert_no_error(error);
}

static void update(MetricsFixture *m, Migration *migration, int64_t downtime_ms) {
        g_autoptr(GError) error = NULL;

        migration->downtime_ms = downtime_ms;
        (void)migration_log_update(m->f.manager->migrations, migration, &error);
        g_assert_no_error(error);
}

static void test_a_move_counts_when_it_has_ended(MetricsFixture *m, gconstpointer unused) {
        Migration *migration = begin(m, MIGRATION_OUTGOING);

        assert_metric(m, OUT("finished"), "0");
        assert_metric(m, "virtferry_moves_active{direction=\"outgoing\"}", "1");
        enter(m, migration, MIGRATION_RESUMED);
        enter(m, migration, MIGRATION_FINISHED);
        assert_metric(m, OUT("finished"), "1");
        assert_metric(m, OUT("rolled-back"), "0");
        assert_metric(m, IN_DONE, "0");
        assert_metric(m, "virtferry_moves_active{direction=\"outgoing\"}", "0");

        migration = begin(m, MIGRATION_OUTGOING);
        enter(m, migration, MIGRATION_ABORTING);
        enter(m, migration, MIGRATION_ROLLED_BACK);
        assert_metric(m, OUT("finished"), "1");
        assert_metric(m, OUT("rolled-back"), "1");
}

static void test_figures_that_come_late_count_once(MetricsFixture *m, gconstpointer unused) {
        Migration *migration = begin(m, MIGRATION_OUTGOING);

        enter(m, migration, MIGRATION_RESUMED);
        enter(m, migration, MIGRATION_FINISHED);
        assert_metric(m, PAUSES "_count{direction=\"outgoing\"}", "0");
        update(m, migration, 120);
        update(m, migration, 120);
        assert_metric(m, OUT("finished"), "1");
        assert_metric(m, PAUSES "_count{direction=\"outgoing\"}", "1");
        assert_metric(m, PAUSES "_sum{direction=\"outgoing\"}", "0.12");
}

/* The daemon that runs has not seen them. */
static void test_moves_of_before_are_not_counted(MetricsFixture *m, gconstpointer unused) {
        Migration *migration = begin(m, MIGRATION_OUTGOING);
        g_autofree char *id = g_strdup(migration->id);

        enter(m, migration, MIGRATION_RESUMED);
        enter(m, migration, MIGRATION_FINISHED);
        g_clear_pointer(&m->metrics, metrics_free);
        fixture_restart(&m->f);
        start(m);
        migration = migration_log_find(m->f.manager->migrations, id);
        g_assert_nonnull(migration);
        update(m, migration, 120);
        assert_metric(m, OUT("finished"), "0");
        assert_metric(m, PAUSES "_count{direction=\"outgoing\"}", "0");
}

/* More than are kept: the counts go on. */
static void test_counts_never_go_back(MetricsFixture *m, gconstpointer unused) {
        g_autofree char *expected = g_strdup_printf("%d", MIGRATIONS_KEPT + 5);

        for (int i = 0; i < MIGRATIONS_KEPT + 5; i++) {
                Migration *migration = begin(m, MIGRATION_OUTGOING);

                enter(m, migration, MIGRATION_RESUMED);
                enter(m, migration, MIGRATION_FINISHED);
                fixture_pass_time(SEC);
        }
        assert_metric(m, OUT("finished"), expected);
}

/* Slices and leases ------------------------------------------------------------------- */

static void test_slices_are_shown_with_what_they_have(MetricsFixture *m, gconstpointer unused) {
        static const char xml[] = "<slice version='1'><cores count='2' exclusive='yes'/></slice>";
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) wish = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        assert_metric(m, "virtferry_slices{state=\"promised\"}", "0");
        slices_allocate(m->f.manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        slices_flush(m->f.manager->slices);
        assert_metric(m, "virtferry_slices{state=\"promised\"}", "1");
        assert_metric(m, "virtferry_slices{state=\"enforced\"}", "0");
        assert_metric(m, "virtferry_slice_cpus" LABELS, "2");
        assert_metric(m, "virtferry_slice_memory_bytes" LABELS, NULL);
}

static void test_leases_are_counted_by_their_state(MetricsFixture *m, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1"), *here = NULL;
        g_autoptr(GError) error = NULL;

        assert_metric(m, "virtferry_leases{state=\"reserved\"}", "0");
        here = manager_filter_domain(m->f.manager, "migrate", xml, &error);
        g_assert_no_error(error);
        assert_metric(m, "virtferry_leases{state=\"reserved\"}", "1");
        assert_metric(m, "virtferry_leases{state=\"running\"}", "0");
}

#define ADD(name, function) \
        g_test_add("/metrics/" name, MetricsFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("totals are as they were read", test_totals_are_as_they_were_read);
        ADD("what nobody told is left out", test_what_nobody_told_is_left_out);
        ADD("a PF has its netdev beside it", test_a_pf_has_its_netdev_beside_it);
        ADD("an offload device has metrics of its own", test_an_offload_device_has_its_own);
        ADD("a name may have any characters", test_a_name_may_have_any_characters);
        ADD("a page has all there is", test_a_page_has_all_there_is);
        ADD("headroom is in base units", test_headroom_is_in_base_units);
        ADD("a page is made once a second", test_a_page_is_made_once_a_second);
        ADD("a move counts when it has ended", test_a_move_counts_when_it_has_ended);
        ADD("figures that come late count once", test_figures_that_come_late_count_once);
        ADD("moves of before are not counted", test_moves_of_before_are_not_counted);
        ADD("counts never go back", test_counts_never_go_back);
        ADD("slices are shown with what they have", test_slices_are_shown_with_what_they_have);
        ADD("leases are counted by their state", test_leases_are_counted_by_their_state);
        return g_test_run();
}
