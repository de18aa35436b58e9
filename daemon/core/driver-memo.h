/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is the same for all functions of one kind and dear to ask: which vfio
 * driver fits (it takes a walk through modules.alias, megabytes of text), the
 * version of a driver, the firmware of a PF. A PF has thousands of VFs of one
 * kind; each is asked once. Owned by the inventory, which forgets at each scan,
 * since drivers are installed; that a module was loaded anew is noticed at once,
 * and so is the firmware of a PF that is described itself.
 */

#include "daemon/core/device.h"
#include "daemon/facts/pci.h"

typedef struct DriverMemo DriverMemo;

DriverMemo *driver_memo_new(void);
void driver_memo_free(DriverMemo *memo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DriverMemo, driver_memo_free)
void driver_memo_forget(DriverMemo *memo);

/* The driver that would carry a migration of this function: what it is bound to if that is a vfio
 * driver, else the best one. Borrowed until the next call. */
const char *driver_memo_choose(DriverMemo *memo, const Sysfs *sysfs, const PciFacts *facts);
/* Notes in a device which driver would carry its state, the version of that driver and which
 * loading of its module this is. `driver` NULL: nothing is known. */
void driver_memo_describe(DriverMemo *memo, const Sysfs *sysfs, const char *driver, Device *device);

/* Notes in a PF which firmware its netdev's driver tells. */
void driver_memo_describe_pf(DriverMemo *memo, const Sysfs *sysfs, const PciFacts *facts,
                             Device *device);
/* The firmware of a VF is its PF's: a VF that a guest has is bound to vfio and has no netdev. */
void driver_memo_describe_vf(DriverMemo *memo, const Sysfs *sysfs, const PciFacts *facts,
                             Device *device);

/* Plain vfio-pci gives a device to a guest and cannot carry its state. */
#define DRIVER_PLAIN_VFIO "vfio-pci"

/* Every vfio driver of the kernel has the word in its name ("mlx5_vfio_pci", "xe-vfio-pci"). */
bool driver_is_vfio(const char *driver);
/* Asked of the kernel that runs below this root (proc/sys/kernel/osrelease). */
int driver_best_vfio(const Sysfs *sysfs, const char *address, char **ret_driver);
