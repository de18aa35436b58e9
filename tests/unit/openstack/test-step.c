/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nova-driver-shim/placement/names.h"
#include "nova-driver-shim/placement/step.h"

#define ROOT  "3d1c0f5e-5a0b-4b8e-9d5e-0a4d7c9f1e22"
#define PF    "0000:3b:00.0"
#define DPU   "dpu0"
#define GUEST "11111111-2222-4333-8444-555555555555"

/* What stands between wanted and found: the host, and what was answered so far. */
typedef struct Fixture {
        HostState *host;
        Tree *tree;
        Found *found;
        char *pf, *dpu; /* UUIDs */
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->host = host_state_new();
        f->found = found_new(ROOT);
        f->pf = tree_uuid(ROOT, PF);
        f->dpu = tree_uuid(ROOT, DPU);
        host_device_set(host_state_device(f->host, PF), HOST_VFS, &(HostAmount){ 8, 0, 0 },
                        HOST_LEVEL_HIGH);
        f->tree = tree_new(ROOT, "compute1", f->host);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        tree_free(f->tree);
        host_state_free(f->host);
        found_free(f->found);
        g_free(f->pf);
        g_free(f->dpu);
}

static void host_changes(Fixture *f) {
        tree_free(f->tree);
        f->tree = tree_new(ROOT, "compute1", f->host);
}

/* Answers -------------------------------------------------------------------------- */

static void answer_tree(Fixture *f, int64_t generation, const char *name, const char *uuid) {
        ApiProvider root = { (char *)ROOT, (char *)"compute1", NULL, (char *)ROOT, 7 };
        ApiProvider child = { (char *)uuid, (char *)name, (char *)ROOT, (char *)ROOT, generation };
        g_autoptr(GPtrArray) providers = g_ptr_array_new();

        g_ptr_array_add(providers, &root);
        if (uuid)
                g_ptr_array_add(providers, &child);
        g_assert_true(found_take_tree(f->found, providers));
}

static void answer_inventory(Fixture *f, const char *uuid, int64_t generation,
                             const GPtrArray *inventories, bool written) {
        const ApiAnswer answer = { .generation = generation,
                                   .inventories = (GPtrArray *)inventories };

        found_take_inventories(f->found, uuid, &answer, written);
}

static void answer_names(Fixture *f, StepKind kind, const char *uuid, int64_t generation,
                         const char *const *names) {
        const ApiAnswer answer = { .generation = generation, .names = (char **)names };

        if (kind == STEP_READ_CONSUMERS)
                found_take_consumers(f->found, uuid, &answer);
        else
                found_take_traits(f->found, uuid, &answer, kind == STEP_TRAITS);
}

/* As Placement would, when all goes well. */
static void do_it(Fixture *f, const Step *step) {
        ApiProvider made = { step->uuid, step->name, (char *)ROOT, (char *)ROOT, 0 };
        const FoundProvider *there = step->uuid ? found_find(f->found, step->uuid) : NULL;
        const char *const nobody[] = { NULL };

        /* another one would be refused */
        if (step->kind == STEP_INVENTORIES || step->kind == STEP_TRAITS)
                g_assert_cmpint(step->generation, ==, there->generation);

        switch (step->kind) {
        case STEP_CLASS:
        case STEP_TRAIT:
                found_take_name(f->found, step->name);
                break;
        case STEP_CREATE:
        case STEP_RENAME:
                found_take_provider(f->found, &made);
                break;
        case STEP_INVENTORIES:
                answer_inventory(f, step->uuid, step->generation + 1, step->inventories, true);
                break;
        case STEP_TRAITS:
                answer_names(f, STEP_TRAITS, step->uuid, step->generation + 1,
                             (const char *const *)step->traits);
                break;
        case STEP_DELETE:
                found_take_deleted(f->found, step->uuid);
                break;
        case STEP_READ_CONSUMERS:
                answer_names(f, step->kind, step->uuid, there->generation, nobody);
                break;
        case STEP_NONE:
        case STEP_READ_TREE:
        case STEP_READ_INVENTORIES:
        case STEP_READ_TRAITS:
                g_assert_not_reached();
        }
}

