/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was learnt of the demand of subjects, in the store: a blob a series, as
 * demand_to_blob() makes it. Bounded by store_trim_demands(). Errors are
 * FERRY_ERROR_STORE.
 */

#include "daemon/core/store.h"
#include "daemon/core/telemetry.h"

/* In the place of what was there; `now` is CLOCK_REALTIME in us. A transaction around it is the
 * caller's. */
bool store_put_demand(Store *store, SubjectKind kind, const char *id, Metric metric, GBytes *blob,
                      int64_t now, GError **error);
/* NULL: there is none. */
bool store_load_demand(Store *store, SubjectKind kind, const char *id, Metric metric,
                       GBytes **ret_blob, GError **error);
/* Away with what was put before `before`, and with all but the `n_kept` that were put last. */
bool store_trim_demands(Store *store, int64_t before, unsigned n_kept, GError **error);
