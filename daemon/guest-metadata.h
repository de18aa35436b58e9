/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes along with a guest: its metadata as it should be, from its domain
 * and from what this host sees of its devices.
 */

#include "daemon/core/inventory.h"
#include "daemon/core/lease.h"

/* The operator's <need> of every entry is kept, as is <switch>, which guest-switch.h renews, and
 * <unplugged> of every device that is; <seen> is renewed for every passthrough device that is
 * leased to this domain here. NULL when nothing is to be said of the domain. */
Metadata *guest_metadata(const Domain *domain, const Inventory *inventory, const LeaseBook *book);

/* The persistent definition with this host's sources, found by guest-side address; NULL when it has
 * them already, or cannot be read (error set). Free it. */
char *guest_definition(const char *inactive_xml, const LeaseBook *book, GError **error);
