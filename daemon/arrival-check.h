/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What keeps one guest from coming to this host, beside what its devices are
 * told by negotiate() and its hardware slice by the allocator: the host itself,
 * and memory, CPUs and NUMA nodes that the domain asks for, once it has those of
 * its slice. Reads what is there, touches nothing, waits for nobody.
 *
 * Errors are what libvirt or QEMU will refuse, warnings what may turn out so.
 * Sources of the rules: libvirt, virHostCPU and virDomainCgroupSetup (CPUs that
 * are not there), virNumaNodesetIsAvailable; QEMU, which takes hugepages when it
 * starts, and VFIO, for which all memory of a guest is pinned.
 */

#include "daemon/host-check.h"

/* Finding, owned. FERRY_ERROR_INVALID_XML; FERRY_ERROR_INVALID_STATE while the host is drained. */
GPtrArray *arrival_check(Manager *manager, const HostState *state, const char *xml, GError **error);
