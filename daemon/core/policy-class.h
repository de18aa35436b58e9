/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One reason for a guest to sit on an offload device: what that would be worth to it. The next
 * class is one file and one line in policy_classes[]; a metric that is not there yet is one line
 * in sample.c.
 */

#include <glib.h>
#include <stdbool.h>

#include "daemon/core/demand.h"
#include "daemon/core/sample.h"

#define POLICY_HOURS        24
#define POLICY_PRIORITY_MAX 8 /* and its negative */

/* Of one metric and one guest. */
typedef struct PolicyAhead {
        double seen;                    /* a second, in the last hour; NAN: not known */
        DemandBand hours[POLICY_HOURS]; /* the average of each hour's bands */
} PolicyAhead;

/* `bands` as demand_forecast() gives them for a whole day, in steps of `step` seconds. */
void policy_ahead_fill(PolicyAhead *ahead, const DemandBand *bands, unsigned step);

/* All strings are borrowed. */
typedef struct PolicyGuest {
        const char *id, *name;
        int priority;
        bool opted_out; /* it has no seat, and gives back the one that it has */
        bool busy;      /* it moves, or something else is decided about it */
        double path;    /* bytes a second that the host carries for it; 0: not known */
        double outage;  /* seconds for which an exchange stops its traffic */
        const PolicyAhead *ahead[_METRIC_MAX]; /* NULL: not known */
} PolicyGuest;

typedef struct PolicyClass {
        const char *name;  /* "traffic" */
        const char *about; /* ends the sentence "..., since": why a guest should sit there */
        /* Bytes a second that a seat is worth in this hour, 0 to POLICY_HOURS - 1; NAN: the class
         * does not know enough of the guest. */
        double (*worth)(const PolicyGuest *guest, unsigned hour);
} PolicyClass;

extern const PolicyClass policy_class_traffic;
extern const PolicyClass policy_class_capacity;

/* Ends with NULL. */
extern const PolicyClass *const policy_classes[];

/* What the class with the most of it says; NAN where none knows. */
double policy_worth(const PolicyGuest *guest, unsigned hour, const PolicyClass **ret_class);

/* Received and sent, in this hour. False: one of them is not known. */
bool policy_traffic(const PolicyGuest *guest, unsigned hour, DemandBand *ret_band);
double policy_traffic_seen(const PolicyGuest *guest);
