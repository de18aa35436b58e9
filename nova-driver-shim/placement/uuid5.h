/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* UUIDs made of names (RFC 9562, section 5.5), so that a device's provider has the
 * same one after each restart and in each rule of an operator. Pure. */

#include <stdbool.h>

/* Within which all names of virt-ferry are. */
#define UUID5_VIRTFERRY "7d0c2b5e-41f5-4c0b-9a52-6e3f1f0c86d4"

bool uuid_is_valid(const char *text);

/* `space` is valid. Lower case, with dashes. */
char *uuid5_new(const char *space, const char *name);
