/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "nova-driver-shim/placement/journal.h"
#include "nova-driver-shim/placement/service.h"

static const char *config_path = FERRY_PLACEMENT_CONFIG;
static gboolean version;

static const GOptionEntry entries[] = {
        { "config", 0, 0, G_OPTION_ARG_FILENAME, &config_path,
          "Read FILE instead of " FERRY_PLACEMENT_CONFIG, "FILE" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL },
        { 0 },
};

/* Threads that libcurl may make inherit it: the loop has these signals. */
static void block_signals(void) {
        sigset_t set;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* What only an operator can mend is not tried again. */
static int run(void) {
        g_autoptr(Service) service = NULL;
        g_autoptr(Config) config = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud) cloud = NULL;

        config = config_read(config_path, g_getenv("CREDENTIALS_DIRECTORY"), &error);
        if (config)
                cloud = cloud_read(config->clouds_file, config->cloud, config->secret_file, &error);
        if (!cloud) {
                g_critical("%s", error->message);
                return EX_CONFIG;
        }

        service = service_new(config, cloud, &error);
        if (service && service_run(service, &error))
                return EXIT_SUCCESS;

        g_critical("%s", error->message);
        return EXIT_FAILURE;
}

int main(int argc, char **argv) {
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);
        g_autoptr(GError) error = NULL;

        g_option_context_set_summary(context, "Tells OpenStack Placement what this host can do for "
                                              "guests, by virtferryd.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                (void)fprintf(stderr, "virtferry-placement: %s, see 'virtferry-placement --help'\n",
                              error->message);
                return EX_USAGE;
        }
        if (argc > 1) {
                (void)fprintf(stderr,
                              "virtferry-placement: '%s' is too much, see 'virtferry-placement "
                              "--help'\n",
                              argv[1]);
                return EX_USAGE;
        }
        if (version) {
                (void)printf("virtferry-placement %s\n", FERRY_VERSION);
                return EXIT_SUCCESS;
        }

        journal_init();
        block_signals();
        return run();
}
