/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "tests/unit/core/negotiate-fixture.h"

static void assert_device(const Answer *answer, const char *source) {
        g_assert_true(answer->ok);
        g_assert_false(answer->foreign);
        g_assert_false(answer->make);
        g_assert_cmpstr(answer->source, ==, source);
}

static void assert_made(const Answer *answer, const char *source, const char *parent) {
        g_assert_true(answer->ok);
        g_assert_true(answer->make);
        g_assert_cmpstr(answer->source, ==, source);
        g_assert_cmpstr(answer->parent, ==, parent);
}

static void assert_foreign(const Answer *answer) {
        g_assert_true(answer->ok);
        g_assert_true(answer->foreign);
        g_assert_null(answer->source);
        g_assert_null(answer->class_name);
}

static void add_mtty(Fixture *f) {
        add_parent(f, "mtty", 4, "mtty-1");
}

/* The choice. */

static void test_an_answer_says_all_that_a_lease_needs(Fixture *f, gconstpointer unused) {
        const Answer *answer;

        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        answer = answer_of(f, 0);
        assert_device(answer, U1);
        g_assert_true(answer->device == f->domain->devices->pdata[0]);
        g_assert_cmpstr(answer->name, ==, "hostdev0");
        g_assert_cmpstr(answer->class_name, ==, "mdev");
        g_assert_cmpstr(answer->parent, ==, "mtty");
        g_assert_cmpstr(answer->type, ==, "mtty-1");
        g_assert_cmpstr(answer->pool, ==, "default");
        g_assert_cmpstr(answer->reason, ==,
                        U1 " is an mdev of type mtty-1 in pool 'default' and free");
        g_assert_null(negotiate_refusal(f->answers));
}

static void test_the_same_id_is_kept_where_it_is_free(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        want(f, U2, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U2);
        g_assert_cmpstr(answer_of(f, 0)->reason, ==, U2 " is on this host and free");

        (void)lease(f, "g2", U2, LEASE_RUNNING);
        assert_device(answer_of(f, 0), U1);
}

static void test_what_exists_comes_before_what_can_be_made(Fixture *f, gconstpointer unused) {
        const Answer *answer;

        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U1);

        (void)lease(f, "g2", U1, LEASE_RUNNING);
        answer = answer_of(f, 0);
        assert_made(answer, U9, "mtty");
        g_assert_cmpstr(answer->type, ==, "mtty-1");
        g_assert_cmpstr(answer->pool, ==, "default");
        g_assert_cmpstr(answer->reason, ==,
                        "an mdev of type mtty-1 will be made on mtty in pool 'default'");
}

static void prefer(Fixture *f, const char *parent) {
        g_clear_pointer(&f->parents, g_ptr_array_unref);
        f->parents = g_ptr_array_new();
        g_ptr_array_add(f->parents, (void *)parent);
}

/* Of the same driver, so that a guest may have either. */
static void add_twins(Fixture *f, unsigned ports) {
        static const FakeMdevType types[] = { { "mtty-1", "serial", 1 }, { 0 } };

        fake_root_add_mdev_parent(f->root, "a", "mtty", ports, types);
        fake_root_add_mdev_parent(f->root, "b", "mtty", ports, types);
        fake_root_set_vfio(f->root, "mtty", MIGRATES, 0);
}

static void test_a_parent_is_preferred_to_the_same_id(Fixture *f, gconstpointer unused) {
        add_twins(f, 2);
        add_mdev(f, "a", "mtty-1", U1);
        add_mdev(f, "b", "mtty-1", U2);
        scan(f);
        want(f, U1, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U1);
        prefer(f, "b");
        assert_device(answer_of(f, 0), U2);
}

static void test_a_parent_is_preferred_to_what_exists(Fixture *f, gconstpointer unused) {
        add_twins(f, 2);
        add_mdev(f, "a", "mtty-1", U1);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        prefer(f, "b");
        assert_made(answer_of(f, 0), U9, "b");
        prefer(f, "a");
        assert_device(answer_of(f, 0), U1);
        (void)lease(f, "g2", U1, LEASE_RUNNING);
        assert_made(answer_of(f, 0), U9, "a");
}

