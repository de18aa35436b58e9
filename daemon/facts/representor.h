/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The netdev that stands for a VF on the host's side of the PF's switch, in
 * switchdev mode. Source: Documentation/networking/representors.rst; the kernel
 * names such a port "pf0vf2" in phys_port_name, also behind a controller's
 * number ("c1pf0vf2"), and phys_switch_id joins it to its PF.
 */

#include "daemon/facts/sysfs.h"

/* `pf_number` is the PCI function of the PF. -ENOENT: the VF has none, as in legacy mode. */
int representor_find(const Sysfs *sysfs, const char *pf_netdev, unsigned pf_number, unsigned vf,
                     char **ret_netdev);
