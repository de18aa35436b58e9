/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/tuning-away.h"

#include "tests/unit/core/read-map.h"
#include "xml/ferry-error.h"

/* A guest on a host of eight CPUs. */

typedef struct Test {
        FakeRoot *root;
        ResourceMap *map;
        TuningAway *known;
        char *stuck;
} Test;

static void set_up(Test *t, gconstpointer unused) {
        t->root = fake_root_new();
        fake_root_put(t->root, "sys/devices/system/cpu/online", "0-7\n", -1);
        t->map = read_map(t->root);
}

static void tear_down(Test *t, gconstpointer unused) {
        tuning_away_free(t->known);
        resource_map_free(t->map);
        fake_root_free(t->root);
        g_free(t->stuck);
}

/* "what is to be <- what was" a line. `settled`: the steps have been taken. */
static void assert_plan(Test *t, const char *inside, const char *off, const char *expected,
                        bool settled) {
        g_autofree char *xml = g_strconcat("<domain>", inside, "</domain>", NULL);
        g_autoptr(TuningAway) before = g_steal_pointer(&t->known);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) steps = NULL;
        g_autoptr(GError) error = NULL;
        NumberSet cpus = { 0 };

        g_clear_pointer(&t->stuck, g_free);
        g_assert_true(number_set_from_text(off, &cpus));
        steps = tuning_plan_away(xml, before, &cpus, t->map, &t->known, &t->stuck, &error);
        g_assert_no_error(error);
        for (guint i = 0; i < steps->len; i++) {
                const TuningStep *step = steps->pdata[i];
                g_autofree char *wanted = tuning_describe(step->wanted);

                g_string_append_printf(text, "%s <- %s\n", wanted, step->before->set);
        }
        g_assert_cmpstr(text->str, ==, expected);
        if (settled && t->known)
                tuning_away_settle(t->known);
}

#define PINNED(vcpu, emulator)                                                     \
        "<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='" vcpu "'/><emulatorpin" \
        " cpuset='" emulator "'/></cputune>"

static void test_all_threads_are_kept_off(Test *t, gconstpointer unused) {
        assert_plan(t,
                    "<vcpu cpuset='0-3' current='1'>2</vcpu><iothreads>1</iothreads><cputune>"
                    "<emulatorpin cpuset='1,4'/></cputune>",
                    "1-2",
                    "vCPU 0 runs on CPUs 0,3 <- 0-3\n"
                    "I/O thread 1 runs on CPUs 0,3 <- 0-3\n"
                    "the emulator runs on CPUs 4 <- 1,4\n",
                    true);
        g_assert_cmpstr(t->stuck, ==, NULL);
        assert_plan(t,
                    "<vcpu cpuset='0-3' current='1'>2</vcpu><iothreads>1</iothreads><cputune>"
                    "<vcpupin vcpu='0' cpuset='0,3'/><iothreadpin iothread='1' cpuset='0,3'/>"
                    "<emulatorpin cpuset='4'/></cputune>",
                    "",
                    "vCPU 0 runs on CPUs 0-3 <- 0,3\n"
                    "I/O thread 1 runs on CPUs 0-3 <- 0,3\n"
                    "the emulator runs on CPUs 1,4 <- 4\n",
                    true);
        g_assert_null(t->known);
}

static void test_who_is_elsewhere_is_left_alone(Test *t, gconstpointer unused) {
        assert_plan(t, PINNED("4-5", "6"), "1-2", "", true);
        g_assert_null(t->known);
}

static void test_what_was_is_remembered_over_several_changes(Test *t, gconstpointer unused) {
        assert_plan(t, "<vcpu>1</vcpu>", "2",
                    "vCPU 0 runs on CPUs 0-1,3-7 <- 0-7\n"
                    "the emulator runs on CPUs 0-1,3-7 <- 0-7\n",
                    true);
        assert_plan(t, PINNED("0-1,3-7", "0-1,3-7"), "2-3",
                    "vCPU 0 runs on CPUs 0-1,4-7 <- 0-1,3-7\n"
                    "the emulator runs on CPUs 0-1,4-7 <- 0-1,3-7\n",
                    true);
        assert_plan(t, PINNED("0-1,4-7", "0-1,4-7"), "3",
                    "vCPU 0 runs on CPUs 0-2,4-7 <- 0-1,4-7\n"
                    "the emulator runs on CPUs 0-2,4-7 <- 0-1,4-7\n",
                    true);
        assert_plan(t, PINNED("0-2,4-7", "0-2,4-7"), "",
                    "vCPU 0 runs on CPUs 0-7 <- 0-2,4-7\n"
                    "the emulator runs on CPUs 0-7 <- 0-2,4-7\n",
                    true);
}

