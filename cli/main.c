/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* virt-ferry: the command line. A client of the bus API and of nothing else.
 * virt-ferry(1) has the words.
 */

#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

typedef struct Command {
        const char *name;
        const char *arguments; /* as the help has them; NULL: none */
        int min, max;          /* number of arguments */
        OptionSet options;     /* those that it takes */
        CommandFunc run;
} Command;

static const Command commands[] = {
        { "advice", NULL, 0, 0, OPTION_BIT(OPTION_WATCH), cmd_advice },
        { "apply", "ADVICE", 1, 1, 0, cmd_apply },
        { "balance", NULL, 0, 0, OPTION_BIT(OPTION_MOVES) | OPTION_BIT(OPTION_APPLY), cmd_balance },
        { "check", "at most DOMAIN and HOST", 0, 2, OPTIONS_OF_CHECK, cmd_check },
        { "devices", NULL, 0, 0, OPTION_BIT(OPTION_CLASS) | OPTION_BIT(OPTION_FREE), cmd_devices },
        { "drain", "at most 64 DESTINATIONs", 0, 64, OPTIONS_OF_DRAIN, cmd_drain },
        { "forecast", "DOMAIN and at most one METRIC", 0, 2, OPTIONS_OF_FORECAST, cmd_forecast },
        { "headroom", NULL, 0, 0, 0, cmd_headroom },
        { "history", "DOMAIN and at most one METRIC", 1, 2, OPTIONS_OF_HISTORY, cmd_history },
        { "hosts", "nothing, offers, limit, or forget and a HOST", 0, 2, OPTIONS_OF_HOSTS,
          cmd_hosts },
        { "leases", NULL, 0, 0, 0, cmd_leases },
        { "migrate", "DOMAIN and at most one DESTINATION", 1, 2, OPTIONS_OF_MIGRATE, cmd_migrate },
        { "migrations", NULL, 0, 0, OPTION_BIT(OPTION_WATCH), cmd_migrations },
        { "move", "DOMAIN, DEVICE and TARGET", 3, 3, OPTION_BIT(OPTION_FORCE), cmd_move },
        { "offers", NULL, 0, 0, 0, cmd_offers },
        { "openstack", "device-spec or provider-yaml", 1, 1, OPTION_BIT(OPTION_NOVA),
          cmd_openstack },
        { "place", "DOMAIN or FILE", 1, 1, OPTION_BIT(OPTION_EXPLAIN), cmd_place },
        { "policy", "of freeze, thaw and decide", 0, 1, 0, cmd_policy },
        { "probe", "DEVICE", 1, 1, 0, cmd_probe },
        { "release", "LEASE", 1, 1, 0, cmd_release },
        { "rescan", NULL, 0, 0, 0, cmd_rescan },
        { "resources", NULL, 0, 0, 0, cmd_resources },
        { "show", "MIGRATION", 1, 1, 0, cmd_show },
        { "slice", "list, show, allocate, add, remove, deallocate, defragment or check", 1, INT_MAX,
          OPTIONS_OF_SLICE, cmd_slice },
        { "top", NULL, 0, 0, OPTION_BIT(OPTION_COUNT), cmd_top },
        { "undrain", NULL, 0, 0, 0, cmd_undrain },
};

