/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The netdevs of this host that are the other ends of a guest's emulated network
 * cards: <interface><target dev='vnet0'/>. Only the XML of a guest that runs, or
 * that waits here to be resumed, has those that libvirt has made.
 */

#include <glib.h>
#include <stddef.h>

#define DOMAIN_TAPS_MAX 64 /* more are not looked at */

/* Of names, which are valid ones. FERRY_ERROR_INVALID_XML, with the limits of domain_from_xml(). */
GPtrArray *domain_taps_from_xml(const char *xml, size_t size, GError **error);
