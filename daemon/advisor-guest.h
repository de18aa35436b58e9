/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest with one network interface, which `virt-ferry move` can exchange: it is
 * emulated and on the bridge of the policy, or a VF, or a team of both, which has
 * its VF or has not. Of one with more of them, nobody knows how much goes through
 * each; of a team, one half carries all of it at a time, so that their sum is what
 * the guest uses before and after (meter.h). Used by advisor.
 */

#include "daemon/core/policy-class.h"
#include "daemon/manager.h"
#include "xml/domain-interface.h"

typedef struct AdvisorGuest {
        char *uuid, *name;
        char *mac;
        char *vf;                   /* the id; NULL: it is emulated, */
        DomainInterface *interface; /* and this; NULL with a VF */
        double outage;              /* seconds for which an exchange stops its traffic */
        Domain *domain;
        int priority;   /* as the operator has it */
        bool opted_out; /* the same */
        bool known;     /* the following */
        PolicyAhead receive, transmit;
} AdvisorGuest;

/* From the XML of one that runs. NULL: it is another kind of guest, or cannot be read. */
AdvisorGuest *advisor_guest_new(const Manager *manager, const char *xml);
void advisor_guest_free(AdvisorGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisorGuest, advisor_guest_free)

/* Something is done to it, or it is on its way. */
bool advisor_guest_is_busy(const Manager *manager, const AdvisorGuest *guest);
/* What it is expected to use, by what is known now. */
void advisor_guest_forecast(const Manager *manager, AdvisorGuest *guest);

/* Of the VFs of this host that carry packets. */
bool advisor_is_seat(const Manager *manager, const Device *device);
/* Of seats that nobody has: those that the guest, whose interface is emulated, could have. Device,
 * borrowed until the next scan. */
GPtrArray *advisor_guest_free_seats(const Manager *manager, const AdvisorGuest *guest);
