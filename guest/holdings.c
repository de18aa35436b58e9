/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/holdings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guest/amount.h"

#define HAS_MAX (2 * AMOUNT_TEXT_MAX + 8)

static void read_rows(Holdings *holdings, Message *answer) {
        size_t end = message_enter_array(answer);

        while (message_has_more(answer, end) && holdings->n_rows < HOLDINGS_MAX) {
                Holding *row = &holdings->rows[holdings->n_rows++];

                row->kind = message_get_string(answer);
                row->wanted = message_get_uint64(answer);
                row->granted = message_get_uint64(answer);
                row->least = message_get_uint64(answer);
                row->most = message_get_uint64(answer);
        }
}

static void read_functions(Holdings *holdings, Message *answer) {
        size_t end = message_enter_array(answer);

        while (message_has_more(answer, end) && holdings->n_functions < FUNCTIONS_MAX) {
                Function *function = &holdings->functions[holdings->n_functions++];

                function->name = message_get_string(answer);
                function->min_mbit = message_get_uint64(answer);
                function->max_mbit = message_get_uint64(answer);
        }
}

bool holdings_read(Holdings *holdings, Message *answer) {
        if (strcmp(answer->signature, "sa(stttt)a(stt)") != 0)
                return false;

        *holdings = (Holdings){ .state = message_get_string(answer) };
        read_rows(holdings, answer);
        read_functions(holdings, answer);
        return !answer->broken && answer->at == answer->end;
}

/* For a person ------------------------------------------------------------------------- */

static void format_has(const Holding *row, char text[HAS_MAX]) {
        char granted[AMOUNT_TEXT_MAX], wanted[AMOUNT_TEXT_MAX];

        amount_to_text(row->kind, row->granted, granted);
        amount_to_text(row->kind, row->wanted, wanted);
        if (row->granted == 0 && row->wanted > 0)
                (void)snprintf(text, HAS_MAX, "0 of %s", wanted);
        else if (row->granted == row->wanted)
                (void)snprintf(text, HAS_MAX, "%s", granted);
        else
                (void)snprintf(text, HAS_MAX, "%s of %s", granted, wanted);
}

static void print_row(const Holding *row) {
        char least[AMOUNT_TEXT_MAX], most[AMOUNT_TEXT_MAX], has[HAS_MAX];

        format_has(row, has);
        amount_to_text(row->kind, row->least, least);
        amount_to_text(row->kind, row->most, most);
        if (row->least == row->most)
                printf("%-14s  %-18s  -\n", row->kind, has);
        else
                printf("%-14s  %-18s  %s to %s\n", row->kind, has, least, most);
}

static const char *format_rate(uint64_t mbit, char text[AMOUNT_TEXT_MAX]) {
        (void)snprintf(text, AMOUNT_TEXT_MAX, "%" PRIu64, mbit);
        return mbit > 0 ? text : "-";
}

void holdings_print(const Holdings *holdings) {
        printf("State: %s\n", holdings->state);
        if (holdings->n_rows > 0)
                printf("\n%-14s  %-18s  %s\n", "KIND", "HAS", "MAY HAVE");
        for (unsigned i = 0; i < holdings->n_rows; i++)
                print_row(&holdings->rows[i]);

        if (holdings->n_functions > 0)
                printf("\n%-14s  %-18s  %s\n", "FUNCTION", "MIN MBIT", "MAX MBIT");
        for (unsigned i = 0; i < holdings->n_functions; i++) {
                const Function *function = &holdings->functions[i];
                char least[AMOUNT_TEXT_MAX], most[AMOUNT_TEXT_MAX];

                printf("%-14s  %-18s  %s\n", function->name, format_rate(function->min_mbit, least),
                       format_rate(function->max_mbit, most));
        }
}

/* For a program ------------------------------------------------------------------------ */

static void print_json_string(const char *text) {
        putchar('"');
        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;

                if (c == '"' || c == '\\')
                        printf("\\%c", c);
                else if (c < ' ')
                        printf("\\u%04x", c);
                else
                        putchar(c);
        }
        putchar('"');
}

void holdings_print_json(const Holdings *holdings) {
        printf("{\"State\":");
        print_json_string(holdings->state);
        printf(",\"Holdings\":[");
        for (unsigned i = 0; i < holdings->n_rows; i++) {
                const Holding *row = &holdings->rows[i];

                printf("%s{\"Kind\":", i > 0 ? "," : "");
                print_json_string(row->kind);
                printf(",\"Wanted\":%" PRIu64 ",\"Granted\":%" PRIu64 ",\"Least\":%" PRIu64
                       ",\"Most\":%" PRIu64 "}",
                       row->wanted, row->granted, row->least, row->most);
        }
        printf("],\"Functions\":[");
        for (unsigned i = 0; i < holdings->n_functions; i++) {
                const Function *function = &holdings->functions[i];

                printf("%s{\"Name\":", i > 0 ? "," : "");
                print_json_string(function->name);
                printf(",\"MinMbit\":%" PRIu64 ",\"MaxMbit\":%" PRIu64 "}", function->min_mbit,
                       function->max_mbit);
        }
        printf("]}\n");
}
