/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What share-book.h has to know after a restart. Errors are FERRY_ERROR_STORE. */

#include "daemon/core/share-book.h"

/* How much of each is out now; 0 is not kept. A transaction of its own. */
bool store_put_shares(Store *store, const GPtrArray *outs, GError **error);
GPtrArray *store_load_shares(Store *store, GError **error); /* ShareOut, owned, by resource */
