/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known or awaited of one guest whose devices go out and come in: where
 * it is in that, who waits for the end, and the times by which it is looked at
 * again. Times are CLOCK_REALTIME us. Used by replug, which takes the steps.
 */

#include "daemon/replug.h"

typedef enum Course {
        COURSE_REST,
        COURSE_UNPLUGGING, /* libvirt was asked */
        COURSE_LOOKING,
        COURSE_PLUGGING,
} Course;

typedef struct ReplugGuest {
        Course course;
        char *trouble;       /* why a device is not plugged, NULL */
        int64_t failed;      /* when a plug failed, 0 */
        int64_t due;         /* to be looked at again, 0 */
        int64_t late;        /* until then it may let go of a device, 0 */
        bool plugged;        /* a moment ago: its notes are of no use any more */
        ReplugWaiter waiter; /* for the end of its course; all NULL without */
} ReplugGuest;

/* Of ReplugGuest by UUID. */
GHashTable *replug_guests_new(void);
/* The one that is there, or a new one. */
ReplugGuest *replug_guests_require(GHashTable *guests, const char *uuid);
/* When the first is due; 0 never. */
int64_t replug_guests_next_time(GHashTable *guests);

/* To whom waits. That one may begin something else of the same guest. */
void replug_guest_answer(ReplugGuest *guest, const GError *error);
/* A device could not be plugged: it is tried again. True when `why` is news. */
bool replug_guest_fail(ReplugGuest *guest, const char *why, int64_t now);
/* A plug has failed a moment ago, which makes events of its own. */
bool replug_guest_has_just_failed(const ReplugGuest *guest, int64_t now);
/* It did not let go of a device in time, and may do so later. */
void replug_guest_be_late(ReplugGuest *guest, int64_t now);
/* Whether it may yet let go of a device that it has. */
bool replug_guest_may_let_go(ReplugGuest *guest, int64_t now);
/* It has a time to be looked at again, which may have come, and nothing else is under way. */
bool replug_guest_is_due(const ReplugGuest *guest);
