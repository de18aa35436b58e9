/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/share.h"

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/core/cluster-doc.h"
#include "daemon/drain.h"
#include "daemon/slices.h"
#include "tests/unit/daemon/cluster-store.h"
#include "xml/ferry-error.h"

/* hosta has four mdevs of one type, and eight cores where a test adds them. */
#define MDEV(n) "bbbbbbbb-0000-4000-8000-00000000000" n
#define CPU     "sys/devices/system/cpu/"
#define NODE    "sys/devices/system/node/"
#define TICKS   3 /* in which all is found out and done */
#define MINUTE  60

static const char *const mdevs[] = { MDEV("1"), MDEV("2"), MDEV("3"), MDEV("4") };

typedef struct Case {
        ClusterStore store;
} Case;

static Manager *manager_of(const Case *c) {
        return c->store.manager.manager;
}

/* Seconds, in each of which the store does all that it is asked for. */
static void pass(Case *c, unsigned seconds) {
        for (unsigned i = 0; i < seconds; i++) {
                cluster_store_pass(&c->store, 1);
                cluster_store_run(&c->store);
        }
}

static void settle(Case *c) {
        cluster_on_host_changed(c->store.cluster);
        pass(c, TICKS);
}

static void set_up(Case *c, gconstpointer config) {
        fixture_use_file(&c->store.manager);
        cluster_store_set_up(&c->store, config);
        for (size_t i = 0; i < G_N_ELEMENTS(mdevs); i++)
                fake_root_add_mdev(c->store.manager.root, "mtty", "mtty-1", mdevs[i]);
        g_assert_cmpint(inventory_scan(manager_of(c)->inventory), ==, 0);
}

static void set_up_offering(Case *c, gconstpointer config) {
        set_up(c, config);
        settle(c);
}

static void tear_down(Case *c, gconstpointer config) {
        cluster_store_tear_down(&c->store, NULL);
}

static void add_cores(Case *c) {
        FakeRoot *root = c->store.manager.root;

        fake_root_put(root, CPU "online", "0-7\n", -1);
        fake_root_put(root, NODE "online", "0\n", -1);
        fake_root_put(root, NODE "node0/cpulist", "0-7\n", -1);
        fake_root_put(root, NODE "node0/meminfo", "Node 0 MemTotal: 1048576 kB\n", -1);
        slices_on_host_changed(manager_of(c)->slices);
}

/* What the store says of a lot of hosta; NULL: it has none. */
static ClusterLot *read_lot(const Case *c, const char *resource) {
        g_autofree char *key = g_strconcat("lots/hosta/", resource, NULL);
        const char *text = cluster_store_value(&c->store, key);

        return text ? cluster_lot_from_json(text, NULL) : NULL;
}

static int64_t offered(const Case *c, const char *resource) {
        g_autoptr(ClusterLot) lot = read_lot(c, resource);

        return lot ? lot->offered : 0;
}

static int64_t out(const Case *c, const char *resource) {
        return share_book_out(manager_of(c)->shares, resource);
}

/* "0011": which mdevs are so. */
static void assert_all(const Case *c, int64_t (*count)(const Case *, const char *),
                       const char *expected) {
        g_autofree char *text = g_strnfill(G_N_ELEMENTS(mdevs), '0');

        for (size_t i = 0; i < G_N_ELEMENTS(mdevs); i++)
                text[i] = (char)('0' + count(c, mdevs[i]));
        g_assert_cmpstr(text, ==, expected);
}

static void assert_offered(const Case *c, const char *expected) {
        assert_all(c, offered, expected);
        assert_all(c, out, expected);
}

/* hostb promises it to a domain, as cluster-lot.h says. */
static void promise(Case *c, const char *resource, const char *domain, int64_t amount) {
        g_autofree char *key = g_strconcat("lots/hosta/", resource, NULL), *text = NULL;
        g_autoptr(ClusterLot) lot = read_lot(c, resource);

        g_assert_cmpint(cluster_lot_unpromised(lot), >=, amount);
        cluster_lot_add(lot, domain, "hostb", amount, 1, "nonce-of-b");
        text = cluster_lot_to_json(lot);
        cluster_store_write(&c->store, key, text);
}

