/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a domain says that decides, beside its devices, whether QEMU lets it
 * move with them. Sources: libvirt's formatdomain ("IOMMU devices") and
 * drvqemu ("Pass-through of arbitrary qemu commands", "Overriding properties
 * of qemu devices"); QEMU, property enable-migration of vfio-pci.
 */

#include <glib.h>
#include <stdbool.h>

typedef enum MigrationSwitch {
        MIGRATION_SWITCH_AUTO, /* nothing is said: QEMU asks the device */
        MIGRATION_SWITCH_ON,
        MIGRATION_SWITCH_OFF,
} MigrationSwitch;

typedef struct DomainQuirks {
        bool iommu;             /* the guest has an IOMMU of its own */
        bool agent;             /* it has a channel for an agent inside of it */
        bool iommufd;           /* a device is given by IOMMUFD, which can track its writes */
        MigrationSwitch of_all; /* by <qemu:commandline> */
        GHashTable *of_one;     /* alias → MigrationSwitch, by <qemu:override> */
} DomainQuirks;

/* FERRY_ERROR_INVALID_XML, with the limits of domain_from_xml(). What is not understood is passed
 * over: libvirt has read it already. */
DomainQuirks *domain_quirks_from_xml(const char *xml, size_t size, GError **error);
void domain_quirks_free(DomainQuirks *quirks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainQuirks, domain_quirks_free)

MigrationSwitch domain_quirks_switch(const DomainQuirks *quirks, const char *alias);
