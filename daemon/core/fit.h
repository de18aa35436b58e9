/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The rules of what fits: one device of this host, or one that it could make,
 * held against what a guest wants. Rules that look at the device alone come
 * first, those that ask who has it after them, and the one that has to open the
 * device last.
 */

#include "daemon/core/usage.h"
#include "daemon/core/want.h"

/* The first rule that is broken, in the order of the rules. */
typedef enum Fit {
        FIT_NO_CANDIDATE, /* of another class, or no function */
        FIT_TYPE,
        FIT_IDS,
        FIT_REVISION,
        FIT_DRIVER,
        FIT_STATE,     /* what else the rule of the driver asks: fit_state_difference() */
        FIT_MIGRATION, /* known not to migrate */
        FIT_POOL,
        FIT_HOST_USE, /* from here on it is what the guest wants, and not to be had */
        FIT_LEASED,
        FIT_TRIED,    /* 'virt-ferry probe' has it for the moment */
        FIT_SHARED,   /* offered to the cluster */
        FIT_PROMISED, /* to another device of the guest */
        FIT_GROUP,
        FIT_POOL_FULL,
        FIT_HELD,      /* a process that has no lease has it open */
        FIT_EXHAUSTED, /* its parent has no instance left */
        FIT_UNASKED,   /* must migrate, and nobody knows whether it can */
        FIT_YES,
        _FIT_MAX,
} Fit;

/* May ask the device (inventory_probe()) when all else fits. */
Fit fit_device(const Want *want, const Device *device, Usage *usage);
Fit fit_offer(const Want *want, const Offer *offer, const Usage *usage);
/* The rules that look at the device alone; FIT_YES or one of FIT_TYPE to FIT_MIGRATION. `caps` may
 * be unknown. */
Fit fit_kind(const Want *want, const Fingerprint *fingerprint, const char *mdev_type, int caps);
/* Which fact it is by which FIT_STATE does not fit; _COMPAT_FACT_MAX: none. */
CompatFact fit_state_difference(const Want *want, const Fingerprint *fingerprint);
const char *fit_state_name(CompatFact fact); /* of those: "board", "driver version", "firmware" */

bool fit_can_migrate(int caps); /* known to */
