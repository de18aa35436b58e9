/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an enemy may send: refused in one sentence, with bounded memory, and no file is opened. */

#include <libxml/parser.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "xml/document.h"
#include "xml/ferry-error.h"

#define SIZE_MAX_HERE (4u * 1024 * 1024)
#define MEMORY_MAX    (32u * 1024 * 1024)

/* libxml2's memory, counted. */
static size_t used, peak;

static void count(size_t more, size_t less) {
        used += more - less;
        peak = MAX(peak, used);
}

static void counting_free(void *memory) {
        count(0, malloc_usable_size(memory));
        free(memory);
}

static void *counting_malloc(size_t size) {
        void *memory = malloc(size);

        count(malloc_usable_size(memory), 0);
        return memory;
}

static void *counting_realloc(void *memory, size_t size) {
        size_t before = malloc_usable_size(memory);
        void *moved = realloc(memory, size);

        count(malloc_usable_size(moved), before);
        return moved;
}

static char *counting_strdup(const char *text) {
        char *copy = counting_malloc(strlen(text) + 1);

        return strcpy(copy, text);
}

/* Nothing here may ever ask for another file. */
static xmlParserInput *never(const char *url, const char *id, xmlParserCtxt *context) {
        g_error("asked for '%s'", url);
        return NULL;
}

/* NULL when the text is taken. */
static char *refusal(const char *xml, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(xmlDoc) doc = NULL;

        peak = used;
        doc = xml_document_parse(xml, size, SIZE_MAX_HERE, &error);
        g_assert_cmpuint(peak, <, MEMORY_MAX);

        if (doc)
                return NULL;

        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_null(strchr(error->message, '\n'));
        g_assert_cmpuint(strlen(error->message), <, 200);
        return g_strdup(error->message);
}

static void assert_refused(const char *xml, size_t size, const char *message) {
        g_autofree char *have = refusal(xml, size);

        g_assert_cmpstr(have, ==, message);
}

static char *repeat(const char *head, const char *part, size_t n, const char *tail) {
        GString *xml = g_string_new(head);

        for (size_t i = 0; i < n; i++)
                g_string_append(xml, part);
        return g_string_free(g_string_append(xml, tail), FALSE);
}

