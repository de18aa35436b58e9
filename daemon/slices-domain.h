/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which domain somebody means by a UUID or a name. A UUID may be of a domain
 * that this host does not know yet, since a slice may wait for a guest; a name
 * is what libvirt knows, or what the book has noted. One thread.
 */

#include "daemon/slices.h"

/* Called once, from the loop or at once. `name` NULL: not known. The error: FERRY_ERROR_NOT_FOUND,
 * or FERRY_ERROR_UNAVAILABLE without libvirt. */
typedef void (*SliceDomainFound)(void *userdata, const char *uuid, const char *name,
                                 const GError *error);

void slices_find_domain(Slices *slices, const char *domain, SliceDomainFound found, void *userdata);
