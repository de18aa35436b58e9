/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices.h"

#include <string.h>

#include "daemon/slices-domain.h"
#include "daemon/slices-parts.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define CPUS "sys/devices/system/cpu/"

#define SLICE(children) \
        "<ferry:slice xmlns:ferry='urn:virtferry:domain:1' version='1'>" children "</ferry:slice>"

/* What libvirt was asked to find, by whom. */
typedef struct Question {
        GuestFinder finder;
        void *asker;
} Question;

static GQueue questions = G_QUEUE_INIT;

static void note_question(void *userdata, const char *domain, GuestFinder finder, void *asker) {
        Question *question = g_new0(Question, 1);

        question->finder = finder;
        question->asker = asker;
        g_queue_push_tail(&questions, question);
}

/* `xml` NULL: there is no such guest. */
static void answer(const Question *question, const char *xml) {
        g_autoptr(GuestEvent) found = g_new0(GuestEvent, 1);

        found->kind = GUEST_FOUND;
        found->uuid = xml ? g_strdup(GUEST_UUID) : NULL;
        found->name = xml ? g_strdup("g1") : NULL;
        found->xml = g_strdup(xml);
        found->detail = xml ? NULL : g_strdup("This host has no guest");
        found->running = true;
        question->finder(question->asker, found);
}

/* Who asks for the metadata's sake is the manager, and gets this; the others get nothing. */
static void answer_all(const Fixture *f, const char *xml) {
        while (!g_queue_is_empty(&questions)) {
                g_autofree Question *question = g_queue_pop_head(&questions);

                answer(question, question->asker == f->manager ? xml : NULL);
        }
}

static void answer_one(const char *xml) {
        g_autofree Question *question = g_queue_pop_head(&questions);

        g_assert_nonnull(question);
        answer(question, xml);
}

static void connect_libvirt(Fixture *f) {
        fixture_connect(f);
        f->virt.find = note_question;
}

static void run_guest(Fixture *f, const char *xml) {
        connect_libvirt(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
}

/* Four cores of one thread. */
static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_put(f->root, CPUS "online", "0-3\n", -1);
        fake_root_put(f->root, "proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 524288 kB\n", -1);
}

static void set_up_stored(Fixture *f, gconstpointer config) {
        fixture_use_file(f);
        set_up(f, config);
}

static void tear_down(Fixture *f, gconstpointer config) {
        answer_all(f, NULL);
        fixture_tear_down(f, config);
}

static Slice *read_slice(const char *children) {
        g_autofree char *xml = g_strconcat("<slice version='1'>", children, "</slice>", NULL);
        g_autoptr(GError) error = NULL;
        Slice *slice;

        slice = slice_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        return slice;
}

/* The answers, a line each: "promised 3", "gone", or the error's words. */
static void note_answer(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                        const GError *error) {
        GString *answers = userdata;

        if (error)
                g_string_append_printf(answers, "%s\n", error->message);
        else if (!entry)
                g_string_append(answers, "gone\n");
        else
                g_string_append_printf(answers, "%s %u\n", slice_state_to_string(entry->state),
                                       entry->wish->cores.count);
}

static void allocate(Fixture *f, const char *uuid, const char *children, GString *answers) {
        g_autoptr(Slice) wish = read_slice(children);

        slices_allocate(f->manager->slices, uuid, uuid == (char *)GUEST_UUID ? "g1" : NULL, wish,
                        answers ? note_answer : NULL, answers);
}

static void ask(Fixture *f, const char *uuid, unsigned cores, bool less, GString *answers) {
        slices_ask(
                f->manager->slices,
                &(SliceAsk){ .domain_uuid = uuid, .kind = "cores", .amount = cores, .less = less },
                note_answer, answers);
}

static const SliceEntry *find(const Fixture *f, const char *uuid) {
        return slice_book_find(slices_book(f->manager->slices), uuid);
}

static void flush(Fixture *f) {
        slices_flush(f->manager->slices);
}

