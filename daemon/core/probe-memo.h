/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What drivers have answered to a probe. Two devices of one kind (class, ids,
 * driver with its version and loading, mdev type) give the same answer, and each
 * probe opens and resets a device, so a kind is asked once. Owned by the inventory.
 */

#include "daemon/core/device-class.h"

typedef struct ProbeMemo ProbeMemo;

ProbeMemo *probe_memo_new(void);
void probe_memo_free(ProbeMemo *memo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProbeMemo, probe_memo_free)

/* `mdev_type` is that of the device, or of one to be made when the device is a parent.
 * NULL when this kind has not been asked. */
const VfioProbe *probe_memo_find(const ProbeMemo *memo, const Device *device,
                                 const char *mdev_type);
/* The kind of a device as one word of text: of devices that give the same answers. Free it. */
char *probe_memo_kind(const Device *device, const char *mdev_type);
void probe_memo_note(ProbeMemo *memo, const Device *device, const VfioProbe *probe);
