/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the commands of `virt-ferry slice` share. Private to this folder. */

#include "cli/object.h"
#include "cli/output.h"

/* Each is a command as in command.h; `arguments` are those behind its own name. */
int slice_list(const Options *options, char *const *arguments, GError **error);
int slice_show(const Options *options, char *const *arguments, GError **error);
int slice_allocate(const Options *options, char *const *arguments, GError **error);
int slice_add(const Options *options, char *const *arguments, GError **error);
int slice_remove(const Options *options, char *const *arguments, GError **error);
int slice_deallocate(const Options *options, char *const *arguments, GError **error);
int slice_defragment(const Options *options, char *const *arguments, GError **error);
int slice_check_file(const Options *options, char *const *arguments, GError **error);

/* The slice of a domain, by UUID or name; `objects` is sorted by age. */
const Object *slice_find(const GPtrArray *objects, const char *domain, GError **error);
GPtrArray *slice_objects(Client *client, GError **error);

/* a(sstb) as a table: resource, for what, how much, and that it is nobody else's. */
Table *slice_grants_table(GVariant *grants);

/* A definition; "-" is standard input. */
char *slice_read_file(const char *path, GError **error);