/* Free it. */
static char *guest_with(const char *slice) {
        return g_strconcat("<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid><metadata>"
                           "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>",
                           slice, "</ferry:domain></metadata><devices/></domain>", NULL);
}

#define THREE "<cores count='3' exclusive='yes'/>"
#define TWO   "<cores count='2' exclusive='yes'/>"

/* Asks --------------------------------------------------------------------------------- */

static void test_asks_wait_for_each_other_and_are_answered_by_themselves(Fixture *f,
                                                                         gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;

        allocate(f, GUEST_UUID, THREE, answers);
        allocate(f, OTHER_UUID, TWO, answers);
        ask(f, GUEST_UUID, 1, false, answers);
        g_assert_true(slices_is_pending(f->manager->slices));
        g_assert_null(find(f, GUEST_UUID));
        g_assert_cmpstr(answers->str, ==, "");

        flush(f);
        g_assert_false(slices_is_pending(f->manager->slices));
        lines = g_strsplit(answers->str, "\n", 0);
        g_assert_cmpstr(lines[0], ==, "promised 4"); /* as it is when all is written */
        g_assert_nonnull(strstr(lines[1], "'g1'"));  /* who holds it */
        g_assert_cmpstr(lines[2], ==, "promised 4");
        g_assert_null(find(f, OTHER_UUID));
}

static void test_nothing_is_left_when_all_was_given_back(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);

        ask(f, GUEST_UUID, 2, false, answers);
        ask(f, GUEST_UUID, 2, true, answers);
        flush(f);
        ask(f, GUEST_UUID, 1, true, answers);
        flush(f);
        g_assert_cmpstr(answers->str, ==,
                        "gone\ngone\ncores: the hardware slice has nothing of it to take\n");
}

static void test_a_store_that_fails_refuses_all(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);

        allocate(f, GUEST_UUID, TWO, answers);
        ask(f, GUEST_UUID, 1, false, answers);
        store_fail_write(f->manager->store, 0);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
        g_assert_null(strstr(answers->str, "promised"));
        g_assert_null(strstr(answers->str, "gone"));
}

typedef struct Asker {
        Fixture *f;
        GString *answers;
} Asker;

static void on_first(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                     const GError *error) {
        Asker *asker = userdata;

        g_assert_no_error(error);
        ask(asker->f, GUEST_UUID, 1, false, asker->answers);
}

/* Nothing else may come that wakes the loop. */
static void test_who_asks_when_answered_is_answered_too(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);
        g_autoptr(Slice) wish = read_slice(TWO);
        Asker asker = { f, answers };

        slices_allocate(f->manager->slices, GUEST_UUID, "g1", wish, on_first, &asker);
        flush(f);
        g_assert_cmpstr(answers->str, ==, "promised 3\n");
}

static void test_a_try_takes_nothing(Fixture *f, gconstpointer unused) {
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(Slice) wish = read_slice(TWO), more = read_slice("<cores count='5'/>");
        g_autoptr(GError) error = NULL;

        placement = slices_try(f->manager->slices, GUEST_UUID, wish, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(placement->grants->len, ==, 2);
        g_assert_null(find(f, GUEST_UUID));
        g_assert_null(slices_try(f->manager->slices, GUEST_UUID, more, &error));
}

static void test_what_gives_way_returns(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) modest = read_slice(TWO);

        modest->priority = SLICE_BEST_EFFORT;
        slices_allocate(f->manager->slices, GUEST_UUID, "g1", modest, NULL, NULL);
        flush(f);
        allocate(f, OTHER_UUID, THREE, NULL);
        flush(f);
        g_assert_cmpint(find(f, GUEST_UUID)->state, ==, SLICE_PREEMPTED);
        g_assert_cmpuint(find(f, GUEST_UUID)->grants->len, ==, 0);

        slices_deallocate(f->manager->slices, OTHER_UUID, NULL, NULL);
        flush(f);
        g_assert_cmpint(find(f, GUEST_UUID)->state, ==, SLICE_PROMISED);
        g_assert_cmpuint(find(f, GUEST_UUID)->grants->len, ==, 2);
}

