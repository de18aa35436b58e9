/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several ways to come to advice, and one list of it. */

#include "tests/unit/daemon/fake-way.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define ACT       "[Policy]\nMode=act\n"
#define ROUND_SEC 300

typedef struct WaysFixture {
        Fixture f;
        int64_t monotonic;
        GString *told; /* "added 1 leave g1\n" */
        char *answer;  /* of advisor_apply() */
} WaysFixture;

static Advisor *advisor(const WaysFixture *w) {
        return w->f.manager->advisor;
}

static void on_change(void *userdata, AdviceChange change, const AdvisorEntry *entry) {
        static const char *const words[] = { "added", "changed", "removed" };
        WaysFixture *w = userdata;
        const AdvisorEntry *found = advisor_find(advisor(w), entry->id);

        g_assert_true(change == ADVICE_REMOVED ? found == NULL : found == entry);
        g_string_append_printf(w->told, "%s %s %s %s\n", words[change], entry->id,
                               entry->draft->kind, entry->draft->name);
}

static void set_up(WaysFixture *w, gconstpointer config) {
        fixture_set_up(&w->f, config);
        fixture_connect(&w->f);
        fake_ways_reset();
        advisor_free(w->f.manager->advisor);
        w->f.manager->advisor = advisor_new(w->f.manager, fake_ways);
        w->told = g_string_new(NULL);
        w->monotonic = 1000 * G_USEC_PER_SEC;
        advisor_set_listener(advisor(w), on_change, w);
        send_list(&w->f, GUEST_UUID);
        advisor_turn(advisor(w), w->monotonic);
}

static void tear_down(WaysFixture *w, gconstpointer config) {
        fixture_tear_down(&w->f, config);
        g_string_free(w->told, TRUE);
        g_free(w->answer);
}

/* A round, to its end. */
static void decide(WaysFixture *w) {
        w->monotonic += ROUND_SEC * G_USEC_PER_SEC;
        advisor_turn(advisor(w), w->monotonic);
}

static void assert_told(WaysFixture *w, const char *expected) {
        g_assert_cmpstr(w->told->str, ==, expected);
        g_string_truncate(w->told, 0);
}

static AdvisorDraft *say_grow(const char *uuid, const char *name) {
        return fake_way_say(&fake_slice_way, "grow", uuid, name, "cores");
}

static AdvisorDraft *say_leave(const char *uuid, const char *name) {
        return fake_way_say(&fake_guest_way, "leave", uuid, name, "qemu+ssh://b/system");
}

/* The list -------------------------------------------------------------------------------- */

static void test_all_are_told_what_comes_changes_and_goes(WaysFixture *w, gconstpointer unused) {
        AdvisorDraft *grow = say_grow(GUEST_UUID, "g1");

        say_leave(OTHER_UUID, "g2");
        decide(w);
        assert_told(w, "added 1 leave g2\nadded 2 grow g1\n");
        decide(w);
        assert_told(w, "");

        g_array_index(grow->values, AdvisorValue, 0).value = 2;
        fake_way_be_silent(&fake_guest_way);
        decide(w);
        assert_told(w, "removed 1 leave g2\nchanged 2 grow g1\n");
        say_leave(OTHER_UUID, "g2");
        decide(w);
        assert_told(w, "added 3 leave g2\n");
}

static void test_another_guest_at_the_target_is_another_advice(WaysFixture *w,
                                                               gconstpointer unused) {
        AdvisorDraft *grow = say_grow(GUEST_UUID, "g1");

        decide(w);
        advisor_draft_set_other(grow, OTHER_UUID, "g2");
        decide(w);
        assert_told(w, "added 1 grow g1\nremoved 1 grow g1\nadded 2 grow g1\n");
}

static void test_who_leaves_is_not_advised_anything_else(WaysFixture *w, gconstpointer unused) {
        say_grow(GUEST_UUID, "g1");
        decide(w);
        assert_told(w, "added 1 grow g1\n");
        say_leave(GUEST_UUID, "g1");
        decide(w);
        assert_told(w, "removed 1 grow g1\nadded 2 leave g1\n");
}

static void test_the_other_guest_counts_too(WaysFixture *w, gconstpointer unused) {
        advisor_draft_set_other(say_grow(OTHER_UUID, "g2"), GUEST_UUID, "g1");
        say_leave(GUEST_UUID, "g1");
        decide(w);
        assert_told(w, "added 1 leave g1\n");
}

