/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The device of a trial, as sysfs has it: what it is and which group it is in. */

#include "daemon/facts/sysfs.h"
#include "xml/fingerprint.h"

typedef struct TrialSubject {
        char *name;      /* PCI address or mdev uuid */
        int iommu_group; /* -1 none */
        Fingerprint *fingerprint;
} TrialSubject;

void trial_subject_free(TrialSubject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrialSubject, trial_subject_free)

/* 0; -EINVAL: that is no name of a device; -ENODEV: there is none of that name. */
int trial_subject_read(const Sysfs *sysfs, const char *name, TrialSubject **ret_subject);
