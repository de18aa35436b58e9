/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* CXL: memory devices, what maps them, and what became of that.
 * Source: ABI/testing/sysfs-bus-cxl; Documentation/driver-api/cxl.
 */

#include "daemon/facts/sysfs.h"

typedef struct CxlMemory {
        char *name;                   /* "mem0" */
        uint64_t ram_size, pmem_size; /* bytes */
        uint64_t mapped;              /* of them, by endpoint decoders */
        int numa_node;                /* of the device, -1 none */
} CxlMemory;

typedef struct CxlDecoder {
        char *name;      /* "decoder0.0" */
        uint64_t size;   /* of the addresses that it decodes */
        uint64_t mapped; /* an endpoint's: bytes of its device, 0 none */
        char *memory;    /* an endpoint's: its device, NULL */
} CxlDecoder;

typedef struct CxlRegion {
        char *name;    /* "region0" */
        uint64_t size; /* bytes */
        char *decoder; /* the root decoder whose addresses it takes, NULL unknown */
        int node;      /* the NUMA node that it is or can become, -1 unknown */
        bool online;   /* its memory is the kernel's (system-ram); else a device of its own */
} CxlRegion;

typedef struct CxlFacts {
        GPtrArray *memories; /* CxlMemory, CxlDecoder, CxlRegion: sorted, empty without CXL */
        GPtrArray *decoders;
        GPtrArray *regions;
} CxlFacts;

int cxl_read(const Sysfs *sysfs, CxlFacts **ret_facts);
void cxl_facts_free(CxlFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CxlFacts, cxl_facts_free)
