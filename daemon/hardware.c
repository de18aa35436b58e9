/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hardware.h"

#include "daemon/core/plan.h"
#include "daemon/facts/vfio-migration.h"
#include "daemon/guest-switch.h"
#include "xml/ferry-error.h"

#define CLAIM_EXPIRES_FACTOR 5 /* a claimed device waits longer: QEMU is being started */
#define RELEASE_RETRY_USEC   (10 * G_USEC_PER_SEC)

static bool hardware_error(GError **error, const Lease *lease, const char *what, int r) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE, "%s cannot be %s for guest %s: %s",
                    lease->device, what, lease->domain_name, g_strerror(-r));
        return false;
}

/* Each step of the plan for one lease. The store knows of `make` since the
 * lease was reserved, so a crash after this leaves nothing unknown. */

static bool step_enter_claimed(void *subject, void *userdata, GError **error) {
        Manager *manager = userdata;
        Lease *lease = subject;
        int64_t expires = manager->now() +
                          CLAIM_EXPIRES_FACTOR * (int64_t)manager->config->lease_timeout_usec;

        return lease_book_enter(manager->leases, lease, LEASE_CLAIMED, expires, error);
}

static bool step_make(void *subject, void *userdata, GError **error) {
        Manager *manager = userdata;
        const Lease *lease = subject;
        const DeviceClass *class = device_class_from_string(lease->class_name);
        int r;

        if (!lease->make || inventory_find(manager->inventory, lease->device))
                return true;

        r = class->make(manager->sysfs, lease->parent, lease->type, lease->device);
        if (r < 0)
                return hardware_error(error, lease, "made", r);

        (void)inventory_refresh(manager->inventory, class, lease->device);
        return true;
}

static void undo_make(void *subject, void *userdata) {
        Manager *manager = userdata;
        const Lease *lease = subject;
        const DeviceClass *class = device_class_from_string(lease->class_name);

        if (!lease->make)
                return;

        (void)class->unmake(manager->sysfs, lease->device);
        (void)inventory_refresh(manager->inventory, class, lease->device);
}

static bool step_bind(void *subject, void *userdata, GError **error) {
        Manager *manager = userdata;
        Lease *lease = subject;
        const DeviceClass *class = device_class_from_string(lease->class_name);
        g_autofree char *previous = NULL;
        const Device *device;
        int r;

        device = inventory_find(manager->inventory, lease->device);
        if (!device)
                return hardware_error(error, lease, "found", -ENODEV);
        if (lease->managed || lease->bound)
                return true;

        if (!lease_book_note_bound(manager->leases, lease, device->driver, error))
                return false;

        r = class->bind(manager->sysfs, device, &previous);
        if (r < 0)
                return hardware_error(error, lease, "bound to a vfio driver", r);

        (void)inventory_refresh(manager->inventory, class, lease->device);
        return true;
}

static void undo_bind(void *subject, void *userdata) {
        Manager *manager = userdata;
        const Lease *lease = subject;
        const DeviceClass *class = device_class_from_string(lease->class_name);

        if (!lease->bound)
                return;

        (void)class->give_back(manager->sysfs, lease->device, lease->previous_driver);
        (void)inventory_refresh(manager->inventory, class, lease->device);
}

bool hardware_claim(Manager *manager, GPtrArray *leases, GError **error) {
        g_autoptr(Plan) plan = plan_new(manager);

        plan_add_step(plan, "claim", step_enter_claimed, NULL);
        plan_add_step(plan, "make", step_make, undo_make);
        plan_add_step(plan, "bind", step_bind, undo_bind);
        for (guint i = 0; i < leases->len; i++)
                plan_add_subject(plan, leases->pdata[i]);

        return plan_run(plan, error);
}

/* 0 or negative errno; each class calls a device that is gone already given back. */
static int hardware_give_back(Manager *manager, const Lease *lease) {
        const DeviceClass *class = device_class_from_string(lease->class_name);
        int r = 0;

        if (lease->bound)
                r = class->give_back(manager->sysfs, lease->device, lease->previous_driver);
        if (r >= 0 && lease->make)
                r = class->unmake(manager->sysfs, lease->device);

        (void)inventory_refresh(manager->inventory, class, lease->device);
        return r;
}

/* When a move fails, QEMU may leave a device in the middle of its load. Not every driver forgets
 * that when the device is closed, and the next guest that came would fail on it. */
static void calm(const Manager *manager, const Lease *lease) {
        const Device *device = inventory_find(manager->inventory, lease->device);
        g_auto(VfioDevice) vfio = VFIO_DEVICE_NONE;

        if (!device || lease->make || device->fingerprint->vfio_caps == 0)
                return;

        if (vfio_device_open(&vfio, manager->sysfs, device->id, device->iommu_group) >= 0)
                (void)vfio_migration_recover(&vfio); /* the next guest's QEMU will say, ignoring */
}

bool hardware_release(Manager *manager, Lease *lease, GError **error) {
        int64_t retry = manager->now() + RELEASE_RETRY_USEC;
        bool may_be_loading = lease->state == LEASE_CLAIMED || lease->state == LEASE_RELEASING;
        int r;

        if (!lease_book_enter(manager->leases, lease, LEASE_RELEASING, retry, error))
                return false;

        guest_switch_put_back(manager, lease);
        if (may_be_loading)
                calm(manager, lease);
        r = hardware_give_back(manager, lease);
        if (r < 0)
                return hardware_error(error, lease, "given back", r);

        return lease_book_drop(manager->leases, lease, error);
}
