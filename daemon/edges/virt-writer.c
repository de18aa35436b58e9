/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-writer.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edges/virt-plugger.h"
#include "daemon/edges/virt-read.h"
#include "daemon/edges/worker.h"
#include "xml/domain-tuning.h"
#include "xml/metadata.h"

struct VirtWriter {
        Worker *worker;
        GuestDoor *door;
        char *uri;
        virConnectPtr connection; /* the worker's; a reference of its own; NULL there is none */
};

typedef struct Change {
        char *uuid;
        char *xml;
        int64_t downtime_ms;
        unsigned period;
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

/* The connection -------------------------------------------------------------------- */

static void close_connection(VirtWriter *writer) {
        if (writer->connection)
                (void)virConnectClose(writer->connection);
        writer->connection = NULL;
}

static void unref_connection(void *connection) {
        (void)virConnectClose(connection);
}

static void task_use(void *userdata, void *connection) {
        VirtWriter *writer = userdata;

        close_connection(writer);
        if (connection && virConnectRef(connection) == 0)
                writer->connection = connection;
}

/* The reference that is on its way is not the one that the worker takes: a task that never runs
 * gives its own back. */
void virt_writer_use(VirtWriter *writer, virConnectPtr connection) {
        if (!connection)
                worker_push(writer->worker, task_use, NULL, NULL);
        else if (virConnectRef(connection) == 0)
                worker_push(writer->worker, task_use, connection, unref_connection);
}

/* NULL as well where there is no connection. */
static virDomainPtr find_domain(const VirtWriter *writer, const char *uuid) {
        return writer->connection ? virDomainLookupByUUIDString(writer->connection, uuid) : NULL;
}

/* Every call of libvirt frees them, that for a name as well. */
static char *last_words(const VirtWriter *writer) {
        if (!writer->connection)
                return g_strdup("libvirt does not answer");
        return g_strdup(virGetLastErrorMessage() ?: "no reason given");
}

static const char *name_of(virDomainPtr domain, const char *uuid) {
        return domain ? virDomainGetName(domain) : uuid;
}

/* Changes --------------------------------------------------------------------------- */

static bool set_metadata(virDomainPtr domain, const char *xml) {
        return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, xml, METADATA_PREFIX,
                                    METADATA_URI, VIR_DOMAIN_AFFECT_LIVE) == 0;
}

static void task_set_metadata(void *userdata, void *argument) {
        VirtWriter *writer = userdata;
        const Change *change = argument;
        g_autoptr(virDomain) domain = find_domain(writer, change->uuid);
        g_autofree char *words = NULL;

        if (domain && set_metadata(domain, change->xml))
                return;

        words = last_words(writer);
        g_warning("The metadata of guest %s cannot be written: %s", name_of(domain, change->uuid),
                  words);
}

/* Nothing is unplugged that the guest's metadata do not have: a crash would lose it. */
static void task_unplug(void *userdata, void *argument) {
        VirtWriter *writer = userdata;
        const UnplugRequest *request = argument;
        g_autoptr(virDomain) domain = find_domain(writer, request->uuid);
        g_autofree char *words = NULL, *refusal = NULL;

        if (domain && set_metadata(domain, request->metadata)) {
                virt_plugger_unplug(writer->uri, request, writer->door);
                return;
        }

        words = last_words(writer);
        refusal = g_strdup_printf(
                "Nothing was unplugged, since it cannot be noted in the guest: %s", words);
        virt_plugger_refuse(request, refusal, writer->door);
}

static void task_redefine(void *userdata, void *argument) {
        VirtWriter *writer = userdata;
        const Change *change = argument;
        g_autoptr(virDomain) domain = NULL;
        g_autofree char *words = NULL;

        if (writer->connection)
                domain = virDomainDefineXMLFlags(writer->connection, change->xml, 0);
        if (domain)
                return;

        words = last_words(writer);
        g_warning("The persistent definition of guest %s keeps the devices of the host it came "
                  "from, since it cannot be written: %s",
                  change->uuid, words);
}

