/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/guests.h"

#include <errno.h>

#include "daemon/edges/vsock.h"
#include "dbus/guest-face.h"

struct Guests {
        sd_event *loop;
        unsigned port;
        GuestApi *api;
        Vsock *vsock;
        bool told; /* why it does not listen */
};

static int open_face(void *userdata, GuestSession *session, int fd, void **ret_face) {
        Guests *guests = userdata;
        GuestFace *face;
        int r;

        r = guest_face_new(guests->loop, VSOCK_PRIORITY, session, fd, &face);
        if (r >= 0)
                *ret_face = face;
        return r;
}

static void close_face(void *userdata, void *face) {
        guest_face_free(face);
}

int guests_new(sd_event *loop, Manager *manager, Guests **ret_guests) {
        g_autoptr(Guests) guests = g_new0(Guests, 1);
        VsockFaces faces = { open_face, close_face, guests };
        int r;

        guests->loop = sd_event_ref(loop);
        guests->port = manager->config->guest_port;
        guests->api = guest_api_new(manager->slices);
        r = vsock_new(loop, guests->api, &faces, &guests->vsock);
        if (r < 0)
                return r;

        *ret_guests = g_steal_pointer(&guests);
        return 0;
}

void guests_free(Guests *guests) {
        if (!guests)
                return;

        vsock_free(guests->vsock);
        guest_api_free(guests->api);
        sd_event_unref(guests->loop);
        g_free(guests);
}

/* The kernel has vsock at the latest when a guest has it. */
static void listen_when_there_are_any(Guests *guests) {
        int r;

        if (!guest_api_has_guests(guests->api))
                return;

        r = vsock_listen(guests->vsock, guests->port);
        if (r >= 0 || r == -EALREADY || guests->told)
                return;

        guests->told = true;
        g_warning("Guests cannot ask for hardware slices: port %u of vsock: %s", guests->port,
                  g_strerror(-r));
}

void guests_on_guest_event(Guests *guests, const GuestEvent *event) {
        if (!guests)
                return;

        guest_api_on_guest_event(guests->api, event);
        listen_when_there_are_any(guests);
}

void guests_on_slice(Guests *guests, const SliceEntry *entry) {
        if (guests)
                guest_api_on_slice(guests->api, entry->domain_uuid);
}
