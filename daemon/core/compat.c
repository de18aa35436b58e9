/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/compat.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/compat-rule.h"
#include "daemon/core/config-reader.h"
#include "daemon/facts/fd.h"
#include "xml/ferry-error.h"

struct Compat {
        CompatRule *fallback;
        GPtrArray *rules; /* CompatRule */
        GPtrArray *problems;
};

Compat *compat_new(void) {
        Compat *compat = g_new0(Compat, 1);

        compat->fallback = compat_rule_new();
        compat->rules = g_ptr_array_new_with_free_func((GDestroyNotify)compat_rule_free);
        compat->problems = g_ptr_array_new_with_free_func(g_free);
        return compat;
}

void compat_free(Compat *compat) {
        if (!compat)
                return;

        compat_rule_free(compat->fallback);
        g_ptr_array_unref(compat->rules);
        g_ptr_array_unref(compat->problems);
        g_free(compat);
}

const GPtrArray *compat_problems(const Compat *compat) {
        return compat->problems;
}

/* Files ----------------------------------------------------------------------------- */

static const CompatRule *find_by_driver(const Compat *compat, const char *driver) {
        for (guint i = 0; i < compat->rules->len; i++) {
                const CompatRule *rule = compat->rules->pdata[i];

                for (char **name = rule->drivers; !rule->devices && name && *name; name++)
                        if (compat_same_driver(*name, driver))
                                return rule;
        }
        return NULL;
}

/* The second of two rules for one driver would never be asked. */
static bool check_drivers(const Compat *compat, const CompatRule *rule, GError **error) {
        for (char **name = rule->drivers; !rule->devices && name && *name; name++) {
                const CompatRule *other = find_by_driver(compat, *name);

                if (!other)
                        continue;
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "%s: [Rule %s] Drivers has %s, for which [Rule %s] of %s is already: "
                            "keep one of them",
                            rule->file, rule->name, *name, other->name, other->file);
                return false;
        }
        return true;
}

static bool take_rules(Compat *compat, GPtrArray *rules, GError **error) {
        guint before = compat->rules->len;

        while (rules->len > 0) {
                g_autoptr(CompatRule) rule = g_ptr_array_steal_index(rules, 0);

                if (!check_drivers(compat, rule, error)) {
                        g_ptr_array_set_size(compat->rules, (int)before);
                        return false;
                }
                g_ptr_array_add(compat->rules, g_steal_pointer(&rule));
        }
        return true;
}

/* It is about no driver and no device. */
static bool is_default(const CompatRule *rule) {
        return !rule->drivers && !rule->devices;
}

bool compat_add(Compat *compat, const char *text, const char *file, GError **error) {
        g_autoptr(GPtrArray) rules = compat_rules_read(text, file, compat->fallback, error);

        if (!rules)
                return false;

        if (rules->len == 0 || !is_default(rules->pdata[0]))
                return take_rules(compat, rules, error);

        compat_rule_free(compat->fallback);
        compat->fallback = g_ptr_array_steal_index(rules, 0);
        return true;
}

/* Takes the error. */
static void note_problem(Compat *compat, GError *error) {
        g_ptr_array_add(compat->problems, g_strdup(error->message));
        g_error_free(error);
}

static void load_file(Compat *compat, int root_fd, const char *directory, const char *name) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *shown = g_strconcat("/", path, NULL);
        g_autofree char *text = NULL;
        GError *error = NULL;

        if (!config_read_file(root_fd, path, shown, &text, &error) ||
            (text && !compat_add(compat, text, shown, &error)))
                note_problem(compat, error);
}

/* Notes in `found` which directory has the file of each name. */
static int find_files(GTree *found, int root_fd, const char *directory) {
        int fd = openat(root_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *entry;
        DIR *stream;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        stream = fdopendir(fd);
        if (!stream) {
                fd_close(fd);
                return -errno;
        }
        while ((entry = readdir(stream)))
                if (g_str_has_suffix(entry->d_name, ".conf"))
                        g_tree_replace(found, g_strdup(entry->d_name), (gpointer)directory);
        closedir(stream);
        return 0;
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer unused) {
        return strcmp(a, b);
}

Compat *compat_load(int root_fd, const char *const *directories) {
        g_autoptr(GTree) found = g_tree_new_full(compare_names, NULL, g_free, NULL);
        const char *directory;
        Compat *compat = compat_new();

        for (; *directories; directories++) {
                int r = find_files(found, root_fd, *directories);

                if (r < 0)
                        g_ptr_array_add(compat->problems,
                                        g_strdup_printf("/%s: The directory cannot be read: %s",
                                                        *directories, g_strerror(-r)));
        }

        /* What the other rules begin with. */
        directory = g_tree_lookup(found, COMPAT_DEFAULT_FILE);
        if (directory)
                load_file(compat, root_fd, directory, COMPAT_DEFAULT_FILE);

        for (GTreeNode *node = g_tree_node_first(found); node; node = g_tree_node_next(node))
                if (!g_str_equal(g_tree_node_key(node), COMPAT_DEFAULT_FILE))
                        load_file(compat, root_fd, g_tree_node_value(node), g_tree_node_key(node));
        return compat;
}

/* Asking ---------------------------------------------------------------------------- */

static bool names_driver(const CompatRule *rule, const char *driver) {
        for (char **name = rule->drivers; name && *name; name++)
                if (driver && compat_same_driver(*name, driver))
                        return true;
        return !rule->drivers;
}

static bool names_device(const CompatRule *rule, const Fingerprint *source) {
        for (guint i = 0; i < rule->devices->len; i++) {
                const PciId *id = &g_array_index(rule->devices, PciId, i);

                if (id->vendor == source->vendor &&
                    (id->device < 0 || id->device == source->device))
                        return true;
        }
        return false;
}

const CompatRule *compat_find(const Compat *compat, const Fingerprint *source) {
        const CompatRule *rule;

        for (guint i = 0; i < compat->rules->len; i++) {
                rule = compat->rules->pdata[i];
                if (rule->devices && names_device(rule, source) &&
                    names_driver(rule, source->driver))
                        return rule;
        }

        rule = source->driver ? find_by_driver(compat, source->driver) : NULL;
        return rule ?: compat->fallback;
}
