/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/document.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"

/* A guest with one PCI device, whose source is this element. */
#define WITH(address)                                                             \
        "<domain><name>g1</name><devices><hostdev mode='subsystem' type='pci'>\n" \
        "<source>" address "</source></hostdev></devices></domain>"

#define UUID_1 "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define UUID_2 "0c1d2e3f-4a5b-4c6d-8e7f-908192a3b4c5"

static char *rewrite(const char *xml, const char *const *sources, size_t n_sources) {
        g_autoptr(GError) error = NULL;
        char *text = domain_rewrite(xml, strlen(xml), sources, n_sources, &error);

        g_assert_no_error(error);
        g_assert_nonnull(text);
        return text;
}

static char *rewrite_one(const char *xml, const char *source) {
        return rewrite(xml, &source, 1);
}

static char *read_live(void) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "live.xml", NULL);
        char *xml = NULL;

        g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
        return xml;
}

/* Replaces what stands once in `text`. */
static void exchange(char **text, const char *before, const char *after) {
        g_auto(GStrv) parts = g_strsplit(*text, before, -1);

        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        g_free(*text);
        *text = g_strjoinv(after, parts);
}

static void test_the_present_sources_give_the_same_text(void) {
        static const char *const present[] = { "0000:01:10.2", UUID_1, "0000:3b:00.2" };
        static const char *const keep[] = { NULL, NULL, NULL };
        g_autofree char *xml = read_live();
        g_autofree char *same = rewrite(xml, present, 3), *kept = rewrite(xml, keep, 3);

        g_assert_cmpstr(same, ==, xml);
        g_assert_cmpstr(kept, ==, xml);
}

static void test_changes_the_sources_and_no_other_byte(void) {
        static const char *const other[] = { "0000:81:00.5", UUID_2, "0001:3b:1f.2" };
        g_autofree char *xml = read_live(), *expected = g_strdup(xml);
        g_autofree char *text = rewrite(xml, other, 3);

        exchange(&expected, "domain='0x0000' bus='0x01' slot='0x10' function='0x2'",
                 "domain='0x0000' bus='0x81' slot='0x00' function='0x5'");
        exchange(&expected, UUID_1, UUID_2);
        exchange(&expected, "domain='0x0000' bus='0x3b' slot='0x00' function='0x2'",
                 "domain='0x0001' bus='0x3b' slot='0x1f' function='0x2'");
        g_assert_cmpstr(text, ==, expected);
}

static void test_there_and_back_is_the_same_text(void) {
        static const char *const present[] = { "0000:01:10.2", UUID_1, "0000:3b:00.2" };
        static const char *const other[] = { "10000:ff:1f.7", UUID_2, "0000:00:01.0" };
        g_autofree char *xml = read_live(), *there = rewrite(xml, other, 3);
        g_autofree char *twice = rewrite(there, other, 3), *back = NULL;

        g_assert_cmpstr(twice, ==, there);
        g_assert_cmpstr(there, !=, xml);
        exchange(&there, "domain='0x10000'", "domain='0x0000'"); /* five digits stay five */
        back = rewrite(there, present, 3);
        g_assert_cmpstr(back, ==, xml);
}

static void test_one_source_may_be_kept_while_another_changes(void) {
        static const char *const other[] = { NULL, NULL, "0000:81:00.5" };
        g_autofree char *xml = read_live(), *expected = g_strdup(xml);
        g_autofree char *text = rewrite(xml, other, 3);

        exchange(&expected, "bus='0x3b' slot='0x00' function='0x2'",
                 "bus='0x81' slot='0x00' function='0x5'");
        g_assert_cmpstr(text, ==, expected);
}

static void test_keeps_the_style_that_stands_there(void) {
        static const struct {
                const char *xml, *source, *expected;
        } table[] = {
                { WITH("<address  bus = \"0x3b\"\n\tslot=\"0\" />"), "0000:0a:02.0",
                  WITH("<address  bus = \"0x0a\"\n\tslot=\"2\" />") },
                { WITH("<address bus='59' slot='0x0' domain='0' function='0X2'/>"), "0001:0a:1f.3",
                  WITH("<address bus='10' slot='0x1f' domain='1' function='0X3'/>") },
                { WITH("<address slot='010' bus='0x003B'/>"), "0000:ab:09.0",
                  WITH("<address slot='9' bus='0x00ab'/>") },
                { WITH("<address function='0x2' slot='0x00' bus='0x3b' domain='0x0000'/>"),
                  "abcd:01:1f.7",
                  WITH("<address function='0x7' slot='0x1f' bus='0x01' domain='0xabcd'/>") },
                { WITH("<address x='&amp;' bus='0x3b' slot='0x00'>\n<x bus='0x3b'/></address>"),
                  "0000:3c:00.0",
                  WITH("<address x='&amp;' bus='0x3c' slot='0x00'>\n<x bus='0x3b'/></address>") },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *text = rewrite_one(table[i].xml, table[i].source);

                g_assert_cmpstr(text, ==, table[i].expected);
        }
}

