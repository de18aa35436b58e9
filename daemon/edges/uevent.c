/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/uevent.h"

#include <stdbool.h>
#include <systemd/sd-device.h>

struct Uevents {
        UeventListener listener;
        void *userdata;
        sd_device_monitor *monitor;
};

/* A parent of mdevs is a device of any subsystem: the kernel says MDEV_STATE in a change of it when
 * it becomes one and when it is none any more, and nothing when its driver goes with it. */
static bool is_mdev_parent(sd_device *device) {
        sd_device_action_t action;
        const char *state;

        return sd_device_get_property_value(device, "MDEV_STATE", &state) >= 0 ||
               (sd_device_get_action(device, &action) >= 0 && action == SD_DEVICE_REMOVE);
}

/* Whose changes are told: what guests get, and what else a host has to share out. */
static const char *const subsystems[] = { "pci", "mdev", "cpu", "memory", "cxl", NULL };

static int on_device(sd_device_monitor *monitor, sd_device *device, void *userdata) {
        const char *subsystem, *name;
        Uevents *uevents = userdata;
        sd_device *subject = device;

        if (sd_device_get_subsystem(device, &subsystem) < 0 ||
            sd_device_get_sysname(device, &name) < 0)
                return 0;

        if (is_mdev_parent(device) && !g_str_equal(subsystem, "mdev"))
                uevents->listener(uevents->userdata, "mdev", name);

        /* a bridge, a tap: of no PCI function */
        if (g_str_equal(subsystem, "net") &&
            (sd_device_get_parent_with_subsystem_devtype(device, "pci", NULL, &subject) < 0 ||
             sd_device_get_subsystem(subject, &subsystem) < 0 ||
             sd_device_get_sysname(subject, &name) < 0))
                return 0;

        if (g_strv_contains(subsystems, subsystem))
                uevents->listener(uevents->userdata, subsystem, name);
        return 0;
}

static int start(Uevents *uevents, sd_event *loop) {
        int r;

        r = sd_device_monitor_new(&uevents->monitor);
        if (r < 0)
                return r;

        r = sd_device_monitor_attach_event(uevents->monitor, loop);
        if (r < 0)
                return r;

        return sd_device_monitor_start(uevents->monitor, on_device, uevents);
}

int uevents_new(sd_event *loop, UeventListener listener, void *userdata, Uevents **ret_uevents) {
        g_autoptr(Uevents) uevents = g_new0(Uevents, 1);
        int r;

        uevents->listener = listener;
        uevents->userdata = userdata;

        r = start(uevents, loop);
        if (r < 0)
                return r;

        *ret_uevents = g_steal_pointer(&uevents);
        return 0;
}

void uevents_free(Uevents *uevents) {
        if (!uevents)
                return;

        sd_device_monitor_unref(uevents->monitor);
        g_free(uevents);
}