static const char help[] =
        "virt-ferry [OPTIONS] COMMAND\n"
        "\n"
        "Shows and checks the passthrough devices that virtferryd moves with guests.\n"
        "\n"
        "Commands:\n"
        "  devices [--class C] [--free]  the devices of the host, and who has them\n"
        "  offers                        the devices that could be made\n"
        "  resources                     what the host has to share out, and what is left of it\n"
        "  headroom                      what of it may still be promised, and what is used "
        "anyway\n"
        "  leases                        which guest has which device\n"
        "  top [--count N]               who uses how much now; again and again on a terminal\n"
        "  history DOMAIN [METRIC]       what a guest, or a VF, used in the last 6 hours\n"
        "  forecast DOMAIN [METRIC]      what it will use in the next 24 hours\n"
        "  advice [--watch]              what guests should have, or give back, before it is "
        "needed\n"
        "  apply ADVICE                  carry one of these out: by its number\n"
        "  policy [freeze|thaw|decide]   how that is decided; stop it, let it go on, decide now\n"
        "  migrate DOMAIN [DESTINATION]  move a guest with its devices: to a host, a libvirt URI, "
        "or\n"
        "                                the best host of the cluster\n"
        "  move DOMAIN DEVICE TARGET     give a guest another device of this host: by id, or one "
        "of "
        "a\n"
        "                                parent or a pool; or virtio[:BRIDGE]\n"
        "  migrations [--watch]          what moves, and what has moved\n"
        "  show MIGRATION                all about one: by id, its beginning, or the guest's name\n"
        "  drain [DESTINATION...]        move all guests away, each to the first that takes it, "
        "and "
        "take none;\n"
        "                                without one, each to the best host of the cluster\n"
        "  undrain                       take guests again\n"
        "  hosts                         the hosts of the cluster, and what is left of them\n"
        "  hosts offers [HOST]           what they offer to each other, and to whom it is "
        "promised\n"
        "  hosts limit [--together N] [--per-host N]\n"
        "                                how many guests may be on their way at a time; N or none\n"
        "  hosts forget HOST             one is gone for good: what it has is taken out of the "
        "cluster\n"
        "  place DOMAIN|FILE [--explain] the hosts a guest could go to, the best first; FILE (-: "
        "standard\n"
        "                                input, or with a / or .xml) is a domain or a hardware "
        "slice\n"
        "  balance [--moves N] [--apply] which guests should move so that the hosts are evenly "
        "used: at most N\n"
        "                                (default: 8); --apply begins those that leave this host\n"
        "  slice list                    the hardware slices: what guests are promised of the "
        "host\n"
        "  slice show DOMAIN             all about one\n"
        "  slice allocate DOMAIN FILE    promise a guest what FILE says (-: standard input), in "
        "the\n"
        "                                place of what it had; --explain says why it gets these,\n"
        "                                --dry-run promises nothing\n"
        "  slice add DOMAIN KIND AMOUNT [KEY=VALUE...]\n"
        "                                more of it: cores, memory, functions, bandwidth, keys,\n"
        "                                offload-cores, offload-memory; AMOUNT as in 4, 512MiB, "
        "2Gbit\n"
        "  slice remove DOMAIN KIND AMOUNT [KEY=VALUE...]\n"
        "                                less of it\n"
        "  slice deallocate DOMAIN       give all of it back\n"
        "  slice defragment              moves of slices that bring together what is free, or, "
        "with\n"
        "                                --for FILE (or DOMAIN), make room for that; --functions\n"
        "                                exchanges VFs, too; --apply carries them out\n"
        "  slice check FILE              whether FILE defines a hardware slice\n"
        "  check                         what the host lacks for guests to move\n"
        "  check DOMAIN [HOST]           what keeps a guest from moving, or from moving to HOST\n"
        "  check --trial DOMAIN HOST     the same, and tries it with the state of a free device\n"
        "  check --fix [DOMAIN [HOST]]   mend what can be mended safely, and check again\n"
        "  check --xml FILE              whether the guest of FILE (-: standard input) fits\n"
        "  probe DEVICE                  try the migration of a device that no guest has\n"
        "  forecast --csv FILE           what a series of measurements will be: median, and what "
        "it "
        "is\n"
        "                                below 95 and 99 times of 100\n"
        "  openstack device-spec [--nova N]\n"
        "                                the VFs that nova-compute may hand out, for nova.conf\n"
        "  openstack provider-yaml       what the host has, for Nova's provider_config\n"
        "  release LEASE                 give back the device of a guest that is not there\n"
        "  rescan                        read the devices of the host anew\n"
        "\n"
        "Options:\n"
        "  -H, -c, --host [USER@]HOST    ask the daemon of another host, through ssh\n"
        "      --json                    JSON, with the names of the bus API\n"
        "      --no-legend               no titles, and nothing where there is nothing\n"
        "  -h, --help\n"
        "      --version\n"
        "\n"
        "Options of migrate:\n"
        "      --strategy S              auto (default), live, vfio, failover, mediated,\n"
        "                                replug, cold\n"
        "      --max-downtime MS         how long the guest may stand still\n"
        "      --bandwidth MIB           MiB a second at most\n"
        "      --parallel N              send over N connections, 1 to 255\n"
        "      --compress M              auto (default), none, xbzrle, mt, zlib or zstd\n"
        "      --persistent              define it at the destination\n"
        "      --undefine-source         and not any more here\n"
        "      --new-name NAME           its name at the destination\n"
        "      --force                   although it has moved a moment ago\n"
        "      --detach                  do not wait for the end\n"
        "      --dry-run                 say what is in the way, and move nothing\n"
        "\n"
        "Options of history:\n"
        "      --since LENGTH            as in 90min, 12h, 3d or 2w; 4w at most\n"
        "      --svg FILE                draw it, with the forecast of the time after\n"
        "\n"
        "Options of forecast DOMAIN:\n"
        "      --horizon LENGTH          as in 90min or 3h; 24h at most\n"
        "\n"
        "Options of forecast --csv, in rows:\n"
        "      --horizon H               how far ahead, a day's at most (default: a day's)\n"
        "      --origin FIRST            knowing only the rows before this one (default: all)\n"
        "      --stride S                and again so many rows later\n"
        "      --count C                 so many times\n"
        "\n"
        "Options of drain: --persistent, --undefine-source and --detach, as of migrate, and\n"
        "      --alone                   although the other hosts of the cluster cannot be asked\n"
        "\n"
        "Exit status: 0 good, 1 the answer is no, 2 wrong usage, 3 the daemon is not reachable.\n";

