/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which pages a device has written: VFIO_DEVICE_FEATURE_DMA_LOGGING_* of
 * include/uapi/linux/vfio.h. Only what vfio_device_map() has mapped can be
 * written at all. One log at a time; it ends with the device's fd too.
 * All functions: 0 or negative errno, silent.
 */

#include "daemon/facts/vfio-device.h"

typedef struct VfioDmaRange {
        uint64_t iova, size; /* whole pages */
        uint64_t page_size;  /* of the log: a power of two */
} VfioDmaRange;

int vfio_dma_log_start(const VfioDevice *device, const VfioDmaRange *range);
/* Sets a bit for each page that was written since the last report, and clears none: `bitmap` has
 * range->size / range->page_size bits. -EOPNOTSUPP where the kernel has no IOVA bitmap. */
int vfio_dma_log_report(const VfioDevice *device, const VfioDmaRange *range, uint64_t *bitmap);
int vfio_dma_log_stop(const VfioDevice *device);
