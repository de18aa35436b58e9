/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A migration in words; an Object with org.virtferry1.Migration. */

#include "cli/object.h"
#include "cli/table.h"

int migration_compare_start(gconstpointer a, gconstpointer b);
int64_t migration_start(const Object *migration); /* CLOCK_REALTIME in us, 0 not known */
bool migration_has_ended(const Object *migration);
/* 0 to 99 while memory is copied, else -1. */
int migration_percent(const Object *migration);
Style migration_style(const Object *migration);
/* "g1 outgoing: precopy 47%, 540.0 MiB left, pass 3". New. */
char *migration_line(const Object *migration);
