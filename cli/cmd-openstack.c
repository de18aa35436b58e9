/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/openstack.h"

/* `virt-ferry openstack`: a command of commands. Writes what an operator of OpenStack would have to
 * write about this host by hand. */

int cmd_openstack(const Options *options, char *const *arguments, GError **error) {
        if (strcmp(arguments[0], "device-spec") == 0)
                return openstack_device_spec(options, arguments + 1, error);
        if (strcmp(arguments[0], "provider-yaml") != 0)
                return output_usage("there is no command 'openstack %s'", arguments[0]);
        if (options->nova > 0)
                return output_usage("'openstack provider-yaml' takes no --nova");
        return openstack_provider_yaml(options, arguments + 1, error);
}
