/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a guest cannot have its device here, for the person who reads it at the
 * end of libvirt's error line: one sentence, shorter than 300 bytes, that names
 * the guest's device, what it needs, what this host has, and the way out.
 * Free them.
 */

#include "daemon/core/survey.h"

/* Nothing on the host fits. */
char *refuse(const Survey *survey);
/* The device that the domain names is the only choice, and `fit` is what is wrong with it. `device`
 * NULL: it is leased and not made yet. */
char *refuse_named(const Want *want, const Device *device, Fit fit, Usage *usage);
/* Neither operator nor source has said what to look for. */
char *refuse_undescribed(const Want *want);
