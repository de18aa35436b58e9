/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/obstacle.h"

#include <limits.h>

#include "daemon/facts/vfio.h"

#define REPORTS_NOT_ASKED INT_MIN

struct Obstacles {
        const Sysfs *sysfs;
        GHashTable *hanging; /* id of a device whose driver hangs → loading of that driver */
        int dma_log_reports;
};

Obstacles *obstacles_new(const Sysfs *sysfs) {
        Obstacles *obstacles = g_new0(Obstacles, 1);

        obstacles->sysfs = sysfs;
        obstacles->hanging = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        obstacles->dma_log_reports = REPORTS_NOT_ASKED;
        return obstacles;
}

void obstacles_free(Obstacles *obstacles) {
        if (!obstacles)
                return;

        g_hash_table_unref(obstacles->hanging);
        g_free(obstacles);
}

void obstacles_note_hang(Obstacles *obstacles, const Device *device, bool hangs) {
        if (hangs)
                g_hash_table_replace(
                        obstacles->hanging, g_strdup(device->id),
                        g_memdup2(&device->driver_loading, sizeof(device->driver_loading)));
        else
                g_hash_table_remove(obstacles->hanging, device->id);
}

bool obstacles_hangs(const Obstacles *obstacles, const Device *device) {
        const uint64_t *loading = g_hash_table_lookup(obstacles->hanging, device->id);

        return loading && *loading == device->driver_loading;
}

int obstacles_dma_log_reports(Obstacles *obstacles) {
        if (obstacles->dma_log_reports == REPORTS_NOT_ASKED)
                obstacles->dma_log_reports = vfio_kernel_reports_dma_log(obstacles->sysfs);
        return obstacles->dma_log_reports;
}

const char *obstacles_find(Obstacles *obstacles, const Device *device) {
        const Fingerprint *fingerprint = device->fingerprint;
        const char *driver = fingerprint->driver ?: "of the device";
        g_autofree char *sentence = NULL;

        if (obstacles_hangs(obstacles, device))
                sentence = g_strdup_printf("driver %s hangs: a trial of %s did not end and was "
                                           "killed; load the driver anew, or boot the host, and "
                                           "try again with 'virt-ferry probe'",
                                           driver, device->id);
        else if (fingerprint->vfio_caps >= 0 && fingerprint->vfio_caps & VFIO_CAP_DMA_LOG &&
                 obstacles_dma_log_reports(obstacles) == 0)
                sentence = g_strdup_printf("driver %s offers DMA logging, but this kernel cannot "
                                           "report it, so QEMU stops a migration from here at its "
                                           "start: boot a kernel with CONFIG_IOMMUFD",
                                           driver);
        return g_intern_string(sentence); /* NULL of NULL */
}
