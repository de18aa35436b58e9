/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/dbus/introspection.h"

#include <string.h>

#include "daemon/names.h"

typedef struct Reader {
        GPtrArray *lines, *nodes, *interfaces;
        const char *wanted; /* NULL: all of ours */
        char *interface;    /* that is read; NULL outside, and for one of others */
        char *method;
        unsigned n_arguments; /* of the method so far: their order counts */
} Reader;

static const char *get(const char *name, const char **names, const char **values) {
        for (; *names; names++, values++)
                if (g_str_equal(*names, name))
                        return *values;
        return "";
}

static void begin_interface(Reader *reader, const char *name) {
        if (!g_str_has_prefix(name, FERRY_BUS_NAME "."))
                return;

        g_ptr_array_add(reader->interfaces, g_strdup(name));
        if (!reader->wanted || g_str_equal(name, reader->wanted))
                reader->interface = g_strdup(name);
}

static void on_element(GMarkupParseContext *context, const char *element, const char **names,
                       const char **values, void *userdata, GError **error) {
        const char *name = get("name", names, values), *type = get("type", names, values);
        Reader *reader = userdata;

        if (g_str_equal(element, "node") && g_markup_parse_context_get_element_stack(context)->next)
                g_ptr_array_add(reader->nodes, g_strdup(name));
        else if (g_str_equal(element, "interface"))
                begin_interface(reader, name);
        else if (!reader->interface)
                return;
        else if (g_str_equal(element, "method")) {
                reader->method = g_strdup(name);
                reader->n_arguments = 0;
                g_ptr_array_add(reader->lines,
                                g_strdup_printf("%s.%s method", reader->interface, name));
        } else if (g_str_equal(element, "arg"))
                g_ptr_array_add(reader->lines,
                                g_strdup_printf("%s.%s argument %u %s %s %s", reader->interface,
                                                reader->method, reader->n_arguments++,
                                                get("direction", names, values), type, name));
        else if (g_str_equal(element, "property"))
                g_ptr_array_add(reader->lines,
                                g_strdup_printf("%s.%s property %s %s", reader->interface, name,
                                                type, get("access", names, values)));
}

static void on_end(GMarkupParseContext *context, const char *element, void *userdata,
                   GError **error) {
        Reader *reader = userdata;

        if (g_str_equal(element, "interface"))
                g_clear_pointer(&reader->interface, g_free);
        else if (g_str_equal(element, "method"))
                g_clear_pointer(&reader->method, g_free);
}

static int compare(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *join(GPtrArray *words, const char *separator) {
        g_ptr_array_sort(words, compare);
        g_ptr_array_add(words, NULL);
        return g_strjoinv(separator, (char **)words->pdata);
}

static void parse(const char *xml, const char *interface, Reader *ret_reader) {
        static const GMarkupParser parser = { .start_element = on_element, .end_element = on_end };
        g_autoptr(GMarkupParseContext) context = NULL;
        g_autoptr(GError) error = NULL;

        ret_reader->wanted = interface;
        ret_reader->lines = g_ptr_array_new_with_free_func(g_free);
        ret_reader->nodes = g_ptr_array_new_with_free_func(g_free);
        ret_reader->interfaces = g_ptr_array_new_with_free_func(g_free);
        context = g_markup_parse_context_new(&parser, 0, ret_reader, NULL);
        g_markup_parse_context_parse(context, xml, -1, &error);
        g_assert_no_error(error);
}

static void reader_done(Reader *reader) {
        g_ptr_array_unref(reader->lines);
        g_ptr_array_unref(reader->nodes);
        g_ptr_array_unref(reader->interfaces);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_done)

char *introspection_to_text(const char *xml, const char *interface) {
        g_auto(Reader) reader = { 0 };

        parse(xml, interface, &reader);
        return join(reader.lines, "\n");
}

char *introspection_nodes(const char *xml) {
        g_auto(Reader) reader = { 0 };

        parse(xml, NULL, &reader);
        return join(reader.nodes, " ");
}

char *introspection_interfaces(const char *xml) {
        g_auto(Reader) reader = { 0 };

        parse(xml, NULL, &reader);
        return join(reader.interfaces, " ");
}
