/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reminds the meter of the time, at once and then as often as it wishes at the
 * moment: by a clock that nobody sets. */

#include <systemd/sd-event.h>

#include "daemon/meter.h"

typedef struct Metronome Metronome;

int metronome_new(sd_event *loop, Meter *meter, Metronome **ret_metronome);
void metronome_free(Metronome *metronome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metronome, metronome_free)