static void test_another_parent_will_do(Fixture *f, gconstpointer unused) {
        add_twins(f, 1);
        add_mdev(f, "b", "mtty-1", U2);
        scan(f);
        (void)lease(f, "g2", U2, LEASE_RUNNING);
        want(f, U9, NULL, SEEN_MTTY);
        prefer(f, "b");
        assert_made(answer_of(f, 0), U9, "a");
        prefer(f, "gone");
        assert_made(answer_of(f, 0), U9, "a");
}

static void test_a_new_one_has_its_own_id_where_that_is_taken(Fixture *f, gconstpointer unused) {
        const Answer *answer;

        add_mtty(f);
        add_parent(f, "other", 1, "other-1");
        add_mdev(f, "other", "other-1", U9);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        answer = answer_of(f, 0);
        g_assert_true(answer->make);
        g_assert_true(uuid_is_valid(answer->source));
        g_assert_cmpstr(answer->source, !=, U9);
}

static void test_no_device_is_named_twice(Fixture *f, gconstpointer unused) {
        g_autofree char *first = NULL;

        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        want(f, U1, NULL, SEEN_MTTY);
        want(f, U9, NULL, SEEN_MTTY);
        want(f, U9, NULL, SEEN_MTTY);

        /* The second keeps its own, which is the first that is free; two have to be made. */
        assert_device(answer_of(f, 0), U2);
        assert_device(f->answers->pdata[1], U1);
        assert_made(f->answers->pdata[2], U9, "mtty");
        first = g_strdup(((const Answer *)f->answers->pdata[2])->source);
        g_assert_true(((const Answer *)f->answers->pdata[3])->make);
        g_assert_cmpstr(((const Answer *)f->answers->pdata[3])->source, !=, first);
}

static void test_instances_promised_to_others_do_not_count(Fixture *f, gconstpointer unused) {
        add_parent(f, "mtty", 2, "mtty-1");
        scan(f);
        (void)lease_unmade(f, "g2", U2, "mtty", "mtty-1");
        want(f, U9, NULL, SEEN_MTTY);
        assert_made(answer_of(f, 0), U9, "mtty");

        want(f, U4, NULL, SEEN_MTTY);
        assert_made(answer_of(f, 0), U9, "mtty");
        g_assert_false(((const Answer *)f->answers->pdata[1])->ok);
}

