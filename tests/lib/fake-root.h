/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A made-up host: a plain directory with sys/, proc/, dev/ and lib/, and a
 * model of the kernel's reactions behind the SysfsOps that the daemon uses.
 *
 * What is read is the directory; what is written, opened or asked through the
 * Sysfs goes to the model, which changes the directory as the kernel would or
 * refuses as the kernel would. It knows: sriov_numvfs, driver_override, bind,
 * unbind, drivers_probe, mdev create and remove, groups of resctrl, VFIO groups and features,
 * addresses and firmware of netdevs. A write that would block for ever in the kernel, since
 * a guest holds the device, ends the test with words.
 *
 * Each test makes its own; tests run in parallel. Wrong use aborts.
 */

#include "daemon/facts/sysfs.h"
#include "daemon/facts/vfio-migration.h"

typedef struct FakeRoot FakeRoot;

FakeRoot *fake_root_new(void);       /* knows the PCI driver vfio-pci and nothing else */
void fake_root_free(FakeRoot *root); /* removes the directory */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeRoot, fake_root_free)

Sysfs *fake_root_sysfs(FakeRoot *root); /* belongs to the root */
const char *fake_root_path(const FakeRoot *root);

#define FAKE_NO_GROUP (-1)

/* A PCI function. What is 0 or NULL is not there, unless said. */
typedef struct FakePci {
        int vendor, device; /* 0: 8086:10c9, an 82576 */
        int subsystem_vendor, subsystem_device, revision;
        const char *driver;    /* bound, and what the kernel probes; is loaded when it is not yet */
        const char *netdev;    /* while it is bound to `driver` */
        int numa_node;         /* -1 none */
        int iommu_group;       /* 0: one of its own; FAKE_NO_GROUP */
        unsigned total_vfs;    /* a PF */
        unsigned made_at_most; /* its driver makes no more, without an error; 0 no limit */
        int vf_device;         /* 0: 10ca */
        int vf_group;          /* of all its VFs; 0: each has one of its own */
        const char *vf_driver; /* what the kernel probes for new VFs; NULL leaves them unbound */
} FakePci;

void fake_root_add_pci(FakeRoot *root, const char *address, const FakePci *pci); /* NULL: all 0 */
/* The same; total_vfs is 7 where it is 0. */
void fake_root_add_pf(FakeRoot *root, const char *address, const FakePci *pci);
/* One VF more, as the kernel makes it. VF N has the PF's address and 128 + 2N functions more, as an
 * 82576's: 0000:3b:10.0, 0000:3b:10.2; its netdev is "<netdev of the PF>vN". Its address belongs to
 * the root and holds while the VF is there. */
const char *fake_root_add_vf(FakeRoot *root, const char *pf);
void fake_root_add_driver(FakeRoot *root, const char *driver); /* a PCI driver is loaded */

typedef struct FakeMdevType {
        const char *id; /* "mtty-1"; NULL ends the list */
        const char *name;
        unsigned cost; /* of the parent's capacity */
} FakeMdevType;

/* `name`: of a PCI function that is there already, else a virtual device of class `driver`. */
void fake_root_add_mdev_parent(FakeRoot *root, const char *name, const char *driver,
                               unsigned capacity, const FakeMdevType *types);
void fake_root_add_mtty(FakeRoot *root); /* 24 ports; mtty-1 takes one, mtty-2 two */
void fake_root_add_mdev(FakeRoot *root, const char *parent, const char *type, const char *uuid);

/* What all devices of a driver offer through VFIO; without it they offer nothing. mdevs: the driver
 * of their parent. `state_size` counts with VFIO_CAP_DATA_SIZE only. */
void fake_root_set_vfio(FakeRoot *root, const char *driver, int caps, uint64_t state_size);
void fake_root_set_address(FakeRoot *root, const char *netdev, const char *address);
/* What the netdev's driver says of its firmware; without it none tells any. */
void fake_root_set_firmware(FakeRoot *root, const char *netdev, const char *firmware);
/* How often any driver has been asked for it. */
unsigned fake_root_firmware_asked(const FakeRoot *root);

/* A guest opens the device (PCI address or uuid), or lets go of it. */
void fake_root_hold(FakeRoot *root, const char *name);
void fake_root_release(FakeRoot *root, const char *name);

/* The migration of devices. A device keeps its state when it is closed, as mtty does. */
VfioState fake_root_vfio_state(FakeRoot *root, const char *name);
/* The states that devices have entered since the start or the last call: "running-p2p stop". Free
 * it. */
char *fake_root_take_arcs(FakeRoot *root);
/* The n-th ioctl on a device or a stream from now (0 is the next) fails with this errno, once; when
 * it `breaks` the device, one that sets a state leaves it in ERROR. */
void fake_root_fail_ioctl(FakeRoot *root, unsigned n, int error, bool breaks);
/* Streams can neither be read nor written from now on: EBADF. */
void fake_root_spoil_stream(FakeRoot *root);

/* A file as it is, with its directories; `size` -1: up to the NUL. For what the model does not
 * know, and for what a kernel should never say. */
void fake_root_put(FakeRoot *root, const char *path, const char *data, gssize size);
void fake_root_link(FakeRoot *root, const char *path, const char *target);
void fake_root_remove(FakeRoot *root, const char *path); /* whatever is there, with all below */

/* The n-th write from now (0 is the next) fails with this errno, once. */
void fake_root_fail_write(FakeRoot *root, unsigned n, int error);
/* What was written since the start or the last call, refused or not: "path = value\n". Free it. */
char *fake_root_take_writes(FakeRoot *root);
/* The whole tree as text, the same for the same tree. Free it. */
char *fake_root_dump(const FakeRoot *root);
