/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The PCI Express links between the host and a function.
 *
 * A link has two ends: a port (of the root or of a switch) and what is plugged
 * into it. The port names it, since the functions of one device share a link.
 * Source: ABI/testing/sysfs-bus-pci (current_link_speed, max_link_speed and so on).
 */

#include "daemon/facts/sysfs.h"

typedef struct PcieLink {
        char *port;         /* "0000:00:1c.0" */
        char *device;       /* its other end, the function that leads to the one asked for */
        unsigned speed;     /* MT/s a lane, 0 when the link is down or tells nothing */
        unsigned width;     /* lanes, 0 the same */
        unsigned speed_max; /* what both ends could do; 0 unknown */
        unsigned width_max;
} PcieLink;

void pcie_link_free(PcieLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PcieLink, pcie_link_free)

/* From the root port down to the function; empty for a function of the root complex. A VF has the
 * links of its PF: they are below one port. -ENODEV when it is gone. */
int pcie_chain_read(const Sysfs *sysfs, const char *address, GPtrArray **ret_links);

/* Bytes a second in one direction, encoding taken off; packets' headers are not. 0: down.
 * PCI Express Base Specification: 8b/10b at 2.5 and 5 GT/s, 128b/130b from 8 to 32 GT/s, and from
 * 64 GT/s on flits of 256 bytes, 14 of which are checksums. */
uint64_t pcie_link_bandwidth(unsigned speed, unsigned width);
/* The one that carries least, the first of equal ones; NULL for none. Borrowed. */
const PcieLink *pcie_chain_narrowest(const GPtrArray *links);
