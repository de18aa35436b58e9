/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/pcie-link.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/device-path.h"
#include "daemon/facts/sysfs-dir.h"
#include "xml/pci-address.h"

#define WIDTH_MAX 32     /* Link Capabilities: x1 to x32 */
#define SPEED_MAX 256000 /* MT/s, one generation more than there is */

void pcie_link_free(PcieLink *link) {
        if (!link)
                return;

        g_free(link->port);
        g_free(link->device);
        g_free(link);
}

/* "8.0 GT/s PCIe"; "Unknown" is 0. */
static unsigned read_speed(const SysfsDir *dir, const char *name) {
        char text[SYSFS_VALUE_MAX], *end;
        double speed;

        if (sysfs_dir_read(dir, name, text) <= 0)
                return 0;

        speed = g_ascii_strtod(text, &end);
        if (!g_str_has_prefix(end, " GT/s") || !(speed > 0 && speed * 1000 <= SPEED_MAX))
                return 0;
        return (unsigned)(speed * 1000 + 0.5);
}

/* 255 is what the kernel says of a width that it does not know. */
static unsigned read_width(const SysfsDir *dir, const char *name) {
        int width;

        if (sysfs_dir_read_int(dir, name, &width) < 0 || width < 0 || width > WIDTH_MAX)
                return 0;
        return width;
}

static unsigned least(unsigned a, unsigned b) {
        return a == 0 || b == 0 ? MAX(a, b) : MIN(a, b);
}

/* Both ends say the same of the present; of what is possible each knows its own half. */
static void take_end(PcieLink *link, const Sysfs *sysfs, const char *address) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;

        if (sysfs_dir_open(sysfs, &dir, "sys/bus/pci/devices/%s", address) < 0)
                return;

        if (link->speed == 0 || link->width == 0) {
                link->speed = read_speed(&dir, "current_link_speed");
                link->width = read_width(&dir, "current_link_width");
        }
        link->speed_max = least(link->speed_max, read_speed(&dir, "max_link_speed"));
        link->width_max = least(link->width_max, read_width(&dir, "max_link_width"));
}

static PcieLink *read_link(const Sysfs *sysfs, const char *port, const char *device) {
        PcieLink *link = g_new0(PcieLink, 1);

        link->port = g_strdup(port);
        link->device = g_strdup(device);
        take_end(link, sysfs, device);
        take_end(link, sysfs, port);
        return link;
}

/* Behind the last host bridge: a volume management device (VMD) has one of its own. */
static char **below_host_bridge(char **names) {
        char **first = names;

        for (char **name = names; *name; name++)
                if (g_str_has_prefix(*name, "pci"))
                        first = name + 1;
        return first;
}

/* Ports come in pairs: root port and upper end of a switch, lower port and the next. What is
 * between the two ends of a switch is no link. */
int pcie_chain_read(const Sysfs *sysfs, const char *address, GPtrArray **ret_links) {
        g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func((GDestroyNotify)pcie_link_free);
        g_autofree char *path = g_strdup_printf("sys/bus/pci/devices/%s", address);
        g_auto(GStrv) names = NULL;
        int r;

        if (!pci_address_is_valid(address))
                return -EINVAL;

        r = device_path_read(sysfs, path, &names);
        if (r < 0)
                return r == -ENOENT ? -ENODEV : r;

        for (char **name = below_host_bridge(names); name[0] && name[1]; name += 2) {
                if (!pci_address_is_valid(name[0]) || !pci_address_is_valid(name[1]))
                        break;
                g_ptr_array_add(links, read_link(sysfs, name[0], name[1]));
        }

        *ret_links = g_steal_pointer(&links);
        return 0;
}

uint64_t pcie_link_bandwidth(unsigned speed, unsigned width) {
        uint64_t bits = (uint64_t)speed * 1000000 * width;

        if (speed < 8000)
                return bits / 10; /* 8b/10b, and 8 bits a byte */
        if (speed < 64000)
                return bits * 128 / 130 / 8;
        return bits * 242 / 256 / 8;
}

const PcieLink *pcie_chain_narrowest(const GPtrArray *links) {
        const PcieLink *narrowest = NULL;
        uint64_t least_bytes = G_MAXUINT64;

        for (guint i = 0; i < links->len; i++) {
                const PcieLink *link = links->pdata[i];
                uint64_t bytes = pcie_link_bandwidth(link->speed, link->width);

                if (bytes < least_bytes) {
                        least_bytes = bytes;
                        narrowest = link;
                }
        }
        return narrowest;
}
