/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/usage-class.h"

#include <errno.h>

static const UsageClass *const usage_classes[] = {
        &usage_class_textfile,
};

int usage_class_read(const Sysfs *sysfs, const Device *device, int64_t now, Sample *sample,
                     const UsageClass **ret_class) {
        int r = -ENOENT;

        for (size_t i = 0; r == -ENOENT && i < G_N_ELEMENTS(usage_classes); i++) {
                r = usage_classes[i]->read(sysfs, device, now, sample);
                *ret_class = usage_classes[i];
        }
        return r;
}
