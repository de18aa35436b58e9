/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside the xml ring: the objects and the trees that they are read from. */

#include "xml/document.h"
#include "xml/domain.h"
#include "xml/slice.h"

/* `element` is our element, in our namespace or in none; its children are in the same. */
Metadata *metadata_from_node(const xmlNode *element, GError **error);

/* The same for <switch>. */
SwitchState *switch_state_from_node(const xmlNode *element, GError **error);
/* Lines that begin with `indent` blanks; `prefix` is "ferry:" or "". */
void switch_state_write(GString *xml, const SwitchState *state, const char *prefix, int indent);

/* And for <slice>. */
Slice *slice_from_node(const xmlNode *element, GError **error);
void slice_write(GString *xml, const Slice *slice, const char *prefix, int indent);

Domain *domain_new(void);

/* The MAC of an <interface> that QEMU emulates alone; NULL for all else. Free it. */
char *domain_interface_mac(const xmlNode *element);
/* The guest's side of a device: NULL where libvirt has yet to choose it. Free it. */
bool domain_guest_address(const xmlNode *element, char **ret_address, GError **error);
/* A device's element on one line, as xml/unplug.h has it. */
char *domain_element_text(const xmlNode *element, GError **error);

/* What an element is to us: _INVALID for all that is no passthrough device. */
DomainDeviceKind domain_device_kind_of_node(const xmlNode *element);
/* `ret_address` gets the <address> of its source. */
DomainDevice *domain_device_from_node(const xmlNode *element, DomainDeviceKind kind,
                                      xmlNode **ret_address, GError **error);
/* Of a document that is the device's element. */
DomainDevice *domain_device_from_document(xmlDoc *doc, xmlNode **ret_address, GError **error);

/* `ret_addresses`, when not NULL, gets where each device's source stands (xmlNode of `doc`), in the
 * order of the devices: the <address> of its <source>, or <unplugged>. */
Domain *domain_from_document(xmlDoc *doc, GPtrArray **ret_addresses, GError **error);