/* Guests -------------------------------------------------------------------------------- */

/* However many stand before it that do not. */
static void test_a_small_one_returns_where_large_ones_do_not(Fixture *f, gconstpointer unused) {
        enum {
                LARGE = 20
        };
        g_autofree char *uuid = NULL;

        for (int i = 0; i <= LARGE; i++) {
                g_autoptr(Slice) modest = read_slice("<memory size='4' unit='MiB'/>");

                modest->priority = SLICE_BEST_EFFORT;
                modest->memory.size *= i < LARGE ? 10 : 1;
                g_free(uuid);
                uuid = g_strdup_printf("99999999-2222-4333-8444-%012d", i);
                slices_allocate(f->manager->slices, uuid, NULL, modest, NULL, NULL);
        }
        allocate(f, GUEST_UUID, "<memory size='1024' unit='MiB'/>", NULL);
        flush(f);
        g_assert_cmpint(find(f, uuid)->state, ==, SLICE_PREEMPTED);

        allocate(f, GUEST_UUID, "<memory size='1020' unit='MiB'/>", NULL);
        flush(f);
        g_assert_cmpint(find(f, uuid)->state, ==, SLICE_PROMISED);
}

static void test_a_slice_by_hand_stays_when_its_guest_stops(Fixture *f, gconstpointer unused) {
        connect_libvirt(f);
        allocate(f, GUEST_UUID, TWO, NULL);
        flush(f);
        send_event(f, GUEST_STOPPED, GUEST_UUID, NULL);
        flush(f);
        g_assert_nonnull(find(f, GUEST_UUID));

        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
}

static void test_a_slice_in_the_metadata_comes_and_goes_with_the_guest(Fixture *f,
                                                                       gconstpointer unused) {
        g_autofree char *xml = guest_with(SLICE("<ferry:cores count='2' exclusive='yes'/>"));

        run_guest(f, xml);
        flush(f);
        g_assert_cmpuint(find(f, GUEST_UUID)->grants->len, ==, 2);
        g_assert_cmpint(find(f, GUEST_UUID)->expires, ==, SLICE_WITH_GUEST);
        g_assert_cmpint(slices_next_time(f->manager->slices), ==, 0);

        send_event(f, GUEST_STOPPED, GUEST_UUID, NULL);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
}

