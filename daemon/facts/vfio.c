/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"
#include "daemon/facts/vfio-uapi.h"
#include "xml/pci-address.h"

static int ask_feature(const VfioDevice *device, uint32_t flags, uint64_t *ret_value) {
        return vfio_device_feature(device, flags, ret_value, sizeof(*ret_value));
}

/* A driver without any feature says EINVAL, one without this feature ENOTTY. */
static bool is_missing(int r) {
        return r == -ENOTTY || r == -EINVAL;
}

static int ask_migration(const VfioDevice *device, VfioProbe *probe) {
        uint64_t value = 0;
        int r;

        r = ask_feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &value);
        if (r < 0)
                return is_missing(r) ? 0 : r;

        if (value & VFIO_MIGRATION_STOP_COPY)
                probe->caps |= VFIO_CAP_STOP_COPY;
        if (value & VFIO_MIGRATION_P2P)
                probe->caps |= VFIO_CAP_P2P;
        if (value & VFIO_MIGRATION_PRE_COPY)
                probe->caps |= VFIO_CAP_PRE_COPY;
        return 0;
}

static int ask_dma_log(const VfioDevice *device, VfioProbe *probe) {
        uint64_t value = 0;
        int r;

        r = ask_feature(device,
                        VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
                                VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
                        &value);
        if (r < 0)
                return is_missing(r) ? 0 : r;

        probe->caps |= VFIO_CAP_DMA_LOG;
        return 0;
}

/* May be asked in every state of the device, so in RUNNING too: what it says is an estimate. */
static int ask_data_size(const VfioDevice *device, VfioProbe *probe) {
        uint64_t value = 0;
        int r;

        r = ask_feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
                        &value);
        if (r < 0)
                return is_missing(r) ? 0 : r;

        probe->caps |= VFIO_CAP_DATA_SIZE;
        probe->state_size = value;
        return 0;
}

int vfio_device_ask(const VfioDevice *device, VfioProbe *ret_probe) {
        VfioProbe probe = { 0 };
        int r;

        r = ask_migration(device, &probe);
        if (r >= 0)
                r = ask_dma_log(device, &probe);
        if (r >= 0)
                r = ask_data_size(device, &probe);
        if (r >= 0)
                *ret_probe = probe;
        return r;
}

int vfio_probe(const Sysfs *sysfs, const char *name, int iommu_group, VfioProbe *ret_probe) {
        g_auto(VfioDevice) device = VFIO_DEVICE_NONE;
        VfioProbe probe = { 0 };
        int r;

        r = vfio_device_open(&device, sysfs, name, iommu_group);
        if (r < 0)
                return r;

        r = vfio_device_ask(&device, &probe);
        if (r < 0)
                return r;

        *ret_probe = probe;
        return 0;
}

/* One word a line; the kernel's words are ours but for "dirty-tracking". */
static int parse_features(char *text) {
        char *word;
        int caps = 0;

        while ((word = strsep(&text, "\n"))) {
                int cap;

                if (strcmp(word, "dirty-tracking") == 0)
                        cap = VFIO_CAP_DMA_LOG;
                else
                        cap = vfio_caps_from_string(word);

                if (cap > 0) /* a word of a later kernel says nothing to us */
                        caps |= cap;
        }
        return caps;
}

static int look_into_debugfs(const SysfsDir *dir, int *ret_caps) {
        char text[SYSFS_VALUE_MAX];

        /* The kernel makes it for each device whose driver has migration operations. */
        if (!sysfs_dir_has(dir, "migration")) {
                *ret_caps = 0;
                return 0;
        }

        *ret_caps = VFIO_CAPS_UNKNOWN;
        if (sysfs_dir_read(dir, "migration/features", text) >= 0)
                *ret_caps = parse_features(text);
        return 1;
}

static bool has_generic_driver(const Sysfs *sysfs, const char *name) {
        g_autofree char *path = g_build_filename("sys/bus/pci/devices", name, "driver", NULL);
        g_autofree char *driver = NULL;

        return sysfs_read_link_name(sysfs, path, &driver) >= 0 && strcmp(driver, "vfio-pci") == 0;
}

int vfio_look(const Sysfs *sysfs, const char *name, int *ret_caps) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;

        if (!pci_address_is_valid(name) && !uuid_is_valid(name))
                return -EINVAL;

        if (sysfs_dir_open(sysfs, &dir, "sys/kernel/debug/vfio/%s", name) >= 0)
                return look_into_debugfs(&dir, ret_caps);

        if (!has_generic_driver(sysfs, name))
                return -ENODATA;
        *ret_caps = 0;
        return 0;
}
