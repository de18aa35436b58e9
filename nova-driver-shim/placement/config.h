/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an operator can set: /etc/virtferry/virtferry-placement.conf, a key file, which may be
 * missing. What it does not know is refused, so that a typing error is seen.
 * virtferry-placement(8).
 *
 *   [Placement]
 *   Cloud=openstack          which one of the file of clouds
 *   CloudsFile=FILE          without it the credential clouds.yaml of the service, then
 *                            /etc/virtferry/clouds.yaml
 *   CheckSec=60              how often is looked whether somebody has changed what is published
 *
 *   [Host]
 *   Name=compute1            what Nova calls this hypervisor; without it, its host name
 *   IdFile=FILE              where nova-compute keeps the UUID: /var/lib/nova/compute_id
 */

#include <glib.h>

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);

typedef enum ConfigError {
        CONFIG_ERROR_FILE, /* cannot be read */
        CONFIG_ERROR_TEXT, /* is wrong */
} ConfigError;

typedef struct Config {
        char *cloud;
        char *clouds_file;
        char *secret_file; /* the service's credential "secret"; NULL: there is none */
        char *host_name;
        char *id_file;
        unsigned check_sec;
} Config;

/* `credentials` is the directory of the service's credentials, NULL without. */
Config *config_read(const char *path, const char *credentials, GError **error);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)
