/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/object.h"

#include <string.h>

#include "cli/value.h"

#define MANAGED "(a{oa{sa{sv}}})"

/* In one piece from the beginning: strings borrowed from it then stay where they are. */
static void object_set(Object *object, GVariant *properties) {
        g_clear_pointer(&object->properties, g_variant_unref);
        object->properties = g_variant_ref_sink(properties);
        (void)g_variant_get_data(object->properties);
}

Object *object_new(const char *path, GVariant *properties) {
        Object *object = g_new0(Object, 1);

        object->path = g_strdup(path);
        object_set(object, properties);
        return object;
}

void object_free(Object *object) {
        if (!object)
                return;

        g_free(object->path);
        g_variant_unref(object->properties);
        g_free(object);
}

/* Keeps the order, in which the daemon has them for people to read. */
void object_update(Object *object, GVariant *changed) {
        GVariantBuilder builder;
        GVariantIter iter;
        GVariant *value;
        char *name;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_iter_init(&iter, object->properties);
        while (g_variant_iter_loop(&iter, "{sv}", &name, &value)) {
                g_autoptr(GVariant) now = g_variant_lookup_value(changed, name, NULL);

                g_variant_builder_add(&builder, "{sv}", name, now ?: value);
        }
        object_set(object, g_variant_builder_end(&builder));
}

GVariant *object_value(const Object *object, const char *name, const char *type) {
        return g_variant_lookup_value(object->properties, name, G_VARIANT_TYPE(type));
}

const char *object_string(const Object *object, const char *name) {
        g_autoptr(GVariant) value = g_variant_lookup_value(object->properties, name, NULL);

        /* The text belongs to the properties. */
        if (value && (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ||
                      g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH)))
                return g_variant_get_string(value, NULL);
        return "";
}

bool object_bool(const Object *object, const char *name) {
        gboolean value = FALSE;

        (void)g_variant_lookup(object->properties, name, "b", &value);
        return value;
}

int64_t object_int(const Object *object, const char *name) {
        g_autoptr(GVariant) value = g_variant_lookup_value(object->properties, name, NULL);

        switch (value ? *g_variant_get_type_string(value) : '\0') {
        case 'i':
                return g_variant_get_int32(value);
        case 'u':
                return g_variant_get_uint32(value);
        case 'x':
                return g_variant_get_int64(value);
        case 't':
                return (int64_t)g_variant_get_uint64(value);
        default:
                return 0;
        }
}

GVariant *objects_get(Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL;

        reply = client_ask(client, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                           MANAGED, NULL, error);
        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

GPtrArray *objects_list(GVariant *managed, const char *interface, GCompareFunc compare) {
        GPtrArray *objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_free);
        GVariant *interfaces;
        GVariantIter iter;
        char *path;

        g_variant_iter_init(&iter, managed);
        while (g_variant_iter_loop(&iter, "{o@a{sa{sv}}}", &path, &interfaces)) {
                g_autoptr(GVariant) properties = g_variant_lookup_value(interfaces, interface,
                                                                        G_VARIANT_TYPE_VARDICT);

                if (properties)
                        g_ptr_array_add(objects, object_new(path, properties));
        }
        g_ptr_array_sort(objects, compare);
        return objects;
}

Object *objects_find(const GPtrArray *objects, const char *path) {
        for (unsigned i = 0; i < objects->len; i++) {
                Object *object = objects->pdata[i];

                if (strcmp(object->path, path) == 0)
                        return object;
        }
        return NULL;
}

Object *objects_changed(const GPtrArray *objects, sd_bus_message *m) {
        g_autoptr(GVariant) arguments = NULL, changed = NULL;
        Object *object = objects_find(objects, sd_bus_message_get_path(m));

        if (!object || value_read_rest(m, &arguments) < 0 ||
            !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
                return NULL;

        changed = g_variant_get_child_value(arguments, 1);
        object_update(object, changed);
        return object;
}

Object *object_new_added(sd_bus_message *m, const char *interface) {
        g_autoptr(GVariant) arguments = NULL, interfaces = NULL, properties = NULL;
        const char *path;

        if (value_read_rest(m, &arguments) < 0 ||
            !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(oa{sa{sv}})")))
                return NULL;

        g_variant_get(arguments, "(&o@a{sa{sv}})", &path, &interfaces);
        properties = g_variant_lookup_value(interfaces, interface, G_VARIANT_TYPE_VARDICT);
        return properties ? object_new(path, properties) : NULL;
}

int object_compare_path(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;

        return strcmp(x->path, y->path);
}
