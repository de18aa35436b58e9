/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON of another machine: json-glib's readers take the wrong type for a mistake of the
 * caller; these give NULL or 0 for what is not there or is something else. Pure. */

#include <json-glib/json-glib.h>

JsonObject *json_root_object(JsonNode *root);
JsonObject *json_object_of(JsonObject *object, const char *name);
JsonArray *json_array_of(JsonObject *object, const char *name);
const char *json_text_of(JsonObject *object, const char *name);
gint64 json_number_of(JsonObject *object, const char *name);
double json_ratio_of(JsonObject *object, const char *name);
JsonObject *json_object_at(JsonArray *array, guint i);
const char *json_text_at(JsonArray *array, guint i);

/* The text of what was built. */
char *json_end(JsonBuilder *builder);
