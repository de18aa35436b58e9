/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guest of this host should leave for another one, before this host is too
 * small for all of them: core/policy-leave.h decides, by what leave-host.h knows.
 *
 * At most one guest is on its way off this host by this, and none while any other is; none when
 * LeavesPerDay= have left in the last 24 hours, whoever moved them. The log of migrations knows
 * that, also after a restart.
 *
 * Where Destinations= are known it is carried out as `virt-ferry migrate` does: each of them is
 * asked in turn, until one takes the guest. Else the operator has to choose one.
 */

#include "daemon/advisor-way.h"

extern const AdvisorWay advisor_leave_way;