/* Until nothing is left to do; how many steps that were. */
static unsigned settle(Fixture *f) {
        for (unsigned n = 0; n < 100; n++) {
                g_autoptr(Step) step = step_next(f->tree, f->found);

                if (step->kind == STEP_NONE)
                        return n;
                do_it(f, step);
        }
        g_assert_not_reached();
}

static void publish(Fixture *f) {
        answer_tree(f, 0, NULL, NULL);
        (void)settle(f);
}

static Step *expect(Fixture *f, StepKind kind) {
        Step *step = step_next(f->tree, f->found);

        g_assert_cmpint(step->kind, ==, kind);
        return step;
}

static const ApiInventory *row(const Step *step, guint i) {
        g_assert_cmpuint(i, <, step->inventories->len);
        return step->inventories->pdata[i];
}

/* Tests ---------------------------------------------------------------------------- */

static void test_first_the_tree_is_read(Fixture *f, gconstpointer unused) {
        g_autoptr(Step) step = expect(f, STEP_READ_TREE);

        g_assert_cmpstr(step->uuid, ==, ROOT);
        g_assert_false(step_is_write(step));
}

static void test_a_new_host_is_published_without_a_read_more(Fixture *f, gconstpointer unused) {
        const FoundProvider *there;
        const ApiInventory *vfs;

        answer_tree(f, 0, NULL, NULL);
        /* class, provider, inventory, trait, traits */
        g_assert_cmpuint(settle(f), ==, 5);
        there = found_find(f->found, f->pf);
        g_assert_cmpstr(there->name, ==, "compute1_virtferry_" PF);
        vfs = there->inventories->pdata[0];
        g_assert_cmpstr(vfs->class_name, ==, "CUSTOM_VIRTFERRY_VF");
        g_assert_cmpuint(vfs->total, ==, 8);
        g_assert_cmpuint(vfs->reserved, ==, 0);
        g_assert_cmpstr(there->traits[0], ==, NAMES_HEADROOM_HIGH);
}

static void test_what_is_published_asks_for_nothing(Fixture *f, gconstpointer unused) {
        const FoundProvider *there;

        publish(f);
        there = found_find(f->found, f->pf);
        answer_tree(f, there->generation, "compute1_virtferry_" PF, f->pf);
        step_free(expect(f, STEP_NONE));
}

static void test_only_what_somebody_has_changed_is_read_again(Fixture *f, gconstpointer unused) {
        publish(f);
        answer_tree(f, 99, "compute1_virtferry_" PF, f->pf);
        step_free(expect(f, STEP_READ_INVENTORIES));
}

/* A guest that has gone may have left some. */
static void test_whose_allocations_there_are_is_read_at_last(Fixture *f, gconstpointer unused) {
        publish(f);
        found_doubt_consumers(f->found, f->pf);
        step_free(expect(f, STEP_READ_CONSUMERS));
        g_assert_cmpuint(settle(f), ==, 1);
}

static void test_one_that_was_deleted_is_made_again(Fixture *f, gconstpointer unused) {
        publish(f);
        answer_tree(f, 0, NULL, NULL);
        step_free(expect(f, STEP_CREATE));
}

static void test_a_provider_of_another_name_or_place_is_mended(Fixture *f, gconstpointer unused) {
        g_autoptr(Step) step = NULL;

        publish(f);
        answer_tree(f, 5, "old_virtferry_" PF, f->pf);
        step = expect(f, STEP_RENAME);
        g_assert_cmpstr(step->name, ==, "compute1_virtferry_" PF);
}

static void test_a_change_of_the_host_is_one_write(Fixture *f, gconstpointer unused) {
        publish(f);
        host_device_set(host_state_device(f->host, PF), HOST_VFS, &(HostAmount){ 8, 2, 1 },
                        HOST_LEVEL_HIGH);
        host_changes(f);
        {
                g_autoptr(Step) step = expect(f, STEP_INVENTORIES);

                g_assert_cmpuint(row(step, 0)->reserved, ==, 3);
        }
        g_assert_cmpuint(settle(f), ==, 1);
}

