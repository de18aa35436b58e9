/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an offload device has that no file of the host's kernel shows, as an
 * operator writes it down: /etc/virtferry/pools.d/NAME.conf, key files.
 *
 *   [Resource dpu0]
 *   Parent=0000:3b:00.0     the PF by which the host sees the device
 *   Agent=root@dpu0         at least one of these five; where virtferryd --agent runs
 *   Cores=16
 *   MemoryMiB=32768
 *   BandwidthMbit=200000
 *   ProtectionKeys=64
 */

#include <glib.h>
#include <stdbool.h>

/* What a device can be said to have, by its file or by its agent. */
#define OFFLOAD_CORES_MAX      65536u
#define OFFLOAD_MEMORY_MAX_MIB (64u * 1024 * 1024) /* 64 TiB */
#define OFFLOAD_BANDWIDTH_MAX  100000000u          /* Mbit/s: 100 Tbit/s */
#define OFFLOAD_KEYS_MAX       65536u

typedef struct OffloadPool {
        char *name;
        char *file;                                       /* "/etc/virtferry/pools.d/dpu.conf" */
        char *parent;                                     /* PCI address */
        char *agent;                                      /* destination of ssh(1); NULL none */
        unsigned cores, memory_mib, bandwidth_mbit, keys; /* 0: it has none to share out */
} OffloadPool;

void offload_pool_free(OffloadPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OffloadPool, offload_pool_free)

GPtrArray *offload_pools_new(void); /* of OffloadPool */
/* Adds all groups of the file, or none. FERRY_ERROR_INVALID_ARGS says where and what is allowed. */
bool offload_pools_parse(GPtrArray *pools, const char *text, const char *file, GError **error);

/* All files, in the order of their names. One that is wrong is passed over as a whole, and
 * `ret_problems` has a sentence for each: "FILE:3: [Resource dpu0] Cores must be ...". No
 * directory: no pools. */
void offload_pools_load(int root_fd, GPtrArray **ret_pools, GPtrArray **ret_problems);
