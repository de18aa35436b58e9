/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guest-follow.c does for others: manager.h has what it is told. */

#include "daemon/manager.h"

/* What this host sees of the guest's devices, into its metadata, when that is news. */
void guest_follow_write_metadata(Manager *manager, const Domain *domain);
