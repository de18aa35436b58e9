/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/negotiate-fixture.h"

#include <string.h>

#define RELEASE "6.12.0-test"

unsigned probes;
int probe_error;

void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        probes = 0;
        probe_error = 0;
        f->root = fake_root_new();
        f->config = config_new();
        f->store = store_open(":memory:", &error);
        g_assert_no_error(error);
        f->book = lease_book_new(f->store);
        f->devices = g_string_new(NULL);
        f->entries = g_string_new(NULL);
        fake_root_put(f->root, "proc/sys/kernel/osrelease", RELEASE "\n", -1);
}

void tear_down(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->answers, g_ptr_array_unref);
        domain_free(f->domain);
        g_clear_pointer(&f->parents, g_ptr_array_unref);
        inventory_free(f->inventory);
        lease_book_free(f->book);
        store_close(f->store);
        config_free(f->config);
        fake_root_free(f->root);
        g_string_free(f->devices, TRUE);
        g_string_free(f->entries, TRUE);
        memset(f, 0, sizeof(*f));
}

/* The host. */

void use_pools(Fixture *f, const char *config) {
        g_autoptr(GError) error = NULL;

        config_free(f->config);
        f->config = config_parse(config, "test.conf", &error);
        g_assert_no_error(error);
}

void add_parent(Fixture *f, const char *name, unsigned ports, const char *type) {
        FakeMdevType types[] = { { type, "serial", 1 }, { NULL, NULL, 0 } };

        fake_root_add_mdev_parent(f->root, name, name, ports, types);
        fake_root_set_vfio(f->root, name, MIGRATES, 0);
}

void add_mdev(Fixture *f, const char *parent, const char *type, const char *uuid) {
        fake_root_add_mdev(f->root, parent, type, uuid);
}

void add_vfs(Fixture *f, unsigned count, const char *vf_driver) {
        fake_root_add_pf(f->root, PF,
                         &(FakePci){ .vendor = 0x15b3,
                                     .device = 0x101d,
                                     .revision = 1,
                                     .vf_device = 0x101e,
                                     .total_vfs = 64,
                                     .driver = "mlx5_core",
                                     .netdev = "eth3",
                                     .vf_driver = vf_driver });
        for (unsigned i = 0; i < count; i++)
                (void)fake_root_add_vf(f->root, PF);
}

void add_variant_driver(Fixture *f, const char *module) {
        g_autofree char *aliases = NULL;

        aliases = g_strdup_printf("alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* %s\n", module);
        fake_root_put(f->root, "lib/modules/" RELEASE "/modules.alias", aliases, -1);
}

static int count_probe(const Sysfs *sysfs, const char *name, int iommu_group,
                       VfioProbe *ret_probe) {
        probes++;
        if (probe_error < 0)
                return probe_error;
        return vfio_probe(sysfs, name, iommu_group, ret_probe);
}

void scan(Fixture *f) {
        f->inventory = inventory_new(fake_root_sysfs(f->root), f->config, count_probe);
        g_assert_cmpint(inventory_scan(f->inventory), ==, 0);
}

/* Leases. */

static char *guest_uuid(const char *guest) {
        return g_strdup_printf("00000000-0000-0000-0000-%012x", g_str_hash(guest));
}

static Lease *reserve(Fixture *f, Lease *new) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autofree char *device = g_strdup(new->device);
        g_autoptr(GError) error = NULL;

        g_ptr_array_add(leases, new);
        lease_book_reserve(f->book, leases, &error);
        g_assert_no_error(error);
        return lease_book_find_device(f->book, device);
}

static Lease *new_lease(Fixture *f, const char *guest, const char *id) {
        const Device *device = inventory_find(f->inventory, id);
        Lease *new = lease_new();

        new->domain_uuid = guest_uuid(guest);
        new->domain_name = g_strdup(guest);
        new->device = g_strdup(id);
        new->class_name = g_strdup(device ? device->class->name : "mdev");
        new->pool = g_strdup(device ? inventory_pool(f->inventory, device)->name : "default");
        new->expires = G_MAXINT64;
        return new;
}

