/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/compat-rule.h"

#include <string.h>

#include "daemon/core/config-reader.h"
#include "xml/reader.h"

#define GROUP_DEFAULT "Default"
#define GROUP_RULE    "Rule "
#define NAME_DEFAULT  "default"
#define RULE_NAME_MAX 64
#define WHY_MAX       120

CompatRule *compat_rule_new(void) {
        CompatRule *rule = g_new0(CompatRule, 1);

        rule->name = g_strdup(NAME_DEFAULT);
        rule->file = g_strdup("");
        rule->equal = COMPAT_FACT_BIT(COMPAT_FACT_VENDOR) | COMPAT_FACT_BIT(COMPAT_FACT_DEVICE) |
                      COMPAT_FACT_BIT(COMPAT_FACT_REVISION) | COMPAT_FACT_BIT(COMPAT_FACT_DRIVER) |
                      COMPAT_FACT_BIT(COMPAT_FACT_MDEV_TYPE);
        rule->migrates = rule->several = true;
        rule->kernel_min = version_from_number(5018000);
        rule->qemu_min = version_from_number(8001000);
        rule->libvirt_min = version_from_number(8006000);
        rule->why = g_strdup("only the same driver of the same hardware reads the state");
        return rule;
}

void compat_rule_free(CompatRule *rule) {
        if (!rule)
                return;

        g_free(rule->name);
        g_free(rule->file);
        g_strfreev(rule->drivers);
        g_clear_pointer(&rule->devices, g_array_unref);
        g_free(rule->why);
        g_free(rule);
}

static CompatRule *rule_new_from(const CompatRule *base, const char *name, const char *file) {
        CompatRule *rule = g_new(CompatRule, 1);

        *rule = *base;
        rule->name = g_strdup(name);
        rule->file = g_strdup(file);
        rule->drivers = NULL;
        rule->devices = NULL;
        rule->why = g_strdup(base->why);
        return rule;
}

/* What it is about ------------------------------------------------------------------ */

static bool read_drivers(CompatRule *rule, const ConfigReader *reader, const char *group,
                         GError **error) {
        if (!config_read_list(reader, group, "Drivers", &rule->drivers, error))
                return false;

        for (char **driver = rule->drivers; driver && *driver; driver++)
                if (!xml_name_is_valid(*driver))
                        return config_reader_refuse(reader, group, "Drivers", "names of drivers",
                                                    *driver, error);
        return true;
}

/* Four digits, "15b3", or "*" for any. */
static bool parse_id(const char *text, size_t length, int *ret_id) {
        *ret_id = -1;
        if (length == 1 && *text == '*')
                return true;
        if (length != 4 || strspn(text, "0123456789abcdefABCDEF") < length)
                return false;

        *ret_id = (int)g_ascii_strtoull(text, NULL, 16);
        return true;
}

static bool parse_ids(const char *text, PciId *ret_id) {
        const char *colon = strchr(text, ':');

        return colon && parse_id(text, colon - text, &ret_id->vendor) && ret_id->vendor >= 0 &&
               parse_id(colon + 1, strlen(colon + 1), &ret_id->device);
}

static bool read_devices(CompatRule *rule, const ConfigReader *reader, const char *group,
                         GError **error) {
        g_auto(GStrv) words = NULL;

        if (!config_read_list(reader, group, "Devices", &words, error))
                return false;
        if (!words)
                return true;

        rule->devices = g_array_new(FALSE, FALSE, sizeof(PciId));
        for (char **word = words; *word; word++) {
                PciId id;

                if (!parse_ids(*word, &id))
                        return config_reader_refuse(reader, group, "Devices",
                                                    "PCI ids like 15b3:101e or 15b3:*", *word,
                                                    error);
                g_array_append_val(rule->devices, id);
        }
        return true;
}

/* What it asks ---------------------------------------------------------------------- */

static bool refuse_fact(const ConfigReader *reader, const char *group, const char *key,
                        unsigned allowed, const char *word, GError **error) {
        g_autoptr(GString) known = g_string_new("words of");

        for (int fact = 0; fact < _COMPAT_FACT_MAX; fact++)
                if (allowed & COMPAT_FACT_BIT(fact))
                        g_string_append_printf(known, " %s", compat_fact_to_string(fact));
        return config_reader_refuse(reader, group, key, known->str, word, error);
}

/* `ret_facts` is written where the key is given. */
static bool read_facts(const ConfigReader *reader, const char *group, const char *key,
                       unsigned allowed, bool *ret_given, unsigned *ret_facts, GError **error) {
        g_auto(GStrv) words = NULL;
        unsigned facts = 0;

        if (!config_read_list(reader, group, key, &words, error))
                return false;

        *ret_given = words;
        for (char **word = words; word && *word; word++) {
                CompatFact fact = compat_fact_from_string(*word);

                if (fact == _COMPAT_FACT_INVALID || !(allowed & COMPAT_FACT_BIT(fact)))
                        return refuse_fact(reader, group, key, allowed, *word, error);
                facts |= COMPAT_FACT_BIT(fact);
        }
        if (words)
                *ret_facts = facts;
        return true;
}

static bool read_demands(CompatRule *rule, const ConfigReader *reader, const char *group,
                         GError **error) {
        bool equal, not_older;

        if (!read_facts(reader, group, "Equal", COMPAT_FACTS_ALL, &equal, &rule->equal, error) ||
            !read_facts(reader, group, "NotOlder", COMPAT_FACTS_VERSIONS, &not_older,
                        &rule->not_older, error))
                return false;

        if (equal && not_older && (rule->equal & rule->not_older))
                return config_reader_fail(reader, group, "NotOlder", error,
                                          "has a word that Equal= has too: keep it in one of them");

        /* What the rule says itself goes before what it was born with. */
        if (not_older)
                rule->equal &= ~rule->not_older;
        else
                rule->not_older &= ~rule->equal;
        return true;
}

