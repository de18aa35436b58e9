/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/headroom.h"

#include <string.h>

#include "daemon/core/sample.h"
#include "daemon/outlook.h"
#include "daemon/slices.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF     "0000:3b:00.0"
#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR   G_TIME_SPAN_HOUR
#define GIB    1073741824.0
#define CPUS   "sys/devices/system/cpu/"

/* A host of 4 CPUs and 8 GiB, with a PF of 1 Gbit/s that has two VFs which can migrate, and a
 * guest. */
typedef struct HeadroomFixture {
        Fixture f;
        FakeRtnl *fake;
        int pf;
        char *vfs[2];
        uint64_t rates[2]; /* bytes a second that each sends; it receives half of that */
        double cpus;
        uint64_t seconds; /* for which the guest has run */
        int64_t monotonic;
} HeadroomFixture;

static void put_host(FakeRoot *root) {
        fake_root_put(root, CPUS "online", "0-3\n", -1);
        for (unsigned cpu = 0; cpu < 4; cpu++) {
                g_autofree char *path = NULL, *list = g_strdup_printf("%u\n", cpu);

                path = g_strdup_printf(CPUS "cpu%u/topology/thread_siblings_list", cpu);
                fake_root_put(root, path, list, -1);
        }
        fake_root_put(root, "proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 4194304 kB\n", -1);
}

static void add_variant_driver(FakeRoot *root) {
        fake_root_put(root, "proc/sys/kernel/osrelease", "6.12.0-test\n", -1);
        fake_root_put(root, "lib/modules/6.12.0-test/modules.alias",
                      "alias pci:v000015B3d*sv*sd*bc*sc*i* mlx5_core\n"
                      "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
                      "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n",
                      -1);
}

static void set_up(HeadroomFixture *h, gconstpointer variant_driver) {
        const FakePci pf = { .vendor = 0x15b3,
                             .device = 0x101d,
                             .vf_device = 0x101e,
                             .driver = "mlx5_core",
                             .vf_driver = "mlx5_core",
                             .netdev = "eth0" };

        fixture_set_up(&h->f, NULL);
        fixture_connect(&h->f);
        put_host(h->f.root);
        if (variant_driver)
                add_variant_driver(h->f.root);
        fake_root_add_pf(h->f.root, PF, &pf);
        fake_root_put(h->f.root, "sys/class/net/eth0/speed", "1000\n", -1);
        h->fake = fake_rtnl_new();
        h->pf = fake_rtnl_add_netdev(h->fake, "eth0");
        for (unsigned i = 0; i < 2; i++) {
                h->vfs[i] = g_strdup(fake_root_add_vf(h->f.root, PF));
                fake_rtnl_add_vf(h->fake, h->pf, i);
        }
        h->f.manager->rtnl = fake_rtnl(h->fake);
        g_assert_cmpint(inventory_scan(h->f.manager->inventory), ==, 0);
        slices_on_host_changed(h->f.manager->slices);
        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        h->monotonic = 1000 * G_USEC_PER_SEC;
        send_list(&h->f, GUEST_UUID);
}

static void tear_down(HeadroomFixture *h, gconstpointer unused) {
        end_questions(&h->f);
        fixture_tear_down(&h->f, NULL);
        fake_rtnl_free(h->fake);
        for (unsigned i = 0; i < 2; i++)
                g_free(h->vfs[i]);
}

static void look(HeadroomFixture *h) {
        GuestSample *guest = guest_sample_new(GUEST_UUID, "g1");
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        guest->sample.values[METRIC_CPU] = (uint64_t)((double)h->seconds * h->cpus *
                                                      metric_scale(METRIC_CPU));
        guest->sample.values[METRIC_RESIDENT] = (uint64_t)(GIB * metric_scale(METRIC_RESIDENT));
        event->kind = GUEST_STATS;
        event->sampled = h->monotonic;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        g_ptr_array_add(event->samples, guest);
        manager_on_guest_event(h->f.manager, event);
}