static void test_writes_what_is_absent_only_when_it_is_needed(void) {
        static const char bare[] = WITH("<address bus=\"0x3b\" slot='0x00'/>");
        g_autofree char *kept = rewrite_one(bare, "0000:3c:00.0");
        g_autofree char *both = rewrite_one(bare, "0001:3b:00.3");
        g_autofree char *again = rewrite_one(both, "0000:3b:00.0");

        g_assert_cmpstr(kept, ==, WITH("<address bus=\"0x3c\" slot='0x00'/>"));
        g_assert_cmpstr(both, ==,
                        WITH("<address bus=\"0x3b\" domain=\"0x0001\" slot='0x00' "
                             "function='0x3'/>"));
        g_assert_cmpstr(again, ==,
                        WITH("<address bus=\"0x3b\" domain=\"0x0000\" slot='0x00' "
                             "function='0x0'/>"));
}

static void test_an_upper_case_uuid_is_the_same_uuid(void) {
        static const char xml[] =
                "<domain><name>g1</name><devices><hostdev type='mdev'><source>"
                "<address uuid='83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'/></source></hostdev>"
                "</devices></domain>";
        g_autofree char *same = rewrite_one(xml, UUID_1);

        g_assert_cmpstr(same, ==, xml);
}

static void test_refuses_a_value_that_is_not_its_text(void) {
        static const char xml[] = WITH("<address bus='&#48;x3b' slot='0x00'/>");
        const char *present = "0000:3b:00.0", *slot = "0000:3b:01.0";
        const char *others[] = { "0000:3c:00.0", "0001:3b:00.0" };
        g_autofree char *same = rewrite_one(xml, present), *text = rewrite_one(xml, slot);

        g_assert_cmpstr(same, ==, xml);
        g_assert_cmpstr(text, ==, WITH("<address bus='&#48;x3b' slot='0x01'/>"));

        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(domain_rewrite(xml, strlen(xml), &others[i], 1, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                g_assert_cmpstr(error->message, ==,
                                "line 2: attribute 'bus' cannot be rewritten: write its value "
                                "without '&'");
        }
}

static void assert_bad_sources(const char *const *sources, size_t n, const char *message) {
        g_autofree char *xml = read_live();
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_rewrite(xml, strlen(xml), sources, n, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error->message, ==, message);
}

static void test_refuses_sources_that_do_not_fit_the_devices(void) {
        static const char *const crossed[] = { NULL, "0000:01:10.2", NULL };
        static const char *const markup[] = { "0000:01:10.2'/>", NULL, NULL };
        static const char *const uuid[] = { UUID_1, NULL, NULL };

        assert_bad_sources(crossed, 2, "2 sources for 3 passthrough devices");
        assert_bad_sources(crossed, 3,
                           "hostdev0: '0000:01:10.2' cannot be the source of type 'mdev'");
        assert_bad_sources(markup, 3,
                           "ua-vf: '0000:01:10.2'/>' cannot be the source of type 'pci'");
        assert_bad_sources(uuid, 3, "ua-vf: '" UUID_1 "' cannot be the source of type 'pci'");
}

static void test_refuses_what_the_reader_refuses(void) {
        static const char xml[] = "<domain>\n<name>g1</domain>";
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_rewrite(xml, strlen(xml), NULL, 0, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_true(g_str_has_prefix(error->message, "line 2: "));
}

/* One attribute more than the reader takes: what libvirt would get is read again before. */
static void test_refuses_a_result_that_could_not_be_read(void) {
        g_autoptr(GString) xml = g_string_new(WITH("<address bus='1' slot='2'/>"));
        const char *present = "0000:01:02.0", *other = "0000:01:02.3";
        g_autoptr(GError) error = NULL;
        g_autofree char *same = NULL;
        size_t have = 0;

        for (const char *p = xml->str; *p; p++)
                have += *p == '=';
        for (; have < XML_ATTRIBUTES_MAX; have += 500) {
                size_t n = MIN(500, XML_ATTRIBUTES_MAX - have);
                g_autofree char *signs = g_strnfill(n, '=');

                g_string_append_printf(xml, "<!-- %s -->", signs);
        }

        same = rewrite_one(xml->str, present);
        g_assert_cmpstr(same, ==, xml->str);

        g_assert_null(domain_rewrite(xml->str, xml->len, &other, 1, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_nonnull(strstr(error->message, "more than 20000 '='"));
}

static void test_a_guest_without_devices_is_given_back_as_it_is(void) {
        static const char xml[] = "\xef\xbb\xbf<?xml version='1.0'?>\r\n<domain>\r\n<name>g1</name>"
                                  "<!-- \xc3\xa9 --></domain>\n";
        g_autofree char *text = rewrite(xml, NULL, 0);

        g_assert_cmpstr(text, ==, xml);
}

/* Long before and between the devices, so that libxml2's buffer has moved more than once. */
static void test_finds_the_last_of_many_devices_in_a_long_text(void) {
        g_autoptr(GString) xml = g_string_new("<domain><name>g1</name><metadata>");
        g_autoptr(GString) expected = NULL;
        g_autofree const char **sources = g_new0(const char *, METADATA_DEVICES_MAX);
        g_autofree char *text = NULL;

        for (int i = 0; i < 3000; i++)
                g_string_append(xml, "<x:a xmlns:x='urn:x' b='\xc3\xa9'>&amp;\xe2\x82\xac</x:a>");
        g_string_append(xml, "</metadata><devices>");
        for (int i = 0; i < METADATA_DEVICES_MAX; i++) {
                g_string_append(xml, "<!-- 0x3b --><hostdev type='pci'><source>"
                                     "<address bus='0x3b' slot='0x00'/></source></hostdev>");
                sources[i] = "0000:3c:00.0";
        }
        g_string_append(xml, "</devices></domain>");

        expected = g_string_new(xml->str);
        g_assert_cmpuint(g_string_replace(expected, "bus='0x3b'", "bus='0x3c'", 0), ==,
                         METADATA_DEVICES_MAX);

        text = rewrite(xml->str, sources, METADATA_DEVICES_MAX);
        g_assert_cmpstr(text, ==, expected->str);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/rewrite/the-present-sources-give-the-same-text",
                        test_the_present_sources_give_the_same_text);
        g_test_add_func("/rewrite/changes-the-sources-and-no-other-byte",
                        test_changes_the_sources_and_no_other_byte);
        g_test_add_func("/rewrite/there-and-back-is-the-same-text",
                        test_there_and_back_is_the_same_text);
        g_test_add_func("/rewrite/one-source-may-be-kept-while-another-changes",
                        test_one_source_may_be_kept_while_another_changes);
        g_test_add_func("/rewrite/keeps-the-style-that-stands-there",
                        test_keeps_the_style_that_stands_there);
        g_test_add_func("/rewrite/writes-what-is-absent-only-when-it-is-needed",
                        test_writes_what_is_absent_only_when_it_is_needed);
        g_test_add_func("/rewrite/an-upper-case-uuid-is-the-same-uuid",
                        test_an_upper_case_uuid_is_the_same_uuid);
        g_test_add_func("/rewrite/refuses-a-value-that-is-not-its-text",
                        test_refuses_a_value_that_is_not_its_text);
        g_test_add_func("/rewrite/refuses-sources-that-do-not-fit-the-devices",
                        test_refuses_sources_that_do_not_fit_the_devices);
        g_test_add_func("/rewrite/refuses-what-the-reader-refuses",
                        test_refuses_what_the_reader_refuses);
        g_test_add_func("/rewrite/refuses-a-result-that-could-not-be-read",
                        test_refuses_a_result_that_could_not_be_read);
        g_test_add_func("/rewrite/a-guest-without-devices-is-given-back-as-it-is",
                        test_a_guest_without_devices_is_given_back_as_it_is);
        g_test_add_func("/rewrite/finds-the-last-of-many-devices-in-a-long-text",
                        test_finds_the_last_of_many_devices_in_a_long_text);

        return g_test_run();
}
