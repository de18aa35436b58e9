/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the grants of a hardware slice mean for the guest that has them, as
 * libvirt and the kernel are told it: a list of settings, each with the one it
 * replaces, so that a half that was done can be undone. Pure.
 */

#include "daemon/core/slice-book.h"
#include "xml/domain-tuning.h"

#define TUNING_KILOBYTES_A_MBIT 125u /* a second */

typedef enum TuningKind {
        TUNE_VCPU_COUNT,   /* number */
        TUNE_VCPU_PIN,     /* number: the vCPU; set: host CPUs */
        TUNE_EMULATOR_PIN, /* set */
        TUNE_IOTHREAD_PIN, /* number: the I/O thread; set */
        TUNE_CPU_SHARES,   /* number: weight of a cgroup v2, SLICE_HOST_WEIGHT a whole CPU */
        TUNE_NUMA_NODES,   /* set: host nodes for its memory; pages are moved. target: the mode to
                            * begin with, "restrictive"; NULL: as it is */
        TUNE_MEMORY,       /* number: bytes of the balloon; with an element: that of a virtio-mem,
                            * and number what it is to have */
        TUNE_BLOCK_WEIGHT, /* number */
        TUNE_BLOCK_LIMIT,  /* target: disk; number: bytes/s; number2: iops */
        TUNE_INTERFACE_LIMIT, /* target: MAC; bandwidth: all of it, so that what was is undone to
                               * the byte */
        TUNE_VF_RATE,         /* target: VF's PCI address; number, number2: min and max Mbit/s */
        TUNE_RESCTRL,         /* target: name of the group; number: percent of memory bandwidth;
                               * number2: cache ways; 0 and 0: the group goes */
        TUNE_PLUG,            /* target: device id; element */
        TUNE_UNPLUG,          /* the same; the alias is in the element */
        _TUNING_KIND_MAX,
} TuningKind;

typedef struct Tuning {
        TuningKind kind;
        char *target; /* NULL where the kind has none */
        char *set;    /* "0-3,8"; NULL */
        char *element;
        uint64_t number, number2;
        DomainBandwidth bandwidth;
} Tuning;

/* Done and undone by the kernel, not by libvirt: TUNE_VF_RATE and TUNE_RESCTRL. */
bool tuning_is_kernel(TuningKind kind);

typedef struct TuningStep {
        Tuning *wanted, *before;
        bool shrinks; /* takes something away: after everything that gives */
} TuningStep;

Tuning *tuning_new(TuningKind kind, const char *target, uint64_t number, uint64_t number2);
void tuning_free(Tuning *tuning);
void tuning_step_free(TuningStep *step);
GPtrArray *tuning_steps_new(void); /* of TuningStep, owned */
GPtrArray *tuning_steps_copy(const GPtrArray *steps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tuning, tuning_free)
/* "vCPU 2 runs on CPUs 4,20": for the journal, and for a refusal. */
char *tuning_describe(const Tuning *tuning);

/* A function of the slice: which device of this host is for it. */
typedef struct TuningFunction {
        char *name;    /* in the slice */
        char *device;  /* id; a VF's PCI address */
        char *element; /* to plug it in; NULL: the guest has it */
        bool is_vf;    /* and these are its rates now, as the kernel has them, Mbit/s */
        unsigned min_mbit, max_mbit;
} TuningFunction;

/* What the XML of the guest does not tell. Zeroed: nothing. */
typedef struct TuningHost {
        const GPtrArray *functions;            /* TuningFunction; NULL none */
        unsigned memory_bandwidth, cache_ways; /* of its resctrl group; 0 and 0: it has none */
        const NumberSet *away; /* CPUs that others have alone, where it cannot go; NULL none */
} TuningHost;

/* The alias of a device that was plugged in for a function of a slice: "ua-ferry-nic". It goes when
 * the slice has no such function any more; what the guest was defined with stays. Free it. */
#define TUNING_ALIAS_PREFIX "ua-ferry-"
char *tuning_alias(const char *function);
/* The group of a guest in resctrl. Free it. */
char *tuning_resctrl_group(const char *domain_uuid);

/* What differs between the guest as its XML has it and the grants of `entry`, in an order in which
 * nothing is taken before its substitute is there: grow first, then move, then shrink. `map` names
 * the CPUs of cores and the nodes of memory. An empty array: all is as it should be. Nothing of it
 * pauses the guest.
 *
 * What the slice does not ask for is left as it is, but for what `had`, the slice as it was carried
 * out last, did ask for (NULL: nothing is known of one): that binds the guest no longer. `entry`
 * NULL: it has lost its slice. It keeps its vCPUs and its memory then, and what was its alone is
 * left to others.
 *
 * FERRY_ERROR_INVALID_REQUEST: the guest cannot have it while it runs (more vCPUs than its
 * maximum), and why. FERRY_ERROR_NO_RESOURCES: the map has no more what was granted.
 * FERRY_ERROR_INVALID_XML. */
GPtrArray *tuning_plan(const char *xml, const SliceEntry *entry, const SliceEntry *had,
                       const ResourceMap *map, const TuningHost *host, GError **error);