/* Nobody knows whether the steps were taken: one thread is where it was, the other is not. */
static void test_what_was_outlasts_a_crash(Test *t, gconstpointer unused) {
        assert_plan(t, PINNED("0-3", "0-3"), "2",
                    "vCPU 0 runs on CPUs 0-1,3 <- 0-3\n"
                    "the emulator runs on CPUs 0-1,3 <- 0-3\n",
                    true);
        assert_plan(t, PINNED("0-1,3", "0-1,3"), "2-3",
                    "vCPU 0 runs on CPUs 0-1 <- 0-1,3\n"
                    "the emulator runs on CPUs 0-1 <- 0-1,3\n",
                    false);
        assert_plan(t, PINNED("0-1", "0-1,3"), "",
                    "vCPU 0 runs on CPUs 0-3 <- 0-1\n"
                    "the emulator runs on CPUs 0-3 <- 0-1,3\n",
                    true);
}

static void test_a_pin_that_somebody_sets_meanwhile_stays(Test *t, gconstpointer unused) {
        assert_plan(t, PINNED("0-3", "0-3"), "2",
                    "vCPU 0 runs on CPUs 0-1,3 <- 0-3\n"
                    "the emulator runs on CPUs 0-1,3 <- 0-3\n",
                    true);
        assert_plan(t, PINNED("1-2", "0-1,3"), "2", "vCPU 0 runs on CPUs 1 <- 1-2\n", true);
        assert_plan(t, PINNED("1", "0-1,3"), "",
                    "vCPU 0 runs on CPUs 1-2 <- 1\n"
                    "the emulator runs on CPUs 0-3 <- 0-1,3\n",
                    true);
}

static void test_who_has_nowhere_else_to_go_stays(Test *t, gconstpointer unused) {
        assert_plan(t, PINNED("2", "1-2"), "2", "the emulator runs on CPUs 1 <- 1-2\n", true);
        g_assert_cmpstr(t->stuck, ==, "2");
        assert_plan(t, PINNED("2", "1"), "", "the emulator runs on CPUs 1-2 <- 1\n", true);
        g_assert_cmpstr(t->stuck, ==, NULL);
}

static void test_who_lost_its_cores_may_run_anywhere(Test *t, gconstpointer unused) {
        NumberSet cpus = number_set_of(2);

        t->known = tuning_away_from_anywhere("<domain><vcpu>1</vcpu></domain>", &cpus, NULL);
        g_assert_nonnull(t->known);
        assert_plan(t, PINNED("0-1,3-7", "0-1,3-7"), "",
                    "vCPU 0 runs on CPUs 0-7 <- 0-1,3-7\n"
                    "the emulator runs on CPUs 0-7 <- 0-1,3-7\n",
                    true);
}

static TuningAway *load(Store *store, const char *uuid) {
        g_autoptr(GError) error = NULL;
        TuningAway *away = NULL;

        g_assert_true(store_load_away(store, uuid, &away, &error));
        g_assert_no_error(error);
        return away;
}

static void test_what_is_known_is_stored(void) {
        g_autoptr(TuningAway) first = tuning_away_new("<domain/>", "2"),
                              second = tuning_away_new("<domain a=''/>", "3 2"), read = NULL;
        g_autoptr(Store) store = store_open(":memory:", NULL);
        g_autoptr(GPtrArray) uuids = NULL;

        g_assert_null(load(store, "u"));
        g_assert_true(store_put_away(store, "u", first, NULL));
        g_assert_true(store_put_away(store, "u", second, NULL));
        read = load(store, "u");
        g_assert_cmpstr(read->affinity, ==, "<domain a=''/>");
        g_assert_cmpstr(read->cpus, ==, "3 2");
        uuids = store_list_away(store, NULL);
        g_assert_cmpuint(uuids->len, ==, 1);
        g_assert_cmpstr(uuids->pdata[0], ==, "u");
        g_assert_true(store_put_away(store, "u", NULL, NULL));
        g_assert_null(load(store, "u"));
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/tuning-away/" name, Test, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("all threads are kept off", test_all_threads_are_kept_off);
        ADD("who is elsewhere is left alone", test_who_is_elsewhere_is_left_alone);
        ADD("what was is remembered over several changes",
            test_what_was_is_remembered_over_several_changes);
        ADD("what was outlasts a crash", test_what_was_outlasts_a_crash);
        ADD("a pin that somebody sets meanwhile stays",
            test_a_pin_that_somebody_sets_meanwhile_stays);
        ADD("who has nowhere else to go stays", test_who_has_nowhere_else_to_go_stays);
        ADD("who lost its cores may run anywhere", test_who_lost_its_cores_may_run_anywhere);
        g_test_add_func("/tuning-away/what is known is stored", test_what_is_known_is_stored);
        return g_test_run();
}
