/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One PCI function as sysfs shows it, and the binding of its driver.
 * Source of the names: Documentation/ABI/testing/sysfs-bus-pci. */

#include "daemon/facts/sysfs.h"
#include "xml/pci-address.h"

typedef struct PciFacts {
        char *address;                                                    /* "0000:3b:00.2" */
        int vendor, device, subsystem_vendor, subsystem_device, revision; /* -1 unknown */
        char *driver;                                                     /* bound driver or NULL */
        int numa_node;                                                    /* -1 none */
        int iommu_group;                                                  /* -1 none */
        double link_speed; /* GT/s of current_link_speed, 0 unknown; a VF has no link of its own */
        int link_width;    /* lanes, 0 unknown */
        bool is_vf;
        char *physfn;       /* PF's address when is_vf */
        unsigned vfs_made;  /* sriov_numvfs, 0 when it is no PF */
        unsigned vfs_total; /* sriov_totalvfs, 0 when it is no PF */
        char *netdev;       /* first netdev's name, NULL without */
} PciFacts;

/* -ENODEV when gone. A file that is broken is a fact that is unknown. Reads nothing that takes the
 * device's lock (driver_override does): an unbind that waits for a guest holds that for hours. */
int pci_read(const Sysfs *sysfs, const char *address, PciFacts **ret_facts);
void pci_facts_free(PciFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PciFacts, pci_facts_free)

/* Addresses of all PCI functions, sorted. */
int pci_list(const Sysfs *sysfs, GPtrArray **ret_addresses);

/* driver_override, unbind, bind: three writes, undone when one fails. Already there: 0 without a
 * write. `driver` is "vfio-pci" or a variant driver; -ENOENT when it is not loaded. -EBUSY when a
 * guest holds the device: the kernel would block the unbind, and us, until the guest lets go. */
int pci_bind_driver(Sysfs *sysfs, const char *address, const char *driver);
/* What a device goes back to: clears driver_override, unbinds, binds `original_driver` again or,
 * when that is not loaded any more, lets the kernel probe. NULL: it had none and has none again.
 * Undone when a write fails. Already there: 0 without a write. -EBUSY as above. */
int pci_unbind_driver(Sysfs *sysfs, const char *address, const char *original_driver);
/* The variant driver whose "vfio_pci:" alias of lib/modules/RELEASE/modules.alias fits best, else
 * "vfio-pci". libvirt >= 10.0 chooses in the same way. */
int pci_best_vfio_driver(const Sysfs *sysfs, const char *release, const char *address,
                         char **ret_driver);
