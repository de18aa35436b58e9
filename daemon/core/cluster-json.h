/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON that other hosts have written, of this release or another, or an enemy: strict, with limits
 * on size and depth before anything is parsed. Members that are not known are kept as text.
 *
 * All refuse with FERRY_ERROR_INVALID_ARGS, in words such as "'offered' must be 0 to 10". Pure.
 */

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_TEXT_MAX   (1u << 20) /* bytes of a document; etcd takes 1.5 MiB */
#define CLUSTER_NAME_MAX   128u       /* bytes */
#define CLUSTER_NUMBER_MAX ((INT64_C(1) << 53) - 1)

/* An object of schema 1 or later. A later release adds members, and what schema 1 would misread
 * gets another key. */
JsonNode *cluster_json_parse(const char *text, GError **error);

/* Of a host, resource, domain or nonce: 1 to CLUSTER_NAME_MAX of letters, digits and "._:@+,-". */
bool cluster_name_is_valid(const char *name);

/* False: it is missing or something else. */
bool cluster_json_number(JsonObject *object, const char *name, int64_t *ret, GError **error);
bool cluster_json_name(JsonObject *object, const char *name, const char **ret, GError **error);
/* As the former; NULL or 0 where it is missing. */
bool cluster_json_number_if_any(JsonObject *object, const char *name, int64_t *ret, GError **error);
bool cluster_json_name_if_any(JsonObject *object, const char *name, const char **ret,
                              GError **error);
/* Any text up to CLUSTER_NAME_MAX. */
bool cluster_json_text_if_any(JsonObject *object, const char *name, const char **ret,
                              GError **error);
bool cluster_json_object_if_any(JsonObject *object, const char *name, JsonObject **ret,
                                GError **error);
/* A member whose name is one and that is an object itself. */
bool cluster_json_entry(JsonObject *object, const char *name, JsonObject **ret, GError **error);

/* The text of an object of the members whose names are not in `known`, a vector; NULL: there is
 * none. False: they cannot be written again. */
bool cluster_json_unknown(JsonObject *object, const char *const *known, char **ret, GError **error);
void cluster_json_add_unknown(JsonObject *object, const char *unknown);

/* Takes the object. */
char *cluster_json_end(JsonObject *object);
