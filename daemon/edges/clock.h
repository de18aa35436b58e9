/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager's time: one timer on the loop, set to manager_next_time() each
 * time before the loop sleeps. So nobody has to say that a lease has changed.
 */

#include <systemd/sd-event.h>

#include "daemon/manager.h"

typedef struct Clock Clock;

int clock_new(sd_event *loop, Manager *manager, Clock **ret_clock);
void clock_free(Clock *clock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Clock, clock_free)
