/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "nova-driver-shim/placement/tree.h"
#include "nova-driver-shim/placement/uuid5.h"

#define ROOT  "3d1c0f5e-5a0b-4b8e-9d5e-0a4d7c9f1e22"
#define PF    "0000:3b:00.0"
#define GUEST "11111111-2222-4333-8444-555555555555"
#define OTHER "99999999-2222-4333-8444-555555555555"

static const char *const nobody[] = { NULL };

/* A PF with 8 VFs, of which 3 are taken and 2 are expected to be used. */
static HostState *host_with_pf(void) {
        HostState *state = host_state_new();
        HostDevice *pf = host_state_device(state, PF);

        host_device_set(pf, HOST_VFS, &(HostAmount){ 8, 3, 2 }, HOST_LEVEL_MED);
        host_device_set(pf, HOST_LANES, &(HostAmount){ 16, 0, 0 }, HOST_LEVEL_HIGH);
        pf->migratable = true;
        host_device_add_format(pf, "CUSTOM_VIRTFERRY_FORMAT_IGB_0");
        host_device_add_format(pf, "CUSTOM_VIRTFERRY_FORMAT_IGB_0");
        return state;
}

static void test_a_provider_has_the_same_uuid_after_each_start(void) {
        g_autoptr(HostState) state = host_with_pf();
        g_autoptr(Tree) one = tree_new(ROOT, "compute1", state);
        g_autoptr(Tree) other = tree_new(ROOT, "renamed", state);
        const TreeProvider *a = one->providers->pdata[0], *b = other->providers->pdata[0];
        g_autofree char *expected = uuid5_new(UUID5_VIRTFERRY, ROOT "/" PF);

        g_assert_cmpstr(a->uuid, ==, expected);
        g_assert_cmpstr(b->uuid, ==, expected);
        g_assert_cmpstr(a->name, ==, "compute1_virtferry_" PF);
        g_assert_true(tree_find(one, expected) == a);
}

static void test_ours_is_whose_uuid_is_made_of_its_name(void) {
        g_autofree char *uuid = tree_uuid(ROOT, PF);

        g_assert_true(tree_is_ours(ROOT, uuid, "compute1_virtferry_" PF));
        g_assert_true(tree_is_ours(ROOT, uuid, "a_virtferry_b_virtferry_" PF));
        g_assert_false(tree_is_ours(ROOT, uuid, "compute1_" PF));
        g_assert_false(tree_is_ours(ROOT, uuid, "compute1_virtferry_0000:3c:00.0"));
        g_assert_false(tree_is_ours(OTHER, uuid, "compute1_virtferry_" PF));
}

static void test_a_device_without_anything_is_no_provider(void) {
        g_autoptr(HostState) state = host_with_pf();
        g_autoptr(Tree) tree = NULL;

        host_device_set(host_state_device(state, "dpu0"), HOST_CORES, &(HostAmount){ 0 },
                        HOST_LEVEL_LOW);
        tree = tree_new(ROOT, "compute1", state);
        g_assert_cmpuint(tree->providers->len, ==, 1);
}

static void test_traits_say_the_worst_level_the_formats_and_that_it_moves(void) {
        g_autoptr(HostState) state = host_with_pf();
        g_autoptr(Tree) tree = tree_new(ROOT, "compute1", state);
        const TreeProvider *provider = tree->providers->pdata[0];

        g_assert_cmpuint(provider->traits->len, ==, 3);
        g_assert_cmpstr(provider->traits->pdata[0], ==, "CUSTOM_VIRTFERRY_FORMAT_IGB_0");
        g_assert_cmpstr(provider->traits->pdata[1], ==, "CUSTOM_VIRTFERRY_HEADROOM_MED");
        g_assert_cmpstr(provider->traits->pdata[2], ==, "CUSTOM_VIRTFERRY_MIGRATABLE");
}

static void test_reserved_is_what_others_hold_and_what_is_expected(void) {
        g_autoptr(HostState) state = host_with_pf();
        g_autoptr(Tree) tree = tree_new(ROOT, "compute1", state);
        const TreeProvider *provider = tree->providers->pdata[0];

        g_assert_cmpuint(tree_reserved(tree, provider, HOST_VFS, nobody), ==, 5);
        g_assert_cmpuint(tree_reserved(tree, provider, HOST_LANES, nobody), ==, 0);
}

/* Its allocation has taken it from what others can have already. */
static void test_what_a_consumer_holds_is_not_reserved_as_well(void) {
        static const char *const consumers[] = { OTHER, GUEST, NULL };
        g_autoptr(HostState) state = host_with_pf();
        g_autoptr(Tree) tree = NULL;

        host_state_hold(state, GUEST, PF, HOST_VFS, 1);
        host_state_hold(state, GUEST, PF, HOST_VFS, 1);
        tree = tree_new(ROOT, "compute1", state);
        g_assert_cmpuint(tree_reserved(tree, tree->providers->pdata[0], HOST_VFS, nobody), ==, 5);
        g_assert_cmpuint(tree_reserved(tree, tree->providers->pdata[0], HOST_VFS, consumers), ==,
                         3);

        /* more than is taken: a device that has just gone from the sum */
        host_state_hold(state, GUEST, PF, HOST_VFS, 7);
        g_assert_cmpuint(tree_reserved(tree, tree->providers->pdata[0], HOST_VFS, consumers), ==,
                         2);
}

