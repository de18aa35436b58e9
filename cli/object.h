/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One object of the daemon's: its path and its properties as they were last
 * heard. What is missing reads as empty, so that a daemon of another version
 * still shows what it has.
 */

#include <glib.h>
#include <stdbool.h>

#include "cli/client.h"

typedef struct Object {
        char *path;
        GVariant *properties; /* a{sv} */
} Object;

Object *object_new(const char *path, GVariant *properties);
void object_free(Object *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Object, object_free)

/* What has changed (a{sv}) takes the place of what was; what is new is not taken. */
void object_update(Object *object, GVariant *changed);

const char *object_string(const Object *object, const char *name); /* borrowed; "" */
bool object_bool(const Object *object, const char *name);
int64_t object_int(const Object *object, const char *name); /* of any integer type; 0 */
GVariant *object_value(const Object *object, const char *name, const char *type); /* NULL */

/* GetManagedObjects. */
GVariant *objects_get(Client *client, GError **error);
/* Those that have the interface, as Object, sorted by `compare`. */
GPtrArray *objects_list(GVariant *managed, const char *interface, GCompareFunc compare);
Object *objects_find(const GPtrArray *objects, const char *path); /* NULL */

/* Of a signal PropertiesChanged: the one of these that it is about, as it is now. NULL: of none. */
Object *objects_changed(const GPtrArray *objects, sd_bus_message *m);
/* Of a signal InterfacesAdded: the new one. NULL: it has not this interface. */
Object *object_new_added(sd_bus_message *m, const char *interface);

int object_compare_path(gconstpointer a, gconstpointer b);
