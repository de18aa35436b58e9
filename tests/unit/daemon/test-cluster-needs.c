/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/needs.h"

#include <math.h>
#include <string.h>

#include "daemon/cluster/bands.h"

#define UUID "11111111-2222-4333-8444-555555555555"

/* With a VF whose state it brings, one that the operator wants otherwise, and a slice. */
#define DOMAIN                                                                                   \
        "<domain type='kvm'><name>g1</name><uuid>" UUID "</uuid><metadata>"                      \
        "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'>"                                \
        "<f:device address='0000:00:05.0'><f:seen class='sriov' vendor='0x15b3' device='0x101e'" \
        " subsystem-vendor='0x15b3' subsystem-device='0x0058' revision='0x02'"                   \
        " driver='mlx5_vfio_pci' driver-version='5.1' firmware='22.39'"                          \
        " vfio='stop-copy pre-copy'/></f:device>"                                                \
        "<f:device address='0000:00:06.0'><f:need class='sriov' pool='fast'/></f:device>"        \
        "<f:slice version='1'><f:cores count='3' share='50'/><f:memory size='1' unit='GiB'/>"    \
        "<f:offload name='dp' pool='dpu0' cores='2' memory-mib='64' mbit='10000'/>"              \
        "</f:slice></f:domain></metadata><devices>" DEVICE("3b", 5) DEVICE("3c", 6) "</devices>" \
                                                                                    "</domain>"
#define DEVICE(bus, slot)                                                              \
        "<hostdev mode='subsystem' type='pci' managed='yes'>"                          \
        "<source><address domain='0' bus='0x" bus "' slot='0' function='2'/></source>" \
        "<address type='pci' domain='0' bus='0' slot='" #slot "' function='0'/></hostdev>"

typedef struct Fixture {
        Compat *compat;
        Domain *domain;
        PlaceGuest *here;
        ClusterLoad *load; /* as another host has read it */
        ClusterNeeds *there;
} Fixture;

static const ClusterLoadGuest *told(const Fixture *f) {
        return f->load->guests->pdata[0];
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterLoad) load = cluster_load_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        ClusterLoadGuest *guest;

        f->compat = compat_new();
        f->domain = domain_from_xml(DOMAIN, strlen(DOMAIN), &error);
        g_assert_no_error(error);
        f->here = place_guest_new(f->domain, f->compat, &error);
        g_assert_no_error(error);
        guest = cluster_load_add_guest(load, UUID);
        guest->name = g_strdup("g1");
        cluster_needs_tell(load, guest, f->here);
        text = cluster_load_to_json(load);
        f->load = cluster_load_from_json(text, &error);
        g_assert_no_error(error);
        f->there = cluster_needs_new(f->load, told(f), "a", f->compat);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        cluster_needs_free(f->there);
        cluster_load_free(f->load);
        place_guest_free(f->here);
        domain_free(f->domain);
        compat_free(f->compat);
}

static void assert_same_want(const Want *a, const Want *b) {
        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_true(a->class == b->class);
        g_assert_cmpstr(a->type, ==, b->type);
        g_assert_cmpstr(a->pool, ==, b->pool);
        g_assert_cmpstr(a->driver, ==, b->driver);
        g_assert_cmpint(a->vendor, ==, b->vendor);
        g_assert_cmpint(a->product, ==, b->product);
        g_assert_cmpint(a->revision, ==, b->revision);
        g_assert_true(a->must_migrate == b->must_migrate);
        g_assert_true(a->rule == b->rule);
        g_assert_cmpint(a->state != NULL, ==, b->state != NULL);
        if (a->state)
                g_assert_true(fingerprint_equal(a->state, b->state));
}

static void test_another_host_asks_for_the_same(Fixture *f, gconstpointer unused) {
        const PlaceGuest *there = cluster_needs_get(f->there);
        const SliceOffload *one = f->here->offloads->pdata[0], *other = there->offloads->pdata[0];

        g_assert_cmpstr(there->name, ==, "g1");
        g_assert_cmpstr(there->host, ==, "a");
        g_assert_cmpuint(there->wants->len, ==, 2);
        for (guint i = 0; i < 2; i++)
                assert_same_want(f->here->wants->pdata[i], there->wants->pdata[i]);
        g_assert_nonnull(((const Want *)there->wants->pdata[0])->state);
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                g_assert_cmpuint(f->here->amounts[r], ==, there->amounts[r]);
        g_assert_cmpuint(there->amounts[HEADROOM_MEMORY], ==, 1024);
        g_assert_cmpstr(one->pool, ==, other->pool);
        g_assert_cmpuint(other->cores, ==, 2);
        g_assert_cmpuint(one->memory_mib, ==, other->memory_mib);
        g_assert_cmpuint(one->mbit, ==, other->mbit);
}

