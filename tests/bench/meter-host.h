/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A host that is sampled, as it was recorded: what libvirt tells of its guests,
 * by the names that libvirt has for it, and the bytes in which the kernel tells
 * of its PFs and their VFs; all counters go on as time does.
 *
 * Each guest has 4 vCPUs, 2 interfaces, 2 disks and a cgroup with its pressure,
 * and there are METER_HOST_VFS for each on PFs of METER_HOST_PF_VFS.
 */

#include "daemon/core/sample.h"
#include "daemon/facts/rtnl.h"
#include "tests/lib/fake-root.h"

#define METER_HOST_VFS    8
#define METER_HOST_PF_VFS 80

typedef struct MeterHost MeterHost;

/* `n_guests` is a multiple of 10. Their processes and the PFs are in `root`. */
MeterHost *meter_host_new(FakeRoot *root, unsigned n_guests);
void meter_host_free(MeterHost *host);

/* An interval passes. */
void meter_host_advance(MeterHost *host);
/* GuestSample, owned: every number becomes a parameter of libvirt's first, in the place of libvirt
 * that decodes its answer. */
GPtrArray *meter_host_ask(const MeterHost *host);
Rtnl *meter_host_rtnl(MeterHost *host);
unsigned meter_host_pfs(const MeterHost *host); /* the indices of their netdevs are 1, 2 ... */