static unsigned promises(const Case *c, const char *resource) {
        g_autoptr(ClusterLot) lot = read_lot(c, resource);

        return lot && lot->promises ? lot->promises->len : 0;
}

/* A guest with an mdev comes; what it is given, or why not. */
static char *come(Case *c, GError **error) {
        g_autofree char *guest = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");

        return manager_filter_domain(manager_of(c), "migrate", guest, error);
}

/* It runs here so. */
static void arrive(Case *c, const char *xml) {
        fixture_connect(&c->store.manager);
        send_event(&c->store.manager, GUEST_ARRIVED, GUEST_UUID, xml);
}

/* Offering -------------------------------------------------------------------------- */

static void test_half_of_what_is_free_is_offered(Case *c, gconstpointer unused) {
        add_cores(c);
        settle(c);
        assert_offered(c, "0011");
        g_assert_cmpint(offered(c, "cores"), ==, 4);
        g_assert_cmpint(out(c, "cores"), ==, 4);
        g_assert_cmpint(offered(c, "memory"), ==, 512);
}

static void test_all_or_nothing_where_that_is_said(Case *c, gconstpointer config) {
        assert_offered(c, strstr(config, "Share=0") ? "0000" : "1111");
}

static void test_it_is_out_of_the_book_before_it_is_sent(Case *c, gconstpointer unused) {
        cluster_store_pass(&c->store, 1);
        g_assert_cmpuint(cluster_store_requests(&c->store), >, 0);
        assert_all(c, out, "0011");
        assert_all(c, offered, "0000");
}

static void test_what_cannot_be_stored_is_not_offered(Case *c, gconstpointer unused) {
        store_fail_write(manager_of(c)->store, 0);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Nothing more is offered to the cluster*");
        cluster_store_pass(&c->store, 1);
        g_test_assert_expected_messages();
        cluster_store_run(&c->store);
        assert_offered(c, "0000");
        settle(c); /* and is when it can be */
        assert_offered(c, "0011");
}

static void test_what_a_guest_has_is_not_offered(Case *c, gconstpointer unused) {
        g_autofree char *fitted = come(c, NULL);

        g_assert_nonnull(strstr(fitted, mdevs[0]));
        settle(c);
        assert_offered(c, "0001"); /* of three that are free */
}

static void test_offers_are_taken_back_when_less_is_free(Case *c, gconstpointer unused) {
        g_autofree char *fitted = NULL;

        assert_offered(c, "0011");
        fitted = come(c, NULL);
        g_assert_nonnull(strstr(fitted, mdevs[0]));
        settle(c);
        assert_offered(c, "0001");
}

static void test_a_device_that_is_gone_is_not_offered_any_more(Case *c, gconstpointer unused) {
        g_autofree char *path = g_strdup_printf("sys/bus/mdev/devices/%s", mdevs[3]);

        fake_root_remove(c->store.manager.root, path);
        g_assert_cmpint(inventory_scan(manager_of(c)->inventory), ==, 0);
        settle(c);
        assert_offered(c, "0010"); /* of three */
}

static void test_a_device_that_somebody_has_open_is_not_offered(Case *c, gconstpointer unused) {
        fake_root_hold(c->store.manager.root, mdevs[3]);
        settle(c);
        assert_offered(c, "0010");
        fake_root_release(c->store.manager.root, mdevs[3]);
}

static void test_a_device_that_is_tried_is_not_offered(Case *c, gconstpointer unused) {
        g_assert_true(lease_book_begin_trial(manager_of(c)->leases, mdevs[0], NULL));
        settle(c);
        assert_offered(c, "0001"); /* of three */
        lease_book_end_trial(manager_of(c)->leases, mdevs[0]);
        settle(c);
        assert_offered(c, "0011");
}

/* Half of the eight cores is promised, and half of the rest is offered besides. */
static void test_what_is_promised_is_not_free(Case *c, gconstpointer unused) {
        add_cores(c);
        settle(c);
        promise(c, "cores", GUEST_UUID, 4);
        settle(c);
        g_assert_cmpint(offered(c, "cores"), ==, 6);
}

