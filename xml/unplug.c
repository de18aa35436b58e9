/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/unplug.h"

#include <string.h>

#include "xml/from-node.h"
#include "xml/reader.h"

static void remove_node(xmlNode *node) {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
}

static void remove_blanks(xmlNode *element) {
        for (xmlNode *child = element->children, *next; child; child = next) {
                next = child->next;
                if (xmlIsBlankNode(child))
                        remove_node(child);
                else if (child->type == XML_ELEMENT_NODE)
                        remove_blanks(child);
        }
}

static void remove_own_alias(xmlNode *element) {
        g_autofree char *name = NULL;
        xmlNode *alias = NULL;

        if (!xml_child(element, "alias", &alias, NULL) || !alias)
                return;

        name = xml_prop(alias, "name");
        if (!name || !g_str_has_prefix(name, "ua-"))
                remove_node(alias);
}

static char *to_text(xmlDoc *doc, xmlNode *element) {
        xmlBuffer *buffer = xmlBufferCreate();
        char *text = NULL;

        if (xmlNodeDump(buffer, doc, element, 0, 0) >= 0)
                text = g_strdup((const char *)xmlBufferContent(buffer));
        xmlBufferFree(buffer);
        return text;
}

/* The whole <hostdev> or <interface>. */
static xmlNode *element_of(const GPtrArray *addresses, unsigned number) {
        const xmlNode *address = addresses->pdata[number];

        return address->parent->parent;
}

char *domain_element_text(const xmlNode *element, GError **error) {
        g_autoptr(xmlDoc) alone = xmlNewDoc((const xmlChar *)"1.0");
        g_autofree char *text = NULL;
        xmlNode *copy;

        copy = xmlDocCopyNode((xmlNode *)element, alone, 1);
        (void)xmlDocSetRootElement(alone, copy);
        remove_own_alias(copy);
        remove_blanks(copy);

        text = to_text(alone, copy);
        if (text && strlen(text) <= METADATA_ELEMENT_MAX)
                return g_steal_pointer(&text);

        xml_fail(element, error,
                 "the device's element has more than %u bytes, so it cannot be kept while the "
                 "device is unplugged",
                 METADATA_ELEMENT_MAX);
        return NULL;
}

char *domain_device_element(const char *xml, size_t size, unsigned number, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        g_autoptr(GPtrArray) addresses = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = doc ? domain_from_document(doc, &addresses, error) : NULL;
        if (!domain)
                return NULL;

        g_assert(number < domain->devices->len);
        return domain_element_text(element_of(addresses, number), error);
}

static xmlNode *require_metadata(xmlNode *root) {
        xmlNode *metadata = NULL;

        (void)xml_child(root, "metadata", &metadata, NULL);
        return metadata ?: xmlNewChild(root, NULL, (const xmlChar *)"metadata", NULL);
}

static bool replace_metadata(xmlDoc *doc, const Metadata *metadata, GError **error) {
        g_autofree char *text = metadata_to_xml(metadata);
        g_autoptr(xmlDoc) ours = xml_document_parse(text, strlen(text), METADATA_XML_MAX, error);
        xmlNode *parent;

        if (!ours)
                return false;

        parent = require_metadata(xmlDocGetRootElement(doc));
        for (xmlNode *child = xmlFirstElementChild(parent), *next; child; child = next) {
                next = xmlNextElementSibling(child);
                if (xml_is(child, METADATA_URI, "domain"))
                        remove_node(child);
        }
        xmlAddChild(parent, xmlDocCopyNode(xmlDocGetRootElement(ours), doc, 1));
        return true;
}

static bool is_unplugged(const Metadata *metadata, const DomainDevice *device) {
        const MetadataDevice *entry = metadata_find(metadata, device->address, device->alias);

        return entry && entry->unplugged;
}

char *domain_without_unplugged(const char *xml, size_t size, const Metadata *metadata,
                               GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        g_autoptr(GPtrArray) addresses = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = doc ? domain_from_document(doc, &addresses, error) : NULL;
        if (!domain)
                return NULL;

        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (!device->unplugged && is_unplugged(metadata, device))
                        remove_node(element_of(addresses, i));
        }
        if (!replace_metadata(doc, metadata, error))
                return NULL;

        return to_text(doc, xmlDocGetRootElement(doc));
}
