/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/device-class.h"

const DeviceClass *const device_classes[] = {
        &device_class_sriov,
        &device_class_mdev,
        NULL,
};

const DeviceClass *device_class_from_string(const char *name) {
        for (const DeviceClass *const *class = device_classes; *class; class ++)
                if (g_strcmp0((*class)->name, name) == 0)
                        return *class;
        return NULL;
}

const DeviceClass *device_class_for_kind(DomainDeviceKind kind) {
        for (const DeviceClass *const *class = device_classes; *class; class ++)
                if ((*class)->kind == kind)
                        return *class;
        return NULL;
}
