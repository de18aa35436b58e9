/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is left of this host for whoever places guests from afar (core/headroom.h), by what is
 * promised and leased now and by what the outlook has. The levels that were told are remembered, so
 * that they do not flap. One thread; belongs to the manager.
 *
 * What is used without a promise: CPU and resident memory of guests that have no cores or no memory
 * by a slice; what goes over VFs whose guest was guaranteed nothing of the PF; and what goes over a
 * PF or an offload device beyond all that is promised of it. Of a link the busier direction counts.
 */

#include "daemon/core/headroom.h"
#include "daemon/manager.h"

Headrooms *headrooms_new(Manager *manager);
void headrooms_free(Headrooms *headrooms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Headrooms, headrooms_free)

/* As headroom_list(); no libvirt, no file but what the resource map reads once a second. */
GPtrArray *headrooms_list(Headrooms *headrooms);
/* Of one of these rows. */
HeadroomLevel headrooms_level(const Headrooms *headrooms, const Headroom *row);
