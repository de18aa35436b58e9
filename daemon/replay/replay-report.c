/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay-report.h"

#include <json-glib/json-glib.h>
#include <math.h>

static double percent(double part, double whole) {
        return whole > 0 ? 100 * part / whole : 0;
}

char *replay_to_text(const ReplayResult *result) {
        GString *text = g_string_new(NULL);

        g_string_printf(text,
                        "%u guests, %u slots, %.1f days after %u to learn from\n"
                        "The best guests of each hour had %.1f %% of all bytes, by %.0f moves a "
                        "day\n\n"
                        "%-14s %12s %12s %12s %8s\n",
                        result->n_guests, result->n_slots, result->n_hours / 24.0,
                        result->train_hours / 24, percent(result->best, result->total),
                        replay_moves_a_day(result, result->best_moves), "POLICY", "OF THE BEST",
                        "MOVES A DAY", "LESS OUTAGES", "BAR");
        for (ReplayPlayer player = 0; player < _REPLAY_PLAYER_MAX; player++) {
                const ReplayScore *score = replay_chosen(result, player);

                g_string_append_printf(text, "%-14s %10.1f %% %12.1f %10.1f %%",
                                       replay_player_name(player),
                                       percent(score->carried, result->best),
                                       replay_moves_a_day(result, score->moves),
                                       percent(score->net, result->best));
                if (isfinite(score->theta))
                        g_string_append_printf(text, " %8.2f\n", score->theta);
                else
                        g_string_append_printf(text, " %8s\n", "-");
        }
        g_string_append(text, "\nThe bar of virt-ferry is its last one, found without hindsight; "
                              "those of the others are their best.\n");
        return g_string_free(text, FALSE);
}

/* JSON ------------------------------------------------------------------------------------- */

static void add_number(JsonBuilder *builder, const char *name, double value) {
        (void)json_builder_set_member_name(builder, name);
        (void)(isfinite(value) ? json_builder_add_double_value(builder, value)
                               : json_builder_add_null_value(builder));
}

static void add_count(JsonBuilder *builder, const char *name, unsigned value) {
        (void)json_builder_set_member_name(builder, name);
        (void)json_builder_add_int_value(builder, value);
}

static void add_score(JsonBuilder *builder, const ReplayResult *result, const ReplayScore *score) {
        add_number(builder, "theta", score->theta);
        add_number(builder, "captured-percent", percent(score->carried, result->best));
        add_number(builder, "net-percent", percent(score->net, result->best));
        add_number(builder, "moves-a-day", replay_moves_a_day(result, score->moves));
        add_number(builder, "bytes", score->carried);
}

static void add_player(JsonBuilder *builder, const ReplayResult *result, ReplayPlayer player) {
        const ReplayScores *scores = &result->scores[player];

        (void)json_builder_begin_object(builder);
        (void)json_builder_set_member_name(builder, "name");
        (void)json_builder_add_string_value(builder, replay_player_name(player));
        add_score(builder, result, replay_chosen(result, player));
        (void)json_builder_set_member_name(builder, "thetas");
        (void)json_builder_begin_array(builder);
        for (unsigned i = 0; i < scores->n; i++) {
                (void)json_builder_begin_object(builder);
                add_score(builder, result, &scores->of[i]);
                (void)json_builder_end_object(builder);
        }
        (void)json_builder_end_array(builder);
        (void)json_builder_end_object(builder);
}

static void add_decisions(JsonBuilder *builder, const GPtrArray *decisions) {
        (void)json_builder_set_member_name(builder, "decisions");
        (void)json_builder_begin_array(builder);
        for (guint i = 0; i < decisions->len; i++)
                (void)json_builder_add_string_value(builder, decisions->pdata[i]);
        (void)json_builder_end_array(builder);
}

static char *generate(JsonBuilder *builder) {
        g_autoptr(JsonGenerator) generator = json_generator_new();
        JsonNode *root = json_builder_get_root(builder);
        char *text;

        json_generator_set_pretty(generator, TRUE);
        json_generator_set_root(generator, root);
        text = json_generator_to_data(generator, NULL);
        json_node_unref(root);
        return text;
}

char *replay_to_json(const ReplayResult *result) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autofree char *text = NULL;

        (void)json_builder_begin_object(builder);
        add_count(builder, "guests", result->n_guests);
        add_count(builder, "slots", result->n_slots);
        add_count(builder, "train-hours", result->train_hours);
        add_count(builder, "hours", result->n_hours);
        add_number(builder, "bytes", result->total);
        add_number(builder, "best-bytes", result->best);
        add_number(builder, "best-moves-a-day", replay_moves_a_day(result, result->best_moves));
        (void)json_builder_set_member_name(builder, "policies");
        (void)json_builder_begin_array(builder);
        for (ReplayPlayer player = 0; player < _REPLAY_PLAYER_MAX; player++)
                add_player(builder, result, player);
        (void)json_builder_end_array(builder);
        add_decisions(builder, result->decisions);
        (void)json_builder_end_object(builder);
        text = generate(builder);
        return g_strconcat(text, "\n", NULL);
}
