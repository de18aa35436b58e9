/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What becomes of the guests of a drain, by what libvirt and the log of
 * migrations say. Changes the record that it is given and nothing else. For
 * drain.c.
 */

#include "daemon/core/drain-record.h"
#include "daemon/manager.h"

/* Of guests, by UUID. */
typedef struct DrainView {
        const Manager *manager;
        GHashTable *asked;  /* their moves are being planned */
        GHashTable *coming; /* they are on their way here, and paused */
} DrainView;

/* This move is what the drain wants of the guest, and nobody else's. */
bool drain_course_is_own(const DrainRecord *record, const DrainGuest *guest,
                         const Migration *migration);
/* Looks at each guest anew, lets as many of those that wait begin as may move at a time, and says
 * how far the drain is. Returns the UUIDs of those that are to be moved now. */
GPtrArray *drain_course_go_on(const DrainView *view, DrainRecord *record);
/* Nobody knows any more how the moves under way end: what libvirt tells next decides. */
void drain_course_forget_moves(DrainRecord *record);
/* It is here no more. `reason` NULL: it has moved. */
void drain_course_leave(DrainRecord *record, const char *uuid, const char *reason);
/* It was on its way here when the drain began: it goes on to the next host. */
void drain_course_arrive(DrainRecord *record, const char *uuid, const char *name);
/* It cannot leave, whatever the destination. */
void drain_course_stay(DrainRecord *record, const char *uuid, const char *reason);
/* It could not be asked: later again. */
void drain_course_wait(DrainRecord *record, const char *uuid);
