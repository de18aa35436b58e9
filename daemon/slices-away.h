/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests that have no cores by a hardware slice are kept off those that a slice
 * has alone, while they run (slice-enforce.h). Belongs to Slices (slices.h).
 */

#include "daemon/slices.h"

/* The book may have changed: whoever runs is kept off what is somebody's alone now. */
void slices_look_at_exclusive(Slices *slices);
/* For guest-follow: it has begun to run here. */
void slices_away_on_running(Slices *slices, const Domain *domain);
/* libvirt has told of all guests: what is known of others is of no use any more. */
void slices_away_on_list(const Slices *slices);
