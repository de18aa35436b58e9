/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guests of this host should have a VF, and which should give theirs
 * back, before their traffic comes or goes: policy.h decides, from what demands.h
 * expects of them.
 *
 *   guest events ─► guests with one interface ┐
 *   demands_forecast(), some in each turn ────┼─► policy_decide() ─► drafts
 *   VFs that are free, or that they have ─────┘
 *
 * What is advised is done when its guest has its other interface, whoever did that. The moves
 * that were made, and what a move has to bring by now, are stored; all else is in memory.
 */

#include "daemon/advisor-way.h"

extern const AdvisorWay advisor_seats_way;
