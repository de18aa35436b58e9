/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio-device.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/vfio-uapi.h"
#include "xml/pci-address.h"

#define FEATURE_VALUE_MAX 32

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

int vfio_device_open(VfioDevice *ret_device, const Sysfs *sysfs, const char *name,
                     int iommu_group) {
        g_auto(Fd) container = -1, group = -1; /* closed in reverse */
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

        r = sysfs_ioctl(sysfs, group, VFIO_GROUP_GET_DEVICE_FD, (void *)name);
        if (r < 0)
                return r;

        *ret_device = (VfioDevice){ sysfs, g_steal_fd(&container), g_steal_fd(&group), r };
        return 0;
}

static void close_one(Fd *fd) {
        if (*fd >= 0)
                fd_close(g_steal_fd(fd));
}

void vfio_device_close(VfioDevice *device) {
        close_one(&device->fd);
        close_one(&device->group);
        close_one(&device->container);
}

int vfio_device_feature(const VfioDevice *device, uint32_t flags, void *value, size_t size) {
        union {
                struct vfio_device_feature head;
                uint64_t words[(sizeof(struct vfio_device_feature) + FEATURE_VALUE_MAX) / 8];
        } request = { .head = { .argsz = sizeof(request.head) + size, .flags = flags } };
        int r;

        g_assert(size <= FEATURE_VALUE_MAX);
        if (size > 0)
                memcpy(&request.words[1], value, size);

        r = sysfs_ioctl(device->sysfs, device->fd, VFIO_DEVICE_FEATURE, &request);
        if (r >= 0 && size > 0)
                memcpy(value, &request.words[1], size);
        return r;
}

int vfio_device_map(const VfioDevice *device, uint64_t iova, void *memory, size_t size) {
        struct vfio_iommu_type1_dma_map map = {
                .argsz = sizeof(map),
                .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                .vaddr = (uintptr_t)memory,
                .iova = iova,
                .size = size,
        };

        return sysfs_ioctl(device->sysfs, device->container, VFIO_IOMMU_MAP_DMA, &map);
}
