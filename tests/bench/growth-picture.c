/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/growth-picture.h"

#include <math.h>

#define WIDTH   480
#define HEIGHT  300
#define LEFT    60
#define TOP     60
#define PLOT_X  (WIDTH - LEFT - 20)
#define PLOT_Y  (HEIGHT - TOP - 50)
#define COLUMNS 4 /* labels along an axis */

typedef struct Panel {
        GString *svg;
        double left, size_max, value_max;
} Panel;

static double place_x(const Panel *panel, double size) {
        return panel->left + LEFT + size / panel->size_max * PLOT_X;
}

static double place_y(const Panel *panel, double value) {
        return TOP + PLOT_Y * (1 - value / panel->value_max);
}

static void draw_text(const Panel *panel, double x, double y, const char *anchor,
                      const char *text) {
        g_autofree char *escaped = g_markup_escape_text(text, -1);

        g_string_append_printf(panel->svg, "<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>\n",
                               x, y, anchor, escaped);
}

static void draw_axes(const Panel *panel, const char *name, const char *size_name) {
        g_string_append_printf(panel->svg, "<path d='M%.1f %d v%d h%d' class='axis'/>\n",
                               panel->left + LEFT, TOP, PLOT_Y, PLOT_X);
        draw_text(panel, panel->left + LEFT, TOP - 12, "start", name);
        draw_text(panel, panel->left + LEFT + PLOT_X, HEIGHT - 8, "end", size_name);
        for (int i = 0; i <= COLUMNS; i++) {
                double size = panel->size_max * i / COLUMNS, value = panel->value_max * i / COLUMNS;
                g_autofree char *across = g_strdup_printf("%g", size);
                g_autofree char *up = g_strdup_printf("%.3g", value);

                draw_text(panel, place_x(panel, size), TOP + PLOT_Y + 18, "middle", across);
                draw_text(panel, panel->left + LEFT - 8, place_y(panel, value) + 4, "end", up);
        }
}

static double value_of(const GrowthPoint *point, int which, bool peer) {
        return peer ? point->peer[which] : point->ours[which];
}

static void draw_line(const Panel *panel, const GrowthPoint *points, unsigned n, int which,
                      bool peer) {
        if (n == 0 || isnan(value_of(&points[0], which, peer)))
                return;

        g_string_append_printf(panel->svg, "<polyline class='%s' points='", peer ? "peer" : "ours");
        for (unsigned i = 0; i < n; i++)
                g_string_append_printf(panel->svg, "%.1f,%.1f ", place_x(panel, points[i].size),
                                       place_y(panel, value_of(&points[i], which, peer)));
        g_string_append(panel->svg, "'/>\n");
}

static void draw_bound(const Panel *panel, double bound) {
        g_string_append_printf(panel->svg, "<path class='bound' d='M%.1f %.1f h%d'/>\n",
                               panel->left + LEFT, place_y(panel, bound), PLOT_X);
}

static double most_of(const GrowthPoint *points, unsigned n, int which, double bound) {
        double most = bound;

        for (unsigned i = 0; i < n; i++)
                most = fmax(most, fmax(points[i].ours[which], points[i].peer[which]));
        return most * 1.05;
}

static void draw_panel(GString *svg, const GrowthPicture *picture, const GrowthPoint *points,
                       unsigned n, int which) {
        Panel panel = { .svg = svg, .left = which * WIDTH, .size_max = 1 };

        for (unsigned i = 0; i < n; i++)
                panel.size_max = fmax(panel.size_max, points[i].size);
        panel.value_max = most_of(points, n, which, picture->bounds[which]);
        draw_axes(&panel, picture->names[which], picture->size_name);
        draw_bound(&panel, picture->bounds[which]);
        draw_line(&panel, points, n, which, true);
        draw_line(&panel, points, n, which, false);
}

bool growth_picture_write(const GrowthPicture *picture, const GrowthPoint *points, unsigned n,
                          const char *path, GError **error) {
        g_autoptr(GString) svg = g_string_new(NULL);
        const Panel whole = { .svg = svg };

        g_string_append_printf(svg,
                               "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d'"
                               " font-family='sans-serif' font-size='12'>\n"
                               "<style>path,polyline{fill:none}.axis{stroke:#333}"
                               ".ours{stroke:#27c;stroke-width:2}.peer{stroke:#999;stroke-width:2}"
                               ".bound{stroke:#c33;stroke-dasharray:6 4}</style>\n"
                               "<rect width='100%%' height='100%%' fill='white'/>\n",
                               2 * WIDTH, HEIGHT);
        draw_text(&whole, LEFT, 20, "start", picture->title);
        for (int i = 0; i < 2; i++)
                draw_panel(svg, picture, points, n, i);
        g_string_append(svg, "</svg>\n");
        return g_file_set_contents(path, svg->str, (gssize)svg->len, error);
}