static void test_others_see_how_scarce_it_is(Case *c, gconstpointer unused) {
        g_autoptr(ClusterMap) map = NULL;
        const ClusterResource *cores;

        add_cores(c);
        settle(c);
        map = cluster_map_from_json(cluster_store_value(&c->store, "maps/hosta"), NULL);
        cores = &g_array_index(map->resources, ClusterResource, 0);
        g_assert_cmpstr(cores->name, ==, "cores");
        g_assert_cmpstr(cores->headroom, ==, "high");
}

/* No hook waits for a store that is away. */
static void test_it_comes_back_while_the_store_is_there(Case *c, gconstpointer unused) {
        g_assert_true(share_book_may_come_back(manager_of(c)->shares));
        cluster_store_go_down(&c->store);
        pass(c, 1);
        g_assert_false(share_book_may_come_back(manager_of(c)->shares));
        cluster_store_come_up(&c->store);
        pass(c, 1);
        g_assert_true(share_book_may_come_back(manager_of(c)->shares));
}

/* Its last VF. */
static const char *add_two_vfs(Case *c, const char *pf, const FakePci *spec) {
        const char *vf = NULL;

        fake_root_add_pf(c->store.manager.root, pf, spec);
        for (int i = 0; i < 2; i++)
                vf = fake_root_add_vf(c->store.manager.root, pf);
        return vf;
}

static void test_vfs_that_cannot_be_given_away_are_not_offered(Case *c, gconstpointer unused) {
        const FakePci spec = { .driver = "igb", .netdev = "eth3", .vf_driver = "igbvf" };
        const FakePci together = { .driver = "igb", .vf_driver = "igbvf", .vf_group = 99 };
        const char *used = add_two_vfs(c, "0000:3b:00.0", &spec);
        const char *beside = add_two_vfs(c, "0000:3c:00.0", &together);

        fake_root_set_address(c->store.manager.root, "eth3v1", "192.0.2.7");
        g_assert_cmpint(inventory_scan(manager_of(c)->inventory), ==, 0);
        settle(c);
        g_assert_cmpint(offered(c, "0000:3b:10.0"), ==, 1);
        g_assert_cmpint(offered(c, used), ==, 0);
        g_assert_cmpint(offered(c, beside), ==, 0);
}

static void test_a_little_more_or_less_is_no_change(Case *c, gconstpointer unused) {
        int64_t before;

        add_cores(c);
        settle(c);
        before = c->store.revision;
        pass(c, 3 * MINUTE);
        g_assert_cmpint(c->store.revision, ==, before);
}

/* Promises -------------------------------------------------------------------------- */

static void test_a_guest_gets_what_it_was_promised(Case *c, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autofree char *fitted = NULL;

        promise(c, mdevs[3], GUEST_UUID, 1);
        fitted = come(c, &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(fitted, mdevs[3]));
}

