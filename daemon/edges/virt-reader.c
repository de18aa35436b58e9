/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-reader.h"

#include <libvirt/virterror.h>
#include <stdlib.h>

#include "daemon/edges/virt-map.h"
#include "daemon/edges/virt-read.h"

#define POLL_USEC     G_USEC_PER_SEC
#define CALLBACKS_MAX 5

struct VirtReader {
        Worker *worker;
        GuestDoor *door;
        virConnectPtr connection; /* NULL between two connections */
        int callbacks[CALLBACKS_MAX];
        int n_callbacks;
        VirtMap *map;
        GHashTable *followed; /* UUIDs whose job is asked for its figures */
        bool polling;         /* the next question is on its way */
};

/* What libvirt's thread saw, on its way to the reader's. */
typedef struct Notice {
        VirtReader *reader;
        char uuid[VIR_UUID_STRING_BUFLEN];
        char *name;
        int event, detail; /* of a lifecycle event */
        int iteration;
        GuestJob *job;
} Notice;

static Notice *notice_new(VirtReader *reader, virDomainPtr domain) {
        Notice *notice = g_new0(Notice, 1);

        notice->reader = reader;
        virt_get_uuid(domain, notice->uuid);
        notice->name = g_strdup(virDomainGetName(domain));
        return notice;
}

static void notice_free(void *data) {
        Notice *notice = data;

        virt_job_free(notice->job);
        g_free(notice->name);
        g_free(notice);
}

static void tell(VirtReader *reader, GuestEvent *event) {
        if (event)
                guest_door_push(reader->door, event);
}

static virDomainPtr look_up(VirtReader *reader, const char *uuid) {
        return reader->connection ? virDomainLookupByUUIDString(reader->connection, uuid) : NULL;
}

/* Figures ------------------------------------------------------------------------- */

/* false when there is nothing more to ask. */
static bool poll_job(VirtReader *reader, const char *uuid) {
        g_autoptr(virDomain) domain = look_up(reader, uuid);
        g_autoptr(GuestEvent) event = NULL;
        g_autoptr(GuestJob) job = NULL;
        int moving;

        if (!domain)
                return false;

        moving = virt_read_job(domain, &job);
        if (moving < 0)
                return virDomainIsActive(domain) == 1;

        event = guest_event_new(virt_map_polled(reader->map, uuid, moving), uuid,
                                virDomainGetName(domain));
        event->job = g_steal_pointer(&job);
        if (event->kind != GUEST_NOTHING)
                tell(reader, g_steal_pointer(&event));
        return moving;
}

static void task_poll(void *unused, void *argument);

static void poll_later(VirtReader *reader) {
        if (reader->polling || g_hash_table_size(reader->followed) == 0)
                return;

        reader->polling = true;
        worker_push_after(reader->worker, POLL_USEC, task_poll, reader, NULL);
}

static void task_poll(void *unused, void *argument) {
        VirtReader *reader = argument;
        GHashTableIter iter;
        void *uuid;

        reader->polling = false;
        g_hash_table_iter_init(&iter, reader->followed);
        while (g_hash_table_iter_next(&iter, &uuid, NULL))
                if (!poll_job(reader, uuid))
                        g_hash_table_iter_remove(&iter);
        poll_later(reader);
}

void virt_reader_follow_job(VirtReader *reader, const char *uuid) {
        if (!reader->connection || g_hash_table_contains(reader->followed, uuid))
                return;

        if (poll_job(reader, uuid))
                g_hash_table_add(reader->followed, g_strdup(uuid));
        poll_later(reader);
}

/* Events, on the reader's thread -------------------------------------------------- */

/* Asks for the XML that the kind needs; the domain may have ended by now. */
static void tell_with_xml(VirtReader *reader, GuestEventKind kind, const char *uuid) {
        g_autoptr(virDomain) domain = look_up(reader, uuid);

        if (domain)
                tell(reader, virt_read_event(domain, kind));
}

static void tell_end(VirtReader *reader, GuestEventKind kind, const Notice *notice) {
        GuestEvent *event = guest_event_new(kind, notice->uuid, notice->name);

        g_hash_table_remove(reader->followed, notice->uuid);
        if (kind != GUEST_STAYED)
                event->detail = g_strdup(virt_map_stop_reason(notice->detail));
        tell(reader, event);
}

