/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many guests may be on their way to this host at a time (MaxIncoming), and
 * what a source makes of the refusal of the next one.
 *
 * Each guest that comes takes memory bandwidth and the link from those that run
 * here and from those that come. The destination alone sees all of them,
 * whatever they are moved with, so it is the destination that says no. Its word
 * travels as libvirt's error, and a source that moves the guest itself waits
 * for another turn (drive.c). Reaches no libvirt.
 */

#include "daemon/manager.h"

/* Why this guest may not come now, in one sentence; NULL: it may, or has nothing of ours. An
 * attempt of its own that has not ended does not count. Free it. */
char *incoming_refusal(const Manager *manager, const Domain *domain);
/* Whether the words are those of incoming_refusal() on another host. */
bool incoming_is_refusal(const char *reason);