static void test_nobody_else_gets_it(Case *c, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        promise(c, mdevs[0], OTHER_UUID, 1);
        g_assert_null(come(c, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE);
        g_assert_nonnull(strstr(error->message, "offered to the cluster"));
}

static void test_it_is_redeemed_when_its_guest_runs_here(Case *c, gconstpointer unused) {
        g_autofree char *fitted = NULL;

        promise(c, mdevs[3], GUEST_UUID, 1);
        fitted = come(c, NULL);
        settle(c);
        g_assert_cmpuint(promises(c, mdevs[3]), ==, 1); /* it may still not come */
        arrive(c, fitted);
        settle(c);
        g_assert_cmpuint(promises(c, mdevs[3]), ==, 0);
        assert_offered(c, "0010"); /* one of three that are free */
}

static void test_one_that_comes_late_is_redeemed_all_the_same(Case *c, gconstpointer unused) {
        g_autofree char *fitted = come(c, NULL);

        g_assert_nonnull(strstr(fitted, mdevs[0]));
        arrive(c, fitted);
        promise(c, mdevs[3], GUEST_UUID, 1);
        settle(c);
        g_assert_cmpuint(promises(c, mdevs[3]), ==, 0);
}

static void test_one_whose_guest_never_comes_is_released(Case *c, gconstpointer unused) {
        promise(c, mdevs[3], GUEST_UUID, 1);
        pass(c, 9 * MINUTE);
        g_assert_cmpuint(promises(c, mdevs[3]), ==, 1);
        pass(c, 2 * MINUTE);
        g_assert_cmpuint(promises(c, mdevs[3]), ==, 0);
        assert_offered(c, "0011");
}

static void test_one_whose_guest_is_on_its_way_is_kept(Case *c, gconstpointer unused) {
        g_autofree char *fitted = NULL;

        promise(c, mdevs[3], GUEST_UUID, 1);
        fitted = come(c, NULL);
        pass(c, 11 * MINUTE);
        g_assert_cmpuint(promises(c, mdevs[3]), ==, 1);
}

/* It may be promised to another one by then. */
static void test_what_is_about_to_be_released_is_for_nobody(Case *c, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        promise(c, mdevs[0], GUEST_UUID, 1);
        pass(c, 10 * MINUTE - 1);
        while (cluster_store_requests(&c->store) == 0)
                cluster_store_pass(&c->store, 1);
        g_assert_cmpuint(promises(c, mdevs[0]), ==, 1);
        g_assert_null(come(c, &error));
        g_assert_nonnull(strstr(error->message, "offered to the cluster"));
}

/* Calling back ---------------------------------------------------------------------- */

static void test_all_is_called_back_for_a_guest_that_was_refused(Case *c, gconstpointer unused) {
        g_autofree char *fitted = NULL;
        g_autoptr(GError) error = NULL;

        assert_offered(c, "1111");
        promise(c, mdevs[0], OTHER_UUID, 1);
        g_assert_null(come(c, &error));
        settle(c);
        assert_offered(c, "1000"); /* what is promised stays so */
        fitted = come(c, NULL);
        g_assert_nonnull(strstr(fitted, mdevs[1]));
        pass(c, MINUTE);
        assert_offered(c, "1011");
}

static void test_what_is_offered_is_for_no_slice_here(Case *c, gconstpointer unused) {
        static const char wish_text[] = "<slice version='1'><cores count='5' exclusive='yes'/>"
                                        "</slice>";
        g_autoptr(Slice) wish = slice_from_xml(wish_text, strlen(wish_text), NULL);
        g_autoptr(SlicePlacement) fits = NULL;
        g_autoptr(GError) error = NULL;
        const SliceEntry *entry;

        add_cores(c);
        settle(c);
        entry = slices_reserve(manager_of(c)->slices, GUEST_UUID, "g1", wish, NULL, &error);
        g_assert_null(entry);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_assert_cmpstr(error->message, ==,
                        "cores: 8 free here, of which 4 offered to the cluster");
        settle(c);
        g_assert_cmpint(out(c, "cores"), ==, 0); /* called back */
        fits = slices_try(manager_of(c)->slices, GUEST_UUID, wish, NULL);
        g_assert_nonnull(fits);
}

static void test_a_slice_has_what_its_domain_was_promised(Case *c, gconstpointer unused) {
        static const char wish_text[] = "<slice version='1'><cores count='5' exclusive='yes'/>"
                                        "</slice>";
        g_autoptr(Slice) wish = slice_from_xml(wish_text, strlen(wish_text), NULL);
        g_autoptr(GError) error = NULL;

        add_cores(c);
        settle(c);
        promise(c, "cores", GUEST_UUID, 3);
        g_assert_nonnull(
                slices_reserve(manager_of(c)->slices, GUEST_UUID, "g1", wish, NULL, &error));
        g_assert_no_error(error);
        settle(c);
        g_assert_cmpint(offered(c, "cores"), ==, 4); /* still not redeemed, one of three free */
        arrive(c, "<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid></domain>");
        settle(c);
        g_assert_cmpuint(promises(c, "cores"), ==, 0);
        g_assert_cmpint(offered(c, "cores"), ==, 1); /* of three that are free */
        g_assert_cmpint(out(c, "cores"), ==, 1);
}

/* Its slice is looked at where its device would be, before it is asked for. */
static void test_a_guest_whose_slice_is_refused_is_told_so(Case *c, gconstpointer unused) {
        static const char guest[] =
                "<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid><metadata>"
                "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"
                "<ferry:device address='0000:00:05.0'><ferry:seen class='mdev' driver='mtty' "
                "mdev-type='mtty-1'/></ferry:device>"
                "<ferry:slice version='1'><ferry:cores count='5' exclusive='yes'/></ferry:slice>"
                "</ferry:domain></metadata><vcpu>5</vcpu><devices>"
                "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address "
                "uuid='" SOURCE_MDEV "'/></source><address type='pci' domain='0' bus='0' slot='5' "
                "function='0'/></hostdev></devices></domain>";
        g_autoptr(GError) error = NULL;

        add_cores(c);
        settle(c);
        g_assert_null(manager_filter_domain(manager_of(c), "migrate", guest, &error));
        g_assert_cmpstr(error->message, ==,
                        "Hardware slice of guest g1: cores: 8 free here, of which 4 offered to the "
                        "cluster; what is offered to the cluster is called back: try again in a "
                        "minute");
        settle(c);
        g_assert_cmpint(out(c, "cores"), ==, 0);
}

static SlicePlacement *try_three_vfs(Case *c, const char *domain, GError **error) {
        static const char text[] = "<slice version='1'><function name='a' class='sriov'/>"
                                   "<function name='b' class='sriov'/>"
                                   "<function name='c' class='sriov'/></slice>";
        g_autoptr(Slice) wish = slice_from_xml(text, strlen(text), NULL);

        return slices_try(manager_of(c)->slices, domain, wish, error);
}

static void test_vfs_that_are_offered_are_no_slices(Case *c, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .total_vfs = 4, .vf_driver = "igbvf" };
        g_autoptr(SlicePlacement) free = NULL, refused = NULL, promised = NULL;
        const char *vf = NULL;

        fake_root_add_pf(c->store.manager.root, "0000:3b:00.0", &pf);
        for (int i = 0; i < 4; i++)
                vf = fake_root_add_vf(c->store.manager.root, "0000:3b:00.0");
        g_assert_cmpint(inventory_scan(manager_of(c)->inventory), ==, 0);
        slices_on_host_changed(manager_of(c)->slices);
        free = try_three_vfs(c, GUEST_UUID, NULL);
        g_assert_nonnull(free);

        settle(c);
        g_assert_cmpint(out(c, vf), ==, 1); /* and another one */
        refused = try_three_vfs(c, GUEST_UUID, NULL);
        g_assert_null(refused);
        promise(c, vf, GUEST_UUID, 1);
        promised = try_three_vfs(c, GUEST_UUID, NULL);
        g_assert_nonnull(promised);
}

