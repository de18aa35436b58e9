/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libxml/relaxng.h>
#include <string.h>

#include "xml/document.h"
#include "xml/ferry-error.h"
#include "xml/metadata.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNG, xmlRelaxNGFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt)

#define MAC "52:54:00:76:00:01"
#define FILTER                                                                                 \
        "<filter direction='ingress' priority='1' chain='0x0' handle='0x1' protocol='0x0800' " \
        "kind='flower' options='CAABAGEA'/>"

/* The inside of a document of this version, or of the next. */
#define SWITCH(inside) \
        "<switch xmlns='urn:virtferry:domain:1' xmlns:x='urn:x' version='1.0'>" inside "</switch>"
#define NEWER(inside)   "<switch version='1.7'>" inside "</switch>"
#define PORT(inside)    SWITCH("<port>" inside "</port>")
#define FILTERS(inside) SWITCH("<filters qdisc='clsact'>" inside "</filters>")

static void quiet(void *unused, const char *format, ...) {
}

static bool schema_takes(const char *xml) {
        g_autoptr(xmlRelaxNGParserCtxt)
                parser = xmlRelaxNGNewParserCtxt(g_getenv("FERRY_SWITCH_SCHEMA"));
        g_autoptr(xmlRelaxNG) schema = xmlRelaxNGParse(parser);
        g_autoptr(xmlRelaxNGValidCtxt) validator = NULL;
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), METADATA_XML_MAX, NULL);

        g_assert_nonnull(schema);
        g_assert_nonnull(doc);

        validator = xmlRelaxNGNewValidCtxt(schema);
        xmlRelaxNGSetValidErrors(validator, quiet, quiet, NULL);
        return xmlRelaxNGValidateDoc(validator, doc) == 0;
}

static SwitchState *read_good(const char *xml) {
        g_autoptr(GError) error = NULL;
        SwitchState *state = switch_state_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        g_assert_nonnull(state);
        return state;
}

