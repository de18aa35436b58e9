/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside the xml ring: the objects and the trees that they are read from. */

#include "xml/document.h"
#include "xml/domain.h"

/* `element` is our element, in our namespace or in none; its children are in the same. */
Metadata *metadata_from_node(const xmlNode *element, GError **error);

/* The same for <switch>. */
SwitchState *switch_state_from_node(const xmlNode *element, GError **error);
/* Lines that begin with `indent` blanks; `prefix` is "ferry:" or "". */
void switch_state_write(GString *xml, const SwitchState *state, const char *prefix, int indent);

Domain *domain_new(void);
void domain_device_free(DomainDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainDevice, domain_device_free)

/* `ret_addresses`, when not NULL, gets the <address> (xmlNode of `doc`) of each device's source,
 * in the order of the devices. */
Domain *domain_from_document(xmlDoc *doc, GPtrArray **ret_addresses, GError **error);
