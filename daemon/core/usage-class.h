/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who knows how busy a VF or an mdev is that carries no packets, or what it does
 * beside them: METRIC_BUSY and METRIC_DEVICE_MEMORY of its sample. VFIO gives a
 * device away and counts nothing, and no kernel of today has numbers of a VF of a GPU
 * or of an mdev in sysfs; so they come from whoever a vendor has.
 *
 * To add a way: a file usage-class-NAME.c, its line here and in usage-class.c.
 */

#include "daemon/core/device.h"
#include "daemon/core/sample.h"

typedef struct UsageClass {
        const char *name;
        /* Adds what is known to `sample`. `now`: CLOCK_REALTIME in us. -ENOENT: it knows nothing of
         * this device; -ESTALE: nothing that is not too old; else it tells what cannot be read, and
         * `sample` is as it was. */
        int (*read)(const Sysfs *sysfs, const Device *device, int64_t now, Sample *sample);
} UsageClass;

extern const UsageClass usage_class_textfile; /* files of a vendor's exporter, facts/usage-file.h */

/* The first that knows something. As read(), and of an error whose it is (static). */
int usage_class_read(const Sysfs *sysfs, const Device *device, int64_t now, Sample *sample,
                     const UsageClass **ret_class);