static char *read_bad(const char *xml) {
        g_autoptr(GError) error = NULL;

        g_assert_null(switch_state_from_xml(xml, strlen(xml), &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_true(g_str_has_prefix(error->message, "line "));
        return g_strdup(error->message);
}

static const char *const good_documents[] = {
        SWITCH(""),
        SWITCH("<vf/>"),
        SWITCH("<x:a/><filters qdisc='none'/><port/><vf x:a='b'><x:a>text</x:a></vf>"),
        SWITCH("<vf mac='52:54:00:AB:cd:01' vlan='4094' qos='7' protocol='802.1ad'/>"),
        SWITCH("<vf vlan='1' qos='0' protocol='802.1q'/>"),
        SWITCH("<vf spoof-check='yes' trust='no' link-state='auto'/>"),
        SWITCH("<vf spoof-check='no' trust='yes' link-state='down'/>"),
        SWITCH("<vf link-state='up' min-tx-rate='0' max-tx-rate='999999999'/>"),
        SWITCH("<vf node-guid='0x0011223344556677' port-guid='0xFFFFFFFFFFFFFFFF'/>"),
        PORT("<vlan first='1' last='1' pvid='yes' untagged='yes'/><vlan first='2' last='4094'/>"),
        PORT("<vlan first='9' last='10'/><vlan first='2' last='8' pvid='no' untagged='no'/>"),
        PORT("<fdb mac='" MAC "' state='static'/><x:a/><fdb mac='" MAC "' vlan='5' "
             "state='permanent' sticky='yes'/>"),
        PORT("<fdb mac='" MAC
             "' state='reachable' extern-learned='yes'/><vlan first='1' last='1'/>"),
        SWITCH("<port shared='yes'><fdb mac='" MAC "' state='static'/></port>"),
        SWITCH("<port shared='no'><vlan first='1' last='1'/></port>"),
        SWITCH("<filters qdisc='ingress'>" FILTER "</filters>"),
        FILTERS(""),
        FILTERS("<filter direction='egress' priority='65535' chain='0xfffffff' handle='0xffffffff' "
                "protocol='0x3' kind='matchall' options='CAABAGEA'><netdev name='eth0.1'/>"
                "<netdev name='eth0.1'/></filter>"),
        FILTERS("<filter direction='egress' priority='1' chain='0x1' handle='0x0' "
                "protocol='0x0' kind='flower' options='CAABAGEAYg=='/>" FILTER),
};

static const char *const bad_documents[] = {
        "<switch xmlns='urn:virtferry:domain:2' version='1.0'/>",
        "<port xmlns='urn:virtferry:domain:1' version='1.0'/>",
        "<switch xmlns='urn:virtferry:domain:1'/>",
        "<switch xmlns='urn:virtferry:domain:1' version='1'/>",
        "<switch xmlns='urn:virtferry:domain:1' version='1.00'/>",
        "<switch xmlns='urn:virtferry:domain:1' version='01.0'/>",
        "<switch xmlns='urn:virtferry:domain:1' version='2.0'/>",
        "<switch xmlns='urn:virtferry:domain:1' version='1.0' x='y'/>",
        SWITCH("text"),
        SWITCH("<x xmlns=''/>"),
        SWITCH("<need/>"),
        SWITCH("<vf/><vf/>"),
        SWITCH("<port/><port/>"),
        SWITCH("<filters qdisc='none'/><filters qdisc='none'/>"),
        SWITCH("<vf>text</vf>"),
        SWITCH("<vf><vf/></vf>"),
        SWITCH("<vf colour='red'/>"),
        SWITCH("<vf mac=''/>"),
        SWITCH("<vf mac='52-54-00-76-00-01'/>"),
        SWITCH("<vf mac='53:54:00:76:00:01'/>"),
        SWITCH("<vf mac=' " MAC "'/>"),
        SWITCH("<vf vlan='0'/>"),
        SWITCH("<vf vlan='4095'/>"),
        SWITCH("<vf vlan='01'/>"),
        SWITCH("<vf vlan='1' qos='8'/>"),
        SWITCH("<vf qos='1'/>"),
        SWITCH("<vf protocol='802.1ad'/>"),
        SWITCH("<vf vlan='1' protocol='802.3'/>"),
        SWITCH("<vf spoof-check='1'/>"),
        SWITCH("<vf trust=''/>"),
        SWITCH("<vf link-state='enable'/>"),
        SWITCH("<vf max-tx-rate='1000000000'/>"),
        SWITCH("<vf min-tx-rate='-1'/>"),
        SWITCH("<vf node-guid='0x1'/>"),
        PORT("<vf/>"),
        PORT("<vlan first='1'/>"),
        PORT("<vlan last='1'/>"),
        PORT("<vlan first='0' last='1'/>"),
        PORT("<vlan first='1' last='4095'/>"),
        PORT("<vlan first='1' last='1' pvid='maybe'/>"),
        PORT("<fdb state='static'/>"),
        PORT("<fdb mac='" MAC "'/>"),
        PORT("<fdb mac='" MAC "' state='stale'/>"),
        PORT("<fdb mac='" MAC "' state='static' vlan='0'/>"),
        SWITCH("<port shared='yes'><vlan first='1' last='1'/></port>"),
        SWITCH("<filters/>"),
        SWITCH("<filters qdisc='htb'/>"),
        SWITCH("<filters qdisc='none'>" FILTER "</filters>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower'/>"),
        FILTERS("<filter direction='up' priority='1' chain='0x0' handle='0x1' protocol='0x0800' "
                "kind='flower' options='CAABAGEA'/>"),
        FILTERS("<filter direction='ingress' priority='0' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAABAGEA'/>"),
        FILTERS("<filter direction='ingress' priority='65536' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAABAGEA'/>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x10000000' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAABAGEA'/>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='1' "
                "protocol='0x0800' kind='flower' options='CAABAGEA'/>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='../flower' options='CAABAGEA'/>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAAB'/>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAAB AGEA'/>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAABAGEA'><netdev name='a/b'/></filter>"),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAABAGEA'>"
                "<netdev name='sixteen.bytes.xx'/></filter>"),
};

/* What the schema cannot say. */
static const char *const bad_beyond_the_schema[] = {
        SWITCH("<vf mac='00:00:00:00:00:00'/>"),
        SWITCH("<vf port-guid='0x0000000000000000'/>"),
        PORT("<vlan first='2' last='1'/>"),
        PORT("<vlan first='1' last='2' pvid='yes'/>"),
        PORT("<vlan first='1' last='1' pvid='yes'/><vlan first='2' last='2' pvid='yes'/>"),
        PORT("<vlan first='5' last='9'/><vlan first='1' last='5'/>"),
        PORT("<fdb mac='" MAC "' state='static'/><fdb mac='" MAC "' state='permanent'/>"),
        FILTERS(FILTER FILTER),
        FILTERS("<filter direction='ingress' priority='1' chain='0x0' handle='0x1' "
                "protocol='0x0800' kind='flower' options='CAABAGEAYh=='/>"),
};

static void test_schema_and_reader_agree(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++) {
                switch_state_free(read_good(good_documents[i]));
                if (!schema_takes(good_documents[i]))
                        g_error("the schema refuses %s", good_documents[i]);
        }

        for (size_t i = 0; i < G_N_ELEMENTS(bad_documents); i++) {
                g_free(read_bad(bad_documents[i]));
                if (schema_takes(bad_documents[i]))
                        g_error("the schema takes %s", bad_documents[i]);
        }

        for (size_t i = 0; i < G_N_ELEMENTS(bad_beyond_the_schema); i++)
                g_free(read_bad(bad_beyond_the_schema[i]));
}