/* Whether a guest is Nova's is asked before its device is reserved. */
static void test_a_guest_that_comes_is_looked_for_among_the_consumers(Fixture *f,
                                                                      gconstpointer unused) {
        static const char *const consumers[] = { GUEST, NULL };

        publish(f);
        found_doubt_consumers(f->found, f->pf);
        host_device_set(host_state_device(f->host, PF), HOST_VFS, &(HostAmount){ 8, 1, 0 },
                        HOST_LEVEL_HIGH);
        host_state_hold(f->host, GUEST, PF, HOST_VFS, 1);
        host_changes(f);
        step_free(expect(f, STEP_READ_CONSUMERS));

        answer_names(f, STEP_READ_CONSUMERS, f->pf, found_find(f->found, f->pf)->generation,
                     consumers);
        step_free(expect(f, STEP_NONE));
}

/* The claim of the guest has changed the provider, too: that is seen when it is written, or with
 * the next look at the tree. Nobody who changes it all the time can make us read all the time. */
static void test_a_write_is_of_the_generation_at_which_it_was_read(Fixture *f,
                                                                   gconstpointer unused) {
        static const char *const consumers[] = { NULL };
        int64_t before;

        publish(f);
        before = found_find(f->found, f->pf)->generation;
        host_device_set(host_state_device(f->host, PF), HOST_VFS, &(HostAmount){ 8, 1, 0 },
                        HOST_LEVEL_HIGH);
        host_state_hold(f->host, GUEST, PF, HOST_VFS, 1);
        host_changes(f);
        found_doubt_consumers(f->found, f->pf);
        answer_names(f, STEP_READ_CONSUMERS, f->pf, 50, consumers);
        {
                g_autoptr(Step) step = expect(f, STEP_INVENTORIES);

                g_assert_cmpint(step->generation, ==, before);
        }

        answer_tree(f, 50, "compute1_virtferry_" PF, f->pf);
        step_free(expect(f, STEP_READ_INVENTORIES));
}

static void test_an_answer_that_is_not_what_was_written_is_seen(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray)
                other = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);
        g_autoptr(Step) step = NULL;

        publish(f);
        host_device_set(host_state_device(f->host, PF), HOST_VFS, &(HostAmount){ 8, 2, 0 },
                        HOST_LEVEL_HIGH);
        host_changes(f);
        step = expect(f, STEP_INVENTORIES);
        g_ptr_array_add(other, api_inventory_new("CUSTOM_VIRTFERRY_VF", 8, 3));
        answer_inventory(f, f->pf, step->generation + 1, other, true);
        g_assert_false(step_has_held(step, f->found));
        answer_inventory(f, f->pf, step->generation + 2, step->inventories, true);
        g_assert_true(step_has_held(step, f->found));
}

static void test_our_own_writes_put_nothing_in_doubt(Fixture *f, gconstpointer unused) {
        const FoundProvider *there;

        publish(f);
        there = found_find(f->found, f->pf);
        g_assert_cmpint(there->generations[FOUND_INVENTORIES], ==, there->generation);
        g_assert_cmpint(there->generations[FOUND_TRAITS], ==, there->generation);
}

