/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay.h"

#include <json-glib/json-glib.h>
#include <libxml/parser.h>
#include <math.h>
#include <string.h>

#include "daemon/replay/replay-report.h"
#include "tests/unit/core/made-up-series.h"

#define GUESTS 8
#define SLOTS  2
#define DAYS   6
#define TRAIN  4
#define MB     1e6

/* Each guest works 3 hours a day, one after the other, and has little traffic otherwise. */
static double made_up(unsigned guest, unsigned step) {
        unsigned hour = step / REPLAY_HOUR % 24;
        double noise = 0.8 + 0.4 * made_up_chance(guest + 1, step);

        return (hour / 3 == guest ? 40 * MB : 1 * MB) * noise;
}

static ReplayTrace *made_up_trace(void) {
        ReplayTrace *trace = replay_trace_new(MADE_UP_BEGIN, DAYS * 24);

        for (unsigned g = 0; g < GUESTS; g++) {
                g_autofree char *name = g_strdup_printf("g%u", g);
                ReplayGuest *guest = replay_trace_add(trace, name);

                for (unsigned i = 0; i < DAYS * 24 * REPLAY_HOUR; i++) {
                        guest->values[REPLAY_RECEIVE][i] = (float)(0.7 * made_up(g, i));
                        guest->values[REPLAY_TRANSMIT][i] = (float)(0.3 * made_up(g, i));
                }
        }
        return trace;
}

static ReplayResult *run(const ReplayTrace *trace) {
        g_autoptr(GError) error = NULL;
        ReplayResult *result = replay_run(trace, SLOTS, TRAIN, &error);

        g_assert_no_error(error);
        return result;
}

static double captured(const ReplayResult *result, ReplayPlayer player) {
        return replay_chosen(result, player)->carried / result->best;
}

static void assert_sound(const ReplayResult *result) {
        g_assert_cmpfloat(result->best, <=, result->total);
        for (ReplayPlayer player = 0; player < _REPLAY_PLAYER_MAX; player++) {
                const ReplayScore *score = replay_chosen(result, player);

                g_assert_cmpfloat(score->carried, >, 0);
                g_assert_cmpfloat(score->carried, <=, result->best * (1 + 1e-9));
                g_assert_cmpfloat(score->net, <=, score->carried);
                g_assert_cmpfloat(replay_moves_a_day(result, score->moves), <=, REPLAY_MOVES);
        }
        g_assert_cmpuint(replay_chosen(result, REPLAY_STATIC)->moves, ==, 0);
        g_assert_cmpuint(result->decisions->len, ==, replay_chosen(result, REPLAY_OURS)->moves);
}

/* The only one that knows of a peak before it comes. */
static void test_who_foresees_carries_more(void) {
        g_autoptr(ReplayTrace) trace = made_up_trace();
        g_autoptr(ReplayResult) result = run(trace);

        assert_sound(result);
        g_assert_cmpuint(result->n_hours, ==, 24 * (DAYS - TRAIN));
        g_assert_cmpuint(result->train_hours, ==, 24 * TRAIN);
        g_assert_cmpfloat(captured(result, REPLAY_OURS), >, 0.9);
        g_assert_cmpfloat(captured(result, REPLAY_REACTIVE), <, 0.8);
        g_assert_cmpfloat(captured(result, REPLAY_SMOOTHED), <, 0.8);
        g_assert_cmpfloat(captured(result, REPLAY_STATIC), <, 0.5);
}

static guint count_until(const ReplayResult *result, const char *end) {
        guint n = 0;

        while (n < result->decisions->len &&
               strncmp(result->decisions->pdata[n], end, strlen(end)) <= 0)
                n++;
        return n;
}

