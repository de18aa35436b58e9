/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "tests/lib/fake-model.h"

/* A new group has what the kernel's own has, and no tasks. A line of schemata changes that resource
 * alone; tasks that are written come to those that are there. */

#define RESCTRL "sys/fs/resctrl"

static char *read_file(FakeRoot *root, const char *path) {
        g_autofree char *whole = g_build_filename(root->path, path, NULL);
        char *text = NULL;

        return g_file_get_contents(whole, &text, NULL, NULL) ? text : g_strdup("");
}

int fake_resctrl_make(FakeRoot *root, const char *path) {
        g_autofree char *schemata = g_build_filename(path, "schemata", NULL);
        g_autofree char *tasks = g_build_filename(path, "tasks", NULL);
        g_autofree char *own = NULL;

        if (tree_has(root->fd, path))
                return -EEXIST;
        if (!g_str_has_prefix(path, RESCTRL "/") || !tree_has(root->fd, RESCTRL "/schemata"))
                return -EPERM;

        own = read_file(root, RESCTRL "/schemata");
        tree_put(root->fd, schemata, own, -1);
        tree_put(root->fd, tasks, "", 0);
        return 0;
}

int fake_resctrl_remove(FakeRoot *root, const char *path) {
        if (!tree_has(root->fd, path))
                return -ENOENT;
        if (!g_str_has_prefix(path, RESCTRL "/"))
                return -EPERM;

        tree_remove(root->fd, path);
        return 0;
}

static int write_schemata(FakeRoot *root, const char *path, const char *line) {
        g_autofree char *text = read_file(root, path);
        g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
        size_t name = strcspn(line, ":") + 1;
        g_autoptr(GString) changed = g_string_new(NULL);
        bool known = false;

        for (char **old = lines; *old; old++) {
                bool same = strncmp(g_strstrip(*old), line, name) == 0;

                known = known || same;
                g_string_append_printf(changed, "%s\n", same ? line : *old);
        }
        if (!known)
                return -EINVAL;
        tree_put(root->fd, path, changed->str, -1);
        return 0;
}

int fake_resctrl_write(FakeRoot *root, const char *path, const char *value) {
        g_autofree char *text = NULL, *added = NULL, *line = g_strchomp(g_strdup(value));

        if (!tree_has(root->fd, path))
                return -ENOENT;
        if (g_str_has_suffix(path, "/schemata"))
                return write_schemata(root, path, line);

        text = read_file(root, path);
        added = g_strdup_printf("%s%s\n", text, line);
        tree_put(root->fd, path, added, -1);
        return 0;
}
