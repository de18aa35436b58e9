/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which host of a cluster is best for a guest, or for a hardware slice: all hosts, ranked, with the
 * rule that each is ruled out by. Decided on a copy of what hosts have told, so it costs no round
 * trip; whoever is chosen decides again, by what it knows better: on which node, PF and link all of
 * it is, and whether a driver that nobody has asked yet can migrate. Whether the guest can move at
 * all is asked before, of the host that it is on.
 *
 * Which number for what:
 *  - fits, or not: what is offered and not promised, counted, since a promise is kept;
 *  - enough in the day ahead: the level of cores, memory and bandwidth, which hosts tell by the p95
 *    of the worst hour of the day ahead (headroom.h). An upper quantile, since the question is how
 *    much to keep, and with hysteresis, so that no noise of a forecast moves anybody. Low rules
 *    out. VFs, lanes and keys are counted only: nobody uses more of them than was promised;
 *  - best: the higher level first, then the one with the largest part left of what it has least of;
 *    then the order of the hosts.
 *
 * Functions of one kind are many, and kinds are few: kinds have numbers, the rules of what fits are
 * asked once for each kind, and a host is a row of counts. Sentences are written when asked for.
 *
 * Pure: no I/O, no clock. What is told is borrowed and outlives the Place. One thread.
 */

#include "daemon/core/fit.h"
#include "daemon/core/headroom.h"
#include "daemon/core/want.h"

typedef struct PlaceAmount {
        uint64_t offered, promised; /* the latter of the former */
        HeadroomLevel level;        /* _HEADROOM_LEVEL_INVALID: not known, which rules nobody out */
} PlaceAmount;

/* VFs or mdevs that are alike in all that matters. */
typedef struct PlaceKind {
        const DeviceClass *class;
        const char *pool; /* NULL: none has been told */
        const Fingerprint *fingerprint;
} PlaceKind;

typedef struct PlaceFunctions {
        unsigned kind; /* number in PlaceWorld.kinds */
        unsigned offered, promised;
} PlaceFunctions;

typedef struct PlaceOffload {
        const char *pool;
        PlaceAmount amounts[_HEADROOM_RESOURCE_MAX];
} PlaceOffload;

typedef struct PlaceHost {
        const char *name;
        bool alive, drained;
        Version qemu, libvirt; /* not set: not known */
        PlaceFunctions *functions;
        unsigned n_functions;
        PlaceOffload *offloads;
        unsigned n_offloads;
        PlaceAmount amounts[_HEADROOM_RESOURCE_MAX]; /* not HEADROOM_VFS */
} PlaceHost;

typedef struct PlaceWorld {
        const PlaceKind *kinds;
        unsigned n_kinds;
        PlaceHost *hosts; /* in the order of their names */
        unsigned n_hosts;
} PlaceWorld;

/* Its kinds and words are still those of the other one. */
PlaceWorld *place_world_copy(const PlaceWorld *world);
void place_world_free(PlaceWorld *world); /* a copy */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlaceWorld, place_world_free)

/* What has to find its place. */
typedef struct PlaceGuest {
        const char *name;    /* for people */
        const char *host;    /* that it is on; NULL: none */
        unsigned settles;    /* seconds for which it has to stay there; 0 none */
        GPtrArray *wants;    /* Want */
        GPtrArray *offloads; /* SliceOffload, borrowed */
        uint64_t amounts[_HEADROOM_RESOURCE_MAX];
} PlaceGuest;

/* What its devices need, and its slice, where it has one. FERRY_ERROR_INVALID_XML: its metadata
 * contradicts itself. */
PlaceGuest *place_guest_new(const Domain *domain, const Compat *compat, GError **error);
PlaceGuest *place_guest_new_for_slice(const Slice *slice, const char *name);
void place_guest_free(PlaceGuest *guest);
/* What this one takes of an offload device. */
uint64_t place_resource_need(const SliceOffload *offload, HeadroomResource resource);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlaceGuest, place_guest_free)

/* FIT_YES: a function of this kind is one that it could have. */
Fit place_ask_kind(const Want *want, const PlaceKind *kind);

/* In the order in which they are asked. */
typedef enum PlaceRule {
        PLACE_HERE, /* it is on this host */
        PLACE_AWAY,
        PLACE_SETTLING,
        PLACE_DRAINED,
        PLACE_SOFTWARE, /* QEMU or libvirt is too old for the rule of the device's driver */
        PLACE_KIND,     /* no function is one that it could have */
        PLACE_BUSY,     /* these are, and all are promised */
        PLACE_TOGETHER, /* there is one for each of its devices, and not for all */
        PLACE_AMOUNT,
        PLACE_OFFLOAD,
        PLACE_FORECAST,
        PLACE_FITS,
        _PLACE_RULE_MAX,
        _PLACE_RULE_INVALID = -22,
} PlaceRule;

const char *place_rule_to_string(PlaceRule rule); /* "away" */
PlaceRule place_rule_from_string(const char *text);

typedef struct PlaceVerdict {
        unsigned host; /* its number */
        PlaceRule rule;
        unsigned what;       /* number of a want or offload, or a HeadroomResource, by the rule */
        HeadroomLevel level; /* FITS: the lowest */
        double left;         /* FITS: percent left of what it then has least of; 100: needs none */
} PlaceVerdict;

typedef struct Place Place;

Place *place_new(const PlaceWorld *world, const PlaceGuest *guest);
void place_free(Place *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Place, place_free)

/* All hosts: those that fit, the best first; then the others, first those that fail at the last
 * rules. Free the array. */
PlaceVerdict *place_rank(Place *place);
PlaceVerdict place_ask(Place *place, unsigned host);
/* One: what is against the host, or what speaks for it. Free it. */
char *place_sentence(const Place *place, const PlaceVerdict *verdict);
/* Books it on a host that fits; false: it does not. `world` is the one of place_new(). */
bool place_take(Place *place, PlaceWorld *world, unsigned host);
