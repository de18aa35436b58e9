/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Headroom as a part of the page of metrics. For metrics.c only. */

#include "daemon/core/openmetrics.h"
#include "daemon/headroom.h"

void metrics_add_headroom(Headrooms *headrooms, Openmetrics *page);
