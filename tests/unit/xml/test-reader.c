/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One element, one attribute, and the words that an operator gets. */

#include <string.h>

#include "xml/ferry-error.h"
#include "xml/metadata.h"
#include "xml/reader.h"

typedef struct Fixture {
        xmlDoc *doc;
        GError *error;
} Fixture;

/* `value` stands at attribute x of the element in line 2. */
static xmlNode *element_with(Fixture *f, const char *value) {
        g_autofree char *xml = g_strdup_printf("<a>\n<b x=\"%s\"/></a>", value);

        g_clear_pointer(&f->doc, xmlFreeDoc);
        g_clear_error(&f->error);
        f->doc = xml_document_parse(xml, strlen(xml), 1 << 20, &f->error);
        g_assert_no_error(f->error);
        return xmlFirstElementChild(xmlDocGetRootElement(f->doc));
}

static void tear_down(Fixture *f, gconstpointer unused) {
        xmlFreeDoc(f->doc);
        g_clear_error(&f->error);
}

static void assert_message(Fixture *f, const char *message) {
        g_assert_error(f->error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_cmpstr(f->error->message, ==, message);
}

static const char *migration_word(int value) {
        return migration_need_to_string((MigrationNeed)value);
}

static void test_an_absent_attribute_changes_nothing(Fixture *f, gconstpointer unused) {
        const xmlNode *element = element_with(f, "1");
        uint64_t large = 7;
        unsigned number = 7;
        uint32_t raw = 7;
        bool flag = true;
        int hex = 7;
        char *text = NULL;

        g_assert_true(xml_prop_uint(element, "y", 1, 2, &number, &f->error));
        g_assert_true(xml_prop_uint64(element, "y", 1, 2, &large, &f->error));
        g_assert_true(xml_prop_number(element, "y", 1, &raw, &f->error));
        g_assert_true(xml_prop_hex(element, "y", 1, &hex, &f->error));
        g_assert_true(xml_prop_enum(element, "y", migration_word, &hex, &f->error));
        g_assert_true(xml_prop_bool(element, "y", &flag, &f->error));
        g_assert_true(xml_prop_name(element, "y", &text, &f->error));

        g_assert_cmpuint(number, ==, 7);
        g_assert_cmpuint(large, ==, 7);
        g_assert_cmpuint(raw, ==, 7);
        g_assert_cmpint(hex, ==, 7);
        g_assert_true(flag);
        g_assert_null(text);

        g_assert_false(xml_require(element, "y", &f->error));
        assert_message(f, "line 2: <b> needs an attribute 'y'");
}

static void test_a_number_out_of_range_is_told_its_range(Fixture *f, gconstpointer unused) {
        static const char *const bad[] = {
                "0", "65", "-1", "+1", " 1", "1 ", "01", "1a", "0x1", "", "99999999999999999999999"
        };
        unsigned number = 0;

        g_assert_true(xml_prop_uint(element_with(f, "64"), "x", 1, 64, &number, &f->error));
        g_assert_cmpuint(number, ==, 64);

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *message = g_strdup_printf(
                        "line 2: attribute 'x' must be 1 to 64, not '%s'", bad[i]);

                g_assert_false(
                        xml_prop_uint(element_with(f, bad[i]), "x", 1, 64, &number, &f->error));
                assert_message(f, message);
                g_assert_cmpuint(number, ==, 64);
        }
}

static void test_a_pci_id_is_hexadecimal(Fixture *f, gconstpointer unused) {
        static const char *const bad[] = {
                "15b3", "0x", "0x15b3f", "0x00001", "0xg", "0x-1", "0X1"
        };
        int id = -1;

        g_assert_true(xml_prop_hex(element_with(f, "0x15B3"), "x", 4, &id, &f->error));
        g_assert_cmpint(id, ==, 0x15b3);
        g_assert_true(xml_prop_hex(element_with(f, "0x1"), "x", 4, &id, &f->error));
        g_assert_cmpint(id, ==, 1);

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_assert_false(xml_prop_hex(element_with(f, bad[i]), "x", 4, &id, &f->error));
                g_assert_cmpint(id, ==, 1);
        }
        assert_message(f, "line 2: attribute 'x' must be 0x and 1 to 4 hex digits, not '0X1'");
}

