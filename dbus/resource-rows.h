/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A resource map on the bus, as ListResources() of Manager and of Agent answer it. */

#include <systemd/sd-bus.h>

#include "daemon/core/resource-map.h"

#define RESOURCE_ROW "sssstttsa{ss}"

/* As a(sssstttsa{ss}). */
int resource_rows_append(sd_bus_message *reply, const ResourceMap *map);