static void test_a_device_made_a_moment_ago_is_found(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        scan(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        want(f, U1, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U1);
}

static void test_the_operator_has_the_last_word(Fixture *f, gconstpointer unused) {
        add_parent(f, "mtty", 4, "mtty-2");
        scan(f);
        want(f, U9, "type='mtty-2'", SEEN_MTTY);
        assert_made(answer_of(f, 0), U9, "mtty");
}

static void test_a_pool_is_asked_for(Fixture *f, gconstpointer unused) {
        use_pools(f, "[Pool slow]\nDevices=" VF0 "\n[Pool fast]\nDevices=" VF2 "\n");
        add_vfs(f, 3, NULL);
        scan(f);
        want(f, VF9, "pool='fast'", SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF2);
        g_assert_cmpstr(answer_of(f, 0)->pool, ==, "fast");
}

static void test_a_pool_may_give_what_the_host_uses(Fixture *f, gconstpointer unused) {
        use_pools(f, "[Pool all]\nHostDevices=yes\n");
        add_vfs(f, 1, "mlx5_core");
        fake_root_set_address(f->root, "eth3v0", "192.0.2.7");
        scan(f);
        want(f, VF9, NULL, SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF0);
}

static void test_what_is_in_the_way_is_passed_by(Fixture *f, gconstpointer unused) {
        add_vfs(f, 3, "mlx5_core");
        fake_root_set_address(f->root, "eth3v0", "192.0.2.7");
        scan(f);
        (void)lease(f, "g2", VF1, LEASE_RESERVED);
        want(f, VF9, NULL, SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF2);
}

/* What libvirt or the kernel has given a driver without DMA of its own is no obstacle. */
static void test_a_group_may_have_bridges_and_vfio_in_it(Fixture *f, gconstpointer unused) {
        int group;

        add_vfs(f, 1, NULL);
        scan(f);
        group = inventory_find(f->inventory, VF0)->iommu_group;
        fake_root_add_pci(f->root, "0000:3a:00.0",
                          &(FakePci){ .driver = "pcieport", .iommu_group = group });
        fake_root_add_pci(f->root, "0000:3b:00.1",
                          &(FakePci){ .driver = "vfio-pci", .iommu_group = group });
        fake_root_add_pci(f->root, "0000:3b:00.2", &(FakePci){ .iommu_group = group });
        want(f, VF9, NULL, SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF0);

        fake_root_add_pci(f->root, "0000:3b:00.3",
                          &(FakePci){ .driver = "e1000e", .iommu_group = group });
        g_assert_false(answer_of(f, 0)->ok);
}

/* A guest that another program runs, or DPDK on the host. */
static void test_what_a_stranger_has_open_is_passed_by(Fixture *f, gconstpointer unused) {
        add_vfs(f, 2, "vfio-pci");
        fake_root_hold(f->root, VF0);
        scan(f);
        want(f, VF0, NULL, SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF1);

        /* Its own guest is none, and is not disturbed. */
        (void)lease(f, "g1", VF0, LEASE_RUNNING);
        assert_device(answer_of(f, 0), VF0);
        fake_root_release(f->root, VF0);
}

/* Leases of the guest itself. */

static void test_a_repeated_attempt_gets_the_same(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        lease_address(f, "g1", U2, "0000:00:05.0");
        want(f, U9, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U2);
        g_assert_cmpstr(answer_of(f, 0)->reason, ==, U2 " is leased to this guest already");
}

static void test_a_repeated_attempt_makes_the_same(Fixture *f, gconstpointer unused) {
        Lease *unmade;

        add_parent(f, "mtty", 1, "mtty-1");
        add_parent(f, "mtty2", 1, "mtty-1");
        scan(f);
        unmade = lease_unmade(f, "g1", U3, "mtty2", "mtty-1");
        unmade->address = g_strdup("0000:00:05.0");
        want(f, U9, "type='mtty-1'", NULL);
        assert_made(answer_of(f, 0), U3, "mtty2");
}

static void test_a_lease_for_another_device_of_the_guest_stays(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        lease_address(f, "g1", U1, "0000:00:06.0");
        want(f, U9, NULL, SEEN_MTTY);
        want(f, U9, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U2);
        assert_device(f->answers->pdata[1], U1);
}

static void test_a_lease_for_a_device_that_the_guest_lost_is_passed_by(Fixture *f,
                                                                       gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        lease_address(f, "g1", U1, "0000:00:06.0");
        want(f, U9, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U2);
}

static void test_own_leases_do_not_fill_the_pool(Fixture *f, gconstpointer unused) {
        use_pools(f, "[Pool one]\nMax=1\n");
        add_vfs(f, 2, NULL);
        scan(f);
        lease_address(f, "g1", VF1, "0000:00:05.0");
        want(f, VF9, NULL, SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF1);
}

static void test_a_lease_that_does_not_fit_any_more_is_passed_by(Fixture *f, gconstpointer unused) {
        add_parent(f, "mtty", 2, "mtty-1");
        add_parent(f, "other", 1, "other-1");
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "other", "other-1", U2);
        scan(f);
        lease_address(f, "g1", U2, "0000:00:05.0");
        want(f, U9, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U1);
}

/* Without an entry in the metadata. */

static void test_what_is_not_ours_is_left_as_it_is(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, NULL);
        fake_root_add_pci(f->root, "0000:41:00.0", NULL);
        scan(f);
        want(f, VF9, NULL, NULL);
        want(f, "0000:41:00.0", NULL, NULL);
        want(f, PF, NULL, NULL);
        want(f, U9, NULL, NULL);
        for (unsigned i = 0; i < 4; i++)
                assert_foreign(answer_of(f, i));
        g_assert_cmpstr(answer_of(f, 0)->reason, ==,
                        "virt-ferry does not manage " VF9 " and leaves it as it is");
        g_assert_null(negotiate_refusal(f->answers));
}

