/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A domain that comes to this host gets the CPUs and NUMA nodes that its
 * hardware slice has here, in the place of those that it had elsewhere. Every
 * other byte is kept.
 *
 * libvirt takes that in the answer of the `migrate` hook: the ABI check compares
 * neither <cputune> nor <numatune> nor the cpuset of <vcpu>, but the size of
 * memory, current memory and the number of vCPUs, which are not touched
 * therefore. Nor is the size of pages: the guest keeps what it was started with.
 * Source: virDomainDefCheckABIStability(), virDomainMemtuneCheckABIStability().
 */

#include <glib.h>
#include <stddef.h>

typedef struct SliceFit {
        GPtrArray *pins; /* strings: host CPUs of vCPU 0, 1 ...; empty: CPUs are left as they are */
        char *cpus;      /* "0-3,8" of the emulator and of all else; NULL with the former */
        unsigned weight; /* of its CPU time, 0 as it is */
        char *nodes;     /* where its memory is, NULL as it is */
} SliceFit;

SliceFit *slice_fit_new(void);
void slice_fit_free(SliceFit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceFit, slice_fit_free)

/* vCPUs beyond the pins begin at the first one again. Doing it twice is the same as once.
 * FERRY_ERROR_INVALID_XML, with the limits of domain_from_xml(). */
char *domain_fit_slice(const char *xml, size_t size, const SliceFit *fit, GError **error);
