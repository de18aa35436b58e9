/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the PF and the host's switch know of a VF, as the document that goes
 * along with its guest. */

#include "daemon/core/switch-place.h"
#include "xml/switch-state.h"

/* What cannot be carried is left out, and said in `findings` (char *, whole sentences), which may
 * be NULL. FERRY_ERROR_HARDWARE: the kernel does not answer. */
SwitchState *switch_capture(Rtnl *rtnl, const SwitchPlace *place, GPtrArray *findings,
                            GError **error);

/* Hands on what a newer minor version has said of the same guest and nobody here knows. */
void switch_state_hand_on(SwitchState *state, const SwitchState *before);

/* What the VF is to have when the guest has gone to another host: what it had before, without the
 * guest's MACs, which are elsewhere now. `guest` may be NULL. */
SwitchState *switch_state_without(const SwitchState *before, const SwitchState *guest);
