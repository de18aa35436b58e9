/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libvirt/libvirt.h>

#include "daemon/edges/virt-map.h"

#define GUEST "11111111-2222-4333-8444-555555555555"
#define OTHER "99999999-2222-4333-8444-555555555555"

typedef struct Fixture {
        VirtMap *map;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->map = virt_map_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        virt_map_free(f->map);
}

#define assert_maps(event, detail, kind)                                            \
        g_assert_cmpint(virt_map_lifecycle(f->map, GUEST, VIR_DOMAIN_EVENT_##event, \
                                           VIR_DOMAIN_EVENT_##event##_##detail),    \
                        ==, kind)

static void test_a_guest_that_starts_runs(Fixture *f, gconstpointer unused) {
        assert_maps(STARTED, BOOTED, GUEST_RUNNING);
        assert_maps(STARTED, RESTORED, GUEST_RUNNING);
        assert_maps(STARTED, FROM_SNAPSHOT, GUEST_RUNNING);
        assert_maps(STARTED, WAKEUP, GUEST_NOTHING);
}

static void test_a_guest_that_comes_arrives_when_it_resumes(Fixture *f, gconstpointer unused) {
        assert_maps(STARTED, MIGRATED, GUEST_INCOMING);
        assert_maps(DEFINED, ADDED, GUEST_DEFINED);
        assert_maps(RESUMED, UNPAUSED, GUEST_NOTHING);
        assert_maps(RESUMED, MIGRATED, GUEST_ARRIVED);
}

static void test_a_guest_that_was_paused_arrives_paused(Fixture *f, gconstpointer unused) {
        assert_maps(STARTED, MIGRATED, GUEST_INCOMING);
        assert_maps(SUSPENDED, PAUSED, GUEST_ARRIVED);
        assert_maps(SUSPENDED, PAUSED, GUEST_NOTHING);
        assert_maps(RESUMED, UNPAUSED, GUEST_NOTHING);
}

static void test_a_guest_that_does_not_arrive_has_stopped(Fixture *f, gconstpointer unused) {
        assert_maps(STARTED, MIGRATED, GUEST_INCOMING);
        assert_maps(STOPPED, FAILED, GUEST_STOPPED);

        /* and it is not on its way any more */
        assert_maps(SUSPENDED, PAUSED, GUEST_NOTHING);
}

static void test_a_guest_that_goes_has_left_in_the_end(Fixture *f, gconstpointer unused) {
        assert_maps(STARTED, BOOTED, GUEST_RUNNING);
        g_assert_cmpint(virt_map_iteration(f->map, GUEST), ==, GUEST_ITERATING);
        g_assert_cmpint(virt_map_polled(f->map, GUEST, true), ==, GUEST_ITERATING);
        assert_maps(SUSPENDED, MIGRATED, GUEST_LEAVING);
        assert_maps(STOPPED, MIGRATED, GUEST_LEFT);
}

static void test_a_guest_whose_move_fails_stays(Fixture *f, gconstpointer unused) {
        assert_maps(SUSPENDED, MIGRATED, GUEST_LEAVING);
        assert_maps(RESUMED, MIGRATED, GUEST_STAYED);
}

/* No event says so: the guest was never paused. */
static void test_a_guest_whose_job_is_gone_stays(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(virt_map_iteration(f->map, GUEST), ==, GUEST_ITERATING);
        g_assert_cmpint(virt_map_polled(f->map, GUEST, false), ==, GUEST_STAYED);
        g_assert_cmpint(virt_map_devices(f->map, GUEST), ==, GUEST_RUNNING);
}

/* libvirt ends the job after it has told that the CPUs run again. */
static void test_the_rest_of_a_failed_job_is_no_new_move(Fixture *f, gconstpointer unused) {
        assert_maps(SUSPENDED, MIGRATED, GUEST_LEAVING);
        assert_maps(RESUMED, MIGRATED, GUEST_STAYED);
        g_assert_cmpint(virt_map_polled(f->map, GUEST, true), ==, GUEST_NOTHING);
}

static void test_a_guest_that_comes_back_arrives_again(Fixture *f, gconstpointer unused) {
        assert_maps(SUSPENDED, MIGRATED, GUEST_LEAVING);
        assert_maps(STOPPED, MIGRATED, GUEST_LEFT);
        assert_maps(STARTED, MIGRATED, GUEST_INCOMING);
        assert_maps(RESUMED, MIGRATED, GUEST_ARRIVED);
}

static void test_plugging_is_told_but_not_while_the_guest_moves(Fixture *f, gconstpointer unused) {
        assert_maps(STARTED, BOOTED, GUEST_RUNNING);
        g_assert_cmpint(virt_map_devices(f->map, GUEST), ==, GUEST_RUNNING);
        g_assert_cmpint(virt_map_iteration(f->map, GUEST), ==, GUEST_ITERATING);
        g_assert_cmpint(virt_map_devices(f->map, GUEST), ==, GUEST_NOTHING);
        g_assert_cmpint(virt_map_devices(f->map, OTHER), ==, GUEST_RUNNING);
}

static void test_a_waiting_guest_found_at_connect_comes_or_goes(Fixture *f, gconstpointer unused) {
        const int paused = VIR_DOMAIN_PAUSED, migration = VIR_DOMAIN_PAUSED_MIGRATION;

        g_assert_cmpint(virt_map_found(f->map, GUEST, paused, migration, false), ==,
                        GUEST_INCOMING);
        assert_maps(RESUMED, MIGRATED, GUEST_ARRIVED);

        g_assert_cmpint(virt_map_found(f->map, GUEST, paused, migration, true), ==, GUEST_RUNNING);
        assert_maps(RESUMED, MIGRATED, GUEST_STAYED);

        g_assert_cmpint(virt_map_found(f->map, GUEST, paused, VIR_DOMAIN_PAUSED_STARTING_UP, false),
                        ==, GUEST_NOTHING);
        g_assert_cmpint(virt_map_found(f->map, GUEST, paused, VIR_DOMAIN_PAUSED_USER, false), ==,
                        GUEST_RUNNING);
        g_assert_cmpint(
                virt_map_found(f->map, GUEST, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, false),
                ==, GUEST_RUNNING);
}

static void test_the_end_has_the_words_of_the_release_hook(void) {
        static const char *const words[] = { "shutdown", "destroyed", "crashed",      "migrated",
                                             "saved",    "failed",    "from snapshot" };

        for (int i = 0; i < (int)G_N_ELEMENTS(words); i++)
                g_assert_cmpstr(virt_map_stop_reason(i), ==, words[i]);
        g_assert_cmpstr(virt_map_stop_reason(VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT), ==,
                        "from snapshot");
        g_assert_cmpstr(virt_map_stop_reason(-1), ==, "unknown");
        g_assert_cmpstr(virt_map_stop_reason(99), ==, "unknown");
}

static void test_what_says_nothing_to_us_maps_to_nothing(Fixture *f, gconstpointer unused) {
        assert_maps(SUSPENDED, IOERROR, GUEST_NOTHING);
        assert_maps(UNDEFINED, REMOVED, GUEST_NOTHING);
        assert_maps(SHUTDOWN, FINISHED, GUEST_NOTHING);
        assert_maps(PMSUSPENDED, MEMORY, GUEST_NOTHING);
        g_assert_cmpint(virt_map_lifecycle(f->map, GUEST, 4711, 0), ==, GUEST_NOTHING);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/virt-map/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a guest that starts runs", test_a_guest_that_starts_runs);
        ADD("a guest that comes arrives when it resumes",
            test_a_guest_that_comes_arrives_when_it_resumes);
        ADD("a guest that was paused arrives paused", test_a_guest_that_was_paused_arrives_paused);
        ADD("a guest that does not arrive has stopped",
            test_a_guest_that_does_not_arrive_has_stopped);
        ADD("a guest that goes has left in the end", test_a_guest_that_goes_has_left_in_the_end);
        ADD("a guest whose move fails stays", test_a_guest_whose_move_fails_stays);
        ADD("a guest whose job is gone stays", test_a_guest_whose_job_is_gone_stays);
        ADD("the rest of a failed job is no new move",
            test_the_rest_of_a_failed_job_is_no_new_move);
        ADD("a guest that comes back arrives again", test_a_guest_that_comes_back_arrives_again);
        ADD("plugging is told, but not while the guest moves",
            test_plugging_is_told_but_not_while_the_guest_moves);
        ADD("a waiting guest found at connect comes or goes",
            test_a_waiting_guest_found_at_connect_comes_or_goes);
        ADD("what says nothing to us maps to nothing",
            test_what_says_nothing_to_us_maps_to_nothing);
        g_test_add_func("/virt-map/the end has the words of the release hook",
                        test_the_end_has_the_words_of_the_release_hook);
        return g_test_run();
}
