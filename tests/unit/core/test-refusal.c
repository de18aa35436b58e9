/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/core/sentence.h"
#include "tests/unit/core/negotiate-fixture.h"

/* Every reason why a guest cannot come, and the whole sentence that its owner reads. */

/* Hosts. */

static void host_with_nothing(Fixture *f) {
        scan(f);
}

static void host_with_mtty_2(Fixture *f) {
        add_parent(f, "mtty", 4, "mtty-2");
        scan(f);
}

static void host_with_three_leased(Fixture *f) {
        add_parent(f, "mtty", 3, "mtty-1");
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        add_mdev(f, "mtty", "mtty-1", U3);
        scan(f);
        (void)lease(f, "g2", U1, LEASE_RUNNING);
        (void)lease(f, "g3", U2, LEASE_RUNNING);
        (void)lease(f, "g4", U3, LEASE_RESERVED);
}

static void host_with_five_leased(Fixture *f) {
        add_vfs(f, 5, NULL);
        scan(f);
        (void)lease(f, "g2", VF0, LEASE_RUNNING);
        (void)lease(f, "g2", VF1, LEASE_RUNNING);
        (void)lease(f, "g3", VF2, LEASE_RUNNING);
        (void)lease(f, "g4", "0000:3b:10.6", LEASE_RUNNING);
        (void)lease(f, "g5", "0000:3b:11.0", LEASE_RUNNING);
}

static void host_with_one_leased(Fixture *f) {
        add_vfs(f, 1, NULL);
        scan(f);
        (void)lease(f, "db1", VF0, LEASE_RUNNING);
}

static void host_with_two_leased_in_two_pools(Fixture *f) {
        use_pools(f, "[Pool first]\nDevices=" VF0 "\n");
        add_vfs(f, 2, NULL);
        scan(f);
        (void)lease(f, "g2", VF0, LEASE_RUNNING);
        (void)lease(f, "g3", VF1, LEASE_RUNNING);
}

static void host_with_no_instance_left(Fixture *f) {
        FakeMdevType types[] = { { "mtty-1", "1", 1 }, { "mtty-2", "2", 2 }, { NULL, NULL, 0 } };

        fake_root_add_mdev_parent(f->root, "mtty", "mtty", 2, types);
        add_mdev(f, "mtty", "mtty-2", U2);
        scan(f);
}

static void host_with_two_full_parents(Fixture *f) {
        add_parent(f, "mtty", 0, "mtty-1");
        add_parent(f, "mtty2", 0, "mtty-1");
        scan(f);
}

static void host_with_promised_instances(Fixture *f) {
        add_parent(f, "mtty", 1, "mtty-1");
        scan(f);
        (void)lease_unmade(f, "g2", U2, "mtty", "mtty-1");
}

static void host_without_migration(Fixture *f) {
        add_parent(f, "mtty_nomig", 4, "mtty-1");
        fake_root_set_vfio(f->root, "mtty_nomig", 0, 0);
        add_mdev(f, "mtty_nomig", "mtty-1", U1);
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
}

static void host_with_pool_one(Fixture *f) {
        use_pools(f, "[Pool one]\nMax=1\n");
        add_parent(f, "mtty", 3, "mtty-1");
        add_mdev(f, "mtty", "mtty-1", U1);
        add_mdev(f, "mtty", "mtty-1", U2);
        scan(f);
        (void)lease(f, "db1", U1, LEASE_RUNNING);
}

static void host_with_pool_two(Fixture *f) {
        use_pools(f, "[Pool two]\nMax=2\n");
        add_vfs(f, 3, NULL);
        scan(f);
        (void)lease(f, "g2", VF0, LEASE_RUNNING);
        (void)lease(f, "g3", VF1, LEASE_RUNNING);
}

static void host_with_free_vfs(Fixture *f) {
        add_vfs(f, 2, NULL);
        scan(f);
}

static void host_with_no_vfs_made(Fixture *f) {
        add_vfs(f, 0, NULL);
        scan(f);
}

