/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The outcome of a replay, for people, for programs and as a picture. All: free it. */

#include "daemon/replay/replay.h"

char *replay_to_text(const ReplayResult *result);
char *replay_to_json(const ReplayResult *result);
/* SVG: how much was carried, by how often guests were moved. */
char *replay_to_svg(const ReplayResult *result);
