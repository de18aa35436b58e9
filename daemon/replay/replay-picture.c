/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "daemon/replay/replay-report.h"

#define WIDTH  640
#define HEIGHT 400
#define LEFT   64
#define RIGHT  24
#define TOP    48
#define BOTTOM 56

static const char *const colours[_REPLAY_PLAYER_MAX] = {
        [REPLAY_OURS] = "#c0392b",
        [REPLAY_STATIC] = "#7f8c8d",
        [REPLAY_REACTIVE] = "#2980b9",
        [REPLAY_SMOOTHED] = "#27ae60",
};

/* What is shown: 0 to `moves` a day, `low` to 100 percent of the best. */
typedef struct Frame {
        const ReplayResult *result;
        GString *text;
        double moves, low;
} Frame;

typedef struct Point {
        double x, y;
} Point;

G_GNUC_PRINTF(2, 3)
static void put(Frame *frame, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        g_string_append_vprintf(frame->text, format, arguments);
        va_end(arguments);
}

static Point place(const Frame *frame, double moves, double percent) {
        return (Point){
                LEFT + (WIDTH - LEFT - RIGHT) * moves / frame->moves,
                TOP + (HEIGHT - TOP - BOTTOM) * (100 - percent) / (100 - frame->low),
        };
}

static Point place_score(const Frame *frame, const ReplayScore *score) {
        const ReplayResult *result = frame->result;
        double percent = result->best > 0 ? 100 * score->carried / result->best : 0;

        return place(frame, replay_moves_a_day(result, score->moves), percent);
}

static void fit(Frame *frame) {
        const ReplayResult *result = frame->result;
        double moves = REPLAY_MOVES, low = 95;

        for (ReplayPlayer player = 0; player < _REPLAY_PLAYER_MAX; player++)
                for (unsigned i = 0; i < result->scores[player].n; i++) {
                        const ReplayScore *score = &result->scores[player].of[i];

                        moves = MAX(moves, replay_moves_a_day(result, score->moves));
                        if (result->best > 0)
                                low = MIN(low, 100 * score->carried / result->best);
                }
        frame->moves = 20 * ceil(moves * 1.05 / 20);
        frame->low = CLAMP(5 * floor(low / 5), 0, 95);
}

static void draw_axes(Frame *frame) {
        double step = frame->moves > 100 ? 20 : 10, rise = frame->low < 70 ? 10 : 5;
        Point budget = place(frame, REPLAY_MOVES, frame->low);

        for (double percent = frame->low; percent <= 100; percent += rise) {
                Point p = place(frame, 0, percent);

                put(frame, "<path d='M%d %.1fH%d' stroke='#ddd'/>\n", LEFT, p.y, WIDTH - RIGHT);
                put(frame, "<text x='%d' y='%.1f' text-anchor='end'>%.0f %%</text>\n", LEFT - 6,
                    p.y + 4, percent);
        }
        for (double moves = 0; moves <= frame->moves; moves += step) {
                Point p = place(frame, moves, frame->low);

                put(frame, "<text x='%.1f' y='%.1f' text-anchor='middle'>%.0f</text>\n", p.x,
                    p.y + 18, moves);
        }
        put(frame, "<path d='M%d %dV%dH%d' fill='none' stroke='#333'/>\n", LEFT, TOP,
            HEIGHT - BOTTOM, WIDTH - RIGHT);
        put(frame, "<path d='M%.1f %dV%.1f' stroke='#999' stroke-dasharray='4 4'/>\n", budget.x,
            TOP, budget.y);
        put(frame, "<text x='%d' y='%d' text-anchor='middle'>moves a day</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14);
}

/* All its thetas as a line, the one it is judged by as a point. */
static void draw_player(Frame *frame, ReplayPlayer player) {
        const ReplayScores *scores = &frame->result->scores[player];
        Point chosen = place_score(frame, replay_chosen(frame->result, player));
        const char *colour = colours[player];

        if (scores->n > 1) {
                put(frame, "<polyline fill='none' stroke='%s' points='", colour);
                for (unsigned i = 0; i < scores->n; i++) {
                        Point p = place_score(frame, &scores->of[i]);

                        put(frame, "%s%.1f,%.1f", i > 0 ? " " : "", p.x, p.y);
                }
                put(frame, "'/>\n");
        }
        put(frame, "<circle cx='%.1f' cy='%.1f' r='5' fill='%s'/>\n", chosen.x, chosen.y, colour);
}

static void draw_legend(Frame *frame, ReplayPlayer player) {
        int x = LEFT + 10 + 135 * player;

        put(frame, "<circle cx='%d' cy='34' r='5' fill='%s'/>\n", x, colours[player]);
        put(frame, "<text x='%d' y='38'>%s</text>\n", x + 10, replay_player_name(player));
}

char *replay_to_svg(const ReplayResult *result) {
        Frame frame = { .result = result, .text = g_string_new(NULL) };

        fit(&frame);
        put(&frame,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' "
            "font-family='sans-serif' font-size='12'>\n"
            "<title>Bytes carried by the offload device, of those of the best guests of each "
            "hour</title>\n"
            "<rect width='100%%' height='100%%' fill='white'/>\n"
            "<text x='%d' y='18'>Bytes carried, of the best %u guests of each hour (of %u guests, "
            "%.1f days)</text>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, result->n_slots, result->n_guests,
            result->n_hours / 24.0);
        draw_axes(&frame);
        for (ReplayPlayer player = _REPLAY_PLAYER_MAX; player-- > 0;)
                draw_player(&frame, player); /* ours on top */
        for (ReplayPlayer player = 0; player < _REPLAY_PLAYER_MAX; player++)
                draw_legend(&frame, player);
        put(&frame, "</svg>\n");
        return g_string_free(frame.text, FALSE);
}