static void host_with_intel_vfs(Fixture *f) {
        fake_root_add_pf(f->root, PF, &(FakePci){ .driver = "igb" });
        (void)fake_root_add_vf(f->root, PF);
        scan(f);
}

static void host_with_a_new_revision(Fixture *f) {
        fake_root_add_pf(f->root, PF,
                         &(FakePci){ .vendor = 0x15b3,
                                     .device = 0x101d,
                                     .vf_device = 0x101e,
                                     .revision = 2,
                                     .driver = "mlx5_core" });
        (void)fake_root_add_vf(f->root, PF);
        add_variant_driver(f, "mlx5_vfio_pci");
        scan(f);
}

static void add_rule(Fixture *f, const char *rule) {
        g_autoptr(GError) error = NULL;

        (void)compat_add(f->config->compat, rule, "x.conf", &error);
        g_assert_no_error(error);
}

#define RULE "[Rule mlx]\nDrivers=mlx5_vfio_pci\nWhy=the image is made for one firmware\n"

static void host_with_another_firmware(Fixture *f) {
        add_rule(f, RULE "Equal=vendor;device;driver;firmware\n");
        add_vfs(f, 2, NULL);
        add_variant_driver(f, "mlx5_vfio_pci");
        fake_root_set_firmware(f->root, "eth3", "28.43.1000 (MT_2)");
        scan(f);
}

static void host_with_an_older_firmware(Fixture *f) {
        add_rule(f, RULE "NotOlder=firmware\n");
        add_vfs(f, 2, NULL);
        add_variant_driver(f, "mlx5_vfio_pci");
        fake_root_set_firmware(f->root, "eth3", "28.9.1000 (MT_2)");
        scan(f);
}

static void host_with_another_version_of_the_driver(Fixture *f) {
        add_rule(f, RULE "Equal=driver;driver-version\n");
        fake_root_put(f->root, "sys/module/mlx5_vfio_pci/version", "1.1\n", -1);
        add_vfs(f, 1, NULL);
        add_variant_driver(f, "mlx5_vfio_pci");
        scan(f);
}

static void host_with_another_board(Fixture *f) {
        add_rule(f, RULE "Equal=driver;subsystem\n");
        add_vfs(f, 1, NULL);
        add_variant_driver(f, "mlx5_vfio_pci");
        scan(f);
}

#define SEEN_OF_ALL                                                                              \
        SEEN_MLX " firmware='28.41.1000 (MT_2)' driver-version='1.0' subsystem-vendor='0x15b3' " \
                 "subsystem-device='0x0058'"

static void host_that_uses_its_vf(Fixture *f) {
        add_vfs(f, 1, "mlx5_core");
        fake_root_set_address(f->root, "eth3v0", "192.0.2.7");
        scan(f);
}

static void host_that_uses_both_vfs(Fixture *f) {
        add_vfs(f, 2, "mlx5_core");
        fake_root_set_address(f->root, "eth3v0", "192.0.2.7");
        fake_root_set_address(f->root, "eth3v1", "192.0.2.8");
        scan(f);
}

static void join_group(Fixture *f, const char *id, const char *of) {
        const Device *device;
        g_autofree char *path = NULL;

        device = inventory_find(f->inventory, of);
        path = g_strdup_printf("sys/kernel/iommu_groups/%d/devices/%s", device->iommu_group, id);
        fake_root_put(f->root, path, "", -1);
}

static void host_with_one_group(Fixture *f) {
        add_vfs(f, 2, NULL);
        scan(f);
        join_group(f, VF1, VF0);
        (void)lease(f, "db1", VF1, LEASE_RUNNING);
}

static void host_with_the_pf_in_the_group(Fixture *f) {
        add_vfs(f, 2, NULL);
        scan(f);
        join_group(f, PF, VF0);
        join_group(f, PF, VF1);
}

