/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The course of one pre-copy migration, by the rule that QEMU decides with
 * (migration/migration.c, migration_iteration_run; hw/vfio/migration.c,
 * vfio_state_pending_exact):
 *
 *   The guest is paused as soon as what is pending is less than
 *        threshold = rate * allowed downtime.
 *   Pending are pages of RAM, empty ones included, and the state of the devices,
 *   so the pages may be `limit` = threshold - state.
 *   What was dirtied is asked for only when what is left of the last time has come
 *   below the limit, and QEMU looks every 50 ms: a round leaves `keep`, a little
 *   less than the limit, and the guest is paused when no more than the difference,
 *   `target`, has been dirtied meanwhile.
 *   The bandwidth limit ends with the pause.
 *
 * Pure, as is all of the model.
 */

#include "daemon/core/model-terms.h"

/* Rounds of which each is what was dirtied during the one before. */
typedef struct Rounds {
        double first;   /* bytes of the first, which is not yet asked */
        double ratio;   /* dirty rate by sending rate */
        double ceiling; /* no round after the first has more */
        double target;  /* what is below it is sent in the pause */
} Rounds;

#define ROUNDS_MAX 100 /* nobody waits for more: the guest does not converge */

/* Sent rounds, the first included, their bytes, and the bytes of the one that is below the target.
 * False when that does not come within ROUNDS_MAX. */
bool rounds_solve(const Rounds *rounds, double *ret_n, double *ret_sent, double *ret_left);

/* A move, in the terms of its way. Bytes, bytes/s, ms. */
typedef struct Course {
        double ram;         /* pages, empty ones included */
        double share;       /* of them that has to be sent */
        double working_set; /* no more than that is ever dirty */
        double dirty_rate;
        double state;         /* of the devices */
        double state_counted; /* what QEMU takes it for */
        double state_early;   /* what devices with pre-copy send before the pause */
        double rate, rate_paused;
        double setup_ms;
        double fixed_ms;  /* of the downtime, without sending */
        double device_ms; /* the same, by the devices */
} Course;

Course course_new(const MoveFacts *facts, const Terms *terms);
double course_allowed_ms(const MoveFacts *facts);
/* False when it does not converge. */
bool course_run(const Course *course, double allowed_ms, double ret_figures[_FIGURE_MAX]);
/* Dirtied during the move, all of it sent again; bytes. Endless when it does not converge. */
double course_dirtied(const Course *course, double allowed_ms);
/* Bytes of RAM that are sent in the pause; 0 when it does not converge. */
double course_paused(const Course *course, double allowed_ms);
/* The least downtime with which it converges. */
double course_needed_ms(const Course *course);
/* What the downtime is even for a guest that stands still. */
double course_floor_ms(const Course *course);