static void test_a_number_is_read_as_libvirt_reads_it(Fixture *f, gconstpointer unused) {
        static const char *const bad[] = { "",   "0x",   "08", "1f",  "0x20", "32",  " 1",   "+1",
                                           "-1", "0x 1", "1 ", "0b1", "0x-1", "040", "0x0x1" };
        uint32_t number = 0;

        g_assert_true(xml_prop_number(element_with(f, "0x1F"), "x", 31, &number, &f->error));
        g_assert_cmpuint(number, ==, 31);
        g_assert_true(xml_prop_number(element_with(f, "0X0a"), "x", 31, &number, &f->error));
        g_assert_cmpuint(number, ==, 10);
        g_assert_true(xml_prop_number(element_with(f, "010"), "x", 31, &number, &f->error));
        g_assert_cmpuint(number, ==, 8);
        g_assert_true(xml_prop_number(element_with(f, "10"), "x", 31, &number, &f->error));
        g_assert_cmpuint(number, ==, 10);
        g_assert_true(xml_prop_number(element_with(f, "0"), "x", 31, &number, &f->error));
        g_assert_cmpuint(number, ==, 0);

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_false(
                        xml_prop_number(element_with(f, bad[i]), "x", 31, &number, &f->error));
        assert_message(f, "line 2: attribute 'x' must be 0 to 0x1f, not '0x0x1'");
}

static void test_a_word_out_of_a_list_is_told_the_list(Fixture *f, gconstpointer unused) {
        bool flag = false;
        int value = -1;

        g_assert_true(
                xml_prop_enum(element_with(f, "required"), "x", migration_word, &value, &f->error));
        g_assert_cmpint(value, ==, MIGRATION_NEED_REQUIRED);

        g_assert_false(
                xml_prop_enum(element_with(f, "maybe"), "x", migration_word, &value, &f->error));
        assert_message(f, "line 2: attribute 'x' must be any, preferred or required, not 'maybe'");
        g_assert_cmpint(value, ==, MIGRATION_NEED_REQUIRED);

        g_assert_true(xml_prop_bool(element_with(f, "yes"), "x", &flag, &f->error));
        g_assert_true(flag);
        g_assert_false(xml_prop_bool(element_with(f, "true"), "x", &flag, &f->error));
        assert_message(f, "line 2: attribute 'x' must be no or yes, not 'true'");
}

static void test_a_name_is_never_a_path(Fixture *f, gconstpointer unused) {
        static const char *const good[] = { "a", "mtty-1", "i915-GVTg_V5_4", "_x", "9", "a.b:c+d" };
        static const char *const bad[] = { "",    ".",    "..",       "../a", "a/b", "-",     ".a",
                                           "a b", "a\\b", "\xc3\xa9", "+",    "a%s", "a&#10;" };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *name = NULL;

                g_assert_true(xml_prop_name(element_with(f, good[i]), "x", &name, &f->error));
                g_assert_cmpstr(name, ==, good[i]);
        }

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                char *name = NULL;

                g_assert_false(xml_prop_name(element_with(f, bad[i]), "x", &name, &f->error));
                g_assert_null(name);
        }
        assert_message(f, "line 2: attribute 'x' must be letters, digits and . _ + : -, at most 128"
                          " of them and a letter, digit or _ first, not 'a '");
}

static void test_lengths_have_their_limits(Fixture *f, gconstpointer unused) {
        g_autofree char *name = g_strnfill(XML_NAME_LENGTH_MAX, 'n');
        g_autofree char *text = g_strnfill(XML_TEXT_LENGTH_MAX, ' ');
        g_autofree char *longer_name = g_strconcat(name, "n", NULL);
        g_autofree char *longer_text = g_strconcat(text, "t", NULL);

        g_assert_true(xml_name_is_valid(name));
        g_assert_false(xml_name_is_valid(longer_name));
        g_assert_true(xml_text_is_valid(text));
        g_assert_false(xml_text_is_valid(longer_text));
        g_assert_false(xml_text_is_valid(""));
        g_assert_false(xml_text_is_valid("a\tb"));
        g_assert_false(xml_text_is_valid("a\xff"));
        g_assert_true(xml_text_is_valid("22.39.1002 (MT_0000000436) \xc3\xa9"));
}