static void host_with_trouble_of_each_kind(Fixture *f) {
        add_vfs(f, 5, "mlx5_core");
        fake_root_set_address(f->root, "eth3v2", "192.0.2.7");
        scan(f);
        (void)lease(f, "g2", VF0, LEASE_RUNNING);
        (void)lease(f, "g3", VF1, LEASE_RUNNING);
        join_group(f, PF, "0000:3b:10.6");
        join_group(f, PF, "0000:3b:11.0");
}

static void host_with_an_unbound_variant(Fixture *f) {
        add_vfs(f, 2, "mlx5_core");
        add_variant_driver(f, "mlx5_vfio_pci");
        scan(f);
}

static void host_with_a_held_device(Fixture *f) {
        add_parent(f, "mtty", 1, "mtty-1");
        add_mdev(f, "mtty", "mtty-1", U1);
        fake_root_hold(f->root, U1);
        scan(f);
}

static void host_with_held_vfs(Fixture *f) {
        add_vfs(f, 2, "vfio-pci");
        fake_root_hold(f->root, VF0);
        fake_root_hold(f->root, VF1);
        scan(f);
}

static void host_with_a_silent_driver(Fixture *f) {
        add_parent(f, "mtty", 1, "mtty-1");
        add_mdev(f, "mtty", "mtty-1", U1);
        probe_error = -EPERM;
        scan(f);
}

static void host_with_gpus(Fixture *f) {
        FakeMdevType types[] = { { "nvidia-556", "A10-4Q", 1 }, { NULL, NULL, 0 } };

        fake_root_add_pci(f->root, "0000:41:00.0",
                          &(FakePci){ .vendor = 0x10de, .device = 0x1eb8, .driver = "nvidia" });
        fake_root_add_mdev_parent(f->root, "0000:41:00.0", "nvidia", 8, types);
        scan(f);
}

static void host_of_many_types(Fixture *f) {
        FakeMdevType types[] = { { "a-1", "1", 1 }, { "a-2", "2", 1 }, { "a-3", "3", 1 },
                                 { "a-4", "4", 1 }, { "a-5", "5", 1 }, { NULL, NULL, 0 } };

        fake_root_add_mdev_parent(f->root, "a", "a", 2, types);
        scan(f);
}

#define LEASES       "free one with 'virt-ferry leases'"
#define OR_OTHER     "or choose another host"
#define NEED_REQUIRE "class='mdev' type='mtty-1' migration='required'"

