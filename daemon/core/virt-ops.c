/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/virt-ops.h"

static void guest_job_free(GuestJob *job) {
        if (!job)
                return;

        g_free(job->error);
        g_free(job);
}

MoveRequest *move_request_copy(const MoveRequest *request) {
        MoveRequest *copy = g_memdup2(request, sizeof(*request));

        copy->uuid = g_strdup(request->uuid);
        copy->uri = g_strdup(request->uri);
        copy->new_name = g_strdup(request->new_name);
        copy->compression = g_strdup(request->compression);
        return copy;
}

void move_request_free(MoveRequest *request) {
        if (!request)
                return;

        g_free(request->uuid);
        g_free(request->uri);
        g_free(request->new_name);
        g_free(request->compression);
        g_free(request);
}

UnplugRequest *unplug_request_copy(const UnplugRequest *request) {
        UnplugRequest *copy = g_memdup2(request, sizeof(*request));

        copy->uuid = g_strdup(request->uuid);
        copy->metadata = g_strdup(request->metadata);
        copy->devices = g_strdupv(request->devices);
        return copy;
}

void unplug_request_free(UnplugRequest *request) {
        if (!request)
                return;

        g_free(request->uuid);
        g_free(request->metadata);
        g_strfreev(request->devices);
        g_free(request);
}

bool guest_event_lists(const GuestEvent *event, const char *uuid) {
        return event->active && g_strv_contains((const char *const *)event->active, uuid);
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
        g_strfreev(event->agent_macs);
        g_clear_pointer(&event->samples, g_ptr_array_unref);
        guest_job_free(event->job);
        g_free(event);
}