static void test_takes_what_is_well_formed(void) {
        static const char *const texts[] = {
                "<a/>",
                "\xef\xbb\xbf<a/>",
                "<?xml version='1.0' encoding='UTF-8'?><a/>",
                "<?xml version='1.0' encoding='utf-8'?><!-- \xc3\xa9 --><?p i?><a b='\xc3\xa9'/>",
                "<a><![CDATA[<&>]]>&amp;&#65;</a>",
                "<n:a/>", /* other people's namespaces are not our business */
                "<a xmlns:n='not a uri'><n:a/></a>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_refused(texts[i], strlen(texts[i]), NULL);
}

static void test_refuses_bytes_that_are_no_text(void) {
        assert_refused("", 0, "line 1: not well-formed XML: Document is empty");
        assert_refused("<a>\n<b>\0</b></a>", 16, "line 2: a NUL byte");
        assert_refused("<a/>\0", 5, "line 1: a NUL byte");
        assert_refused("<a>\n\n\xff</a>", 10, "line 3: not UTF-8");
        assert_refused("<a>\xc3</a>", 8, "line 1: not UTF-8");
        assert_refused("<a>\xed\xa0\x80</a>", 10, "line 1: not UTF-8");
        assert_refused("\xff\xfe<\0a\0/\0>\0", 10, "line 1: not UTF-8");
        assert_refused("<\0a\0/\0>\0", 8, "line 1: a NUL byte");
}

static void test_refuses_other_encodings(void) {
        static const char latin[] = "<?xml version='1.0' encoding='ISO-8859-1'?><a/>";
        g_autofree char *strange = NULL;

        assert_refused(latin, strlen(latin),
                       "line 1: the encoding must be UTF-8, not 'ISO-8859-1'");

        strange = refusal("<?xml version='1.0' encoding='UTF-16'?><a/>", 43);
        g_assert_nonnull(strange);
}

static void test_refuses_a_doctype_before_it_is_read(void) {
        static const char *const texts[] = {
                "<!DOCTYPE a><a/>",
                "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
                "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
                "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a/>",
                "<!DOCTYPE a PUBLIC '-//A//B' 'file:///dev/zero'><a/>",
                "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
                "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]><a/>",
                "<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'>]><a b='&b;'/>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_refused(texts[i], strlen(texts[i]),
                               "line 1: a DOCTYPE is not allowed here: remove it");

        assert_refused("<a>&x;</a>", 10, "line 1: not well-formed XML: Entity 'x' not defined");
}

static void test_refuses_what_is_not_well_formed_and_says_where(void) {
        static const char *const texts[] = {
                "<a>\n<b>\n</a>",
                "<a>\n<b></a></b>",
                "<a>\n<b c='1' c='2'/></a>",
                "<a>\n<b c='1'd='2'/></a>",
                "<a>\n<b c=1/></a>",
                "<a>\n<b c='<'/></a>",
                "<a>\n&#0;</a>",
                "<a>\n]]></a>",
                "<a>\n<b c='1",
                "<a>\n<!-- -- --></a>",
                "<a/>\n<b/>",
                "<a>\n\x01</a>",
                "<a>\n<?xml version='1.0'?></a>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autofree char *message = refusal(texts[i], strlen(texts[i]));

                g_assert_true(message && g_str_has_prefix(message, "line "));
                g_assert_nonnull(strstr(message, ": not well-formed XML: "));
                g_assert_cmpint(message[5], >=, i == 1 ? '1' : '2');
        }

        assert_refused(texts[2], strlen(texts[2]),
                       "line 2: not well-formed XML: Attribute c redefined");
}

static void test_refuses_a_text_cut_anywhere(void) {
        static const char xml[] =
                "<?xml version='1.0'?>\n<a b='1'>&amp;<![CDATA[x]]><!-- c --></a>";

        for (size_t size = 0; size < strlen(xml); size++) {
                g_autofree char *message = refusal(xml, size);

                g_assert_nonnull(message);
        }
        assert_refused(xml, strlen(xml), NULL);
}

static void test_a_long_name_does_not_make_a_long_message(void) {
        g_autofree char *xml = repeat("<", "n\xc3\xa9", 15000, "></b>");
        g_autofree char *message = refusal(xml, strlen(xml));

        g_assert_nonnull(message);
        g_assert_true(g_utf8_validate(message, -1, NULL));
}

static void test_refuses_ten_megabytes(void) {
        g_autofree char *xml = repeat("<a>", "0123456789", 1024 * 1024, "</a>");

        assert_refused(xml, strlen(xml), "the text has 10485767 bytes, at most 4194304 are read");
}

static void test_takes_no_more_depth_than_it_says(void) {
        g_autofree char *head = repeat("", "<a>", XML_DEPTH_MAX - 1, "<a/>");
        g_autofree char *good = repeat(head, "</a>", XML_DEPTH_MAX - 1, "");
        g_autofree char *deep = repeat("", "<a>", XML_DEPTH_MAX + 1, "");
        g_autofree char *deeper = repeat("", "<a>\n", SIZE_MAX_HERE / 100, "");

        assert_refused(good, strlen(good), NULL);
        assert_refused(deep, strlen(deep), "line 1: elements are nested deeper than 200");
        assert_refused(deeper, strlen(deeper), "line 201: elements are nested deeper than 200");
}

static void test_refuses_too_many_of_anything(void) {
        g_autofree char *tags = repeat("<a>", "<b/>", 60000, "</a>");
        g_autofree char *attributes = repeat("<a>", "<b c='' d='' e='' f=''/>", 6000, "</a>");
        g_autofree char *wide = repeat("<a\n", " b=''", 400000, "/>");

        g_autofree char *nested = repeat("", "<a xmlns:b='c' xmlns:d='e'>\n", 51, "");
        g_autofree char *beside = repeat("<a>", "<a xmlns:b='c' xmlns:d='e'><a/></a>", 51, "</a>");

        assert_refused(nested, strlen(nested), "line 51: more than 100 namespaces in one place");
        assert_refused(beside, strlen(beside), NULL);
        assert_refused(tags, strlen(tags), "line 1: more than 50000 '<' in the text");
        assert_refused(attributes, strlen(attributes), "line 1: more than 20000 '=' in the text");
        assert_refused(wide, strlen(wide), "line 2: more than 1000 '=' in one tag or text");
}

/* The worst that stays below the counts. */
static void test_memory_stays_bounded_below_the_limits(void) {
        g_autofree char *tags = repeat("<a>", "<b/>x", 49000, "</a>");
        g_autofree char *attributes = repeat("<a>", "<b c='&amp;' d='&amp;'/>&amp;", 9000, "</a>");
        g_autofree char *comments = repeat("<a>", "<!---->", 49000, "</a>");
        g_autofree char *instructions = repeat("<a>", "<?a?>", 49000, "</a>");
        g_autofree char *sections = repeat("<a>", "<![CDATA[x]]>", 49000, "</a>");
        g_autofree char *references = repeat("<a>", "&amp;", 800000, "</a>");
        g_autofree char *text = repeat("<a>", "0123456789", SIZE_MAX_HERE / 10 - 10, "</a>");
        char *const texts[] = {
                tags, attributes, comments, instructions, sections, references, text
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                assert_refused(texts[i], strlen(texts[i]), NULL);
                g_assert_cmpuint(peak, >, used); /* it is counted at all */
        }
}

static const xmlNode *nth_child(xmlDoc *doc, int n) {
        xmlNode *node = xmlFirstElementChild(xmlDocGetRootElement(doc));

        while (n-- > 0)
                node = xmlNextElementSibling(node);
        return node;
}

static void test_keeps_neither_comments_nor_instructions(void) {
        static const char xml[] = "<!-- a --><?b c?><a><!-- a --><?b c?></a><!-- a --><?b c?>";
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), SIZE_MAX_HERE, NULL);

        g_assert_nonnull(doc);
        g_assert_true(doc->children == xmlDocGetRootElement(doc));
        g_assert_null(doc->children->next);
        g_assert_null(doc->children->children);
}