static void test_a_guest_runs_although_there_is_no_room(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with(SLICE("<ferry:cores count='2' exclusive='yes'/>"));

        connect_libvirt(f);
        allocate(f, OTHER_UUID, THREE, NULL);
        flush(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*runs without its hardware slice*");
        flush(f);
        g_test_assert_expected_messages();
        g_assert_null(find(f, GUEST_UUID));
}

static const SliceEntry *reserve(Fixture *f, const char *children, GError **error) {
        g_autoptr(Slice) wish = read_slice(children);

        return slices_reserve(f->manager->slices, GUEST_UUID, "g1", wish, NULL, error);
}

/* libvirt, which waits for the hook, aborts. */
static void test_a_guest_that_does_not_come_gives_back(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        const SliceEntry *entry = reserve(f, TWO, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(entry->grants->len, ==, 2);
        g_assert_cmpint(manager_next_time(f->manager), ==, entry->expires);

        fixture_pass_time(120 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
}

static void test_a_guest_that_comes_keeps_it(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with(SLICE("<ferry:cores count='2' exclusive='yes'/>"));

        g_assert_nonnull(reserve(f, TWO, NULL));
        flush(f);
        connect_libvirt(f);
        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        fixture_pass_time(120 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        flush(f);
        g_assert_cmpint(find(f, GUEST_UUID)->expires, ==, SLICE_WITH_GUEST);

        send_event(f, GUEST_ARRIVED, GUEST_UUID, xml);
        flush(f);
        g_assert_cmpuint(find(f, GUEST_UUID)->grants->len, ==, 2);
}

static void test_a_guest_that_was_released_before_it_came_gives_back(Fixture *f,
                                                                     gconstpointer unused) {
        g_autofree char *xml = guest_with(SLICE("<ferry:cores count='2' exclusive='yes'/>"));

        g_assert_nonnull(reserve(f, TWO, NULL));
        g_assert_true(manager_release_domain(f->manager, xml, "failed", NULL));
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
}

static void test_a_guest_for_which_there_is_no_room_is_refused(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        allocate(f, OTHER_UUID, THREE, NULL);
        g_assert_null(reserve(f, TWO, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_assert_nonnull(strstr(error->message, OTHER_UUID));
        g_assert_null(find(f, GUEST_UUID));
        flush(f);
}

static void test_what_was_allocated_here_has_the_last_word(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        allocate(f, GUEST_UUID, THREE, NULL);
        g_assert_cmpuint(reserve(f, TWO, &error)->wish->cores.count, ==, 3);
        g_assert_cmpuint(slices_reserve(f->manager->slices, GUEST_UUID, "g1", NULL, NULL, &error)
                                 ->wish->cores.count,
                         ==, 3);
        g_assert_null(slices_reserve(f->manager->slices, OTHER_UUID, "g2", NULL, NULL, &error));
        g_assert_no_error(error);
}

static void test_a_guest_that_ended_unseen_gives_back(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with(SLICE("<ferry:cores count='2' exclusive='yes'/>"));

        run_guest(f, xml);
        allocate(f, OTHER_UUID, "<cores count='1'/>", NULL);
        flush(f);
        fixture_restart(f);
        g_assert_nonnull(find(f, GUEST_UUID));

        send_list(f, NULL);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
        g_assert_nonnull(find(f, OTHER_UUID));
}

/* Metadata ------------------------------------------------------------------------------ */

/* Whether the metadata that libvirt was asked to write since have a slice of so many cores; -1:
 * none were written. */
static int written_cores(Fixture *f) {
        const char *metadata = strstr(f->asked->str, "metadata "), *cores;
        int count = -1;

        if (metadata) {
                cores = strstr(metadata, "cores count='");
                count = cores ? cores[strlen("cores count='")] - '0' : 0;
        }
        g_string_truncate(f->asked, 0);
        return count;
}

static void test_a_slice_that_changes_is_in_the_metadata(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with(SLICE("<ferry:cores count='2' exclusive='yes'/>")),
                        *bare = guest_with("");

        run_guest(f, bare);
        g_assert_cmpint(written_cores(f), ==, -1);

        allocate(f, GUEST_UUID, TWO, NULL);
        flush(f);
        answer_all(f, bare);
        g_assert_cmpint(written_cores(f), ==, 2);

        slices_deallocate(f->manager->slices, GUEST_UUID, NULL, NULL);
        flush(f);
        answer_all(f, xml);
        g_assert_cmpint(written_cores(f), ==, 0);
}

/* Given back all the same: another guest waits for it. */
static void test_what_is_held_is_carried_out_when_it_goes_on(Fixture *f, gconstpointer unused) {
        g_autofree char *bare = guest_with("");

        run_guest(f, bare);
        answer_all(f, bare);
        slices_hold(f->manager->slices, GUEST_UUID);
        allocate(f, GUEST_UUID, TWO, NULL);
        flush(f);
        g_assert_true(g_queue_is_empty(&questions));
        slices_resume(f->manager->slices, GUEST_UUID);
        flush(f);
        g_assert_false(g_queue_is_empty(&questions));
        answer_all(f, bare);
        g_assert_cmpint(written_cores(f), ==, 2);

        slices_hold(f->manager->slices, GUEST_UUID);
        slices_deallocate(f->manager->slices, GUEST_UUID, NULL, NULL);
        flush(f);
        g_assert_false(g_queue_is_empty(&questions));
        slices_resume(f->manager->slices, GUEST_UUID);
}

/* Problems ------------------------------------------------------------------------------ */

/* To whoever asks about g1: libvirt has it, and nobody can read it. */
static void answer_nonsense(Fixture *f, const char *expected) {
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, expected);
        while (!g_queue_is_empty(&questions))
                answer_one("<domain");
        g_test_assert_expected_messages();
        flush(f);
}

static void run_with_slice(Fixture *f) {
        g_autofree char *bare = guest_with("");

        run_guest(f, bare);
        allocate(f, GUEST_UUID, TWO, NULL);
        flush(f);
}

static void test_a_problem_is_of_one_slice(Fixture *f, gconstpointer unused) {
        run_with_slice(f);
        answer_nonsense(f, "*Guest g1 does not have its hardware slice*");
        g_assert_nonnull(slices_problem(f->manager->slices, GUEST_UUID));

        slices_deallocate(f->manager->slices, GUEST_UUID, NULL, NULL);
        allocate(f, OTHER_UUID, TWO, NULL);
        flush(f);
        allocate(f, GUEST_UUID, "<cores count='1'/>", NULL);
        flush(f);
        g_assert_cmpstr(slices_problem(f->manager->slices, GUEST_UUID), ==, NULL);
}

static void test_a_slice_that_cannot_be_taken_away_is_told(Fixture *f, gconstpointer unused) {
        run_with_slice(f);
        answer_nonsense(f, "*Guest g1 does not have its hardware slice*");
        slices_deallocate(f->manager->slices, GUEST_UUID, NULL, NULL);
        flush(f);
        answer_nonsense(f, "*Guest g1 has lost its hardware slice and still has what was of it*");
}

/* The map -------------------------------------------------------------------------------- */

static uint64_t promised(Fixture *f, const char *id) {
        return resource_map_find(slices_look(f->manager->slices), id)->promised;
}

/* It has no device, so nothing but its slice makes the daemon follow it. */
static void test_a_guest_on_its_way_takes_it_along_as_it_is(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;

        connect_libvirt(f);
        allocate(f, GUEST_UUID, "<cores count='1'/>", answers);
        slices_flush(f->manager->slices);
        g_string_truncate(answers, 0);
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);

        allocate(f, GUEST_UUID, "<cores count='2'/>", answers);
        ask(f, GUEST_UUID, 1, false, answers);
        slices_deallocate(f->manager->slices, GUEST_UUID, note_answer, answers);
        slices_flush(f->manager->slices);
        lines = g_strsplit(answers->str, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 4);
        for (size_t i = 0; i < 3; i++)
                g_assert_nonnull(strstr(lines[i], "on its way to another host"));
        g_assert_cmpuint(
                slice_book_find(slices_book(f->manager->slices), GUEST_UUID)->wish->cores.count, ==,
                1);

        send_event(f, GUEST_STAYED, GUEST_UUID, NULL);
        g_string_truncate(answers, 0);
        ask(f, GUEST_UUID, 1, false, answers);
        slices_flush(f->manager->slices);
        g_assert_cmpstr(answers->str, ==, "promised 2\n");
}

static void test_the_map_has_what_is_promised(Fixture *f, gconstpointer unused) {
        allocate(f, GUEST_UUID, TWO "<memory size='100' unit='MiB'/>", NULL);
        flush(f);
        g_assert_cmpuint(promised(f, "package:0"), ==, 2);
        g_assert_cmpuint(promised(f, "node:0"), ==, 2);
        g_assert_cmpuint(promised(f, "memory:0"), ==, 100 * 1024 * 1024);
}

static void test_a_host_that_changes_is_looked_at_again(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);

        allocate(f, GUEST_UUID, THREE, NULL);
        flush(f);
        fake_root_put(f->root, CPUS "online", "0-7\n", -1);
        manager_on_device_event(f->manager, "cpu", "cpu4");
        allocate(f, OTHER_UUID, THREE, answers);
        flush(f);
        g_assert_cmpstr(answers->str, ==, "promised 3\n");
}

/* Nobody tells of it: another kind of change than the one above. */
static void test_no_slice_is_decided_by_an_old_map(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);

        allocate(f, GUEST_UUID, THREE, NULL);
        flush(f);
        fake_root_put(f->root, CPUS "online", "0-7\n", -1);
        allocate(f, OTHER_UUID, THREE, answers);
        flush(f);
        g_assert_null(find(f, OTHER_UUID));
        fixture_pass_time(RESOURCE_AGE_DECIDE + 1);
        allocate(f, OTHER_UUID, THREE, answers);
        flush(f);
        g_assert_true(g_str_has_suffix(answers->str, "\npromised 3\n"));
}

/* What is promised is as the book has it, however old the rest is. */
static void test_who_looks_often_has_the_same_map(Fixture *f, gconstpointer unused) {
        g_assert_null(resource_map_find(slices_look(f->manager->slices), "core:7"));
        fake_root_put(f->root, CPUS "online", "0-7\n", -1);
        allocate(f, GUEST_UUID, TWO, NULL);
        flush(f);
        g_assert_null(resource_map_find(slices_look(f->manager->slices), "core:7"));
        g_assert_cmpuint(promised(f, "package:0"), ==, 2);
        g_assert_cmpuint(promised(f, "package:0"), ==, 2);
        fixture_pass_time(RESOURCE_AGE_LOOK + 1);
        g_assert_nonnull(resource_map_find(slices_look(f->manager->slices), "core:7"));
        g_assert_cmpuint(promised(f, "package:0"), ==, 2);
}

/* A hook may be the first to look at the map. */
static void test_the_map_may_be_read_before_the_next_ask(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);

        allocate(f, GUEST_UUID, THREE, NULL);
        flush(f);
        fake_root_put(f->root, CPUS "online", "0-7\n", -1);
        manager_on_device_event(f->manager, "cpu", "cpu4");
        g_assert_nonnull(resource_map_find(slices_map(f->manager->slices), "core:7"));
        allocate(f, OTHER_UUID, THREE, answers);
        flush(f);
        g_assert_cmpstr(answers->str, ==, "promised 3\n");
}

static void test_what_is_kept_for_the_host_is_not_promised(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) answers = g_string_new(NULL);

        allocate(f, GUEST_UUID, "<cores count='4' exclusive='yes'/>", answers);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
        allocate(f, GUEST_UUID, THREE, answers);
        flush(f);
        g_assert_cmpuint(slice_grants_sum(find(f, GUEST_UUID)->grants, "core:0", NULL), ==, 0);
}

