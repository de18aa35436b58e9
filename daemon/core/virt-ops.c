/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/virt-ops.h"

static void guest_job_free(GuestJob *job) {
        if (!job)
                return;

        g_free(job->error);
        g_free(job);
}

void guest_event_free(GuestEvent *event) {
        if (!event)
                return;

        g_free(event->uuid);
        g_free(event->name);
        g_free(event->xml);
        g_free(event->inactive_xml);
        g_free(event->detail);
        g_strfreev(event->active);
        guest_job_free(event->job);
        g_free(event);
}