static void test_a_device_that_is_offered_is_not_tried(Case *c, gconstpointer unused) {
        const Manager *manager = manager_of(c);

        g_assert_true(
                trials_could_try(manager->trials, inventory_find(manager->inventory, mdevs[0])));
        g_assert_false(
                trials_could_try(manager->trials, inventory_find(manager->inventory, mdevs[3])));
}

/* Etcd that is away ----------------------------------------------------------------- */

static void begin_again(Case *c) {
        fixture_restart(&c->store.manager);
        cluster_store_begin(&c->store);
}

static void test_it_is_out_after_a_restart_while_etcd_is_away(Case *c, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        assert_offered(c, "1111");
        cluster_store_end(&c->store);
        fixture_restart(&c->store.manager);
        assert_all(c, out, "1111");
        g_assert_null(come(c, &error));
        g_assert_nonnull(strstr(error->message, "offered to the cluster"));
        cluster_store_begin(&c->store);
}

/* Sent, carried out or not, and the daemon was killed before it heard of that. */
static void test_what_was_sent_before_a_restart_is_settled(Case *c, gconstpointer unused) {
        cluster_store_pass(&c->store, 1);
        g_assert_true(cluster_store_answer(&c->store)); /* the map */
        cluster_store_lose_answer(&c->store, true);
        cluster_store_lose_answer(&c->store, false);
        assert_all(c, out, "0011");
        cluster_store_end(&c->store);
        begin_again(c);
        settle(c);
        assert_offered(c, "0011");
}

