/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio-dma-log.h"

#include "daemon/facts/vfio-uapi.h"

int vfio_dma_log_start(const VfioDevice *device, const VfioDmaRange *range) {
        struct vfio_device_feature_dma_logging_range only = { range->iova, range->size };
        struct vfio_device_feature_dma_logging_control value = {
                .page_size = range->page_size,
                .num_ranges = 1,
                .ranges = (uintptr_t)&only,
        };

        return vfio_device_feature(device,
                                   VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
                                   &value, sizeof(value));
}

int vfio_dma_log_report(const VfioDevice *device, const VfioDmaRange *range, uint64_t *bitmap) {
        struct vfio_device_feature_dma_logging_report value = {
                .iova = range->iova,
                .length = range->size,
                .page_size = range->page_size,
                .bitmap = (uintptr_t)bitmap,
        };

        return vfio_device_feature(device,
                                   VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
                                   &value, sizeof(value));
}

int vfio_dma_log_stop(const VfioDevice *device) {
        return vfio_device_feature(
                device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}
