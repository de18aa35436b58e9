/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* D-Bus without a bus in between, from the side that is called: the agent towards
 * its host, the daemon towards a guest. Who the other end is this cannot say:
 * whoever has made the connection knows.
 */

#include <systemd/sd-bus.h>

/* Speaks on these two, which may be one socket or two pipes, and takes them in any case. Any peer
 * may greet, and none passes descriptors. Objects come next, then sd_bus_start(). */
int peer_server_new(int input, int output, sd_bus **ret_bus);
