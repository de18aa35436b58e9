/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/compat.h"

#include "daemon/core/compat-rule.h"
#include "daemon/core/config-directory.h"
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

static bool take_file(void *userdata, const char *text, const char *file, GError **error) {
        return compat_add(userdata, text, file, error);
}

Compat *compat_load(int root_fd, const char *const *directories) {
        Compat *compat = compat_new();

        /* The default goes first: it is what the other rules begin with. */
        config_directories_load(root_fd, directories, COMPAT_DEFAULT_FILE, take_file, compat,
                                compat->problems);
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
