/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-check-parts.h"

#include <errno.h>

void guest_device_free(gpointer data) {
        GuestDevice *own = data;

        g_free(own->name);
        g_free(own->object);
        g_free(own);
}

static const MetadataDevice *find_entry(const GuestCheck *check, const DomainDevice *device) {
        const Metadata *metadata = check->domain->metadata;

        return metadata ? metadata_find(metadata, device->address, device->alias) : NULL;
}

/* Of the same driver, before the guest had the device. */
static int seen_caps(const GuestCheck *check, const GuestDevice *own) {
        const MetadataDevice *entry = find_entry(check, own->device);

        if (!entry || !entry->seen || !own->found ||
            g_strcmp0(entry->seen->driver, own->found->fingerprint->driver) != 0)
                return VFIO_CAPS_UNKNOWN;
        return entry->seen->vfio_caps;
}

/* A device that a guest holds cannot be asked. What was noted before tells, or the kernel. */
static void read_caps(const GuestCheck *check, GuestDevice *own) {
        int caps = own->found ? own->found->fingerprint->vfio_caps : VFIO_CAPS_UNKNOWN;
        int r = -ENODATA;

        if (caps == VFIO_CAPS_UNKNOWN)
                caps = seen_caps(check, own);
        if (caps == VFIO_CAPS_UNKNOWN)
                r = vfio_look(check->manager->sysfs, own->device->source, &caps);
        else
                r = (caps & VFIO_CAP_STOP_COPY) ? 1 : 0;

        own->migrates = r < 0 ? -1 : r;
        own->caps = r < 0 ? VFIO_CAPS_UNKNOWN : caps;
}

GuestDevice *guest_device_new(const GuestCheck *check, const DomainDevice *device) {
        g_autoptr(Fingerprint) unknown = fingerprint_new();
        const Manager *manager = check->manager;
        GuestDevice *own = g_new0(GuestDevice, 1);
        const Fingerprint *fingerprint;

        own->device = device;
        own->found = inventory_find(manager->inventory, device->source);
        own->name = domain_device_name(check->domain, device);
        own->object = g_strdup_printf("%s (%s)", own->name, device->source);
        fingerprint = own->found ? own->found->fingerprint : unknown;
        own->rule = compat_find(manager->config->compat, fingerprint);
        own->driver = own->found && fingerprint->driver ? fingerprint->driver : "its driver";
        read_caps(check, own);
        return own;
}

void guest_device_tell(const GuestCheck *check, FindingSeverity severity, const GuestDevice *own,
                       const char *format, ...) {
        g_autofree char *sentence = NULL;
        va_list arguments;

        va_start(arguments, format);
        sentence = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        findings_add(check->findings, severity, own->object, "%s", sentence);
}

/* One device ------------------------------------------------------------------------ */

/* The driver that would save its state, where the device is with the plain one. Free it. */
static char *find_variant(const GuestCheck *check, const GuestDevice *own) {
        char *driver = NULL;

        if (own->device->kind != DOMAIN_DEVICE_PCI || !own->found ||
            g_strcmp0(own->found->driver, DRIVER_PLAIN_VFIO) != 0 ||
            driver_best_vfio(check->manager->sysfs, own->device->source, &driver) < 0)
                return NULL;
        if (g_str_equal(driver, DRIVER_PLAIN_VFIO))
                g_clear_pointer(&driver, g_free);
        return driver;
}

#define REPLUG "'virsh migrate' is refused, and 'virt-ferry migrate' unplugs it for the move"
#define TEAM   "; a <teaming type='transient'/> beside a virtio interface keeps the network"

/* It is unplugged for the move (daemon/replug.h), so it is in nobody's way. */
static void tell_no_migration(const GuestCheck *check, const GuestDevice *own) {
        const char *team = own->device->network ? TEAM : "";
        g_autofree char *variant = find_variant(check, own);

        if (variant)
                guest_device_tell(
                        check, FINDING_WARNING, own,
                        "It is bound to vfio-pci, which saves no state, and %s is there for it: "
                        "shut the guest down and start it with <driver model='%s'/> in the device, "
                        "which libvirt 10.0 chooses by itself; until then " REPLUG,
                        variant, variant);
        else if (!own->rule->migrates)
                guest_device_tell(check, FINDING_WARNING, own,
                                  "Its state cannot be saved, since %s: " REPLUG "%s",
                                  own->rule->why, team);
        else
                guest_device_tell(check, FINDING_WARNING, own,
                                  "%s saves no state: " REPLUG "%s; or take a kernel that has a "
                                  "driver for it",
                                  own->driver, team);
}

