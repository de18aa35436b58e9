/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a host's CPUs, memory and bandwidth a domain has, and what of that can
 * be told to it while it runs. Source: libvirt's formatdomain, "CPU Allocation",
 * "CPU Tuning", "NUMA Node Tuning", "Memory Allocation", "Block I/O Tuning",
 * "Memory devices", "Quality of service".
 */

#include "xml/number-set.h"

typedef struct DomainDisk {
        char *target;                 /* "vda" */
        uint64_t max_bytes, max_iops; /* a second, 0 none */
} DomainDisk;

/* A thread of QEMU that does the I/O of some of its devices. */
typedef struct DomainIoThread {
        unsigned id; /* as libvirt counts them, from 1 */
        char *pin;   /* "0-3,8"; NULL: as `cpuset` */
} DomainIoThread;

/* kilobytes/s, and `burst` in kilobytes; 0 none */
typedef struct DomainRate {
        unsigned average, peak, burst;
} DomainRate;

typedef struct DomainBandwidth {
        DomainRate inbound, outbound;
        unsigned floor; /* of what comes in, kilobytes/s; 0 none */
} DomainBandwidth;

/* An interface that is no passthrough device. */
typedef struct DomainNic {
        char *mac;    /* lower case */
        bool network; /* of a network of libvirt's, where a floor can be */
        DomainBandwidth bandwidth;
} DomainNic;

typedef struct DomainVirtioMem {
        uint64_t size, block, requested; /* bytes */
        char *element;
} DomainVirtioMem;

typedef struct DomainTuning {
        char *name;
        unsigned vcpus, vcpus_max;   /* that it has now, and can have while it runs; at least 1 */
        unsigned vcpus_fixed;        /* the first so many cannot be unplugged */
        GPtrArray *pins;             /* for each of vcpus_max "0-3,8", NULL: as `cpuset` */
        char *cpuset;                /* of all without a pin, NULL: anywhere */
        char *emulator;              /* the same of the emulator */
        GPtrArray *iothreads;        /* DomainIoThread */
        unsigned shares;             /* weight of its CPU time, 0 not told */
        char *numa_mode;             /* "strict" ...; NULL: nothing is told */
        char *nodes;                 /* "0-1" where its memory may be, NULL not told */
        uint64_t memory, memory_max; /* bytes: of the balloon, and of its memory at boot with that
                                      * of its DIMMs, which the balloon can have as well */
        bool balloon;
        unsigned
                stats_period; /* seconds; 0: the balloon does not tell what the guest needs of it */
        bool hugepages;
        uint64_t page_kib;           /* of those; 0: the host's own size, or several */
        DomainVirtioMem *virtio_mem; /* the first, NULL none */
        unsigned block_weight;       /* 0 not told */
        GPtrArray *disks;            /* DomainDisk, not of what can be taken out */
        GPtrArray *nics;             /* DomainNic */
} DomainTuning;

/* FERRY_ERROR_INVALID_XML, with the limits of domain_from_xml(). What is not understood is passed
 * over: libvirt has read it already. */
DomainTuning *domain_tuning_from_xml(const char *xml, size_t size, GError **error);
void domain_tuning_free(DomainTuning *tuning);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainTuning, domain_tuning_free)

/* The element of a virtio-mem device that is asked to have so much; for
 * virDomainUpdateDeviceFlags(). */
char *domain_virtio_mem_with(const DomainVirtioMem *virtio_mem, uint64_t requested);
