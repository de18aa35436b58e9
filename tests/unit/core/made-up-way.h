/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A network and two hosts that are not there: a migration step by step, as QEMU
 * does it, and nothing of the model's formula.
 */

#include "daemon/core/model.h"

typedef struct MadeUpWay {
        double rate; /* bytes/s */
        double setup_ms;
        double fixed_ms;  /* of each pause */
        double device_ms; /* of each device in it */
        double ms_per_byte;
        double share; /* of the RAM that is not empty */
        double noise; /* 0.1: times are 0.9 to 1.1 of what they should be */
} MadeUpWay;

/* False when the guest has not been paused after `most_ms`. */
bool made_up_way_move(const MadeUpWay *way, const MoveFacts *facts, double most_ms,
                      MoveOutcome *ret_outcome);
