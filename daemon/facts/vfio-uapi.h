/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* linux/vfio.h, and what the one of Linux 6.1 (Debian 12) does not have yet. The numbers are the
 * kernel's ABI: include/uapi/linux/vfio.h. */

#include <linux/vfio.h>

#ifndef VFIO_MIGRATION_PRE_COPY /* 6.2 */
#define VFIO_MIGRATION_PRE_COPY (1 << 2)
#endif

#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE /* 6.2 */
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
#endif

#ifndef VFIO_MIG_GET_PRECOPY_INFO /* 6.2, with two states, which are in an enum */
#define VFIO_DEVICE_STATE_PRE_COPY     6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P 7

struct vfio_precopy_info {
        __u32 argsz;
        __u32 flags;
        __aligned_u64 initial_bytes;
        __aligned_u64 dirty_bytes;
};

#define VFIO_MIG_GET_PRECOPY_INFO _IO(VFIO_TYPE, VFIO_BASE + 21)
#endif
