/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of functions through which the manager asks what OpenStack Placement
 * has put aside on this host. Nothing here blocks: a libvirt hook waits for the
 * answer, and so nobody else may.
 */

#include "daemon/core/claim.h"

/* Once, from the loop: the claim, or FERRY_ERROR_UNAVAILABLE with why it is not known, also when
 * the daemon is about to end. */
typedef void (*ClaimAnswer)(void *userdata, const Claim *claim, const GError *error);

typedef struct ClaimOps {
        /* `consumer`: the domain's UUID, which is the instance's and the consumer's, too. */
        void (*ask)(void *userdata, const char *consumer, ClaimAnswer answer,
                    void *answer_userdata);
        void *userdata;
} ClaimOps;
