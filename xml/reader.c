/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/reader.h"

#include <string.h>

#include "xml/excerpt.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"

bool xml_fail(const xmlNode *element, GError **error, const char *format, ...) {
        g_autofree char *reason = NULL;
        va_list args;

        va_start(args, format);
        reason = g_strdup_vprintf(format, args);
        va_end(args);

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML, "line %u: %s", xml_line(element),
                    reason);
        return false;
}

/* "attribute 'count' must be RULE, not 'VALUE'" */
static bool fail_value(const xmlNode *element, const char *name, const char *rule,
                       const char *value, GError **error) {
        g_autofree char *shown = excerpt(value);

        return xml_fail(element, error, "attribute '%s' must be %s, not '%s'", name, rule, shown);
}

bool xml_is(const xmlNode *element, const char *uri, const char *name) {
        const char *have = element->ns ? (const char *)element->ns->href : NULL;

        return g_strcmp0((const char *)element->name, name) == 0 && g_strcmp0(have, uri) == 0;
}

bool xml_child(const xmlNode *element, const char *name, xmlNode **ret_child, GError **error) {
        xmlNode *found = NULL;

        for (xmlNode *child = xmlFirstElementChild((xmlNode *)element); child;
             child = xmlNextElementSibling(child)) {
                if (!xml_is(child, NULL, name))
                        continue;
                if (found)
                        return xml_fail(child, error, "a second <%s> in <%s>: remove one", name,
                                        (const char *)element->name);
                found = child;
        }

        *ret_child = found;
        return true;
}

bool xml_require_child(const xmlNode *element, const char *name, xmlNode **ret_child,
                       GError **error) {
        xmlNode *child = NULL;

        if (!xml_child(element, name, &child, error))
                return false;
        if (!child)
                return xml_fail(element, error, "<%s> needs a <%s>", (const char *)element->name,
                                name);

        *ret_child = child;
        return true;
}

/* This element, or the first behind it that has the name. */
static xmlNode *skip_to(xmlNode *element, const char *name) {
        while (element && !xml_is(element, NULL, name))
                element = xmlNextElementSibling(element);
        return element;
}

xmlNode *xml_first_child(const xmlNode *element, const char *name) {
        return element ? skip_to(xmlFirstElementChild((xmlNode *)element), name) : NULL;
}

xmlNode *xml_next_same(const xmlNode *element) {
        return skip_to(xmlNextElementSibling((xmlNode *)element), (const char *)element->name);
}

char *xml_tag(const xmlNode *element) {
        const xmlChar *prefix = element->ns ? element->ns->prefix : NULL;
        g_autofree char *full = g_strdup_printf("%s%s%s", prefix ? (const char *)prefix : "",
                                                prefix ? ":" : "", (const char *)element->name);
        g_autofree char *shown = excerpt(full);

        return g_strdup_printf("<%s>", shown);
}

char *xml_prop(const xmlNode *element, const char *name) {
        xmlChar *value = xmlGetNoNsProp((xmlNode *)element, (const xmlChar *)name);
        char *copy = g_strdup((const char *)value);

        xmlFree(value);
        return copy;
}

char *xml_child_prop(const xmlNode *element, const char *child, const char *name) {
        const xmlNode *found = xml_first_child(element, child);

        return found ? xml_prop(found, name) : NULL;
}

bool xml_prop_is(const xmlNode *element, const char *name, const char *value) {
        g_autofree char *given = xml_prop(element, name);

        return g_strcmp0(given, value) == 0;
}

bool xml_require(const xmlNode *element, const char *name, GError **error) {
        g_autofree char *value = xml_prop(element, name), *tag = NULL;

        if (value)
                return true;

        tag = xml_tag(element);
        return xml_fail(element, error, "%s needs an attribute '%s'", tag, name);
}

bool xml_name_is_valid(const char *text) {
        if (!g_ascii_isalnum(text[0]) && text[0] != '_')
                return false;

        for (const char *p = text; *p; p++)
                if (!g_ascii_isalnum(*p) && !strchr("._+:-", *p))
                        return false;
        return strlen(text) <= XML_NAME_LENGTH_MAX;
}

bool xml_text_is_valid(const char *text) {
        if (!g_utf8_validate(text, -1, NULL))
                return false;

        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return false;
        return *text && g_utf8_strlen(text, -1) <= XML_TEXT_LENGTH_MAX;
}

/* The readers of strings: one rule, its words, and whether lower case is the canonical form. */
static bool prop_string(const xmlNode *element, const char *name, bool (*is_valid)(const char *),
                        const char *rule, bool lower, char **ret_value, GError **error) {
        g_autofree char *value = xml_prop(element, name);

        if (!value)
                return true;
        if (!is_valid(value))
                return fail_value(element, name, rule, value, error);

        *ret_value = lower ? g_ascii_strdown(value, -1) : g_steal_pointer(&value);
        return true;
}

