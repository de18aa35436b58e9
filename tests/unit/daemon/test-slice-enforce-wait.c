/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices.h"

#include <string.h>

#include "daemon/core/sample.h"
#include "daemon/slices-parts.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* Two guests that run, on a host of four cores of one thread, and what libvirt is told of them in
 * which order: "lower" gives way to "upper". */

#define LOWER GUEST_UUID
#define UPPER OTHER_UUID

typedef struct Question {
        char *uuid;
        GuestFinder finder;
        void *asker;
} Question;

static GQueue questions = G_QUEUE_INIT;
static const char *lower_has, *upper_has; /* vCPUs, their pins and memory, as libvirt tells */

static void note_question(void *userdata, const char *domain, GuestFinder finder, void *asker) {
        Question *question = g_new0(Question, 1);

        question->uuid = g_strdup(domain);
        question->finder = finder;
        question->asker = asker;
        g_queue_push_tail(&questions, question);
}

static const char *name_of(const char *uuid) {
        return g_str_equal(uuid, LOWER) ? "lower" : "upper";
}

static char *guest_of(const char *uuid) {
        return g_strdup_printf("<domain type='kvm'><name>%s</name><uuid>%s</uuid>%s<devices/>"
                               "</domain>",
                               name_of(uuid), uuid,
                               g_str_equal(uuid, LOWER) ? lower_has : upper_has);
}

/* `there`: else as the edge answers when the daemon ends. */
static void answer(Fixture *f, const Question *question, bool there) {
        g_autofree char *xml = guest_of(question->uuid);
        GuestEvent found = { .kind = GUEST_FOUND,
                             .uuid = question->uuid,
                             .name = (char *)name_of(question->uuid),
                             .xml = xml,
                             .running = true };

        if (!there || question->asker == f->manager) /* who asks for the metadata's sake */
                found = (GuestEvent){ .kind = GUEST_FOUND, .detail = (char *)"" };
        question->finder(question->asker, &found);
}

/* All that libvirt has been asked for, until it is asked no more. */
static void answer_all(Fixture *f, bool there) {
        while (!g_queue_is_empty(&questions)) {
                Question *question = g_queue_pop_head(&questions);

                answer(f, question, there);
                g_free(question->uuid);
                g_free(question);
        }
}

static void run(Fixture *f, const char *uuid) {
        g_autofree char *xml = guest_of(uuid);
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_RUNNING;
        event->uuid = g_strdup(uuid);
        event->name = g_strdup(name_of(uuid));
        event->xml = g_strdup(xml);
        manager_on_guest_event(f->manager, event);
}

static void ignore_metadata(void *userdata, const char *uuid, const char *xml) {
}

static void connect_libvirt(Fixture *f) {
        fixture_connect(f);
        f->virt.find = note_question;
        f->virt.set_metadata = ignore_metadata;
}

static void set_up(Fixture *f, gconstpointer config) {
        lower_has = upper_has = "<vcpu current='1'>4</vcpu>";
        fixture_set_up(f, config);
        fake_root_put(f->root, "sys/devices/system/cpu/online", "0-3\n", -1);
        fake_root_put(f->root, "proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 524288 kB\n", -1);
        connect_libvirt(f);
        run(f, LOWER);
        run(f, UPPER);
}

static void tear_down(Fixture *f, gconstpointer config) {
        answer_all(f, false);
        fixture_tear_down(f, config);
}

static void go_on(Fixture *f) {
        slices_flush(f->manager->slices);
        answer_all(f, true);
}

static void promise(Fixture *f, const char *uuid, unsigned cores, SlicePriority priority) {
        g_autoptr(Slice) wish = slice_new();

        wish->cores = (SliceCores){
                .count = cores, .exclusive = true, .share = SLICE_SHARE_FULL, .node = -1
        };
        wish->priority = priority;
        slices_allocate(f->manager->slices, uuid, name_of(uuid), wish, NULL, NULL);
        slices_flush(f->manager->slices);
}

static void allocate(Fixture *f, const char *uuid, unsigned cores, SlicePriority priority) {
        promise(f, uuid, cores, priority);
        answer_all(f, true);
}

