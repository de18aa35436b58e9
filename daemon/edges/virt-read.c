/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-read.h"

#include <stdlib.h>

#include "xml/pci-address.h"

#ifndef VIR_DOMAIN_JOB_VFIO_DATA_TRANSFERRED /* libvirt 10.6 */
#define VIR_DOMAIN_JOB_VFIO_DATA_TRANSFERRED "vfio_data_transferred"
#endif

#define BANDWIDTH_NONE ((unsigned long)INT64_MAX >> 20) /* MiB/s: nobody has set one */

GuestEvent *guest_event_new(GuestEventKind kind, const char *uuid, const char *name) {
        GuestEvent *event = g_new0(GuestEvent, 1);

        event->kind = kind;
        event->uuid = g_strdup(uuid);
        event->name = g_strdup(name);
        return event;
}

void virt_get_uuid(virDomainPtr domain, char *buffer) {
        if (virDomainGetUUIDString(domain, buffer) < 0)
                buffer[0] = '\0';
}

static char *read_xml(virDomainPtr domain, unsigned flags) {
        char *text = virDomainGetXMLDesc(domain, flags);
        char *copy = g_strdup(text);

        free(text);
        return copy;
}

GuestEvent *virt_read_event(virDomainPtr domain, GuestEventKind kind) {
        g_autoptr(GuestEvent) event = NULL;
        char uuid[VIR_UUID_STRING_BUFLEN];

        virt_get_uuid(domain, uuid);
        event = guest_event_new(kind, uuid, virDomainGetName(domain));

        if (kind == GUEST_RUNNING || kind == GUEST_INCOMING || kind == GUEST_ARRIVED) {
                event->xml = read_xml(domain, 0);
                if (!event->xml || virDomainIsActive(domain) != 1)
                        return NULL;
        }

        if (kind != GUEST_INCOMING && virDomainIsPersistent(domain) == 1)
                event->inactive_xml = read_xml(domain,
                                               VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
        if (kind == GUEST_DEFINED && !event->inactive_xml)
                return NULL;

        return g_steal_pointer(&event);
}

static virDomainPtr look_up(virConnectPtr connection, const char *name) {
        virDomainPtr domain = NULL;

        if (uuid_is_valid(name))
                domain = virDomainLookupByUUIDString(connection, name);
        return domain ?: virDomainLookupByName(connection, name);
}

/* What QEMU has in memory is what the guest has ever touched. */
static void read_memory(virDomainPtr domain, GuestEvent *event) {
        virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
        virDomainInfo info;
        int n;

        if (virDomainGetInfo(domain, &info) == 0)
                event->memory = (uint64_t)info.maxMem * 1024;

        n = virDomainMemoryStats(domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);
        for (int i = 0; i < n; i++)
                if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_RSS)
                        event->memory_used = MIN(stats[i].val * 1024, event->memory);
}

/* What "virsh migrate-setspeed" has set. A driver without that has no limit. */
static void read_bandwidth(virDomainPtr domain, GuestEvent *event) {
        unsigned long bandwidth;

        if (virDomainMigrateGetMaxSpeed(domain, &bandwidth, 0) == 0 && bandwidth < BANDWIDTH_NONE)
                event->bandwidth = bandwidth;
}

GuestEvent *virt_find(virConnectPtr connection, const char *name) {
        g_autoptr(virDomain) domain = look_up(connection, name);
        GuestEvent *event = guest_event_new(GUEST_FOUND, NULL, NULL);
        char uuid[VIR_UUID_STRING_BUFLEN];

        if (domain) {
                event->running = virDomainIsActive(domain) == 1;
                event->xml = read_xml(domain, VIR_DOMAIN_XML_MIGRATABLE);
        }
        if (!event->xml) {
                event->detail = g_strdup_printf("This host has no guest '%s': 'virsh list --all' "
                                                "names those it has",
                                                name);
                return event;
        }

        virt_get_uuid(domain, uuid);
        event->uuid = g_strdup(uuid);
        event->name = g_strdup(virDomainGetName(domain));
        if (event->running) {
                read_memory(domain, event);
                read_bandwidth(domain, event);
        }
        return event;
}

