/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/misc-cgroup.h"

#include <errno.h>
#include <string.h>

#define CAPACITY "sys/fs/cgroup/misc.capacity"
#define CURRENT  "sys/fs/cgroup/misc.current"

static void resource_free(gpointer p) {
        MiscResource *resource = p;

        g_free(resource->name);
        g_free(resource);
}

/* "sev 50". */
static bool parse_line(const char *line, char **ret_name, uint64_t *ret_value) {
        const char *blank = strchr(line, ' ');
        guint64 value;

        if (!blank || blank == line ||
            !g_ascii_string_to_unsigned(blank + 1, 10, 0, G_MAXUINT64, &value, NULL))
                return false;

        *ret_name = g_strndup(line, blank - line);
        *ret_value = value;
        return true;
}

static MiscResource *find(const GPtrArray *resources, const char *name) {
        for (guint i = 0; i < resources->len; i++) {
                MiscResource *resource = resources->pdata[i];

                if (g_str_equal(resource->name, name))
                        return resource;
        }
        return NULL;
}

static void take_capacity(GPtrArray *resources, const char *line) {
        MiscResource resource = { 0 };

        if (!parse_line(line, &resource.name, &resource.capacity))
                return;
        g_ptr_array_add(resources, g_memdup2(&resource, sizeof(resource)));
}

static void take_current(GPtrArray *resources, const char *line) {
        g_autofree char *name = NULL;
        MiscResource *resource;
        uint64_t used;

        if (!parse_line(line, &name, &used))
                return;
        resource = find(resources, name);
        if (resource)
                resource->used = used;
}

static int for_each_line(const Sysfs *sysfs, const char *path,
                         void (*take)(GPtrArray *resources, const char *line),
                         GPtrArray *resources) {
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        int r;

        r = sysfs_read_string(sysfs, path, &text);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
                take(resources, *line);
        return 0;
}

int misc_cgroup_read(const Sysfs *sysfs, GPtrArray **ret_resources) {
        g_autoptr(GPtrArray) resources = g_ptr_array_new_with_free_func(resource_free);
        int r;

        r = for_each_line(sysfs, CAPACITY, take_capacity, resources);
        if (r >= 0)
                r = for_each_line(sysfs, CURRENT, take_current, resources);
        if (r < 0)
                return r;

        *ret_resources = g_steal_pointer(&resources);
        return 0;
}
