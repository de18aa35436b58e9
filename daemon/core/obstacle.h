/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What keeps a device's state from moving although its driver offers that, and
 * what would be said only when the migration has begun, or never. Each is one
 * sentence, the `finding` of the device. Used by the inventory; one thread.
 */

#include "daemon/core/device.h"
#include "daemon/facts/sysfs.h"

typedef struct Obstacles Obstacles;

Obstacles *obstacles_new(const Sysfs *sysfs); /* borrows it */
void obstacles_free(Obstacles *obstacles);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Obstacles, obstacles_free)

/* NULL for none. Never freed, and the same sentence is the same pointer. */
const char *obstacles_find(Obstacles *obstacles, const Device *device);

/* These are what the inventory offers under the same names: inventory.h. */
void obstacles_note_hang(Obstacles *obstacles, const Device *device, bool hangs);
bool obstacles_hangs(const Obstacles *obstacles, const Device *device);
int obstacles_dma_log_reports(Obstacles *obstacles);