static const struct {
        const char *name;
        void (*host)(Fixture *f);
        const char *source, *need, *seen;
        const char *sentence;
} cases[] = {
        { "no mdev parent", host_with_nothing, U9, NULL, SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1, and no driver on this host makes mdevs: load one "
          "that offers the type, " OR_OTHER },
        { "another type", host_with_mtty_2, U9, NULL, SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1, and this host makes only mtty-2: load or "
          "configure "
          "a parent that offers mtty-1, " OR_OTHER },
        { "many other types", host_of_many_types, U9, "type='mtty-1'", NULL,
          "hostdev0 needs an mdev of type mtty-1, and this host makes only a-1, a-2 and 3 more: "
          "load "
          "or configure a parent that offers mtty-1, " OR_OTHER },
        { "all leased and no instance left", host_with_three_leased, U9, "pool='default'",
          SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1: all 3 in pool 'default' are leased (g2, g3 and "
          "g4), and mtty has no instance left: " LEASES },
        { "all leased", host_with_five_leased, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: all 5 in pool 'default' are leased (g2, g3 and 2 "
          "more): " LEASES },
        { "the only one is leased", host_with_one_leased, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: the only one in pool 'default' is leased to "
          "db1: " LEASES },
        { "both leased in two pools", host_with_two_leased_in_two_pools, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: both on this host are leased (g2 and g3): " LEASES },
        { "only another type is made", host_with_no_instance_left, U9, NULL, SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1, this host has only mtty-2, and mtty has no "
          "instance left: remove one that no guest uses, " OR_OTHER },
        { "two parents without an instance", host_with_two_full_parents, U9, "type='mtty-1'", NULL,
          "hostdev0 needs an mdev of type mtty-1, and no parent has an instance left: remove one "
          "that no guest uses, " OR_OTHER },
        { "the last instance is promised", host_with_promised_instances, U9, NULL, SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1, and mtty has no instance left: remove one that "
          "no "
          "guest uses, " OR_OTHER },
        { "a driver without migration", host_without_migration, U9, NULL,
          "class='mdev' mdev-type='mtty-1' vfio='stop-copy'",
          "hostdev0 must be able to migrate, and driver mtty_nomig on this host has no migration "
          "support: choose a host whose driver has it" },
        { "a driver without migration that is needed", host_without_migration, U9, NEED_REQUIRE,
          NULL,
          "hostdev0 must be able to migrate, and driver mtty_nomig on this host has no migration "
          "support: choose a host whose driver has it, or do not ask for it in its <ferry:need>" },
        { "the pool is full", host_with_pool_one, U9, NULL, SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1, but pool 'one' lets out 1 device at a time and "
          "db1 "
          "has it: raise Max in [Pool one] of virtferry.conf, or " LEASES },
        { "the pool for two is full", host_with_pool_two, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e, but pool 'two' lets out 2 devices at a time and g2 and "
          "g3 "
          "have them: raise Max in [Pool two] of virtferry.conf, or " LEASES },
        { "another pool", host_with_free_vfs, VF9, "pool='fast'", SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e in pool 'fast', and what fits is in pool 'default': "
          "change "
          "the pool in its <ferry:need>, or the pools in virtferry.conf" },
        { "other ids", host_with_intel_vfs, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e, and this host has only 8086:10ca: choose a host that has "
          "15b3:101e" },
        { "ids of a parent", host_with_gpus, U9,
          "type='nvidia-556' vendor='0x10de' device='0x2237'", NULL,
          "hostdev0 needs an mdev of type nvidia-556 on 10de:2237, and this host makes it on "
          "10de:1eb8: choose a host that has 10de:2237" },
        { "vendor of a parent", host_with_gpus, U9, "type='nvidia-556' vendor='0x8086'", NULL,
          "hostdev0 needs an mdev of type nvidia-556 on 8086:*, and this host makes it on "
          "10de:1eb8: "
          "choose a host that has 8086:*" },
        { "no VFs made", host_with_no_vfs_made, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e, and this host has made no VFs: write a number to "
          "sriov_numvfs of 0000:3b:00.0, " OR_OTHER },
        { "no SR-IOV", host_with_nothing, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e, and this host has no device with SR-IOV: choose another "
          "host" },
        { "another driver", host_with_free_vfs, VF9, NULL, SEEN_MLX,
          "hostdev0 brings the state of driver mlx5_vfio_pci, and this host has vfio-pci for such "
          "devices: install mlx5_vfio_pci, " OR_OTHER },
        { "another revision", host_with_a_new_revision, VF9, NULL, SEEN_MLX,
          "hostdev0 needs a VF 15b3:101e of revision 0x01, and this host has revision 0x02, which "
          "QEMU does not give its state to: choose another host" },
        { "another firmware", host_with_another_firmware, VF9, NULL, SEEN_OF_ALL,
          "hostdev0 brings the state of firmware 28.41.1000 (MT_2), and this host has 28.43.1000 "
          "(MT_2): choose a host with the same, since the image is made for one firmware" },
        { "an older firmware", host_with_an_older_firmware, VF9, NULL, SEEN_OF_ALL,
          "hostdev0 brings the state of firmware 28.41.1000 (MT_2), and this host has 28.9.1000 "
          "(MT_2): choose a host with the same or a newer one, since the image is made for one "
          "firmware" },
        { "another version of the driver", host_with_another_version_of_the_driver, VF9, NULL,
          SEEN_OF_ALL,
          "hostdev0 brings the state of driver version 1.0, and this host has 1.1: choose a host "
          "with the same, since the image is made for one firmware" },
        { "another board", host_with_another_board, VF9, NULL, SEEN_OF_ALL,
          "hostdev0 brings the state of board 15b3:0058, and this host has 0000:0000: choose a "
          "host with the same, since the image is made for one firmware" },
        { "a device that is named, of another firmware", host_with_another_firmware, VF0, NULL,
          "class='sriov' driver='mlx5_vfio_pci' firmware='28.41.1000 (MT_2)' vfio='stop-copy'",
          "hostdev0 names 0000:3b:10.0, whose firmware is 28.43.1000 (MT_2), not 28.41.1000 "
          "(MT_2), from which it brings state: name another device" },
        { "used by the host", host_that_uses_its_vf, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: the only one in pool 'default' is used by the host "
          "(eth3v0 has 192.0.2.7): take the host off it, or set HostDevices=yes for its pool in "
          "virtferry.conf" },
        { "both used by the host", host_that_uses_both_vfs, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: both in pool 'default' are used by the host (for one, "
          "eth3v0 has 192.0.2.7): take the host off it, or set HostDevices=yes for its "
          "pool in virtferry.conf" },
        { "a member of the group is leased", host_with_one_group, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: of 2 in pool 'default' 1 is leased to db1 and 1 is in "
          "IOMMU group 2 with 0000:3b:10.2, which is leased to guest db1: " LEASES },
        { "a member of the group is the PF", host_with_the_pf_in_the_group, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: both in pool 'default' are in IOMMU groups in use (for "
          "one, group 2 with 0000:3b:00.0, which is bound to mlx5_core): free the whole group, or "
          "choose another host" },
        { "trouble of each kind", host_with_trouble_of_each_kind, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: of 5 in pool 'default' 2 are leased (g2 and g3), 1 is "
          "used "
          "by the host (eth3v2 has 192.0.2.7) and 2 are in IOMMU groups in use (for one, "
          "group 5 with 0000:3b:00.0, which is bound to mlx5_core): " LEASES },
        { "a driver that is not bound", host_with_an_unbound_variant, VF9,
          "vendor='0x15b3' device='0x101e' migration='required'", NULL,
          "hostdev0 must be able to migrate, and 0000:3b:10.0 tells only when its driver is bound: "
          "bind it to mlx5_vfio_pci once, " OR_OTHER },
        { "one that a stranger has open", host_with_a_held_device, U9, NULL, SEEN_MTTY,
          "hostdev0 needs an mdev of type mtty-1: the only one in pool 'default' is open in a "
          "process "
          "that has no lease, and mtty has no instance left: end what has it open, " OR_OTHER },
        { "both that strangers have open", host_with_held_vfs, VF9, NULL, SEEN_PLAIN,
          "hostdev0 needs a VF 15b3:101e: both in pool 'default' are open in processes that have "
          "no "
          "lease: end what has it open, " OR_OTHER },
        { "a driver that does not answer", host_with_a_silent_driver, U9, NULL, SEEN_MTTY,
          "hostdev0 must be able to migrate, and " U1 " cannot be asked whether it can (Operation "
          "not permitted): choose another host" },
        { "no description of an mdev", host_with_mtty_2, U9, "pool='default'", NULL,
          "hostdev0 is not described: say its type in <ferry:need>, or run virtferryd on the host "
          "that it comes from" },
        { "no description of a VF", host_with_free_vfs, VF9, "migration='preferred'", NULL,
          "hostdev0 is not described: say its vendor and device in <ferry:need>, or run virtferryd "
          "on the host that it comes from" },
        { "an unknown class", host_with_nothing, U9, "class='gpu' type='mtty-1'", NULL,
          "hostdev0 needs class 'gpu', which is unknown: its <ferry:need> can say class='mdev'" },
        { "a class of the other kind", host_with_nothing, U9, "class='sriov'", NULL,
          "hostdev0 needs class 'sriov', but the domain names it as type 'mdev': make <ferry:need> "
          "and the device say the same" },
        { "a named device is leased", host_with_one_leased, VF0, NULL, NULL,
          "hostdev0 names 0000:3b:10.0, which is leased to guest db1 on this host: name another "
          "device, or free it with 'virt-ferry leases'" },
        { "a named device that is not made is leased", host_with_promised_instances, U2, NULL, NULL,
          "hostdev0 names " U2
          ", which is leased to guest g2 on this host: name another device, or "
          "free it with 'virt-ferry leases'" },
        { "a named device is used by the host", host_that_uses_its_vf, VF0, NULL, NULL,
          "hostdev0 names 0000:3b:10.0, which the host itself uses (eth3v0 has 192.0.2.7): take "
          "the host off it, or name another device" },
        { "a named device's group is in use", host_with_one_group, VF0, NULL, NULL,
          "hostdev0 names 0000:3b:10.0, which is in IOMMU group 2 with 0000:3b:10.2, which is "
          "leased "
          "to guest db1: name a device of another group, or free the whole group" },
        { "a named device's pool is full", host_with_pool_two, VF2, NULL, NULL,
          "hostdev0 names 0000:3b:10.4, but pool 'two' lets out 2 devices at a time and g2 and g3 "
          "have them: name another device, or free it with 'virt-ferry leases'" },
        { "a named device is in another pool", host_with_free_vfs, VF0, "pool='fast'", NULL,
          "hostdev0 names 0000:3b:10.0, which is in pool 'default', not 'fast': name another "
          "device, "
          "or change the guest's <ferry:need>" },
        { "a named device is of another vendor", host_with_free_vfs, VF0, "vendor='0x8086'", NULL,
          "hostdev0 names 0000:3b:10.0, which is 15b3:101e, not 8086:*: name another device, or "
          "change the guest's <ferry:need>" },
        { "a named device does not migrate", host_with_free_vfs, VF0, "migration='required'", NULL,
          "hostdev0 names 0000:3b:10.0, which must be able to migrate, and its driver vfio-pci has "
          "no migration support: name another device, or change the guest's <ferry:need>" },
        { "a named device is held by a stranger", host_with_a_held_device, U1, NULL, NULL,
          "hostdev0 names " U1
          ", which a process has open that has no lease: end what has it open, or "
          "name another device" },
        { "a named device does not answer", host_with_a_silent_driver, U1, "migration='required'",
          NULL,
          "hostdev0 names " U1 ", which must be able to migrate and cannot be asked whether it can "
          "(Operation not permitted): name another device, or change the guest's <ferry:need>" },
};

static void run_case(gconstpointer data) {
        size_t i = GPOINTER_TO_SIZE(data);
        const Answer *answer;
        Fixture f = { 0 };

        set_up(&f, NULL);
        cases[i].host(&f);
        want(&f, cases[i].source, cases[i].need, cases[i].seen);
        answer = answer_of(&f, 0);
        g_assert_cmpstr(answer->reason, ==, cases[i].sentence);
        g_assert_false(answer->ok);
        g_assert_false(answer->foreign);
        g_assert_null(answer->source);
        g_assert_cmpuint(strlen(answer->reason), <=, SENTENCE_MAX);
        fake_root_release(f.root, U1);
        tear_down(&f, NULL);
}

static void test_two_devices_and_one_that_is_free(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, NULL);
        scan(f);
        want(f, VF9, NULL, SEEN_PLAIN);
        want(f, "0000:af:10.2", NULL, SEEN_PLAIN);
        g_assert_true(answer_of(f, 0)->ok);
        g_assert_cmpstr(answer_of(f, 1)->reason, ==,
                        "hostdev1 needs a VF 15b3:101e: the only one in pool 'default' is for "
                        "another device of this guest: choose a host that has more of them");
}

static void test_two_devices_and_a_pool_for_one(Fixture *f, gconstpointer unused) {
        use_pools(f, "[Pool one]\nMax=1\n");
        add_vfs(f, 2, NULL);
        scan(f);
        want(f, VF9, NULL, SEEN_PLAIN);
        want(f, "0000:af:10.2", NULL, SEEN_PLAIN);
        g_assert_cmpstr(answer_of(f, 1)->reason, ==,
                        "hostdev1 needs a VF 15b3:101e, but pool 'one' lets out 1 device at a time "
                        "and this guest has no more to get: raise Max in [Pool one] of "
                        "virtferry.conf, or free one with 'virt-ferry leases'");
}

static void test_one_device_named_twice(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, NULL);
        scan(f);
        want(f, VF0, NULL, NULL);
        want(f, VF0, NULL, NULL);
        g_assert_true(answer_here_of(f, 0)->ok);
        g_assert_cmpstr(answer_here_of(f, 1)->reason, ==,
                        "hostdev1 names 0000:3b:10.0, which another device of this guest has: name "
                        "each device once");
}

static void test_the_sentences_of_all_devices_are_joined(Fixture *f, gconstpointer unused) {
        g_autofree char *refusal = NULL;

        scan(f);
        want(f, U9, "class='gpu'", NULL);
        want(f, VF9, NULL, NULL); /* foreign, so fine */
        want(f, VF9, NULL, SEEN_PLAIN);
        (void)answer_of(f, 0);
        refusal = negotiate_refusal(f->answers);
        g_assert_cmpstr(refusal, ==,
                        "hostdev0 needs class 'gpu', which is unknown: its <ferry:need> can say "
                        "class='mdev'; hostdev2 needs a VF 15b3:101e, and this host has no device "
                        "with SR-IOV: choose another host");
}

static void test_a_word_is_cut_between_two_characters(Fixture *f, gconstpointer unused) {
        add_vfs(f, 1, NULL);
        scan(f);
        (void)lease(f, "gääääääääääääääääääää", VF0, LEASE_RUNNING);
        want(f, VF9, NULL, SEEN_PLAIN);
        g_assert_true(g_utf8_validate(answer_of(f, 0)->reason, -1, NULL));
}

/* Words of 40 letters where words are, most of them of three bytes, and every clause at once. */
static void test_long_words_make_no_long_sentence(Fixture *f, gconstpointer unused) {
        static const char *const guests[] = {
                "ääääääääääääääääääääääääääääääääääääääää",
                "€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€",
                "gggggggggggggggggggggggggggggggggggggggg",
                "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
        };
        const Answer *answer;

        use_pools(f, "[Pool pppppppppppppppppppppppppppppppppppppppp]\n");
        add_vfs(f, 7, "mlx5_core");
        fake_root_set_address(f->root, "eth3v4", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
        scan(f);
        (void)lease(f, guests[0], VF0, LEASE_RUNNING);
        (void)lease(f, guests[1], VF1, LEASE_RUNNING);
        (void)lease(f, guests[2], VF2, LEASE_RUNNING);
        (void)lease(f, guests[3], "0000:3b:10.6", LEASE_RUNNING);
        join_group(f, PF, "0000:3b:11.2");
        join_group(f, PF, "0000:3b:11.4");
        want(f, VF9, NULL, SEEN_PLAIN);

        answer = answer_of(f, 0);
        g_assert_false(answer->ok);
        g_assert_true(g_utf8_validate(answer->reason, -1, NULL));
        g_assert_cmpuint(strlen(answer->reason), <=, SENTENCE_MAX);
        g_assert_cmpstr(answer->reason, ==,
                        "hostdev0 needs a VF 15b3:101e: of 7 in pool "
                        "'pppppppppppppppppppppppppppppppp' 4 are leased, 1 is used by the host "
                        "and 2 are in an IOMMU group that is in use: " LEASES);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/refusal/%s", cases[i].name);

                g_test_add_data_func(path, GSIZE_TO_POINTER(i), run_case);
        }

#define TEST(name, function) \
        g_test_add("/refusal/" name, Fixture, NULL, set_up, function, tear_down)
        TEST("two devices and one that is free", test_two_devices_and_one_that_is_free);
        TEST("two devices and a pool for one", test_two_devices_and_a_pool_for_one);
        TEST("one device named twice", test_one_device_named_twice);
        TEST("the sentences of all devices are joined",
             test_the_sentences_of_all_devices_are_joined);
        TEST("a word is cut between two characters", test_a_word_is_cut_between_two_characters);
        TEST("long words make no long sentence", test_long_words_make_no_long_sentence);
        return g_test_run();
}
