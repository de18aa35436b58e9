/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/allocation-plan.h"
#include "nova-driver-shim/placement/allocation-queue.h"
#include "nova-driver-shim/placement/names.h"

#define ROOT      "11111111-1111-1111-1111-111111111111"
#define ELSEWHERE "22222222-2222-2222-2222-222222222222"
#define GUEST     "33333333-3333-3333-3333-333333333333"
#define PF        "0000:3b:00.0"
#define VF        "CUSTOM_VIRTFERRY_VF"

typedef struct Fixture {
        HostState *state;
        Tree *tree;
        ApiConsumer *has;
        char *pf;
        bool same;
        AllocationQueue *queue;
        const char *consumers[2]; /* of the PF */
        bool unknown;             /* who they are */
} Fixture;

static void make_tree(Fixture *f) {
        g_clear_pointer(&f->tree, tree_free);
        f->tree = tree_new(ROOT, "hosta", f->state);
}

static void hold(Fixture *f, uint64_t amount) {
        host_state_hold(f->state, GUEST, PF, HOST_VFS, amount);
        make_tree(f);
}

static void set_up(Fixture *f, gconstpointer unused) {
        const HostAmount amount = { .total = 8 };

        f->state = host_state_new();
        host_device_set(host_state_device(f->state, PF), HOST_VFS, &amount, HOST_LEVEL_HIGH);
        f->has = api_consumer_new(GUEST);
        f->pf = tree_uuid(ROOT, PF);
        f->queue = allocation_queue_new();
        make_tree(f);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        tree_free(f->tree);
        host_state_free(f->state);
        api_consumer_free(f->has);
        allocation_queue_free(f->queue);
        g_free(f->pf);
}

static void has(Fixture *f, const char *provider, uint64_t amount, const char *type) {
        f->has->generation = 3;
        g_free(f->has->type);
        f->has->type = g_strdup(type);
        g_ptr_array_add(f->has->allocations, api_allocation_new(provider, VF, amount));
}

static ApiConsumer *plan(Fixture *f, const char *state, const char *owner) {
        g_autoptr(GuestRow) guest = state ? guest_row_new(state, owner) : NULL;

        return allocation_plan(f->tree, guest, f->has, &f->same);
}

static void assert_plan(Fixture *f, const char *state, const char *provider, uint64_t amount) {
        g_autoptr(ApiConsumer) wish = plan(f, state, "");
        const ApiAllocation *row;

        g_assert_nonnull(wish);
        g_assert_cmpstr(wish->uuid, ==, GUEST);
        g_assert_cmpint(wish->generation, ==, f->has->generation);
        g_assert_cmpstr(wish->type, ==, NAMES_CONSUMER_TYPE);
        g_assert_nonnull(wish->project);
        g_assert_cmpuint(wish->allocations->len, ==, provider ? 1 : 0);
        if (!provider)
                return;

        row = wish->allocations->pdata[0];
        g_assert_cmpstr(row->provider, ==, provider);
        g_assert_cmpstr(row->class_name, ==, VF);
        g_assert_cmpuint(row->amount, ==, amount);
}

static void assert_nothing(Fixture *f, const char *state, const char *owner) {
        g_assert_null(plan(f, state, owner));
        g_assert_false(f->same);
}

/* The plan --------------------------------------------------------------------------- */

static void test_what_a_guest_holds_becomes_its_own(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        assert_plan(f, "running", f->pf, 2);
        assert_plan(f, "starting", f->pf, 2);
        assert_plan(f, "off", f->pf, 2);
}

static void test_what_is_so_already_is_not_written(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        has(f, f->pf, 2, NAMES_CONSUMER_TYPE);
        g_assert_null(plan(f, "running", ""));
        g_assert_true(f->same);
}

static void test_a_guest_that_has_come_takes_it_along(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        has(f, ELSEWHERE, 2, NAMES_CONSUMER_TYPE);
        assert_plan(f, "running", f->pf, 2);
}

static void test_between_two_hosts_nobody_writes(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        has(f, ELSEWHERE, 2, NAMES_CONSUMER_TYPE);
        assert_nothing(f, "coming", "");
        assert_nothing(f, "leaving", "");
        assert_nothing(f, "off", "");
}

