/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sizes as libvirt writes and reads them: a number and a unit, KiB without one.
 * Source: virScaleInteger(). Inside the xml ring.
 */

#include <libxml/tree.h>
#include <stdint.h>

/* In bytes; 0 for what is no size. */
uint64_t xml_size_from_text(const char *number, const char *unit);
/* <memory unit='KiB'>1024</memory>; 0 also without the element. */
uint64_t xml_size_of(const xmlNode *element);
/* <page size='2048' unit='KiB'/>; the same. */
uint64_t xml_size_of_prop(const xmlNode *element, const char *name);

/* What stands between the tags, without blanks; NULL without. Free it. */
char *xml_content_of(const xmlNode *element);
