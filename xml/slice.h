/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A hardware slice as somebody asks for it: what one guest is to have of this
 * host and its offload devices. A file of its own, or a child of our element in
 * a domain's metadata, in the same words; whoever gets it fits it into the host
 * at hand, so nothing in it need name one. Schema and prose:
 * data/virtferry-slice.rng, virtferry-slice(5).
 *
 *   <ferry:slice xmlns:ferry='urn:virtferry:domain:1' version='1' priority='guaranteed'
 *                together='node' apart='db'>
 *     <ferry:cores count='4' exclusive='yes' node='0'/>
 *     <ferry:memory size='8' unit='GiB' page='2048' tier='local' contiguous='no' node='0'/>
 *     <ferry:function name='nic' class='sriov' pool='fast' parent='0000:3b:00.0' own-group='yes'
 *                     lanes='4' min-mbit='1000' max-mbit='5000'/>
 *     <ferry:offload name='dpu' pool='dpu0' cores='2' memory-mib='1024' mbit='1000' keys='1'/>
 *     <ferry:key kind='sev' count='1'/>
 *     <ferry:network min-mbit='100' max-mbit='1000'/>
 *     <ferry:block weight='500' max-bytes='104857600' max-iops='2000'/>
 *     <ferry:share memory-bandwidth='20' cache-ways='2'/>
 *     <ferry:allow cores='1-8' memory-mib='512-16384' functions='0-2' mbit='10000'/>
 *   </ferry:slice>
 *
 * Each child but <function>, <offload> and <key> comes once at most; all are
 * optional. What is not asked for is not granted, and not limited either.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SLICE_VERSION       "1"
#define SLICE_XML_MAX       (64u * 1024)
#define SLICE_CORES_MAX     4096u
#define SLICE_FUNCTIONS_MAX 64u
#define SLICE_OFFLOADS_MAX  16u
#define SLICE_KEYS_MAX      16u                     /* kinds of them */
#define SLICE_NODE_MAX      1023u                   /* the kernel has 1024 nodes at most */
#define SLICE_MBIT_MAX      100000000u              /* 100 Tbit/s */
#define SLICE_BYTES_MAX     UINT64_C(9999999999999) /* a second */
#define SLICE_IOPS_MAX      UINT64_C(999999999)
#define SLICE_MEMORY_MAX    (UINT64_C(1) << 50) /* bytes */
#define SLICE_PAGE_MIN      4u                  /* KiB, a power of 2 */
#define SLICE_PAGE_MAX      (16u * 1024 * 1024) /* the largest is of powerpc */
#define SLICE_LANES_MAX     32u                 /* of the widest link */
#define SLICE_COUNT_MAX     65536u              /* keys of a kind, and cores of an offload */
#define SLICE_MIB_MAX       67108864u           /* of an offload device; virtferry-pools.d(5) */
#define SLICE_WEIGHT_MIN    10u
#define SLICE_WEIGHT_MAX    1000u
#define SLICE_WAYS_MAX      32u   /* a mask of resctrl has 32 bits */
#define SLICE_SHARE_FULL    1000u /* thousandths of a CPU */

typedef enum SlicePriority {
        SLICE_GUARANTEED,  /* has what it asks for, or is refused */
        SLICE_BURSTABLE,   /* the same, and may use what is free beyond it */
        SLICE_BEST_EFFORT, /* has it until a slice of another priority wants it */
        _SLICE_PRIORITY_MAX,
        _SLICE_PRIORITY_INVALID = -22,
} SlicePriority;

typedef enum SliceTogether {
        SLICE_TOGETHER_ANY,
        SLICE_TOGETHER_NODE,      /* cores, memory and functions of one NUMA node */
        SLICE_TOGETHER_ROOT_PORT, /* and the functions below one root port */
        _SLICE_TOGETHER_MAX,
        _SLICE_TOGETHER_INVALID = -22,
} SliceTogether;

typedef enum SliceTier {
        SLICE_TIER_ANY, /* local first */
        SLICE_TIER_LOCAL,
        SLICE_TIER_CXL, /* of a NUMA node that a CXL region has become */
        _SLICE_TIER_MAX,
        _SLICE_TIER_INVALID = -22,
} SliceTier;

const char *slice_priority_to_string(SlicePriority priority); /* "best-effort" */
SlicePriority slice_priority_from_string(const char *text);
const char *slice_together_to_string(SliceTogether together); /* "any", "node", "root-port" */
SliceTogether slice_together_from_string(const char *text);
const char *slice_tier_to_string(SliceTier tier); /* "any", "local", "cxl" */
SliceTier slice_tier_from_string(const char *text);

