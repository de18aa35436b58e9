/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Answers on standard output, for people or as JSON; and what is wrong with a command line. */

#include "cli/command.h"
#include "cli/object.h"
#include "cli/table.h"

bool output_is_terminal(void); /* and one that can do more than append */
bool output_has_colours(void); /* and NO_COLOR is not set: https://no-color.org */

/* One line on standard error, and EXIT_STATUS_USAGE. */
int output_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The table, or `none` when it has no rows. */
void output_table(const Options *options, const Table *table, const char *none);

/* Any value of D-Bus, with the names that it has on the bus. */
void output_json(GVariant *value);
void output_json_line(GVariant *value);
/* Array of the objects' properties. */
void output_json_objects(const GPtrArray *objects);

/* Structs have no names on the bus: an array of them as an array of a{sv}. New, floating. */
GVariant *rows_named(GVariant *rows, const char *const *names);
