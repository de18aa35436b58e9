/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/lib/contract.h"

#include <string.h>

typedef struct Member {
        GString *in, *out;
        bool is_property; /* its type is `out` */
} Member;

struct Contract {
        GHashTable *members; /* "INTERFACE.MEMBER" */
        char *interface;     /* while it is read */
        Member *method;
};

static void member_free(gpointer p) {
        Member *member = p;

        (void)g_string_free(member->in, TRUE);
        (void)g_string_free(member->out, TRUE);
        g_free(member);
}

static Member *contract_add(Contract *contract, const char *name, bool is_property) {
        Member *member = g_new0(Member, 1);

        member->in = g_string_new(NULL);
        member->out = g_string_new(NULL);
        member->is_property = is_property;
        g_hash_table_insert(contract->members, g_strconcat(contract->interface, ".", name, NULL),
                            member);
        return member;
}

static const char *attribute(const char *name, const char *const *names,
                             const char *const *values) {
        for (; *names; names++, values++)
                if (strcmp(*names, name) == 0)
                        return *values;
        return "";
}

static void on_element(GMarkupParseContext *unused, const char *element, const char **names,
                       const char **values, gpointer userdata, GError **error) {
        Contract *contract = userdata;
        const char *name = attribute("name", names, values);
        const char *type = attribute("type", names, values);

        if (strcmp(element, "interface") == 0) {
                g_free(contract->interface);
                contract->interface = g_strdup(name);
        } else if (strcmp(element, "method") == 0)
                contract->method = contract_add(contract, name, false);
        else if (strcmp(element, "property") == 0)
                g_string_assign(contract_add(contract, name, true)->out, type);
        else if (strcmp(element, "arg") == 0)
                g_string_append(strcmp(attribute("direction", names, values), "in") == 0
                                        ? contract->method->in
                                        : contract->method->out,
                                type);
}

Contract *contract_load(const char *path) {
        static const GMarkupParser parser = { .start_element = on_element };
        Contract *contract = g_new0(Contract, 1);
        g_autoptr(GMarkupParseContext) context = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        contract->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, member_free);
        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        context = g_markup_parse_context_new(&parser, 0, contract, NULL);
        g_markup_parse_context_parse(context, text, -1, &error);
        g_assert_no_error(error);
        return contract;
}

void contract_free(Contract *contract) {
        if (!contract)
                return;

        g_hash_table_unref(contract->members);
        g_free(contract->interface);
        g_free(contract);
}

static Member *contract_find(const Contract *contract, const char *interface, const char *name) {
        g_autofree char *key = g_strconcat(interface, ".", name, NULL);

        return g_hash_table_lookup(contract->members, key);
}

const char *contract_in(const Contract *contract, const char *interface, const char *method) {
        Member *member = contract_find(contract, interface, method);

        return member && !member->is_property ? member->in->str : NULL;
}

const char *contract_out(const Contract *contract, const char *interface, const char *method) {
        Member *member = contract_find(contract, interface, method);

        return member && !member->is_property ? member->out->str : NULL;
}

static unsigned count_properties(const Contract *contract, const char *interface) {
        size_t size = strlen(interface);
        GHashTableIter iter;
        gpointer key, value;
        unsigned n = 0;

        g_hash_table_iter_init(&iter, contract->members);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                Member *member = value;

                n += member->is_property && strncmp(key, interface, size) == 0 &&
                     strchr((char *)key + size + 1, '.') == NULL;
        }
        return n;
}

void contract_check_properties(const Contract *contract, const char *interface,
                               GVariant *properties, bool partial) {
        GVariantIter iter;
        GVariant *value;
        char *name;

        g_variant_iter_init(&iter, properties);
        while (g_variant_iter_loop(&iter, "{sv}", &name, &value)) {
                Member *member = contract_find(contract, interface, name);

                if (!member || !member->is_property)
                        g_error("%s has no property %s", interface, name);
                g_assert_cmpstr(g_variant_get_type_string(value), ==, member->out->str);
        }
        if (!partial)
                g_assert_cmpuint(g_variant_n_children(properties), ==,
                                 count_properties(contract, interface));
}
