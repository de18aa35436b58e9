/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trial/subject.h"

#include <errno.h>

#include "daemon/facts/mdev.h"
#include "daemon/facts/pci.h"
#include "daemon/facts/vfio.h"

void trial_subject_free(TrialSubject *subject) {
        if (!subject)
                return;

        g_free(subject->name);
        fingerprint_free(subject->fingerprint);
        g_free(subject);
}

static int read_pci(const Sysfs *sysfs, TrialSubject *subject) {
        Fingerprint *fingerprint = subject->fingerprint;
        g_autoptr(PciFacts) facts = NULL;
        int r;

        r = pci_read(sysfs, subject->name, &facts);
        if (r < 0)
                return r;

        subject->iommu_group = facts->iommu_group;
        fingerprint->vendor = facts->vendor;
        fingerprint->device = facts->device;
        fingerprint->subsystem_vendor = facts->subsystem_vendor;
        fingerprint->subsystem_device = facts->subsystem_device;
        fingerprint->revision = facts->revision;
        fingerprint->driver = g_steal_pointer(&facts->driver);
        return 0;
}

static int read_mdev(const Sysfs *sysfs, TrialSubject *subject) {
        g_autoptr(MdevFacts) facts = NULL;
        int r;

        r = mdev_read(sysfs, subject->name, &facts);
        if (r < 0)
                return r;

        subject->iommu_group = facts->iommu_group;
        subject->fingerprint->mdev_type = g_steal_pointer(&facts->type);
        subject->fingerprint->driver = g_steal_pointer(&facts->driver);
        return 0;
}

int trial_subject_read(const Sysfs *sysfs, const char *name, TrialSubject **ret_subject) {
        g_autoptr(TrialSubject) subject = g_new0(TrialSubject, 1);
        Fingerprint *fingerprint = fingerprint_new();
        int r;

        subject->name = g_ascii_strdown(name, -1);
        subject->fingerprint = fingerprint;
        if (pci_address_is_valid(subject->name))
                r = read_pci(sysfs, subject);
        else
                r = uuid_is_valid(subject->name) ? read_mdev(sysfs, subject) : -EINVAL;
        if (r < 0)
                return r;

        if (fingerprint->driver)
                fingerprint->driver_version = vfio_driver_version(sysfs, fingerprint->driver);
        *ret_subject = g_steal_pointer(&subject);
        return 0;
}
