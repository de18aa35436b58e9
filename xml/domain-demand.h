/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a domain asks of a host beside devices: memory, hugepages, CPUs, NUMA
 * nodes. Source: libvirt's formatdomain, "Memory Allocation", "Memory Backing",
 * "CPU Allocation", "CPU Tuning", "NUMA Node Tuning".
 */

#include "xml/number-set.h"

typedef struct DemandPages {
        uint64_t page_kib;   /* 0: the host's own size of hugepages */
        uint64_t memory_kib; /* in pages of this size */
} DemandPages;

typedef struct DomainDemand {
        uint64_t memory_kib; /* all of it; 0 not told */
        GArray *pages;       /* DemandPages; empty: ordinary memory */
        unsigned vcpus;      /* that run; 0 not told */
        NumberSet cpus;      /* of the host, that it names: where it may run */
        NumberSet nodes;     /* of the host, that it names: where its memory may be */
        bool strict;         /* its memory may be nowhere else */
} DomainDemand;

/* FERRY_ERROR_INVALID_XML, with the limits of domain_from_xml(). What is not understood is passed
 * over: libvirt has read it already. */
DomainDemand *domain_demand_from_xml(const char *xml, size_t size, GError **error);
void domain_demand_free(DomainDemand *demand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainDemand, domain_demand_free)