static void test_lines_are_right_beyond_65535(void) {
        g_autofree char *xml = repeat("<a>", "\n", 70000, "<b\n/></a>");
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), SIZE_MAX_HERE, NULL);

        g_assert_nonnull(doc);
        g_assert_cmpuint(xml_line(nth_child(doc, 0)), ==, 70002);
}

/* libxml2 drops what it has read from its buffer now and then: enough text for that, and a value
 * that says where it stands. */
static void test_positions_are_right_in_a_long_text(void) {
        g_autoptr(GString) xml = g_string_new("\xef\xbb\xbf<?xml version='1.0'?>\n<a>");
        g_autoptr(xmlDoc) doc = NULL;
        const xmlNode *node;

        while (xml->len < 300000)
                g_string_append_printf(xml, "<b  c = \"\xc3\xa9\" d\n='%zu'/><!-- \xc3\xa9 -->\r\n",
                                       xml->len);
        g_string_append(xml, "</a>");

        doc = xml_document_parse(xml->str, xml->len, SIZE_MAX_HERE, NULL);
        g_assert_nonnull(doc);

        for (node = nth_child(doc, 0); node; node = xmlNextElementSibling((xmlNode *)node)) {
                const xmlAttr *attr = node->properties->next;
                size_t start = 0, end = 0, said;

                said = strtoull((const char *)attr->children->content, NULL, 10);
                g_assert_true(xml_value_position(attr, xml->str, xml->len, &start, &end));
                g_assert_cmpuint(start, ==, said + strlen("<b  c = \"\xc3\xa9\" d\n='"));
                g_assert_cmpuint(end, ==, start + strlen((const char *)attr->children->content));
        }
}