enum {
        ARG_JSON = 256,
        ARG_NO_LEGEND,
        ARG_VERSION,
};

static const struct option common_options[] = {
        { "help", no_argument, NULL, 'h' },
        { "host", required_argument, NULL, 'H' },
        { "json", no_argument, NULL, ARG_JSON },
        { "no-legend", no_argument, NULL, ARG_NO_LEGEND },
        { "version", no_argument, NULL, ARG_VERSION },
};

static const Command *command_find(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

/* One of a command's own. -1 to go on, else the exit status. */
static int take_command_option(int c, Options *options, OptionSet *given) {
        g_autofree char *wrong = NULL;

        if (c < OPTION_VALUE_FIRST) /* getopt has said why */
                return EXIT_STATUS_USAGE;
        return command_option_take(options, c, optarg, given, &wrong) ? -1
                                                                      : output_usage("%s", wrong);
}

/* One option. -1 to go on, else the exit status. */
static int take_option(int c, Options *options, OptionSet *given) {
        switch (c) {
        case 'h':
                fputs(help, stdout);
                return EXIT_STATUS_OK;
        case ARG_VERSION:
                puts("virt-ferry " PROJECT_VERSION);
                return EXIT_STATUS_OK;
        case 'H':
        case 'c':
                options->host = optarg;
                return -1;
        case ARG_JSON:
                options->json = true;
                return -1;
        case ARG_NO_LEGEND:
                options->no_legend = true;
                return -1;
        default:
                return take_command_option(c, options, given);
        }
}

static int check_usage(const Command *command, int n_arguments, OptionSet given) {
        OptionSet wrong = given & ~command->options;

        if (wrong)
                return output_usage("'%s' takes no --%s", command->name,
                                    command_option_first(wrong));
        if (n_arguments < command->min)
                return output_usage("'%s' needs %s", command->name, command->arguments);
        if (n_arguments > command->max)
                return output_usage("'%s' takes %s%s", command->name,
                                    !command->arguments ? "no arguments"
                                    : command->max == 1 ? "one "
                                                        : "",
                                    command->arguments ?: "");
        return EXIT_STATUS_OK;
}

static int run(const Command *command, const Options *options, char **arguments) {
        g_autoptr(GError) error = NULL;
        int status;

        status = command->run(options, arguments, &error);
        if (!error)
                return status;

        fprintf(stderr, "virt-ferry: %s\n", error->message);
        return g_error_matches(error, CLIENT_ERROR, CLIENT_ERROR_UNREACHABLE)
                       ? EXIT_STATUS_UNREACHABLE
                       : EXIT_STATUS_NO;
}

int main(int argc, char *argv[]) {
        struct option long_options[G_N_ELEMENTS(common_options) + _COMMAND_OPTION_MAX + 1];
        const Command *command;
        OptionSet given = 0;
        Options options = {};
        int c, status;

        setlocale(LC_ALL, "");
        memcpy(long_options, common_options, sizeof(common_options));
        command_options_fill(&long_options[G_N_ELEMENTS(common_options)]);
        while ((c = getopt_long(argc, argv, "hH:c:", long_options, NULL)) != -1) {
                status = take_option(c, &options, &given);
                if (status >= 0)
                        return status;
        }
        if (optind == argc)
                return output_usage("no command");

        command = command_find(argv[optind]);
        if (!command)
                return output_usage("there is no command '%s'", argv[optind]);

        status = check_usage(command, argc - optind - 1, given);
        return status != EXIT_STATUS_OK ? status : run(command, &options, argv + optind + 1);
}
