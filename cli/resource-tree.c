/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/resource-tree.h"

#include <inttypes.h>
#include <string.h>

#include "cli/text.h"

#define DEPTH_MAX   32 /* a daemon that says more than that says nonsense */
#define INDENTATION 2
#define BAR_MIN     6
#define BAR_MAX     30
#define BLANKS      2 /* between two columns */

static const Column columns[] = {
        { "RESOURCE" },   { "USE" },  { "USED", true }, { "PROMISED", true },
        { "FREE", true }, { "UNIT" }, { NULL },
};

typedef struct Line {
        char *id, *kind, *name, *unit;
        uint64_t total, used, promised;
        unsigned depth, count; /* count: how many resources it stands for */
} Line;

typedef struct Tree {
        GVariant *rows;
        GHashTable *children; /* id of the parent → GArray of numbers of rows */
        GArray *lines;
} Tree;

static void line_done(gpointer p) {
        Line *line = p;

        g_free(line->id);
        g_free(line->kind);
        g_free(line->name);
        g_free(line->unit);
}

/* Of the attributes, new; NULL. */
static char *find_attribute(GVariant *attributes, const char *key) {
        char *value = NULL;

        return g_variant_lookup(attributes, key, "s", &value) ? value : NULL;
}

/* Collecting ------------------------------------------------------------------------ */

static void note_children(Tree *tree) {
        for (gsize i = 0; i < g_variant_n_children(tree->rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(tree->rows, i);
                unsigned number = i;
                const char *parent;
                GArray *numbers;

                g_variant_get_child(row, 1, "&s", &parent);
                numbers = g_hash_table_lookup(tree->children, parent);
                if (!numbers) {
                        numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));
                        g_hash_table_insert(tree->children, g_strdup(parent), numbers);
                }
                g_array_append_val(numbers, number);
        }
}

/* What a person has to know of it beside its name; NULL nothing. */
static const char *find_remark(GVariant *attributes) {
        g_autofree char *state = find_attribute(attributes, "state");
        g_autofree char *agent = find_attribute(attributes, "agent");

        if (g_strcmp0(state, "down") == 0)
                return "down";
        return agent && g_str_has_prefix(agent, "away") ? "agent away" : NULL;
}

static Line read_line(const Tree *tree, unsigned number, unsigned depth) {
        g_autoptr(GVariant) row = g_variant_get_child_value(tree->rows, number);
        g_autoptr(GVariant) attributes = NULL;
        Line line = { .depth = depth, .count = 1 };
        g_autofree char *name = NULL;
        const char *remark;

        g_variant_get(row, "(s&sssttts@a{ss})", &line.id, NULL, &line.kind, &name, &line.total,
                      &line.used, &line.promised, &line.unit, &attributes);
        remark = find_remark(attributes);
        line.name = remark ? g_strdup_printf("%s (%s)", name, remark) : g_steal_pointer(&name);
        return line;
}

/* What a host has hundreds of: the word for several, else NULL. */
static const char *find_plural(const char *kind) {
        return strcmp(kind, "core") == 0 ? "cores" : strcmp(kind, "cache") == 0 ? "caches" : NULL;
}

static bool folds(const Line *last, const Line *line) {
        return find_plural(line->kind) && last->depth == line->depth &&
               strcmp(last->kind, line->kind) == 0 && strcmp(last->unit, line->unit) == 0;
}

/* True when it went into the one before. Takes the line then. */
static bool fold(Tree *tree, Line *line) {
        Line *last = tree->lines->len > 0 ? &g_array_index(tree->lines, Line, tree->lines->len - 1)
                                          : NULL;

        if (!last || !folds(last, line))
                return false;

        last->total += line->total;
        last->used += line->used;
        last->promised += line->promised;
        last->count++;
        g_free(last->name);
        last->name = g_strdup_printf("%u %s", last->count, find_plural(last->kind));
        line_done(line);
        return true;
}

/* What is within a thing is shown once, whatever a daemon of another version says. */
static void collect(Tree *tree, const char *parent, unsigned depth) {
        g_autoptr(GArray) numbers = NULL;
        g_autofree char *key = NULL;

        (void)g_hash_table_steal_extended(tree->children, parent, (gpointer *)&key,
                                          (gpointer *)&numbers);

        for (guint i = 0; depth < DEPTH_MAX && numbers && i < numbers->len; i++) {
                Line line = read_line(tree, g_array_index(numbers, unsigned, i), depth);
                g_autofree char *id = g_strdup(line.id);

                if (!fold(tree, &line))
                        g_array_append_val(tree->lines, line);
                if (*id)
                        collect(tree, id, depth + 1);
        }
}

/* Showing --------------------------------------------------------------------------- */

