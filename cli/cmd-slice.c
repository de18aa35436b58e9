/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <string.h>

#include "cli/options.h"
#include "cli/slice.h"

/* `virt-ferry slice`: a command of commands. */

static const struct {
        const char *name, *arguments; /* as the usage has them */
        int min, max;
        OptionSet options; /* of those that one of them takes */
        CommandFunc run;
} commands[] = {
        { "add", "DOMAIN, KIND, AMOUNT and KEY=VALUEs", 3, INT_MAX, OPTION_BIT(OPTION_EXPLAIN),
          slice_add },
        { "allocate", "DOMAIN and FILE", 2, 2, OPTIONS_OF_ALLOCATE, slice_allocate },
        { "check", "FILE", 1, 1, 0, slice_check_file },
        { "deallocate", "DOMAIN", 1, 1, 0, slice_deallocate },
        { "defragment", "no arguments", 0, 0, OPTIONS_OF_DEFRAGMENT, slice_defragment },
        { "list", "no arguments", 0, 0, 0, slice_list },
        { "remove", "DOMAIN, KIND, AMOUNT and KEY=VALUEs", 3, INT_MAX, 0, slice_remove },
        { "show", "DOMAIN", 1, 1, 0, slice_show },
};

static int find_command(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
                if (strcmp(commands[i].name, name) == 0)
                        return (int)i;
        return -1;
}

static OptionSet given(const Options *options) {
        return (options->explain ? OPTION_BIT(OPTION_EXPLAIN) : 0) |
               (options->dry_run ? OPTION_BIT(OPTION_DRY_RUN) : 0) |
               (options->apply ? OPTION_BIT(OPTION_APPLY) : 0) |
               (options->goal ? OPTION_BIT(OPTION_FOR) : 0) |
               (options->functions ? OPTION_BIT(OPTION_FUNCTIONS) : 0);
}

int cmd_slice(const Options *options, char *const *arguments, GError **error) {
        int n = (int)g_strv_length((char **)arguments) - 1;
        int command = find_command(arguments[0]);
        OptionSet wrong;

        if (command < 0)
                return output_usage("there is no command 'slice %s'", arguments[0]);
        if (n < commands[command].min || n > commands[command].max)
                return output_usage("'slice %s' %s %s", commands[command].name,
                                    n < commands[command].min ? "needs" : "takes",
                                    commands[command].arguments);

        wrong = given(options) & ~commands[command].options;
        if (wrong)
                return output_usage("'slice %s' takes no --%s", commands[command].name,
                                    command_option_first(wrong));
        return commands[command].run(options, arguments + 1, error);
}
