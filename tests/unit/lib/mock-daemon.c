/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/lib/mock-daemon.h"

#include <string.h>

#include "daemon/names.h"

static void append_value(sd_bus_message *m, GVariant *value);

static void append_children(sd_bus_message *m, GVariant *value) {
        for (size_t i = 0; i < g_variant_n_children(value); i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

                append_value(m, child);
        }
}

static void append_container(sd_bus_message *m, GVariant *value) {
        const char *type = g_variant_get_type_string(value);
        g_autofree char *contents = NULL;
        char kind = *type;

        if (kind == 'v') {
                g_autoptr(GVariant) child = g_variant_get_variant(value);

                contents = g_strdup(g_variant_get_type_string(child));
        } else if (kind == 'a')
                contents = g_strdup(type + 1);
        else {
                contents = g_strndup(type + 1, strlen(type) - 2);
                kind = kind == '(' ? SD_BUS_TYPE_STRUCT : SD_BUS_TYPE_DICT_ENTRY;
        }

        g_assert_cmpint(sd_bus_message_open_container(m, kind, contents), >=, 0);
        append_children(m, value);
        g_assert_cmpint(sd_bus_message_close_container(m), >=, 0);
}

/* In one piece: a byte of a short array has no bytes of its own in GLib 2.84 (g_bytes_ref:
 * assertion 'bytes != NULL' failed). */
static void append_bytes(sd_bus_message *m, GVariant *value) {
        gsize size;
        const void *data = g_variant_get_fixed_array(value, &size, 1);

        g_assert_cmpint(sd_bus_message_append_array(m, 'y', data, size), >=, 0);
}

static void append_value(sd_bus_message *m, GVariant *value) {
        char type = *g_variant_get_type_string(value);
        int number;

        if (g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING)) {
                append_bytes(m, value);
                return;
        }
        if (g_variant_is_container(value)) {
                append_container(m, value);
                return;
        }

        if (strchr("sog", type))
                g_assert_cmpint(
                        sd_bus_message_append_basic(m, type, g_variant_get_string(value, NULL)), >=,
                        0);
        else if (type == 'b') {
                number = g_variant_get_boolean(value);
                g_assert_cmpint(sd_bus_message_append_basic(m, type, &number), >=, 0);
        } else /* the same bytes in both, but for the boolean */
                g_assert_cmpint(sd_bus_message_append_basic(m, type, g_variant_get_data(value)), >=,
                                0);
}

static GVariant *parse(const char *type, const char *text) {
        g_autoptr(GError) error = NULL;
        GVariant *value;

        value = g_variant_parse(G_VARIANT_TYPE(type), text, NULL, NULL, &error);
        g_assert_no_error(error);
        return value;
}

/* "NAME=VALUE" of each, where a dictionary comes next; the separator before the next. */
static const char *note_options(sd_bus_message *m, GString *call, const char *separator) {
        const char *name, *type, *text;
        uint64_t number;
        int on;

        if (sd_bus_message_enter_container(m, 'a', "{sv}") <= 0)
                return separator;
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "s", &name), >, 0);
                g_assert_cmpint(sd_bus_message_peek_type(m, NULL, &type), >, 0);
                g_string_append_printf(call, "%s%s=", separator, name);
                separator = ", ";
                if (*type == 's' && sd_bus_message_read(m, "v", "s", &text) > 0)
                        g_string_append(call, text);
                else if (*type == 't' && sd_bus_message_read(m, "v", "t", &number) > 0)
                        g_string_append_printf(call, "%" G_GUINT64_FORMAT, number);
                else if (sd_bus_message_read(m, "v", "b", &on) > 0)
                        g_string_append(call, on ? "yes" : "no");
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        }
        return separator;
}

/* Strings, alone or in an array; the separator before the next. */
static const char *note_strings(MockDaemon *mock, sd_bus_message *m, GString *call,
                                const char *separator) {
        const char *text;

        while (sd_bus_message_read(m, "s", &text) > 0) {
                if (*text == '<') {
                        g_free(mock->xml);
                        mock->xml = g_strdup(text);
                        text = "XML";
                }
                g_string_append_printf(call, "%s%s", separator, text);
                separator = ", ";
        }
        return separator;
}

