/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-link.h"

#include <libvirt/virterror.h>
#include <stdatomic.h>

#include "daemon/edges/virt-plugger.h"
#include "daemon/edges/virt-read.h"
#include "daemon/edges/virt-reader.h"
#include "daemon/edges/virt-search.h"
#include "xml/metadata.h"

#define RETRY_MIN_USEC (G_USEC_PER_SEC / 4)
#define RETRY_MAX_USEC (30 * G_USEC_PER_SEC)

/* A dead libvirt on the other end of a socket is noticed by its silence. */
#define KEEPALIVE_SEC   5
#define KEEPALIVE_COUNT 6

struct VirtLink {
        Worker *read_worker, *write_worker;
        GuestDoor *door;
        char *uri;
        atomic_ulong version, qemu_version;

        /* the read worker's */
        VirtReader *reader;
        virConnectPtr connection;
        uint64_t retry_usec;
        bool complained; /* since libvirt last answered */

        /* the write worker's: a reference of its own */
        virConnectPtr write_connection;
};

static void close_connection(virConnectPtr *connection) {
        if (*connection)
                (void)virConnectClose(*connection);
        *connection = NULL;
}

static const char *last_words(void) {
        const char *words = virGetLastErrorMessage();

        return words ?: "no reason given";
}

/* Reading ------------------------------------------------------------------------- */

static void task_connect(void *userdata, void *unused);
static void task_closed(void *userdata, void *unused);

/* On libvirt's thread. */
static void on_close(virConnectPtr connection, int reason, void *userdata) {
        VirtLink *link = userdata;

        worker_push(link->read_worker, task_closed, NULL, NULL);
}

static void unref_connection(void *connection) {
        (void)virConnectClose(connection);
}

static void task_use_connection(void *userdata, void *connection) {
        VirtLink *link = userdata;

        close_connection(&link->write_connection);
        if (connection && virConnectRef(connection) == 0)
                link->write_connection = connection;
}

static void disconnect(VirtLink *link) {
        if (!link->connection)
                return;

        virt_reader_detach(link->reader);
        (void)virConnectUnregisterCloseCallback(link->connection, on_close);
        worker_push(link->write_worker, task_use_connection, NULL, NULL);
        close_connection(&link->connection);
}

static void connect_later(VirtLink *link) {
        worker_push_after(link->read_worker, link->retry_usec, task_connect, NULL, NULL);
        link->retry_usec = MIN(link->retry_usec * 2, RETRY_MAX_USEC);
}

/* Before anything is told of a new connection: who hears of a guest may change it. */
static void note_opened(VirtLink *link) {
        unsigned long version = 0, qemu_version = 0;

        (void)virConnectGetLibVersion(link->connection, &version);
        atomic_store(&link->version, version);
        (void)virConnectGetVersion(link->connection, &qemu_version);
        atomic_store(&link->qemu_version, qemu_version);

        if (virConnectRef(link->connection) == 0)
                worker_push(link->write_worker, task_use_connection, link->connection,
                            unref_connection);

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
                g_warning("%s: %s; trying again until it answers", link->uri, last_words());
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

static void task_follow_job(void *userdata, void *uuid) {
        VirtLink *link = userdata;

        virt_reader_follow_job(link->reader, uuid);
}

static void task_find(void *userdata, void *search) {
        VirtLink *link = userdata;

        virt_search_run(search, link->connection, link->uri);
}

/* Writing ------------------------------------------------------------------------- */

typedef struct Change {
        char *uuid;
        char *xml;
        int64_t downtime_ms;
} Change;

static Change *change_new(const char *uuid, const char *xml) {
        Change *change = g_new0(Change, 1);

        change->uuid = g_strdup(uuid);
        change->xml = g_strdup(xml);
        return change;
}

static void change_free(void *data) {
        Change *change = data;

        g_free(change->uuid);
        g_free(change->xml);
        g_free(change);
}

static void task_set_metadata(void *userdata, void *argument) {
        g_autoptr(virDomain) domain = NULL;
        VirtLink *link = userdata;
        Change *change = argument;

        if (link->write_connection)
                domain = virDomainLookupByUUIDString(link->write_connection, change->uuid);
        if (!domain ||
            virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, change->xml, METADATA_PREFIX,
                                 METADATA_URI, VIR_DOMAIN_AFFECT_LIVE) < 0)
                g_warning("The metadata of guest %s cannot be written: %s",
                          domain ? virDomainGetName(domain) : change->uuid,
                          link->write_connection ? last_words() : "libvirt does not answer");
}

static void free_request(void *request) {
        unplug_request_free(request);
}

