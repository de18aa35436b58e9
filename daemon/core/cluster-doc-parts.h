/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of daemon/core/cluster-doc*.c: what several documents have. */

#include "daemon/core/cluster-doc.h"

/* Of ClusterKind, with what they own. */
GArray *cluster_kinds_new(void);
/* `node` NULL: there are none. */
bool cluster_kinds_read(GArray *kinds, JsonNode *node, GError **error);
JsonArray *cluster_kinds_to_array(const GArray *kinds);

bool cluster_doc_read_word(JsonObject *object, const char *name, char **ret, GError **error);
/* NULL: nothing is added. */
void cluster_doc_add_text(JsonObject *object, const char *name, const char *text);
bool cluster_doc_refuse(GError **error, const char *what);

/* The names of ClusterLoadThing, and NULL. */
extern const char *const cluster_load_things[];