static void test_what_is_ours_and_free_is_that_very_device(Fixture *f, gconstpointer unused) {
        add_vfs(f, 3, NULL);
        scan(f);
        want(f, VF1, NULL, NULL);
        assert_device(answer_of(f, 0), VF1);
        g_assert_cmpstr(answer_of(f, 0)->class_name, ==, "sriov");
        g_assert_cmpstr(answer_of(f, 0)->parent, ==, PF);
}

/* Migration. */

static void test_a_device_that_must_migrate_is_asked(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        (void)lease(f, "g2", U1, LEASE_RUNNING);
        fake_root_hold(f->root, U1);
        want(f, U9, "type='mtty-1' migration='required'", NULL);
        assert_device(answer_of(f, 0), U2);
        g_assert_cmpuint(probes, ==, 1);
        assert_device(answer_of(f, 0), U2);
        g_assert_cmpuint(probes, ==, 1);
        fake_root_release(f->root, U1);
}

static void test_what_the_source_has_seen_must_go_on(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        fake_root_set_vfio(f->root, "mtty", 0, 0);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(f, 0)->ok);
        g_assert_cmpuint(probes, ==, 1);
}

static void test_nothing_is_asked_when_nothing_must_migrate(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        scan(f);
        want(f, U9, "type='mtty-1'", NULL);
        want_transient(f, U9, "type='mtty-1' migration='required'", SEEN_MTTY);
        assert_device(answer_of(f, 0), U1);
        g_assert_true(((const Answer *)f->answers->pdata[1])->ok);
        g_assert_cmpuint(probes, ==, 0);
}

static void test_a_running_guest_is_not_disturbed(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        add_mdev(f, "mtty", "mtty-1", U1);
        scan(f);
        (void)lease(f, "g1", U1, LEASE_RUNNING);
        want(f, U1, NULL, SEEN_MTTY);
        assert_device(answer_of(f, 0), U1);
        g_assert_cmpuint(probes, ==, 0);
}

static void test_one_that_migrates_is_preferred(Fixture *f, gconstpointer unused) {
        add_parent(f, "nomig", 4, "mtty-1");
        fake_root_set_vfio(f->root, "nomig", 0, 0);
        add_mtty(f);
        add_mdev(f, "nomig", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        want(f, U1, "type='mtty-1' migration='preferred'", NULL);
        assert_device(answer_of(f, 0), U2);

        /* And when there is none, another will do: its own first. */
        (void)lease(f, "g2", U2, LEASE_RUNNING);
        add_mdev(f, "nomig", "mtty-1", "00000000-0000-0000-0000-000000000001");
        g_assert_cmpint(inventory_scan(f->inventory), ==, 0);
        assert_device(answer_of(f, 0), U1);
}

static void test_a_device_that_moves_without_state_fits_any_driver(Fixture *f,
                                                                   gconstpointer unused) {
        add_vfs(f, 1, "mlx5_core");
        scan(f);
        want_transient(f, VF9, "migration='required'", SEEN_MLX);
        assert_device(answer_of(f, 0), VF0);
}

static void test_a_plain_device_has_no_state_for_a_driver(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, "mlx5_core");
        add_variant_driver(f, "mlx5_vfio_pci");
        scan(f);
        want(f, VF9, NULL, SEEN_PLAIN);
        assert_device(answer_of(f, 0), VF0);
}

/* The same driver migrates on the source, and here it cannot be asked before it is bound. */
static void test_an_unbound_vf_has_the_word_of_its_driver(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, "mlx5_core");
        add_variant_driver(f, "mlx5-vfio-pci");
        scan(f);
        want(f, VF9, NULL, SEEN_MLX);
        assert_device(answer_of(f, 0), VF0);
        g_assert_cmpuint(probes, ==, 0);
}