static void test_one_way_may_say_several_things_of_a_guest(WaysFixture *w, gconstpointer unused) {
        say_grow(GUEST_UUID, "g1");
        fake_way_say(&fake_slice_way, "shrink", GUEST_UUID, "g1", "memory");
        decide(w);
        assert_told(w, "added 1 grow g1\nadded 2 shrink g1\n");
}

static void test_what_somebody_did_is_noted_and_withdrawn(WaysFixture *w, gconstpointer unused) {
        say_grow(GUEST_UUID, "g1");
        say_leave(OTHER_UUID, "g2");
        decide(w);
        g_string_truncate(w->told, 0);
        fake_slice_way.done_kind = "grow";
        send_event(&w->f, GUEST_TUNED, GUEST_UUID, NULL);
        assert_told(w, "removed 2 grow g1\n");
        g_assert_cmpuint(fake_slice_way.n_done, ==, 1);
}

static void test_it_is_noted_once_without_an_event(WaysFixture *w, gconstpointer unused) {
        say_grow(GUEST_UUID, "g1");
        decide(w);
        fake_slice_way.done_kind = "grow";
        fake_way_be_silent(&fake_slice_way);
        decide(w);
        decide(w);
        assert_told(w, "added 1 grow g1\nremoved 1 grow g1\n");
        g_assert_cmpuint(fake_slice_way.n_done, ==, 1);
}

static void test_who_needs_time_is_waited_for(WaysFixture *w, gconstpointer unused) {
        say_leave(GUEST_UUID, "g1");
        fake_slice_way.waits = true;
        decide(w);
        decide(w);
        g_assert_cmpuint(fake_slice_way.n_begun, ==, 1);
        g_assert_cmpuint(fake_slice_way.n_decided, ==, 0);
        assert_told(w, "");
        fake_slice_way.waits = false;
        advisor_turn(advisor(w), w->monotonic + 10 * G_USEC_PER_SEC);
        assert_told(w, "added 1 leave g1\n");
}

static void test_frozen_time_passes_for_all(WaysFixture *w, gconstpointer unused) {
        say_leave(GUEST_UUID, "g1");
        decide(w);
        g_assert_true(advisor_freeze(advisor(w), true, NULL));
        assert_told(w, "added 1 leave g1\nremoved 1 leave g1\n");
        decide(w);
        assert_told(w, "");
        g_assert_cmpuint(fake_guest_way.n_decided, ==, 2);
}

