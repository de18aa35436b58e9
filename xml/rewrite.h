/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rewriting of a domain's device sources, and of nothing else; of those that are unplugged, in our
 * element.
 *
 * libxml2's SAX interface tells where in the text each attribute's value
 * stands; the new value is put there and every other byte is kept: quotes,
 * blanks, comments, order, namespaces of others, guest addresses, aliases.
 */

#include "xml/domain.h"

/* `sources` has one entry for each device of domain_from_xml(xml), in its
 * order: the new host-side source in its canonical form, or NULL to keep.
 * Rewriting with the sources that are there gives the same text, so the
 * function is idempotent. FERRY_ERROR_INVALID_XML as domain_from_xml(), and for
 * a value that stands behind a character reference; FERRY_ERROR_INVALID_ARGS for
 * sources that do not fit the devices. */
char *domain_rewrite(const char *xml, size_t size, const char *const *sources, size_t n_sources,
                     GError **error);
/* The same for the element of one device alone. */
char *domain_device_rewrite(const char *xml, size_t size, const char *source, GError **error);