static void let_pass(HeadroomFixture *h, int64_t usec) {
        for (int64_t i = 0; i < usec; i += MINUTE) {
                h->monotonic += MINUTE;
                h->seconds += 60;
                fixture_pass_time(MINUTE);
                for (unsigned vf = 0; vf < 2; vf++)
                        fake_rtnl_count_bytes(h->fake, h->pf, vf, 30 * h->rates[vf],
                                              60 * h->rates[vf]);
                look(h);
        }
}

/* "total taken expected level" of a row; "" there is none. */
static char *row_of(HeadroomFixture *h, HeadroomKind kind, HeadroomResource resource) {
        Headrooms *headrooms = h->f.manager->headrooms;
        g_autoptr(GPtrArray) rows = headrooms_list(headrooms);

        for (guint i = 0; i < rows->len; i++) {
                const Headroom *row = rows->pdata[i];
                const char *level = headroom_level_to_string(headrooms_level(headrooms, row));

                if (row->kind == kind && row->resource == resource)
                        return g_strdup_printf("%u %u %u %s", (unsigned)row->total,
                                               (unsigned)row->taken, (unsigned)row->expected,
                                               level);
        }
        return g_strdup("");
}

static void assert_row(HeadroomFixture *h, HeadroomKind kind, HeadroomResource resource,
                       const char *expected) {
        g_autofree char *row = row_of(h, kind, resource);

        g_assert_cmpstr(row, ==, expected);
}

static void on_slice(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                     const GError *error) {
        g_assert_no_error(error);
}

static void allocate(HeadroomFixture *h, const char *text) {
        g_autoptr(Slice) wish = slice_from_xml(text, strlen(text), NULL);

        slices_allocate(h->f.manager->slices, GUEST_UUID, "g1", wish, on_slice, NULL);
        slices_flush(h->f.manager->slices);
}

static void lease_vf(HeadroomFixture *h, unsigned vf) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        Lease *lease = lease_new();
        g_autoptr(GError) error = NULL;

        lease->domain_uuid = g_strdup(GUEST_UUID);
        lease->domain_name = g_strdup("g1");
        lease->device = g_strdup(h->vfs[vf]);
        lease->class_name = g_strdup("sriov");
        lease->pool = g_strdup("default");
        lease->parent = g_strdup(PF);
        g_ptr_array_add(leases, lease);
        lease_book_reserve(h->f.manager->leases, leases, &error);
        g_assert_no_error(error);
        slices_on_leases_changed(h->f.manager->slices);
}

/* What guests use now counts until it is known what they will. */
static void test_what_is_used_now_is_expected(HeadroomFixture *h, gconstpointer unused) {
        h->cpus = 1.5;
        let_pass(h, 2 * MINUTE);
        assert_row(h, HEADROOM_HOST, HEADROOM_CORES, "4 0 2 high");
        assert_row(h, HEADROOM_HOST, HEADROOM_MEMORY, "8192 0 1024 high");
        g_assert_false(outlook_knows(h->f.manager->outlook, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU));
}

static void test_what_is_forecast_is_expected(HeadroomFixture *h, gconstpointer unused) {
        DemandBand band;

        h->cpus = 1.5;
        let_pass(h, 2 * HOUR);
        g_assert_true(outlook_knows(h->f.manager->outlook, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU));
        g_assert_true(outlook_band(h->f.manager->outlook, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU, 3,
                                   &band));
        g_assert_cmpfloat_with_epsilon(band.mean, 1.5, 0.1);
        h->cpus = 0;
        let_pass(h, MINUTE); /* the forecast has not changed yet */
        assert_row(h, HEADROOM_HOST, HEADROOM_CORES, "4 0 2 high");
}

static void test_who_is_gone_is_forgotten(HeadroomFixture *h, gconstpointer unused) {
        h->cpus = 1.5;
        let_pass(h, 2 * HOUR);
        for (unsigned i = 0; i < 10; i++) { /* libvirt tells of no guest */
                g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

                h->monotonic += MINUTE;
                fixture_pass_time(MINUTE);
                event->kind = GUEST_STATS;
                event->sampled = h->monotonic;
                event->samples = g_ptr_array_new();
                manager_on_guest_event(h->f.manager, event);
        }
        g_assert_false(outlook_knows(h->f.manager->outlook, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU));
        assert_row(h, HEADROOM_HOST, HEADROOM_CORES, "4 0 0 high");
}

