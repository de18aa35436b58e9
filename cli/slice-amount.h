/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Amounts as people write them ("512MiB", "2Gbit", "4"), and as the bus has
 * them: memory in bytes, bandwidth in Mbit/s.
 */

#include <glib.h>
#include <stdbool.h>

/* `kind` is that of AllocateResource. False: `ret_wrong` says what it must be; free it. */
bool slice_amount_parse(const char *kind, const char *text, guint64 *ret_amount, char **ret_wrong);
/* "512.0 MiB", "2000 Mbit/s", "4". Free it. */
char *slice_amount_describe(const char *kind, guint64 amount);
/* What is granted of a resource of the map, by its id: "2 CPUs", "1.0 GiB". Free it. */
char *slice_amount_of_resource(const char *resource, guint64 amount);
