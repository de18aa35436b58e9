/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A host sampled and kept as it is done by hand: the same answers read by the
 * same code, and each sample of a guest, PF or VF a row of SQLite; one
 * transaction a minute, as durable as ours, with the oldest rows away as soon as
 * there are more than PEER_ROWS. No rates, no pressure, no 5 minutes.
 */

#include "tests/bench/meter-host.h"

#define PEER_ROWS 200000

typedef struct MeterPeer MeterPeer;

MeterPeer *meter_peer_new(MeterHost *host, const char *path);
void meter_peer_free(MeterPeer *peer);

void meter_peer_look(MeterPeer *peer, int64_t realtime);
void meter_peer_write(MeterPeer *peer);
