/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/sriov.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"
#include "daemon/facts/vfio-hold.h"

#define VFS_MAX   0xffff /* NumVFs is a register of 16 bits */
#define LINK_SIZE sizeof("virtfn4294967295")

static int open_function(const Sysfs *sysfs, const char *address, SysfsDir *ret_dir) {
        if (!pci_address_is_valid(address))
                return -EINVAL;

        return sysfs_dir_open(sysfs, ret_dir, "sys/bus/pci/devices/%s", address);
}

/* 0 for what is no PF. */
static int read_count(const SysfsDir *pf, const char *name, unsigned *ret_count) {
        int count = 0, r;

        r = sysfs_dir_read_int(pf, name, &count);
        if (r < 0 && r != -ENOENT)
                return r;
        if (count < 0 || count > VFS_MAX)
                return -EBADMSG;

        *ret_count = count;
        return 0;
}

/* -ENOENT: the VF with this number is not there (yet, or any more). */
static int read_vf(const SysfsDir *pf, unsigned index, char ret_address[NAME_MAX + 1]) {
        char link[LINK_SIZE];

        (void)snprintf(link, sizeof(link), "virtfn%u", index);
        return sysfs_dir_read_link(pf, link, ret_address);
}

static int list_vfs(const SysfsDir *pf, GPtrArray **ret_addresses) {
        g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
        char address[NAME_MAX + 1];
        unsigned count;
        int r;

        r = read_count(pf, "sriov_numvfs", &count);
        if (r < 0)
                return r;

        for (unsigned i = 0; i < count; i++) {
                r = read_vf(pf, i, address);
                if (r < 0 && r != -ENOENT)
                        return r;
                if (r >= 0 && pci_address_is_valid(address))
                        g_ptr_array_add(addresses, g_strdup(address));
        }

        *ret_addresses = g_steal_pointer(&addresses);
        return 0;
}

int sriov_list_vfs(const Sysfs *sysfs, const char *pf, GPtrArray **ret_addresses) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int r;

        r = open_function(sysfs, pf, &dir);
        return r < 0 ? r : list_vfs(&dir, ret_addresses);
}

static int find_vf(const SysfsDir *pf, const char *vf, unsigned *ret_index) {
        char address[NAME_MAX + 1];
        unsigned count;
        int r;

        r = read_count(pf, "sriov_numvfs", &count);
        if (r < 0)
                return r;

        for (unsigned i = 0; i < count; i++)
                if (read_vf(pf, i, address) >= 0 && strcmp(address, vf) == 0) {
                        *ret_index = i;
                        return 0;
                }
        return -ENODEV;
}

int sriov_vf_index(const Sysfs *sysfs, const char *vf, unsigned *ret_index) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE, pf = SYSFS_DIR_NONE;
        char physfn[NAME_MAX + 1];
        int r;

        r = open_function(sysfs, vf, &dir);
        if (r < 0)
                return r;

        r = sysfs_dir_read_link(&dir, "physfn", physfn);
        if (r < 0)
                return r == -ENOENT ? -ENODEV : r;

        r = open_function(sysfs, physfn, &pf);
        return r < 0 ? r : find_vf(&pf, vf, ret_index);
}

/* Removing a VF that a guest has would block until the guest lets go. */
static int hold_vfs(VfioHold *hold, const Sysfs *sysfs, const SysfsDir *pf) {
        g_autoptr(GPtrArray) vfs = NULL;
        int r;

        r = list_vfs(pf, &vfs);

        for (guint i = 0; r >= 0 && i < vfs->len; i++) {
                g_auto(SysfsDir) vf = SYSFS_DIR_NONE;

                r = open_function(sysfs, vfs->pdata[i], &vf);
                if (r >= 0)
                        r = vfio_hold_add(hold, &vf);
        }
        return r;
}

static int remove_vfs(const Sysfs *sysfs, const SysfsDir *pf) {
        g_autoptr(VfioHold) hold = vfio_hold_new(sysfs);
        int r;

        r = hold_vfs(hold, sysfs, pf);
        return r < 0 ? r : sysfs_dir_write(pf, "sriov_numvfs", "0");
}

static int make_vfs(const SysfsDir *pf, unsigned count) {
        g_autofree char *value = g_strdup_printf("%u", count);
        unsigned made;
        int r;

        r = sysfs_dir_write(pf, "sriov_numvfs", value);
        if (r < 0) /* the kernel's word for a driver without sriov_configure() */
                return r == -ENOENT ? -EOPNOTSUPP : r;

        /* The write succeeds as well when the driver makes fewer. */
        r = read_count(pf, "sriov_numvfs", &made);
        if (r >= 0 && made != count)
                r = -EIO;
        if (r < 0)
                (void)sysfs_dir_write(pf, "sriov_numvfs", "0");
        return r;
}

int sriov_set_numvfs(Sysfs *sysfs, const char *pf, unsigned count) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        unsigned total, made;
        int r;

        r = open_function(sysfs, pf, &dir);
        if (r < 0)
                return r;

        r = read_count(&dir, "sriov_totalvfs", &total);
        if (r >= 0)
                r = read_count(&dir, "sriov_numvfs", &made);
        if (r < 0)
                return r;

        if (total == 0)
                return -EOPNOTSUPP;
        if (count == made)
                return 0;
        if (count > total)
                return -ERANGE;
        if (count == 0)
                return remove_vfs(sysfs, &dir);
        return made > 0 ? -EBUSY : make_vfs(&dir, count);
}
