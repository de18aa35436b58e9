/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/leave-host-parts.h"

#include "daemon/meter.h"
#include "daemon/slices.h"

#define MIB           UINT64_C(1048576)
#define MBIT_TO_BYTES (1e6 / 8)

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

static double count_memory(const Manager *manager, const GPtrArray *resources) {
        uint64_t kept = manager->config->host_memory_mib * MIB;
        double bytes = 0;

        for (guint i = 0; i < resources->len; i++) {
                const Resource *memory = resources->pdata[i];
                bool with_cpus = memory->parent && memory->parent->total > 0;

                if (memory->kind == RESOURCE_MEMORY && leave_is_base_memory(memory->id))
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

static DemandBand *bands_new(const LeaveHost *host, const char *uuid) {
        DemandBand *bands = g_new0(DemandBand, (gsize)host->things->len * POLICY_HOURS);

        for (guint i = 0; i < host->things->len; i++) {
                const PolicyLeaveThing *thing = thing_at(host, i);
                DemandBand *own = &bands[(gsize)i * POLICY_HOURS];

                if (thing->kind == POLICY_LEAVE_NETWORK)
                        leave_fill_link(host->manager, uuid, thing->name, direction_of(host, i),
                                        own);
                else
                        leave_fill_machine(host->manager, uuid, thing->kind, own);
        }
        return bands;
}

static void add_guest(LeaveHost *host, const Subject *subject) {
        const LeaveGuest *seen = g_hash_table_lookup(host->seen, subject->id);
        PolicyLeaveGuest guest = { .id = subject->id, .name = subject->name };

        guest.stays = !host->moves || !seen || seen->stays ||
                      !leave_is_free(host->manager, subject->id) ||
                      !leave_weigh_move(host->manager, seen, host->uri, subject, &guest);
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

        leave_fill(host->manager, SUBJECT_PF, thing->name, direction_of(host, i), thing->base);
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
