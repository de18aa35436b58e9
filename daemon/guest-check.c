/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-check-parts.h"

#include <string.h>

#include "daemon/mediation.h"
#include "daemon/replug.h"

/* Since when QEMU moves more than one VFIO device (P2P), and guests with an IOMMU. */
#define QEMU_SEVERAL 8002000
#define QEMU_VIOMMU  11000000

/* A guest runs on with the QEMU that it was started with. */
static void tell_number(const GuestCheck *check, const char *what, unsigned long number,
                        const char *why, const Version *minimum) {
        const char *then = g_str_equal(what, "QEMU") ? " and start the guest anew" : "";
        char have[VERSION_STRING_MAX], want[VERSION_STRING_MAX];
        Version version = version_from_number(number);

        findings_add(check->findings, FINDING_ERROR, what, "%s %s %s: install %s or newer%s", what,
                     version_to_string(&version, have), why, version_to_string(minimum, want),
                     then);
}

static bool is_older(unsigned long number, const Version *minimum) {
        Version version = version_from_number(number);

        return number > 0 && version_compare(&version, minimum) < 0;
}

/* The rule that asks for the newest. */
static void check_programs(const GuestCheck *check, const GPtrArray *devices) {
        const Version asks_qemu = version_from_number(LIBVIRT_VERSION_MIN);
        Version qemu = { 0 }, libvirt = { 0 };

        for (guint i = 0; i < devices->len; i++) {
                const CompatRule *rule = ((const GuestDevice *)devices->pdata[i])->rule;

                if (version_compare(&rule->qemu_min, &qemu) > 0)
                        qemu = rule->qemu_min;
                if (version_compare(&rule->libvirt_min, &libvirt) > 0)
                        libvirt = rule->libvirt_min;
        }

        if (is_older(check->state->qemu_version, &qemu))
                tell_number(check, "QEMU", check->state->qemu_version, "does not move such devices",
                            &qemu);
        if (version_compare(&libvirt, &asks_qemu) > 0 &&
            is_older(check->state->libvirt_version, &libvirt))
                tell_number(check, "libvirt", check->state->libvirt_version,
                            "does not move such devices", &libvirt);
}

static bool moves_with_others(const GuestDevice *own) {
        return own->rule->several && (own->caps == VFIO_CAPS_UNKNOWN || (own->caps & VFIO_CAP_P2P));
}

/* QEMU: "Multiple VFIO devices migration is supported only if all of them support P2P migration".
 */
static void check_several(const GuestCheck *check, const GPtrArray *devices) {
        const Version several = version_from_number(QEMU_SEVERAL);

        if (devices->len < 2)
                return;

        if (is_older(check->state->qemu_version, &several))
                tell_number(check, "QEMU", check->state->qemu_version,
                            "does not move a guest with several VFIO devices", &several);
        for (guint i = 0; i < devices->len; i++) {
                const GuestDevice *own = devices->pdata[i];

                if (!moves_with_others(own))
                        guest_device_tell(
                                check, FINDING_ERROR, own,
                                "%s cannot hold the device still for the others (P2P), and the "
                                "guest has %u: detach it or the others for the move",
                                own->driver, devices->len);
        }
}

static void check_viommu(const GuestCheck *check, const GPtrArray *devices) {
        const Version minimum = version_from_number(QEMU_VIOMMU);

        if (devices->len == 0 || !check->quirks->iommu ||
            (check->state->qemu_version > 0 && !is_older(check->state->qemu_version, &minimum)))
                return;

        findings_add(check->findings, FINDING_ERROR, "iommu",
                     "The guest has an IOMMU of its own, and QEMU before 11.0 does not move VFIO "
                     "devices behind one: take <iommu> out of the domain and start it anew");
}

static GPtrArray *collect_devices(const GuestCheck *check) {
        GPtrArray *devices = g_ptr_array_new_with_free_func(guest_device_free);

        for (guint i = 0; i < check->domain->devices->len; i++) {
                const DomainDevice *device = check->domain->devices->pdata[i];

                if (domain_device_brings_state(device))
                        g_ptr_array_add(devices, guest_device_new(check, device));
        }
        return devices;
}

/* Those that cannot are unplugged for the move. */
static GPtrArray *choose_movers(const GPtrArray *devices) {
        GPtrArray *movers = g_ptr_array_new();

        for (guint i = 0; i < devices->len; i++)
                if (((const GuestDevice *)devices->pdata[i])->migrates != 0)
                        g_ptr_array_add(movers, devices->pdata[i]);
        return movers;
}

static void tell_unplugged(const GuestCheck *check) {
        const char *trouble = check->domain->uuid
                                      ? replug_trouble(check->manager->replug, check->domain->uuid)
                                      : NULL;

        for (guint i = 0; i < check->domain->devices->len; i++) {
                const DomainDevice *device = check->domain->devices->pdata[i];
                g_autofree char *name = domain_device_name(check->domain, device);

                if (device->unplugged)
                        findings_add(check->findings, FINDING_WARNING, name,
                                     "It was unplugged for a move and is not plugged in again%s%s: "
                                     "virtferryd tries it every 30 s, and so does the host that "
                                     "the guest moves to",
                                     trouble ? ", since " : " yet", trouble ?: "");
        }
}

static void check_team(const GuestCheck *check) {
        g_autofree char *trouble = mediation_trouble(check->found, check->domain);

        if (trouble)
                findings_add(check->findings, FINDING_ERROR, "team", "%s", trouble);
}

static void check_guest(const GuestCheck *check) {
        g_autoptr(GPtrArray) devices = collect_devices(check), movers = choose_movers(devices);

        host_check_source(check->findings, check->manager, check->state);
        check_programs(check, movers);
        check_viommu(check, movers);
        for (guint i = 0; i < devices->len; i++)
                guest_device_check(check, devices->pdata[i]);
        check_several(check, movers);
        tell_unplugged(check);
        check_team(check);
}

static Version kernel_version(const Sysfs *sysfs) {
        g_autofree char *release = NULL;
        Version version = { 0 };

        if (sysfs_read_string(sysfs, "proc/sys/kernel/osrelease", &release) >= 0)
                (void)version_from_text(release, &version);
        return version;
}

GPtrArray *guest_check(const Manager *manager, const HostState *state, const GuestEvent *found,
                       GError **error) {
        g_autoptr(GPtrArray) findings = findings_new();
        g_autoptr(DomainQuirks) quirks = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        quirks = domain ? domain_quirks_from_xml(found->xml, strlen(found->xml), error) : NULL;
        if (!quirks)
                return NULL;

        if (!found->running)
                findings_add(findings, FINDING_ERROR, domain->name,
                             "The guest is shut off, so there is nothing that could move: start "
                             "it, or define it on the other host");
        check_guest(&(GuestCheck){ .findings = findings,
                                   .manager = manager,
                                   .state = state,
                                   .found = found,
                                   .domain = domain,
                                   .quirks = quirks,
                                   .kernel = kernel_version(manager->sysfs) });
        return g_steal_pointer(&findings);
}

char *guest_check_refusal(const Manager *manager, const HostState *state, const GuestEvent *found) {
        g_autoptr(GPtrArray) findings = NULL;
        g_autoptr(GError) error = NULL;

        findings = guest_check(manager, state, found, &error);
        if (!findings)
                return g_strdup(error->message);

        for (guint i = 0; i < findings->len; i++) {
                const Finding *finding = findings->pdata[i];

                if (finding->severity == FINDING_ERROR)
                        return g_strdup_printf("%s: %s", finding->object, finding->sentence);
        }
        return NULL;
}
