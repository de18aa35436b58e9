/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A hardware slice as its own guest may see it: how much of what, and never
 * where. No host's name, no id of a device or a core, no other guest: not in
 * what is shown, and not in what is refused. Pure.
 */

#include "daemon/slices.h"

/* One kind of SliceAsk, in its unit. Where `least` and `most` are `wanted`, the guest cannot change
 * it. A slice that had to give way has granted nothing. */
typedef struct GuestHolding {
        const char *kind; /* "cores", static */
        uint64_t wanted, granted, least, most;
} GuestHolding;

/* Of GuestHolding: what the slice has, and what the guest may ask for. `entry` NULL: nothing. */
GArray *guest_holdings(const SliceEntry *entry);
/* "enforced"; "none" without an entry. */
const char *guest_state(const SliceEntry *entry);

bool guest_kind_is_known(const char *kind);
/* "cores, memory, ...", in the order of the table. */
char *guest_kinds(void);

/* `refused`, which may name other guests and parts of the host, as the guest may read it. `entry`
 * as it is, NULL none. */
GError *guest_refusal(const SliceEntry *entry, const SliceAsk *ask, const GError *refused);
