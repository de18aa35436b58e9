/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/demand-forecast.h"
#include "cli/output.h"

/* `virt-ferry forecast`: of what the daemon knows, or of a file. */

static int check_arguments(const Options *options, char *const *arguments) {
        if (options->csv && arguments[0])
                return output_usage("'forecast --csv' takes no DOMAIN");
        if (!options->csv && !arguments[0])
                return output_usage("'forecast' needs DOMAIN, or --csv");
        if (!options->csv && (options->origin || options->stride || options->count))
                return output_usage("'forecast' takes --origin, --stride and --count with --csv "
                                    "only");
        return EXIT_STATUS_OK;
}

int cmd_forecast(const Options *options, char *const *arguments, GError **error) {
        int status = check_arguments(options, arguments);

        if (status != EXIT_STATUS_OK)
                return status;
        return options->csv ? forecast_series(options, error)
                            : forecast_subject(options, arguments, error);
}