static void test_a_class_in_use_stays_with_all_reserved(Fixture *f, gconstpointer unused) {
        g_auto(GStrv) dropped = NULL;

        host_device_set(host_state_device(f->host, PF), HOST_LANES, &(HostAmount){ 16, 0, 0 },
                        HOST_LEVEL_HIGH);
        host_changes(f);
        publish(f);
        host_device_set(host_state_device(f->host, PF), HOST_VFS, &(HostAmount){ 0 },
                        HOST_LEVEL_HIGH);
        host_changes(f);
        {
                g_autoptr(Step) step = expect(f, STEP_INVENTORIES);

                g_assert_cmpuint(step->inventories->len, ==, 1);
                dropped = step_dropped(step, f->found);
                g_assert_cmpstr(dropped[0], ==, "CUSTOM_VIRTFERRY_VF");
        }

        found_keeps(f->found, f->pf, dropped[0]);
        {
                g_autoptr(Step) step = expect(f, STEP_INVENTORIES);

                g_assert_cmpstr(row(step, 1)->class_name, ==, "CUSTOM_VIRTFERRY_VF");
                g_assert_cmpuint(row(step, 1)->total, ==, 8);
                g_assert_cmpuint(row(step, 1)->reserved, ==, 8);
        }
        g_assert_cmpuint(settle(f), ==, 1);

        /* whoever had it has given it back: the provider's generation tells */
        answer_tree(f, 50, "compute1_virtferry_" PF, f->pf);
        g_assert_cmpuint(g_hash_table_size(found_find(f->found, f->pf)->kept), ==, 0);
}

static void test_a_device_that_went_away_is_deleted(Fixture *f, gconstpointer unused) {
        publish(f);
        host_state_free(f->host);
        f->host = host_state_new();
        host_changes(f);
        {
                g_autoptr(Step) step = expect(f, STEP_DELETE);

                g_assert_cmpstr(step->uuid, ==, f->pf);
        }
        g_assert_cmpuint(settle(f), ==, 1);
}

static void test_one_that_is_in_use_is_reserved_instead(Fixture *f, gconstpointer unused) {
        publish(f);
        host_state_free(f->host);
        f->host = host_state_new();
        host_changes(f);
        found_stays(f->found, f->pf);
        {
                g_autoptr(Step) step = expect(f, STEP_INVENTORIES);

                g_assert_cmpuint(row(step, 0)->reserved, ==, 8);
        }
        g_assert_cmpuint(settle(f), ==, 1);
}

static void test_providers_of_others_are_let_be(Fixture *f, gconstpointer unused) {
        host_state_free(f->host);
        f->host = host_state_new();
        host_changes(f);
        answer_tree(f, 3, "compute1_" PF, f->pf); /* as Nova's own for PCI devices */
        step_free(expect(f, STEP_NONE));
        answer_tree(f, 3, "compute1_virtferry_" PF, GUEST); /* a name is not enough */
        step_free(expect(f, STEP_NONE));
}

static void test_what_others_have_put_on_ours_stays(Fixture *f, gconstpointer unused) {
        static const char *const traits[] = { "CUSTOM_RACK_7", NAMES_HEADROOM_LOW, NULL };
        g_autoptr(GPtrArray)
                inventories = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);
        ApiInventory *theirs = api_inventory_new("CUSTOM_LICENSE", 4, 1);

        theirs->min_unit = 2;
        theirs->max_unit = 4;
        theirs->step_size = 2;
        theirs->allocation_ratio = 1.5;
        g_ptr_array_add(inventories, theirs);
        answer_tree(f, 3, "compute1_virtferry_" PF, f->pf);
        answer_inventory(f, f->pf, 3, inventories, false);
        answer_names(f, STEP_READ_TRAITS, f->pf, 3, traits);
        (void)settle(f);

        g_assert_cmpuint(found_find(f->found, f->pf)->inventories->len, ==, 2);
        theirs = found_find(f->found, f->pf)->inventories->pdata[1];
        g_assert_cmpuint(theirs->step_size, ==, 2);
        g_assert_cmpfloat(theirs->allocation_ratio, >, 1.4);
        g_assert_true(g_strv_contains((const char *const *)found_find(f->found, f->pf)->traits,
                                      "CUSTOM_RACK_7"));
        g_assert_false(g_strv_contains((const char *const *)found_find(f->found, f->pf)->traits,
                                       NAMES_HEADROOM_LOW));
}

