/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/table.h"

#include "cli/text.h"

typedef struct Cell {
        char *text;
        unsigned width;
        Style style;
} Cell;

struct Table {
        const Column *columns;
        unsigned n_columns;
        GArray *cells; /* Cell, row by row */
};

static void cell_done(gpointer p) {
        Cell *cell = p;

        g_free(cell->text);
}

Table *table_new(const Column *columns) {
        Table *table = g_new0(Table, 1);

        table->columns = columns;
        while (columns[table->n_columns].title)
                table->n_columns++;
        table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
        g_array_set_clear_func(table->cells, cell_done);
        return table;
}

void table_free(Table *table) {
        if (!table)
                return;

        g_array_unref(table->cells);
        g_free(table);
}

void table_add(Table *table, Style style, const char *format, ...) {
        g_autofree char *text = NULL;
        Cell cell = { .style = style };
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);

        cell.text = text_clean(*text ? text : "-");
        cell.width = text_width(cell.text);
        g_array_append_val(table->cells, cell);
}

bool table_is_empty(const Table *table) {
        return table->cells->len == 0;
}

const char *style_on(Style style, bool colours) {
        static const char *const codes[] = {
                [STYLE_NONE] = "",          [STYLE_GOOD] = "\033[32m", [STYLE_BUSY] = "\033[33m",
                [STYLE_BAD] = "\033[31;1m", [STYLE_FAINT] = "\033[2m", [STYLE_TITLE] = "\033[4m",
        };

        return colours ? codes[style] : "";
}

const char *style_off(Style style, bool colours) {
        return colours && style != STYLE_NONE ? "\033[0m" : "";
}

static unsigned column_width(const Table *table, unsigned column, bool titles) {
        unsigned width = titles ? text_width(table->columns[column].title) : 0;

        for (unsigned i = column; i < table->cells->len; i += table->n_columns)
                width = MAX(width, g_array_index(table->cells, Cell, i).width);
        return width;
}

static void print_cell(const Table *table, FILE *file, unsigned column, const Cell *cell,
                       unsigned width, bool colours) {
        bool last = column + 1 == table->n_columns;
        int blanks = width - cell->width;

        fprintf(file, "%*s%s%s%s%*s", table->columns[column].right ? blanks : 0, "",
                style_on(cell->style, colours), cell->text, style_off(cell->style, colours),
                table->columns[column].right || last ? 0 : blanks, "");
        fputs(last ? "\n" : "  ", file);
}

void table_print(const Table *table, FILE *file, bool titles, bool colours) {
        g_autofree unsigned *widths = g_new(unsigned, table->n_columns);

        for (unsigned c = 0; c < table->n_columns; c++)
                widths[c] = column_width(table, c, titles);

        for (unsigned c = 0; titles && c < table->n_columns; c++) {
                Cell cell = { (char *)table->columns[c].title, text_width(table->columns[c].title),
                              STYLE_TITLE };

                print_cell(table, file, c, &cell, widths[c], colours);
        }
        for (unsigned i = 0; i < table->cells->len; i++)
                print_cell(table, file, i % table->n_columns, &g_array_index(table->cells, Cell, i),
                           widths[i % table->n_columns], colours);
}
