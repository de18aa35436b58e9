/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the store has done for this host and the copy does not show yet. Who is answered when the
 * copy shows it never decides by one that is behind his own change. Belongs to cluster.h. */

#include "daemon/core/cluster-copy.h"

typedef struct Echoes Echoes;

typedef void (*EchoHeard)(void *userdata);

Echoes *echoes_new(const ClusterCopy *copy); /* borrowed */
/* Nobody is told any more. */
void echoes_free(Echoes *echoes);

/* Of a transaction that is done. Perhaps from within the call. */
void echoes_await(Echoes *echoes, const ClusterTransaction *done, EchoHeard heard, void *userdata);
/* Until echoes_on_loaded() readers have the copy from before; what was done is in the next one. */
void echoes_on_reset(Echoes *echoes);
void echoes_on_loaded(Echoes *echoes);
/* After the copy was told of this key. */
void echoes_on_key(Echoes *echoes, const char *key);