static void test_functions_of_a_slice_that_are_leased_count_once(void) {
        g_autoptr(HostState) state = host_with_pf();
        const HostHold *hold;

        host_state_hold(state, GUEST, PF, HOST_VFS, 1);
        host_state_hold_least(state, GUEST, PF, HOST_VFS, 1);
        host_state_hold_least(state, OTHER, PF, HOST_VFS, 2);
        g_assert_cmpuint(state->holds->len, ==, 2);
        hold = state->holds->pdata[0];
        g_assert_cmpuint(hold->amount, ==, 1);
        hold = state->holds->pdata[1];
        g_assert_cmpuint(hold->amount, ==, 2);
}

static void test_a_host_that_is_drained_has_all_reserved(void) {
        g_autoptr(HostState) state = host_with_pf();
        g_autoptr(Tree) tree = NULL;

        state->closed = true;
        tree = tree_new(ROOT, "compute1", state);
        g_assert_cmpuint(tree_reserved(tree, tree->providers->pdata[0], HOST_VFS, nobody), ==, 8);
        g_assert_cmpuint(tree_reserved(tree, tree->providers->pdata[0], HOST_LANES, nobody), ==,
                         16);
}

static void test_no_number_is_larger_than_placement_takes(void) {
        g_autoptr(HostState) state = host_state_new();
        g_autoptr(Tree) tree = NULL;
        const TreeProvider *provider;

        host_device_set(host_state_device(state, PF), HOST_BANDWIDTH,
                        &(HostAmount){ UINT64_MAX, UINT64_MAX, UINT64_MAX }, HOST_LEVEL_LOW);
        tree = tree_new(ROOT, "compute1", state);
        provider = tree->providers->pdata[0];
        g_assert_cmpuint(provider->amounts[HOST_BANDWIDTH].total, ==, 2147483647);
        g_assert_cmpuint(tree_reserved(tree, provider, HOST_BANDWIDTH, nobody), ==, 2147483647);
}

static void test_a_long_host_name_leaves_room_for_the_device(void) {
        g_autoptr(HostState) state = host_with_pf();
        g_autofree char *name = g_strnfill(300, 'h');
        g_autoptr(Tree) tree = tree_new(ROOT, name, state);
        const TreeProvider *provider = tree->providers->pdata[0];

        g_assert_cmpuint(strlen(provider->name), ==, 200);
        g_assert_true(tree_is_ours(ROOT, provider->uuid, provider->name));
}

static void test_holds_are_the_same_in_any_order(void) {
        g_autoptr(HostState) a = host_with_pf(), b = host_with_pf();
        g_autoptr(Tree) one = NULL, other = NULL, more = NULL;

        host_state_hold(a, GUEST, PF, HOST_VFS, 1);
        host_state_hold(a, OTHER, PF, HOST_VFS, 2);
        host_state_hold(b, OTHER, PF, HOST_VFS, 2);
        host_state_hold(b, GUEST, PF, HOST_VFS, 1);
        one = tree_new(ROOT, "compute1", a);
        other = tree_new(ROOT, "compute1", b);
        g_assert_true(
                tree_provider_holds_same(one->providers->pdata[0], other->providers->pdata[0]));

        host_state_hold(b, GUEST, PF, HOST_VFS, 1);
        more = tree_new(ROOT, "compute1", b);
        g_assert_false(
                tree_provider_holds_same(one->providers->pdata[0], more->providers->pdata[0]));
}

static void test_words_of_the_bus_are_found_again(void) {
        for (HostResource i = 0; i < _HOST_RESOURCE_MAX; i++)
                g_assert_cmpint(host_resource_from_string(host_resource_to_string(i)), ==, i);
        for (HostLevel i = 0; i < _HOST_LEVEL_MAX; i++)
                g_assert_cmpint(host_level_from_string(host_level_to_string(i)), ==, i);
        g_assert_cmpint(host_resource_from_string("wheels"), ==, _HOST_RESOURCE_INVALID);
        g_assert_cmpint(host_level_from_string("huge"), ==, _HOST_LEVEL_INVALID);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/tree/" name, function)
        TEST("a-provider-has-the-same-uuid-after-each-start",
             test_a_provider_has_the_same_uuid_after_each_start);
        TEST("ours-is-whose-uuid-is-made-of-its-name", test_ours_is_whose_uuid_is_made_of_its_name);
        TEST("a-device-without-anything-is-no-provider",
             test_a_device_without_anything_is_no_provider);
        TEST("traits-say-the-worst-level-the-formats-and-that-it-moves",
             test_traits_say_the_worst_level_the_formats_and_that_it_moves);
        TEST("reserved-is-what-others-hold-and-what-is-expected",
             test_reserved_is_what_others_hold_and_what_is_expected);
        TEST("what-a-consumer-holds-is-not-reserved-as-well",
             test_what_a_consumer_holds_is_not_reserved_as_well);
        TEST("functions-of-a-slice-that-are-leased-count-once",
             test_functions_of_a_slice_that_are_leased_count_once);
        TEST("a-host-that-is-drained-has-all-reserved",
             test_a_host_that_is_drained_has_all_reserved);
        TEST("no-number-is-larger-than-placement-takes",
             test_no_number_is_larger_than_placement_takes);
        TEST("a-long-host-name-leaves-room-for-the-device",
             test_a_long_host_name_leaves_room_for_the_device);
        TEST("holds-are-the-same-in-any-order", test_holds_are_the_same_in_any_order);
        TEST("words-of-the-bus-are-found-again", test_words_of_the_bus_are_found_again);
        return g_test_run();
}
