/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/fd.h"
#include "daemon/facts/sysfs-dir.h"
#include "daemon/facts/vfio-uapi.h"
#include "xml/pci-address.h"

/* A feature request and room for its answer: those that we read are one number of 64 bit (struct
 * vfio_device_feature_migration and _mig_data_size). */
typedef union Request {
        struct vfio_device_feature head;
        uint64_t words[sizeof(struct vfio_device_feature) / sizeof(uint64_t) + 1];
} Request;

static int ask_feature(const Sysfs *sysfs, int device, uint32_t flags, uint64_t *ret_value) {
        Request request = { .head = { .argsz = sizeof(request), .flags = flags } };
        int r;

        r = sysfs_ioctl(sysfs, device, VFIO_DEVICE_FEATURE, &request);
        if (r < 0)
                return r;

        *ret_value = request.words[G_N_ELEMENTS(request.words) - 1];
        return 0;
}

/* A driver without any feature says EINVAL, one without this feature ENOTTY. */
static bool is_missing(int r) {
        return r == -ENOTTY || r == -EINVAL;
}

static int ask_migration(const Sysfs *sysfs, int device, VfioProbe *probe) {
        uint64_t value;
        int r;

        r = ask_feature(sysfs, device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
                        &value);
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

static int ask_dma_log(const Sysfs *sysfs, int device, VfioProbe *probe) {
        uint64_t value;
        int r;

        r = ask_feature(sysfs, device,
                        VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
                                VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
                        &value);
        if (r < 0)
                return is_missing(r) ? 0 : r;

        probe->caps |= VFIO_CAP_DMA_LOG;
        return 0;
}

/* May be asked in every state of the device, so in RUNNING too: what it says is an estimate. */
static int ask_data_size(const Sysfs *sysfs, int device, VfioProbe *probe) {
        uint64_t value;
        int r;

        r = ask_feature(sysfs, device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
                        &value);
        if (r < 0)
                return is_missing(r) ? 0 : r;

        probe->caps |= VFIO_CAP_DATA_SIZE;
        probe->state_size = value;
        return 0;
}

static int ask_device(const Sysfs *sysfs, int device, VfioProbe *probe) {
        int r;

        r = ask_migration(sysfs, device, probe);
        if (r >= 0)
                r = ask_dma_log(sysfs, device, probe);
        if (r >= 0)
                r = ask_data_size(sysfs, device, probe);
        return r;
}

static int open_group(const Sysfs *sysfs, int number) {
        g_autofree char *path = g_strdup_printf("dev/vfio/%d", number);
        int r;

        r = sysfs_open_device(sysfs, path);
        return r == -ENOENT ? -ENODEV : r;
}

static int open_container(const Sysfs *sysfs) {
        g_auto(Fd) container = -1;
        int r;

        container = sysfs_open_device(sysfs, "dev/vfio/vfio");
        if (container < 0)
                return container;

        r = sysfs_ioctl(sysfs, container, VFIO_GET_API_VERSION, NULL);
        if (r < 0)
                return r;
        if (r != VFIO_API_VERSION)
                return -EPROTONOSUPPORT;

        return g_steal_fd(&container);
}

/* The kernel opens a device only when its group has an IOMMU; -EPERM while the host uses a member.
 */
static int join(const Sysfs *sysfs, int container, int group) {
        int r;

        r = sysfs_ioctl(sysfs, group, VFIO_GROUP_SET_CONTAINER, &container);
        if (r < 0)
                return r;

        return sysfs_ioctl(sysfs, container, VFIO_SET_IOMMU, GUINT_TO_POINTER(VFIO_TYPE1v2_IOMMU));
}

int vfio_probe(const Sysfs *sysfs, const char *name, int iommu_group, VfioProbe *ret_probe) {
        VfioProbe probe = { 0 };
        g_auto(Fd) container = -1, group = -1, device = -1; /* closed in reverse */
        int r;

        if (!pci_address_is_valid(name) && !uuid_is_valid(name))
                return -EINVAL;
        if (iommu_group < 0)
                return -ENODEV;

        group = open_group(sysfs, iommu_group);
        if (group < 0)
                return group;

        container = open_container(sysfs);
        if (container < 0)
                return container;

        r = join(sysfs, container, group);
        if (r < 0)
                return r;

        device = sysfs_ioctl(sysfs, group, VFIO_GROUP_GET_DEVICE_FD, (void *)name);
        if (device < 0)
                return device;

        r = ask_device(sysfs, device, &probe);
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
