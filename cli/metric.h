/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is measured, as ListMetrics has it, and whose. */

#include "cli/client.h"

#include <stdint.h>

typedef struct MetricFacts {
        const char *name, *kind, *unit; /* borrowed from the list */
} MetricFacts;

/* a(ssss), or NULL with error. */
GVariant *metrics_list(Client *client, GError **error);
/* The one of this name; false with an error that says which there are. */
bool metrics_find(GVariant *list, const char *name, MetricFacts *ret_facts, GError **error);
/* "25.0%" for a counter of seconds: a second of time in each second is 100%; "1.5 KiB/s". */
char *metric_text(const MetricFacts *facts, double value);

/* A PCI address; a guest's name cannot have two colons and a dot after them. It does not say
 * whether it is that of a VF or of a PF, and nobody has seen both there. */
bool subject_is_function(const char *subject);
/* What a word may be that is no name of a guest: a UUID that of an mdev, another an offload device.
 */
const char *subject_kind_beside_guest(const char *subject);