static bool read_version(const ConfigReader *reader, const char *group, const char *key,
                         Version *ret_version, GError **error) {
        g_autofree char *text = NULL;

        if (!config_read_string(reader, group, key, &text, error))
                return false;
        if (!text || version_from_string(text, ret_version) >= 0)
                return true;
        return config_reader_refuse(reader, group, key, "a version like 6.2 or 8.1.0", text, error);
}

static bool read_minima(CompatRule *rule, const ConfigReader *reader, const char *group,
                        GError **error) {
        return read_version(reader, group, "KernelMin", &rule->kernel_min, error) &&
               read_version(reader, group, "PreCopyKernelMin", &rule->pre_copy_kernel_min, error) &&
               read_version(reader, group, "QemuMin", &rule->qemu_min, error) &&
               read_version(reader, group, "LibvirtMin", &rule->libvirt_min, error);
}

/* It stands at the end of a sentence that must stay short. */
static bool read_why(CompatRule *rule, const ConfigReader *reader, const char *group,
                     GError **error) {
        if (!config_read_string(reader, group, "Why", &rule->why, error))
                return false;
        if (strlen(rule->why) <= WHY_MAX && xml_text_is_valid(rule->why))
                return true;
        return config_reader_fail(reader, group, "Why", error, "must be one line of up to %d bytes",
                                  WHY_MAX);
}

static bool read_rest(CompatRule *rule, const ConfigReader *reader, const char *group,
                      GError **error) {
        return read_demands(rule, reader, group, error) &&
               config_read_bool(reader, group, "Migrates", &rule->migrates, error) &&
               config_read_bool(reader, group, "Several", &rule->several, error) &&
               read_minima(rule, reader, group, error) && read_why(rule, reader, group, error);
}

/* Groups ---------------------------------------------------------------------------- */

#define KEYS_OF_ALL                                                                             \
        "Equal", "NotOlder", "Migrates", "Several", "KernelMin", "PreCopyKernelMin", "QemuMin", \
                "LibvirtMin", "Why", NULL

static CompatRule *read_default(const ConfigReader *reader, const char *group, const char *file,
                                const CompatRule *base, GError **error) {
        static const char *const keys[] = { KEYS_OF_ALL };
        g_autoptr(CompatRule) rule = rule_new_from(base, NAME_DEFAULT, file);

        if (!config_reader_check_keys(reader, group, keys, error) ||
            !read_rest(rule, reader, group, error))
                return NULL;
        return g_steal_pointer(&rule);
}

static CompatRule *read_rule(const ConfigReader *reader, const char *group, const char *file,
                             const CompatRule *base, GError **error) {
        static const char *const keys[] = { "Drivers", "Devices", KEYS_OF_ALL };
        const char *name = group + strlen(GROUP_RULE);
        g_autoptr(CompatRule) rule = rule_new_from(base, name, file);

        if (!config_reader_check_keys(reader, group, keys, error) ||
            !read_drivers(rule, reader, group, error) || !read_devices(rule, reader, group, error))
                return NULL;
        if (!rule->drivers && !rule->devices) {
                config_reader_fail(reader, group, NULL, error,
                                   "must say Drivers= or Devices= that it is about");
                return NULL;
        }
        return read_rest(rule, reader, group, error) ? g_steal_pointer(&rule) : NULL;
}

static bool check_name(const ConfigReader *reader, const char *group, GError **error) {
        const char *name = group + strlen(GROUP_RULE);

        if (strlen(name) <= RULE_NAME_MAX && xml_name_is_valid(name))
                return true;
        return config_reader_fail(reader, group, NULL, error,
                                  "must have a name of 1 to %d letters, digits and '._+:-'",
                                  RULE_NAME_MAX);
}

/* The default has a file of its own, which is read before the others. */
static CompatRule *read_group(const ConfigReader *reader, const char *group, const char *file,
                              const CompatRule *base, GError **error) {
        g_autofree char *name = g_path_get_basename(file);
        bool is_default = g_str_equal(name, COMPAT_DEFAULT_FILE);

        if (is_default && g_str_equal(group, GROUP_DEFAULT))
                return read_default(reader, group, file, base, error);
        if (is_default || !g_str_has_prefix(group, GROUP_RULE)) {
                config_reader_fail(reader, group, NULL, error,
                                   "is unknown: the groups are [Rule NAME], and [Default] in "
                                   "" COMPAT_DEFAULT_FILE " alone");
                return NULL;
        }
        return check_name(reader, group, error) ? read_rule(reader, group, file, base, error)
                                                : NULL;
}

GPtrArray *compat_rules_read(const char *text, const char *file, const CompatRule *base,
                             GError **error) {
        g_autoptr(ConfigReader) reader = config_reader_new(text, file, error);
        g_autoptr(GPtrArray) rules = NULL;
        g_auto(GStrv) groups = NULL;

        if (!reader)
                return NULL;

        rules = g_ptr_array_new_with_free_func((GDestroyNotify)compat_rule_free);
        groups = config_reader_groups(reader);
        for (char **group = groups; *group; group++) {
                CompatRule *rule = read_group(reader, *group, file, base, error);

                if (!rule)
                        return NULL;
                g_ptr_array_add(rules, rule);
        }
        return g_steal_pointer(&rules);
}
