/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of fake-root share: the state of the model. Nobody else includes this. */

#include "daemon/facts/vfio-migration.h"
#include "daemon/facts/vfio-uapi.h"
#include "daemon/facts/vfio.h"
#include "tests/lib/fake-root.h"
#include "tests/lib/fake-tree.h"

typedef struct FakeFunction {
        char *address;
        char *path;   /* sys/devices/pci0000:3b/0000:3b:00.0 */
        FakePci spec; /* strings are its own */
        unsigned kind;
        char *driver;   /* bound now */
        char *override; /* driver_override */
        int group;
        struct FakeFunction *pf; /* NULL: no VF */
        unsigned index;          /* of a VF */
        GPtrArray *vfs;          /* FakeFunction, of a PF; they belong to root->functions */
} FakeFunction;

typedef struct FakeParent {
        char *name;
        char *path; /* sys/devices/virtual/mtty/mtty */
        char *driver;
        unsigned left;     /* of the capacity */
        GHashTable *types; /* id → cost */
} FakeParent;

typedef struct FakeMdev {
        char *uuid;
        char *path;
        char *type;
        FakeParent *parent;
        int group;
} FakeMdev;

typedef struct FakeMigration FakeMigration;

struct FakeRoot {
        char *base; /* root/ and kinds/ are below */
        char *path;
        int base_fd, fd;
        Sysfs *sysfs;
        GHashTable *functions; /* address → FakeFunction */
        GHashTable *parents;   /* name → FakeParent */
        GHashTable *mdevs;     /* uuid → FakeMdev */
        GHashTable *offers;    /* driver → VfioProbe */
        GHashTable *addresses; /* netdev → address */
        GHashTable *firmware;  /* netdev → version */
        unsigned firmware_asked;
        GHashTable *held;       /* set of names */
        GHashTable *opened;     /* set of fds of VFIO nodes and devices */
        GHashTable *kinds;      /* what functions have in common → number */
        GHashTable *migrations; /* name → FakeMigration, of devices that were asked for a state */
        GHashTable *streams;    /* fd that was handed out → inode */
        GString *arcs;          /* states that were entered */
        bool spoil_data;
        int fail_ioctl_in; /* as fail_in, of ioctls on devices and streams */
        int fail_ioctl_error;
        bool fail_ioctl_breaks;
        int attached_group; /* to the container; -1 none */
        int next_group;
        GString *writes;
        int fail_in; /* writes until one fails; -1 none does */
        int fail_error;
};

/* fake-iommu.c: groups, their VFIO nodes and who is in them */
int fake_group_join(FakeRoot *root, int group, const char *name,
                    const char *path); /* 0: a new one */
void fake_group_leave(FakeRoot *root, int group, const char *name, const char *path);
void fake_vfio_register(FakeRoot *root, int group, const char *path);
void fake_vfio_unregister(FakeRoot *root, int group, const char *path);
bool fake_driver_is_vfio(const char *driver);

/* fake-kind.c */
void fake_kind_link(FakeRoot *root, const FakeFunction *function);

/* fake-pci.c */
FakeFunction *fake_function_find(FakeRoot *root, const char *address);
void fake_function_free(FakeFunction *function);
void fake_function_put(FakeRoot *root, const FakeFunction *function, const char *name,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);
void fake_function_put_uevent(FakeRoot *root, const FakeFunction *function);

/* fake-driver.c */
bool fake_driver_is_loaded(FakeRoot *root, const char *driver);
int fake_function_bind(FakeRoot *root, FakeFunction *function, const char *driver);
void fake_function_unbind(FakeRoot *root, FakeFunction *function);
int fake_function_override(FakeRoot *root, FakeFunction *function, const char *value);
int fake_driver_unbind(FakeRoot *root, const char *driver, const char *address);

#define FAKE_NOT_MODELLED 1 /* a plain file, if it is there */

/* What a write does. 0 or negative errno. */
int fake_pci_write(FakeRoot *root, FakeFunction *function, const char *attribute,
                   const char *value);
int fake_pci_write_driver(FakeRoot *root, const char *driver, const char *file, const char *value);
int fake_pci_probe(FakeRoot *root, const char *address);
int fake_mdev_create(FakeRoot *root, const char *parent, const char *type, const char *uuid);
int fake_mdev_remove(FakeRoot *root, const char *uuid, const char *value);

/* fake-mdev.c */
void fake_parent_free(FakeParent *parent);
void fake_mdev_free(FakeMdev *mdev);

/* fake-resctrl.c */
int fake_resctrl_make(FakeRoot *root, const char *path);
int fake_resctrl_remove(FakeRoot *root, const char *path);
int fake_resctrl_write(FakeRoot *root, const char *path, const char *value);

/* fake-vfio.c: SysfsOps */
int fake_vfio_open(void *userdata, const char *path);
int fake_vfio_ioctl(void *userdata, int fd, unsigned long request, void *argument);
bool fake_vfio_is_idle(FakeRoot *root); /* everything that was opened is closed again */

/* fake-migration.c */
FakeMigration *fake_migration_new(const char *name, const char *kind);
void fake_migration_free(FakeMigration *migration);
int fake_migration_state(FakeRoot *root, FakeMigration *migration, int caps,
                         struct vfio_device_feature *feature);
int fake_migration_dma_log(FakeMigration *migration, struct vfio_device_feature *feature);
int fake_migration_reset(FakeMigration *migration);
int fake_migration_ioctl(FakeMigration *migration, int fd, unsigned long request, void *argument);
FakeMigration *fake_migration_of_stream(FakeRoot *root, int fd); /* NULL */
bool fake_migration_is_idle(FakeRoot *root);
bool fake_migration_fails(FakeRoot *root, FakeMigration *migration); /* NULL: sets no state */

/* Ends the test: the kernel would block the write until the guest lets go. */
void fake_must_be_free(FakeRoot *root, const char *name, const char *what);
