/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/element.h"
#include "xml/excerpt.h"
#include "xml/reader.h"
#include "xml/switch-read.h"

static const char *const filters_attributes[] = { "qdisc", NULL };
static const char *const filter_attributes[] = {
        "direction", "priority", "chain", "handle", "protocol", "kind", "options", NULL,
};
static const char *const netdev_attributes[] = { "name", NULL };

static const char *qdisc_word(int value) {
        return switch_qdisc_to_string(value);
}

static const char *direction_word(int value) {
        return switch_direction_to_string(value);
}

static bool fail_options(const xmlNode *element, GError **error) {
        return xml_fail(element, error,
                        "attribute 'options' must be base64 of 4 to %u bytes of netlink attributes",
                        SWITCH_OPTIONS_MAX);
}

/* Only what would be written again just so. */
static bool read_options(const xmlNode *element, GBytes **ret_options, GError **error) {
        g_autofree char *text = xml_prop(element, "options"), *again = NULL;
        g_autofree guchar *data = NULL;
        gsize size;

        if (strlen(text) > 4 * ((SWITCH_OPTIONS_MAX + 2) / 3))
                return fail_options(element, error);

        data = g_base64_decode(text, &size);
        again = g_base64_encode(data, size);
        if (size < 4 || size > SWITCH_OPTIONS_MAX || !g_str_equal(text, again))
                return fail_options(element, error);

        *ret_options = g_bytes_new_take(g_steal_pointer(&data), size);
        return true;
}

/* Of the kernel's rule the part that every tool keeps, and that is no path. */
static bool netdev_name_is_valid(const char *name) {
        if (!*name || strlen(name) > 15 || g_str_equal(name, ".") || g_str_equal(name, ".."))
                return false;

        for (; *name; name++)
                if (!g_ascii_isalnum(*name) && !strchr("_.@+=~-", *name))
                        return false;
        return true;
}

/* A newer minor version says no more of a netdev than its name. */
static bool add_netdev(const xmlNode *element, GPtrArray *names, GError **error) {
        g_autofree char *name = xml_prop(element, "name"), *shown = NULL;

        if (!xml_require(element, "name", error) ||
            !element_check_leaf(element, netdev_attributes, error))
                return false;
        if (names->len >= SWITCH_NETDEVS_MAX)
                return xml_fail(element, error, "more than %d netdevs of one filter",
                                SWITCH_NETDEVS_MAX);

        if (netdev_name_is_valid(name)) {
                g_ptr_array_add(names, g_steal_pointer(&name));
                return true;
        }
        shown = excerpt(name);
        return xml_fail(element, error, "attribute 'name' must be the name of a netdev, not '%s'",
                        shown);
}

static bool read_netdevs(const xmlNode *element, SwitchFilter *filter, MoreReader *more,
                         GError **error) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        xmlNode *child = NULL;

        for (;;) {
                if (!element_next_child(element, &child, error))
                        return false;
                if (!child)
                        break;
                if (xml_is(child, element_uri(child), "netdev")
                            ? !add_netdev(child, names, error)
                            : !more_read_element(more, child, "netdev", &filter->more, error))
                        return false;
        }

        if (names->len == 0)
                return true;
        g_ptr_array_add(names, NULL);
        filter->netdevs = (char **)g_ptr_array_steal(names, NULL);
        return true;
}

static bool read_filter_numbers(const xmlNode *element, SwitchFilter *filter, GError **error) {
        int direction = 0, chain = 0, handle = 0, protocol = 0;

        if (!xml_prop_enum(element, "direction", direction_word, &direction, error) ||
            !xml_prop_uint(element, "priority", 1, 65535, &filter->priority, error) ||
            !xml_prop_hex(element, "chain", 7, &chain, error) ||
            !xml_prop_hex(element, "handle", 8, &handle, error) ||
            !xml_prop_hex(element, "protocol", 4, &protocol, error))
                return false;

        filter->direction = direction;
        filter->chain = (uint32_t)chain;
        filter->handle = (uint32_t)handle;
        filter->protocol = (unsigned)protocol;
        return true;
}

static bool add_filter(const xmlNode *element, SwitchFilters *filters, MoreReader *more,
                       GError **error) {
        g_autoptr(SwitchFilter) filter = g_new0(SwitchFilter, 1);

        if (filters->filters->len >= SWITCH_FILTERS_MAX)
                return xml_fail(element, error, "more than %d filters", SWITCH_FILTERS_MAX);

        if (!switch_require(element, filter_attributes, error) ||
            !more_read_attributes(more, element, filter_attributes, &filter->more, error) ||
            !element_check_no_text(element, error) ||
            !read_filter_numbers(element, filter, error) ||
            !xml_prop_name(element, "kind", &filter->kind, error) ||
            !read_options(element, &filter->options, error) ||
            !read_netdevs(element, filter, more, error))
                return false;

        g_ptr_array_add(filters->filters, g_steal_pointer(&filter));
        return true;
}

static bool check_filters(const xmlNode *element, const SwitchFilters *filters, GError **error) {
        if (filters->qdisc == SWITCH_QDISC_NONE && filters->filters->len > 0)
                return xml_fail(element, error, "filters need a qdisc that is not 'none'");

        for (guint i = 1; i < filters->filters->len; i++) {
                const SwitchFilter *filter = filters->filters->pdata[i];

                if (switch_filter_compare(filters->filters->pdata[i - 1], filter) == 0)
                        return xml_fail(element, error,
                                        "a second filter of priority %u, chain 0x%x and handle "
                                        "0x%x: remove one",
                                        filter->priority, filter->chain, filter->handle);
        }
        return true;
}

static bool read_filters_children(const xmlNode *element, SwitchFilters *filters, MoreReader *more,
                                  GError **error) {
        xmlNode *child = NULL;

        for (;;) {
                if (!element_next_child(element, &child, error))
                        return false;
                if (!child)
                        return true;
                if (xml_is(child, element_uri(child), "filter")
                            ? !add_filter(child, filters, more, error)
                            : !more_read_element(more, child, "filter", &filters->more, error))
                        return false;
        }
}

bool switch_read_filters(const xmlNode *element, SwitchState *state, MoreReader *more,
                         GError **error) {
        int qdisc = SWITCH_QDISC_NONE;

        if (state->filters)
                return switch_fail_second(element, error);
        if (!xml_require(element, "qdisc", error) ||
            !xml_prop_enum(element, "qdisc", qdisc_word, &qdisc, error))
                return false;

        state->filters = switch_filters_new(qdisc);
        if (!more_read_attributes(more, element, filters_attributes, &state->filters->more,
                                  error) ||
            !element_check_no_text(element, error) ||
            !read_filters_children(element, state->filters, more, error))
                return false;

        switch_state_sort(state);
        return check_filters(element, state->filters, error);
}
