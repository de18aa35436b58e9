/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Devices of a domain apart from it: what is kept of one that is unplugged, and the domain without
 * those.
 *
 * Written anew from the tree: attributes, elements and namespaces are as they were, blanks and
 * comments are not.
 */

#include "xml/domain.h"

/* The element of the domain's device with this number (of domain_from_xml(xml)->devices, one that
 * is plugged) on one line. Without an alias of libvirt's own, which it gives anew at each plug, and
 * which another device of the guest may have by then. FERRY_ERROR_INVALID_XML, also for one of more
 * than METADATA_ELEMENT_MAX. */
char *domain_device_element(const char *xml, size_t size, unsigned number, GError **error);

/* The domain as it is when what `metadata` says to be unplugged is: without these devices, and with
 * `metadata` for our element. */
char *domain_without_unplugged(const char *xml, size_t size, const Metadata *metadata,
                               GError **error);