static void test_an_answer_that_never_came_is_found_out(Case *c, gconstpointer unused) {
        cluster_store_pass(&c->store, 1);
        g_assert_true(cluster_store_answer(&c->store));
        cluster_store_lose_answer(&c->store, true);
        cluster_store_lose_answer(&c->store, false);
        settle(c);
        assert_offered(c, "0011");
}

/* Nothing is done twice by a copy that is behind. */
static void test_what_is_done_and_not_told_yet_is_not_done_again(Case *c, gconstpointer unused) {
        cluster_store_pass(&c->store, 1);
        while (cluster_store_answer(&c->store))
                ;
        assert_all(c, offered, "0011");
        cluster_on_host_changed(c->store.cluster);
        cluster_store_pass(&c->store, 2);
        g_assert_cmpuint(cluster_store_requests(&c->store), ==, 0);
        pass(c, TICKS);
        assert_offered(c, "0011");
}

static void test_nothing_is_written_after_a_restart_that_changes_nothing(Case *c,
                                                                         gconstpointer unused) {
        g_autofree char *before = g_strdup(cluster_store_value(&c->store, "lots/hosta/" MDEV("3")));

        g_assert_nonnull(before);
        cluster_store_end(&c->store);
        begin_again(c);
        settle(c);
        g_assert_cmpstr(cluster_store_value(&c->store, "lots/hosta/" MDEV("3")), ==, before);
}

/* By another one: a lot is promised between look and request. */
static void test_what_was_promised_meanwhile_is_not_taken_back(Case *c, gconstpointer unused) {
        g_autofree char *fitted = come(c, NULL);

        assert_offered(c, "0011");
        cluster_on_host_changed(c->store.cluster);
        cluster_store_pass(&c->store, 1);
        promise(c, mdevs[2], OTHER_UUID, 1);
        pass(c, TICKS);
        g_assert_cmpuint(promises(c, mdevs[2]), ==, 1);
        g_assert_cmpint(out(c, mdevs[2]), ==, 1);
        assert_offered(c, "0011"); /* one of two that are free beside it */
}

/* Which nobody should: it is never offered twice. */
static void test_a_lot_that_others_write_is_settled(Case *c, gconstpointer unused) {
        cluster_store_pass(&c->store, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(mdevs); i++) {
                g_autofree char *key = g_strconcat("lots/hosta/", mdevs[i], NULL);

                cluster_store_write(&c->store, key, "{\"schema\":1,\"offered\":1}");
        }
        cluster_store_run(&c->store);
        assert_all(c, offered, "1111");
        settle(c);
        assert_offered(c, "0011");
}

static void test_a_host_that_was_forgotten_offers_again(Case *c, gconstpointer unused) {
        for (size_t i = 0; i < G_N_ELEMENTS(mdevs); i++) {
                g_autofree char *key = g_strconcat("lots/hosta/", mdevs[i], NULL);

                cluster_store_write(&c->store, key, NULL);
        }
        assert_all(c, out, "0011"); /* until that is settled */
        pass(c, 15);
        assert_offered(c, "0011");
}

static void test_lots_that_the_book_does_not_know_count(Case *c, gconstpointer unused) {
        cluster_store_end(&c->store);
        g_assert_true(g_unlink(c->store.manager.path) == 0);
        begin_again(c);
        g_assert_true(share_book_is_empty(manager_of(c)->shares));
        settle(c);
        assert_offered(c, "0011");
}

