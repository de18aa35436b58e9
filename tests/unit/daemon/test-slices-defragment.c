/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-defragment.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define CPUS       "sys/devices/system/cpu/"
#define NODES      "sys/devices/system/node/"
#define THIRD_UUID "77777777-2222-4333-8444-555555555555"
#define ONE        "<slice version='1'><cores count='1' exclusive='yes'/></slice>"
#define APPLY      "[Slices]\nDefragment=apply\n"

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

/* Whoever wants to know about a guest; without a document there is none. Who asks for the sake of
 * its metadata gets nothing. */
static void answer_all(const Fixture *f, const char *xml) {
        while (!g_queue_is_empty(&questions)) {
                g_autofree Question *question = g_queue_pop_head(&questions);
                const char *its = question->asker == f->manager ? NULL : xml;
                g_autoptr(GuestEvent) found = g_new0(GuestEvent, 1);

                found->kind = GUEST_FOUND;
                found->uuid = its ? g_strdup(GUEST_UUID) : NULL;
                found->name = its ? g_strdup("g1") : NULL;
                found->xml = g_strdup(its);
                found->detail = its ? NULL : g_strdup("This host has no guest");
                found->running = true;
                question->finder(question->asker, found);
        }
}

static void put_node(Fixture *f, unsigned node) {
        g_autofree char *list = g_strdup_printf(NODES "node%u/cpulist", node);
        g_autofree char *memory = g_strdup_printf(NODES "node%u/meminfo", node);
        g_autofree char *cpus = g_strdup_printf("%u-%u\n", node * 2, node * 2 + 1);

        fake_root_put(f->root, list, cpus, -1);
        fake_root_put(f->root, memory, "Node 0 MemTotal: 1048576 kB\n", -1);
        for (unsigned cpu = node * 2; cpu < node * 2 + 2; cpu++) {
                g_autofree char *map = g_strdup_printf(CPUS "cpu%u/node%u/cpumap", cpu, node);

                fake_root_put(f->root, map, "0\n", -1);
        }
}

static void allocate(Fixture *f, const char *uuid, const char *definition) {
        g_autoptr(Slice) wish = slice_from_xml(definition, strlen(definition), NULL);

        slices_allocate(f->manager->slices, uuid, uuid == (char *)GUEST_UUID ? "g1" : NULL, wish,
                        NULL, NULL);
        slices_flush(f->manager->slices);
}

static SliceBook *book(const Fixture *f) {
        return slices_book(f->manager->slices);
}

/* Two nodes of two CPUs, on each of which one is taken: by g1 on the first. */
static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_put(f->root, CPUS "online", "0-3\n", -1);
        fake_root_put(f->root, NODES "online", "0-1\n", -1);
        put_node(f, 0);
        put_node(f, 1);
        allocate(f, GUEST_UUID, ONE);
        allocate(f, THIRD_UUID, ONE);
        allocate(f, OTHER_UUID, ONE);
        slices_deallocate(f->manager->slices, THIRD_UUID, NULL, NULL);
        slices_flush(f->manager->slices);
}

static void tear_down(Fixture *f, gconstpointer config) {
        answer_all(f, NULL);
        fixture_tear_down(f, config);
}

static Defragment *look(Fixture *f, bool apply, const char *goal, GError **error) {
        const SlicesDefragment how = { .apply = apply, .goal = goal };

        return slices_defragment(f->manager->slices, &how, error);
}

/* The lowest CPU of the core that g1 has. */
static bool is_on(const Fixture *f, const char *core) {
        return slice_grants_sum(slice_book_find(book(f), GUEST_UUID)->grants, core, NULL) > 0;
}

static bool has_moved(const Fixture *f) {
        return !is_on(f, "core:0") && !is_on(f, "core:1");
}

/* It runs, and has its slice. */
static void run_guest(Fixture *f) {
        fixture_connect(f);
        f->virt.find = note_question;
        tell_guest(f, GUEST_RUNNING, guest_xml("g1", GUEST_UUID, HERE_MDEV_2, NULL), NULL);
        slices_flush(f->manager->slices);
        answer_all(f, NULL);
        slices_flush(f->manager->slices);
        g_assert_true(slice_book_enter(book(f), GUEST_UUID, SLICE_ENFORCED, NULL));
}

/* Proposing ---------------------------------------------------------------------------- */

static void test_a_proposal_moves_nothing(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Defragment) proposal = look(f, false, NULL, &error);
        const DefragmentStep *step;

        g_assert_no_error(error);
        g_assert_cmpuint(proposal->steps->len, ==, 1);
        step = proposal->steps->pdata[0];
        g_assert_cmpstr(step->sentence, ==, "Guest g1 moves 1 core from node 0 to node 1");
        g_assert_cmpstr(proposal->gains->pdata[0], ==, "largest free run: 1 -> 2 cores of node 0");
        slices_flush(f->manager->slices);
        g_assert_false(has_moved(f));
}

