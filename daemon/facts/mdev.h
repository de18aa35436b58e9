/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Mediated devices: parents, types, instances.
 * Source: Documentation/driver-api/vfio-mediated-device.rst, ABI/testing/sysfs-bus-vfio-mdev. */

#include "daemon/facts/sysfs.h"

typedef struct MdevType {
        char *parent;       /* name in /sys/class/mdev_bus: "mtty", "0000:3b:00.0" */
        char *id;           /* "mtty-1" */
        char *name;         /* human name or NULL */
        char *device_api;   /* "vfio-pci" or NULL */
        unsigned available; /* instances that can still be made */
} MdevType;

typedef struct MdevFacts {
        char *uuid;
        char *parent;
        char *type;      /* type id */
        int iommu_group; /* -1 none */
        char *driver;    /* of the parent, or its class where it has none: "mtty", "nvidia" */
} MdevFacts;

void mdev_type_free(MdevType *type);
void mdev_facts_free(MdevFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdevType, mdev_type_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdevFacts, mdev_facts_free)

/* All lists are sorted; uuids go in in either case and come out in lower case. */
int mdev_list_parents(const Sysfs *sysfs, GPtrArray **ret_names);
int mdev_list_types(const Sysfs *sysfs, const char *parent, GPtrArray **ret_types); /* MdevType */
int mdev_list(const Sysfs *sysfs, GPtrArray **ret_uuids);
int mdev_read(const Sysfs *sysfs, const char *uuid, MdevFacts **ret_facts); /* -ENODEV when gone */
/* The driver (or class) of a parent, as the kernel puts it before the id of its types. */
int mdev_parent_driver(const Sysfs *sysfs, const char *parent, char **ret_driver);
/* -EEXIST: the uuid is there; -ENOSPC: the type has no instance left; -ENODEV: no such type. */
int mdev_create(Sysfs *sysfs, const char *parent, const char *type, const char *uuid);
/* -ENODEV when gone; -EBUSY while a guest holds it: the kernel would block us until it lets go. */
int mdev_remove(Sysfs *sysfs, const char *uuid);