static void test_devices_that_do_not_answer_are_not_all_asked(Fixture *f, gconstpointer unused) {
        add_parent(f, "mtty", 24, "mtty-1");
        for (unsigned i = 0; i < 24; i++) {
                g_autofree char *uuid = g_uuid_string_random();

                add_mdev(f, "mtty", "mtty-1", uuid);
        }
        probe_error = -EPERM;
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(f, 0)->ok);
        g_assert_cmpuint(probes, ==, 8);
}

static void test_an_instance_that_would_not_migrate_is_not_made(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        fake_root_set_vfio(f->root, "mtty", 0, 0);
        add_mdev(f, "mtty", "mtty-1", U1);
        scan(f);
        want(f, U9, NULL, SEEN_MTTY);
        g_assert_false(answer_of(f, 0)->ok);
}

/* A start on this host. */

static void test_a_start_takes_what_the_domain_names(Fixture *f, gconstpointer unused) {
        add_vfs(f, 3, NULL);
        scan(f);
        want(f, VF1, NULL, NULL);
        want(f, VF2, NULL, SEEN_MLX); /* of a card that is not here any more */
        want(f, VF9, NULL, SEEN_PLAIN);
        assert_device(answer_here_of(f, 0), VF1);
        assert_foreign(f->answers->pdata[2]);
}

static void test_a_start_is_refused_what_another_guest_has(Fixture *f, gconstpointer unused) {
        add_vfs(f, 3, NULL);
        scan(f);
        (void)lease(f, "db1", VF1, LEASE_RUNNING);
        want(f, VF1, NULL, SEEN_PLAIN);
        g_assert_false(answer_here_of(f, 0)->ok);
        g_assert_cmpstr(answer_here_of(f, 0)->reason, ==,
                        "hostdev0 names " VF1 ", which is leased to guest db1 on this host: name "
                        "another device, or free it with 'virt-ferry leases'");
}

static void test_a_start_makes_the_mdev_that_is_gone(Fixture *f, gconstpointer unused) {
        add_parent(f, "mtty", 1, "mtty-1");
        scan(f);
        want(f, U1, NULL, SEEN_MTTY);
        want(f, U2, NULL, NULL);
        want(f, U3, NULL, SEEN_MTTY);
        assert_made(answer_here_of(f, 0), U1, "mtty");
        assert_foreign(f->answers->pdata[1]);
        g_assert_cmpstr(((const Answer *)f->answers->pdata[2])->reason, ==,
                        "hostdev2 needs an mdev of type mtty-1, and mtty has no instance left: "
                        "remove one that no guest uses, or choose another host");
}

static void test_a_start_makes_it_where_it_was_promised(Fixture *f, gconstpointer unused) {
        Lease *unmade;

        add_parent(f, "mtty", 1, "mtty-1");
        add_parent(f, "mtty2", 1, "mtty-1");
        scan(f);
        unmade = lease_unmade(f, "g1", U3, "mtty2", "mtty-1");
        unmade->address = g_strdup("0000:00:05.0");
        want(f, U3, "type='mtty-1'", NULL);
        assert_made(answer_here_of(f, 0), U3, "mtty2");
}

static void test_a_start_makes_what_the_domain_names_now(Fixture *f, gconstpointer unused) {
        Lease *unmade;

        add_parent(f, "mtty", 2, "mtty-1");
        scan(f);
        unmade = lease_unmade(f, "g1", U3, "mtty", "mtty-1");
        unmade->address = g_strdup("0000:00:05.0");
        want(f, U4, "type='mtty-1'", NULL);
        assert_made(answer_here_of(f, 0), U4, "mtty");
}

static void test_a_start_may_take_what_the_host_uses(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, "mlx5_core");
        fake_root_set_address(f->root, "eth3v0", "192.0.2.7");
        scan(f);
        want(f, VF0, NULL, SEEN_PLAIN);
        assert_foreign(answer_here_of(f, 0));
}