bool xml_prop_name(const xmlNode *element, const char *name, char **ret_value, GError **error) {
        return prop_string(element, name, xml_name_is_valid,
                           "letters, digits and . _ + : -, at most " G_STRINGIFY(
                                   XML_NAME_LENGTH_MAX) " of them and a letter, digit or _ first",
                           false, ret_value, error);
}

bool xml_prop_text(const xmlNode *element, const char *name, char **ret_value, GError **error) {
        return prop_string(element, name, xml_text_is_valid,
                           "one line of 1 to " G_STRINGIFY(XML_TEXT_LENGTH_MAX) " characters",
                           false, ret_value, error);
}

bool xml_prop_pci_address(const xmlNode *element, const char *name, char **ret_value,
                          GError **error) {
        return prop_string(element, name, pci_address_is_valid, "a PCI address like 0000:00:05.0",
                           true, ret_value, error);
}

bool xml_prop_uuid(const xmlNode *element, const char *name, char **ret_value, GError **error) {
        return prop_string(element, name, uuid_is_valid,
                           "a uuid like 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", true, ret_value,
                           error);
}

bool xml_prop_uint64(const xmlNode *element, const char *name, uint64_t min, uint64_t max,
                     uint64_t *ret_value, GError **error) {
        g_autofree char *value = xml_prop(element, name), *rule = NULL;
        uint64_t number = 0;

        if (!value)
                return true;

        if ((value[0] != '0' || !value[1]) &&
            g_ascii_string_to_unsigned(value, 10, min, max, &number, NULL)) {
                *ret_value = number;
                return true;
        }

        rule = g_strdup_printf("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, min, max);
        return fail_value(element, name, rule, value, error);
}

bool xml_prop_uint(const xmlNode *element, const char *name, unsigned min, unsigned max,
                   unsigned *ret_value, GError **error) {
        uint64_t number = *ret_value;

        if (!xml_prop_uint64(element, name, min, max, &number, error))
                return false;

        *ret_value = (unsigned)number;
        return true;
}

bool xml_prop_hex(const xmlNode *element, const char *name, unsigned digits, int *ret_value,
                  GError **error) {
        g_autofree char *value = xml_prop(element, name), *rule = NULL;
        uint64_t max = (UINT64_C(1) << 4 * digits) - 1, number = 0;

        if (!value)
                return true;

        if (g_str_has_prefix(value, "0x") && strlen(value) <= 2 + digits &&
            g_ascii_string_to_unsigned(value + 2, 16, 0, max, &number, NULL)) {
                *ret_value = (int)number;
                return true;
        }

        rule = g_strdup_printf("0x and 1 to %u hex digits", digits);
        return fail_value(element, name, rule, value, error);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_value) {
        bool hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");
        unsigned base = hex ? 16 : text[0] == '0' && text[1] ? 8 : 10;

        return g_ascii_string_to_unsigned(hex ? text + 2 : text, base, 0, max, ret_value, NULL);
}

bool xml_prop_number(const xmlNode *element, const char *name, uint32_t max, uint32_t *ret_value,
                     GError **error) {
        g_autofree char *value = xml_prop(element, name), *rule = NULL;
        uint64_t number = 0;

        if (!value)
                return true;

        if (parse_number(value, max, &number)) {
                *ret_value = (uint32_t)number;
                return true;
        }

        rule = g_strdup_printf("0 to 0x%x", max);
        return fail_value(element, name, rule, value, error);
}

/* "any, preferred or required" */
static char *list_words(const char *(*to_string)(int)) {
        g_autoptr(GString) list = g_string_new(NULL);

        for (int i = 0; to_string(i); i++)
                g_string_append_printf(list, "%s%s",
                                       i == 0             ? ""
                                       : to_string(i + 1) ? ", "
                                                          : " or ",
                                       to_string(i));

        return g_string_free(g_steal_pointer(&list), FALSE);
}

bool xml_prop_enum(const xmlNode *element, const char *name, const char *(*to_string)(int),
                   int *ret_value, GError **error) {
        g_autofree char *value = xml_prop(element, name), *rule = NULL;

        if (!value)
                return true;

        for (int i = 0; to_string(i); i++)
                if (g_str_equal(to_string(i), value)) {
                        *ret_value = i;
                        return true;
                }

        rule = list_words(to_string);
        return fail_value(element, name, rule, value, error);
}

static const char *bool_to_string(int value) {
        return value == 0 ? "no" : value == 1 ? "yes" : NULL;
}

bool xml_prop_bool(const xmlNode *element, const char *name, bool *ret_value, GError **error) {
        int value = *ret_value;

        if (!xml_prop_enum(element, name, bool_to_string, &value, error))
                return false;

        *ret_value = value;
        return true;
}
