/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/headroom.h"

#include "daemon/core/fit.h"
#include "daemon/meter.h"
#include "daemon/outlook.h"
#include "daemon/slices.h"

#define MIB UINT64_C(1048576)

struct Headrooms {
        Manager *manager;
        GHashTable *levels; /* key_of() to HeadroomLevel + 1 */
};

Headrooms *headrooms_new(Manager *manager) {
        Headrooms *headrooms = g_new0(Headrooms, 1);

        headrooms->manager = manager;
        headrooms->levels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return headrooms;
}

void headrooms_free(Headrooms *headrooms) {
        if (!headrooms)
                return;

        g_hash_table_unref(headrooms->levels);
        g_free(headrooms);
}

/* VFs ------------------------------------------------------------------------------- */

static bool could_migrate(const Device *device) {
        int caps = device->fingerprint->vfio_caps;

        return !device->host_use && !device->finding &&
               (caps == VFIO_CAPS_UNKNOWN || fit_can_migrate(caps));
}

static bool is_vf_of(const Device *device, const char *pf) {
        return device->class == &device_class_sriov && device->role == DEVICE_ROLE_FUNCTION &&
               g_strcmp0(device->parent, pf) == 0;
}

static void count_vfs(void *userdata, const char *pf, unsigned *ret_total, unsigned *ret_taken) {
        const Manager *manager = userdata;
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (!is_vf_of(device, pf) || !could_migrate(device))
                        continue;
                (*ret_total)++;
                *ret_taken += lease_book_find_device(manager->leases, device->id) != NULL;
        }
}

/* What is used without a promise ---------------------------------------------------- */

typedef struct Use {
        const Manager *manager;
        OutlookSum sum;
} Use;

static void add(Use *use, SubjectKind kind, const char *id, Metric metric) {
        outlook_add(use->manager->outlook, kind, id, metric, &use->sum);
}

static bool has_part(const Manager *manager, const char *uuid, const char *part) {
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), uuid);

        for (guint i = 0; entry && i < entry->grants->len; i++)
                if (g_str_equal(((const SliceGrant *)entry->grants->pdata[i])->part, part))
                        return true;
        return false;
}

/* One that has just gone is a subject still, and takes its forecast along. */
static bool is_expected(const Manager *manager, const Subject *subject, const char *part) {
        return subject->kind == SUBJECT_GUEST &&
               g_hash_table_contains(manager->active, subject->id) &&
               !has_part(manager, subject->id, part);
}

/* Of guests that have none of it by a slice. */
static void add_guests(Use *use, const char *part, Metric metric) {
        g_autoptr(GPtrArray) subjects = telemetry_list(meter_telemetry(use->manager->meter));

        for (guint i = 0; i < subjects->len; i++) {
                const Subject *subject = subjects->pdata[i];

                if (is_expected(use->manager, subject, part))
                        add(use, SUBJECT_GUEST, subject->id, metric);
        }
}

static bool has_rate(const Manager *manager, const char *pf, const char *vf) {
        const Lease *lease = lease_book_find_device(manager->leases, vf);
        const SliceEntry *entry = NULL;
        g_autofree char *id = g_strdup_printf("pf:%s", pf);

        if (lease)
                entry = slice_book_find(slices_book(manager->slices), lease->domain_uuid);
        return entry && slice_grants_sum(entry->grants, id, NULL) > 0;
}

static void add_vfs(Use *use, const char *pf, Metric metric) {
        g_autoptr(GPtrArray) devices = inventory_list(use->manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (is_vf_of(device, pf) && !has_rate(use->manager, pf, device->id))
                        add(use, SUBJECT_VF, device->id, metric);
        }
}

static HeadroomDemand demand_of(const Use *others, const Use *all) {
        return (HeadroomDemand){
                .hour = { outlook_sum_next(&others->sum), outlook_sum_next(&all->sum) },
                .day = { outlook_sum_worst(&others->sum, POLICY_HOURS),
                         outlook_sum_worst(&all->sum, POLICY_HOURS) },
        };
}

static HeadroomUse busier(HeadroomUse a, HeadroomUse b) {
        return (HeadroomUse){ MAX(a.others, b.others), MAX(a.all, b.all) };
}

static HeadroomDemand expect_traffic(const Manager *manager, HeadroomKind kind, const char *device,
                                     Metric metric) {
        SubjectKind subject = kind == HEADROOM_PF ? SUBJECT_PF : SUBJECT_OFFLOAD;
        Use others = { manager }, all = { manager };

        if (kind == HEADROOM_PF)
                add_vfs(&others, device, metric);
        add(&all, subject, device, metric);
        return demand_of(&others, &all);
}

static HeadroomDemand expect_link(const Manager *manager, HeadroomKind kind, const char *device) {
        HeadroomDemand in = expect_traffic(manager, kind, device, METRIC_RECEIVE_BYTES);
        HeadroomDemand out = expect_traffic(manager, kind, device, METRIC_TRANSMIT_BYTES);

        return (HeadroomDemand){ busier(in.hour, out.hour), busier(in.day, out.day) };
}

static HeadroomDemand expect_machine(const Manager *manager, HeadroomKind kind, const char *device,
                                     const char *part, Metric metric) {
        Use others = { manager }, all = { manager };

        if (kind == HEADROOM_HOST)
                add_guests(&others, part, metric);
        else
                add(&all, SUBJECT_OFFLOAD, device, metric);
        return demand_of(&others, &all);
}

static HeadroomDemand expect(void *userdata, HeadroomKind kind, const char *device,
                             HeadroomResource resource) {
        const Manager *manager = userdata;

        switch (resource) {
        case HEADROOM_CORES:
                return expect_machine(manager, kind, device, "cores", METRIC_CPU);
        case HEADROOM_MEMORY:
                return expect_machine(manager, kind, device, "memory", METRIC_RESIDENT);
        case HEADROOM_LANES:
        case HEADROOM_BANDWIDTH:
                return expect_link(manager, kind, device);
        case HEADROOM_VFS:
        case HEADROOM_KEYS:
        case _HEADROOM_RESOURCE_MAX:
        case _HEADROOM_RESOURCE_INVALID:
                break;
        }
        return (HeadroomDemand){ { 0 }, { 0 } };
}

/* Levels ---------------------------------------------------------------------------- */

static char *key_of(const Headroom *row) {
        return g_strdup_printf("%d %d %s", row->kind, row->resource, row->device);
}

HeadroomLevel headrooms_level(const Headrooms *headrooms, const Headroom *row) {
        g_autofree char *key = key_of(row);
        void *level = g_hash_table_lookup(headrooms->levels, key);

        return level ? (HeadroomLevel)(GPOINTER_TO_INT(level) - 1) : _HEADROOM_LEVEL_INVALID;
}

static void note_level(Headrooms *headrooms, const Headroom *row) {
        HeadroomLevel before = headrooms_level(headrooms, row);
        HeadroomLevel level = headroom_level_next(before, headroom_percent(row));

        g_hash_table_replace(headrooms->levels, key_of(row), GINT_TO_POINTER(level + 1));
}

GPtrArray *headrooms_list(Headrooms *headrooms) {
        Manager *manager = headrooms->manager;
        const HeadroomSources sources = {
                .map = slices_look(manager->slices),
                .reserve = { manager->config->host_cpus, manager->config->host_memory_mib * MIB },
                .expect = expect,
                .count_vfs = count_vfs,
                .userdata = manager,
        };
        GPtrArray *rows = headroom_list(&sources);

        for (guint i = 0; i < rows->len; i++)
                note_level(headrooms, rows->pdata[i]);
        return rows;
}
