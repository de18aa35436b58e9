/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is left of this host, of its PFs and its offload devices, for whoever places guests from
 * afar: one row a thing and resource.
 *
 *   total ─┬─ taken     of leases and slices of guests, and what the host keeps for itself
 *          ├─ expected  not taken, and forecast to be used anyway: the hard limit of the next hour
 *          └─ the rest  may be promised
 *
 * Beside these a level, the soft one: by what will be left in the worst hour of the day ahead, with
 * hysteresis, so that a figure near a border changes nothing.
 *
 * A core is taken where any of it is; parts of shared cores add up. Memory is base pages and huge
 * pages of all nodes. Lanes are those of the narrowest link above a PF, which PFs of one card
 * share: each of them shows what is taken of it.
 *
 * Pure: of what is forecast it is told. One thread; what is returned is the caller's.
 */

#include "daemon/core/capacity.h"

typedef enum HeadroomKind {
        HEADROOM_HOST,
        HEADROOM_PF,
        HEADROOM_OFFLOAD,
        _HEADROOM_KIND_MAX,
        _HEADROOM_KIND_INVALID = -22,
} HeadroomKind;

const char *headroom_kind_to_string(HeadroomKind kind); /* "pf" */
HeadroomKind headroom_kind_from_string(const char *text);

typedef enum HeadroomResource {
        HEADROOM_VFS, /* that could migrate */
        HEADROOM_CORES,
        HEADROOM_MEMORY, /* MiB */
        HEADROOM_LANES,
        HEADROOM_KEYS,
        HEADROOM_BANDWIDTH, /* kbit/s */
        _HEADROOM_RESOURCE_MAX,
        _HEADROOM_RESOURCE_INVALID = -22,
} HeadroomResource;

const char *headroom_resource_to_string(HeadroomResource resource); /* "vfs" */
HeadroomResource headroom_resource_from_string(const char *text);

typedef enum HeadroomLevel {
        HEADROOM_LOW,
        HEADROOM_MED,
        HEADROOM_HIGH,
        _HEADROOM_LEVEL_MAX,
        _HEADROOM_LEVEL_INVALID = -22,
} HeadroomLevel;

const char *headroom_level_to_string(HeadroomLevel level); /* "low" */
HeadroomLevel headroom_level_from_string(const char *text);

/* Less than LOW percent is low, less than MED is med; another level is another by BORDER percent
 * beyond that. */
#define HEADROOM_LOW_PERCENT    15
#define HEADROOM_MED_PERCENT    40
#define HEADROOM_BORDER_PERCENT 5

/* The level by what is left in percent; `before` is the one it had, _INVALID: none. */
HeadroomLevel headroom_level_next(HeadroomLevel before, double percent);

typedef struct Headroom {
        HeadroomKind kind;
        HeadroomResource resource;
        char *device; /* id of the PF, name of the offload device, "" the host itself */
        char *name;   /* for people */
        uint64_t total, taken, expected;
        uint64_t peak; /* as `expected`, but p95 of the worst hour of the day ahead */
} Headroom;

void headroom_free(Headroom *headroom);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Headroom, headroom_free)

#define HEADROOM_OFFLOAD_PREFIX "offload:"
/* What the amount is called in a cluster: "cores", of all PFs together "bandwidth", of an offload
 * device "offload:dpu0:cores". NULL: VFs, which are no amount there. New. */
char *headroom_share_name(const Headroom *headroom);

/* Of total, what is neither taken nor in `peak`. */
double headroom_percent(const Headroom *headroom);

/* What will be used: CPUs, bytes, bytes/s. */
typedef struct HeadroomUse {
        double others; /* by those who were promised none of it */
        double all;    /* by everybody; 0: not known */
} HeadroomUse;

typedef struct HeadroomDemand {
        HeadroomUse hour; /* p99 of the next hour */
        HeadroomUse day;  /* p95 of the worst hour of the day ahead */
} HeadroomDemand;

typedef struct HeadroomSources {
        const ResourceMap *map; /* with what is promised */
        CapacityReserve reserve;
        HeadroomDemand (*expect)(void *userdata, HeadroomKind kind, const char *device,
                                 HeadroomResource resource);
        /* VFs of this PF that could migrate; of these, that are leased. */
        void (*count_vfs)(void *userdata, const char *pf, unsigned *ret_total, unsigned *ret_taken);
        void *userdata;
} HeadroomSources;

/* Headroom, the host first; of what there is none of there is no row. */
GPtrArray *headroom_list(const HeadroomSources *sources);
