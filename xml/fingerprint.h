/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a passthrough device is, as seen on one host and compared on another.
 *
 * It travels in the metadata of a domain, so every member is a fact that both
 * hosts can see; nothing of a host's own addresses is in it. Unknown is NULL,
 * 0, or -1 where 0 means something.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What the driver offers through VFIO_DEVICE_FEATURE (linux/vfio.h). */
typedef enum VfioCap {
        VFIO_CAP_STOP_COPY = 1 << 0, /* VFIO_MIGRATION_STOP_COPY */
        VFIO_CAP_P2P = 1 << 1,       /* VFIO_MIGRATION_P2P */
        VFIO_CAP_PRE_COPY = 1 << 2,  /* VFIO_MIGRATION_PRE_COPY */
        VFIO_CAP_DMA_LOG = 1 << 3,   /* VFIO_DEVICE_FEATURE_DMA_LOGGING_START */
        VFIO_CAP_DATA_SIZE = 1 << 4, /* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE */
        _VFIO_CAP_ALL = (1 << 5) - 1,
} VfioCap;

#define VFIO_CAPS_UNKNOWN (-1)

/* "stop-copy p2p pre-copy dma-log data-size", space separated, "" for none.
 * from_string returns a set of VfioCap or -EINVAL for an unknown word. */
char *vfio_caps_to_string(int caps);
int vfio_caps_from_string(const char *text);

typedef struct Fingerprint {
        int vendor; /* PCI ids, 0 to 0xffff, -1 unknown (an mdev without PCI parent) */
        int device;
        int subsystem_vendor;
        int subsystem_device;
        int revision; /* 0 to 0xff, -1 unknown */
        char *driver; /* the host driver that migrates it ("mtty", "mlx5_vfio_pci") or NULL */
        char *driver_version; /* /sys/module/X/version or srcversion, NULL where the kernel tells
                                 none */
        char *firmware;       /* NULL where the kernel tells none */
        char *mdev_type;      /* "mtty-1"; NULL for PCI functions */
        int vfio_caps;        /* set of VfioCap or VFIO_CAPS_UNKNOWN */
        uint64_t state_size;  /* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE in bytes, 0 unknown */
} Fingerprint;

Fingerprint *fingerprint_new(void); /* everything unknown */
Fingerprint *fingerprint_copy(const Fingerprint *fingerprint);
void fingerprint_free(Fingerprint *fingerprint);
bool fingerprint_equal(const Fingerprint *a, const Fingerprint *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fingerprint, fingerprint_free)
