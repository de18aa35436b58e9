/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-link.h"

#include <libvirt/virterror.h>
#include <stdatomic.h>

#include "daemon/edges/virt-read.h"
#include "daemon/edges/virt-reader.h"
#include "daemon/edges/virt-search.h"
#include "daemon/edges/virt-stats.h"
#include "daemon/edges/virt-writer.h"

#define RETRY_MIN_USEC  (G_USEC_PER_SEC / 4)
#define RETRY_MAX_USEC  (30 * G_USEC_PER_SEC)

#define LOOK_AGAIN_USEC G_USEC_PER_SEC

/* A dead libvirt on the other end of a socket is noticed by its silence. */
#define KEEPALIVE_SEC   5
#define KEEPALIVE_COUNT 6

struct VirtLink {
        Worker *worker;
        VirtWriter *writer;
        VirtStats *stats;
        GuestDoor *door;
        char *uri;
        atomic_ulong version, qemu_version;

        /* the worker's */
        VirtReader *reader;
        virConnectPtr connection;
        uint64_t retry_usec;
        bool complained; /* since libvirt last answered */
};

/* The connection -------------------------------------------------------------------- */

static void task_connect(void *userdata, void *unused);
static void task_closed(void *userdata, void *unused);

/* On libvirt's thread. */
static void on_close(virConnectPtr connection, int reason, void *userdata) {
        VirtLink *link = userdata;

        worker_push(link->worker, task_closed, NULL, NULL);
}

static void disconnect(VirtLink *link) {
        if (!link->connection)
                return;

        virt_reader_detach(link->reader);
        (void)virConnectUnregisterCloseCallback(link->connection, on_close);
        virt_writer_use(link->writer, NULL);
        virt_stats_use(link->stats, NULL);
        (void)virConnectClose(link->connection);
        link->connection = NULL;
}

static void connect_later(VirtLink *link) {
        worker_push_after(link->worker, link->retry_usec, task_connect, NULL, NULL);
        link->retry_usec = MIN(link->retry_usec * 2, RETRY_MAX_USEC);
}

/* Before anything is told of a new connection: who hears of a guest may change it. */
static void note_opened(VirtLink *link) {
        unsigned long version = 0, qemu_version = 0;

        (void)virConnectGetLibVersion(link->connection, &version);
        atomic_store(&link->version, version);
        (void)virConnectGetVersion(link->connection, &qemu_version);
        atomic_store(&link->qemu_version, qemu_version);

        virt_writer_use(link->writer, link->connection);
        virt_stats_use(link->stats, link->connection);

        /* what the test driver has none of */
        (void)virConnectSetKeepAlive(link->connection, KEEPALIVE_SEC, KEEPALIVE_COUNT);
        (void)virConnectRegisterCloseCallback(link->connection, on_close, link, NULL);
}

static void task_connect(void *userdata, void *unused) {
        VirtLink *link = userdata;

        link->connection = virConnectOpen(link->uri);
        if (link->connection)
                note_opened(link);

        if (link->connection && virt_reader_attach(link->reader, link->connection)) {
                link->retry_usec = RETRY_MIN_USEC;
                link->complained = false;
                return;
        }

        if (!link->complained)
                g_warning("%s: %s; trying again until it answers", link->uri,
                          virGetLastErrorMessage() ?: "no reason given");
        link->complained = true;
        disconnect(link);
        connect_later(link);
}

static void task_closed(void *userdata, void *unused) {
        VirtLink *link = userdata;

        if (!link->connection)
                return;

        g_message("%s: the connection is closed, connecting again", link->uri);
        disconnect(link);
        guest_door_push(link->door, guest_event_new(GUEST_LOST_LIBVIRT, NULL, NULL));
        connect_later(link);
}

/* Orders ---------------------------------------------------------------------------- */

static void task_follow_job(void *userdata, void *uuid) {
        VirtLink *link = userdata;

        virt_reader_follow_job(link->reader, uuid);
}

static void task_look_again(void *userdata, void *uuid) {
        VirtLink *link = userdata;

        virt_reader_look_again(link->reader, uuid);
}

static void task_find(void *userdata, void *search) {
        VirtLink *link = userdata;

        virt_search_run(search, link->connection, link->uri);
}

void virt_link_follow_job(VirtLink *link, const char *uuid) {
        worker_push(link->worker, task_follow_job, g_strdup(uuid), g_free);
}

/* A guest that ends is locked until it has ended, and so would be who reads its end. */
void virt_link_look_again(VirtLink *link, const char *uuid) {
        worker_push_after(link->worker, LOOK_AGAIN_USEC, task_look_again, g_strdup(uuid), g_free);
}

void virt_link_find(VirtLink *link, const char *name, bool measure, unsigned long question) {
        worker_push(link->worker, task_find,
                    virt_search_new(link->worker, task_find, link->door, name, measure, question),
                    virt_search_free);
}

void virt_link_set_metadata(VirtLink *link, const char *uuid, const char *xml) {
        virt_writer_set_metadata(link->writer, uuid, xml);
}

void virt_link_redefine(VirtLink *link, const char *uuid, const char *xml) {
        virt_writer_redefine(link->writer, uuid, xml);
}

void virt_link_abort_job(VirtLink *link, const char *uuid) {
        virt_writer_abort_job(link->writer, uuid);
}

void virt_link_unplug(VirtLink *link, const UnplugRequest *request) {
        virt_writer_unplug(link->writer, request);
}

void virt_link_raise_max_downtime(VirtLink *link, const char *uuid, int64_t downtime_ms) {
        virt_writer_raise_max_downtime(link->writer, uuid, downtime_ms);
}

void virt_link_set_stats_period(VirtLink *link, const char *uuid, unsigned period) {
        virt_writer_set_stats_period(link->writer, uuid, period);
}

void virt_link_sample(VirtLink *link) {
        virt_stats_sample(link->stats);
}

unsigned long virt_link_version(VirtLink *link) {
        return atomic_load(&link->version);
}

unsigned long virt_link_qemu_version(VirtLink *link) {
        return atomic_load(&link->qemu_version);
}

VirtLink *virt_link_new(const char *uri, GuestDoor *door) {
        VirtLink *link = g_new0(VirtLink, 1);

        link->uri = g_strdup(uri);
        link->door = door;
        link->retry_usec = RETRY_MIN_USEC;
        link->worker = worker_new("virt-read", link);
        link->writer = virt_writer_new(uri, door);
        link->stats = virt_stats_new(uri, door);
        link->reader = virt_reader_new(link->worker, door);
        return link;
}

void virt_link_start(VirtLink *link) {
        worker_push(link->worker, task_connect, NULL, NULL);
}

void virt_link_stop(VirtLink *link) {
        if (!link)
                return;

        worker_stop(link->worker);
        virt_writer_stop(link->writer);
        virt_stats_stop(link->stats);
        disconnect(link);
}

void virt_link_free(VirtLink *link) {
        if (!link)
                return;

        worker_free(link->worker);
        virt_writer_free(link->writer);
        virt_stats_free(link->stats);
        virt_reader_free(link->reader);
        g_free(link->uri);
        g_free(link);
}