/* libvirt has done what it was told; or `detail`. */
static void end(Fixture *f, const char *uuid, const char *detail) {
        GuestEvent event = { .kind = GUEST_TUNED,
                             .uuid = (char *)uuid,
                             .name = (char *)name_of(uuid),
                             .detail = (char *)detail };

        manager_on_guest_event(f->manager, &event);
        go_on(f);
}

static void stop(Fixture *f, const char *uuid) {
        manager_on_guest_event(f->manager, &(GuestEvent){ .kind = GUEST_STOPPED,
                                                          .uuid = (char *)uuid,
                                                          .name = (char *)name_of(uuid) });
        go_on(f);
}

static SliceState state_of(const Fixture *f, const char *uuid) {
        return slice_book_find(slices_book(f->manager->slices), uuid)->state;
}

#define TUNED(uuid, count, cpus, pins) \
        "tune " uuid "\n"              \
        "  it has " count " vCPUs\n"   \
        "  the emulator runs on CPUs " cpus "\n" pins
#define PIN(vcpu, cpu) "  vCPU " vcpu " runs on CPUs " cpu "\n"

#define TUNED_ONE(cpu)     \
        "tune " UPPER "\n" \
        "  the emulator runs on CPUs " cpu "\n" PIN("0", cpu)

#define LOWER_HAS_THREE TUNED(LOWER, "3", "0-2", PIN("0", "0") PIN("1", "1") PIN("2", "2"))
#define UPPER_HAS_TWO   TUNED(UPPER, "2", "0-1", PIN("0", "0") PIN("1", "1"))

#define LOWER_HAS_NONE                \
        "tune " LOWER "\n"            \
        "  vCPU 0 runs on CPUs 0-3\n" \
        "  vCPU 1 runs on CPUs 0-3\n" \
        "  vCPU 2 runs on CPUs 0-3\n" \
        "  the emulator runs on CPUs 0-3\n"

#define LOWER_PINNED                                                        \
        "<vcpu current='3'>4</vcpu><cputune><vcpupin vcpu='0' cpuset='0'/>" \
        "<vcpupin vcpu='1' cpuset='1'/><vcpupin vcpu='2' cpuset='2'/>"      \
        "<emulatorpin cpuset='0-2'/></cputune>"

static void let_lower_have_three(Fixture *f) {
        allocate(f, LOWER, 3, SLICE_BEST_EFFORT);
        assert_asked(f, LOWER_HAS_THREE);
        end(f, LOWER, NULL);
        g_assert_cmpint(state_of(f, LOWER), ==, SLICE_ENFORCED);
        lower_has = LOWER_PINNED;
}

static void test_cores_are_given_when_they_were_left(Fixture *f, gconstpointer unused) {
        let_lower_have_three(f);
        allocate(f, UPPER, 2, SLICE_GUARANTEED);
        g_assert_cmpint(state_of(f, LOWER), ==, SLICE_PREEMPTED);
        assert_asked(f, LOWER_HAS_NONE);

        end(f, LOWER, NULL);
        assert_asked(f, UPPER_HAS_TWO);
        end(f, UPPER, NULL);
        g_assert_cmpint(state_of(f, UPPER), ==, SLICE_ENFORCED);
}

/* Core 3 is nobody's. */
static void test_what_is_free_is_given_at_once(Fixture *f, gconstpointer unused) {
        let_lower_have_three(f);
        allocate(f, UPPER, 1, SLICE_GUARANTEED);
        assert_asked(f, TUNED_ONE("3"));
}

static void test_cores_that_are_not_left_are_waited_for(Fixture *f, gconstpointer unused) {
        const char *problem;

        let_lower_have_three(f);
        allocate(f, UPPER, 2, SLICE_GUARANTEED);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest lower does not have*'x' failed*");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest upper does not have*");
        end(f, LOWER, "'x' failed: no; all is as it was before");
        g_test_assert_expected_messages();
        assert_asked(f, LOWER_HAS_NONE);
        problem = slices_problem(f->manager->slices, UPPER);
        g_assert_nonnull(problem);
        g_assert_true(g_str_has_prefix(problem, "Guest lower has not left core:0 yet"));

        stop(f, LOWER);
        assert_asked(f, UPPER_HAS_TWO);
        end(f, UPPER, NULL);
        g_assert_null(slices_problem(f->manager->slices, UPPER));
}