#define FUNCTION "<function name='f' class='mdev' type='mtty-2' parent='tiny'/>"

/* A parent of which there is one device, and g1 has it. */
static void test_own_devices_are_in_nobodys_way_but_others(Fixture *f, gconstpointer unused) {
        static const FakeMdevType types[] = { { "mtty-2", "Dual port serial", 2 }, { 0 } };
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GString) answers = g_string_new(NULL);

        fake_root_add_mdev_parent(f->root, "tiny", "mtty", 2, types);
        fake_root_add_mdev(f->root, "tiny", "mtty-2", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        run_guest(f, xml);

        allocate(f, OTHER_UUID, FUNCTION, answers);
        allocate(f, GUEST_UUID, FUNCTION, answers);
        allocate(f, OTHER_UUID, FUNCTION, answers);
        flush(f);
        g_assert_null(find(f, OTHER_UUID));
        g_assert_cmpuint(find(f, GUEST_UUID)->grants->len, >, 0);
        g_assert_cmpuint(promised(f, "mdev-type:tiny/mtty-2"), ==, 0); /* it has it already */
}

/* It has been promised none any more, and holds it. */
static void test_what_is_given_back_may_be_held_still(Fixture *f, gconstpointer unused) {
        static const FakeMdevType types[] = { { "mtty-2", "Dual port serial", 2 }, { 0 } };
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GString) answers = g_string_new(NULL);

        fake_root_add_mdev_parent(f->root, "tiny", "mtty", 2, types);
        fake_root_add_mdev(f->root, "tiny", "mtty-2", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        run_guest(f, xml);
        allocate(f, GUEST_UUID, FUNCTION, NULL);
        flush(f);
        g_assert_nonnull(find(f, GUEST_UUID));

        slices_deallocate(f->manager->slices, GUEST_UUID, NULL, NULL);
        allocate(f, OTHER_UUID, FUNCTION, answers);
        flush(f);
        g_assert_null(find(f, GUEST_UUID));
        g_assert_null(find(f, OTHER_UUID));
}

