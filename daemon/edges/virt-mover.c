/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-mover.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>

#include "daemon/edges/virt-move-params.h"
#include "daemon/edges/virt-read.h"

typedef struct Mover {
        char *uri;
        MoveRequest *request;
        GuestDoor *door;
} Mover;

static void mover_free(Mover *mover) {
        guest_door_unref(mover->door);
        move_request_free(mover->request);
        g_free(mover->uri);
        g_free(mover);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mover, mover_free)

static void tell(const Mover *mover, const char *error) {
        GuestEvent *event = guest_event_new(GUEST_MOVED, mover->request->uuid, NULL);

        event->job = g_new0(GuestJob, 1);
        event->job->success = !error;
        event->job->error = g_strdup(error);
        event->job->downtime_ms = event->job->total_ms = event->job->setup_ms = -1;
        guest_door_push(mover->door, event);
}

static int move(virDomainPtr domain, const MoveRequest *request) {
        virTypedParameterPtr params = NULL;
        int n = 0, max = 0, r;

        if (request->max_downtime_ms >= 0 &&
            virDomainMigrateSetMaxDowntime(domain, (unsigned long long)request->max_downtime_ms,
                                           0) < 0)
                return -1;

        r = virt_move_params(request, &params, &n, &max);
        if (r == 0)
                r = virDomainMigrateToURI3(domain, request->uri, params, (unsigned)n,
                                           virt_move_flags(request));
        virTypedParamsFree(params, n);
        return r;
}

/* Every call of libvirt forgets the last error, also the one that frees a domain. */
static void *run(void *argument) {
        g_autoptr(Mover) mover = argument;
        virConnectPtr connection = virConnectOpen(mover->uri);
        virDomainPtr domain = NULL;

        if (connection)
                domain = virDomainLookupByUUIDString(connection, mover->request->uuid);
        if (domain && move(domain, mover->request) == 0)
                tell(mover, NULL);
        else
                tell(mover, virGetLastErrorMessage());

        if (domain)
                (void)virDomainFree(domain);
        if (connection)
                (void)virConnectClose(connection);
        return NULL;
}

void virt_mover_begin(const char *uri, const MoveRequest *request, GuestDoor *door) {
        g_autoptr(Mover) mover = g_new0(Mover, 1);
        pthread_t thread;

        mover->uri = g_strdup(uri);
        mover->request = move_request_copy(request);
        mover->door = guest_door_ref(door);

        if (pthread_create(&thread, NULL, run, mover) != 0) {
                tell(mover, "This host has no room for another thread");
                return;
        }
        mover = NULL;
        (void)pthread_setname_np(thread, "virt-move");
        (void)pthread_detach(thread);
}
