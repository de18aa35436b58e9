/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One look over the whole host for one device of a guest: the best that fits,
 * or else what is wrong with each that does not.
 */

#include "daemon/core/fit.h"

typedef struct Survey {
        const Want *want; /* borrowed, like all that is found */
        Usage *usage;

        const Device *best; /* NULL: none fits */
        bool has_offer;     /* nothing that exists fits as well, and this can be made */
        Offer offer;

        /* Counts are of all devices only when nothing fits; what could be made counts too. */
        unsigned count[_FIT_MAX];
        const Device *first[_FIT_MAX]; /* of an offer: its parent */
        const Pool *pool[_FIT_MAX];    /* of the first */
        bool several_pools;            /* those that would do are not all in one */
        GPtrArray *holders;            /* names of guests that have those, each once */
        GHashTable *known_holders;     /* the same */
} Survey;

void survey_done(Survey *survey);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Survey, survey_done)

/* All devices, then all that could be made. */
void survey_host(Survey *ret_survey, const Want *want, Usage *usage);
/* Only what could be made. */
void survey_offers(Survey *ret_survey, const Want *want, Usage *usage);

/* Device of the same id as on the source, or leased to the guest for this already: when it fits
 * there is no better one. NULL otherwise. */
const Device *survey_keep(const Want *want, Usage *usage);
