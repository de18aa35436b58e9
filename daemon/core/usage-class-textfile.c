/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/usage-class.h"
#include "daemon/facts/usage-file.h"

static int textfile_read(const Sysfs *sysfs, const Device *device, int64_t now, Sample *sample) {
        UsageFile usage;
        int r = usage_file_read(sysfs, device->id, now, &usage);

        if (r < 0)
                return r;

        G_STATIC_ASSERT(USAGE_FILE_UNKNOWN == METRIC_MISSING);
        sample_add(sample, METRIC_BUSY, device->id, usage.busy_nsec);
        sample_add(sample, METRIC_DEVICE_MEMORY, device->id, usage.memory_bytes);
        return 0;
}

const UsageClass usage_class_textfile = {
        .name = "textfile",
        .read = textfile_read,
};
