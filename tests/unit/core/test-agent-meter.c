/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-meter.h"

#include <math.h>

#define SEC   INT64_C(1000000)
#define START (INT64_C(1800000000) * SEC) /* a multiple of both steps */
#define NAME  "dpu0"

typedef struct Fixture {
        AgentMeter *meter;
        GArray *slots; /* Slot, short ones */
        uint64_t theirs;
        int64_t ours, realtime;
        uint64_t cpu, received; /* totals */
} Fixture;

static void take(void *userdata, const Subject *subject, SlotStep step, const Slot *slot) {
        Fixture *f = userdata;

        g_assert_cmpint(subject->kind, ==, SUBJECT_OFFLOAD);
        g_assert_cmpstr(subject->id, ==, NAME);
        if (step == SLOT_SHORT)
                g_array_append_vals(f->slots, slot, 1);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->slots = g_array_new(false, false, sizeof(Slot));
        f->meter = agent_meter_new(take, f);
        f->theirs = 5 * SEC; /* it was switched on a moment ago */
        f->ours = 1000 * SEC;
        f->realtime = START;
}

static void tear_down(Fixture *f, gconstpointer unused) {
        agent_meter_free(f->meter);
        g_array_unref(f->slots);
}

/* Half a CPU, and 100 bytes a second, by the device's clock. */
static void pass(Fixture *f, int64_t ours, int64_t theirs) {
        f->ours += ours;
        f->realtime += ours;
        f->theirs += (uint64_t)theirs;
        f->cpu += (uint64_t)theirs * 500;
        f->received += (uint64_t)(theirs / SEC) * 100;
}

static void note(Fixture *f) {
        g_autoptr(AgentUsage) usage = agent_usage_new(f->theirs);

        g_assert_true(agent_usage_add(usage, "cpu", f->cpu, NULL));
        g_assert_true(agent_usage_begin_port(usage, "p0", NULL));
        g_assert_true(agent_usage_add(usage, "receive-bytes", f->received, NULL));
        agent_meter_note(f->meter, NAME, usage, f->ours, f->realtime);
        agent_meter_turn(f->meter, f->ours);
}

static guint count(Fixture *f) {
        g_autoptr(GPtrArray) list = g_ptr_array_new();

        agent_meter_list(f->meter, list);
        return list->len;
}

static double now(Fixture *f, Metric metric) {
        g_autoptr(GPtrArray) list = g_ptr_array_new();

        agent_meter_list(f->meter, list);
        g_assert_cmpuint(list->len, ==, 1);
        return ((const Subject *)list->pdata[0])->values[metric];
}

#define assert_gap(value)            g_assert_true(isnan(value))
#define assert_near(value, expected) g_assert_cmpfloat_with_epsilon(value, expected, 1e-3)

/* Its answers come when they do: 19.9 s apart by our clock. */
static void test_rates_are_by_the_devices_clock(Fixture *f, gconstpointer unused) {
        note(f);
        assert_gap(now(f, METRIC_CPU));
        pass(f, 20 * SEC - SEC / 10, 20 * SEC);
        note(f);
        assert_near(now(f, METRIC_CPU), 0.5);
        assert_near(now(f, METRIC_RECEIVE_BYTES), 100);
}

/* Two minutes, each slot of which has a number, and none comes twice. */
static void test_slots_have_no_gaps(Fixture *f, gconstpointer unused) {
        note(f);
        for (int i = 0; i < 6; i++) {
                pass(f, i % 2 ? 19 * SEC + SEC / 2 : 20 * SEC + SEC / 2, 20 * SEC);
                note(f);
        }
        agent_meter_flush(f->meter);
        g_assert_cmpuint(f->slots->len, ==, 12);
        for (guint i = 0; i < f->slots->len; i++) {
                const Slot *slot = &g_array_index(f->slots, Slot, i);

                g_assert_cmpint(slot->start, ==, START + (int64_t)i * 10 * SEC);
                assert_near(slot->mean[METRIC_CPU], 0.5);
        }
}

static void test_a_device_that_was_started_anew_is_a_gap(Fixture *f, gconstpointer unused) {
        note(f);
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        pass(f, 20 * SEC, 20 * SEC);
        f->theirs = 3 * SEC;
        note(f); /* with counters that have grown */
        assert_gap(now(f, METRIC_CPU));
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        assert_near(now(f, METRIC_CPU), 0.5);
}

static void assert_not_believed(Fixture *f, int64_t theirs) {
        guint before;

        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        assert_near(now(f, METRIC_CPU), 0.5);
        agent_meter_flush(f->meter);
        before = f->slots->len;
        pass(f, 20 * SEC, theirs);
        note(f);
        assert_gap(now(f, METRIC_CPU));
        agent_meter_flush(f->meter);
        g_assert_cmpuint(f->slots->len, ==, before);
}

/* One that says of each second that it was a minute would fill the history with itself. */
static void test_a_clock_that_lies_is_a_gap(Fixture *f, gconstpointer unused) {
        note(f);
        assert_not_believed(f, 59 * SEC);
        assert_not_believed(f, 21 * SEC);
        assert_not_believed(f, 19 * SEC);
        assert_not_believed(f, 0);
        f->theirs = UINT64_MAX - 10 * SEC; /* and then turns over */
        note(f);
        assert_gap(now(f, METRIC_CPU));
}

static void test_one_that_is_away_is_a_gap(Fixture *f, gconstpointer unused) {
        note(f);
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        agent_meter_interrupt(f->meter, NAME);
        agent_meter_interrupt(f->meter, "another");
        assert_gap(now(f, METRIC_CPU));
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        assert_gap(now(f, METRIC_CPU));
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        assert_near(now(f, METRIC_CPU), 0.5);
}

static void test_one_that_stays_away_is_forgotten(Fixture *f, gconstpointer unused) {
        note(f);
        pass(f, 20 * SEC, 20 * SEC);
        note(f);
        agent_meter_turn(f->meter, f->ours + TELEMETRY_APART_USEC);
        g_assert_cmpuint(count(f), ==, 1);
        agent_meter_turn(f->meter, f->ours + TELEMETRY_APART_USEC + 1);
        g_assert_cmpuint(count(f), ==, 0);
        g_assert_cmpuint(f->slots->len, ==, 2); /* what was seen is kept */
}

static void test_devices_are_listed_by_name(void) {
        static const char *const names[] = { "dpu1", "dpu0", "accelerator" };
        g_autoptr(AgentMeter) meter = agent_meter_new(take, NULL);
        g_autoptr(GPtrArray) list = g_ptr_array_new();

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(AgentUsage) usage = agent_usage_new(1);

                agent_meter_note(meter, names[i], usage, 1, START);
        }
        agent_meter_list(meter, list);
        g_assert_cmpuint(list->len, ==, 3);
        for (guint i = 0; i < list->len; i++)
                g_assert_cmpstr(((const Subject *)list->pdata[i])->name, ==, names[2 - i]);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/agent-meter/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("rates are by the device's clock", test_rates_are_by_the_devices_clock);
        ADD("slots have no gaps though answers come when they do", test_slots_have_no_gaps);
        ADD("a device that was started anew is a gap",
            test_a_device_that_was_started_anew_is_a_gap);
        ADD("a clock that lies is a gap", test_a_clock_that_lies_is_a_gap);
        ADD("one that is away is a gap", test_one_that_is_away_is_a_gap);
        ADD("one that stays away is forgotten", test_one_that_stays_away_is_forgotten);
        g_test_add_func("/agent-meter/devices are listed by name", test_devices_are_listed_by_name);
        return g_test_run();
}
