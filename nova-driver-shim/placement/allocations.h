/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps the allocations of guests that Nova does not know (allocation-plan.h) as this host's guests
 * are: looks at one consumer after the other, each read afresh, then asks virtferryd whose guest it
 * is, and writes at most once. At rest it asks nothing. What cannot be claimed stays reserved, as
 * the publisher has it: nobody else is given it either way. Main thread.
 */

#include <systemd/sd-bus.h>

#include "nova-driver-shim/placement/api.h"
#include "nova-driver-shim/placement/publish.h"

typedef struct Allocations Allocations;

/* Borrows all. 0 or negative errno. */
int allocations_new(sd_bus *bus, Api *api, Publisher *publisher, Allocations **ret_allocations);
void allocations_free(Allocations *allocations);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Allocations, allocations_free)

/* The host or what Placement has of it may be other than before. */
void allocations_look(Allocations *allocations);
/* No more of it: the host goes. */
void allocations_stop(Allocations *allocations);
