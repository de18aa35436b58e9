/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the running kernel says of VFIO devices, through the code that the daemon uses: run in the
 * test hosts, where there are some. One line a device:
 *
 *   NAME: group 12, probed "stop-copy p2p pre-copy dma-log", state 0 bytes, looked "stop-copy ..."
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/facts/mdev.h"
#include "daemon/facts/pci.h"
#include "daemon/facts/vfio.h"

static int read_group(const Sysfs *sysfs, const char *name, int *ret_group) {
        g_autoptr(PciFacts) pci = NULL;
        g_autoptr(MdevFacts) mdev = NULL;
        int r;

        if (pci_address_is_valid(name)) {
                r = pci_read(sysfs, name, &pci);
                if (r >= 0)
                        *ret_group = pci->iommu_group;
        } else {
                r = mdev_read(sysfs, name, &mdev);
                if (r >= 0)
                        *ret_group = mdev->iommu_group;
        }
        return r;
}

static void print_probe(const Sysfs *sysfs, const char *name, int group) {
        g_autofree char *caps = NULL;
        VfioProbe probe;
        int r;

        r = vfio_probe(sysfs, name, group, &probe);
        if (r < 0) {
                printf("not probed: %s", g_strerror(-r));
                return;
        }

        caps = vfio_caps_to_string(probe.caps);
        printf("probed \"%s\", state %" G_GUINT64_FORMAT " bytes", caps, probe.state_size);
}

static void print_look(const Sysfs *sysfs, const char *name) {
        g_autofree char *words = NULL;
        int caps, r;

        r = vfio_look(sysfs, name, &caps);
        if (r < 0)
                printf("not looked: %s\n", g_strerror(-r));
        else if (caps == VFIO_CAPS_UNKNOWN)
                printf("looked: migrates\n");
        else {
                words = vfio_caps_to_string(caps);
                printf("looked \"%s\"\n", words);
        }
}

static int print_device(const Sysfs *sysfs, const char *name) {
        int group, r;

        r = read_group(sysfs, name, &group);
        if (r < 0) {
                fprintf(stderr, "%s: cannot read: %s\n", name, g_strerror(-r));
                return r;
        }

        printf("%s: group %d, ", name, group);
        print_probe(sysfs, name, group);
        printf(", ");
        print_look(sysfs, name);
        return 0;
}

int main(int argc, char **argv) {
        g_autoptr(Sysfs) sysfs = sysfs_open("/");
        int r, failed = 0;

        if (!sysfs) {
                fprintf(stderr, "cannot open /: %s\n", g_strerror(errno));
                return EXIT_FAILURE;
        }
        if (argc < 2) {
                fprintf(stderr, "Usage: %s PCI-ADDRESS|MDEV-UUID...\n", argv[0]);
                return EXIT_FAILURE;
        }

        for (int i = 1; i < argc; i++)
                failed += print_device(sysfs, argv[i]) < 0;

        r = vfio_kernel_reports_dma_log(sysfs);
        printf("the kernel %s DMA logging\n", r > 0    ? "reports"
                                              : r == 0 ? "cannot report"
                                                       : "does not tell whether it reports");
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