static void test_a_value_that_is_not_its_text_has_no_position(void) {
        static const char xml[] = "<a><b c='&#49;'/><b c='1&amp;'/><b c=' \n '/></a>";
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), SIZE_MAX_HERE, NULL);
        size_t start, end;

        g_assert_nonnull(doc);
        for (int i = 0; i < 3; i++)
                g_assert_false(xml_value_position(nth_child(doc, i)->properties, xml, strlen(xml),
                                                  &start, &end));
}

static void test_a_position_in_another_text_is_noticed(void) {
        static const char xml[] = "<a><b c='12'/></a>", other[] = "<a><b c='13'/></a>",
                          longer[] = "<a><b c='123'/></a>", shifted[] = "<a><b  c='12'/></a>",
                          unquoted[] = "<a><b c=x12x/></a>";
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), SIZE_MAX_HERE, NULL);
        const xmlAttr *attr = nth_child(doc, 0)->properties;
        size_t start, end;

        g_assert_true(xml_value_position(attr, xml, strlen(xml), &start, &end));
        g_assert_cmpuint(start, ==, 9);
        g_assert_cmpuint(end, ==, 11);

        g_assert_false(xml_value_position(attr, other, strlen(other), &start, &end));
        g_assert_false(xml_value_position(attr, longer, strlen(longer), &start, &end));
        g_assert_false(xml_value_position(attr, shifted, strlen(shifted), &start, &end));
        g_assert_false(xml_value_position(attr, unquoted, strlen(unquoted), &start, &end));
        for (size_t size = 0; size < 12; size++)
                g_assert_false(xml_value_position(attr, xml, size, &start, &end));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        xmlMemSetup(counting_free, counting_malloc, counting_realloc, counting_strdup);
        xmlSetExternalEntityLoader(never);

        g_test_add_func("/document/takes-what-is-well-formed", test_takes_what_is_well_formed);
        g_test_add_func("/document/refuses-bytes-that-are-no-text",
                        test_refuses_bytes_that_are_no_text);
        g_test_add_func("/document/refuses-other-encodings", test_refuses_other_encodings);
        g_test_add_func("/document/refuses-a-doctype-before-it-is-read",
                        test_refuses_a_doctype_before_it_is_read);
        g_test_add_func("/document/refuses-what-is-not-well-formed-and-says-where",
                        test_refuses_what_is_not_well_formed_and_says_where);
        g_test_add_func("/document/refuses-a-text-cut-anywhere", test_refuses_a_text_cut_anywhere);
        g_test_add_func("/document/a-long-name-does-not-make-a-long-message",
                        test_a_long_name_does_not_make_a_long_message);
        g_test_add_func("/document/refuses-ten-megabytes", test_refuses_ten_megabytes);
        g_test_add_func("/document/takes-no-more-depth-than-it-says",
                        test_takes_no_more_depth_than_it_says);
        g_test_add_func("/document/refuses-too-many-of-anything",
                        test_refuses_too_many_of_anything);
        g_test_add_func("/document/memory-stays-bounded-below-the-limits",
                        test_memory_stays_bounded_below_the_limits);
        g_test_add_func("/document/keeps-neither-comments-nor-instructions",
                        test_keeps_neither_comments_nor_instructions);
        g_test_add_func("/document/lines-are-right-beyond-65535",
                        test_lines_are_right_beyond_65535);
        g_test_add_func("/document/positions-are-right-in-a-long-text",
                        test_positions_are_right_in_a_long_text);
        g_test_add_func("/document/a-value-that-is-not-its-text-has-no-position",
                        test_a_value_that_is_not_its_text_has_no_position);
        g_test_add_func("/document/a-position-in-another-text-is-noticed",
                        test_a_position_in_another_text_is_noticed);

        return g_test_run();
}
