/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/facts/fd.h"

/* What all functions of a kind have in common: one file each, shared by hard links. */
static const char *const shared_files[] = {
        "class",    "config",           "device",           "driver_override",
        "irq",      "modalias",         "numa_node",        "resource",
        "revision", "subsystem_device", "subsystem_vendor", "vendor",
};

static void put_config(int kinds, const char *directory, const FakePci *spec) {
        g_autofree char *path = g_build_filename(directory, "config", NULL);
        guint8 config[64] = { 0 };

        config[0x00] = spec->vendor & 0xff;
        config[0x01] = spec->vendor >> 8;
        config[0x02] = spec->device & 0xff;
        config[0x03] = spec->device >> 8;
        config[0x08] = spec->revision;
        config[0x0b] = 0x02; /* network controller */
        config[0x2c] = spec->subsystem_vendor & 0xff;
        config[0x2d] = spec->subsystem_vendor >> 8;
        config[0x2e] = spec->subsystem_device & 0xff;
        config[0x2f] = spec->subsystem_device >> 8;
        tree_put(kinds, path, (char *)config, sizeof(config));
}

static void put_kind_file(int kinds, const char *directory, const char *name, const char *text) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        tree_put(kinds, path, text, -1);
}

static void put_kind_id(int kinds, const char *directory, const char *name, int id) {
        g_autofree char *text = g_strdup_printf("0x%04x\n", id);

        put_kind_file(kinds, directory, name, text);
}

static void put_kind(FakeRoot *root, const char *directory, const FakePci *spec) {
        g_autofree char *numa_node = g_strdup_printf("%d\n", spec->numa_node);
        g_autofree char *revision = g_strdup_printf("0x%02x\n", spec->revision);
        g_autofree char *modalias = g_strdup_printf("pci:v%08Xd%08Xsv%08Xsd%08Xbc02sc00i00\n",
                                                    spec->vendor, spec->device,
                                                    spec->subsystem_vendor, spec->subsystem_device);
        g_autoptr(GString) resource = g_string_new(NULL);

        for (int i = 0; i < 7; i++) /* six bars and the ROM */
                g_string_append(resource,
                                "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");

        put_config(root->base_fd, directory, spec);
        put_kind_id(root->base_fd, directory, "vendor", spec->vendor);
        put_kind_id(root->base_fd, directory, "device", spec->device);
        put_kind_id(root->base_fd, directory, "subsystem_vendor", spec->subsystem_vendor);
        put_kind_id(root->base_fd, directory, "subsystem_device", spec->subsystem_device);
        put_kind_file(root->base_fd, directory, "revision", revision);
        put_kind_file(root->base_fd, directory, "class", "0x020000\n");
        put_kind_file(root->base_fd, directory, "irq", "0\n");
        put_kind_file(root->base_fd, directory, "resource", resource->str);
        put_kind_file(root->base_fd, directory, "modalias", modalias);
        put_kind_file(root->base_fd, directory, "numa_node", numa_node);
        put_kind_file(root->base_fd, directory, "driver_override", "(null)\n");
}

/* The directory of the function's kind, made for the first one. */
static char *kind_directory(FakeRoot *root, const FakePci *spec) {
        g_autofree char *key = g_strdup_printf("%x %x %x %x %x %d", spec->vendor, spec->device,
                                               spec->subsystem_vendor, spec->subsystem_device,
                                               spec->revision, spec->numa_node);
        guint number = GPOINTER_TO_UINT(g_hash_table_lookup(root->kinds, key));
        char *directory;

        if (number > 0)
                return g_strdup_printf("kinds/%u", number);

        number = g_hash_table_size(root->kinds) + 1;
        directory = g_strdup_printf("kinds/%u", number);
        put_kind(root, directory, spec);
        g_hash_table_insert(root->kinds, g_steal_pointer(&key), GUINT_TO_POINTER(number));
        return directory;
}

void fake_kind_link(FakeRoot *root, const FakeFunction *function) {
        g_autofree char *directory = kind_directory(root, &function->spec);
        g_auto(Fd) kind = openat(root->base_fd, directory, O_PATH | O_CLOEXEC);
        g_auto(Fd) device = openat(root->fd, function->path, O_PATH | O_CLOEXEC);

        for (size_t i = 0; i < G_N_ELEMENTS(shared_files); i++)
                if (linkat(kind, shared_files[i], device, shared_files[i], 0) < 0)
                        g_error("cannot link %s/%s: %s", function->path, shared_files[i],
                                g_strerror(errno));
}