/* Bytes bring a unit of their own. */
static bool has_unit(const Line *line) {
        return !g_str_has_prefix(line->unit, "bytes");
}

static char *describe_amount(const Line *line, uint64_t amount) {
        g_autofree char *bytes = text_bytes(amount);

        if (has_unit(line))
                return g_strdup_printf("%" PRIu64, amount);
        return g_strconcat(bytes, line->unit + strlen("bytes"), NULL); /* "/s" */
}

static uint64_t count_free(const Line *line) {
        uint64_t used = MIN(line->used, line->total);

        return line->total - used - MIN(line->promised, line->total - used);
}

/* How many of the bar's places; something is never nothing. */
static unsigned scale(uint64_t amount, uint64_t total, unsigned width) {
        unsigned places = (unsigned)((double)amount / (double)total * width + 0.5);

        return amount > 0 ? CLAMP(places, 1, width) : 0;
}

/* "####++......"; empty where there is nothing to count. */
static char *draw_bar(const Line *line, unsigned width) {
        unsigned used, promised;
        char *bar;

        if (line->total == 0)
                return g_strdup("");

        used = scale(line->used, line->total, width);
        promised = MIN(scale(line->promised, line->total, width), width - used);
        if (count_free(line) > 0 && used + promised == width) {
                promised -= promised > 0;
                used = MIN(used, width - promised - 1);
        }
        bar = g_strnfill(width, '.');
        memset(bar, '#', used);
        memset(bar + used, '+', promised);
        return bar;
}

static void widen(unsigned *width, const Line *line, uint64_t amount) {
        g_autofree char *text = describe_amount(line, amount);

        *width = MAX(*width, text_width(text));
}

/* What the columns beside the bar leave of it. */
static unsigned choose_bar_width(const GArray *lines, unsigned width) {
        unsigned name = strlen("RESOURCE"), used = strlen("USED"), left = strlen("FREE");
        unsigned promised = strlen("PROMISED"), unit = strlen("UNIT"), others;

        for (guint i = 0; i < lines->len; i++) {
                const Line *line = &g_array_index(lines, Line, i);

                name = MAX(name, line->depth * INDENTATION + text_width(line->name));
                unit = MAX(unit, has_unit(line) ? text_width(line->unit) : 0);
                widen(&used, line, line->used);
                widen(&promised, line, line->promised);
                widen(&left, line, count_free(line));
        }
        others = name + used + promised + left + unit + 5 * BLANKS;
        return others + BAR_MIN < width ? MIN(width - others, BAR_MAX) : BAR_MIN;
}

static void add_amount(Table *table, const Line *line, uint64_t amount, Style style) {
        g_autofree char *text = describe_amount(line, amount);

        table_add(table, style, "%s", line->total > 0 ? text : "");
}

static void add_line(Table *table, const Line *line, unsigned bar_width) {
        g_autofree char *bar = draw_bar(line, bar_width);

        table_add(table, STYLE_NONE, "%*s%s", (int)line->depth * INDENTATION, "", line->name);
        table_add(table, STYLE_NONE, "%s", bar);
        add_amount(table, line, line->used, line->used > 0 ? STYLE_BUSY : STYLE_FAINT);
        add_amount(table, line, line->promised, line->promised > 0 ? STYLE_BUSY : STYLE_FAINT);
        add_amount(table, line, count_free(line), STYLE_NONE);
        table_add(table, STYLE_NONE, "%s", has_unit(line) ? line->unit : "");
}

static void free_numbers(gpointer p) {
        g_array_unref(p);
}

Table *resource_tree(GVariant *rows, unsigned width) {
        Tree tree = { .rows = rows };
        Table *table = table_new(columns);
        unsigned bar_width;

        tree.children = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_numbers);
        tree.lines = g_array_new(FALSE, FALSE, sizeof(Line));
        g_array_set_clear_func(tree.lines, line_done);
        note_children(&tree);
        collect(&tree, "", 0);

        bar_width = choose_bar_width(tree.lines, width);
        for (guint i = 0; i < tree.lines->len; i++)
                add_line(table, &g_array_index(tree.lines, Line, i), bar_width);
        g_array_unref(tree.lines);
        g_hash_table_unref(tree.children);
        return table;
}

char **resource_problems(GVariant *rows) {
        GPtrArray *problems = g_ptr_array_new();

        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                g_autoptr(GVariant) attributes = g_variant_get_child_value(row, 8);
                g_autofree char *problem = find_attribute(attributes, "problem");

                if (problem)
                        g_ptr_array_add(problems, text_clean(problem));
        }
        g_ptr_array_add(problems, NULL);
        return (char **)g_ptr_array_free(problems, FALSE);
}
