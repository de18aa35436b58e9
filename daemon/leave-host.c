/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/leave-host.h"

#include <math.h>
#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/drive.h"
#include "daemon/forecast.h"
#include "daemon/meter.h"
#include "daemon/outlook.h"
#include "daemon/replug.h"
#include "daemon/slices.h"

#define MIB           UINT64_C(1048576)
#define MBIT_TO_BYTES (1e6 / 8)
#define REPLUG_SEC    10 /* for which a guest is without a device that is unplugged for its move */

struct LeaveHost {
        const Manager *manager;
        GHashTable *seen; /* LeaveGuest, by UUID */
        const char *uri;
        bool moves;
        GArray *things;      /* PolicyLeaveThing */
        GArray *guests;      /* PolicyLeaveGuest, which own their bands */
        GPtrArray *subjects; /* of these guests, in the same order; borrowed */
        PolicyLeaveHost host;
};

LeaveGuest *leave_guest_new(const char *xml) {
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), NULL);
        LeaveGuest *guest;

        if (!domain || !domain->uuid)
                return NULL;

        guest = g_new0(LeaveGuest, 1);
        guest->name = g_strdup(domain->name);
        guest->stays = domain->metadata && domain->metadata->policy &&
                       domain->metadata->policy->stays;
        guest->domain = g_steal_pointer(&domain);
        return guest;
}

void leave_guest_free(LeaveGuest *guest) {
        if (!guest)
                return;

        g_free(guest->name);
        domain_free(guest->domain);
        g_free(guest);
}

/* What there is --------------------------------------------------------------------- */

static bool is_of_offload(const Resource *resource) {
        return resource->parent && resource->parent->kind == RESOURCE_OFFLOAD;
}

static double count_cpus(const Manager *manager, const GPtrArray *resources) {
        NumberSet kept = { 0 };
        double cpus = 0;

        if (manager->config->host_cpus)
                (void)number_set_from_text(manager->config->host_cpus, &kept);
        for (guint i = 0; i < resources->len; i++) {
                const Resource *core = resources->pdata[i];

                if (core->kind == RESOURCE_CORE && !is_of_offload(core) &&
                    !resource_is_on_cpu_of(core, &kept))
                        cpus += (double)core->total;
        }
        return cpus;
}

/* Of huge pages nothing is used but by those who were given them. */
static bool is_base(const char *resource) {
        return g_str_has_prefix(resource, "memory:") && !strchr(resource, '/');
}

static double count_memory(const Manager *manager, const GPtrArray *resources) {
        uint64_t kept = manager->config->host_memory_mib * MIB;
        double bytes = 0;

        for (guint i = 0; i < resources->len; i++) {
                const Resource *memory = resources->pdata[i];
                bool with_cpus = memory->parent && memory->parent->total > 0;

                if (memory->kind == RESOURCE_MEMORY && is_base(memory->id))
                        bytes += (double)(memory->total -
                                          (with_cpus ? MIN(kept, memory->total) : 0));
        }
        return bytes;
}

static void add_thing(LeaveHost *host, PolicyLeaveKind kind, const char *name, double size) {
        const PolicyLeaveThing thing = { .kind = kind, .name = name, .size = size };

        if (size > 0)
                g_array_append_val(host->things, thing);
}

/* One for each direction, the first of which is what is received. */
static void add_links(LeaveHost *host) {
        g_autoptr(GPtrArray) devices = inventory_list(host->manager->inventory);
        const ResourceMap *map = slices_look(host->manager->slices);

        for (guint i = 0; i < devices->len; i++) {
                const Device *pf = devices->pdata[i];
                g_autofree char *id = g_strdup_printf("pf:%s", pf->id);
                const Resource *link = resource_map_find(map, id);

                for (int direction = 0; link && direction < 2; direction++)
                        add_thing(host, POLICY_LEAVE_NETWORK, pf->id,
                                  (double)link->total * MBIT_TO_BYTES);
        }
}

static void add_things(LeaveHost *host) {
        const Manager *manager = host->manager;
        const GPtrArray *resources = resource_map_list(slices_look(manager->slices));

        add_thing(host, POLICY_LEAVE_CPU, NULL, count_cpus(manager, resources));
        add_thing(host, POLICY_LEAVE_MEMORY, NULL, count_memory(manager, resources));
        add_links(host);
}