static void test_what_cannot_be_loaded_is_an_error(WaysFixture *w, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_true(advisor_load(advisor(w), NULL));
        fake_slice_way.fails_to_load = true;
        g_assert_false(advisor_load(advisor(w), &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
}

/* Carrying out ---------------------------------------------------------------------------- */

static void on_applied(void *userdata, const GError *error) {
        WaysFixture *w = userdata;

        g_assert_null(w->answer);
        w->answer = g_strdup(error ? error->message : "done");
}

static void apply(WaysFixture *w, const char *id) {
        g_clear_pointer(&w->answer, g_free);
        advisor_apply(advisor(w), id, on_applied, w);
}

static void test_each_way_carries_out_its_own(WaysFixture *w, gconstpointer unused) {
        say_grow(GUEST_UUID, "g1");
        say_leave(OTHER_UUID, "g2");
        decide(w);
        g_string_truncate(w->told, 0);
        apply(w, "2");
        assert_told(w, "removed 2 grow g1\n");
        g_assert_cmpstr(fake_slice_way.applied, ==, "grow g1 cores");
        g_assert_null(fake_guest_way.applied);
        g_assert_null(w->answer);

        apply(w, "1");
        g_assert_cmpstr(w->answer, ==,
                        "Advice 2 is carried out just now: try it again when that has ended");
        g_clear_pointer(&w->answer, g_free);
        fake_way_end(&fake_slice_way, NULL);
        g_assert_cmpstr(w->answer, ==, "done");
        g_assert_cmpuint(fake_slice_way.n_done, ==, 1);
}

static void test_nothing_is_advised_of_whom_something_is_done_to(WaysFixture *w,
                                                                 gconstpointer unused) {
        g_autoptr(GError) error = g_error_new(FERRY_ERROR, FERRY_ERROR_HARDWARE, "it is broken");

        say_grow(GUEST_UUID, "g1");
        decide(w);
        apply(w, "1");
        g_string_truncate(w->told, 0);
        say_leave(GUEST_UUID, "g1");
        decide(w);
        assert_told(w, "");

        fake_way_end(&fake_slice_way, error);
        g_assert_cmpstr(w->answer, ==, "it is broken");
        g_assert_cmpuint(fake_slice_way.n_done, ==, 0);
        decide(w);
        assert_told(w, "added 2 leave g1\n");
}

/* By itself ------------------------------------------------------------------------------- */

static char *check(void *userdata, const AdvisorDraft *draft, const GuestEvent *found) {
        g_string_append_printf(userdata, "%s of %s\n", draft->kind, found->name);
        return NULL;
}

static void test_all_guests_of_an_advice_are_checked(WaysFixture *w, gconstpointer unused) {
        g_autoptr(GString) checked = g_string_new(NULL);

        advisor_draft_set_other(say_grow(OTHER_UUID, "g2"), GUEST_UUID, "g1");
        advisor_set_check(advisor(w), check, checked);
        decide(w);
        assert_asked(&w->f, "find " GUEST_UUID "\n");
        answer_with(&w->f, guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL));
        assert_asked(&w->f, "find " OTHER_UUID "\n");
        g_assert_null(fake_slice_way.applied);
        answer_with(&w->f, guest_xml("g2", OTHER_UUID, HERE_MDEV, NULL));
        g_assert_cmpstr(checked->str, ==, "grow of g1\ngrow of g1\n");
        g_assert_cmpstr(fake_slice_way.applied, ==, "grow g2 cores");
        fake_way_end(&fake_slice_way, NULL);
}

static void test_what_a_way_leaves_to_persons_is_not_done(WaysFixture *w, gconstpointer unused) {
        g_autoptr(GString) checked = g_string_new(NULL);

        say_grow(GUEST_UUID, "g1")->act = false;
        advisor_set_check(advisor(w), check, checked);
        decide(w);
        assert_told(w, "added 1 grow g1\n");
        assert_asked(&w->f, "");
}

/* Drafts ---------------------------------------------------------------------------------- */

static void test_a_shell_takes_the_commands(void) {
        g_autoptr(AdvisorDraft) draft = advisor_draft_new("leave", GUEST_UUID, "g 1", "");

        advisor_draft_add_command(draft, "virt-ferry", "migrate", "g 1", "qemu+ssh://b/system",
                                  "-x", "a'b", NULL);
        g_assert_cmpstr(draft->commands->pdata[0], ==,
                        "virt-ferry migrate 'g 1' qemu+ssh://b/system '-x' 'a'\\''b'");
}

#define ADD_CONFIGURED(name, config, function) \
        g_test_add("/advisor-ways/" name, WaysFixture, config, set_up, function, tear_down)
#define ADD(name, function) ADD_CONFIGURED(name, NULL, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("all are told what comes, changes and goes",
            test_all_are_told_what_comes_changes_and_goes);
        ADD("another guest at the target is another advice",
            test_another_guest_at_the_target_is_another_advice);
        ADD("who leaves is not advised anything else",
            test_who_leaves_is_not_advised_anything_else);
        ADD("the other guest counts, too", test_the_other_guest_counts_too);
        ADD("one way may say several things of a guest",
            test_one_way_may_say_several_things_of_a_guest);
        ADD("what somebody did is noted and withdrawn",
            test_what_somebody_did_is_noted_and_withdrawn);
        ADD("it is noted once without an event", test_it_is_noted_once_without_an_event);
        ADD("who needs time is waited for", test_who_needs_time_is_waited_for);
        ADD("frozen, time passes for all", test_frozen_time_passes_for_all);
        ADD("what cannot be loaded is an error", test_what_cannot_be_loaded_is_an_error);
        ADD("each way carries out its own", test_each_way_carries_out_its_own);
        ADD("nothing is advised of whom something is done to",
            test_nothing_is_advised_of_whom_something_is_done_to);
        ADD_CONFIGURED("all guests of an advice are checked", ACT,
                       test_all_guests_of_an_advice_are_checked);
        ADD_CONFIGURED("what a way leaves to persons is not done", ACT,
                       test_what_a_way_leaves_to_persons_is_not_done);
        g_test_add_func("/advisor-ways/a shell takes the commands",
                        test_a_shell_takes_the_commands);
        return g_test_run();
}