/* Which domain ---------------------------------------------------------------------------- */

static void note_domain(void *userdata, const char *uuid, const char *name, const GError *error) {
        g_string_append_printf(userdata, "%s %s\n", error ? error->message : uuid, name ?: "-");
}

static void test_a_domain_is_known_by_libvirt_by_the_book_or_by_its_uuid(Fixture *f,
                                                                         gconstpointer unused) {
        Slices *slices = f->manager->slices;
        g_autoptr(GString) found = g_string_new(NULL);

        connect_libvirt(f);
        slices_find_domain(slices, "g1", note_domain, found);
        answer_one("<domain/>");
        g_assert_cmpstr(found->str, ==, GUEST_UUID " g1\n");
        g_string_truncate(found, 0);

        slices_find_domain(slices, "g1", note_domain, found);
        answer_one(NULL);
        slices_find_domain(slices, OTHER_UUID, note_domain, found);
        answer_one(NULL);
        allocate(f, GUEST_UUID, TWO, NULL);
        flush(f);
        slices_find_domain(slices, "g1", note_domain, found);
        answer_one(NULL);
        f->manager->virt = NULL;
        slices_find_domain(slices, "g2", note_domain, found);
        g_assert_cmpstr(found->str, ==,
                        "This host has no guest -\n" OTHER_UUID " -\n" GUEST_UUID " g1\n"
                        "virtferryd runs without libvirt and does not know a guest 'g2': give its "
                        "UUID -\n");
}