static void test_addresses_come_in_lower_case(Fixture *f, gconstpointer unused) {
        g_autofree char *address = NULL, *uuid = NULL;

        g_assert_true(
                xml_prop_pci_address(element_with(f, "0000:3B:1F.7"), "x", &address, &f->error));
        g_assert_cmpstr(address, ==, "0000:3b:1f.7");
        g_assert_true(xml_prop_uuid(element_with(f, "83B8F4F2-509F-382F-3C1E-E6BFE0FA1001"), "x",
                                    &uuid, &f->error));
        g_assert_cmpstr(uuid, ==, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");

        g_assert_false(xml_prop_pci_address(element_with(f, "3b:00.0"), "x", &address, &f->error));
        assert_message(f, "line 2: attribute 'x' must be a PCI address like 0000:00:05.0, not"
                          " '3b:00.0'");
}

static void test_a_message_is_one_short_line(Fixture *f, gconstpointer unused) {
        g_autofree char *much = g_strnfill(100000, 'A');
        unsigned number = 0;

        g_assert_false(xml_prop_uint(element_with(f, "a&#10;b&#13;c&#9;d"), "x", 0, 1, &number,
                                     &f->error));
        assert_message(f, "line 2: attribute 'x' must be 0 to 1, not 'a b c d'");

        g_assert_false(xml_prop_uint(element_with(f, much), "x", 0, 1, &number, &f->error));
        g_assert_cmpuint(strlen(f->error->message), <, 160);
        g_assert_true(g_str_has_suffix(f->error->message, "AAA...'"));
}

static void test_children_are_found_by_name_and_namespace(Fixture *f, gconstpointer unused) {
        static const char xml[] = "<a xmlns:n='urn:n'><n:b/><b/>\n<c/><c/><n:d/></a>";
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), 100, NULL);
        xmlNode *root = xmlDocGetRootElement(doc), *child = NULL;
        g_autofree char *tag = xml_tag(xmlFirstElementChild(root));

        g_assert_cmpstr(tag, ==, "<n:b>");
        g_assert_true(xml_child(root, "b", &child, &f->error));
        g_assert_true(xml_is(child, NULL, "b"));
        g_assert_true(xml_child(root, "d", &child, &f->error));
        g_assert_null(child);
        g_assert_false(xml_child(root, "c", &child, &f->error));
        assert_message(f, "line 2: a second <c> in <a>: remove one");
}

static void test_children_of_one_name_come_one_by_one(Fixture *f, gconstpointer unused) {
        static const char xml[] = "<a xmlns:n='urn:n'><n:b x='0'/><b x='1'/><c/><b x='2'/></a>";
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), 100, NULL);
        const xmlNode *root = xmlDocGetRootElement(doc);
        const xmlNode *child = xml_first_child(root, "b");

        g_assert_true(child && xml_prop_is(child, "x", "1"));
        child = xml_next_same(child);
        g_assert_true(child && xml_prop_is(child, "x", "2"));
        g_assert_null(xml_next_same(child));

        g_assert_null(xml_first_child(root, "d"));
        g_assert_null(xml_first_child(NULL, "b"));
}

static void test_an_attribute_of_a_child_is_that_of_the_first(Fixture *f, gconstpointer unused) {
        static const char xml[] = "<a><b x='1'/><b x='2'/><c/></a>";
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), 100, NULL);
        const xmlNode *root = xmlDocGetRootElement(doc);
        g_autofree char *value = xml_child_prop(root, "b", "x");

        g_assert_cmpstr(value, ==, "1");
        g_assert_null(xml_child_prop(root, "c", "x"));
        g_assert_null(xml_child_prop(root, "d", "x"));
        g_assert_false(xml_prop_is(root, "x", "1"));
}

#define add(name, function) g_test_add(name, Fixture, NULL, NULL, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("/reader/an-absent-attribute-changes-nothing",
            test_an_absent_attribute_changes_nothing);
        add("/reader/a-number-out-of-range-is-told-its-range",
            test_a_number_out_of_range_is_told_its_range);
        add("/reader/a-pci-id-is-hexadecimal", test_a_pci_id_is_hexadecimal);
        add("/reader/a-number-is-read-as-libvirt-reads-it",
            test_a_number_is_read_as_libvirt_reads_it);
        add("/reader/a-word-out-of-a-list-is-told-the-list",
            test_a_word_out_of_a_list_is_told_the_list);
        add("/reader/a-name-is-never-a-path", test_a_name_is_never_a_path);
        add("/reader/lengths-have-their-limits", test_lengths_have_their_limits);
        add("/reader/addresses-come-in-lower-case", test_addresses_come_in_lower_case);
        add("/reader/a-message-is-one-short-line", test_a_message_is_one_short_line);
        add("/reader/children-are-found-by-name-and-namespace",
            test_children_are_found_by_name_and_namespace);
        add("/reader/children-of-one-name-come-one-by-one",
            test_children_of_one_name_come_one_by_one);
        add("/reader/an-attribute-of-a-child-is-that-of-the-first",
            test_an_attribute_of_a_child_is_that_of_the_first);

        return g_test_run();
}