/* libvirt binds it after this. */
static void test_a_start_trusts_a_driver_that_is_not_bound(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, "mlx5_core");
        add_variant_driver(f, "mlx5_vfio_pci");
        scan(f);
        want(f, VF0, "migration='required'", SEEN_MLX);
        assert_device(answer_here_of(f, 0), VF0);
}

static void test_a_start_holds_what_was_made_against_the_need(Fixture *f, gconstpointer unused) {
        add_mtty(f);
        fake_root_set_vfio(f->root, "mtty", 0, 0);
        add_mdev(f, "mtty", "mtty-1", U1);
        scan(f);
        (void)lease(f, "g1", U1, LEASE_CLAIMED);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        want(f, U1, NULL, SEEN_MTTY);
        g_assert_cmpstr(answer_here_of(f, 0)->reason, ==,
                        "hostdev0 names " U1 ", which must be able to migrate, and its driver mtty "
                        "has no migration support: name another device, or change the guest's "
                        "<ferry:need>");
}

static void use_rule(Fixture *f, const char *rule) {
        g_autoptr(GError) error = NULL;

        (void)compat_add(f->config->compat, rule, "x.conf", &error);
        g_assert_no_error(error);
}

#define SEEN_FIRMWARE SEEN_MLX " firmware='28.41.1000'"
#define RULE          "[Rule mlx]\nDrivers=mlx5_vfio_pci\n"

static void mlx_host(Fixture *f, const char *rule, const char *firmware) {
        use_rule(f, rule);
        add_vfs(f, 1, NULL);
        add_variant_driver(f, "mlx5_vfio_pci");
        fake_root_set_firmware(f->root, "eth3", firmware);
        scan(f);
}

static void test_the_rule_of_its_driver_decides(Fixture *f, gconstpointer unused) {
        mlx_host(f, RULE "NotOlder=firmware\n", "28.43.1000");
        want(f, VF9, NULL, SEEN_FIRMWARE);
        g_assert_true(answer_of(f, 0)->ok);
}

/* A rule may ask for less than the default, but a device is looked for by its ids. */
static void test_a_rule_may_let_the_revision_differ(Fixture *f, gconstpointer unused) {
        mlx_host(f, RULE "Equal=driver\n", "28.43.1000");
        want(f, VF9, NULL,
             "class='sriov' vendor='0x15b3' device='0x101e' revision='0x07' "
             "driver='mlx5_vfio_pci' vfio='stop-copy'");
        want(f, VF9, NULL, "class='sriov' vendor='0x15b3' device='0x1e01' driver='mlx5_vfio_pci'");
        g_assert_true(answer_of(f, 0)->ok);
        g_assert_false(answer_of(f, 1)->ok);
}

/* Unplugged before the guest moves, or started anew: no state comes. */
static void test_who_brings_no_state_is_free_of_the_rule(Fixture *f, gconstpointer unused) {
        mlx_host(f, RULE "Equal=driver;firmware\n", "28.43.1000");
        want_transient(f, VF9, NULL, SEEN_FIRMWARE);
        g_assert_true(answer_of(f, 0)->ok);
}

