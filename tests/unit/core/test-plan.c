/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/plan.h"

#include "xml/ferry-error.h"

/* A plan of three steps, "make" without an undo, over three subjects whose
 * names are their strings. Each call writes a word: "claim:a", "undo-claim:a". */
typedef struct Fixture {
        GString *calls;
        Plan *plan;
        int fail; /* number of the step call that fails, -1 none */
} Fixture;

static bool run(Fixture *f, const char *step, const char *subject, GError **error) {
        if (f->fail >= 0 && f->fail-- == 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE, "%s of %s refused", step,
                            subject);
                return false;
        }

        g_string_append_printf(f->calls, "%s:%s ", step, subject);
        return true;
}

static bool claim(void *subject, void *userdata, GError **error) {
        return run(userdata, "claim", subject, error);
}

static bool make(void *subject, void *userdata, GError **error) {
        return run(userdata, "make", subject, error);
}

static bool bind_device(void *subject, void *userdata, GError **error) {
        return run(userdata, "bind", subject, error);
}

static void undo_claim(void *subject, void *userdata) {
        g_string_append_printf(((Fixture *)userdata)->calls, "undo-claim:%s ", (char *)subject);
}

static void undo_bind(void *subject, void *userdata) {
        g_string_append_printf(((Fixture *)userdata)->calls, "undo-bind:%s ", (char *)subject);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->calls = g_string_new(NULL);
        f->fail = -1;
        f->plan = plan_new(f);
        plan_add_step(f->plan, "claim", claim, undo_claim);
        plan_add_step(f->plan, "make", make, NULL);
        plan_add_step(f->plan, "bind", bind_device, undo_bind);
        plan_add_subject(f->plan, (char *)"a");
        plan_add_subject(f->plan, (char *)"b");
        plan_add_subject(f->plan, (char *)"c");
}

static void tear_down(Fixture *f, gconstpointer unused) {
        plan_free(f->plan);
        g_string_free(f->calls, TRUE);
}

#define ALL_CLAIM  "claim:a claim:b claim:c "
#define ALL_MAKE   "make:a make:b make:c "
#define UNDO_CLAIM "undo-claim:c undo-claim:b undo-claim:a "

static void test_every_step_is_taken_by_all_before_the_next(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        bool done;

        done = plan_run(f->plan, &error);
        g_assert_no_error(error);
        g_assert_true(done);
        g_assert_cmpstr(f->calls->str, ==, ALL_CLAIM ALL_MAKE "bind:a bind:b bind:c ");
}

/* What is called when the n-th call fails: written out, so that the test does
 * not count as plan.c does. */
static const struct {
        const char *failing;
        const char *calls;
} failures[] = {
        { "claim of a", "" },
        { "claim of b", "claim:a undo-claim:a " },
        { "claim of c", "claim:a claim:b undo-claim:b undo-claim:a " },
        { "make of a", ALL_CLAIM UNDO_CLAIM },
        { "make of b", ALL_CLAIM "make:a " UNDO_CLAIM },
        { "make of c", ALL_CLAIM "make:a make:b " UNDO_CLAIM },
        { "bind of a", ALL_CLAIM ALL_MAKE UNDO_CLAIM },
        { "bind of b", ALL_CLAIM ALL_MAKE "bind:a undo-bind:a " UNDO_CLAIM },
        { "bind of c", ALL_CLAIM ALL_MAKE "bind:a bind:b undo-bind:b undo-bind:a " UNDO_CLAIM },
};

static void test_a_failure_undoes_what_was_done_in_reverse(Fixture *f, gconstpointer unused) {
        for (size_t n = 0; n < G_N_ELEMENTS(failures); n++) {
                g_autofree char *message = g_strdup_printf("%s refused", failures[n].failing);
                g_autoptr(GError) error = NULL;

                f->fail = (int)n;
                g_string_truncate(f->calls, 0);

                g_assert_false(plan_run(f->plan, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE);
                g_assert_cmpstr(error->message, ==, message);
                g_assert_cmpstr(f->calls->str, ==, failures[n].calls);
        }

        /* One more, and nothing is left that could fail: every call was tried. */
        f->fail = G_N_ELEMENTS(failures);
        g_assert_true(plan_run(f->plan, NULL));
        g_assert_cmpint(f->fail, ==, 0);
}

static void test_nothing_to_do_is_done(void) {
        g_autoptr(Plan) empty = plan_new(NULL);
        g_autoptr(Plan) idle = plan_new(NULL);

        g_assert_true(plan_run(empty, NULL));
        plan_add_step(idle, "claim", claim, undo_claim);
        g_assert_true(plan_run(idle, NULL));
}

static void test_a_caller_may_not_care_why(Fixture *f, gconstpointer unused) {
        f->fail = 1;

        g_assert_false(plan_run(f->plan, NULL));
        g_assert_cmpstr(f->calls->str, ==, "claim:a undo-claim:a ");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add("/plan/every step is taken by all before the next", Fixture, NULL, set_up,
                   test_every_step_is_taken_by_all_before_the_next, tear_down);
        g_test_add("/plan/a failure undoes what was done in reverse", Fixture, NULL, set_up,
                   test_a_failure_undoes_what_was_done_in_reverse, tear_down);
        g_test_add_func("/plan/nothing to do is done", test_nothing_to_do_is_done);
        g_test_add("/plan/a caller may not care why", Fixture, NULL, set_up,
                   test_a_caller_may_not_care_why, tear_down);
        return g_test_run();
}
