/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/pci.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"
#include "daemon/facts/vfio-hold.h"

/* What decides which driver has a function; "" for none. */
typedef struct Binding {
        char driver[NAME_MAX + 1];
        char override[SYSFS_VALUE_MAX];
} Binding;

static int binding_read(const SysfsDir *dir, Binding *ret_binding) {
        int r;

        r = sysfs_dir_read(dir, "driver_override", ret_binding->override);
        if (r < 0)
                return r;
        if (strcmp(ret_binding->override, "(null)") == 0)
                ret_binding->override[0] = '\0';

        r = sysfs_dir_read_link(dir, "driver", ret_binding->driver);
        if (r == -ENOENT)
                ret_binding->driver[0] = '\0';
        return r == -ENOENT ? 0 : r;
}

static int write_override(const SysfsDir *dir, const char *driver) {
        /* A lone newline clears it: ABI/testing/sysfs-bus-pci. */
        return sysfs_dir_write(dir, "driver_override", *driver ? driver : "\n");
}

/* Through the device's own link, so that it is the driver which has this very device. */
static int write_unbind(const SysfsDir *dir, const char *address) {
        return sysfs_dir_write(dir, "driver/unbind", address);
}

static char *driver_bind_path(const char *driver) {
        return g_build_filename("sys/bus/pci/drivers", driver, "bind", NULL);
}

static bool driver_is_loaded(const Sysfs *sysfs, const char *driver) {
        g_autofree char *path = driver_bind_path(driver);

        return sysfs_exists(sysfs, path);
}

/* By name, since a driver has no link to a device that it does not have yet. Another device that
 * has come in its place lacks our driver_override, and the vfio driver does not match it. */
static int write_bind(const SysfsDir *dir, const char *address, const char *driver) {
        g_autofree char *path = NULL;

        if (!driver_is_loaded(dir->sysfs, driver))
                return sysfs_write(dir->sysfs, "sys/bus/pci/drivers_probe", address);

        path = driver_bind_path(driver);
        return sysfs_write(dir->sysfs, path, address);
}

/* driver_override goes first both ways: it keeps every other driver from the function while it is
 * unbound, and the kernel refuses a bind that it does not allow. So it is the first to be undone
 * too. */
static int binding_change(const SysfsDir *dir, const char *address, const Binding *old,
                          const Binding *new) {
        bool overridden = strcmp(old->override, new->override) != 0;
        bool unbound = false;
        int r = 0;

        if (overridden)
                r = write_override(dir, new->override);
        if (r < 0)
                return r;

        if (*old->driver)
                r = write_unbind(dir, address);
        if (r < 0)
                goto undo;
        unbound = *old->driver;

        if (*new->driver)
                r = write_bind(dir, address, new->driver);
        if (r >= 0)
                return 0;

undo:
        if (overridden)
                (void)write_override(dir, old->override);
        if (unbound)
                (void)write_bind(dir, address, old->driver);
        return r;
}

static int rebind(const Sysfs *sysfs, const SysfsDir *dir, const char *address,
                  const Binding *new) {
        g_autoptr(VfioHold) hold = vfio_hold_new(sysfs);
        Binding old;
        int r;

        /* Before driver_override is read, which waits for the lock of a device that is being
         * unbound. */
        r = vfio_hold_add(hold, dir);
        if (r < 0)
                return r;

        r = binding_read(dir, &old);
        if (r < 0)
                return r;

        if (strcmp(old.driver, new->driver) != 0)
                return binding_change(dir, address, &old, new);
        if (strcmp(old.override, new->override) != 0)
                return write_override(dir, new->override);
        return 0;
}

static int open_function(const Sysfs *sysfs, const char *address, SysfsDir *ret_dir) {
        if (!pci_address_is_valid(address))
                return -EINVAL;

        return sysfs_dir_open(sysfs, ret_dir, "sys/bus/pci/devices/%s", address);
}

int pci_bind_driver(Sysfs *sysfs, const char *address, const char *driver) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        char bound[NAME_MAX + 1];
        Binding new;
        int r;

        if (!sysfs_name_is_valid(driver))
                return -EINVAL;

        r = open_function(sysfs, address, &dir);
        if (r < 0)
                return r;

        /* Whoever bound it there has set what it takes. */
        if (sysfs_dir_read_link(&dir, "driver", bound) >= 0 && strcmp(bound, driver) == 0)
                return 0;
        if (!driver_is_loaded(sysfs, driver))
                return -ENOENT;

        g_strlcpy(new.driver, driver, sizeof(new.driver));
        g_strlcpy(new.override, driver, sizeof(new.override));
        return rebind(sysfs, &dir, address, &new);
}

int pci_unbind_driver(Sysfs *sysfs, const char *address, const char *original_driver) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        Binding new = { .driver = "", .override = "" };
        int r;

        if (original_driver && !sysfs_name_is_valid(original_driver))
                return -EINVAL;

        r = open_function(sysfs, address, &dir);
        if (r < 0)
                return r;

        if (original_driver)
                g_strlcpy(new.driver, original_driver, sizeof(new.driver));
        return rebind(sysfs, &dir, address, &new);
}
