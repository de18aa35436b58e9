/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A passthrough device of this host, or the parent that makes such devices, as
 * the inventory keeps it. A value: a refresh replaces it, and nobody changes one
 * but the inventory, which notes its pool and what its driver answers to a probe.
 */

#include "daemon/facts/mdev.h"
#include "daemon/facts/vfio.h"
#include "xml/domain.h"

typedef struct DeviceClass DeviceClass;
typedef struct Pool Pool;

typedef enum DeviceRole {
        DEVICE_ROLE_FUNCTION, /* can be given to a guest: VF, mdev */
        DEVICE_ROLE_PARENT,   /* makes functions: PF, mdev parent */
        _DEVICE_ROLE_MAX,
        _DEVICE_ROLE_INVALID = -22,
} DeviceRole;

const char *device_role_to_string(DeviceRole role); /* "function", "parent" */
DeviceRole device_role_from_string(const char *text);

typedef struct Device {
        char *id;                 /* "0000:3b:00.2", mdev uuid, or name of an mdev parent */
        const DeviceClass *class; /* static */
        DeviceRole role;
        char *parent;             /* id of the parent, NULL */
        Fingerprint *fingerprint; /* never NULL */
        char *driver;             /* bound now; fingerprint->driver is the one that migrates it */
        uint64_t driver_loading;  /* of the latter, as vfio_driver_loading() has it */
        int numa_node;            /* -1 none */
        int iommu_group;          /* -1 none */
        char *netdev;             /* NULL without */
        char *host_use;           /* why the host itself uses it, in words; NULL when it does not */
        double link_speed;        /* GT/s, 0 unknown */
        int link_width;           /* lanes, 0 unknown */
        unsigned vfs_made;        /* of a PF */
        unsigned vfs_total;
        GPtrArray *types;    /* MdevType, of an mdev parent; NULL otherwise */
        const char *finding; /* what would stop a migration from here; interned, NULL none */
        const Pool *pool;    /* borrowed from the configuration; NULL outside of an inventory */
} Device;

Device *device_new(const DeviceClass *class, DeviceRole role, const char *id);
void device_free(Device *device);
bool device_equal(const Device *a, const Device *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_free)
