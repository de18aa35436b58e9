/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How two numbers grow with a size, as a picture: SVG with a panel for each. */

#include <glib.h>
#include <stdbool.h>

typedef struct GrowthPoint {
        double size;
        double ours[2], peer[2]; /* NAN: none */
} GrowthPoint;

typedef struct GrowthPicture {
        const char *title, *size_name;
        const char *names[2]; /* of the panels, with their units */
        double bounds[2];     /* a line across */
} GrowthPicture;

bool growth_picture_write(const GrowthPicture *picture, const GrowthPoint *points, unsigned n,
                          const char *path, GError **error);