static void tell_unknown(const GuestCheck *check, const GuestDevice *own) {
        char minimum[VERSION_STRING_MAX];

        if (version_is_set(&check->kernel) &&
            version_compare(&check->kernel, &own->rule->kernel_min) < 0)
                guest_device_tell(
                        check, FINDING_ERROR, own,
                        "The kernel is too old for %s to save its state: boot %s or newer",
                        own->driver, version_to_string(&own->rule->kernel_min, minimum));
        else
                guest_device_tell(check, FINDING_WARNING, own,
                                  "Nobody can tell whether %s saves its state while the guest has "
                                  "it: a kernel of 6.8 or newer with CONFIG_VFIO_DEBUGFS does",
                                  own->driver);
}

/* What it writes into the guest's memory must be known, or QEMU ("auto") does not begin. */
static void check_dma_log(const GuestCheck *check, const GuestDevice *own) {
        bool logs = own->caps != VFIO_CAPS_UNKNOWN && (own->caps & VFIO_CAP_DMA_LOG);

        if (logs && inventory_dma_log_reports(check->manager->inventory) == 0)
                guest_device_tell(
                        check, FINDING_ERROR, own,
                        "%s logs what the device writes, and this kernel cannot report it, so QEMU "
                        "stops a migration at its start: boot a kernel with CONFIG_IOMMUFD",
                        own->driver);
        else if (!logs && own->caps != VFIO_CAPS_UNKNOWN && !check->quirks->iommufd &&
                 domain_quirks_switch(check->quirks, own->name) != MIGRATION_SWITCH_ON)
                guest_device_tell(check, FINDING_ERROR, own,
                                  "%s does not log what the device writes, so QEMU refuses to move "
                                  "the guest: set enable-migration to 'on' by <qemu:override>, and "
                                  "all memory is sent while the guest stands",
                                  own->driver);
}

static void check_pre_copy(const GuestCheck *check, const GuestDevice *own) {
        const Version *minimum = &own->rule->pre_copy_kernel_min;
        char text[VERSION_STRING_MAX];

        if (own->caps == VFIO_CAPS_UNKNOWN || (own->caps & VFIO_CAP_PRE_COPY) ||
            !version_is_set(minimum) || !version_is_set(&check->kernel) ||
            version_compare(&check->kernel, minimum) >= 0)
                return;

        guest_device_tell(check, FINDING_WARNING, own,
                          "%s of this kernel sends all state while the guest stands: since %s it "
                          "sends some before",
                          own->driver, version_to_string(minimum, text));
}

/* Without a word about it the destination cannot choose, and takes what the domain names. */
static void check_description(const GuestCheck *check, const GuestDevice *own) {
        if (!find_entry(check, own->device))
                guest_device_tell(
                        check, FINDING_WARNING, own,
                        "The domain does not describe it, so another host cannot choose a device "
                        "for it: set Adopt=yes in virtferry.conf, or write a <ferry:need>");
}

/* The guest got it after the trial. */
static void check_hang(const GuestCheck *check, const GuestDevice *own) {
        if (own->found && inventory_hangs(check->manager->inventory, own->found))
                guest_device_tell(check, FINDING_WARNING, own,
                                  "%s hung in a trial of it, and may in a migration: shut the "
                                  "guest down and load the driver anew, or boot the host",
                                  own->driver);
}

void guest_device_check(const GuestCheck *check, const GuestDevice *own) {
        check_description(check, own);
        if (domain_quirks_switch(check->quirks, own->name) == MIGRATION_SWITCH_OFF) {
                guest_device_tell(check, FINDING_ERROR, own,
                                  "The domain switches its migration off (enable-migration): take "
                                  "that out and start the guest anew");
                return;
        }

        if (own->migrates == 0)
                tell_no_migration(check, own);
        else if (own->migrates < 0)
                tell_unknown(check, own);
        if (own->migrates <= 0)
                return;

        check_hang(check, own);
        check_dma_log(check, own);
        check_pre_copy(check, own);
}