/* Who waits is asked for something else, that nobody has to leave. */
static void test_who_waits_may_ask_for_less(Fixture *f, gconstpointer unused) {
        let_lower_have_three(f);
        allocate(f, UPPER, 4, SLICE_GUARANTEED);
        assert_asked(f, LOWER_HAS_NONE);
        slices_deallocate(f->manager->slices, UPPER, NULL, NULL);
        go_on(f);
        end(f, LOWER, NULL);
        g_assert_null(strstr(f->asked->str, "tune " UPPER));
}

/* The daemon has begun anew between the promise and its end, and nobody knows what the one has. */
static void test_what_nobody_knows_of_is_waited_for(Fixture *f, gconstpointer unused) {
        let_lower_have_three(f);
        promise(f, UPPER, 2, SLICE_GUARANTEED);
        answer_all(f, false);
        fixture_restart(f);
        connect_libvirt(f);

        run(f, UPPER);
        run(f, LOWER);
        go_on(f);
        assert_asked(f, LOWER_HAS_NONE);
        end(f, LOWER, NULL);
        assert_asked(f, UPPER_HAS_TWO);
}

/* Memory ----------------------------------------------------------------------------- */

#define MEMORY(mib)                                                                        \
        "<memory unit='MiB'>800</memory><currentMemory unit='MiB'>" mib "</currentMemory>" \
        "<vcpu>1</vcpu><devices><memballoon model='virtio'/></devices>"

static void allocate_memory(Fixture *f, const char *uuid, uint64_t mib) {
        g_autoptr(Slice) wish = slice_new();

        wish->memory = (SliceMemory){ .size = mib << 20, .node = -1 };
        slices_allocate(f->manager->slices, uuid, name_of(uuid), wish, NULL, NULL);
        go_on(f);
}

/* The meter sees that it has so much. */
static void sample(Fixture *f, const char *uuid, uint64_t mib) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);
        GuestSample *guest = guest_sample_new(uuid, name_of(uuid));

        event->kind = GUEST_STATS;
        event->sampled = 1000 * G_USEC_PER_SEC;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        guest->sample.values[METRIC_BALLOON] = mib << 20;
        g_ptr_array_add(event->samples, guest);
        manager_on_guest_event(f->manager, event);
        answer_all(f, true);
}

static void let_lower_give_back(Fixture *f) {
        lower_has = MEMORY("600");
        upper_has = MEMORY("100");
        allocate_memory(f, LOWER, 600);
        assert_asked(f, "");
        sample(f, LOWER, 600);
        allocate_memory(f, LOWER, 200);
        assert_asked(f, "tune " LOWER "\n  it has 200 MiB\n");
        end(f, LOWER, NULL);
        g_assert_cmpint(state_of(f, LOWER), ==, SLICE_ENFORCED);
        lower_has = MEMORY("200");
}

#define UPPER_HAS_MEMORY "tune " UPPER "\n  it has 500 MiB\n"

static void test_memory_is_given_when_it_was_given_back(Fixture *f, gconstpointer unused) {
        let_lower_give_back(f);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest upper does not have*");
        allocate_memory(f, UPPER, 500);
        g_test_assert_expected_messages();
        assert_asked(f, "");
        g_assert_cmpstr(slices_problem(f->manager->slices, UPPER), ==,
                        "Guest lower has not given back 400 MiB of memory yet, as its balloon "
                        "was told to: this guest gets memory:0 as soon as it has, or when it is "
                        "shut down");
        sample(f, LOWER, 300);
        assert_asked(f, "");
        sample(f, LOWER, 200);
        assert_asked(f, UPPER_HAS_MEMORY);
        end(f, UPPER, NULL);
        g_assert_null(slices_problem(f->manager->slices, UPPER));
}