static void task_lifecycle(void *unused, void *argument) {
        Notice *notice = argument;
        VirtReader *reader = notice->reader;
        GuestEventKind kind;

        kind = virt_map_lifecycle(reader->map, notice->uuid, notice->event, notice->detail);
        switch (kind) {
        case GUEST_RUNNING:
        case GUEST_INCOMING:
        case GUEST_ARRIVED:
        case GUEST_DEFINED:
                tell_with_xml(reader, kind, notice->uuid);
                return;
        case GUEST_STAYED:
        case GUEST_LEFT:
        case GUEST_STOPPED:
                tell_end(reader, kind, notice);
                return;
        case GUEST_LEAVING:
                tell(reader, guest_event_new(kind, notice->uuid, notice->name));
                return;
        case GUEST_ITERATING:
        case GUEST_JOB_DONE:
        case GUEST_LIST:
        case GUEST_FOUND:
        case GUEST_MOVED:
        case GUEST_UNPLUGGED:
        case GUEST_PLUGGED:
        case GUEST_TUNED:
        case GUEST_GONE:
        case GUEST_SHUT_DOWN:
        case GUEST_STATS:
        case GUEST_LOST_LIBVIRT:
        case GUEST_NOTHING:
                return;
        }
}

/* QEMU sends its memory in passes for a save as well: the job says what it is. */
static void task_iteration(void *unused, void *argument) {
        Notice *notice = argument;
        VirtReader *reader = notice->reader;
        g_autoptr(virDomain) domain = look_up(reader, notice->uuid);
        g_autoptr(GuestJob) job = NULL;
        GuestEventKind kind;
        GuestEvent *event;

        if (!domain || virt_read_job(domain, &job) != 1)
                return;

        kind = virt_map_iteration(reader->map, notice->uuid);
        event = guest_event_new(kind, notice->uuid, notice->name);
        event->job = g_steal_pointer(&job);
        event->job->iteration = MAX(event->job->iteration, (unsigned)notice->iteration);
        tell(reader, event);
}

static void task_job_completed(void *unused, void *argument) {
        Notice *notice = argument;
        GuestEvent *event = guest_event_new(GUEST_JOB_DONE, notice->uuid, notice->name);

        event->job = g_steal_pointer(&notice->job);
        g_hash_table_remove(notice->reader->followed, notice->uuid);
        tell(notice->reader, event);
}

static void task_devices(void *unused, void *argument) {
        Notice *notice = argument;
        GuestEventKind kind = virt_map_devices(notice->reader->map, notice->uuid);

        if (kind != GUEST_NOTHING)
                tell_with_xml(notice->reader, kind, notice->uuid);
}

/* Events, on libvirt's thread ----------------------------------------------------- */

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                        void *userdata) {
        VirtReader *reader = userdata;
        Notice *notice = notice_new(reader, domain);

        notice->event = event;
        notice->detail = detail;
        worker_push(reader->worker, task_lifecycle, notice, notice_free);
        return 0;
}

static void on_iteration(virConnectPtr connection, virDomainPtr domain, int iteration,
                         void *userdata) {
        VirtReader *reader = userdata;
        Notice *notice = notice_new(reader, domain);

        notice->iteration = iteration;
        worker_push(reader->worker, task_iteration, notice, notice_free);
}

static void on_job_completed(virConnectPtr connection, virDomainPtr domain,
                             virTypedParameterPtr params, int n_params, void *userdata) {
        VirtReader *reader = userdata;
        GuestJob *job = virt_job_from_params(params, n_params);
        Notice *notice;

        if (!job)
                return;

        notice = notice_new(reader, domain);
        notice->job = job;
        worker_push(reader->worker, task_job_completed, notice, notice_free);
}

static void on_device(virConnectPtr connection, virDomainPtr domain, const char *alias,
                      void *userdata) {
        VirtReader *reader = userdata;

        worker_push(reader->worker, task_devices, notice_new(reader, domain), notice_free);
}

/* The connection ------------------------------------------------------------------ */