/* Nothing is unplugged that the guest's metadata do not have: a crash would lose it. */
static void task_unplug(void *userdata, void *argument) {
        g_autoptr(virDomain) domain = NULL;
        g_autofree char *words = NULL;
        VirtLink *link = userdata;
        UnplugRequest *request = argument;

        if (link->write_connection)
                domain = virDomainLookupByUUIDString(link->write_connection, request->uuid);
        if (domain &&
            virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, request->metadata,
                                 METADATA_PREFIX, METADATA_URI, VIR_DOMAIN_AFFECT_LIVE) == 0) {
                virt_plugger_unplug(link->uri, request, link->door);
                return;
        }

        words = g_strdup_printf("Nothing was unplugged, since it cannot be noted in the guest: %s",
                                link->write_connection ? last_words() : "libvirt does not answer");
        virt_plugger_refuse(request, words, link->door);
}

static void task_redefine(void *userdata, void *argument) {
        g_autoptr(virDomain) domain = NULL;
        VirtLink *link = userdata;
        Change *change = argument;

        if (link->write_connection)
                domain = virDomainDefineXMLFlags(link->write_connection, change->xml, 0);
        if (!domain)
                g_warning("The persistent definition of guest %s keeps the devices of the host it "
                          "came from, since it cannot be written: %s",
                          change->uuid,
                          link->write_connection ? last_words() : "libvirt does not answer");
}

static void task_abort_job(void *userdata, void *argument) {
        g_autoptr(virDomain) domain = NULL;
        VirtLink *link = userdata;
        const char *uuid = argument;

        if (link->write_connection)
                domain = virDomainLookupByUUIDString(link->write_connection, uuid);
        if (!domain || virDomainAbortJob(domain) < 0)
                g_warning("The migration of guest %s cannot be stopped: %s",
                          domain ? virDomainGetName(domain) : uuid,
                          link->write_connection ? last_words() : "libvirt does not answer");
}

/* 0 or -1. */
static int raise_max_downtime(virDomainPtr domain, int64_t downtime_ms) {
        unsigned long long allowed;

        if (virDomainMigrateGetMaxDowntime(domain, &allowed, 0) == 0 &&
            allowed >= (unsigned long long)downtime_ms)
                return 0;

        return virDomainMigrateSetMaxDowntime(domain, (unsigned long long)downtime_ms, 0);
}

static void task_raise_max_downtime(void *userdata, void *argument) {
        g_autoptr(virDomain) domain = NULL;
        VirtLink *link = userdata;
        Change *change = argument;

        if (link->write_connection)
                domain = virDomainLookupByUUIDString(link->write_connection, change->uuid);
        if (!domain || raise_max_downtime(domain, change->downtime_ms) < 0)
                g_warning("Guest %s cannot be allowed a downtime of %" G_GINT64_FORMAT " ms: %s",
                          domain ? virDomainGetName(domain) : change->uuid, change->downtime_ms,
                          link->write_connection ? last_words() : "libvirt does not answer");
}

void virt_link_set_metadata(VirtLink *link, const char *uuid, const char *xml) {
        worker_push(link->write_worker, task_set_metadata, change_new(uuid, xml), change_free);
}

void virt_link_redefine(VirtLink *link, const char *uuid, const char *xml) {
        worker_push(link->write_worker, task_redefine, change_new(uuid, xml), change_free);
}

void virt_link_follow_job(VirtLink *link, const char *uuid) {
        worker_push(link->read_worker, task_follow_job, g_strdup(uuid), g_free);
}

void virt_link_find(VirtLink *link, const char *name, bool measure, unsigned long question) {
        worker_push(
                link->read_worker, task_find,
                virt_search_new(link->read_worker, task_find, link->door, name, measure, question),
                virt_search_free);
}

void virt_link_abort_job(VirtLink *link, const char *uuid) {
        worker_push(link->write_worker, task_abort_job, g_strdup(uuid), g_free);
}

void virt_link_unplug(VirtLink *link, const UnplugRequest *request) {
        worker_push(link->write_worker, task_unplug, unplug_request_copy(request), free_request);
}

void virt_link_raise_max_downtime(VirtLink *link, const char *uuid, int64_t downtime_ms) {
        Change *change = change_new(uuid, NULL);

        change->downtime_ms = downtime_ms;
        worker_push(link->write_worker, task_raise_max_downtime, change, change_free);
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
        link->read_worker = worker_new("virt-read", link);
        link->write_worker = worker_new("virt-write", link);
        link->reader = virt_reader_new(link->read_worker, door);
        return link;
}

void virt_link_start(VirtLink *link) {
        worker_push(link->read_worker, task_connect, NULL, NULL);
}

void virt_link_stop(VirtLink *link) {
        if (!link)
                return;

        worker_stop(link->read_worker);
        worker_stop(link->write_worker);

        disconnect(link);
        close_connection(&link->write_connection);
}

void virt_link_free(VirtLink *link) {
        if (!link)
                return;

        worker_free(link->read_worker);
        worker_free(link->write_worker);
        virt_reader_free(link->reader);
        g_free(link->uri);
        g_free(link);
}