static void test_one_with_a_problem_does_not_hold_up_the_others(Fixture *f, gconstpointer unused) {
        host_device_set(host_state_device(f->host, DPU), HOST_CORES, &(HostAmount){ 4, 0, 0 },
                        HOST_LEVEL_LOW);
        host_changes(f);
        answer_tree(f, 0, NULL, NULL);
        found_problem(f->found, f->pf, g_strdup("its name is somebody else's"));
        (void)settle(f);
        g_assert_null(found_find(f->found, f->pf));
        g_assert_nonnull(found_find(f->found, f->dpu));

        /* with the next look it is tried again */
        answer_tree(f, found_find(f->found, f->dpu)->generation, "compute1_virtferry_" DPU, f->dpu);
        (void)settle(f);
        g_assert_nonnull(found_find(f->found, f->pf));
}

static void test_when_we_go_all_of_ours_is_reserved_and_nothing_else(Fixture *f,
                                                                     gconstpointer unused) {
        publish(f);
        {
                g_autoptr(Step) step = step_next_to_close(f->found);

                g_assert_cmpint(step->kind, ==, STEP_INVENTORIES);
                g_assert_cmpuint(row(step, 0)->reserved, ==, 8);
                do_it(f, step);
        }
        {
                g_autoptr(Step) step = step_next_to_close(f->found);

                g_assert_cmpint(step->kind, ==, STEP_NONE);
        }
        /* whoever starts next finds it so, and repairs */
        g_assert_cmpuint(settle(f), ==, 1);
}

static void test_what_is_gone_from_placement_is_made_from_the_ground_up(Fixture *f,
                                                                        gconstpointer unused) {
        publish(f);
        found_doubt_all(f->found);
        step_free(expect(f, STEP_READ_TREE));
        answer_tree(f, 0, NULL, NULL);
        step_free(expect(f, STEP_CLASS));
        g_assert_cmpuint(settle(f), ==, 5);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add("/step/" name, Fixture, NULL, set_up, function, tear_down)
        TEST("first-the-tree-is-read", test_first_the_tree_is_read);
        TEST("a-new-host-is-published-without-a-read-more",
             test_a_new_host_is_published_without_a_read_more);
        TEST("what-is-published-asks-for-nothing", test_what_is_published_asks_for_nothing);
        TEST("only-what-somebody-has-changed-is-read-again",
             test_only_what_somebody_has_changed_is_read_again);
        TEST("whose-allocations-there-are-is-read-at-last",
             test_whose_allocations_there_are_is_read_at_last);
        TEST("one-that-was-deleted-is-made-again", test_one_that_was_deleted_is_made_again);
        TEST("a-provider-of-another-name-or-place-is-mended",
             test_a_provider_of_another_name_or_place_is_mended);
        TEST("a-change-of-the-host-is-one-write", test_a_change_of_the_host_is_one_write);
        TEST("a-guest-that-comes-is-looked-for-among-the-consumers",
             test_a_guest_that_comes_is_looked_for_among_the_consumers);
        TEST("a-write-is-of-the-generation-at-which-it-was-read",
             test_a_write_is_of_the_generation_at_which_it_was_read);
        TEST("an-answer-that-is-not-what-was-written-is-seen",
             test_an_answer_that_is_not_what_was_written_is_seen);
        TEST("our-own-writes-put-nothing-in-doubt", test_our_own_writes_put_nothing_in_doubt);
        TEST("a-class-in-use-stays-with-all-reserved", test_a_class_in_use_stays_with_all_reserved);
        TEST("a-device-that-went-away-is-deleted", test_a_device_that_went_away_is_deleted);
        TEST("one-that-is-in-use-is-reserved-instead", test_one_that_is_in_use_is_reserved_instead);
        TEST("providers-of-others-are-let-be", test_providers_of_others_are_let_be);
        TEST("what-others-have-put-on-ours-stays", test_what_others_have_put_on_ours_stays);
        TEST("one-with-a-problem-does-not-hold-up-the-others",
             test_one_with_a_problem_does_not_hold_up_the_others);
        TEST("when-we-go-all-of-ours-is-reserved-and-nothing-else",
             test_when_we_go_all_of_ours_is_reserved_and_nothing_else);
        TEST("what-is-gone-from-placement-is-made-from-the-ground-up",
             test_what_is_gone_from_placement_is_made_from_the_ground_up);
        return g_test_run();
}