static const PolicyLeaveThing *thing_at(const LeaveHost *host, guint i) {
        return &g_array_index(host->things, PolicyLeaveThing, i);
}

/* Those of a link follow each other. */
static Metric direction_of(const LeaveHost *host, guint i) {
        bool second = i > 0 && thing_at(host, i - 1)->kind == POLICY_LEAVE_NETWORK &&
                      g_str_equal(thing_at(host, i - 1)->name, thing_at(host, i)->name);

        return second ? METRIC_TRANSMIT_BYTES : METRIC_RECEIVE_BYTES;
}

/* What a guest uses ----------------------------------------------------------------- */

/* Of what it was given for itself alone: CPUs, or bytes of base pages. */
static double count_alone(const Manager *manager, const char *uuid, PolicyLeaveKind kind) {
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), uuid);
        double sum = 0;

        for (guint i = 0; entry && i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];

                if (kind == POLICY_LEAVE_MEMORY && is_base(grant->resource))
                        sum += (double)grant->amount;
                if (kind == POLICY_LEAVE_CPU && g_str_has_prefix(grant->resource, "core:") &&
                    slice_grant_is_exclusive(grant, entry->wish))
                        sum += (double)grant->amount / SLICE_SHARE_FULL;
        }
        return sum;
}

static void fill(const Manager *manager, SubjectKind kind, const char *id, Metric metric,
                 DemandBand *bands) {
        OutlookSum sum = { 0 };

        outlook_add(manager->outlook, kind, id, metric, &sum);
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                bands[hour] = demand_sum_band(&sum.hours[hour]);
}

static void fill_machine(const Manager *manager, const char *uuid, PolicyLeaveKind kind,
                         DemandBand *bands) {
        double alone = count_alone(manager, uuid, kind);

        if (alone <= 0) {
                fill(manager, SUBJECT_GUEST, uuid,
                     kind == POLICY_LEAVE_CPU ? METRIC_CPU : METRIC_RESIDENT, bands);
                return;
        }
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                bands[hour] = (DemandBand){ alone, alone, alone, alone };
}

/* Over its VFs of this PF. */
static void fill_link(const Manager *manager, const char *uuid, const char *pf, Metric metric,
                      DemandBand *bands) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, uuid);
        OutlookSum sum = { 0 };

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const Device *device = inventory_find(manager->inventory, lease->device);

                if (device && g_strcmp0(device->parent, pf) == 0)
                        outlook_add(manager->outlook, SUBJECT_VF, device->id, metric, &sum);
        }
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                bands[hour] = demand_sum_band(&sum.hours[hour]);
}

static DemandBand *bands_new(const LeaveHost *host, const char *uuid) {
        DemandBand *bands = g_new0(DemandBand, (gsize)host->things->len * POLICY_HOURS);

        for (guint i = 0; i < host->things->len; i++) {
                const PolicyLeaveThing *thing = thing_at(host, i);
                DemandBand *own = &bands[(gsize)i * POLICY_HOURS];

                if (thing->kind == POLICY_LEAVE_NETWORK)
                        fill_link(host->manager, uuid, thing->name, direction_of(host, i), own);
                else
                        fill_machine(host->manager, uuid, thing->kind, own);
        }
        return bands;
}

/* Its move -------------------------------------------------------------------------- */

static bool has_settled(const Manager *manager, const char *uuid) {
        int64_t since = manager->now() - manager->config->policy_settle_sec * G_USEC_PER_SEC;
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (g_str_equal(migration->domain_uuid, uuid) &&
                    migration->entered[MIGRATION_FINISHED] > since)
                        return false;
        }
        return true;
}

static bool is_free(const Manager *manager, const char *uuid) {
        return has_settled(manager, uuid) && !drive_is_moving(manager->drive, uuid) &&
               !migration_log_current(manager->migrations, uuid) &&
               !replug_is_busy(manager->replug, uuid);
}

static uint64_t bytes_now(const Subject *subject, Metric metric) {
        double value = subject->values[metric];

        return value > 0 ? (uint64_t)value : 0;
}

static void foretell(const LeaveHost *host, const Subject *subject, MoveForecast *ret_forecast) {
        const Manager *manager = host->manager;
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, subject->id);
        g_autoptr(Migration) migration = NULL;
        const GuestMemory memory = { .total = bytes_now(subject, METRIC_BALLOON),
                                     .used = bytes_now(subject, METRIC_RESIDENT) };

        migration = migration_new(MIGRATION_OUTGOING, subject->id, subject->name);
        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                migration_add_device(migration, lease->name, lease->class_name, lease->type,
                                     lease->device, NULL, NULL);
        }
        forecasts_foretell(manager->forecasts, migration, host->uri, memory, ret_forecast);
}