static void test_a_host_that_is_drained_offers_nothing(Case *c, gconstpointer unused) {
        const char *const there[] = { "test:///b", NULL };
        const DrainWish wish = { .destinations = there };

        assert_offered(c, "0011");
        fixture_connect(&c->store.manager);
        send_list(&c->store.manager, GUEST_UUID);
        g_assert_true(drain_begin(manager_of(c)->drain, &wish, NULL));
        settle(c);
        assert_offered(c, "0000");
        end_questions(&c->store.manager);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define CONFIG(share) "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=hosta\nShare=" share "\n"
#define ALL           CONFIG("100") "[Pool default]\nMax=4\n" /* no others are made */
#define WITH(name, config, begin, function) \
        g_test_add("/cluster-share/" name, Case, config, begin, function, tear_down)
#define ADD(name, function) WITH(name, NULL, set_up_offering, function)
#define NEW(name, function) WITH(name, NULL, set_up, function)
        NEW("half of what is free is offered", test_half_of_what_is_free_is_offered);
        WITH("nothing is offered where that is said", CONFIG("0"), set_up_offering,
             test_all_or_nothing_where_that_is_said);
        WITH("all is offered where that is said", CONFIG("100"), set_up_offering,
             test_all_or_nothing_where_that_is_said);
        NEW("it is out of the book before it is sent",
            test_it_is_out_of_the_book_before_it_is_sent);
        NEW("what cannot be stored is not offered", test_what_cannot_be_stored_is_not_offered);
        NEW("what a guest has is not offered", test_what_a_guest_has_is_not_offered);
        ADD("offers are taken back when less is free",
            test_offers_are_taken_back_when_less_is_free);
        ADD("a device that is gone is not offered any more",
            test_a_device_that_is_gone_is_not_offered_any_more);
        NEW("a device that somebody has open is not offered",
            test_a_device_that_somebody_has_open_is_not_offered);
        NEW("a little more or less is no change", test_a_little_more_or_less_is_no_change);
        ADD("a device that is tried is not offered", test_a_device_that_is_tried_is_not_offered);
        ADD("what is promised is not free", test_what_is_promised_is_not_free);
        ADD("others see how scarce it is", test_others_see_how_scarce_it_is);
        ADD("it comes back while the store is there", test_it_comes_back_while_the_store_is_there);
        WITH("VFs that cannot be given away are not offered", CONFIG("100"), set_up_offering,
             test_vfs_that_cannot_be_given_away_are_not_offered);
        ADD("a guest gets what it was promised", test_a_guest_gets_what_it_was_promised);
        WITH("nobody else gets it", ALL, set_up_offering, test_nobody_else_gets_it);
        ADD("it is redeemed when its guest runs here",
            test_it_is_redeemed_when_its_guest_runs_here);
        ADD("one that comes late is redeemed all the same",
            test_one_that_comes_late_is_redeemed_all_the_same);
        ADD("one whose guest never comes is released",
            test_one_whose_guest_never_comes_is_released);
        ADD("one whose guest is on its way is kept", test_one_whose_guest_is_on_its_way_is_kept);
        WITH("what is about to be released is for nobody", ALL, set_up_offering,
             test_what_is_about_to_be_released_is_for_nobody);
        WITH("all is called back for a guest that was refused", ALL, set_up_offering,
             test_all_is_called_back_for_a_guest_that_was_refused);
        NEW("what is offered is for no slice here", test_what_is_offered_is_for_no_slice_here);
        NEW("a slice has what its domain was promised",
            test_a_slice_has_what_its_domain_was_promised);
        WITH("it is out after a restart while etcd is away", ALL, set_up_offering,
             test_it_is_out_after_a_restart_while_etcd_is_away);
        NEW("what was sent before a restart is settled",
            test_what_was_sent_before_a_restart_is_settled);
        NEW("an answer that never came is found out", test_an_answer_that_never_came_is_found_out);
        NEW("what is done and not told yet is not done again",
            test_what_is_done_and_not_told_yet_is_not_done_again);
        ADD("nothing is written after a restart that changes nothing",
            test_nothing_is_written_after_a_restart_that_changes_nothing);
        NEW("a guest whose slice is refused is told so",
            test_a_guest_whose_slice_is_refused_is_told_so);
        NEW("VFs that are offered are no slice's", test_vfs_that_are_offered_are_no_slices);
        ADD("a device that is offered is not tried", test_a_device_that_is_offered_is_not_tried);
        ADD("what was promised meanwhile is not taken back",
            test_what_was_promised_meanwhile_is_not_taken_back);
        NEW("a lot that others write is settled", test_a_lot_that_others_write_is_settled);
        ADD("a host that was forgotten offers again", test_a_host_that_was_forgotten_offers_again);
        ADD("lots that the book does not know count", test_lots_that_the_book_does_not_know_count);
        ADD("a host that is drained offers nothing", test_a_host_that_is_drained_offers_nothing);
        return g_test_run();
}