/* Nobody waits for the next round: others ask where there is room for what leaves them. */
static void test_who_has_just_gone_uses_nothing(HeadroomFixture *h, gconstpointer unused) {
        h->cpus = 3;
        let_pass(h, 2 * HOUR);
        g_assert_true(outlook_knows(h->f.manager->outlook, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU));
        send_event(&h->f, GUEST_STOPPED, GUEST_UUID, NULL);
        assert_row(h, HEADROOM_HOST, HEADROOM_CORES, "4 0 0 high");
}

/* Of cores it has its own, of memory nothing was promised to it. */
static void test_a_guest_with_a_slice_uses_what_it_was_promised(HeadroomFixture *h,
                                                                gconstpointer unused) {
        h->cpus = 1.5;
        let_pass(h, 2 * MINUTE);
        allocate(h, "<slice version='1'><cores count='2' exclusive='yes'/></slice>");
        assert_row(h, HEADROOM_HOST, HEADROOM_CORES, "4 2 0 high");
        assert_row(h, HEADROOM_HOST, HEADROOM_MEMORY, "8192 0 1024 high");
}

/* 25 MB/s sent are 200 Mbit/s, and more than what is received. */
static void test_traffic_of_vfs_is_expected_of_the_pf(HeadroomFixture *h, gconstpointer unused) {
        h->rates[0] = 25000000;
        let_pass(h, 3 * MINUTE);
        assert_row(h, HEADROOM_PF, HEADROOM_BANDWIDTH, "1000000 0 200000 high");
        h->rates[1] = 75000000;
        let_pass(h, 2 * MINUTE);
        assert_row(h, HEADROOM_PF, HEADROOM_BANDWIDTH, "1000000 0 800000 med");
}

/* Its guest keeps within that, or the other one would not have what it was promised. */
static void test_traffic_within_a_promise_is_taken(HeadroomFixture *h, gconstpointer unused) {
        h->rates[0] = 25000000;
        let_pass(h, 3 * MINUTE);
        lease_vf(h, 0);
        allocate(h,
                 "<slice version='1'><function name='nic' class='sriov' min-mbit='300'/></slice>");
        assert_row(h, HEADROOM_PF, HEADROOM_BANDWIDTH, "1000000 300000 0 high");
}

static void test_vfs_that_could_migrate_count(HeadroomFixture *h, gconstpointer variant_driver) {
        assert_row(h, HEADROOM_PF, HEADROOM_VFS, variant_driver ? "2 0 0 high" : "");
        lease_vf(h, 0);
        assert_row(h, HEADROOM_PF, HEADROOM_VFS, variant_driver ? "2 1 0 high" : "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, driver, function) \
        g_test_add("/headroom/" name, HeadroomFixture, driver, set_up, function, tear_down)

        ADD("what is used now is expected", NULL, test_what_is_used_now_is_expected);
        ADD("what is forecast is expected", NULL, test_what_is_forecast_is_expected);
        ADD("who is gone is forgotten", NULL, test_who_is_gone_is_forgotten);
        ADD("who has just gone uses nothing", NULL, test_who_has_just_gone_uses_nothing);
        ADD("a guest with a slice uses what it was promised", NULL,
            test_a_guest_with_a_slice_uses_what_it_was_promised);
        ADD("traffic of VFs is expected of the PF", NULL,
            test_traffic_of_vfs_is_expected_of_the_pf);
        ADD("traffic within a promise is taken", NULL, test_traffic_within_a_promise_is_taken);
        ADD("VFs that could migrate count", "mlx5_vfio_pci", test_vfs_that_could_migrate_count);
        ADD("VFs that could not migrate do not count", NULL, test_vfs_that_could_migrate_count);
        return g_test_run();
}
