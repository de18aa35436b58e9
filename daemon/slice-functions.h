/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which devices of this host are for the functions of a hardware slice. The
 * guest's own are, that come from the same parent, and those that were plugged in
 * for it (TUNING_ALIAS_PREFIX); what is missing is leased, made and bound here,
 * to be plugged in. Used by slice-enforce.c.
 */

#include "daemon/core/tuning.h"
#include "daemon/manager.h"

void tuning_function_free(TuningFunction *function);

/* Of TuningFunction, those that the guest has. */
GPtrArray *slice_functions_read(const Manager *manager, const SliceEntry *entry,
                                const Domain *domain);
/* Adds those that it does not have: leased until the lease timeout. FERRY_ERROR_NO_RESOURCES when
 * its parent has none left, FERRY_ERROR_HARDWARE, FERRY_ERROR_INVALID_STATE when the guest has one
 * of another type, which is exchanged by a person or the advisor; nothing is leased then. */
bool slice_functions_take(Manager *manager, const SliceEntry *entry, const Domain *domain,
                          GPtrArray *functions, GError **error);
/* Gives back those that were taken and did not get into the guest. */
void slice_functions_give_back(Manager *manager, const GPtrArray *functions);
