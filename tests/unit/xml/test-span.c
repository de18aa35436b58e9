/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/span.h"

#include <glib.h>
#include <string.h>

static char *text_of(const char *xml, size_t start, size_t end) {
        return g_strndup(xml + start, end - start);
}

static void assert_root(const char *xml, const char *whole, const char *inner) {
        XmlSpan span = xml_span_root(xml, strlen(xml));
        g_autofree char *outside = text_of(xml, span.start, span.end);
        g_autofree char *inside = text_of(xml, span.inner_start, span.inner_end);

        g_assert_cmpstr(outside, ==, whole);
        g_assert_cmpstr(inside, ==, inner);
}

static void test_the_root_is_found(void) {
        assert_root("<a/>", "<a/>", "");
        assert_root("<?xml version='1.0'?><!-- <b> -->\n<a> x </a>\n", "<a> x </a>", " x ");
        assert_root("<a b='>' c=\"'/>\">1<b>2<b/></b>3</a >",
                    "<a b='>' c=\"'/>\">1<b>2<b/></b>3</a >", "1<b>2<b/></b>3");
        assert_root("<a><![CDATA[</a>]]><!-- </a> --><?x </a>?></a>\n",
                    "<a><![CDATA[</a>]]><!-- </a> --><?x </a>?></a>",
                    "<![CDATA[</a>]]><!-- </a> --><?x </a>?>");
}

static void assert_children(const char *xml, const char *name, const char *expected) {
        XmlSpan root = xml_span_root(xml, strlen(xml)), child;
        g_autoptr(GString) found = g_string_new(NULL);

        for (size_t from = root.inner_start; xml_span_child(xml, &root, from, name, &child);
             from = child.end)
                g_string_append_len(found, xml + child.start, (gssize)(child.end - child.start));
        g_assert_cmpstr(found->str, ==, expected);
}

static void test_children_are_found_by_their_names(void) {
        assert_children("<a><b/><bb/><c><b x='1'/></c><b\n>2</b><x:b/><!-- <b/> --><b2/></a>", "b",
                        "<b/><b\n>2</b>");
        assert_children("<a><![CDATA[<b/>]]><?b <b/>?></a>", "b", "");
        assert_children("<a/>", "b", "");
        assert_children("<a>b</a>", "b", "");
        assert_children("<a><b><b/></b></a>", "b", "<b><b/></b>");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/span/the root is found", test_the_root_is_found);
        g_test_add_func("/span/children are found by their names",
                        test_children_are_found_by_their_names);
        return g_test_run();
}
