/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Moves of hardware slices on this host (core/defragment.h), proposed and, where
 * the configuration allows it, carried out: one after the other, each when the
 * guest has the one before. A move that a guest cannot make is taken back, and
 * ends the others. Like slices.h it is the manager's.
 */

#include "daemon/core/defragment.h"
#include "daemon/slices.h"

typedef struct SlicesDefragment {
        bool apply;       /* and not only propose */
        bool functions;   /* may be replugged */
        const char *goal; /* a definition in XML; or the UUID or name of a domain with a slice that
                           * has to give way. NULL: what is free comes together */
} SlicesDefragment;

/* Of a goal that is not reached nothing is carried out. FERRY_ERROR_INVALID_REQUEST for a goal that
 * is none, FERRY_ERROR_NOT_FOUND for a domain without a slice; to apply: FERRY_ERROR_INVALID_STATE
 * when the configuration does not allow it or moves are carried out already. */
Defragment *slices_defragment(Slices *slices, const SlicesDefragment *how, GError **error);