/* An operator has raised the balloon, and then the slice. */
static void test_what_the_slice_has_now_is_not_waited_for(Fixture *f, gconstpointer unused) {
        let_lower_give_back(f);
        sample(f, LOWER, 300);
        lower_has = MEMORY("300");
        allocate_memory(f, LOWER, 300);
        assert_asked(f, "");
        allocate_memory(f, UPPER, 650); /* all that is left, nearly */
        assert_asked(f, "tune " UPPER "\n  it has 650 MiB\n");
}

static void test_memory_comes_back_at_the_latest_when_the_guest_ends(Fixture *f,
                                                                     gconstpointer unused) {
        let_lower_give_back(f);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest upper does not have*");
        allocate_memory(f, UPPER, 500);
        g_test_assert_expected_messages();
        stop(f, LOWER);
        assert_asked(f, UPPER_HAS_MEMORY);
}

static void set_up_stored(Fixture *f, gconstpointer config) {
        fixture_use_file(f);
        set_up(f, config);
}

/* Kept off --------------------------------------------------------------------------- */

#define LOWER_IS_OFF                  \
        "tune " LOWER "\n"            \
        "  vCPU 0 runs on CPUs 2-3\n" \
        "  the emulator runs on CPUs 2-3\n"
#define OFF                                                                   \
        "<vcpu current='1'>4</vcpu><cputune><vcpupin vcpu='0' cpuset='2-3'/>" \
        "<emulatorpin cpuset='2-3'/></cputune>"
#define LOWER_IS_BACK                 \
        "tune " LOWER "\n"            \
        "  vCPU 0 runs on CPUs 0-3\n" \
        "  the emulator runs on CPUs 0-3\n"

static void let_upper_have_two(Fixture *f) {
        allocate(f, UPPER, 2, SLICE_GUARANTEED);
        assert_asked(f, LOWER_IS_OFF);
        lower_has = OFF;
        end(f, LOWER, NULL);
        assert_asked(f, UPPER_HAS_TWO);
        end(f, UPPER, NULL);
}

static void test_others_leave_what_is_to_be_somebodys_alone(Fixture *f, gconstpointer unused) {
        let_upper_have_two(f);
        g_assert_cmpint(state_of(f, UPPER), ==, SLICE_ENFORCED);

        slices_deallocate(f->manager->slices, UPPER, NULL, NULL);
        go_on(f);
        g_assert_nonnull(strstr(f->asked->str, LOWER_IS_BACK));
}

static void test_others_that_cannot_leave_are_not_waited_for(Fixture *f, gconstpointer unused) {
        lower_has = "<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune>";
        g_test_expect_message(NULL, G_LOG_LEVEL_INFO, "Guest upper gets core:0 when guest lower*");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest lower may run on CPUs 1 alone*");
        allocate(f, UPPER, 2, SLICE_GUARANTEED);
        g_test_assert_expected_messages();
        assert_asked(f, "tune " LOWER "\n  the emulator runs on CPUs 2-3\n");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest lower may run on cores*: no");
        end(f, LOWER, "no");
        g_test_assert_expected_messages();
        assert_asked(f, UPPER_HAS_TWO);
}

static void test_who_starts_later_is_kept_off_too(Fixture *f, gconstpointer unused) {
        stop(f, LOWER);
        allocate(f, UPPER, 2, SLICE_GUARANTEED);
        assert_asked(f, UPPER_HAS_TWO);
        end(f, UPPER, NULL);
        run(f, LOWER);
        go_on(f);
        assert_asked(f, LOWER_IS_OFF);
}

#define LOWER_IS_OFF_WITH_THREE       \
        "tune " LOWER "\n"            \
        "  vCPU 0 runs on CPUs 2-3\n" \
        "  vCPU 1 runs on CPUs 2-3\n" \
        "  vCPU 2 runs on CPUs 2-3\n" \
        "  the emulator runs on CPUs 2-3\n"