static void test_what_is_read_is_written_in_the_schema(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++) {
                g_autoptr(SwitchState) state = read_good(good_documents[i]), again = NULL;
                g_autofree char *xml = switch_state_to_xml(state), *full = NULL;

                again = read_good(xml);
                g_assert_true(switch_state_equal(state, again));

                full = g_strdup_printf("<switch xmlns='urn:virtferry:domain:1'%s",
                                       xml + strlen("<switch"));
                g_assert_true(schema_takes(full));
        }
}

static void test_each_document_says_something_else(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(good_documents); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(good_documents); j++) {
                        g_autoptr(SwitchState) a = read_good(good_documents[i]);
                        g_autoptr(SwitchState) b = read_good(good_documents[j]);

                        g_assert_true(switch_state_equal(a, b) == (i == j));
                }
        g_assert_true(switch_state_equal(NULL, NULL));
}

#define FILTER_WITH(attributes, inside)                                 \
        FILTERS("<filter direction='ingress' chain='0x0' handle='0x1' " \
                "protocol='0x0800' " attributes ">" inside "</filter>")

static void test_every_member_counts_for_equality(void) {
        static const char *const texts[] = {
                SWITCH("<vf/>"),
                SWITCH("<vf mac='" MAC "'/>"),
                SWITCH("<vf vlan='1'/>"),
                SWITCH("<vf vlan='1' qos='1'/>"),
                SWITCH("<vf vlan='1' protocol='802.1ad'/>"),
                SWITCH("<vf spoof-check='yes'/>"),
                SWITCH("<vf trust='yes'/>"),
                SWITCH("<vf trust='no'/>"),
                SWITCH("<vf link-state='auto'/>"),
                SWITCH("<vf min-tx-rate='1'/>"),
                SWITCH("<vf max-tx-rate='1'/>"),
                SWITCH("<vf node-guid='0x0000000000000001'/>"),
                SWITCH("<vf port-guid='0x0000000000000001'/>"),
                SWITCH("<port/>"),
                SWITCH("<port shared='yes'/>"),
                PORT("<vlan first='1' last='1'/>"),
                PORT("<vlan first='1' last='2'/>"),
                PORT("<vlan first='1' last='1' pvid='yes'/>"),
                PORT("<vlan first='1' last='1' untagged='yes'/>"),
                PORT("<fdb mac='" MAC "' state='static'/>"),
                PORT("<fdb mac='" MAC "' vlan='1' state='static'/>"),
                PORT("<fdb mac='" MAC "' state='permanent'/>"),
                PORT("<fdb mac='" MAC "' state='static' sticky='yes'/>"),
                PORT("<fdb mac='" MAC "' state='static' extern-learned='yes'/>"),
                SWITCH("<filters qdisc='none'/>"),
                FILTERS(""),
                FILTER_WITH("priority='1' kind='flower' options='CAABAGEA'", ""),
                FILTER_WITH("priority='2' kind='flower' options='CAABAGEA'", ""),
                FILTER_WITH("priority='1' kind='matchall' options='CAABAGEA'", ""),
                FILTER_WITH("priority='1' kind='flower' options='CAABAGEB'", ""),
                FILTER_WITH("priority='1' kind='flower' options='CAABAGEA'", "<netdev name='a'/>"),
                FILTER_WITH("priority='1' kind='flower' options='CAABAGEA'", "<netdev name='b'/>"),
                NEWER(""),
                "<switch version='1.8'/>",
                NEWER("<a/>"),
                NEWER("<vf a='b'/>"),
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(texts); j++) {
                        g_autoptr(SwitchState) a = read_good(texts[i]), b = read_good(texts[j]);

                        if (switch_state_equal(a, b) != (i == j))
                                g_error("%s and %s", texts[i], texts[j]);
                }
}

