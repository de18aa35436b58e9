/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/core/device-class.h"
#include "daemon/facts/netdev.h"
#include "daemon/facts/sriov.h"

/* SR-IOV: parents are PFs, functions their VFs. */

static void describe_function(Device *device, const Sysfs *sysfs, DriverMemo *memo,
                              const PciFacts *facts) {
        const char *driver = driver_memo_choose(memo, sysfs, facts);

        device->parent = g_strdup(facts->physfn);
        driver_memo_describe(memo, sysfs, driver, device);
        driver_memo_describe_vf(memo, sysfs, facts, device);

        /* The plain driver carries no state, whatever its version is. */
        if (g_str_equal(driver, DRIVER_PLAIN_VFIO)) {
                device->fingerprint->vfio_caps = 0;
                g_clear_pointer(&device->fingerprint->driver_version, g_free);
        }
}

static void describe_ids(Fingerprint *fingerprint, const PciFacts *facts) {
        fingerprint->vendor = facts->vendor;
        fingerprint->device = facts->device;
        fingerprint->subsystem_vendor = facts->subsystem_vendor;
        fingerprint->subsystem_device = facts->subsystem_device;
        fingerprint->revision = facts->revision;
}

static Device *device_from_facts(const Sysfs *sysfs, DriverMemo *memo, PciFacts *facts) {
        DeviceRole role = facts->is_vf ? DEVICE_ROLE_FUNCTION : DEVICE_ROLE_PARENT;
        Device *device = device_new(&device_class_sriov, role, facts->address);

        describe_ids(device->fingerprint, facts);
        device->numa_node = facts->numa_node;
        device->iommu_group = facts->iommu_group;
        device->link_speed = facts->link_speed;
        device->link_width = facts->link_width;
        device->vfs_made = facts->vfs_made;
        device->vfs_total = facts->vfs_total;
        if (facts->is_vf)
                describe_function(device, sysfs, memo, facts);
        else
                driver_memo_describe_pf(memo, sysfs, facts, device);

        /* A netdev that goes away under us is no use of the host's any more. */
        if (facts->netdev)
                (void)netdev_host_use(sysfs, facts->netdev, &device->host_use);
        device->driver = g_steal_pointer(&facts->driver);
        device->netdev = g_steal_pointer(&facts->netdev);
        return device;
}

static int sriov_describe(const Sysfs *sysfs, DriverMemo *memo, const char *id,
                          Device **ret_device) {
        g_autoptr(PciFacts) facts = NULL;
        int r;

        r = pci_read(sysfs, id, &facts);
        if (r < 0)
                return r == -EINVAL ? -ENODEV : r; /* an id of another class */
        if (!facts->is_vf && facts->vfs_total == 0)
                return -ENODEV;

        *ret_device = device_from_facts(sysfs, memo, facts);
        return 0;
}

static int sriov_scan(const Sysfs *sysfs, DriverMemo *memo, DeviceSink sink, void *userdata) {
        g_autoptr(GPtrArray) addresses = NULL;
        int r;

        r = pci_list(sysfs, &addresses);
        if (r < 0)
                return r;

        for (guint i = 0; i < addresses->len; i++) {
                Device *device;

                r = sriov_describe(sysfs, memo, addresses->pdata[i], &device);
                if (r >= 0)
                        sink(userdata, device);
                else if (r != -ENODEV)
                        return r;
        }
        return 0;
}

static bool has_only_vf(const Sysfs *sysfs, const char *pf, const char *vf) {
        g_autoptr(GPtrArray) vfs = NULL;

        return sriov_list_vfs(sysfs, pf, &vfs) >= 0 && vfs->len == 1 &&
               g_str_equal(vfs->pdata[0], vf);
}

/* A PF takes a new number of VFs only when it has none, so one more beside
 * others cannot be had without taking those away. */
static int sriov_make(Sysfs *sysfs, const char *parent, const char *type, const char *id) {
        g_autoptr(PciFacts) pf = NULL;
        int r;

        r = pci_read(sysfs, parent, &pf);
        if (r < 0)
                return r;
        if (pf->vfs_made > 0)
                return -EOPNOTSUPP;

        r = sriov_set_numvfs(sysfs, parent, 1);
        if (r < 0 || has_only_vf(sysfs, parent, id))
                return r;

        (void)sriov_set_numvfs(sysfs, parent, 0);
        return -EOPNOTSUPP;
}

static int sriov_unmake(Sysfs *sysfs, const char *id) {
        g_autoptr(PciFacts) vf = NULL;
        int r;

        r = pci_read(sysfs, id, &vf);
        if (r < 0)
                return r == -ENODEV ? 0 : r;
        if (!vf->physfn || !has_only_vf(sysfs, vf->physfn, id))
                return -EOPNOTSUPP;

        return sriov_set_numvfs(sysfs, vf->physfn, 0);
}

/* The best driver is asked anew: modules may have come since the last scan. */
static int sriov_bind(Sysfs *sysfs, const Device *device, char **ret_previous_driver) {
        g_autofree char *driver = NULL;
        g_autoptr(PciFacts) facts = NULL;
        int r;

        r = pci_read(sysfs, device->id, &facts);
        if (r < 0)
                return r;

        if (!driver_is_vfio(facts->driver)) {
                r = driver_best_vfio(sysfs, device->id, &driver);
                if (r >= 0)
                        r = pci_bind_driver(sysfs, device->id, driver);
                if (r < 0)
                        return r;
        }
        *ret_previous_driver = g_steal_pointer(&facts->driver);
        return 0;
}

static int sriov_give_back(Sysfs *sysfs, const char *id, const char *previous_driver) {
        g_autoptr(PciFacts) facts = NULL;
        int r;

        r = pci_read(sysfs, id, &facts);
        if (r < 0)
                return r == -ENODEV ? 0 : r;

        /* It was a vfio driver's before us: somebody meant it so, with a driver_override that is
         * not ours to clear. */
        if (driver_is_vfio(previous_driver) && g_strcmp0(facts->driver, previous_driver) == 0)
                return 0;

        return pci_unbind_driver(sysfs, id, previous_driver);
}

const DeviceClass device_class_sriov = {
        .name = "sriov",
        .subsystem = "pci",
        .kind = DOMAIN_DEVICE_PCI,
        .scan = sriov_scan,
        .describe = sriov_describe,
        .make = sriov_make,
        .bind = sriov_bind,
        .give_back = sriov_give_back,
        .unmake = sriov_unmake,
};