/* False: it cannot come along, or its move would not end. */
static bool weigh_move(const LeaveHost *host, const LeaveGuest *seen, const Subject *subject,
                       PolicyLeaveGuest *guest) {
        g_auto(StrategyChoice) choice = { 0 };
        MoveForecast forecast;

        if (!strategy_choose(seen->domain, host->manager->inventory, NULL, &choice, NULL))
                return false;

        foretell(host, subject, &forecast);
        guest->bytes = (double)forecast.bytes.likely;
        guest->duration = (double)forecast.total_ms.likely / 1000;
        guest->downtime = (double)forecast.downtime_ms.likely / 1000 +
                          (choice.strategy == STRATEGY_REPLUG ? REPLUG_SEC : 0);
        return forecast.converges;
}

static void add_guest(LeaveHost *host, const Subject *subject) {
        const LeaveGuest *seen = g_hash_table_lookup(host->seen, subject->id);
        PolicyLeaveGuest guest = { .id = subject->id, .name = subject->name };

        guest.stays = !host->moves || !seen || seen->stays ||
                      !is_free(host->manager, subject->id) ||
                      !weigh_move(host, seen, subject, &guest);
        guest.bands = bands_new(host, subject->id);
        g_array_append_val(host->guests, guest);
}

static void add_guests(LeaveHost *host) {
        host->subjects = telemetry_list(meter_telemetry(host->manager->meter));
        for (guint i = 0; i < host->subjects->len; i++) {
                const Subject *subject = host->subjects->pdata[i];

                if (subject->kind == SUBJECT_GUEST)
                        add_guest(host, subject);
        }
}

/* What is used by nobody who could leave -------------------------------------------- */

static void subtract(DemandBand *band, double mean) {
        double rest = MAX(band->mean - mean, 0), part = band->mean > 0 ? rest / band->mean : 0;

        *band = (DemandBand){ rest, band->p50 * part, band->p95 * part, band->p99 * part };
}

static void fill_base(LeaveHost *host, guint i) {
        PolicyLeaveThing *thing = &g_array_index(host->things, PolicyLeaveThing, i);

        if (thing->kind != POLICY_LEAVE_NETWORK)
                return;

        fill(host->manager, SUBJECT_PF, thing->name, direction_of(host, i), thing->base);
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++) {
                double mean = 0;

                for (guint g = 0; g < host->guests->len; g++)
                        mean += g_array_index(host->guests, PolicyLeaveGuest, g)
                                        .bands[i * POLICY_HOURS + hour]
                                        .mean;
                subtract(&thing->base[hour], mean);
        }
}

/* ----------------------------------------------------------------------------------- */

static void clear_guest(void *data) {
        g_free((DemandBand *)((PolicyLeaveGuest *)data)->bands);
}

LeaveHost *leave_host_new(const Manager *manager, GHashTable *guests, const char *uri, bool moves) {
        LeaveHost *host = g_new0(LeaveHost, 1);

        host->manager = manager;
        host->seen = guests;
        host->uri = uri;
        host->moves = moves;
        host->things = g_array_new(FALSE, TRUE, sizeof(PolicyLeaveThing));
        host->guests = g_array_new(FALSE, TRUE, sizeof(PolicyLeaveGuest));
        g_array_set_clear_func(host->guests, clear_guest);
        add_things(host);
        add_guests(host);
        for (guint i = 0; i < host->things->len; i++)
                fill_base(host, i);
        host->host = (PolicyLeaveHost){
                .things = (const PolicyLeaveThing *)(void *)host->things->data,
                .n_things = host->things->len,
                .guests = (const PolicyLeaveGuest *)(void *)host->guests->data,
                .n_guests = host->guests->len,
                .hours = manager->config->policy_leave_hours,
        };
        return host;
}

void leave_host_free(LeaveHost *host) {
        if (!host)
                return;

        g_array_unref(host->things);
        g_array_unref(host->guests);
        g_ptr_array_unref(host->subjects);
        g_free(host);
}

const PolicyLeaveHost *leave_host_get(const LeaveHost *host) {
        return &host->host;
}
