/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

#include "xml/excerpt.h"
#include "xml/ferry-error.h"

/* Its address is the _private of the parser context. */
typedef struct Parse {
        GError *error;              /* the first thing that was wrong */
        xmlNode *element;           /* that is open */
        unsigned depth, namespaces; /* of `element` and those around it */
} Parse;

static void parse_fail(Parse *parse, int line, const char *reason) {
        if (!parse->error)
                g_set_error(&parse->error, FERRY_ERROR, FERRY_ERROR_INVALID_XML, "line %d: %s",
                            MAX(line, 1), reason);
}

static void parse_stop(xmlParserCtxt *context, const char *reason) {
        parse_fail(context->_private, context->input->line, reason);
        xmlStopParser(context);
}

/* libxml2's tree has a member for its user at each node. An element's holds its line: node->line
 * ends at 65535. An attribute's holds the offset of its value in the text, plus 1, and 0 where the
 * parser had to make a string of its own.
 *
 * SAX2 gives the values as pointers into the parser's input, which may start anywhere in the text:
 * `consumed` bytes were dropped before `base`. */
static void keep_positions(xmlParserCtxt *context, xmlNode *element, int n_attributes,
                           const xmlChar **attributes) {
        const xmlParserInput *input = context->input;
        xmlAttr *attr = element->properties;

        element->_private = GSIZE_TO_POINTER((size_t)input->line);

        for (int i = 0; i < n_attributes && attr; i++, attr = attr->next) {
                const xmlChar *value = attributes[5 * i + 3]; /* name, prefix, URI, value, end */

                if (value >= input->base && value <= input->end)
                        attr->_private = GSIZE_TO_POINTER(input->consumed +
                                                          (size_t)(value - input->base) + 1);
        }
}

static unsigned count_namespaces(const xmlNode *element) {
        unsigned n = 0;

        for (const xmlNs *ns = element->nsDef; ns; ns = ns->next)
                n++;
        return n;
}

static void on_start_element(void *userdata, const xmlChar *name, const xmlChar *prefix,
                             const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
                             int n_attributes, int n_defaulted, const xmlChar **attributes) {
        xmlParserCtxt *context = userdata;
        Parse *parse = context->_private;

        if (++parse->depth > XML_DEPTH_MAX) {
                parse_stop(context, "elements are nested deeper than " G_STRINGIFY(XML_DEPTH_MAX));
                return;
        }

        xmlSAX2StartElementNs(context, name, prefix, uri, n_namespaces, namespaces, n_attributes,
                              n_defaulted, attributes);
        parse->element = parse->element ? parse->element->last
                                        : xmlDocGetRootElement(context->myDoc);
        if (!parse->element || parse->element->type != XML_ELEMENT_NODE)
                g_error("out of memory");
        keep_positions(context, parse->element, n_attributes, attributes);

        parse->namespaces += count_namespaces(parse->element);
        if (parse->namespaces > XML_NAMESPACES_MAX)
                parse_stop(context,
                           "more than " G_STRINGIFY(XML_NAMESPACES_MAX) " namespaces in one place");
}

static void on_end_element(void *userdata, const xmlChar *name, const xmlChar *prefix,
                           const xmlChar *uri) {
        xmlParserCtxt *context = userdata;
        Parse *parse = context->_private;

        parse->namespaces -= count_namespaces(parse->element);
        parse->element = --parse->depth > 0 ? parse->element->parent : NULL;
        xmlSAX2EndElementNs(context, name, prefix, uri);
}

/* Called before the first declaration is read, so no entity ever exists. */
static void on_doctype(void *userdata, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id) {
        parse_stop(userdata, "a DOCTYPE is not allowed here: remove it");
}