static void task_abort_job(void *userdata, void *argument) {
        VirtWriter *writer = userdata;
        const char *uuid = argument;
        g_autoptr(virDomain) domain = find_domain(writer, uuid);
        g_autofree char *words = NULL;

        if (domain && virDomainAbortJob(domain) == 0)
                return;

        words = last_words(writer);
        g_warning("The migration of guest %s cannot be stopped: %s", name_of(domain, uuid), words);
}

static bool raise_max_downtime(virDomainPtr domain, int64_t downtime_ms) {
        unsigned long long allowed, wanted = (unsigned long long)downtime_ms;

        if (virDomainMigrateGetMaxDowntime(domain, &allowed, 0) == 0 && allowed >= wanted)
                return true;

        return virDomainMigrateSetMaxDowntime(domain, wanted, 0) == 0;
}

static void task_raise_max_downtime(void *userdata, void *argument) {
        VirtWriter *writer = userdata;
        const Change *change = argument;
        g_autoptr(virDomain) domain = find_domain(writer, change->uuid);
        g_autofree char *words = NULL;

        if (domain && raise_max_downtime(domain, change->downtime_ms))
                return;

        words = last_words(writer);
        g_warning("Guest %s cannot be allowed a downtime of %" G_GINT64_FORMAT " ms: %s",
                  name_of(domain, change->uuid), change->downtime_ms, words);
}

/* Whoever has told it how often may have done so a moment ago. */
static bool tells_already(virDomainPtr domain) {
        char *xml = virDomainGetXMLDesc(domain, 0);
        g_autoptr(DomainTuning) tuning = xml ? domain_tuning_from_xml(xml, strlen(xml), NULL)
                                             : NULL;

        free(xml);
        return tuning && tuning->stats_period > 0;
}

static bool set_stats_period(virDomainPtr domain, unsigned period) {
        return virDomainSetMemoryStatsPeriod(domain, (int)period, VIR_DOMAIN_AFFECT_LIVE) == 0;
}

static void task_set_stats_period(void *userdata, void *argument) {
        VirtWriter *writer = userdata;
        const Change *change = argument;
        g_autoptr(virDomain) domain = find_domain(writer, change->uuid);
        g_autofree char *words = NULL;

        if (domain && (tells_already(domain) || set_stats_period(domain, change->period)))
                return;

        words = last_words(writer);
        g_warning("Guest %s cannot be asked how much of its memory it needs: %s",
                  name_of(domain, change->uuid), words);
}

/* Orders ---------------------------------------------------------------------------- */

void virt_writer_set_metadata(VirtWriter *writer, const char *uuid, const char *xml) {
        worker_push(writer->worker, task_set_metadata, change_new(uuid, xml), change_free);
}

void virt_writer_redefine(VirtWriter *writer, const char *uuid, const char *xml) {
        worker_push(writer->worker, task_redefine, change_new(uuid, xml), change_free);
}

void virt_writer_abort_job(VirtWriter *writer, const char *uuid) {
        worker_push(writer->worker, task_abort_job, g_strdup(uuid), g_free);
}

static void free_request(void *request) {
        unplug_request_free(request);
}

void virt_writer_unplug(VirtWriter *writer, const UnplugRequest *request) {
        worker_push(writer->worker, task_unplug, unplug_request_copy(request), free_request);
}

void virt_writer_raise_max_downtime(VirtWriter *writer, const char *uuid, int64_t downtime_ms) {
        Change *change = change_new(uuid, NULL);

        change->downtime_ms = downtime_ms;
        worker_push(writer->worker, task_raise_max_downtime, change, change_free);
}

void virt_writer_set_stats_period(VirtWriter *writer, const char *uuid, unsigned period) {
        Change *change = change_new(uuid, NULL);

        change->period = period;
        worker_push(writer->worker, task_set_stats_period, change, change_free);
}

VirtWriter *virt_writer_new(const char *uri, GuestDoor *door) {
        VirtWriter *writer = g_new0(VirtWriter, 1);

        writer->uri = g_strdup(uri);
        writer->door = door;
        writer->worker = worker_new("virt-write", writer);
        return writer;
}

void virt_writer_stop(VirtWriter *writer) {
        worker_stop(writer->worker);
        close_connection(writer);
}

void virt_writer_free(VirtWriter *writer) {
        if (!writer)
                return;

        worker_free(writer->worker);
        g_free(writer->uri);
        g_free(writer);
}
