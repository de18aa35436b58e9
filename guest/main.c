/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* virt-ferry-guest: a guest asks for more or less of its own hardware slice.
 * virt-ferry-guest(1) has the words. It needs no library but the C library, and
 * is linked with that: a guest's initrd may have nothing else.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/command.h"

typedef struct Command {
        const char *name;
        const char *arguments; /* as a message has them; NULL none */
        int min, max;          /* number of arguments */
        int (*run)(const Options *options, char *const *arguments, int n_arguments);
        bool less;
} Command;

/* A request says at most 4 things of what it asks for: org.virtferry1.Guest.xml. */
static const Command commands[] = {
        { "show", NULL, 0, 0, command_show, false },
        { "request", "KIND and AMOUNT", 2, 6, command_change, false },
        { "release", "KIND and AMOUNT", 2, 6, command_change, true },
        { "watch", NULL, 0, 0, command_watch, false },
};

static const char help[] =
        "virt-ferry-guest [OPTIONS] COMMAND\n"
        "\n"
        "Asks the host for more or less of this guest's hardware slice.\n"
        "\n"
        "Commands:\n"
        "  show                                 what this guest has, and may have\n"
        "  request KIND AMOUNT [NAME=VALUE...]  more of one kind (root alone)\n"
        "  release KIND AMOUNT [NAME=VALUE...]  less of it (root alone)\n"
        "  watch                                show it again whenever it changes\n"
        "\n"
        "Kinds: cores, memory, functions, bandwidth (Mbit/s), offload-cores, offload-memory, "
        "keys.\n"
        "Amounts: 2; of memory 512MiB, 4GiB. Of a function: name=NAME, min-mbit=MBIT.\n"
        "\n"
        "Options:\n"
        "      --json             JSON, one line each time\n"
        "      --connect ADDRESS  vsock:CID:PORT or unix:PATH, " LINK_ADDRESS_DEFAULT "\n"
        "      --timeout SECONDS  watch: how long it looks for a host that is lost, 60\n"
        "  -h, --help\n"
        "      --version\n"
        "\n"
        "Exit status: 0 good, 1 the host has refused, 2 wrong usage, 3 the host does not answer.\n";

enum {
        ARG_CONNECT = 256,
        ARG_JSON,
        ARG_TIMEOUT,
        ARG_VERSION,
};

static const struct option long_options[] = {
        { "connect", required_argument, NULL, ARG_CONNECT },
        { "help", no_argument, NULL, 'h' },
        { "json", no_argument, NULL, ARG_JSON },
        { "timeout", required_argument, NULL, ARG_TIMEOUT },
        { "version", no_argument, NULL, ARG_VERSION },
        {},
};

static const Command *command_find(const char *name) {
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

#define SEE_HELP "; see 'virt-ferry-guest --help'"

/* -1 to go on, else the exit status. */
static int take_timeout(Options *options) {
        char *end;
        unsigned long seconds = strtoul(optarg, &end, 10);

        if (optarg[0] < '0' || optarg[0] > '9' || *end || seconds > PATIENCE_SEC_MAX)
                return fail(EXIT_USAGE, "--timeout must be 0 to %u seconds, not '%s'" SEE_HELP,
                            PATIENCE_SEC_MAX, optarg);

        options->patience_sec = (unsigned)seconds;
        return -1;
}

/* One option. -1 to go on, else the exit status. */
static int take_option(int c, Options *options) {
        switch (c) {
        case 'h':
                fputs(help, stdout);
                return EXIT_GOOD;
        case ARG_VERSION:
                puts("virt-ferry-guest " PROJECT_VERSION);
                return EXIT_GOOD;
        case ARG_JSON:
                options->json = true;
                return -1;
        case ARG_CONNECT:
                options->address = optarg;
                if (link_address_is_valid(optarg))
                        return -1;
                return fail(EXIT_USAGE, "'%s' is no address: it is as in vsock:2:33779" SEE_HELP,
                            optarg);
        case ARG_TIMEOUT:
                return take_timeout(options);
        default:
                return EXIT_USAGE; /* getopt has said why */
        }
}

static int run(Options *options, char *const *arguments, int n_arguments) {
        const Command *command;

        if (n_arguments == 0)
                return fail(EXIT_USAGE, "no command" SEE_HELP);

        command = command_find(arguments[0]);
        if (!command)
                return fail(EXIT_USAGE, "there is no command '%s'" SEE_HELP, arguments[0]);
        if (n_arguments - 1 < command->min)
                return fail(EXIT_USAGE, "'%s' needs %s" SEE_HELP, command->name,
                            command->arguments);
        if (n_arguments - 1 > command->max)
                return fail(EXIT_USAGE, "'%s' takes %s arguments" SEE_HELP, command->name,
                            command->max > 0 ? "no more than 6" : "no");

        options->less = command->less;
        return command->run(options, arguments + 1, n_arguments - 1);
}

int main(int argc, char *argv[]) {
        Options options = { .address = LINK_ADDRESS_DEFAULT, .patience_sec = PATIENCE_SEC };
        int c, status;

        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
                status = take_option(c, &options);
                if (status >= 0)
                        return status;
        }
        return run(&options, argv + optind, argc - optind);
}
