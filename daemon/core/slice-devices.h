/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which device of a guest is which function of its hardware slice, while the
 * guest comes: the slice is placed first, its devices are looked for where it is,
 * and where they are not to be had the slice follows them. A device that was
 * plugged in for a function has its name (TUNING_ALIAS_PREFIX); of the others it
 * is one of the same parent, or else one of the same kind. Pure.
 */

#include "daemon/core/negotiate.h"
#include "daemon/core/slice-book.h"

/* For negotiate(): for each device of the domain the PF or mdev parent that its function was
 * granted of; NULL for one that is no function of the slice. */
GPtrArray *slice_devices_parents(const SliceEntry *entry, const Domain *domain);

/* What the entry wishes, each function of the parent that its device is of; `ret_at` NULL: all are
 * of where they were granted. FERRY_ERROR_NO_DEVICE: the wish names another one. */
bool slice_devices_follow(const SliceEntry *entry, const GPtrArray *answers, Slice **ret_at,
                          GError **error);
