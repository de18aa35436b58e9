/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/pci.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"

#define LINK_WIDTH_MAX 32 /* PCI Express Base Specification, Link Capabilities: x1 to x32 */

void pci_facts_free(PciFacts *facts) {
        if (!facts)
                return;

        g_free(facts->address);
        g_free(facts->driver);
        g_free(facts->physfn);
        g_free(facts->netdev);
        g_free(facts);
}

static PciFacts *pci_facts_new(const char *address) {
        PciFacts *facts = g_new0(PciFacts, 1);

        facts->address = g_strdup(address);
        facts->vendor = facts->device = -1;
        facts->subsystem_vendor = facts->subsystem_device = -1;
        facts->revision = facts->numa_node = facts->iommu_group = -1;
        return facts;
}

/* "8086:10CA" */
static void parse_ids(const char *text, int *ret_vendor, int *ret_device) {
        unsigned value = 0;

        if (strlen(text) != strlen("8086:10CA") || text[4] != ':')
                return;

        for (size_t i = 0; text[i] != '\0'; i++) {
                if (i == 4)
                        continue;
                if (!g_ascii_isxdigit(text[i]))
                        return;
                value = value << 4 | (unsigned)g_ascii_xdigit_value(text[i]);
        }
        *ret_vendor = value >> 16;
        *ret_device = value & 0xffff;
}

static void parse_uevent_line(PciFacts *facts, const char *line) {
        if (g_str_has_prefix(line, "DRIVER=") && sysfs_name_is_valid(line + strlen("DRIVER="))) {
                g_free(facts->driver);
                facts->driver = g_strdup(line + strlen("DRIVER="));
        } else if (g_str_has_prefix(line, "PCI_ID="))
                parse_ids(line + strlen("PCI_ID="), &facts->vendor, &facts->device);
        else if (g_str_has_prefix(line, "PCI_SUBSYS_ID="))
                parse_ids(line + strlen("PCI_SUBSYS_ID="), &facts->subsystem_vendor,
                          &facts->subsystem_device);
}

/* uevent has driver and ids in one read. (A VF's config space says 0xffff for its ids.) */
static int read_uevent(const SysfsDir *dir, PciFacts *facts) {
        char text[SYSFS_VALUE_MAX];
        char *rest = text, *line;
        int r;

        r = sysfs_dir_read(dir, "uevent", text);
        if (r == -ENOENT)
                return -ENODEV;
        if (r < 0)
                return r == -ENODEV ? r : 0;

        while ((line = strsep(&rest, "\n")))
                parse_uevent_line(facts, line);
        return 0;
}

static void read_numbers(const SysfsDir *dir, PciFacts *facts) {
        char group[NAME_MAX + 1];
        guint64 number;
        int value;

        if (sysfs_dir_read_int(dir, "revision", &value) >= 0 && value >= 0 && value <= 0xff)
                facts->revision = value;
        if (sysfs_dir_read_int(dir, "numa_node", &value) >= 0 && value >= 0)
                facts->numa_node = value;

        if (sysfs_dir_read_link(dir, "iommu_group", group) >= 0 &&
            g_ascii_string_to_unsigned(group, 10, 0, INT_MAX, &number, NULL))
                facts->iommu_group = number;
}

/* "8.0 GT/s PCIe", "Unknown" */
static void read_link_state(const SysfsDir *dir, PciFacts *facts) {
        char text[SYSFS_VALUE_MAX], *end;
        double speed;
        int width;

        if (sysfs_dir_read(dir, "current_link_speed", text) > 0) {
                speed = g_ascii_strtod(text, &end);
                if (speed > 0 && g_str_has_prefix(end, " GT/s"))
                        facts->link_speed = speed;
        }
        if (sysfs_dir_read_int(dir, "current_link_width", &width) >= 0 && width > 0 &&
            width <= LINK_WIDTH_MAX)
                facts->link_width = width;
}

/* A function has a PF above it, or VFs below it, or neither; never both. */
static void read_sriov(const SysfsDir *dir, PciFacts *facts) {
        char physfn[NAME_MAX + 1];
        int total, made;

        if (sysfs_dir_read_link(dir, "physfn", physfn) >= 0) {
                facts->is_vf = true;
                if (pci_address_is_valid(physfn))
                        facts->physfn = g_strdup(physfn);
                return;
        }

        read_link_state(dir, facts);
        if (sysfs_dir_read_int(dir, "sriov_totalvfs", &total) < 0 || total < 0)
                return;
        facts->vfs_total = total;
        if (sysfs_dir_read_int(dir, "sriov_numvfs", &made) >= 0 && made >= 0)
                facts->vfs_made = made;
}

static char *first_name(const SysfsDir *dir, const char *path, const char *prefix) {
        g_autoptr(GPtrArray) names = NULL;

        if (sysfs_dir_list(dir, path, &names) < 0)
                return NULL;

        for (guint i = 0; i < names->len; i++)
                if (g_str_has_prefix(names->pdata[i], prefix))
                        return g_strdup(names->pdata[i]);
        return NULL;
}

/* The netdev is a child of the function; a virtio one hangs below the function's virtio device. */
static void read_netdev(const SysfsDir *dir, PciFacts *facts) {
        g_autofree char *child = NULL, *path = NULL;

        facts->netdev = first_name(dir, "net", "");
        if (facts->netdev || g_strcmp0(facts->driver, "virtio-pci") != 0)
                return;

        child = first_name(dir, ".", "virtio");
        if (!child)
                return;
        path = g_build_filename(child, "net", NULL);
        facts->netdev = first_name(dir, path, "");
}

int pci_read(const Sysfs *sysfs, const char *address, PciFacts **ret_facts) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autoptr(PciFacts) facts = NULL;
        int r;

        if (!pci_address_is_valid(address))
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &dir, "sys/bus/pci/devices/%s", address);
        if (r < 0)
                return r;

        facts = pci_facts_new(address);
        r = read_uevent(&dir, facts);
        if (r < 0)
                return r;

        read_numbers(&dir, facts);
        read_sriov(&dir, facts);
        read_netdev(&dir, facts);
        *ret_facts = g_steal_pointer(&facts);
        return 0;
}

int pci_list(const Sysfs *sysfs, GPtrArray **ret_addresses) {
        g_autoptr(GPtrArray) names = NULL;
        int r;

        r = sysfs_list(sysfs, "sys/bus/pci/devices", &names);
        if (r < 0)
                return r;

        for (guint i = names->len; i > 0; i--)
                if (!pci_address_is_valid(names->pdata[i - 1]))
                        g_ptr_array_remove_index(names, i - 1);

        *ret_addresses = g_steal_pointer(&names);
        return 0;
}