#define ADD(name, function) g_test_add("/slices/" name, Fixture, NULL, set_up, function, tear_down)

static void count_change(void *userdata, SliceChange change, const SliceEntry *entry) {
        unsigned *changes = userdata;

        (*changes)++;
}

/* Its state is what it was, as after a restart of the daemon. */
static void test_the_end_of_a_problem_is_told(Fixture *f, gconstpointer unused) {
        Slices *slices = f->manager->slices;
        unsigned changes = 0;

        run_with_slice(f);
        slices_on_enforced(slices, GUEST_UUID, NULL);
        flush(f);
        answer_nonsense(f, "*Guest g1 does not have its hardware slice*");
        slices_set_listener(slices, count_change, &changes);
        slices_on_enforced(slices, GUEST_UUID, NULL);
        flush(f);
        g_assert_cmpint(find(f, GUEST_UUID)->state, ==, SLICE_ENFORCED);
        g_assert_cmpstr(slices_problem(slices, GUEST_UUID), ==, NULL);
        g_assert_cmpuint(changes, ==, 1);
}

static void refuse_for_now(Fixture *f) {
        g_autoptr(GError)
                error = g_error_new_literal(FERRY_ERROR, FERRY_ERROR_NO_RESOURCES, "none");

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*does not have its hardware slice: none");
        slices_on_enforced(f->manager->slices, GUEST_UUID, error);
        g_test_assert_expected_messages();
}

