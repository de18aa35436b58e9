/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Objects of the store as text, every member of them, so that two states of the world can be
 * compared by one g_assert_cmpstr(). Free the texts. */

#include "daemon/core/lease.h"
#include "daemon/core/migration.h"

char *dump_lease(const Lease *lease);
char *dump_leases(const GPtrArray *leases);
char *dump_stored_leases(Store *store);
char *dump_migration(const Migration *migration);
char *dump_migrations(const GPtrArray *migrations);
char *dump_stored_migrations(Store *store);