/* And may run anywhere when that ends. */
static void test_who_gives_way_is_kept_off_at_once(Fixture *f, gconstpointer unused) {
        allocate(f, LOWER, 3, SLICE_BEST_EFFORT);
        end(f, UPPER, NULL); /* it is off */
        end(f, LOWER, NULL);
        lower_has = LOWER_PINNED;
        g_string_truncate(f->asked, 0);

        allocate(f, UPPER, 2, SLICE_GUARANTEED);
        assert_asked(f, LOWER_IS_OFF_WITH_THREE);
        slices_deallocate(f->manager->slices, LOWER, NULL, NULL);
        lower_has = "<vcpu current='3'>4</vcpu><cputune><vcpupin vcpu='0' cpuset='2-3'/>"
                    "<vcpupin vcpu='1' cpuset='2-3'/><vcpupin vcpu='2' cpuset='2-3'/>"
                    "<emulatorpin cpuset='2-3'/></cputune>";
        end(f, LOWER, NULL);
        end(f, UPPER, NULL);
        g_string_truncate(f->asked, 0);

        slices_deallocate(f->manager->slices, UPPER, NULL, NULL);
        go_on(f);
        g_assert_nonnull(strstr(f->asked->str, LOWER_HAS_NONE));
}

static void restart(Fixture *f) {
        answer_all(f, false);
        fixture_restart(f);
        connect_libvirt(f);
        run(f, LOWER);
        run(f, UPPER);
        go_on(f);
}

static void test_what_a_guest_had_outlasts_the_daemon(Fixture *f, gconstpointer unused) {
        let_upper_have_two(f);
        restart(f);
        g_assert_null(strstr(f->asked->str, "tune " LOWER));
        g_string_truncate(f->asked, 0);

        slices_deallocate(f->manager->slices, UPPER, NULL, NULL);
        go_on(f);
        g_assert_nonnull(strstr(f->asked->str, LOWER_IS_BACK));
        end(f, LOWER, NULL);
        lower_has = "<vcpu current='1'>4</vcpu>";
        restart(f);
        g_assert_null(strstr(f->asked->str, "find " LOWER));
}

static guint count_known(const Fixture *f) {
        g_autoptr(GPtrArray) known = store_list_away(f->manager->store, NULL);

        return known->len;
}

static void test_who_has_ended_is_forgotten(Fixture *f, gconstpointer unused) {
        let_upper_have_two(f);
        g_assert_cmpuint(count_known(f), ==, 1);
        send_list(f, UPPER); /* it has ended unseen */
        g_assert_cmpuint(count_known(f), ==, 0);
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                                \
        g_test_add("/slice-enforce-wait/" name, Fixture, "[Slices]\nKeepOff=no\n", set_up, \
                   function, tear_down)

#define ADD_STORED(name, config, function) \
        g_test_add("/slice-enforce-wait/" name, Fixture, config, set_up_stored, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("cores are given when they were left", test_cores_are_given_when_they_were_left);
        ADD("what is free is given at once", test_what_is_free_is_given_at_once);
        ADD("cores that are not left are waited for", test_cores_that_are_not_left_are_waited_for);
        ADD("who waits may ask for less", test_who_waits_may_ask_for_less);
        ADD("memory is given when it was given back", test_memory_is_given_when_it_was_given_back);
        ADD("what the slice has now is not waited for",
            test_what_the_slice_has_now_is_not_waited_for);
        ADD("memory comes back at the latest when the guest ends",
            test_memory_comes_back_at_the_latest_when_the_guest_ends);
        ADD_STORED("what nobody knows of is waited for", "[Slices]\nKeepOff=no\n",
                   test_what_nobody_knows_of_is_waited_for);

#define ADD_AWAY(name, function) \
        g_test_add("/slice-enforce-wait/" name, Fixture, NULL, set_up, function, tear_down)
        ADD_AWAY("others leave what is to be somebody's alone",
                 test_others_leave_what_is_to_be_somebodys_alone);
        ADD_AWAY("others that cannot leave are not waited for",
                 test_others_that_cannot_leave_are_not_waited_for);
        ADD_AWAY("who starts later is kept off, too", test_who_starts_later_is_kept_off_too);
        ADD_AWAY("who gives way is kept off at once", test_who_gives_way_is_kept_off_at_once);
        ADD_STORED("what a guest had outlasts the daemon", NULL,
                   test_what_a_guest_had_outlasts_the_daemon);
        ADD_STORED("who has ended is forgotten", NULL, test_who_has_ended_is_forgotten);
        return g_test_run();
}
