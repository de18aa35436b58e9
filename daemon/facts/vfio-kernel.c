/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/facts/fd.h"

/* What the report is made with. From 6.1 to 6.6 it was a part of vfio itself; since 6.7 it is built
 * with CONFIG_IOMMUFD_DRIVER only, and without it a stub answers EOPNOTSUPP. */
#define BITMAP_SYMBOL "iova_bitmap_alloc"

/* Whether any line of a file does; -ENOENT without the file. */
static int any_line(const Sysfs *sysfs, const char *path, bool (*matches)(char *line)) {
        g_auto(Fd) fd = openat(sysfs_root_fd(sysfs), path, O_RDONLY | O_CLOEXEC);
        char *line = NULL; /* of getline() */
        bool found = false;
        size_t size = 0;
        FILE *file;

        if (fd < 0)
                return -errno;

        file = fdopen(fd, "r");
        if (!file)
                return -errno;
        fd = -1; /* fclose() closes it */

        while (!found && getline(&line, &size, file) >= 0)
                found = matches(line);

        free(line);
        (void)fclose(file);
        return found;
}

/* "ffffffffc03f27f0 t iova_bitmap_alloc\t[vfio]": "T" when it is built in; a module's is "t",
 * exported or not. The stub is inline and leaves no symbol. */
static bool is_symbol(char *line) {
        char *symbol = strstr(line, " " BITMAP_SYMBOL);

        return symbol && strchr("\t\n", symbol[strlen(" " BITMAP_SYMBOL)]);
}

/* "alias symbol:iova_bitmap_alloc vfio" */
static bool is_module_symbol(char *line) {
        return g_str_has_prefix(line, "alias symbol:" BITMAP_SYMBOL " ");
}

static bool is_option(char *line) {
        return strcmp(line, "CONFIG_IOMMUFD_DRIVER=y\n") == 0;
}

static int ask_files_of_release(const Sysfs *sysfs, const char *release) {
        g_autofree char *symbols = g_build_filename("lib/modules", release, "modules.symbols",
                                                    NULL);
        g_autofree char *config = g_strdup_printf("boot/config-%s", release);
        int r;

        /* A module that has it settles it; that none has it does not: since 6.7 it is built in. */
        r = any_line(sysfs, symbols, is_module_symbol);
        if (r > 0)
                return r;

        r = any_line(sysfs, config, is_option);
        return r < 0 ? -ENODATA : r;
}

int vfio_kernel_reports_dma_log(const Sysfs *sysfs) {
        g_autofree char *release = NULL;
        int r;

        r = any_line(sysfs, "proc/kallsyms", is_symbol);
        if (r > 0)
                return r;

        /* With vfio loaded every place where it can be is listed: built in, vfio, another module
         * that vfio's drivers need. */
        if (r == 0 && sysfs_exists(sysfs, "sys/module/vfio"))
                return 0;

        if (sysfs_read_string(sysfs, "proc/sys/kernel/osrelease", &release) < 0 ||
            !sysfs_name_is_valid(release))
                return -ENODATA;
        return ask_files_of_release(sysfs, release);
}

/* A driver may be "vfio-pci"; a module never is. */
static char *module_directory(const char *module) {
        if (!sysfs_name_is_valid(module))
                return NULL;
        return g_strdelimit(g_build_filename("sys/module", module, NULL), "-", '_');
}

uint64_t vfio_driver_loading(const Sysfs *sysfs, const char *module) {
        g_autofree char *directory = module_directory(module);
        struct stat status;

        if (!directory || fstatat(sysfs_root_fd(sysfs), directory, &status, 0) < 0)
                return 0;
        return status.st_ino;
}

char *vfio_driver_version(const Sysfs *sysfs, const char *module) {
        static const char *const names[] = { "version", "srcversion" };
        g_autofree char *directory = module_directory(module);

        if (!directory)
                return NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *path = g_build_filename(directory, names[i], NULL);
                char *version;

                if (sysfs_read_string(sysfs, path, &version) >= 0)
                        return version;
        }
        return NULL;
}
