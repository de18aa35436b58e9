/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which resource provider is this host's: nova-compute since 27 keeps the UUID in a file, which is
 * that of the provider; else it is the one of the hypervisor's name. For publish.c.
 */

#include "nova-driver-shim/placement/publish.h"

/* NULL: there is no such file, it cannot be read, or there is no UUID in it. */
char *publish_root_read_id(const PublishRoot *root);
/* A sentence: there is no provider of that name. */
char *publish_root_missing(const PublishRoot *root);