static void note_call(MockDaemon *mock, sd_bus_message *m) {
        g_autoptr(GString) call = g_string_new(sd_bus_message_get_member(m));
        const char *separator = note_strings(mock, m, call, "(");
        bool has_strings = *separator != '('; /* a time behind these is another one each time */
        uint64_t number;
        int64_t amount;

        if (sd_bus_message_read(m, "t", &number) > 0)
                g_string_append_printf(call, "%s%" G_GUINT64_FORMAT, separator, number);
        for (; !has_strings && sd_bus_message_read(m, "x", &amount) > 0; separator = ", ")
                g_string_append_printf(call, "%s%" G_GINT64_FORMAT, separator, amount);
        if (sd_bus_message_enter_container(m, 'a', "s") > 0) {
                separator = note_strings(mock, m, call, separator);
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        }
        separator = note_options(m, call, separator);
        g_string_append(call, *separator == '(' ? "()" : ")");
        g_ptr_array_add(mock->calls, g_strdup(call->str));
}

static void answer(MockDaemon *mock, sd_bus_message *m) {
        GVariant *reply = g_hash_table_lookup(mock->replies, sd_bus_message_get_member(m));
        sd_bus_message *message = NULL;

        if (mock->error_name) {
                (void)sd_bus_reply_method_errorf(m, mock->error_name, "%s", mock->error_text);
                return;
        }

        g_assert_cmpint(sd_bus_message_new_method_return(m, &message), >=, 0);
        if (reply)
                append_children(message, reply);
        g_assert_cmpint(sd_bus_send(mock->bus, message, NULL), >=, 0);
        (void)sd_bus_message_unref(message);
}

/* A method of a device, migration, slice or advice is one of its object's, all others are the
 * root's. */
static void check_path(const char *path, const char *interface) {
        if (g_str_equal(interface, FERRY_INTERFACE_DEVICE))
                g_assert_true(g_str_has_prefix(path, FERRY_OBJECT_DEVICE "/"));
        else if (g_str_equal(interface, FERRY_INTERFACE_MIGRATION))
                g_assert_true(g_str_has_prefix(path, FERRY_OBJECT_MIGRATION "/"));
        else if (g_str_equal(interface, FERRY_INTERFACE_SLICE))
                g_assert_true(g_str_has_prefix(path, FERRY_OBJECT_SLICE "/"));
        else if (g_str_equal(interface, FERRY_INTERFACE_ADVICE))
                g_assert_true(g_str_has_prefix(path, FERRY_OBJECT_ADVICE "/"));
        else
                g_assert_cmpstr(path, ==, FERRY_OBJECT_ROOT);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        const char *interface = sd_bus_message_get_interface(m);
        const char *member = sd_bus_message_get_member(m);
        MockDaemon *mock = userdata;
        const char *signature;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;

        if (g_str_has_prefix(interface, FERRY_BUS_NAME ".")) {
                signature = contract_in(mock->contract, interface, member);
                g_assert_cmpstr(sd_bus_message_get_signature(m, 1), ==, signature);
        } else if (!g_str_equal(member, "GetManagedObjects") && !g_str_equal(member, "GetAll"))
                return 0;

        check_path(sd_bus_message_get_path(m), interface);
        note_call(mock, m);
        if (!mock->silent)
                answer(mock, m);
        if (mock->on_call)
                mock->on_call(mock, member, mock->userdata);
        return 1;
}