static void test_guests_that_are_alike_share_their_kinds(Fixture *f, gconstpointer unused) {
        guint before = f->load->kinds->len;
        ClusterLoadGuest *second = cluster_load_add_guest(f->load, "g2");

        cluster_needs_tell(f->load, second, f->here);
        g_assert_cmpuint(before, ==, 3);
        g_assert_cmpuint(f->load->kinds->len, ==, before);
        g_assert_cmpint(g_array_index(second->wants, ClusterLoadWant, 0).kind, ==,
                        g_array_index(told(f)->wants, ClusterLoadWant, 0).kind);
}

static void test_more_than_others_read_is_not_told(Fixture *f, gconstpointer unused) {
        Fingerprint *state = (Fingerprint *)((Want *)f->here->wants->pdata[0])->state;

        g_assert_true(cluster_needs_can_be_told(f->here));
        g_free(state->firmware);
        state->firmware = g_strnfill(CLUSTER_NAME_MAX + 1, 'x');
        g_assert_false(cluster_needs_can_be_told(f->here));
}

/* Of a later release. */
static void test_who_needs_a_class_that_nobody_knows_has_no_place(Fixture *f,
                                                                  gconstpointer unused) {
        ClusterKind *kind = &g_array_index(f->load->kinds, ClusterKind,
                                           g_array_index(told(f)->wants, ClusterLoadWant, 1).kind);

        cluster_word_free(kind->class);
        kind->class = cluster_word("warp");
        g_assert_null(cluster_needs_new(f->load, told(f), "a", f->compat));
}

/* Bands ----------------------------------------------------------------------------- */

static void test_bands_are_told_as_short_as_they_may_be(void) {
        DemandBand bands[BALANCE_BANDS] = { 0 }, read[BALANCE_BANDS];
        ClusterLoadBands told = { 0 };

        for (unsigned hour = 0; hour < POLICY_HOURS; hour++) {
                bands[hour] = (DemandBand){ 1, 0.9, 1.5 + hour, 2.25 + hour };
                bands[BALANCE_MEMORY * POLICY_HOURS + hour] = (DemandBand){ 1e9, 1e9, 1e9, 2e9 };
        }
        cluster_bands_tell(&told, bands);
        g_assert_cmpuint(told.things[BALANCE_CPU]->len, ==, 72);
        g_assert_cmpuint(told.things[BALANCE_MEMORY]->len, ==, 3);
        g_assert_null(told.things[BALANCE_NETWORK]);

        cluster_bands_read(&told, read);
        g_assert_cmpfloat_with_epsilon(read[7].mean, 1, 1e-9);
        g_assert_cmpfloat_with_epsilon(read[7].p95, 8.5, 1e-9);
        g_assert_cmpfloat_with_epsilon(read[7].p99, 9.25, 1e-9);
        g_assert_cmpfloat_with_epsilon(read[BALANCE_MEMORY * POLICY_HOURS + 23].p99, 2e9, 1e6);
        g_assert_cmpfloat(read[BALANCE_NETWORK * POLICY_HOURS].p99, ==, 0);
        g_array_unref(told.things[BALANCE_CPU]);
        g_array_unref(told.things[BALANCE_MEMORY]);
}

static void test_numbers_that_are_none_are_not_told(void) {
        g_assert_cmpint(cluster_amount_of_thing(BALANCE_CPU, NAN), ==, 0);
        g_assert_cmpint(cluster_amount_of_thing(BALANCE_CPU, -1), ==, 0);
        g_assert_cmpint(cluster_amount_of_thing(BALANCE_CPU, INFINITY), ==, CLUSTER_NUMBER_MAX);
        g_assert_cmpint(cluster_amount_of_thing(BALANCE_NETWORK, 1499), ==, 1);
}

/* A p99 below the mean, as nobody of ours would tell. */
static void test_bands_of_others_are_put_in_their_order(void) {
        const int64_t numbers[] = { 300, 200, 100 };
        ClusterLoadBands told = { .things = { g_array_new(FALSE, FALSE, sizeof(int64_t)) } };
        DemandBand read[BALANCE_BANDS];

        g_array_append_vals(told.things[0], numbers, 3);
        cluster_bands_read(&told, read);
        g_assert_cmpfloat(read[0].p50, <=, read[0].p95);
        g_assert_cmpfloat(read[0].p95, <=, read[0].p99);
        g_array_unref(told.things[0]);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-needs/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("another host asks for the same", test_another_host_asks_for_the_same);
        ADD("guests that are alike share their kinds",
            test_guests_that_are_alike_share_their_kinds);
        ADD("more than others read is not told", test_more_than_others_read_is_not_told);
        ADD("who needs a class that nobody knows has no place",
            test_who_needs_a_class_that_nobody_knows_has_no_place);
        g_test_add_func("/cluster-bands/bands are told as short as they may be",
                        test_bands_are_told_as_short_as_they_may_be);
        g_test_add_func("/cluster-bands/numbers that are none are not told",
                        test_numbers_that_are_none_are_not_told);
        g_test_add_func("/cluster-bands/bands of others are put in their order",
                        test_bands_of_others_are_put_in_their_order);
        return g_test_run();
}
