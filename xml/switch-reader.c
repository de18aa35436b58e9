/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/element.h"
#include "xml/excerpt.h"
#include "xml/from-node.h"
#include "xml/reader.h"
#include "xml/switch-read.h"

static const char *const switch_attributes[] = { "version", NULL };
static const char *const vf_attributes[] = {
        "mac",        "vlan",        "qos",         "protocol",  "spoof-check", "trust",
        "link-state", "min-tx-rate", "max-tx-rate", "node-guid", "port-guid",   NULL,
};
static const char *protocol_word(int value) {
        return switch_protocol_to_string(value);
}

static const char *link_state_word(int value) {
        return switch_link_state_to_string(value);
}

bool switch_fail_second(const xmlNode *element, GError **error) {
        g_autofree char *tag = xml_tag(element), *parent = xml_tag(element->parent);

        return xml_fail(element, error, "a second %s in %s: remove one", tag, parent);
}

bool switch_require(const xmlNode *element, const char *const *names, GError **error) {
        for (; *names; names++)
                if (!xml_require(element, *names, error))
                        return false;
        return true;
}

bool switch_read_mac(const xmlNode *element, char **ret_mac, GError **error) {
        g_autofree char *value = xml_prop(element, "mac"), *shown = NULL;

        if (!value)
                return true;

        if (switch_mac_is_valid(value)) {
                *ret_mac = g_ascii_strdown(value, -1);
                return true;
        }

        shown = excerpt(value);
        return xml_fail(element, error,
                        "attribute 'mac' must be one station's address like 52:54:00:76:00:01, "
                        "not '%s'",
                        shown);
}

/* 0 or 1; where the attribute is not there, the value stays. */
static bool read_yes_no(const xmlNode *element, const char *name, int *ret_value, GError **error) {
        bool value = *ret_value == 1;

        if (!xmlHasProp((xmlNode *)element, (const xmlChar *)name))
                return true;
        if (!xml_prop_bool(element, name, &value, error))
                return false;

        *ret_value = value;
        return true;
}

static bool read_guid(const xmlNode *element, const char *name, uint64_t *ret_guid,
                      GError **error) {
        g_autofree char *value = xml_prop(element, name), *shown = NULL;

        if (!value)
                return true;

        if (strlen(value) == 18 && g_str_has_prefix(value, "0x") &&
            g_ascii_string_to_unsigned(value + 2, 16, 1, G_MAXUINT64, ret_guid, NULL))
                return true;

        shown = excerpt(value);
        return xml_fail(element, error,
                        "attribute '%s' must be 0x and 16 hex digits that are not all 0, not '%s'",
                        name, shown);
}

/* What says more of a VLAN says nothing without one. */
static bool check_vlan(const xmlNode *element, const SwitchVf *vf, GError **error) {
        if (vf->vlan > 0 || (vf->qos == 0 && vf->protocol == SWITCH_PROTOCOL_8021Q))
                return true;

        return xml_fail(element, error, "attributes 'qos' and 'protocol' need an attribute 'vlan'");
}

static bool read_rates(const xmlNode *element, SwitchVf *vf, GError **error) {
        return xml_prop_uint(element, "min-tx-rate", 0, SWITCH_RATE_MAX, &vf->min_tx_rate, error) &&
               xml_prop_uint(element, "max-tx-rate", 0, SWITCH_RATE_MAX, &vf->max_tx_rate, error);
}

static bool read_vf(const xmlNode *element, SwitchState *state, MoreReader *more, GError **error) {
        SwitchVf *vf = NULL;
        int protocol = SWITCH_PROTOCOL_8021Q;

        if (state->vf)
                return switch_fail_second(element, error);

        vf = state->vf = switch_vf_new();
        if (!more_read_leaf(more, element, vf_attributes, &vf->more, error) ||
            !switch_read_mac(element, &vf->mac, error) ||
            !xml_prop_uint(element, "vlan", 1, SWITCH_VLAN_MAX, &vf->vlan, error) ||
            !xml_prop_uint(element, "qos", 0, 7, &vf->qos, error) ||
            !xml_prop_enum(element, "protocol", protocol_word, &protocol, error) ||
            !read_yes_no(element, "spoof-check", &vf->spoof_check, error) ||
            !read_yes_no(element, "trust", &vf->trust, error) ||
            !xml_prop_enum(element, "link-state", link_state_word, &vf->link_state, error) ||
            !read_rates(element, vf, error) ||
            !read_guid(element, "node-guid", &vf->node_guid, error) ||
            !read_guid(element, "port-guid", &vf->port_guid, error))
                return false;

        vf->protocol = protocol;
        return check_vlan(element, vf, error);
}