#if LIBXML_VERSION < 21200
static void on_error(void *userdata, xmlError *problem) {
#else
static void on_error(void *userdata, const xmlError *problem) {
#endif
        xmlParserCtxt *context = userdata;
        g_autofree char *words = NULL, *reason = NULL;

        if (problem->level != XML_ERR_FATAL)
                return; /* the namespaces of other people's metadata */

        words = g_strchomp(excerpt(problem->message)); /* libxml2's end with a line feed */
        reason = g_strdup_printf("not well-formed XML: %s", words);
        parse_fail(context->_private, problem->line, reason);
}

static xmlParserCtxt *context_new(Parse *parse) {
        xmlParserCtxt *context = xmlNewParserCtxt();

        if (!context)
                g_error("out of memory");

        context->_private = parse;
        context->sax->startElementNs = on_start_element;
        context->sax->endElementNs = on_end_element;
        context->sax->internalSubset = on_doctype;
        context->sax->comment = NULL;
        context->sax->processingInstruction = NULL;
        context->sax->serror = on_error;
        return context;
}

static int line_at(const char *xml, const char *position) {
        int line = 1;

        for (; xml < position; xml++)
                if (*xml == '\n')
                        line++;
        return line;
}

static bool check_bytes(const char *xml, size_t size, size_t size_max, Parse *parse) {
        const char *bad;

        if (size > size_max) {
                g_set_error(&parse->error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                            "the text has %zu bytes, at most %zu are read", size, size_max);
                return false;
        }

        if (!g_utf8_validate_len(xml, size, &bad))
                parse_fail(parse, line_at(xml, bad), *bad ? "not UTF-8" : "a NUL byte");
        return !parse->error;
}

static const char *too_many(size_t tags, size_t attributes, size_t in_tag) {
        if (in_tag > XML_TAG_ATTRIBUTES_MAX)
                return "more than " G_STRINGIFY(XML_TAG_ATTRIBUTES_MAX) " '=' in one tag or text";
        if (tags > XML_TAGS_MAX)
                return "more than " G_STRINGIFY(XML_TAGS_MAX) " '<' in the text";
        if (attributes > XML_ATTRIBUTES_MAX)
                return "more than " G_STRINGIFY(XML_ATTRIBUTES_MAX) " '=' in the text";
        return NULL;
}

/* Counts before the parser does. An element needs a '<' and an attribute a '=', and libxml2 reads
 * no start tag beyond a '<': this holds for text that is not well-formed, too. */
static bool check_counts(const char *xml, size_t size, Parse *parse) {
        size_t tags = 0, attributes = 0, in_tag = 0;

        for (const char *p = xml; p < xml + size; p++) {
                const char *reason;

                if (*p == '<') {
                        tags++;
                        in_tag = 0;
                } else if (*p == '=') {
                        attributes++;
                        in_tag++;
                }

                reason = too_many(tags, attributes, in_tag);
                if (reason) {
                        parse_fail(parse, line_at(xml, p), reason);
                        return false;
                }
        }

        return true;
}

/* The bytes are UTF-8, whatever the document says of itself; then offsets into the parser's input
 * are offsets into the text. */
static void check_encoding(const xmlDoc *doc, Parse *parse) {
        g_autofree char *name = NULL, *reason = NULL;

        if (!doc->encoding || g_ascii_strcasecmp((const char *)doc->encoding, "UTF-8") == 0)
                return;

        name = excerpt((const char *)doc->encoding);
        reason = g_strdup_printf("the encoding must be UTF-8, not '%s'", name);
        parse_fail(parse, 1, reason);
}

static xmlDoc *parse_tree(const char *xml, size_t size, Parse *parse) {
        xmlParserCtxt *context = context_new(parse);
        g_autoptr(xmlDoc) doc = NULL;

        doc = xmlCtxtReadMemory(context, xml, (int)size, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
        xmlFreeParserCtxt(context);

        if (doc)
                check_encoding(doc, parse);
        else
                parse_fail(parse, 1, "not well-formed XML");
        return parse->error ? NULL : g_steal_pointer(&doc);
}

xmlDoc *xml_document_parse(const char *xml, size_t size, size_t size_max, GError **error) {
        Parse parse = { 0 };
        xmlDoc *doc = NULL;

        if (check_bytes(xml, size, size_max, &parse) && check_counts(xml, size, &parse))
                doc = parse_tree(xml, size, &parse);
        if (!doc)
                g_propagate_error(error, parse.error);
        return doc;
}

unsigned xml_line(const xmlNode *element) {
        return GPOINTER_TO_UINT(element->_private);
}

bool xml_value_position(const xmlAttr *attribute, const char *xml, size_t size, size_t *ret_start,
                        size_t *ret_end) {
        const xmlNode *value = attribute->children;
        size_t start, length;

        if (!attribute->_private || !value || !value->content)
                return false;

        start = GPOINTER_TO_SIZE(attribute->_private) - 1;
        length = strlen((const char *)value->content);

        /* Trust libxml2, and look all the same: what does not stand there is not replaced. */
        if (start < 1 || start >= size || length >= size - start ||
            memcmp(xml + start, value->content, length) != 0 ||
            (xml[start - 1] != '\'' && xml[start - 1] != '"') ||
            xml[start + length] != xml[start - 1])
                return false;

        *ret_start = start;
        *ret_end = start + length;
        return true;
}
