/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guests should have more cores, memory or bandwidth in their hardware
 * slice, or a larger type of mdev, before they need it, and which could give some back:
 * policy-slice.h decides, from what demands.h expects of them.
 *
 *   guest events ─► guests that run ┐
 *   slice book: what they have      ├─► policy_slice_decide() ─► is there room? ─► drafts
 *   demands, history, some in each ─┘
 *   turn
 *
 * Each advice is tried by itself (advisor-slice-room.h): what would be refused is not given, and of
 * less than is wanted it says so. It is carried out as AllocateResource and DeallocateResource do;
 * another type is exchanged then (advisor-slice-exchange.h), and never without a person's word.
 * All of it is in memory but what was changed (advisor-slices-kept.h), and when a slice was last,
 * which its book knows.
 */

#include "daemon/advisor-way.h"

extern const AdvisorWay advisor_slices_way;
