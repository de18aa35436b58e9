/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sends what daemon/core/announce-ops.h promises: five frames for each MAC out
 * of a packet socket, on the loop. Needs CAP_NET_RAW, and AF_PACKET among
 * RestrictAddressFamilies=. One thread.
 */

#include <systemd/sd-event.h>

#include "daemon/core/announce-ops.h"

typedef struct Announcer Announcer;

/* Opens nothing yet: a host without a guest that comes needs no socket. */
Announcer *announcer_new(sd_event *loop);
void announcer_free(Announcer *announcer); /* what was not sent by then is not sent */
const AnnounceOps *announcer_get_ops(const Announcer *announcer);
