/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows in aligned columns, as wide as what is in them. */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef enum Style {
        STYLE_NONE,
        STYLE_GOOD,
        STYLE_BUSY, /* wants attention, or is taken */
        STYLE_BAD,
        STYLE_FAINT,
        STYLE_TITLE,
} Style;

typedef struct Column {
        const char *title;
        bool right; /* numbers */
} Column;

typedef struct Table Table;

/* `columns` ends with a NULL title and is borrowed. */
Table *table_new(const Column *columns);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* The next cell, row by row. An empty one shows as "-". */
void table_add(Table *table, Style style, const char *format, ...) G_GNUC_PRINTF(3, 4);
bool table_is_empty(const Table *table);
void table_print(const Table *table, FILE *file, bool titles, bool colours);

/* The escape sequences around a text of this style, "" without colours. */
const char *style_on(Style style, bool colours);
const char *style_off(Style style, bool colours);
