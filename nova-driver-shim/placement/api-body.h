/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What api.c sends and gets, as JSON. Pure. */

#include <stdbool.h>

#include "nova-driver-shim/placement/api.h"
#include "nova-driver-shim/placement/json.h"

/* `parent` NULL: a root. `uuid` NULL: not said. */
char *api_write_provider(const char *uuid, const char *name, const char *parent);
char *api_write_inventories(int64_t generation, const GPtrArray *inventories);
char *api_write_traits(int64_t generation, const char *const *traits);
char *api_write_consumer(const ApiConsumer *consumer);
char *api_write_consumers(const GPtrArray *consumers);
char *api_write_reshape(const GPtrArray *providers, const GPtrArray *consumers);

/* False: it is not what Placement answers. What the answer has is for api_answer_clear(), and of
 * the consumer the UUID is set before. */
typedef bool (*ApiReader)(JsonObject *object, ApiAnswer *answer);

bool api_read_provider(JsonObject *object, ApiAnswer *answer);
bool api_read_providers(JsonObject *object, ApiAnswer *answer);
bool api_read_inventories(JsonObject *object, ApiAnswer *answer);
bool api_read_traits(JsonObject *object, ApiAnswer *answer);
bool api_read_provider_consumers(JsonObject *object, ApiAnswer *answer);
bool api_read_consumer(JsonObject *object, ApiAnswer *answer);
void api_answer_clear(ApiAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ApiAnswer, api_answer_clear)
