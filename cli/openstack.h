/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the commands of `virt-ferry openstack` share. Private to this folder. */

#include "cli/object.h"
#include "cli/output.h"

/* Each is a command as in command.h; `arguments` are those behind its own name. */
int openstack_device_spec(const Options *options, char *const *arguments, GError **error);
int openstack_provider_yaml(const Options *options, char *const *arguments, GError **error);

/* A PF that has VFs. */
typedef struct OpenstackCard {
        const char *id;
        GPtrArray *movable;  /* Object, VFs that may go with a guest to another host */
        GPtrArray *left_out; /* strings: which of its VFs may not, and why */
        GPtrArray *formats;  /* traits, of what the movable ones save */
} OpenstackCard;

/* By the id of the PF. Borrows from `devices`, which are of GetManagedObjects. */
GPtrArray *openstack_cards(const GPtrArray *devices);
/* NULL and an error when the daemon does not answer. */
GPtrArray *openstack_devices(Client *client, GError **error);
