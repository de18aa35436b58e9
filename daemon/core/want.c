/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/want.h"

static const MetadataDevice *find_entry(const Domain *domain, const DomainDevice *device) {
        if (!domain->metadata)
                return NULL;
        return metadata_find(domain->metadata, device->address, device->alias);
}

/* A source that the XML names as PCI cannot become an mdev: only its value is rewritten. */
static char *read_class(Want *want, const char *class_name) {
        const DeviceClass *class;

        if (!class_name)
                return NULL;

        class = device_class_from_string(class_name);
        if (!class)
                return g_strdup_printf("%.32s needs class '%.32s', which is unknown: its "
                                       "<ferry:need> can say class='%s'",
                                       want->name, class_name, want->class->name);
        if (class->kind != want->device->kind)
                return g_strdup_printf("%.32s needs class '%s', but the domain names it as type "
                                       "'%s': make <ferry:need> and the device say the same",
                                       want->name, class->name,
                                       domain_device_kind_to_string(want->device->kind));
        want->class = class;
        return NULL;
}

static bool caps_migrate(const Fingerprint *seen) {
        return seen->vfio_caps != VFIO_CAPS_UNKNOWN && (seen->vfio_caps & VFIO_CAP_STOP_COPY);
}

static bool binds(const Want *want, CompatFact fact) {
        return want->rule->equal & COMPAT_FACT_BIT(fact);
}

static void read_seen(Want *want, const Fingerprint *seen) {
        want->type = seen->mdev_type;
        want->vendor = seen->vendor;
        want->product = seen->device;

        /* What is unplugged for the move brings no state, nor does what cannot migrate. */
        if (!domain_device_brings_state(want->device) || seen->vfio_caps == 0)
                return;

        want->state = seen;
        if (binds(want, COMPAT_FACT_DRIVER))
                want->driver = seen->driver;
        if (!caps_migrate(seen))
                return;

        if (binds(want, COMPAT_FACT_REVISION))
                want->revision = seen->revision;
        want->must_migrate = true;
        want->trusts_driver = want->driver; /* the same one migrates on the source */
}

/* Of what was seen, a start keeps the type, by which an mdev that is gone is made again, and
 * whether it migrates: in the `prepare` of a guest that comes, its device can be asked for the
 * first time. */
static void read_seen_here(Want *want, const Fingerprint *seen) {
        want->type = seen->mdev_type;
        want->must_migrate = domain_device_brings_state(want->device) && caps_migrate(seen);
}

static void read_need(Want *want, const DeviceNeed *need) {
        want->pool = need->pool;
        if (need->type)
                want->type = need->type;
        if (need->vendor >= 0)
                want->vendor = need->vendor;
        if (need->device >= 0)
                want->product = need->device;

        if (!domain_device_brings_state(want->device))
                return;
        want->rather_migrates = need->migration == MIGRATION_NEED_PREFERRED;
        want->operator_says_migrate = need->migration == MIGRATION_NEED_REQUIRED;
        want->must_migrate = want->must_migrate || want->operator_says_migrate;
}

static Want *want_read(const Domain *domain, const DomainDevice *device, const Compat *compat,
                       void (*read_fingerprint)(Want *want, const Fingerprint *seen),
                       char **ret_problem) {
        const MetadataDevice *entry = find_entry(domain, device);
        Want *want = g_new0(Want, 1);

        want->device = device;
        want->name = domain_device_name(domain, device);
        want->class = device_class_for_kind(device->kind);
        want->vendor = want->product = want->revision = -1;
        *ret_problem = NULL;
        if (!entry)
                return want;

        want->described = true;
        if (entry->need)
                *ret_problem = read_class(want, entry->need->class_name);
        /* What was seen of another class was seen before the operator changed the device. */
        if (entry->seen && g_strcmp0(entry->seen_class, want->class->name) == 0) {
                want->rule = compat_find(compat, entry->seen);
                read_fingerprint(want, entry->seen);
        }
        if (entry->need)
                read_need(want, entry->need);
        return want;
}

Want *want_new(const Domain *domain, const DomainDevice *device, const Compat *compat,
               char **ret_problem) {
        return want_read(domain, device, compat, read_seen, ret_problem);
}

Want *want_new_here(const Domain *domain, const DomainDevice *device, const Compat *compat,
                    char **ret_problem) {
        Want *want = want_read(domain, device, compat, read_seen_here, ret_problem);

        want->trusts_driver = true; /* libvirt binds it only after this */
        return want;
}

void want_free(Want *want) {
        if (!want)
                return;

        g_free(want->name);
        g_free(want);
}

bool want_can_choose(const Want *want) {
        if (want->device->kind == DOMAIN_DEVICE_MDEV)
                return want->type;
        return want->vendor >= 0 && want->product >= 0;
}

static void add_id(GString *text, int id) {
        if (id < 0)
                g_string_append_c(text, '*');
        else
                g_string_append_printf(text, "%04x", (unsigned)id);
}

char *want_ids_to_text(const Want *want) {
        GString *text = g_string_new(NULL);

        add_id(text, want->vendor);
        g_string_append_c(text, ':');
        add_id(text, want->product);
        return g_string_free(text, FALSE);
}

char *want_to_text(const Want *want) {
        g_autofree char *ids = NULL;

        if (want->device->kind == DOMAIN_DEVICE_MDEV)
                return want->type ? g_strdup_printf("an mdev of type %.32s", want->type)
                                  : g_strdup("an mdev");
        if (want->vendor < 0 && want->product < 0)
                return g_strdup("a VF");

        ids = want_ids_to_text(want);
        return g_strdup_printf("a VF %s", ids);
}