static bool watch(VirtReader *reader, int id, virConnectDomainEventGenericCallback callback) {
        int r;

        r = virConnectDomainEventRegisterAny(reader->connection, NULL, id, callback, reader, NULL);
        if (r >= 0)
                reader->callbacks[reader->n_callbacks++] = r;
        return r >= 0;
}

/* Without its lifecycle events a connection is of no use; the others a driver may lack. */
static bool watch_all(VirtReader *reader) {
        if (!watch(reader, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)))
                return false;

        (void)watch(reader, VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
                    VIR_DOMAIN_EVENT_CALLBACK(on_iteration));
        (void)watch(reader, VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
                    VIR_DOMAIN_EVENT_CALLBACK(on_job_completed));
        (void)watch(reader, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device));
        (void)watch(reader, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                    VIR_DOMAIN_EVENT_CALLBACK(on_device));
        return true;
}

/* A guest that waits is coming or going: libvirt tells figures on the source alone. */
static GuestEvent *found_event(VirtReader *reader, virDomainPtr domain, const char *uuid) {
        g_autoptr(GuestJob) job = NULL;
        bool moving = false;
        GuestEventKind kind;
        int state, reason;

        if (virDomainGetState(domain, &state, &reason, 0) < 0)
                return NULL;
        if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_MIGRATION)
                moving = virt_read_job(domain, &job) == 1;

        kind = virt_map_found(reader->map, uuid, state, reason, moving);
        return kind == GUEST_NOTHING ? NULL : virt_read_event(domain, kind);
}

/* The list has every domain, also one that does not answer: whoever is not in it loses its devices.
 * Of one that ends meanwhile an event tells, or the hook alone: look_again(). */
static bool tell_domains(VirtReader *reader) {
        g_autoptr(GPtrArray) active = g_ptr_array_new();
        virDomainPtr *domains;
        GuestEvent *list;
        int n;

        n = virConnectListAllDomains(reader->connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
        if (n < 0)
                return false;

        for (int i = 0; i < n; i++) {
                char uuid[VIR_UUID_STRING_BUFLEN];

                virt_get_uuid(domains[i], uuid);
                g_ptr_array_add(active, g_strdup(uuid));
                tell(reader, found_event(reader, domains[i], uuid));
                virDomainFree(domains[i]);
        }
        free(domains);

        g_ptr_array_add(active, NULL);
        list = guest_event_new(GUEST_LIST, NULL, NULL);
        list->active = (char **)g_ptr_array_free(g_steal_pointer(&active), false);
        tell(reader, list);
        return true;
}

/* Of no domain, that it is not there is said; any other error says nothing. */
void virt_reader_look_again(VirtReader *reader, const char *uuid) {
        g_autoptr(virDomain) domain = look_up(reader, uuid);

        if (!reader->connection)
                return;
        if (domain ? virDomainIsActive(domain) == 0 : virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
                tell(reader,
                     guest_event_new(GUEST_GONE, uuid, domain ? virDomainGetName(domain) : uuid));
}

/* Watches before it lists: nothing happens unseen in between. */
bool virt_reader_attach(VirtReader *reader, virConnectPtr connection) {
        g_clear_pointer(&reader->map, virt_map_free);
        reader->map = virt_map_new();
        reader->connection = connection;

        if (watch_all(reader) && tell_domains(reader))
                return true;

        virt_reader_detach(reader);
        return false;
}

void virt_reader_detach(VirtReader *reader) {
        while (reader->n_callbacks > 0)
                (void)virConnectDomainEventDeregisterAny(reader->connection,
                                                         reader->callbacks[--reader->n_callbacks]);
        reader->connection = NULL;
        g_hash_table_remove_all(reader->followed);
}

VirtReader *virt_reader_new(Worker *worker, GuestDoor *door) {
        VirtReader *reader = g_new0(VirtReader, 1);

        reader->worker = worker;
        reader->door = door;
        reader->map = virt_map_new();
        reader->followed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return reader;
}

void virt_reader_free(VirtReader *reader) {
        if (!reader)
                return;

        g_hash_table_unref(reader->followed);
        virt_map_free(reader->map);
        g_free(reader);
}