static uint64_t get_number(virTypedParameterPtr params, int n, const char *name,
                           uint64_t otherwise) {
        unsigned long long value;

        return virTypedParamsGetULLong(params, n, name, &value) == 1 ? value : otherwise;
}

static bool is_migration_out(virTypedParameterPtr params, int n) {
        int operation;

        return virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation) == 1 &&
               operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
}

GuestJob *virt_job_from_params(virTypedParameterPtr params, int n) {
        const char *message = NULL;
        int success = true; /* said only of jobs that can end otherwise */
        GuestJob *job;

        if (!is_migration_out(params, n))
                return NULL;

        (void)virTypedParamsGetBoolean(params, n, VIR_DOMAIN_JOB_SUCCESS, &success);
        (void)virTypedParamsGetString(params, n, VIR_DOMAIN_JOB_ERRMSG, &message);

        job = g_new0(GuestJob, 1);
        job->success = success;
        job->error = g_strdup(message);
        job->downtime_ms = (int64_t)get_number(params, n, VIR_DOMAIN_JOB_DOWNTIME, -1);
        job->total_ms = (int64_t)get_number(params, n, VIR_DOMAIN_JOB_TIME_ELAPSED, -1);
        job->memory_bytes = get_number(params, n, VIR_DOMAIN_JOB_MEMORY_PROCESSED, 0);
        job->memory_total = get_number(params, n, VIR_DOMAIN_JOB_MEMORY_TOTAL, 0);
        job->memory_remaining = get_number(params, n, VIR_DOMAIN_JOB_MEMORY_REMAINING, 0);
        job->setup_ms = (int64_t)get_number(params, n, VIR_DOMAIN_JOB_SETUP_TIME, -1);
        job->dirty_rate = get_number(params, n, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, 0) *
                          get_number(params, n, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, 4096);
        job->vfio_bytes = get_number(params, n, VIR_DOMAIN_JOB_VFIO_DATA_TRANSFERRED, 0);
        job->iteration = (unsigned)get_number(params, n, VIR_DOMAIN_JOB_MEMORY_ITERATION, 0);
        return job;
}

void virt_job_free(GuestJob *job) {
        if (!job)
                return;

        g_free(job->error);
        g_free(job);
}

int virt_read_job(virDomainPtr domain, GuestJob **ret_job) {
        virTypedParameterPtr params = NULL;
        GuestJob *job;
        int n = 0, type;

        if (virDomainGetJobStats(domain, &type, &params, &n, 0) < 0)
                return -1;

        job = type == VIR_DOMAIN_JOB_NONE ? NULL : virt_job_from_params(params, n);
        virTypedParamsFree(params, n);
        if (!job)
                return 0;

        job->success = false; /* it has not ended */
        *ret_job = job;
        return 1;
}

/* How fast it writes --------------------------------------------------------------- */

int virt_start_dirty_rate(virDomainPtr domain, int seconds) {
        return virDomainStartDirtyRateCalc(domain, seconds, 0);
}

static int dirty_rate_from(const virDomainStatsRecord *record, uint64_t *ret_rate) {
        long long rate;
        int status;

        if (virTypedParamsGetInt(record->params, record->nparams, "dirtyrate.calc_status",
                                 &status) != 1)
                return -1;
        if (status == VIR_DOMAIN_DIRTYRATE_MEASURING)
                return 0;
        if (status != VIR_DOMAIN_DIRTYRATE_MEASURED ||
            virTypedParamsGetLLong(record->params, record->nparams,
                                   "dirtyrate.megabytes_per_second", &rate) != 1 ||
            rate < 0)
                return -1;

        *ret_rate = (uint64_t)rate * 1024 * 1024;
        return 1;
}

int virt_read_dirty_rate(virDomainPtr domain, uint64_t *ret_rate) {
        virDomainPtr domains[] = { domain, NULL };
        virDomainStatsRecordPtr *records;
        int r;

        r = virDomainListGetStats(domains, VIR_DOMAIN_STATS_DIRTYRATE, &records, 0);
        if (r < 0)
                return r;

        r = r == 1 ? dirty_rate_from(records[0], ret_rate) : -1;
        virDomainStatsRecordListFree(records);
        return r;
}
