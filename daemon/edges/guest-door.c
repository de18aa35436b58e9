/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/guest-door.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct GuestDoor {
        atomic_uint references;
        int fd;
        pthread_mutex_t lock;
        GQueue events; /* under the lock */
};

GuestDoor *guest_door_new(void) {
        g_autofree GuestDoor *door = g_new0(GuestDoor, 1);

        door->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (door->fd < 0)
                return NULL;

        atomic_init(&door->references, 1);
        pthread_mutex_init(&door->lock, NULL);
        g_queue_init(&door->events);
        return g_steal_pointer(&door);
}

static void event_free(void *event) {
        guest_event_free(event);
}

GuestDoor *guest_door_ref(GuestDoor *door) {
        atomic_fetch_add(&door->references, 1);
        return door;
}

void guest_door_unref(GuestDoor *door) {
        if (!door || atomic_fetch_sub(&door->references, 1) > 1)
                return;

        g_queue_clear_full(&door->events, event_free);
        pthread_mutex_destroy(&door->lock);
        (void)close(door->fd);
        g_free(door);
}

void guest_door_push(GuestDoor *door, GuestEvent *event) {
        pthread_mutex_lock(&door->lock);
        g_queue_push_tail(&door->events, event);
        (void)eventfd_write(door->fd, 1);
        pthread_mutex_unlock(&door->lock);
}

int guest_door_fd(const GuestDoor *door) {
        return door->fd;
}

GuestEvent *guest_door_pop(GuestDoor *door) {
        GuestEvent *event;
        eventfd_t count;

        pthread_mutex_lock(&door->lock);
        event = g_queue_pop_head(&door->events);
        if (!event)
                (void)eventfd_read(door->fd, &count);
        pthread_mutex_unlock(&door->lock);

        return event;
}
