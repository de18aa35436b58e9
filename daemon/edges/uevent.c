/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/uevent.h"

#include <systemd/sd-device.h>

struct Uevents {
        UeventListener listener;
        void *userdata;
        sd_device_monitor *monitor;
};

static int on_device(sd_device_monitor *monitor, sd_device *device, void *userdata) {
        const char *subsystem, *name;
        Uevents *uevents = userdata;
        sd_device *subject = device;

        if (sd_device_get_subsystem(device, &subsystem) < 0)
                return 0;
        if (g_str_equal(subsystem, "net") &&
            (sd_device_get_parent_with_subsystem_devtype(device, "pci", NULL, &subject) < 0 ||
             sd_device_get_subsystem(subject, &subsystem) < 0))
                return 0; /* a bridge, a tap: of no PCI function */
        if (sd_device_get_sysname(subject, &name) < 0)
                return 0;

        uevents->listener(uevents->userdata, subsystem, name);
        return 0;
}

static int start(Uevents *uevents, sd_event *loop) {
        static const char *const subsystems[] = { "pci", "mdev", "net" };
        int r;

        r = sd_device_monitor_new(&uevents->monitor);
        if (r < 0)
                return r;

        for (guint i = 0; i < G_N_ELEMENTS(subsystems); i++) {
                r = sd_device_monitor_filter_add_match_subsystem_devtype(uevents->monitor,
                                                                         subsystems[i], NULL);
                if (r < 0)
                        return r;
        }

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
