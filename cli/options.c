/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/options.h"

#include <stddef.h>

#define ROWS_MAX 1000000000 /* of a series, more than any file has */

typedef enum OptionKind {
        KIND_SWITCH,
        KIND_WORD,
        KIND_NUMBER,
} OptionKind;

typedef struct OptionSpec {
        const char *name;
        OptionKind kind;
        size_t offset; /* in Options: bool, const char *, or uint64_t */
        uint64_t max;  /* of a number, which is 1 at least */
} OptionSpec;

static const OptionSpec specs[] = {
        [OPTION_CLASS] = { "class", KIND_WORD, offsetof(Options, class_name), 0 },
        [OPTION_FREE] = { "free", KIND_SWITCH, offsetof(Options, free), 0 },
        [OPTION_WATCH] = { "watch", KIND_SWITCH, offsetof(Options, watch), 0 },
        [OPTION_XML] = { "xml", KIND_WORD, offsetof(Options, xml), 0 },
        [OPTION_TRIAL] = { "trial", KIND_SWITCH, offsetof(Options, trial), 0 },
        [OPTION_FIX] = { "fix", KIND_SWITCH, offsetof(Options, fix), 0 },
        [OPTION_STRATEGY] = { "strategy", KIND_WORD, offsetof(Options, strategy), 0 },
        [OPTION_FORCE] = { "force", KIND_SWITCH, offsetof(Options, force), 0 },
        [OPTION_DETACH] = { "detach", KIND_SWITCH, offsetof(Options, detach), 0 },
        [OPTION_DRY_RUN] = { "dry-run", KIND_SWITCH, offsetof(Options, dry_run), 0 },
        [OPTION_PERSISTENT] = { "persistent", KIND_SWITCH, offsetof(Options, persistent), 0 },
        [OPTION_UNDEFINE_SOURCE] = { "undefine-source", KIND_SWITCH,
                                     offsetof(Options, undefine_source), 0 },
        [OPTION_NEW_NAME] = { "new-name", KIND_WORD, offsetof(Options, new_name), 0 },
        [OPTION_BANDWIDTH] = { "bandwidth", KIND_NUMBER, offsetof(Options, bandwidth),
                               16u * 1024 * 1024 },
        [OPTION_MAX_DOWNTIME] = { "max-downtime", KIND_NUMBER, offsetof(Options, max_downtime),
                                  3600 * 1000 },
        [OPTION_PARALLEL] = { "parallel", KIND_NUMBER, offsetof(Options, connections), 255 },
        [OPTION_COMPRESS] = { "compress", KIND_WORD, offsetof(Options, compression), 0 },
        [OPTION_EXPLAIN] = { "explain", KIND_SWITCH, offsetof(Options, explain), 0 },
        [OPTION_APPLY] = { "apply", KIND_SWITCH, offsetof(Options, apply), 0 },
        [OPTION_FOR] = { "for", KIND_WORD, offsetof(Options, goal), 0 },
        [OPTION_FUNCTIONS] = { "functions", KIND_SWITCH, offsetof(Options, functions), 0 },
        [OPTION_CSV] = { "csv", KIND_WORD, offsetof(Options, csv), 0 },
        [OPTION_HORIZON] = { "horizon", KIND_WORD, offsetof(Options, horizon), 0 },
        [OPTION_ORIGIN] = { "origin", KIND_NUMBER, offsetof(Options, origin), ROWS_MAX },
        [OPTION_STRIDE] = { "stride", KIND_NUMBER, offsetof(Options, stride), ROWS_MAX },
        [OPTION_COUNT] = { "count", KIND_NUMBER, offsetof(Options, count), ROWS_MAX },
        [OPTION_SINCE] = { "since", KIND_WORD, offsetof(Options, since), 0 },
        [OPTION_SVG] = { "svg", KIND_WORD, offsetof(Options, svg), 0 },
        [OPTION_NOVA] = { "nova", KIND_NUMBER, offsetof(Options, nova), 99 },
        [OPTION_ALONE] = { "alone", KIND_SWITCH, offsetof(Options, alone), 0 },
        [OPTION_TOGETHER] = { "together", KIND_WORD, offsetof(Options, together), 0 },
        [OPTION_PER_HOST] = { "per-host", KIND_WORD, offsetof(Options, per_host), 0 },
        [OPTION_MOVES] = { "moves", KIND_NUMBER, offsetof(Options, moves), 64 },
};
G_STATIC_ASSERT(G_N_ELEMENTS(specs) == _COMMAND_OPTION_MAX);
G_STATIC_ASSERT(_COMMAND_OPTION_MAX <= 64);

const char *command_option_first(OptionSet options) {
        int first = 0;

        while (!(options & OPTION_BIT(first)))
                first++;
        return specs[first].name;
}

void command_options_fill(struct option *table) {
        for (int i = 0; i < _COMMAND_OPTION_MAX; i++)
                table[i] = (struct option){
                        .name = specs[i].name,
                        .has_arg = specs[i].kind == KIND_SWITCH ? no_argument : required_argument,
                        .val = OPTION_VALUE_FIRST + i,
                };
        table[_COMMAND_OPTION_MAX] = (struct option){ 0 };
}

bool command_option_take(Options *options, int value, const char *argument, OptionSet *given,
                         char **ret_wrong) {
        int option = value - OPTION_VALUE_FIRST;
        const OptionSpec *spec = &specs[option];
        char *field = (char *)options + spec->offset;

        *given |= OPTION_BIT(option);
        switch (spec->kind) {
        case KIND_SWITCH:
                *(bool *)field = true;
                return true;
        case KIND_WORD:
                *(const char **)field = argument;
                return true;
        case KIND_NUMBER:
                if (g_ascii_string_to_unsigned(argument, 10, 1, spec->max, (guint64 *)field, NULL))
                        return true;
                *ret_wrong = g_strdup_printf("--%s must be a number from 1 to %" G_GUINT64_FORMAT
                                             ", not '%s'",
                                             spec->name, spec->max, argument);
                return false;
        }
        g_assert_not_reached();
}