/* Who gave way lets go of it later than somebody else was promised it. */
static void test_what_another_lets_go_of_is_waited_for(Fixture *f, gconstpointer unused) {
        Slices *slices = f->manager->slices;

        run_with_slice(f);
        answer_all(f, NULL);
        refuse_for_now(f);
        slices_on_lease_gone(slices, GUEST_UUID); /* of its own attempt */
        flush(f);
        g_assert_true(g_queue_is_empty(&questions));

        slices_on_lease_gone(slices, OTHER_UUID);
        g_assert_true(slices_is_pending(slices));
        flush(f);
        g_assert_cmpuint(g_queue_get_length(&questions), ==, 1);

        slices_on_enforced(slices, GUEST_UUID, NULL);
        slices_on_lease_gone(slices, OTHER_UUID);
        flush(f);
        g_assert_cmpuint(g_queue_get_length(&questions), ==, 1);
}

static void add_problems(void) {
        ADD("the end of a problem is told", test_the_end_of_a_problem_is_told);
        ADD("what another lets go of is waited for", test_what_another_lets_go_of_is_waited_for);
        ADD("a problem is of one slice", test_a_problem_is_of_one_slice);
        ADD("a slice that cannot be taken away is told",
            test_a_slice_that_cannot_be_taken_away_is_told);
}

static void add_guests(void) {
        ADD("a slice by hand stays when its guest stops",
            test_a_slice_by_hand_stays_when_its_guest_stops);
        ADD("a slice in the metadata comes and goes with the guest",
            test_a_slice_in_the_metadata_comes_and_goes_with_the_guest);
        ADD("a guest runs although there is no room", test_a_guest_runs_although_there_is_no_room);
        ADD("a guest that does not come gives back", test_a_guest_that_does_not_come_gives_back);
        ADD("a guest that comes keeps it", test_a_guest_that_comes_keeps_it);
        ADD("a guest that was released before it came gives back",
            test_a_guest_that_was_released_before_it_came_gives_back);
        ADD("a guest for which there is no room is refused",
            test_a_guest_for_which_there_is_no_room_is_refused);
        ADD("what was allocated here has the last word",
            test_what_was_allocated_here_has_the_last_word);
        g_test_add("/slices/a guest that ended unseen gives back", Fixture, NULL, set_up_stored,
                   test_a_guest_that_ended_unseen_gives_back, tear_down);
        ADD("a slice that changes is in the metadata",
            test_a_slice_that_changes_is_in_the_metadata);
        ADD("what is held is carried out when it goes on",
            test_what_is_held_is_carried_out_when_it_goes_on);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("asks wait for each other and are answered by themselves",
            test_asks_wait_for_each_other_and_are_answered_by_themselves);
        ADD("nothing is left when all was given back",
            test_nothing_is_left_when_all_was_given_back);
        ADD("a store that fails refuses all", test_a_store_that_fails_refuses_all);
        ADD("who asks when answered is answered too", test_who_asks_when_answered_is_answered_too);
        ADD("a try takes nothing", test_a_try_takes_nothing);
        ADD("what gives way returns", test_what_gives_way_returns);
        ADD("a small one returns where large ones do not",
            test_a_small_one_returns_where_large_ones_do_not);
        add_guests();
        add_problems();
        ADD("a guest on its way takes it along as it is",
            test_a_guest_on_its_way_takes_it_along_as_it_is);
        ADD("the map has what is promised", test_the_map_has_what_is_promised);
        ADD("a host that changes is looked at again", test_a_host_that_changes_is_looked_at_again);
        ADD("no slice is decided by an old map", test_no_slice_is_decided_by_an_old_map);
        ADD("who looks often has the same map", test_who_looks_often_has_the_same_map);
        ADD("the map may be read before the next ask",
            test_the_map_may_be_read_before_the_next_ask);
        g_test_add("/slices/what is kept for the host is not promised", Fixture,
                   "[Slices]\nHostCpus=0\n", set_up, test_what_is_kept_for_the_host_is_not_promised,
                   tear_down);
        ADD("own devices are in nobody's way but others'",
            test_own_devices_are_in_nobodys_way_but_others);
        ADD("what is given back may be held still", test_what_is_given_back_may_be_held_still);
        ADD("a domain is known by libvirt, by the book or by its UUID",
            test_a_domain_is_known_by_libvirt_by_the_book_or_by_its_uuid);
        return g_test_run();
}