static void test_applying_has_to_be_allowed(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_null(look(f, true, NULL, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        g_assert_nonnull(strstr(error->message, "Defragment=apply"));
}

static void test_a_goal_is_a_definition_or_a_guest(Fixture *f, gconstpointer unused) {
        static const char two[] =
                "<slice version='1' together='node'><cores count='2' exclusive='yes'/></slice>";
        g_autoptr(Defragment) wish = look(f, false, two, NULL), own = NULL, none = NULL, bad = NULL;
        g_autoptr(GError) error = NULL, wrong = NULL;

        g_assert_true(wish->reached);
        g_assert_cmpuint(wish->steps->len, ==, 1);
        own = look(f, false, "g1", NULL);
        g_assert_true(own->reached);
        g_assert_cmpuint(own->steps->len, ==, 0);

        none = look(f, false, "nobody", &error);
        g_assert_null(none);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
        bad = look(f, false, "<slice version='1'><cores count='0'/></slice>", &wrong);
        g_assert_null(bad);
        g_assert_error(wrong, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST);
}

static void test_a_guest_that_is_to_come_stays(Fixture *f, gconstpointer unused) {
        g_autoptr(Defragment) proposal = NULL;
        const DefragmentStep *step;

        g_assert_true(slice_book_expire(book(f), GUEST_UUID, g_get_real_time() * 2, NULL));
        proposal = look(f, false, NULL, NULL);
        g_assert_cmpuint(proposal->steps->len, ==, 1);
        step = proposal->steps->pdata[0];
        g_assert_cmpstr(step->domain_uuid, ==, OTHER_UUID);
}

/* Applying ----------------------------------------------------------------------------- */

static void test_a_guest_that_is_off_moves_at_once(Fixture *f, gconstpointer unused) {
        g_autoptr(Defragment) proposal = look(f, true, NULL, NULL), again = NULL;

        slices_flush(f->manager->slices);
        g_assert_true(has_moved(f));
        again = look(f, true, NULL, NULL); /* the first has ended */
        g_assert_cmpuint(again->steps->len, ==, 0);
}

static void test_a_guest_that_runs_is_waited_for(Fixture *f, gconstpointer unused) {
        g_autoptr(Defragment) proposal = NULL, again = NULL;
        g_autoptr(GError) error = NULL;

        run_guest(f);
        proposal = look(f, true, NULL, NULL);
        slices_flush(f->manager->slices);
        g_assert_true(has_moved(f));
        g_assert_null(look(f, true, NULL, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);

        answer_all(f, NULL); /* it has ended */
        slices_flush(f->manager->slices);
        again = look(f, true, NULL, NULL);
        g_assert_nonnull(again);
}

static void test_what_a_guest_cannot_do_is_taken_back(Fixture *f, gconstpointer unused) {
        g_autoptr(Defragment) proposal = NULL, again = NULL;

        run_guest(f);
        proposal = look(f, true, NULL, NULL);
        slices_flush(f->manager->slices);
        g_assert_true(has_moved(f));

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest g1 does not have its*");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Moving hardware slices ends with*g1*");
        answer_all(f, "<domain/>");
        g_test_assert_expected_messages();
        g_assert_false(has_moved(f));
        again = look(f, true, NULL, NULL);
        g_assert_nonnull(again);
}

/* What has gone ------------------------------------------------------------------------ */

static void test_what_is_missing_is_said_until_it_is_back(Fixture *f, gconstpointer unused) {
        Slices *slices = f->manager->slices;

        g_assert_null(slices_problem(slices, GUEST_UUID));
        fake_root_put(f->root, CPUS "online", "1-3\n", -1);
        slices_on_host_changed(slices);
        g_assert_true(slices_is_pending(slices));
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*g1 lacks something: core:*");
        slices_flush(slices);
        g_test_assert_expected_messages();
        g_assert_nonnull(strstr(slices_problem(slices, GUEST_UUID), "is not there any more"));
        g_assert_null(slices_problem(slices, OTHER_UUID));
        g_assert_true(is_on(f, "core:0"));

        fake_root_put(f->root, CPUS "online", "0-3\n", -1);
        slices_on_host_changed(slices);
        slices_flush(slices);
        g_assert_null(slices_problem(slices, GUEST_UUID));
}

#define ADD(name, config, function) \
        g_test_add("/slices-defragment/" name, Fixture, config, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("a proposal moves nothing", NULL, test_a_proposal_moves_nothing);
        ADD("applying has to be allowed", NULL, test_applying_has_to_be_allowed);
        ADD("a goal is a definition or a guest", NULL, test_a_goal_is_a_definition_or_a_guest);
        ADD("a guest that is to come stays", NULL, test_a_guest_that_is_to_come_stays);
        ADD("a guest that is off moves at once", APPLY, test_a_guest_that_is_off_moves_at_once);
        ADD("a guest that runs is waited for", APPLY, test_a_guest_that_runs_is_waited_for);
        ADD("what a guest cannot do is taken back", APPLY,
            test_what_a_guest_cannot_do_is_taken_back);
        ADD("what is missing is said until it is back", NULL,
            test_what_is_missing_is_said_until_it_is_back);
        return g_test_run();
}
