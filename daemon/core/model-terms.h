/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The numbers that the formula has of a way, and how they are found: each is a
 * median over the last moves of that way and one more, the prior, which counts as
 * much as one move and is what the other ways have in the middle. What is told
 * apart with pairs of moves only (a rate from two sizes of guests, a device's part
 * from two numbers of devices) stays as in the prior until there are such pairs;
 * what that leaves wrong is in the bias. So a wild move is outvoted, whenever it
 * comes.
 */

#include "daemon/core/model.h"

typedef enum Figure {
        FIGURE_TOTAL_MS,
        FIGURE_DOWNTIME_MS,
        FIGURE_BYTES,
        FIGURE_ITERATIONS,
        _FIGURE_MAX,
} Figure;

typedef enum Term {
        TERM_RATE,          /* bytes/s */
        TERM_SETUP_MS,      /* before and after the sending */
        TERM_FIXED_MS,      /* of the downtime, without sending */
        TERM_DEVICE_MS,     /* the same, by each device that no trial has measured */
        TERM_MS_PER_BYTE,   /* the same, by each byte of state of such a device */
        TERM_SHARE,         /* of the RAM that has to be sent: not the empty pages */
        TERM_SHARE_OF_USED, /* the same, where it is known how much is used */
        TERM_BIAS,          /* logarithm of outcome by forecast, of each Figure */
        TERM_SPREAD = TERM_BIAS + _FIGURE_MAX, /* standard deviation of that */
        _TERM_MAX = TERM_SPREAD + _FIGURE_MAX,
} Term;

typedef struct Terms {
        double of[_TERM_MAX];
} Terms;

typedef struct Move {
        MoveFacts facts; /* its way is borrowed */
        MoveOutcome outcome;
} Move;

/* For the first move of all. */
Terms terms_default(const MoveFacts *facts);
Terms terms_fit(const Move *moves, unsigned n, const Terms *prior);
/* The median of each; n >= 1. The spread is that of a way that nobody knows. */
Terms terms_average(const Terms *const *terms, unsigned n);
