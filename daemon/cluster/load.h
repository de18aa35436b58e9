/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host tells the others of what it and its guests are expected to use: loads/HOST of
 * core/cluster-doc-load.h. Things are those of leave-host.h; "network" is both directions of all
 * links together. Who cannot move now, or settles, is a part of the host's base. */

#include "daemon/core/cluster-doc-load.h"
#include "daemon/manager.h"

/* `guests`: UUID to LeaveGuest, of those that run here. No libvirt, no file. */
ClusterLoad *cluster_load_describe(const Manager *manager, GHashTable *guests);