typedef struct SliceCores {
        unsigned count; /* exclusive: physical cores with all their threads; else CPUs. 0: none */
        bool exclusive;
        unsigned share; /* of each shared CPU, guaranteed: thousandths, 1 to SLICE_SHARE_FULL, which
                         * it is without a word, and always for exclusive ones */
        int node;       /* -1 any */
} SliceCores;

typedef struct SliceMemory {
        uint64_t size;     /* bytes, a multiple of the page; 0: none */
        uint64_t page_kib; /* a power of 2; 0: the host's base pages */
        bool contiguous;   /* physically in one piece: of one page, or of a CXL region */
        SliceTier tier;
        int node; /* -1 any, one for all of it */
} SliceMemory;

/* A VF or mdev. */
typedef struct SliceFunction {
        char *name;       /* unique among functions and offloads of the slice */
        char *class_name; /* "sriov", "mdev"; NULL any */
        char *type;       /* mdev type, NULL any */
        char *pool;       /* NULL any */
        char *parent;     /* PF or mdev parent, "0000:3b:00.0"; NULL any */
        bool own_group;   /* nothing else in its IOMMU group */
        unsigned lanes;   /* of PCIe, guaranteed on each link up to the root port; 0 none */
        uint64_t bytes;   /* the same in bytes/s; at most one of the two */
        unsigned min_mbit, max_mbit; /* rates of a VF; 0 none */
} SliceFunction;

/* A share of what an offload device has itself. */
typedef struct SliceOffload {
        char *name;
        char *pool; /* "dpu0"; NULL any that has room, and no two of a slice share one */
        unsigned cores, memory_mib, mbit, keys; /* not all 0 */
} SliceOffload;

typedef struct SliceKey {
        char *kind; /* as the misc cgroup names it: "sev", "sev_es", "tdx" */
        unsigned count;
} SliceKey;

/* What the guest may ask for by itself; the slice as it stands is always within. A maximum of 0:
 * of this, the guest may change nothing. */
typedef struct SliceAllow {
        bool present;
        unsigned cores_min, cores_max;
        unsigned memory_min_mib, memory_max_mib;
        unsigned functions_min, functions_max;
        unsigned mbit_max; /* of all its functions' minima together */
} SliceAllow;

typedef struct Slice {
        SlicePriority priority;
        SliceTogether together;
        char *apart; /* no two slices of one host with this word are on one PF or offload device */
        SliceCores cores;
        SliceMemory memory;
        GPtrArray *functions, *offloads,
                *keys; /* SliceFunction, SliceOffload, SliceKey; never NULL */
        unsigned network_min_mbit, network_max_mbit; /* of each emulated interface, 0 none */
        unsigned block_weight;                       /* 10 to 1000, 0 none */
        uint64_t block_max_bytes, block_max_iops;    /* a second, of each disk; 0 none */
        unsigned memory_bandwidth;                   /* percent of the host's, 0 none */
        unsigned cache_ways;                         /* of the last level, for it alone; 0 none */
        SliceAllow allow;
} Slice;

Slice *slice_new(void);                /* guaranteed, asks for nothing */
Slice *slice_copy(const Slice *slice); /* NULL gives NULL */
void slice_free(Slice *slice);
bool slice_equal(const Slice *a, const Slice *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Slice, slice_free)

SliceFunction *slice_function_new(const char *name);
void slice_function_free(SliceFunction *function);
SliceOffload *slice_offload_new(const char *name);
void slice_offload_free(SliceOffload *offload);
SliceKey *slice_key_new(const char *kind, unsigned count);
void slice_key_free(SliceKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceFunction, slice_function_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceOffload, slice_offload_free)
SliceFunction *slice_find_function(const Slice *slice, const char *name); /* NULL */
SliceOffload *slice_find_offload(const Slice *slice, const char *name);   /* NULL */

/* What a value means together with the others, for one that was put together by hand:
 * FERRY_ERROR_INVALID_XML names the field and what is allowed. slice_from_xml() has asked. */
bool slice_check(const Slice *slice, GError **error);

/* A whole document, in our namespace or in none. FERRY_ERROR_INVALID_XML with line. */
Slice *slice_from_xml(const char *xml, size_t size, GError **error);
/* On several lines, its namespace declared, ending in a newline: for people and files. */
char *slice_to_xml(const Slice *slice);
