/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc.h"
#include "tests/unit/daemon/cluster-store.h"

/* Whatever happens in whatever order, no mdev of hosta is with two: what the cluster may promise is
 * out of the book of the host. And when nothing more happens, both agree. */

#define MDEV(n) "bbbbbbbb-0000-4000-8000-00000000000" n
#define STEPS   2000
#define CONFIG  "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=hosta\n[Pool default]\nMax=4\n"

static const char *const mdevs[] = { MDEV("1"), MDEV("2"), MDEV("3"), MDEV("4") };

typedef struct Chance {
        ClusterStore store;
        unsigned nonces;
} Chance;

static Manager *manager_of(const Chance *c) {
        return c->store.manager.manager;
}

static char *key_of(unsigned m) {
        return g_strconcat("lots/hosta/", mdevs[m], NULL);
}

static ClusterLot *read_lot(const Chance *c, unsigned m) {
        g_autofree char *key = key_of(m);
        const char *text = cluster_store_value(&c->store, key);

        return text ? cluster_lot_from_json(text, NULL) : cluster_lot_new();
}

/* What holds at any time ---------------------------------------------------------------- */

static void check(const Chance *c) {
        for (unsigned m = 0; m < G_N_ELEMENTS(mdevs); m++) {
                const Lease *lease = lease_book_find_device(manager_of(c)->leases, mdevs[m]);
                g_autoptr(ClusterLot) lot = read_lot(c, m);

                g_assert_cmpint(lot->offered, <=, 1);
                g_assert_cmpint(lot->offered, <=, share_book_out(manager_of(c)->shares, mdevs[m]));
                if (lease)
                        g_assert_null(lot->promises);
        }
}

/* What happens ------------------------------------------------------------------------ */

static void write_lot(Chance *c, unsigned m, const ClusterLot *lot) {
        g_autofree char *key = key_of(m), *text = cluster_lot_to_json(lot);

        cluster_store_write(&c->store, key, text);
}

static void promise(Chance *c, unsigned m) {
        g_autofree char *nonce = g_strdup_printf("nonce-%u", c->nonces++);
        g_autoptr(ClusterLot) lot = read_lot(c, m);

        if (cluster_lot_unpromised(lot) == 0)
                return;
        cluster_lot_add(lot, OTHER_UUID, "hostb", 1, 1, nonce);
        write_lot(c, m, lot);
}

static void release(Chance *c, unsigned m) {
        g_autoptr(ClusterLot) lot = read_lot(c, m);

        if (!lot->promises)
                return;
        cluster_lot_remove(lot, lot->promises->pdata[0]);
        write_lot(c, m, lot);
}

/* It rather has this one. */
static void come(Chance *c, unsigned m) {
        g_autofree char *guest = guest_xml("g1", GUEST_UUID, mdevs[m], "mtty-1");
        g_autofree char *fitted = manager_filter_domain(manager_of(c), "migrate", guest, NULL);

        (void)fitted; /* or it was refused */
        cluster_on_host_changed(c->store.cluster);
}

static void leave(Chance *c) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager_of(c)->leases, GUEST_UUID);

        if (leases->len > 0)
                g_assert_true(manager_drop_lease(manager_of(c),
                                                 ((const Lease *)leases->pdata[0])->id, NULL));
        cluster_on_host_changed(c->store.cluster);
}

static void lose_answer(Chance *c) {
        if (cluster_store_requests(&c->store) > 0)
                cluster_store_lose_answer(&c->store, g_test_rand_bit());
}

static void go_down_or_up(Chance *c) {
        if (c->store.down)
                cluster_store_come_up(&c->store);
        else
                cluster_store_go_down(&c->store);
}

/* What was sent is lost, or done before that. */
static void restart(Chance *c) {
        while (cluster_store_requests(&c->store) > 0 && g_test_rand_bit())
                lose_answer(c);
        cluster_store_end(&c->store);
        fixture_restart(&c->store.manager);
        check(c);
        cluster_store_begin(&c->store);
}

static void forget(Chance *c, unsigned m) {
        g_autofree char *key = key_of(m);

        if (!c->store.down)
                return; /* it is alive */
        cluster_store_write(&c->store, key, NULL);
}

static void happen(Chance *c) {
        unsigned m = (unsigned)g_test_rand_int_range(0, G_N_ELEMENTS(mdevs));
        int what = g_test_rand_int_range(0, 100);

        if (what < 25)
                cluster_store_pass(&c->store, 1);
        else if (what < 50)
                (void)cluster_store_answer(&c->store);
        else if (what < 65)
                cluster_store_tell(&c->store);
        else if (what < 73)
                promise(c, m);
        else if (what < 80)
                release(c, m);
        else if (what < 84)
                come(c, m);
        else if (what < 88)
                leave(c);
        else if (what < 93)
                lose_answer(c);
        else if (what < 96)
                go_down_or_up(c);
        else if (what < 98)
                restart(c);
        else
                forget(c, m);
}

/* What comes of it -------------------------------------------------------------------- */

static void let_end(Chance *c) {
        if (c->store.down)
                cluster_store_come_up(&c->store);
        for (int i = 0; i < 90; i++) { /* more than what is called back is */
                cluster_store_run(&c->store);
                cluster_store_pass(&c->store, 1);
                check(c);
        }
        cluster_store_run(&c->store);
}

static void check_end(const Chance *c) {
        int64_t offered = 0, free = 0;

        for (unsigned m = 0; m < G_N_ELEMENTS(mdevs); m++) {
                const Lease *lease = lease_book_find_device(manager_of(c)->leases, mdevs[m]);
                g_autoptr(ClusterLot) lot = read_lot(c, m);

                g_assert_cmpint(lot->offered, ==, share_book_out(manager_of(c)->shares, mdevs[m]));
                offered += cluster_lot_unpromised(lot);
                free += !lease && !lot->promises;
        }
        g_assert_cmpint(offered, ==, free / 2);
}

static void test_no_device_is_with_two(Chance *c, gconstpointer unused) {
        for (int i = 1; i <= STEPS; i++) {
                happen(c);
                check(c);
                if (i % (STEPS / 10) == 0) {
                        let_end(c);
                        check_end(c);
                }
        }
}

static void set_up(Chance *c, gconstpointer unused) {
        fixture_use_file(&c->store.manager);
        cluster_store_set_up(&c->store, CONFIG);
        for (size_t i = 0; i < G_N_ELEMENTS(mdevs); i++)
                fake_root_add_mdev(c->store.manager.root, "mtty", "mtty-1", mdevs[i]);
        g_assert_cmpint(inventory_scan(manager_of(c)->inventory), ==, 0);
}

static void tear_down(Chance *c, gconstpointer unused) {
        cluster_store_tear_down(&c->store, NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/cluster-share/no device is with two", Chance, NULL, set_up,
                   test_no_device_is_with_two, tear_down);
        return g_test_run();
}
