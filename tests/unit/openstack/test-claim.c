/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/claim.h"

#define ROOT  "11111111-1111-1111-1111-111111111111"
#define OTHER "22222222-2222-2222-2222-222222222222"
#define PF    "0000:3b:00.0"

typedef struct Fixture {
        HostState *state;
        Tree *tree;
        ApiConsumer *consumer;
        char *pf; /* UUID of its provider */
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        const HostAmount amount = { .total = 8 };

        f->state = host_state_new();
        host_device_set(host_state_device(f->state, PF), HOST_VFS, &amount, HOST_LEVEL_HIGH);
        f->tree = tree_new(ROOT, "hosta", f->state);
        f->pf = tree_uuid(ROOT, PF);
        f->consumer = api_consumer_new(OTHER);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        tree_free(f->tree);
        host_state_free(f->state);
        api_consumer_free(f->consumer);
        g_free(f->pf);
}

static void add(Fixture *f, const char *provider, const char *class_name, uint64_t amount) {
        g_ptr_array_add(f->consumer->allocations, api_allocation_new(provider, class_name, amount));
}

static void test_a_claim_is_said_by_device_and_resource(Fixture *f, gconstpointer unused) {
        g_autoptr(GArray) rows = NULL;
        const ClaimRow *row;
        bool found;

        add(f, f->pf, "CUSTOM_VIRTFERRY_VF", 2);
        add(f, ROOT, "CUSTOM_VIRTFERRY_CORE", 4);
        rows = claim_new(f->consumer, f->tree, &found);

        g_assert_true(found);
        g_assert_cmpuint(rows->len, ==, 2);
        row = &g_array_index(rows, ClaimRow, 0);
        g_assert_cmpstr(row->device, ==, PF);
        g_assert_cmpstr(row->resource, ==, "vfs");
        g_assert_cmpuint(row->amount, ==, 2);
        row = &g_array_index(rows, ClaimRow, 1);
        g_assert_cmpstr(row->device, ==, "");
        g_assert_cmpstr(row->resource, ==, "cores");
}

static void test_what_another_host_gives_is_none_of_ours(Fixture *f, gconstpointer unused) {
        g_autoptr(GArray) rows = NULL;
        bool found;

        add(f, OTHER, "CUSTOM_VIRTFERRY_VF", 2);
        rows = claim_new(f->consumer, f->tree, &found);

        g_assert_false(found);
        g_assert_cmpuint(rows->len, ==, 0);
}

static void test_what_is_novas_own_is_found_and_not_told(Fixture *f, gconstpointer unused) {
        g_autoptr(GArray) rows = NULL;
        bool found;

        add(f, ROOT, "VCPU", 2);
        rows = claim_new(f->consumer, f->tree, &found);

        g_assert_true(found);
        g_assert_cmpuint(rows->len, ==, 0);
}

#define TEST(name, function) g_test_add("/claim/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("a claim is said by device and resource", test_a_claim_is_said_by_device_and_resource);
        TEST("what another host gives is none of ours",
             test_what_another_host_gives_is_none_of_ours);
        TEST("what is Nova's own is found and not told",
             test_what_is_novas_own_is_found_and_not_told);
        return g_test_run();
}
