/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-stats.h"

#include <poll.h>

/* Against libvirt's own test driver, which tells no more of a guest than its
 * state; what others tell is made up. */

typedef struct Params {
        virTypedParameterPtr list;
        int n, max;
} Params;

static void params_done(Params *params) {
        virTypedParamsFree(params->list, params->n);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Params, params_done)

static void add(Params *params, const char *name, unsigned long long value) {
        g_assert_cmpint(
                virTypedParamsAddULLong(&params->list, &params->n, &params->max, name, value), ==,
                0);
}

static uint64_t value_of(const Params *params, Metric metric) {
        Sample sample;

        virt_stats_read(params->list, params->n, &sample);
        return sample.values[metric];
}

static void test_numbers_of_several_devices_are_added_up(void) {
        g_auto(Params) params = { 0 };

        add(&params, "net.count", 2);
        add(&params, "net.0.rx.bytes", 100);
        add(&params, "net.1.rx.bytes", 20);
        add(&params, "net.1.tx.bytes", 7);
        add(&params, "block.0.rd.reqs", 3);
        add(&params, "block.11.rd.reqs", 4);
        add(&params, "vcpu.0.delay", 5);
        add(&params, "vcpu.1.delay", 6);
        g_assert_cmpuint(value_of(&params, METRIC_RECEIVE_BYTES), ==, 120);
        g_assert_cmpuint(value_of(&params, METRIC_TRANSMIT_BYTES), ==, 7);
        g_assert_cmpuint(value_of(&params, METRIC_READ_REQUESTS), ==, 7);
        g_assert_cmpuint(value_of(&params, METRIC_VCPU_DELAY), ==, 11);
}

static void test_memory_comes_in_bytes(void) {
        g_auto(Params) params = { 0 };

        add(&params, "balloon.current", 2048);
        add(&params, "balloon.rss", 1);
        g_assert_cmpuint(value_of(&params, METRIC_BALLOON), ==, 2097152);
        g_assert_cmpuint(value_of(&params, METRIC_RESIDENT), ==, 1024);
}

static void test_what_a_guest_could_use_it_does_not_need(void) {
        g_auto(Params) params = { 0 }, nonsense = { 0 };

        add(&params, "balloon.usable", 1536);
        add(&params, "balloon.current", 2048);
        g_assert_cmpuint(value_of(&params, METRIC_USED), ==, 524288);
        add(&nonsense, "balloon.current", 2048);
        g_assert_cmpuint(value_of(&nonsense, METRIC_USED), ==, METRIC_MISSING);
        add(&nonsense, "balloon.usable", 2049);
        g_assert_cmpuint(value_of(&nonsense, METRIC_USED), ==, METRIC_MISSING);
}

static void test_what_libvirt_does_not_tell_is_missing_and_no_zero(void) {
        g_auto(Params) params = { 0 };

        add(&params, "cpu.time", 0);
        g_assert_cmpint(
                virTypedParamsAddLLong(&params.list, &params.n, &params.max, "net.0.rx.drop", -1),
                ==, 0);
        add(&params, "net.0.tx.drop", UINT64_MAX);
        add(&params, "net.x.rx.bytes", 1);
        add(&params, "net.0rx.bytes", 1);
        add(&params, "network.0.rx.bytes", 1);
        g_assert_cmpuint(value_of(&params, METRIC_CPU), ==, 0);
        for (int i = METRIC_CPU + 1; i < _METRIC_MAX; i++)
                g_assert_cmpuint(value_of(&params, (Metric)i), ==, METRIC_MISSING);
}

static void test_a_sum_over_other_devices_has_another_shape(void) {
        g_auto(Params) params = { 0 };
        Sample before, after;

        add(&params, "net.0.rx.bytes", 100);
        add(&params, "cpu.time", 1);
        virt_stats_read(params.list, params.n, &before);
        add(&params, "net.1.rx.bytes", 100);
        virt_stats_read(params.list, params.n, &after);
        g_assert_cmpuint(before.shapes[METRIC_RECEIVE_BYTES], !=,
                         after.shapes[METRIC_RECEIVE_BYTES]);
        g_assert_cmpuint(before.shapes[METRIC_CPU], ==, after.shapes[METRIC_CPU]);
}

