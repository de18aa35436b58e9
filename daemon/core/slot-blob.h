/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The numbers of a slot as bytes, for the store: which metrics there are (32
 * bits, by their number), then the mean of each, or minimum, mean and maximum;
 * little endian, IEEE 754 of 4 bytes. What is read was written by any daemon
 * before: metrics that this one does not know are left out. */

#include "daemon/core/telemetry.h"

/* At the end of others. Of a slot without any number 4 bytes. */
void slot_to_blob(const Slot *slot, SlotStep step, GByteArray *blob);
/* All but `start`, and how many bytes those were; others may follow. -EBADMSG: these are not the
 * bytes of a slot. */
int slot_from_blob(const void *data, size_t size, SlotStep step, Slot *ret_slot);
