/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Resource maps of hosts that nobody has, for the tests of what shares them out. */

#include "daemon/core/resource-scan.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

/* A node with cores that are numbered from `first`, of 2 threads each when `threads` is 2; base
 * pages of 4 KiB. No cores: a node without CPUs. */
void map_add_node(ResourceMap *map, unsigned node, unsigned first, unsigned cores, unsigned threads,
                  uint64_t memory);
void map_add_pages(ResourceMap *map, unsigned node, unsigned page_kib, uint64_t memory);
/* Below `parent` ("node:0", "link:..."), of `width` lanes of 100 bytes/s each. */
void map_add_link(ResourceMap *map, const char *parent, const char *port, unsigned width);
/* With VFs that are made, in the pool "default"; Mbit/s. */
void map_add_pf(ResourceMap *map, const char *parent, const char *pf, unsigned vfs, unsigned mbit);
void map_add_type(ResourceMap *map, const char *parent, const char *mdev_parent, const char *type,
                  unsigned instances);
void map_add_offload(ResourceMap *map, const char *pf, const char *name, unsigned cores,
                     unsigned memory_mib, unsigned mbit, unsigned keys);
void map_add_key(ResourceMap *map, const char *kind, unsigned count);
/* 11 ways, 100 percent, 8 groups. */
void map_add_shares(ResourceMap *map);
void map_add_region(ResourceMap *map, const char *name, int node, uint64_t size, bool online);
void map_tell(ResourceMap *map, const char *id, const char *key, const char *value);
