/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* check --trial: a state goes from a free device of the guest's host into one of
 * the host that it is to go to, before the guest does.
 */

#include "cli/client.h"
#include "cli/guest-report.h"

typedef struct CheckTrial {
        Client *here, *there;
        const char *domain;                 /* as it was asked for */
        const char *xml;                    /* as CheckGuest gave it */
        const char *host_here, *host_there; /* as they stand in the report */
} CheckTrial;

/* For each device that fits, `answers` as CheckDomain gave them. False when a daemon cannot be
 * asked; what it refuses stands in the report. */
bool check_trial(const CheckTrial *trial, GVariant *answers, GuestReport *report, GError **error);
