/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/edges/causes-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/hook-slice.h"

#define RELEASE "6.12.0-test"

static void put(Scene *scene, const char *path, const char *text) {
        fake_root_put(scene->base.root, path, text, -1);
}

static void put_hugepages(Scene *scene, unsigned node, const char *left) {
        g_autofree char *directory = g_strdup_printf(
                "sys/devices/system/node/node%u/hugepages/hugepages-2048kB/", node);
        g_autofree char *total = g_strconcat(directory, "nr_hugepages", NULL);
        g_autofree char *free_now = g_strconcat(directory, "free_hugepages", NULL);

        put(scene, total, "512\n");
        put(scene, free_now, left);
}

static void put_host(Scene *scene) {
        g_autofree char *hook = g_build_filename(fake_root_path(scene->base.root), HOOK_PATH, NULL);

        put(scene, &HOOK_PATH[1], "#!/bin/true\n");
        g_assert_cmpint(g_chmod(hook, 0755), ==, 0);
        put(scene, "dev/vfio/vfio", "");
        put(scene, "sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        put(scene, "proc/sys/kernel/osrelease", RELEASE "\n");
        put(scene, "proc/kallsyms", "0000000000000000 t iova_bitmap_alloc\t[vfio]\n");
        put(scene, "proc/meminfo",
            "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapFree: 1048576 kB\n"
            "Hugepagesize: 2048 kB\n");
        put(scene, "sys/devices/system/cpu/online", "0-3\n");
        put(scene, "sys/devices/system/node/online", "0-1\n");
        put_hugepages(scene, 0, "512\n");
        put_hugepages(scene, 1, "100\n");
        scene->base.manager->libvirt_known = true;
        scene->state.libvirt_version = 10000000;
        scene->state.qemu_version = 10000000;
}

void scene_set_up(Scene *scene, Asked asked, const char *config) {
        fixture_set_up(&scene->base, config);
        scene->asked = asked;
        put_host(scene);

        scene->pf = (FakePci){ .vendor = 0x15b3,
                               .device = 0x101d,
                               .revision = 1,
                               .vf_device = 0x101e,
                               .driver = "mlx5_core",
                               .netdev = "eth3",
                               .vf_driver = "mlx5_vfio_pci" };
        scene->vfs = 1;
        scene->caps = FULL;
        scene->variant = true;

        scene->seen = "class='sriov' vendor='0x15b3' device='0x101e' revision='0x01' "
                      "driver='mlx5_vfio_pci' driver-version='1.0' firmware='28.41.1000 (MT_2)' "
                      "vfio='stop-copy p2p pre-copy dma-log'";
        scene->devices = g_string_new(NULL);
        scene->entries = g_string_new(NULL);
        scene->quirks = g_string_new(NULL);
        scene->slot = 5;
}

void scene_tear_down(Scene *scene) {
        fake_root_release(scene->base.root, VF0);
        g_string_free(scene->devices, TRUE);
        g_string_free(scene->entries, TRUE);
        g_string_free(scene->quirks, TRUE);
        fixture_tear_down(&scene->base, NULL);
}

/* What the drivers offer was asked while nobody had the devices, where they could be asked. */
void scene_play(Scene *scene) {
        Inventory *inventory = scene->base.manager->inventory;
        FakeRoot *root = scene->base.root;

        if (scene->variant)
                put(scene, "lib/modules/" RELEASE "/modules.alias",
                    "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n");
        fake_root_set_vfio(root, "mlx5_vfio_pci", scene->caps, 0);
        if (scene->pf.driver)
                fake_root_add_pf(root, PF, &scene->pf);
        for (unsigned i = 0; i < scene->vfs; i++)
                (void)fake_root_add_vf(root, PF);

        g_assert_cmpint(inventory_scan(inventory), ==, 0);
        if (!scene->unasked)
                (void)inventory_probe(inventory, VF0);
}

/* The guest ------------------------------------------------------------------------- */

static void give(Scene *scene, const char *type, const char *source, const char *need,
                 const char *seen) {
        g_string_append_printf(scene->devices,
                               "<hostdev mode='subsystem' %s><source><address %s/></source>"
                               "<address type='pci' domain='0x0000' bus='0x00' slot='0x%02x' "
                               "function='0x0'/></hostdev>",
                               type, source, scene->slot);
        g_string_append_printf(scene->entries, "<ferry:device address='0000:00:%02x.0'>",
                               scene->slot);
        if (need)
                g_string_append_printf(scene->entries, "<ferry:need %s/>", need);
        if (seen)
                g_string_append_printf(scene->entries, "<ferry:seen %s/>", seen);
        g_string_append(scene->entries, "</ferry:device>");
        scene->slot++;
}

void scene_give_vf(Scene *scene, const char *vf) {
        g_autofree char *source = NULL;

        source = g_strdup_printf("domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' function='0x%c'", vf,
                                 vf + 5, vf + 8, vf[11]);
        give(scene, "type='pci'", source, scene->need, scene->seen);
}

void scene_give_mdev(Scene *scene, const char *mdev, const char *type) {
        g_autofree char *source = g_strdup_printf("uuid='%s'", mdev), *seen = NULL;

        seen = g_strdup_printf("class='mdev' driver='mtty' mdev-type='%s' "
                               "vfio='stop-copy p2p pre-copy dma-log'",
                               type);
        give(scene, "type='mdev' model='vfio-pci'", source, NULL, seen);
}

static char *guest_of(Scene *scene) {
        if (scene->devices->len == 0)
                scene_give_vf(scene, scene->asked == ASKED_DESTINATION ? AWAY : VF0);

        return g_strdup_printf("<domain type='kvm' "
                               "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
                               "<name>g1</name><uuid>" GUEST_UUID "</uuid>"
                               "<memory unit='MiB'>1024</memory><vcpu>2</vcpu>"
                               "%s<metadata><ferry:domain "
                               "xmlns:ferry='urn:virtferry:domain:1' version='1'>%s</ferry:domain>"
                               "</metadata><devices>%s</devices>%s</domain>",
                               scene->demand ?: "", scene->entries->str, scene->devices->str,
                               scene->quirks->str);
}

/* Checks ---------------------------------------------------------------------------- */

/* As the command line shows them. */
static GPtrArray *check_destination(Scene *scene, const char *xml, GError **error) {
        g_autoptr(GPtrArray) answers = NULL, arrival = NULL;
        GPtrArray *findings = findings_new();
        g_autoptr(GError) refusal = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autofree char *fitted = NULL;

        answers = manager_check_domain(scene->base.manager, xml, &domain, error);
        for (guint i = 0; answers && i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                if (!answer->ok)
                        findings_add(findings, FINDING_ERROR, answer->name, "%s", answer->reason);
        }

        fitted = answers ? hook_slice_preview(scene->base.manager, domain, xml, answers, &refusal)
                         : NULL;
        if (refusal)
                findings_add(findings, FINDING_ERROR, "slice", "%s", refusal->message);

        arrival = answers ? arrival_check(scene->base.manager, &scene->state, xml, error) : NULL;
        if (arrival)
                g_ptr_array_extend_and_steal(findings, g_steal_pointer(&arrival));
        return findings;
}

GPtrArray *scene_check(Scene *scene) {
        const Manager *manager = scene->base.manager;
        g_autofree char *xml = guest_of(scene);
        g_autoptr(GError) error = NULL;
        GPtrArray *findings = NULL;

        switch (scene->asked) {
        case ASKED_HOST:
                findings = host_check(manager, &scene->state);
                break;
        case ASKED_SOURCE:
                findings = guest_check(manager, &scene->state,
                                       &(GuestEvent){ .kind = GUEST_FOUND,
                                                      .name = (char *)"g1",
                                                      .xml = xml,
                                                      .running = !scene->shut_off },
                                       &error);
                break;
        case ASKED_DESTINATION:
                findings = check_destination(scene, xml, &error);
                break;
        case _ASKED_MAX:
                g_assert_not_reached();
        }
        g_assert_no_error(error);
        return findings;
}

/* Who has what ---------------------------------------------------------------------- */

void scene_lease(Scene *scene, const char *device, const char *guest) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        const Manager *manager = scene->base.manager;
        g_autoptr(GError) error = NULL;
        Lease *lease = lease_new();
        const Device *found = inventory_find(manager->inventory, device);

        lease->domain_uuid = g_strdup(OTHER_UUID);
        lease->domain_name = g_strdup(guest);
        lease->device = g_strdup(device);
        lease->class_name = g_strdup(found->class->name);
        lease->pool = g_strdup(inventory_pool(manager->inventory, found)->name);
        g_ptr_array_add(leases, lease);
        lease_book_reserve(manager->leases, leases, &error);
        g_assert_no_error(error);
}

void scene_add_rule(Scene *scene, const char *lines) {
        g_autofree char *text = g_strconcat("[Rule mlx]\nDrivers=mlx5_vfio_pci\n", lines, NULL);
        g_autoptr(GError) error = NULL;

        (void)compat_add(scene->base.manager->config->compat, text, "x.conf", &error);
        g_assert_no_error(error);
}

static int start_helper(void *unused, const TrialOrder *order) {
        return 0;
}

void scene_try(Scene *scene, const char *device) {
        static const TrialOps ops = { start_helper, NULL };
        Trials *trials = scene->base.manager->trials;
        g_autoptr(GError) error = NULL;

        trials_set_ops(trials, &ops);
        trials_begin(trials, device, &error);
        g_assert_no_error(error);
}
