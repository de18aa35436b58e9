/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the policy is asked about: the guests, and the VFs that they have or could
 * have. Used by advisor-seats.
 */

#include "daemon/core/policy.h"
#include "daemon/manager.h"

/* `guests` are UUIDs to AdvisorGuest. What is returned borrows from these, from leases and from the
 * inventory, and is to be freed before they change. */
GArray *seats_list_guests(const Manager *manager, GHashTable *guests); /* PolicyGuest */
GArray *seats_list(const Manager *manager, GHashTable *guests);        /* PolicySeat */
