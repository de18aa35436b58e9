/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/config.h"

#include <stdbool.h>

#define GROUP_PLACEMENT "Placement"
#define GROUP_HOST      "Host"
#define CLOUD           "openstack"
#define CLOUDS_FILE     "/etc/virtferry/clouds.yaml"
#define ID_FILE         "/var/lib/nova/compute_id"
#define CHECK_SEC       60
#define CHECK_MAX_SEC   3600

G_DEFINE_QUARK(virtferry - placement - config, config_error)

static const struct {
        const char *group;
        const char *name;
        size_t offset;
} keys[] = {
        { GROUP_PLACEMENT, "Cloud", offsetof(Config, cloud) },
        { GROUP_PLACEMENT, "CloudsFile", offsetof(Config, clouds_file) },
        { GROUP_HOST, "Name", offsetof(Config, host_name) },
        { GROUP_HOST, "IdFile", offsetof(Config, id_file) },
};

static bool fail(GError **error, const char *path, const char *reason) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_TEXT, "%s: %s, see virtferry-placement(8)",
                    path, reason);
        return false;
}

static bool take_check(Config *config, const char *path, const char *value, GError **error) {
        g_autofree char *reason = NULL;
        guint64 number;

        if (g_ascii_string_to_unsigned(value, 10, 1, CHECK_MAX_SEC, &number, NULL)) {
                config->check_sec = (unsigned)number;
                return true;
        }

        reason = g_strdup_printf("[" GROUP_PLACEMENT "] CheckSec must be 1 to %d, not '%s'",
                                 CHECK_MAX_SEC, value);
        return fail(error, path, reason);
}

static bool take_key(Config *config, GKeyFile *file, const char *path, const char *group,
                     const char *name, GError **error) {
        g_autofree char *value = g_key_file_get_string(file, group, name, NULL);
        g_autofree char *reason = NULL;

        if (!value || !*value) {
                reason = g_strdup_printf("[%s] %s has no value", group, name);
                return fail(error, path, reason);
        }

        if (g_str_equal(group, GROUP_PLACEMENT) && g_str_equal(name, "CheckSec"))
                return take_check(config, path, value, error);

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
                if (g_str_equal(keys[i].group, group) && g_str_equal(keys[i].name, name)) {
                        g_free(*(char **)((char *)config + keys[i].offset));
                        *(char **)((char *)config + keys[i].offset) = g_steal_pointer(&value);
                        return true;
                }

        reason = g_strdup_printf("[%s] %s is not known", group, name);
        return fail(error, path, reason);
}

static bool take_group(Config *config, GKeyFile *file, const char *path, const char *group,
                       GError **error) {
        g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);
        g_autofree char *reason = NULL;

        if (!g_str_equal(group, GROUP_PLACEMENT) && !g_str_equal(group, GROUP_HOST)) {
                reason = g_strdup_printf("[%s] is not known", group);
                return fail(error, path, reason);
        }

        for (char **name = names; name && *name; name++)
                if (!take_key(config, file, path, group, *name, error))
                        return false;
        return true;
}

static bool read_file(Config *config, const char *path, GError **error) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(GError) problem = NULL;
        g_auto(GStrv) groups = NULL;

        if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem)) {
                if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
                        return true;
                if (problem->domain == G_KEY_FILE_ERROR)
                        return fail(error, path, problem->message);
                g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "%s cannot be read: %s", path,
                            problem->message);
                return false;
        }

        groups = g_key_file_get_groups(file, NULL);
        for (char **group = groups; *group; group++)
                if (!take_group(config, file, path, *group, error))
                        return false;
        return true;
}

/* NULL: there is no such credential. */
static char *credential(const char *directory, const char *name) {
        g_autofree char *path = directory ? g_build_filename(directory, name, NULL) : NULL;

        return path && g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

static void fill_in(Config *config, const char *credentials) {
        if (!config->cloud)
                config->cloud = g_strdup(CLOUD);
        if (!config->clouds_file)
                config->clouds_file = credential(credentials, "clouds.yaml")
                                              ?: g_strdup(CLOUDS_FILE);
        if (!config->host_name)
                config->host_name = g_strdup(g_get_host_name());
        if (!config->id_file)
                config->id_file = g_strdup(ID_FILE);
        config->secret_file = credential(credentials, "secret");
}

Config *config_read(const char *path, const char *credentials, GError **error) {
        g_autoptr(Config) config = g_new0(Config, 1);

        config->check_sec = CHECK_SEC;
        if (!read_file(config, path, error))
                return NULL;

        fill_in(config, credentials);
        return g_steal_pointer(&config);
}

void config_free(Config *config) {
        if (!config)
                return;

        g_free(config->cloud);
        g_free(config->clouds_file);
        g_free(config->secret_file);
        g_free(config->host_name);
        g_free(config->id_file);
        g_free(config);
}