/* The worker ------------------------------------------------------------------------ */

static GuestEvent *await(GuestDoor *door) {
        struct pollfd poll_fd = { .fd = guest_door_fd(door), .events = POLLIN };
        GuestEvent *event;

        while (!(event = guest_door_pop(door)))
                g_assert_cmpint(poll(&poll_fd, 1, -1), ==, 1);
        g_assert_cmpint(event->kind, ==, GUEST_STATS);
        return event;
}

static void test_one_answer_has_every_guest_that_runs(void) {
        g_autoptr(GuestDoor) door = guest_door_new();
        virConnectPtr connection = virConnectOpen("test:///default");
        VirtStats *stats = virt_stats_new("test:///default", door);
        g_autoptr(GuestEvent) event = NULL;
        const GuestSample *guest;
        int64_t before = g_get_monotonic_time();

        virt_stats_use(stats, connection);
        virt_stats_sample(stats);
        event = await(door);
        g_assert_cmpuint(event->samples->len, ==, 1);
        guest = event->samples->pdata[0];
        g_assert_cmpstr(guest->name, ==, "test");
        g_assert_cmpuint(strlen(guest->uuid), ==, 36);
        g_assert_cmpuint(guest->sample.values[METRIC_CPU], ==, METRIC_MISSING);
        g_assert_cmpint(event->sampled, >=, before);

        virt_stats_stop(stats);
        virt_stats_free(stats);
        (void)virConnectClose(connection);
}

static void test_without_a_connection_the_answer_has_nobody(void) {
        g_autoptr(GuestDoor) door = guest_door_new();
        virConnectPtr connection = virConnectOpen("test:///default");
        VirtStats *stats = virt_stats_new("test:///default", door);
        g_autoptr(GuestEvent) never = NULL, after = NULL;

        virt_stats_sample(stats);
        never = await(door);
        virt_stats_use(stats, connection);
        virt_stats_use(stats, NULL);
        virt_stats_sample(stats);
        after = await(door);
        g_assert_null(never->samples);
        g_assert_null(after->samples);

        virt_stats_stop(stats);
        virt_stats_free(stats);
        (void)virConnectClose(connection);
}

static void test_each_metric_has_one_name(void) {
        for (int i = 0; i < _METRIC_MAX; i++) {
                g_assert_cmpint(metric_from_string(metric_to_string((Metric)i)), ==, i);
                g_assert_nonnull(metric_unit((Metric)i));
                g_assert_nonnull(metric_about((Metric)i));
                g_assert_cmpfloat(metric_scale((Metric)i), >=, 1);
        }
        g_assert_cmpint(metric_from_string("colour"), ==, _METRIC_INVALID);
        g_assert_null(metric_to_string(_METRIC_MAX));
        g_assert_null(metric_to_string(_METRIC_INVALID));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(virInitialize(), ==, 0);
        g_test_add_func("/virt-stats/numbers of several devices are added up",
                        test_numbers_of_several_devices_are_added_up);
        g_test_add_func("/virt-stats/memory comes in bytes", test_memory_comes_in_bytes);
        g_test_add_func("/virt-stats/what a guest could use it does not need",
                        test_what_a_guest_could_use_it_does_not_need);
        g_test_add_func("/virt-stats/what libvirt does not tell is missing and no zero",
                        test_what_libvirt_does_not_tell_is_missing_and_no_zero);
        g_test_add_func("/virt-stats/a sum over other devices has another shape",
                        test_a_sum_over_other_devices_has_another_shape);
        g_test_add_func("/virt-stats/one answer has every guest that runs",
                        test_one_answer_has_every_guest_that_runs);
        g_test_add_func("/virt-stats/without a connection the answer has nobody",
                        test_without_a_connection_the_answer_has_nobody);
        g_test_add_func("/virt-stats/each metric has one name", test_each_metric_has_one_name);
        return g_test_run();
}
