/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From a move's turn until libvirt is asked for it: the guest is looked at again,
 * and lets go of its devices or shuts down first. Used by drive.
 *
 *   drive_begin() ─►┬─────────────────────────────────────────────────►┬─► VirtOps.migrate()
 *                   └─► VirtOps.find() ─►┬─► replug_unplug() ─────────►│
 *                                        └─► drive_cold_shut_down() ──►┘
 *
 * What fails on the way is told as a GUEST_MOVED, as if libvirt had refused, and
 * so is a move that was stopped.
 */

#include "daemon/drive-turn.h"

/* Takes the turn. */
void drive_begin(Turn *turn);
/* It ends for this reason, before libvirt was asked for it. */
void drive_begin_give_up(const Turn *turn, const char *reason);
/* GUEST_SHUT_DOWN of the guest of this turn, which may be freed then. */
void drive_begin_on_shut_down(const Turn *turn, const GuestEvent *event);