Lease *lease(Fixture *f, const char *guest, const char *device, LeaseState state) {
        Lease *made = reserve(f, new_lease(f, guest, device));
        g_autoptr(GError) error = NULL;

        if (state != LEASE_RESERVED)
                lease_book_enter(f->book, made, state, 0, &error);
        g_assert_no_error(error);
        return made;
}

Lease *lease_unmade(Fixture *f, const char *guest, const char *device, const char *parent,
                    const char *type) {
        Lease *new = new_lease(f, guest, device);

        new->make = true;
        new->parent = g_strdup(parent);
        new->type = g_strdup(type);
        return reserve(f, new);
}

void lease_address(Fixture *f, const char *guest, const char *device, const char *address) {
        Lease *new = new_lease(f, guest, device);

        new->address = g_strdup(address);
        (void)reserve(f, new);
}

/* The guest. */

static void add_device(Fixture *f, const char *source, bool transient) {
        const char *teaming = transient ? "<teaming type='transient' persistent='ua-a'/>" : "";
        const char *p = source;

        g_string_append_printf(f->devices, "<hostdev mode='subsystem' type='%s'%s><source>",
                               strchr(p, '.') ? "pci" : "mdev",
                               strchr(p, '.') ? "" : " model='vfio-pci'");
        if (strchr(p, '.'))
                g_string_append_printf(f->devices,
                                       "<address domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' "
                                       "function='0x%.1s'/>",
                                       p, p + 5, p + 8, p + 11);
        else
                g_string_append_printf(f->devices, "<address uuid='%s'/>", p);
        g_string_append_printf(
                f->devices,
                "</source>%s<alias name='hostdev%u'/><address type='pci' "
                "domain='0x0000' bus='0x00' slot='0x%02x' function='0x0'/></hostdev>",
                teaming, f->n_devices, f->n_devices + 5);
}

static void add_entry(Fixture *f, const char *need, const char *seen) {
        g_string_append_printf(f->entries, "<ferry:device address='0000:00:%02x.0'>",
                               f->n_devices + 5);
        if (need)
                g_string_append_printf(f->entries, "<ferry:need %s/>", need);
        if (seen)
                g_string_append_printf(f->entries, "<ferry:seen %s/>", seen);
        g_string_append(f->entries, "</ferry:device>");
}

static void add_wish(Fixture *f, const char *source, const char *need, const char *seen,
                     bool transient) {
        add_device(f, source, transient);
        if (need || seen)
                add_entry(f, need, seen);
        f->n_devices++;
}

void want(Fixture *f, const char *source, const char *need, const char *seen) {
        add_wish(f, source, need, seen, false);
}

void want_transient(Fixture *f, const char *source, const char *need, const char *seen) {
        add_wish(f, source, need, seen, true);
}

static Domain *read_guest(const Fixture *f) {
        g_autofree char *uuid = guest_uuid("g1"), *xml = NULL;
        g_autoptr(GError) error = NULL;
        Domain *domain;

        xml = g_strdup_printf("<domain type='kvm'><name>g1</name><uuid>%s</uuid><metadata>"
                              "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>%s"
                              "</ferry:domain></metadata><devices>%s</devices></domain>",
                              uuid, f->entries->str, f->devices->str);
        domain = domain_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        return domain;
}

static const Answer *ask(Fixture *f, bool here, unsigned n) {
        g_clear_pointer(&f->answers, g_ptr_array_unref);
        g_clear_pointer(&f->domain, domain_free);
        f->domain = read_guest(f);
        f->answers = here ? negotiate_here(f->domain, f->inventory, f->book)
                          : negotiate(f->domain, f->inventory, f->book, f->parents);
        g_assert_cmpuint(f->answers->len, ==, f->n_devices);
        return f->answers->pdata[n];
}

const Answer *answer_of(Fixture *f, unsigned n) {
        return ask(f, false, n);
}

const Answer *answer_here_of(Fixture *f, unsigned n) {
        return ask(f, true, n);
}
