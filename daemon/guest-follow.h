/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guest-follow.c does for others: manager.h has what it is told. */

#include "daemon/manager.h"

/* What this host sees of the guest's devices, into its metadata, when that is news. */
void guest_follow_write_metadata(Manager *manager, const Domain *domain);
/* The same, of a guest that libvirt is asked for first; without libvirt nothing happens. */
void guest_follow_look_again(Manager *manager, const char *domain_uuid);
