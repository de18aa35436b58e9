/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The options of single commands, one line each in a table. Those that every
 * command takes are main.c's.
 */

#include <getopt.h>

#include "cli/command.h"

typedef enum CommandOption {
        OPTION_CLASS,
        OPTION_FREE,
        OPTION_WATCH,
        OPTION_XML,
        OPTION_TRIAL,
        OPTION_FIX,
        OPTION_STRATEGY,
        OPTION_FORCE,
        OPTION_DETACH,
        OPTION_DRY_RUN,
        OPTION_PERSISTENT,
        OPTION_UNDEFINE_SOURCE,
        OPTION_NEW_NAME,
        OPTION_BANDWIDTH,
        OPTION_MAX_DOWNTIME,
        OPTION_PARALLEL,
        OPTION_COMPRESS,
        OPTION_EXPLAIN,
        OPTION_APPLY,
        OPTION_FOR,
        OPTION_FUNCTIONS,
        OPTION_CSV,
        OPTION_HORIZON,
        OPTION_ORIGIN,
        OPTION_STRIDE,
        OPTION_COUNT,
        OPTION_SINCE,
        OPTION_SVG,
        OPTION_NOVA,
        OPTION_ALONE,
        OPTION_TOGETHER,
        OPTION_PER_HOST,
        OPTION_MOVES,
        _COMMAND_OPTION_MAX,
} CommandOption;

/* A set of them: what a command takes, and what was given. */
typedef uint64_t OptionSet;

#define OPTION_BIT(option) (UINT64_C(1) << (option))
#define OPTIONS_OF_CHECK \
        (OPTION_BIT(OPTION_XML) | OPTION_BIT(OPTION_TRIAL) | OPTION_BIT(OPTION_FIX))
#define OPTIONS_OF_MIGRATE                                                                    \
        (OPTION_BIT(OPTION_STRATEGY) | OPTION_BIT(OPTION_FORCE) | OPTION_BIT(OPTION_DETACH) | \
         OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_PERSISTENT) |                         \
         OPTION_BIT(OPTION_UNDEFINE_SOURCE) | OPTION_BIT(OPTION_NEW_NAME) |                   \
         OPTION_BIT(OPTION_BANDWIDTH) | OPTION_BIT(OPTION_MAX_DOWNTIME) |                     \
         OPTION_BIT(OPTION_PARALLEL) | OPTION_BIT(OPTION_COMPRESS))

#define OPTIONS_OF_DRAIN                                                                        \
        (OPTION_BIT(OPTION_ALONE) | OPTION_BIT(OPTION_DETACH) | OPTION_BIT(OPTION_PERSISTENT) | \
         OPTION_BIT(OPTION_UNDEFINE_SOURCE))

#define OPTIONS_OF_HOSTS    (OPTION_BIT(OPTION_TOGETHER) | OPTION_BIT(OPTION_PER_HOST))

#define OPTIONS_OF_ALLOCATE (OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_EXPLAIN))
#define OPTIONS_OF_DEFRAGMENT \
        (OPTION_BIT(OPTION_APPLY) | OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_FUNCTIONS))
#define OPTIONS_OF_SLICE (OPTIONS_OF_ALLOCATE | OPTIONS_OF_DEFRAGMENT)

#define OPTIONS_OF_FORECAST                                                                \
        (OPTION_BIT(OPTION_CSV) | OPTION_BIT(OPTION_HORIZON) | OPTION_BIT(OPTION_ORIGIN) | \
         OPTION_BIT(OPTION_STRIDE) | OPTION_BIT(OPTION_COUNT))

#define OPTIONS_OF_HISTORY (OPTION_BIT(OPTION_SINCE) | OPTION_BIT(OPTION_SVG))

#define OPTION_VALUE_FIRST 512 /* what getopt returns for the first; common ones are below */

/* Of the first of a set that is not empty: "class". */
const char *command_option_first(OptionSet options);
/* Room for the line of each and the one of zeros that ends the table of getopt_long(3). */
void command_options_fill(struct option *table);
/* Takes what getopt returned into `options` and the set of those given. False: `argument` is not a
 * number in its bounds, and `ret_wrong` says what it must be; free it. */
bool command_option_take(Options *options, int value, const char *argument, OptionSet *given,
                         char **ret_wrong);
