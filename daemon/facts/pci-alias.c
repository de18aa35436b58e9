/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/pci.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/facts/fd.h"
#include "daemon/facts/sysfs-dir.h"

#define GENERIC_MODULE "vfio_pci"
#define GENERIC_DRIVER "vfio-pci"
#define ALIAS_PREFIX   "alias vfio_pci:"

static unsigned count_wildcards(const char *pattern) {
        unsigned count = 0;

        for (; *pattern != '\0'; pattern++)
                count += *pattern == '*';
        return count;
}

/* Looks at one line, "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci". The pattern
 * with the fewest wildcards says most about the device. */
static void consider_line(char *line, const char *modalias, unsigned *best_wildcards, char **best) {
        char *pattern, *module;

        if (!g_str_has_prefix(line, ALIAS_PREFIX))
                return;

        pattern = line + strlen(ALIAS_PREFIX);
        module = strchr(pattern, ' ');
        if (!module)
                return;
        *module++ = '\0';
        module[strcspn(module, "\n")] = '\0';

        if (!sysfs_name_is_valid(module) || fnmatch(pattern, modalias, 0) != 0 ||
            count_wildcards(pattern) >= *best_wildcards)
                return;

        *best_wildcards = count_wildcards(pattern);
        g_free(*best);
        *best = g_strdup(module);
}

static int open_aliases(const Sysfs *sysfs, const char *release, FILE **ret_file) {
        g_autofree char *path = g_build_filename("lib/modules", release, "modules.alias", NULL);
        g_auto(Fd) fd = openat(sysfs_root_fd(sysfs), path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;

        *ret_file = fdopen(fd, "r");
        if (!*ret_file)
                return -errno;
        fd = -1; /* fclose() closes it */
        return 0;
}

/* NULL when no line fits. */
static int find_module(const Sysfs *sysfs, const char *release, const char *modalias,
                       char **ret_module) {
        unsigned wildcards = UINT_MAX;
        char *line = NULL; /* of getline() */
        size_t size = 0;
        FILE *file;
        int r;

        *ret_module = NULL;
        r = open_aliases(sysfs, release, &file);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        while (getline(&line, &size, file) >= 0)
                consider_line(line, modalias, &wildcards, ret_module);

        free(line);
        (void)fclose(file);
        return 0;
}

/* A loaded module lists its drivers as "pci:NAME"; one that is not loaded has, by kernel custom, a
 * driver of its own name. The generic one breaks the custom. */
static char *driver_of_module(const Sysfs *sysfs, const char *module) {
        g_autofree char *path = g_build_filename("sys/module", module, "drivers", NULL);
        g_autoptr(GPtrArray) names = NULL;

        if (strcmp(module, GENERIC_MODULE) == 0)
                return g_strdup(GENERIC_DRIVER);

        if (sysfs_list(sysfs, path, &names) >= 0)
                for (guint i = 0; i < names->len; i++)
                        if (g_str_has_prefix(names->pdata[i], "pci:"))
                                return g_strdup((char *)names->pdata[i] + strlen("pci:"));

        return g_strdup(module);
}

static int read_modalias(const Sysfs *sysfs, const char *address, char **ret_modalias) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        char text[SYSFS_VALUE_MAX];
        int r;

        r = sysfs_dir_open(sysfs, &dir, "sys/bus/pci/devices/%s", address);
        if (r < 0)
                return r;

        r = sysfs_dir_read(&dir, "modalias", text);
        if (r < 0)
                return r;
        if (!g_str_has_prefix(text, "pci:"))
                return -EBADMSG;

        *ret_modalias = g_strdup(text + strlen("pci:"));
        return 0;
}

int pci_best_vfio_driver(const Sysfs *sysfs, const char *release, const char *address,
                         char **ret_driver) {
        g_autofree char *modalias = NULL, *module = NULL;
        int r;

        if (!pci_address_is_valid(address) || !sysfs_name_is_valid(release))
                return -EINVAL;

        r = read_modalias(sysfs, address, &modalias);
        if (r < 0)
                return r;

        r = find_module(sysfs, release, modalias, &module);
        if (r < 0)
                return r;

        *ret_driver = module ? driver_of_module(sysfs, module) : g_strdup(GENERIC_DRIVER);
        return 0;
}