/* Decisions up to an hour are the same whatever comes in it and after. */
static void test_the_future_is_not_looked_at(void) {
        const char *end = "2026-01-10 12"; /* MADE_UP_BEGIN and 5.5 days */
        g_autoptr(ReplayTrace) trace = made_up_trace(), other = made_up_trace();
        g_autoptr(ReplayResult) result = NULL, changed = NULL;

        for (unsigned g = 0; g < GUESTS; g++)
                for (unsigned i = (5 * 24 + 12) * REPLAY_HOUR; i < DAYS * 24 * REPLAY_HOUR; i++) {
                        ReplayGuest *guest = other->guests->pdata[g];

                        guest->values[REPLAY_RECEIVE][i] = (float)(g * 77 * MB);
                }
        result = run(trace);
        changed = run(other);
        assert_sound(changed);
        g_assert_cmpuint(count_until(result, end), >, 0);
        g_assert_cmpuint(count_until(result, end), ==, count_until(changed, end));
        for (guint i = 0; i < count_until(result, end); i++)
                g_assert_cmpstr(result->decisions->pdata[i], ==, changed->decisions->pdata[i]);
        g_assert_cmpstr(g_ptr_array_index(result->decisions, result->decisions->len - 1), !=,
                        g_ptr_array_index(changed->decisions, changed->decisions->len - 1));
}

static void test_gaps_are_no_traffic_and_no_end(void) {
        g_autoptr(ReplayTrace) trace = made_up_trace();
        g_autoptr(ReplayResult) result = NULL;
        ReplayGuest *never = trace->guests->pdata[0];

        for (unsigned i = 0; i < DAYS * 24 * REPLAY_HOUR; i++) {
                ReplayGuest *guest = trace->guests->pdata[i % GUESTS];

                never->values[REPLAY_RECEIVE][i] = NAN;
                never->values[REPLAY_TRANSMIT][i] = NAN;
                if (made_up_chance(99, i / 7) < 0.2)
                        guest->values[REPLAY_TRANSMIT][i] = NAN;
        }
        result = run(trace);
        assert_sound(result);
        g_assert_cmpfloat(captured(result, REPLAY_OURS), >, 0.85);
}

static void test_what_cannot_be_replayed(void) {
        g_autoptr(ReplayTrace) trace = made_up_trace();
        g_autoptr(GError) guests = NULL, days = NULL;

        g_assert_null(replay_run(trace, GUESTS, TRAIN, &guests));
        g_assert_cmpstr(guests->message, ==,
                        "The trace has 8 guests, which must be more than the 8 slots");
        g_assert_null(replay_run(trace, SLOTS, DAYS, &days));
        g_assert_cmpstr(days->message, ==,
                        "The trace has 6 days and 0 hours: after 6 days to learn from a day must "
                        "be left to count; --train takes fewer");
}

static unsigned train_days_of(unsigned n_hours) {
        g_autoptr(ReplayTrace) trace = replay_trace_new(0, n_hours);

        return replay_train_days(trace);
}

static void test_14_days_count_where_there_are_more(void) {
        g_assert_cmpuint(train_days_of(24 * 28), ==, 14);
        g_assert_cmpuint(train_days_of(24 * 16), ==, 2);
        g_assert_cmpuint(train_days_of(24 * 14), ==, 2);
        g_assert_cmpuint(train_days_of(24 * 3), ==, 2);
}

/* Reports ---------------------------------------------------------------------------------- */

static ReplayResult *made_up_result(void) {
        ReplayResult *result = g_new0(ReplayResult, 1);

        *result = (ReplayResult){
                .n_guests = 8,
                .n_slots = 2,
                .train_hours = 48,
                .n_hours = 48,
                .total = 2000,
                .best = 1000,
                .best_moves = 60,
                .decisions = g_ptr_array_new_with_free_func(g_free),
        };
        result->scores[REPLAY_OURS] = (ReplayScores){ .of = { { 0.25, 925, 920, 40 } }, .n = 1 };
        result->scores[REPLAY_STATIC] = (ReplayScores){ .of = { { INFINITY, 800, 800, 0 } },
                                                        .n = 1 };
        result->scores[REPLAY_REACTIVE] = (ReplayScores){
                .of = { { 0, 890, 860, 90 }, { 1, 850, 845, 32 } }, .n = 2, .chosen = 1
        };
        result->scores[REPLAY_SMOOTHED] = (ReplayScores){ .of = { { 0, 880, 876, 20 } }, .n = 1 };
        g_ptr_array_add(result->decisions, g_strdup("2026-01-10 12:00 \"g1\" <&>"));
        return result;
}

