/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that moves away from here, as libvirt tells it, whoever has begun the
 * move. guest-follow.c hands the events on.
 */

#include "daemon/manager.h"

void guest_leave_on_job(Manager *manager, const GuestEvent *event);      /* GUEST_ITERATING */
void guest_leave_on_leaving(Manager *manager, const GuestEvent *event);  /* GUEST_LEAVING */
void guest_leave_on_stayed(Manager *manager, const GuestEvent *event);   /* GUEST_STAYED */
void guest_leave_on_job_done(Manager *manager, const GuestEvent *event); /* GUEST_JOB_DONE */