static void test_who_starts_here_is_free_of_the_rule(Fixture *f, gconstpointer unused) {
        mlx_host(f, RULE "Equal=driver;firmware\n", "28.43.1000");
        want(f, VF0, NULL, SEEN_FIRMWARE);
        g_assert_true(answer_here_of(f, 0)->ok);
        g_assert_false(answer_of(f, 0)->ok);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define TEST(name, function) \
        g_test_add("/negotiate/" name, Fixture, NULL, set_up, function, tear_down)
        TEST("an answer says all that a lease needs", test_an_answer_says_all_that_a_lease_needs);
        TEST("the same id is kept where it is free", test_the_same_id_is_kept_where_it_is_free);
        TEST("what exists comes before what can be made",
             test_what_exists_comes_before_what_can_be_made);
        TEST("a parent is preferred to the same id", test_a_parent_is_preferred_to_the_same_id);
        TEST("a parent is preferred to what exists", test_a_parent_is_preferred_to_what_exists);
        TEST("another parent will do", test_another_parent_will_do);
        TEST("a new one has its own id where that is taken",
             test_a_new_one_has_its_own_id_where_that_is_taken);
        TEST("no device is named twice", test_no_device_is_named_twice);
        TEST("instances promised to others do not count",
             test_instances_promised_to_others_do_not_count);
        TEST("a device made a moment ago is found", test_a_device_made_a_moment_ago_is_found);
        TEST("the operator has the last word", test_the_operator_has_the_last_word);
        TEST("the rule of its driver decides", test_the_rule_of_its_driver_decides);
        TEST("a rule may let the revision differ", test_a_rule_may_let_the_revision_differ);
        TEST("who brings no state is free of the rule",
             test_who_brings_no_state_is_free_of_the_rule);
        TEST("who starts here is free of the rule", test_who_starts_here_is_free_of_the_rule);
        TEST("a pool is asked for", test_a_pool_is_asked_for);
        TEST("a pool may give what the host uses", test_a_pool_may_give_what_the_host_uses);
        TEST("a group may have bridges and vfio in it",
             test_a_group_may_have_bridges_and_vfio_in_it);
        TEST("what a stranger has open is passed by", test_what_a_stranger_has_open_is_passed_by);
        TEST("what is in the way is passed by", test_what_is_in_the_way_is_passed_by);
        TEST("a repeated attempt gets the same", test_a_repeated_attempt_gets_the_same);
        TEST("a repeated attempt makes the same", test_a_repeated_attempt_makes_the_same);
        TEST("a lease for another device of the guest stays",
             test_a_lease_for_another_device_of_the_guest_stays);
        TEST("a lease for a device that the guest lost is passed by",
             test_a_lease_for_a_device_that_the_guest_lost_is_passed_by);
        TEST("own leases do not fill the pool", test_own_leases_do_not_fill_the_pool);
        TEST("a lease that does not fit any more is passed by",
             test_a_lease_that_does_not_fit_any_more_is_passed_by);
        TEST("what is not ours is left as it is", test_what_is_not_ours_is_left_as_it_is);
        TEST("what is ours and free is that very device",
             test_what_is_ours_and_free_is_that_very_device);
        TEST("a device that must migrate is asked", test_a_device_that_must_migrate_is_asked);
        TEST("what the source has seen must go on", test_what_the_source_has_seen_must_go_on);
        TEST("nothing is asked when nothing must migrate",
             test_nothing_is_asked_when_nothing_must_migrate);
        TEST("a running guest is not disturbed", test_a_running_guest_is_not_disturbed);
        TEST("one that migrates is preferred", test_one_that_migrates_is_preferred);
        TEST("a device that moves without state fits any driver",
             test_a_device_that_moves_without_state_fits_any_driver);
        TEST("a plain device has no state for a driver",
             test_a_plain_device_has_no_state_for_a_driver);
        TEST("an unbound VF has the word of its driver",
             test_an_unbound_vf_has_the_word_of_its_driver);
        TEST("devices that do not answer are not all asked",
             test_devices_that_do_not_answer_are_not_all_asked);
        TEST("an instance that would not migrate is not made",
             test_an_instance_that_would_not_migrate_is_not_made);
        TEST("a start takes what the domain names", test_a_start_takes_what_the_domain_names);
        TEST("a start is refused what another guest has",
             test_a_start_is_refused_what_another_guest_has);
        TEST("a start makes the mdev that is gone", test_a_start_makes_the_mdev_that_is_gone);
        TEST("a start makes it where it was promised", test_a_start_makes_it_where_it_was_promised);
        TEST("a start makes what the domain names now",
             test_a_start_makes_what_the_domain_names_now);
        TEST("a start may take what the host uses", test_a_start_may_take_what_the_host_uses);
        TEST("a start trusts a driver that is not bound",
             test_a_start_trusts_a_driver_that_is_not_bound);
        TEST("a start holds what was made against the need",
             test_a_start_holds_what_was_made_against_the_need);
        return g_test_run();
}