static void test_a_person_reads_a_table(void) {
        g_autoptr(ReplayResult) result = made_up_result();
        g_autofree char *text = replay_to_text(result);

        g_assert_cmpstr(
                text, ==,
                "8 guests, 2 slots, 2.0 days after 2 to learn from\n"
                "The best guests of each hour had 50.0 % of all bytes, by 30 moves a day\n"
                "\n"
                "POLICY          OF THE BEST  MOVES A DAY LESS OUTAGES      BAR\n"
                "virt-ferry           92.5 %         20.0       92.0 %     0.25\n"
                "static               80.0 %          0.0       80.0 %        -\n"
                "last hour            85.0 %         16.0       84.5 %     1.00\n"
                "smoothed 12 h        88.0 %         10.0       87.6 %     0.00\n"
                "\n"
                "The bar of virt-ferry is its last one, found without hindsight; those of the "
                "others are their best.\n");
}

static void test_a_program_reads_all(void) {
        g_autoptr(ReplayResult) result = made_up_result();
        g_autofree char *text = replay_to_json(result);
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonObject *root, *ours, *fixed;

        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        root = json_node_get_object(json_parser_get_root(parser));
        g_assert_cmpint(json_object_get_int_member(root, "slots"), ==, 2);
        ours = json_array_get_object_element(json_object_get_array_member(root, "policies"), 0);
        g_assert_cmpstr(json_object_get_string_member(ours, "name"), ==, "virt-ferry");
        g_assert_cmpfloat(json_object_get_double_member(ours, "captured-percent"), ==, 92.5);
        g_assert_cmpfloat(json_object_get_double_member(ours, "moves-a-day"), ==, 20);
        fixed = json_array_get_object_element(json_object_get_array_member(root, "policies"), 1);
        g_assert_true(json_object_get_null_member(fixed, "theta"));
        g_assert_cmpstr(
                json_array_get_string_element(json_object_get_array_member(root, "decisions"), 0),
                ==, "2026-01-10 12:00 \"g1\" <&>");
}

static void test_the_picture_is_a_document(void) {
        g_autoptr(ReplayResult) result = made_up_result();
        g_autofree char *svg = NULL, *again = NULL, *nothing = NULL;
        xmlDoc *document;

        svg = replay_to_svg(result);
        document = xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET);
        g_assert_nonnull(document);
        g_assert_cmpstr((const char *)xmlDocGetRootElement(document)->name, ==, "svg");
        xmlFreeDoc(document);
        g_assert_nonnull(strstr(svg, "smoothed 12 h"));
        g_assert_null(strstr(svg, "nan"));

        result->best = 0; /* nobody had any traffic */
        nothing = replay_to_svg(result);
        g_assert_null(strstr(nothing, "nan"));
        g_assert_null(strstr(nothing, "inf"));
        again = replay_to_text(result);
        g_assert_null(strstr(again, "nan"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/replay/who foresees carries more", test_who_foresees_carries_more);
        g_test_add_func("/replay/the future is not looked at", test_the_future_is_not_looked_at);
        g_test_add_func("/replay/gaps are no traffic and no end",
                        test_gaps_are_no_traffic_and_no_end);
        g_test_add_func("/replay/what cannot be replayed", test_what_cannot_be_replayed);
        g_test_add_func("/replay/14 days count where there are more",
                        test_14_days_count_where_there_are_more);
        g_test_add_func("/replay/a person reads a table", test_a_person_reads_a_table);
        g_test_add_func("/replay/a program reads all", test_a_program_reads_all);
        g_test_add_func("/replay/the picture is a document", test_the_picture_is_a_document);
        return g_test_run();
}