static void test_what_is_elsewhere_is_not_given_up(Fixture *f, gconstpointer unused) {
        has(f, ELSEWHERE, 2, NAMES_CONSUMER_TYPE);
        g_assert_null(plan(f, NULL, NULL));
        g_assert_true(f->same);

        has(f, f->pf, 1, NAMES_CONSUMER_TYPE);
        assert_plan(f, NULL, ELSEWHERE, 2);
}

static void test_a_guest_that_has_gone_gives_up_what_it_had(Fixture *f, gconstpointer unused) {
        has(f, f->pf, 1, NAMES_CONSUMER_TYPE);
        assert_plan(f, NULL, NULL, 0);
}

static void test_what_is_novas_is_never_written(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        assert_nothing(f, "running", "nova");
        assert_nothing(f, "running", "unknown");
        assert_nothing(f, NULL, NULL);
        has(f, f->pf, 1, "INSTANCE");
        assert_nothing(f, "running", "");
}

static void test_on_a_host_that_is_drained_nothing_is_claimed(Fixture *f, gconstpointer unused) {
        f->state->closed = true;
        hold(f, 2);
        assert_nothing(f, "running", "");
}

/* The queue -------------------------------------------------------------------------- */

static const char *const *consumers_of(void *userdata, const char *provider) {
        const Fixture *f = userdata;

        return f->unknown ? NULL : f->consumers;
}

static void assert_next(Fixture *f, const char *consumer) {
        g_autofree char *found = allocation_queue_next(f->queue, f->tree, consumers_of, f);

        g_assert_cmpstr(found, ==, consumer);
}

static void assert_round(Fixture *f, const char *consumer) {
        allocation_queue_begin(f->queue);
        assert_next(f, consumer);
        if (consumer)
                assert_next(f, NULL); /* once a round */
}

static void test_who_holds_something_is_looked_at_until_it_is_so(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        assert_round(f, GUEST);
        assert_round(f, GUEST);
        allocation_queue_settle(f->queue, GUEST);
        f->consumers[0] = GUEST;
        assert_round(f, NULL);

        hold(f, 1); /* more */
        assert_round(f, GUEST);
}

static void test_who_was_taken_away_is_looked_at(Fixture *f, gconstpointer unused) {
        hold(f, 2);
        f->consumers[0] = GUEST;
        assert_round(f, GUEST);
        allocation_queue_settle(f->queue, GUEST);
        assert_round(f, NULL);
        f->consumers[0] = NULL;
        assert_round(f, GUEST);
}

static void test_who_holds_nothing_any_more_is_looked_at(Fixture *f, gconstpointer unused) {
        f->consumers[0] = GUEST;
        assert_round(f, GUEST);
        f->unknown = true;
        assert_round(f, NULL);
}

static void test_a_stranger_is_looked_at_once(Fixture *f, gconstpointer unused) {
        f->consumers[0] = GUEST;
        assert_round(f, GUEST);
        allocation_queue_stranger(f->queue, GUEST);
        assert_round(f, NULL);
}

static void test_what_is_no_guest_has_no_allocations(Fixture *f, gconstpointer unused) {
        host_state_hold(f->state, "trial", PF, HOST_VFS, 1);
        make_tree(f);
        assert_round(f, NULL);
}

#define TEST(name, function) \
        g_test_add("/allocations/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("what a guest holds becomes its own", test_what_a_guest_holds_becomes_its_own);
        TEST("what is so already is not written", test_what_is_so_already_is_not_written);
        TEST("a guest that has come takes it along", test_a_guest_that_has_come_takes_it_along);
        TEST("between two hosts nobody writes", test_between_two_hosts_nobody_writes);
        TEST("what is elsewhere is not given up", test_what_is_elsewhere_is_not_given_up);
        TEST("a guest that has gone gives up what it had",
             test_a_guest_that_has_gone_gives_up_what_it_had);
        TEST("what is Nova's is never written", test_what_is_novas_is_never_written);
        TEST("on a host that is drained nothing is claimed",
             test_on_a_host_that_is_drained_nothing_is_claimed);
        TEST("who holds something is looked at until it is so",
             test_who_holds_something_is_looked_at_until_it_is_so);
        TEST("who was taken away is looked at", test_who_was_taken_away_is_looked_at);
        TEST("who holds nothing any more is looked at",
             test_who_holds_nothing_any_more_is_looked_at);
        TEST("a stranger is looked at once", test_a_stranger_is_looked_at_once);
        TEST("what is no guest has no allocations", test_what_is_no_guest_has_no_allocations);
        return g_test_run();
}