/* The whole ------------------------------------------------------------------------ */

static bool parse_version(const char *text, unsigned *ret_major, unsigned *ret_minor) {
        const char *point = strchr(text, '.');
        g_autofree char *major = point ? g_strndup(text, (gsize)(point - text)) : NULL;
        guint64 high, low;

        if (!point || (major[0] == '0') || (point[1] == '0' && point[2]) ||
            !g_ascii_string_to_unsigned(major, 10, 1, 9999, &high, NULL) ||
            !g_ascii_string_to_unsigned(point + 1, 10, 0, 9999, &low, NULL))
                return false;

        *ret_major = (unsigned)high;
        *ret_minor = (unsigned)low;
        return true;
}

static bool read_version(const xmlNode *element, unsigned *ret_minor, GError **error) {
        g_autofree char *version = xml_prop(element, "version"), *shown = NULL;
        unsigned major;

        if (!xml_require(element, "version", error))
                return false;

        shown = excerpt(version);
        if (!parse_version(version, &major, ret_minor))
                return xml_fail(element, error,
                                "attribute 'version' must be two numbers like 1.0, not '%s'",
                                shown);
        if (major == SWITCH_VERSION_MAJOR)
                return true;

        return xml_fail(element, error,
                        "version %s of the switch's state is not known here, only %d: update "
                        "virt-ferry on this host",
                        shown, SWITCH_VERSION_MAJOR);
}

static bool read_child(const xmlNode *child, SwitchState *state, MoreReader *more, GError **error) {
        const char *ours = element_uri(child);

        if (xml_is(child, ours, "vf"))
                return read_vf(child, state, more, error);
        if (xml_is(child, ours, "port"))
                return switch_read_port(child, state, more, error);
        if (xml_is(child, ours, "filters"))
                return switch_read_filters(child, state, more, error);

        return more_read_element(more, child, "vf, port and filters", &state->more, error);
}

static bool check_size(const xmlNode *element, const SwitchState *state, GError **error) {
        g_autofree char *xml = switch_state_to_xml(state);

        if (strlen(xml) <= SWITCH_XML_MAX)
                return true;

        return xml_fail(element, error, "the switch's state has more than %u bytes",
                        SWITCH_XML_MAX);
}

SwitchState *switch_state_from_node(const xmlNode *element, GError **error) {
        g_autoptr(SwitchState) state = switch_state_new();
        MoreReader more = { .left = SWITCH_MORE_MAX };
        xmlNode *child = NULL;

        if (!read_version(element, &state->minor, error))
                return NULL;

        more.newer = state->minor > SWITCH_VERSION_MINOR;
        if (!more_read_attributes(&more, element, switch_attributes, &state->more, error) ||
            !element_check_no_text(element, error))
                return NULL;

        do {
                if (!element_next_child(element, &child, error) ||
                    (child && !read_child(child, state, &more, error)))
                        return NULL;
        } while (child);

        return check_size(element, state, error) ? g_steal_pointer(&state) : NULL;
}

SwitchState *switch_state_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, METADATA_XML_MAX, error);
        g_autofree char *tag = NULL;
        xmlNode *root;

        if (!doc)
                return NULL;

        root = xmlDocGetRootElement(doc);
        if (xml_is(root, METADATA_URI, "switch") || xml_is(root, NULL, "switch"))
                return switch_state_from_node(root, error);

        tag = xml_tag(root);
        xml_fail(root, error, "%s is not <%s:switch> of namespace %s", tag, METADATA_PREFIX,
                 METADATA_URI);
        return NULL;
}

SwitchState *switch_state_copy(const SwitchState *state) {
        g_autofree char *xml = NULL;

        if (!state)
                return NULL;

        xml = switch_state_to_xml(state);
        return switch_state_from_xml(xml, strlen(xml), NULL);
}