static void test_says_what_is_wrong_and_what_to_do(void) {
        static const struct {
                const char *xml, *message;
        } table[] = {
                { "<other/>",
                  "line 1: <other> is not <ferry:switch> of namespace urn:virtferry:domain:1" },
                { "<switch version='2.0'/>", "line 1: version 2.0 of the switch's state is not "
                                             "known here, only 1: update virt-ferry on this host" },
                { "<switch version='1'/>",
                  "line 1: attribute 'version' must be two numbers like 1.0, not '1'" },
                { SWITCH("\n<vf colour='red'/>"),
                  "line 2: <vf> has no attribute 'colour', only mac, vlan, qos, protocol, "
                  "spoof-check, trust, link-state, min-tx-rate, max-tx-rate, node-guid, "
                  "port-guid" },
                { SWITCH("\n<tunnel/>"),
                  "line 2: <switch> has no element <tunnel>, only vf, port and filters" },
                { SWITCH("<vf/>\n<vf/>"), "line 2: a second <vf> in <switch>: remove one" },
                { SWITCH("\n<vf qos='1'/>"),
                  "line 2: attributes 'qos' and 'protocol' need an attribute 'vlan'" },
                { SWITCH("\n<vf mac='x'/>"),
                  "line 2: attribute 'mac' must be one station's address like 52:54:00:76:00:01, "
                  "not 'x'" },
                { SWITCH("\n<port><vlan first='5' last='9'/><vlan first='9' last='9'/></port>"),
                  "line 2: VLAN 9 is there twice: remove one" },
                { SWITCH("\n<port><fdb mac='" MAC "' vlan='5' state='static'/>"
                         "<fdb mac='" MAC "' vlan='5' state='permanent'/></port>"),
                  "line 2: a second FDB entry for " MAC " in VLAN 5: remove one" },
                { SWITCH("\n<filters qdisc='none'>" FILTER "</filters>"),
                  "line 2: filters need a qdisc that is not 'none'" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *message = read_bad(table[i].xml);

                g_assert_cmpstr(message, ==, table[i].message);
        }
}

/* Versions -------------------------------------------------------------------------- */

#define FUTURE                                                                                     \
        "<switch version='1.7' mode='&#60;&#38;&#39;'>\n"                                          \
        "  <vf mac='" MAC "' speed='fast'>\n"                                                      \
        "    <queue number='1'>\xc3\xa9 &#60;&#10;</queue><x/>\n"                                  \
        "  </vf>\n"                                                                                \
        "  <port>\n"                                                                               \
        "    <vlan first='1' last='1' tunnel='7'/>\n"                                              \
        "    <fdb mac='" MAC "' state='static' group='9'>\n"                                       \
        "      <via/>\n"                                                                           \
        "    </fdb>\n"                                                                             \
        "    <mdb/>\n"                                                                             \
        "  </port>\n"                                                                              \
        "  <filters qdisc='clsact' block='1'>\n"                                                   \
        "    <filter direction='ingress' priority='1' chain='0x0' handle='0x1' protocol='0x0800' " \
        "kind='flower' options='CAABAGEA' cookie='0x1'>\n"                                         \
        "      <netdev name='uplink'/>\n"                                                          \
        "      <hint a='b'/>\n"                                                                    \
        "    </filter>\n"                                                                          \
        "  </filters>\n"                                                                           \
        "  <tunnel><rule><rule>deep</rule> and wide </rule></tunnel><qos/>\n"                      \
        "</switch>\n"

static void test_a_newer_minor_version_is_handed_on_as_it_came(void) {
        g_autoptr(SwitchState) state = read_good(FUTURE);
        g_autofree char *xml = switch_state_to_xml(state);

        g_assert_cmpstr(xml, ==, FUTURE);
        g_assert_cmpuint(state->minor, ==, 7);
        g_assert_cmpstr(state->vf->mac, ==, MAC);
        g_assert_cmpuint(state->filters->filters->len, ==, 1);
}

/* libvirt takes the namespace away and gives it back. */
static void test_what_is_kept_changes_its_namespace_with_the_rest(void) {
        g_autofree char *xml = g_strdup("<domain version='1'><device alias='a'>" FUTURE
                                        "</device></domain>");
        g_autoptr(Metadata) metadata = metadata_from_xml(xml, strlen(xml), NULL), again = NULL;
        g_autofree char *prefixed = NULL;

        g_assert_nonnull(metadata);
        prefixed = metadata_to_xml(metadata);
        g_assert_nonnull(strstr(prefixed, "<ferry:tunnel><ferry:rule><ferry:rule>deep<"));
        g_assert_nonnull(strstr(prefixed, "    <ferry:switch version='1.7' mode="));
        again = metadata_from_xml(prefixed, strlen(prefixed), NULL);
        g_assert_nonnull(again);
        g_assert_true(metadata_equal(metadata, again));
}

static void test_other_peoples_elements_are_not_kept(void) {
        g_autoptr(SwitchState) a = read_good(
                NEWER("<a b='c' xmlns:x='urn:x' x:b='d'><x:e><f xmlns=''/></x:e></a>"));
        g_autoptr(SwitchState) b = read_good(NEWER("<a b='c'/>"));

        g_assert_true(switch_state_equal(a, b));
}

/* It would be read as part of a name, and could not be written so that it is read again. */
static void test_a_prefix_that_is_not_declared_is_not_kept(void) {
        g_autoptr(SwitchState) a = read_good(NEWER("<a b='c' u:d='e'><u:f/></a><v:w:g/>"));
        g_autoptr(SwitchState) b = read_good(NEWER("<a b='c'/>"));

        g_assert_true(switch_state_equal(a, b));
}

static void test_a_newer_minor_version_is_strict_in_what_is_known(void) {
        g_free(read_bad(NEWER("<vf vlan='0'/>")));
        g_free(read_bad(NEWER("<vf/><vf/>")));
        g_free(read_bad(NEWER("text")));
}

static void test_so_much_is_kept_and_no_more(void) {
        g_autofree char *text = g_strnfill(SWITCH_MORE_MAX - 9, 'x');
        g_autofree char *fits = g_strdup_printf(NEWER("<a>%s</a>"), text);
        g_autofree char *more = g_strdup_printf(NEWER("<a>%sy</a>"), text);
        g_autofree char *message = NULL;

        switch_state_free(read_good(fits));
        message = read_bad(more);
        g_assert_cmpstr(message, ==,
                        "line 1: more than 16384 bytes of a newer version that this host does not "
                        "know: update virt-ferry on it");
}

static void test_a_deep_element_is_kept_without_recursion(void) {
        g_autoptr(GString) xml = g_string_new("<switch version='1.1'>");
        g_autoptr(SwitchState) state = NULL;

        for (int i = 0; i < XML_DEPTH_MAX - 1; i++)
                g_string_append(xml, "<a>");
        for (int i = 0; i < XML_DEPTH_MAX - 1; i++)
                g_string_append(xml, i == 0 ? "x</a>" : "</a>");
        g_string_append(xml, "</switch>");
        state = read_good(xml->str);
        g_assert_nonnull(strstr(state->more.elements, "<\1"
                                                      "a>x</\1"
                                                      "a></\1"
                                                      "a>"));
}

/* Random documents ------------------------------------------------------------------ */

static bool coin(void) {
        return g_test_rand_int_range(0, 2);
}

static char *random_mac(void) {
        return g_strdup_printf("%02x:00:00:00:00:%02x", 2 * g_test_rand_int_range(1, 127),
                               g_test_rand_int_range(0, 255));
}

static void random_more(SwitchMore *more, unsigned minor) {
        if (minor == SWITCH_VERSION_MINOR)
                return;
        if (coin())
                more->attributes = g_strdup_printf(" later='%d&#38;'", g_test_rand_int());
        if (coin())
                more->elements = g_strdup("<\1"
                                          "later/><\1"
                                          "a b='c'>&#60; \xc3\xa9</\1"
                                          "a>");
}

static SwitchVf *random_vf(unsigned minor) {
        SwitchVf *vf = switch_vf_new();

        if (coin())
                vf->mac = random_mac();
        if (coin()) {
                vf->vlan = (unsigned)g_test_rand_int_range(1, 4095);
                vf->qos = (unsigned)g_test_rand_int_range(0, 8);
                vf->protocol = g_test_rand_int_range(0, _SWITCH_PROTOCOL_MAX);
        }
        vf->spoof_check = g_test_rand_int_range(-1, 2);
        vf->trust = g_test_rand_int_range(-1, 2);
        vf->link_state = g_test_rand_int_range(-1, _SWITCH_LINK_MAX);
        vf->max_tx_rate = (uint32_t)g_test_rand_int_range(0, SWITCH_RATE_MAX + 1);
        vf->min_tx_rate = coin() ? vf->max_tx_rate / 2 : 0;
        vf->node_guid = coin() ? (uint64_t)g_test_rand_int_range(1, G_MAXINT) << 32 : 0;
        vf->port_guid = coin() ? G_MAXUINT64 : 0;
        random_more(&vf->more, minor);
        return vf;
}

static SwitchPort *random_port(unsigned minor) {
        SwitchPort *port = switch_port_new(coin());
        unsigned next = 1;

        while (port->vlans && coin()) {
                SwitchVlan *vlan = g_new0(SwitchVlan, 1);

                vlan->first = next + (unsigned)g_test_rand_int_range(0, 9);
                vlan->last = vlan->first + (unsigned)g_test_rand_int_range(0, 9);
                vlan->pvid = next == 1 && vlan->first == vlan->last;
                vlan->untagged = coin();
                next = vlan->last + 1;
                random_more(&vlan->more, minor);
                g_ptr_array_add(port->vlans, vlan);
        }
        for (unsigned n = 0; coin(); n++) {
                SwitchFdb *fdb = g_new0(SwitchFdb, 1);

                fdb->mac = random_mac();
                fdb->vlan = n; /* so that no key is there twice */
                fdb->state = g_test_rand_int_range(0, _SWITCH_FDB_STATE_MAX);
                fdb->sticky = coin();
                fdb->extern_learned = coin();
                random_more(&fdb->more, minor);
                g_ptr_array_add(port->fdb, fdb);
        }
        random_more(&port->more, minor);
        return port;
}

static SwitchFilters *random_filters(unsigned minor) {
        SwitchFilters *filters = switch_filters_new(g_test_rand_int_range(0, _SWITCH_QDISC_MAX));
        static const char *const netdevs[] = { "uplink", "eth0", NULL };

        for (uint32_t n = 0; filters->qdisc != SWITCH_QDISC_NONE && coin(); n++) {
                SwitchFilter *filter = g_new0(SwitchFilter, 1);
                guint8 bytes[64];

                for (size_t i = 0; i < sizeof(bytes); i++)
                        bytes[i] = (guint8)g_test_rand_int_range(0, 256);
                filter->direction = g_test_rand_int_range(0, _SWITCH_DIRECTION_MAX);
                filter->priority = (unsigned)g_test_rand_int_range(1, 65536);
                filter->chain = (uint32_t)g_test_rand_int_range(0, SWITCH_CHAIN_MAX);
                filter->handle = 0xfffffff0 + n;
                filter->protocol = (unsigned)g_test_rand_int_range(0, 65536);
                filter->kind = g_strdup(coin() ? "flower" : "matchall");
                filter->options = g_bytes_new(bytes, (gsize)g_test_rand_int_range(4, 65));
                filter->netdevs = coin() ? g_strdupv((char **)netdevs) : NULL;
                random_more(&filter->more, minor);
                g_ptr_array_add(filters->filters, filter);
        }
        random_more(&filters->more, minor);
        return filters;
}

static SwitchState *random_state(void) {
        SwitchState *state = switch_state_new();

        state->minor = coin() ? SWITCH_VERSION_MINOR : (unsigned)g_test_rand_int_range(1, 9999);
        if (coin())
                state->vf = random_vf(state->minor);
        if (coin())
                state->port = random_port(state->minor);
        if (coin())
                state->filters = random_filters(state->minor);
        random_more(&state->more, state->minor);
        switch_state_sort(state);
        return state;
}

static void test_random_documents_come_back_the_same(void) {
        for (int i = 0; i < 3000; i++) {
                g_autoptr(SwitchState) state = random_state(), again = NULL, copy = NULL;
                g_autofree char *xml = switch_state_to_xml(state), *rewritten = NULL;

                again = read_good(xml);
                g_assert_true(switch_state_equal(state, again));
                rewritten = switch_state_to_xml(again);
                g_assert_cmpstr(rewritten, ==, xml);
                copy = switch_state_copy(state);
                g_assert_true(switch_state_equal(state, copy));
        }
}

/* Limits ---------------------------------------------------------------------------- */

static void test_takes_so_many_entries_and_no_more(void) {
        g_autoptr(SwitchState) state = switch_state_new();
        g_autofree char *fits = NULL, *xml = NULL, *message = NULL;

        state->port = switch_port_new(false);
        for (unsigned i = 0; i <= SWITCH_FDB_MAX; i++) {
                SwitchFdb *fdb = g_new0(SwitchFdb, 1);

                if (i == SWITCH_FDB_MAX)
                        fits = switch_state_to_xml(state);
                fdb->mac = g_strdup(MAC);
                fdb->vlan = i;
                g_ptr_array_add(state->port->fdb, fdb);
        }
        xml = switch_state_to_xml(state);
        switch_state_free(read_good(fits));
        message = read_bad(xml);
        g_assert_true(g_str_has_suffix(message, ": more than 256 FDB entries"));
        g_assert_null(switch_state_copy(state));
}

static void test_takes_so_many_bytes_and_no_more(void) {
        g_autoptr(SwitchState) state = switch_state_new();
        g_autofree guint8 *bytes = g_malloc0(SWITCH_OPTIONS_MAX);
        g_autofree char *xml = NULL, *message = NULL;

        state->filters = switch_filters_new(SWITCH_QDISC_CLSACT);
        for (unsigned i = 1; i <= 8; i++) {
                SwitchFilter *filter = g_new0(SwitchFilter, 1);

                filter->priority = i;
                filter->kind = g_strdup("flower");
                filter->options = g_bytes_new(bytes, SWITCH_OPTIONS_MAX);
                g_ptr_array_add(state->filters->filters, filter);
        }
        xml = switch_state_to_xml(state);
        message = read_bad(xml);
        g_assert_true(g_str_has_suffix(message, ": the switch's state has more than 65536 bytes"));

        g_ptr_array_set_size(state->filters->filters, 7);
        g_free(xml);
        xml = switch_state_to_xml(state);
        switch_state_free(read_good(xml));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/switch-state/schema-and-reader-agree", test_schema_and_reader_agree);
        g_test_add_func("/switch-state/what-is-read-is-written-in-the-schema",
                        test_what_is_read_is_written_in_the_schema);
        g_test_add_func("/switch-state/each-document-says-something-else",
                        test_each_document_says_something_else);
        g_test_add_func("/switch-state/every-member-counts-for-equality",
                        test_every_member_counts_for_equality);
        g_test_add_func("/switch-state/says-what-is-wrong-and-what-to-do",
                        test_says_what_is_wrong_and_what_to_do);
        g_test_add_func("/switch-state/a-newer-minor-version-is-handed-on-as-it-came",
                        test_a_newer_minor_version_is_handed_on_as_it_came);
        g_test_add_func("/switch-state/a-prefix-that-is-not-declared-is-not-kept",
                        test_a_prefix_that_is_not_declared_is_not_kept);
        g_test_add_func("/switch-state/what-is-kept-changes-its-namespace-with-the-rest",
                        test_what_is_kept_changes_its_namespace_with_the_rest);
        g_test_add_func("/switch-state/other-peoples-elements-are-not-kept",
                        test_other_peoples_elements_are_not_kept);
        g_test_add_func("/switch-state/a-newer-minor-version-is-strict-in-what-is-known",
                        test_a_newer_minor_version_is_strict_in_what_is_known);
        g_test_add_func("/switch-state/so-much-is-kept-and-no-more",
                        test_so_much_is_kept_and_no_more);
        g_test_add_func("/switch-state/a-deep-element-is-kept-without-recursion",
                        test_a_deep_element_is_kept_without_recursion);
        g_test_add_func("/switch-state/random-documents-come-back-the-same",
                        test_random_documents_come_back_the_same);
        g_test_add_func("/switch-state/takes-so-many-entries-and-no-more",
                        test_takes_so_many_entries_and_no_more);
        g_test_add_func("/switch-state/takes-so-many-bytes-and-no-more",
                        test_takes_so_many_bytes_and_no_more);

        return g_test_run();
}