MockDaemon *mock_daemon_new(const char *address, bool with_name) {
        MockDaemon *mock = g_new0(MockDaemon, 1);

        mock->contract = contract_load(FERRY_CONTRACT);
        mock->calls = g_ptr_array_new_with_free_func(g_free);
        mock->replies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)g_variant_unref);

        g_assert_cmpint(sd_event_new(&mock->event), >=, 0);
        g_assert_cmpint(sd_bus_new(&mock->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_address(mock->bus, address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(mock->bus, 1), >=, 0);
        g_assert_cmpint(sd_bus_start(mock->bus), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(mock->bus, NULL, on_message, mock), >=, 0);
        if (with_name)
                g_assert_cmpint(sd_bus_request_name(mock->bus, FERRY_BUS_NAME, 0), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(mock->bus, mock->event, 0), >=, 0);
        return mock;
}

void mock_daemon_free(MockDaemon *mock) {
        if (!mock)
                return;

        (void)sd_bus_flush_close_unref(mock->bus);
        (void)sd_event_unref(mock->event);
        contract_free(mock->contract);
        g_hash_table_unref(mock->replies);
        g_ptr_array_unref(mock->calls);
        g_free(mock->error_name);
        g_free(mock->error_text);
        g_free(mock->xml);
        g_free(mock);
}

void mock_daemon_set_reply(MockDaemon *mock, const char *interface, const char *method,
                           const char *text) {
        g_autofree char *type = g_strdup_printf("(%s)",
                                                contract_out(mock->contract, interface, method));

        g_hash_table_insert(mock->replies, g_strdup(method), parse(type, text));
}

static void check_object(MockDaemon *mock, GVariant *interfaces) {
        GVariantIter iter;
        GVariant *properties;
        char *interface;

        g_variant_iter_init(&iter, interfaces);
        while (g_variant_iter_loop(&iter, "{s@a{sv}}", &interface, &properties))
                contract_check_properties(mock->contract, interface, properties, false);
}

void mock_daemon_set_objects(MockDaemon *mock, const char *text) {
        GVariant *objects = parse("a{oa{sa{sv}}}", text);
        GVariant *interfaces;
        GVariantIter iter;

        g_variant_iter_init(&iter, objects);
        while (g_variant_iter_loop(&iter, "{o@a{sa{sv}}}", NULL, &interfaces))
                check_object(mock, interfaces);
        g_hash_table_insert(mock->replies, g_strdup("GetManagedObjects"),
                            g_variant_ref_sink(g_variant_new_tuple(&objects, 1)));
        g_variant_unref(objects);
}

void mock_daemon_set_properties(MockDaemon *mock, const char *interface, const char *text) {
        GVariant *properties = parse("a{sv}", text);

        contract_check_properties(mock->contract, interface, properties, true);
        g_hash_table_insert(mock->replies, g_strdup("GetAll"),
                            g_variant_ref_sink(g_variant_new_tuple(&properties, 1)));
        g_variant_unref(properties);
}

void mock_daemon_set_error(MockDaemon *mock, const char *name, const char *text) {
        g_free(mock->error_name);
        g_free(mock->error_text);
        mock->error_name = g_strdup(name);
        mock->error_text = g_strdup(text);
}

static void emit(MockDaemon *mock, const char *path, const char *interface, const char *member,
                 const char *type, char *text) {
        g_autoptr(GVariant) arguments = parse(type, text);
        sd_bus_message *m = NULL;

        g_assert_cmpint(sd_bus_message_new_signal(mock->bus, &m, path, interface, member), >=, 0);
        append_children(m, arguments);
        g_assert_cmpint(sd_bus_send(mock->bus, m, NULL), >=, 0);
        (void)sd_bus_message_unref(m);
        g_free(text);
}

static void check_properties(MockDaemon *mock, const char *interface, const char *text,
                             bool partial) {
        g_autoptr(GVariant) properties = parse("a{sv}", text);

        contract_check_properties(mock->contract, interface, properties, partial);
}

void mock_daemon_emit_changed(MockDaemon *mock, const char *path, const char *interface,
                              const char *properties) {
        check_properties(mock, interface, properties, true);
        emit(mock, path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "(sa{sv}as)",
             g_strdup_printf("('%s', %s, [])", interface, properties));
}

void mock_daemon_emit_added(MockDaemon *mock, const char *path, const char *interface,
                            const char *properties) {
        check_properties(mock, interface, properties, false);
        emit(mock, FERRY_OBJECT_ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
             "(oa{sa{sv}})", g_strdup_printf("('%s', {'%s': %s})", path, interface, properties));
}

void mock_daemon_emit_removed(MockDaemon *mock, const char *path, const char *interface) {
        emit(mock, FERRY_OBJECT_ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
             "(oas)", g_strdup_printf("('%s', ['%s'])", path, interface));
}

char *mock_daemon_take_calls(MockDaemon *mock) {
        char *calls;

        g_ptr_array_add(mock->calls, NULL);
        calls = g_strjoinv(", ", (char **)mock->calls->pdata);
        g_ptr_array_set_size(mock->calls, 0);
        return calls;
}
