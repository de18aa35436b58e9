/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Makes a VF's PF, bridge port and filters as a SwitchState has them.
 *
 * Of the VF's settings, its VLANs and its filters nothing may be missing that
 * keeps guests apart: MAC, VLAN, spoof check that is on, trust, and each filter.
 * What else this host cannot do is a finding: a whole sentence (char *) for the
 * journal.
 */

#include "daemon/core/switch-place.h"
#include "xml/switch-state.h"

typedef struct SwitchChange {
        Rtnl *rtnl;
        const SwitchPlace *place;
        const SwitchState *before; /* as it was captured here a moment ago */
        const SwitchState *target;
        GPtrArray *findings;
        bool strict; /* stops at what may not be missing, else goes as far as it can */
} SwitchChange;

/* All, or FERRY_ERROR_HARDWARE and everything is put back as it was `before`. */
bool switch_apply(Rtnl *rtnl, const SwitchPlace *place, const SwitchState *before,
                  const SwitchState *target, GPtrArray *findings, GError **error);
/* As far as it goes. `applied` is what it was made before, and may be NULL. */
void switch_restore(Rtnl *rtnl, const SwitchPlace *place, const SwitchState *before,
                    const SwitchState *applied, GPtrArray *findings);

/* Inside of it: one part each, in both directions. false only when strict. */
bool switch_change_vf(const SwitchChange *change, GError **error);
bool switch_change_port(const SwitchChange *change, GError **error);
bool switch_change_filters(const SwitchChange *change, GError **error);
/* Strict and `grave`: the error, and false. Else a finding, and true. */
bool switch_change_fails(const SwitchChange *change, bool grave, GError **error, const char *format,
                         ...) G_GNUC_PRINTF(4, 5);
