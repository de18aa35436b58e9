/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/from-node.h"
#include "xml/switch-more.h"

/* Where the element stands, and what each of its lines begins with. */
typedef struct Writer {
        GString *xml;
        const char *prefix;
        int indent;
} Writer;

static void open_tag(const Writer *writer, int level, const char *name) {
        g_string_append_printf(writer->xml, "%*s<%s%s", writer->indent + 2 * level, "",
                               writer->prefix, name);
}

static void write_more_elements(const Writer *writer, int level, const SwitchMore *more) {
        g_autofree char *elements = NULL;

        if (!more->elements)
                return;

        elements = more_elements(more, writer->prefix);
        g_string_append_printf(writer->xml, "%*s%s\n", writer->indent + 2 * level, "", elements);
}

/* Ends the start tag of an element that this version knows to be empty, and the element. */
static void close_leaf(const Writer *writer, int level, const char *name, const SwitchMore *more) {
        g_string_append(writer->xml, more->attributes ?: "");
        if (!more->elements) {
                g_string_append(writer->xml, "/>\n");
                return;
        }

        g_string_append(writer->xml, ">\n");
        write_more_elements(writer, level + 1, more);
        g_string_append_printf(writer->xml, "%*s</%s%s>\n", writer->indent + 2 * level, "",
                               writer->prefix, name);
}

static void begin_children(const Writer *writer, const SwitchMore *more) {
        g_string_append_printf(writer->xml, "%s>\n", more->attributes ?: "");
}

static void end_children(const Writer *writer, int level, const char *name,
                         const SwitchMore *more) {
        write_more_elements(writer, level + 1, more);
        g_string_append_printf(writer->xml, "%*s</%s%s>\n", writer->indent + 2 * level, "",
                               writer->prefix, name);
}

static void write_word(const Writer *writer, const char *name, const char *word) {
        if (word)
                g_string_append_printf(writer->xml, " %s='%s'", name, word);
}

static void write_number(const Writer *writer, const char *name, unsigned value) {
        if (value > 0)
                g_string_append_printf(writer->xml, " %s='%u'", name, value);
}

static void write_yes_no(const Writer *writer, const char *name, int value) {
        if (value != SWITCH_UNKNOWN)
                write_word(writer, name, value ? "yes" : "no");
}

static void write_yes(const Writer *writer, const char *name, bool value) {
        if (value)
                write_word(writer, name, "yes");
}

static void write_guid(const Writer *writer, const char *name, uint64_t guid) {
        if (guid != 0)
                g_string_append_printf(writer->xml, " %s='0x%016" G_GINT64_MODIFIER "x'", name,
                                       guid);
}

static void write_vf(const Writer *writer, const SwitchVf *vf) {
        open_tag(writer, 1, "vf");
        write_word(writer, "mac", vf->mac);
        write_number(writer, "vlan", vf->vlan);
        if (vf->vlan > 0) {
                write_number(writer, "qos", vf->qos);
                if (vf->protocol != SWITCH_PROTOCOL_8021Q)
                        write_word(writer, "protocol", switch_protocol_to_string(vf->protocol));
        }
        write_yes_no(writer, "spoof-check", vf->spoof_check);
        write_yes_no(writer, "trust", vf->trust);
        write_word(writer, "link-state", switch_link_state_to_string(vf->link_state));
        write_number(writer, "min-tx-rate", vf->min_tx_rate);
        write_number(writer, "max-tx-rate", vf->max_tx_rate);
        write_guid(writer, "node-guid", vf->node_guid);
        write_guid(writer, "port-guid", vf->port_guid);
        close_leaf(writer, 1, "vf", &vf->more);
}

static void write_vlan(const Writer *writer, const SwitchVlan *vlan) {
        open_tag(writer, 2, "vlan");
        write_number(writer, "first", vlan->first);
        write_number(writer, "last", vlan->last);
        write_yes(writer, "pvid", vlan->pvid);
        write_yes(writer, "untagged", vlan->untagged);
        close_leaf(writer, 2, "vlan", &vlan->more);
}

static void write_fdb(const Writer *writer, const SwitchFdb *fdb) {
        open_tag(writer, 2, "fdb");
        write_word(writer, "mac", fdb->mac);
        write_number(writer, "vlan", fdb->vlan);
        write_word(writer, "state", switch_fdb_state_to_string(fdb->state));
        write_yes(writer, "sticky", fdb->sticky);
        write_yes(writer, "extern-learned", fdb->extern_learned);
        close_leaf(writer, 2, "fdb", &fdb->more);
}

static void write_port(const Writer *writer, const SwitchPort *port) {
        open_tag(writer, 1, "port");
        write_yes(writer, "shared", !port->vlans);
        begin_children(writer, &port->more);
        for (guint i = 0; port->vlans && i < port->vlans->len; i++)
                write_vlan(writer, port->vlans->pdata[i]);
        for (guint i = 0; i < port->fdb->len; i++)
                write_fdb(writer, port->fdb->pdata[i]);
        end_children(writer, 1, "port", &port->more);
}

static void write_netdevs(const Writer *writer, char **names) {
        for (; names && *names; names++) {
                g_autofree char *escaped = g_markup_escape_text(*names, -1);

                open_tag(writer, 3, "netdev");
                g_string_append_printf(writer->xml, " name='%s'/>\n", escaped);
        }
}

static void write_filter(const Writer *writer, const SwitchFilter *filter) {
        g_autofree char *options = NULL;
        gsize size;
        gconstpointer data = g_bytes_get_data(filter->options, &size);

        options = g_base64_encode(data, size);
        open_tag(writer, 2, "filter");
        write_word(writer, "direction", switch_direction_to_string(filter->direction));
        write_number(writer, "priority", filter->priority);
        g_string_append_printf(writer->xml, " chain='0x%x' handle='0x%x' protocol='0x%04x'",
                               filter->chain, filter->handle, filter->protocol);
        write_word(writer, "kind", filter->kind);
        write_word(writer, "options", options);

        if (!filter->netdevs) {
                close_leaf(writer, 2, "filter", &filter->more);
                return;
        }
        begin_children(writer, &filter->more);
        write_netdevs(writer, filter->netdevs);
        end_children(writer, 2, "filter", &filter->more);
}

static void write_filters(const Writer *writer, const SwitchFilters *filters) {
        open_tag(writer, 1, "filters");
        write_word(writer, "qdisc", switch_qdisc_to_string(filters->qdisc));
        begin_children(writer, &filters->more);
        for (guint i = 0; i < filters->filters->len; i++)
                write_filter(writer, filters->filters->pdata[i]);
        end_children(writer, 1, "filters", &filters->more);
}

void switch_state_write(GString *xml, const SwitchState *state, const char *prefix, int indent) {
        Writer writer = { .xml = xml, .prefix = prefix, .indent = indent };

        open_tag(&writer, 0, "switch");
        g_string_append_printf(xml, " version='%d.%u'", SWITCH_VERSION_MAJOR, state->minor);
        begin_children(&writer, &state->more);
        if (state->vf)
                write_vf(&writer, state->vf);
        if (state->port)
                write_port(&writer, state->port);
        if (state->filters)
                write_filters(&writer, state->filters);
        end_children(&writer, 0, "switch", &state->more);
}

char *switch_state_to_xml(const SwitchState *state) {
        g_autoptr(GString) xml = g_string_new(NULL);

        switch_state_write(xml, state, "", 0);
        return g_string_free(g_steal_pointer(&xml), FALSE);
}
