/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The sentences of refuse(), by what is wrong. Each is a whole one, for a
 * Survey in which that is the furthest that a device came.
 */

#include "daemon/core/sentence.h"
#include "daemon/core/survey.h"

/* refusal-busy.c: the host has what the guest wants, and it is not to be had. */
bool survey_is_busy(const Survey *survey);
void write_busy(Sentence *sentence, const Survey *survey);
void write_pool_full(Sentence *sentence, const Survey *survey);
void write_exhausted(Sentence *sentence, const Survey *survey);
/* "pool 'one' lets out 1 device at a time and db1 has it" */
void add_pool_full(Sentence *sentence, const Pool *pool, const Usage *usage);

/* refusal-kind.c: the host has nothing of that kind. */
void write_wrong_kind(Sentence *sentence, const Survey *survey);
/* ", this host has only mtty-2": the types of the mdevs that there are, where they are others */
void add_other_types(Sentence *sentence, const Survey *survey);
