/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/main/agent-program.h"
#include "daemon/main/daemon.h"
#include "daemon/main/journal.h"
#include "daemon/main/replay-program.h"

static DaemonOptions options = {
        .root = "/",
        .config = FERRY_CONFIG,
        .state = FERRY_STATE,
        .libvirt_uri = "qemu:///system",
        .trial_helper = FERRY_TRIAL,
        .trial_timeout_msec = 60000,
};
static ReplayOptions replay = { .train = -1 };
static gboolean agent, no_libvirt, version;

static const GOptionEntry entries[] = {
        { "agent", 0, 0, G_OPTION_ARG_NONE, &agent,
          "Tell a host on standard input and output what this offload device has", NULL },
        { "config", 0, 0, G_OPTION_ARG_FILENAME, &options.config,
          "Read FILE instead of " FERRY_CONFIG, "FILE" },
        { "state", 0, 0, G_OPTION_ARG_FILENAME, &options.state,
          "Keep leases and migrations in FILE instead of " FERRY_STATE, "FILE" },
        { "libvirt-uri", 0, 0, G_OPTION_ARG_STRING, &options.libvirt_uri,
          "Follow the guests of URI instead of qemu:///system", "URI" },
        { "no-libvirt", 0, 0, G_OPTION_ARG_NONE, &no_libvirt, "Follow no guests, answer hooks only",
          NULL },
        { "replay", 0, 0, G_OPTION_ARG_FILENAME, &replay.trace,
          "Say what the policy would have made of the recorded traffic in TRACE, and do nothing "
          "else",
          "TRACE" },
        { "slots", 0, 0, G_OPTION_ARG_INT, &replay.slots,
          "With --replay: so many guests may sit on the offload device", "N" },
        { "train", 0, 0, G_OPTION_ARG_INT, &replay.train,
          "With --replay: learn from the first DAYS, and count the others", "DAYS" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &replay.json, "With --replay: JSON instead of a table",
          NULL },
        { "svg", 0, 0, G_OPTION_ARG_FILENAME, &replay.svg, "With --replay: draw it in FILE",
          "FILE" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &options.root,
          "Take DIR for the root of the host's sys, proc, dev and lib", "DIR" },
        { "trial-helper", 0, 0, G_OPTION_ARG_FILENAME, &options.trial_helper,
          "Try devices with FILE instead of " FERRY_TRIAL, "FILE" },
        { "trial-timeout", 0, 0, G_OPTION_ARG_INT, &options.trial_timeout_msec,
          "Kill a trial after MSEC milliseconds instead of 60000", "MSEC" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL },
        { 0 },
};

/* The threads of libvirt are made later and inherit it: the loop has these signals. */
static void block_signals(void) {
        sigset_t set;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGCHLD); /* of trials */
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Its standard error is the host's to read. */
static int run_agent(void) {
        g_autoptr(GError) error = NULL;

        if (agent_program_run(options.root, &error))
                return EXIT_SUCCESS;

        (void)fprintf(stderr, "virtferryd: %s\n", error->message);
        return EXIT_FAILURE;
}

static int run_replay(void) {
        g_autoptr(GError) error = NULL;

        if (replay_program_run(&replay, &error))
                return EXIT_SUCCESS;

        (void)fprintf(stderr, "virtferryd: %s\n", error->message);
        return error->domain == G_OPTION_ERROR ? 2 : EXIT_FAILURE;
}

static bool run(GError **error) {
        g_autoptr(Daemon) daemon = daemon_new(&options, error);

        return daemon && daemon_run(daemon, error);
}

int main(int argc, char **argv) {
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);
        g_autoptr(GError) error = NULL;

        g_option_context_set_summary(context, "Lets guests move with their passthrough devices: "
                                              "answers the libvirt hook on D-Bus.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                (void)fprintf(stderr, "virtferryd: %s, see 'virtferryd --help'\n", error->message);
                return 2;
        }
        if (argc > 1) {
                (void)fprintf(stderr, "virtferryd: '%s' is too much, see 'virtferryd --help'\n",
                              argv[1]);
                return 2;
        }
        if (version) {
                (void)printf("virtferryd %s\n", FERRY_VERSION);
                return 0;
        }
        if (agent)
                return run_agent();
        if (replay.trace)
                return run_replay();
        if (replay.slots != 0 || replay.train >= 0 || replay.json || replay.svg) {
                (void)fprintf(stderr, "virtferryd: --slots, --train, --json and --svg are for "
                                      "--replay, see 'virtferryd --help'\n");
                return 2;
        }
        if (no_libvirt)
                options.libvirt_uri = NULL;

        journal_init();
        block_signals();
        if (!run(&error)) {
                g_critical("%s", error->message);
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
