/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* SR-IOV: the VFs of a PF. Source: Documentation/PCI/pci-iov-howto.rst. */

#include "daemon/facts/pci.h"

/* Addresses of the PF's VFs in the order of their virtfnN links. */
int sriov_list_vfs(const Sysfs *sysfs, const char *pf, GPtrArray **ret_addresses);
/* Index of a VF below its PF (the N of virtfnN); -ENODEV when it has none. */
int sriov_vf_index(const Sysfs *sysfs, const char *vf, unsigned *ret_index);
/* Makes VFs, or with 0 removes them all. The kernel takes a new count only from 0: -EBUSY when VFs
 * are there already and the count is another one, or when 0 is asked and a guest holds one of them.
 * -ERANGE above totalvfs, -EOPNOTSUPP when it or its driver cannot. The same count: 0 without a
 * write. When the driver makes fewer, they are removed again: -EIO. */
int sriov_set_numvfs(Sysfs *sysfs, const char *pf, unsigned count);
