/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What Placement is to know of a guest that Nova does not: allocations of its own, with the
 * domain's UUID as consumer and a type that nobody else uses, so that operators see who has
 * what, and nobody's reservation stands in the place of a name. Pure.
 *
 * A guest's allocations are replaced as a whole, by the host where it runs:
 *
 *   it has come          that host has the allocations moved to its own providers, in one request
 *   it leaves, or comes  nobody writes: until it runs there it is the source's, and what the
 *                        destination keeps for it is reserved there
 *   it has gone          what is still on providers of the host that it was on is given up there;
 *                        what is elsewhere is the other host's to write
 *
 * A consumer whose type is another is somebody else's, be it an instance of Nova, one of its
 * migrations or whatever comes: it is never written.
 */

#include <stdbool.h>

#include "nova-driver-shim/placement/api.h"
#include "nova-driver-shim/placement/guest-list.h"
#include "nova-driver-shim/placement/tree.h"

/* Of a consumer that has something. */
bool allocation_is_ours(const ApiConsumer *has);

/* What `has` is to be replaced by: all that the guest holds of the tree. NULL: nothing is to be
 * written now, and `ret_same` says whether that is because all is as it should be. `guest`: NULL,
 * where the host does not know it. */
ApiConsumer *allocation_plan(const Tree *tree, const GuestRow *guest, const ApiConsumer *has,
                             bool *ret_same);

/* Of the write, how much more of a class of a provider it takes than what was there. */
uint64_t allocation_growth(const ApiConsumer *has, const ApiConsumer *wish, const char *provider,
                           const char *class_name);
