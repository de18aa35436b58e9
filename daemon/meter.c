/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/meter.h"

#include <errno.h>

#include "daemon/advisor-guest.h"
#include "daemon/advisor.h"
#include "daemon/core/agent-meter.h"
#include "daemon/core/store-history.h"
#include "daemon/core/usage-class.h"
#include "daemon/demands.h"
#include "daemon/facts/guest-process.h"
#include "daemon/facts/link-stats.h"
#include "daemon/facts/pressure.h"
#include "daemon/facts/sriov.h"
#include "daemon/outlook.h"
#include "daemon/swap.h"
#include "daemon/traffic.h"

#define INTERVAL_USEC      (10 * G_USEC_PER_SEC)
#define MOVE_INTERVAL_USEC (1 * G_USEC_PER_SEC)
#define WRITE_USEC         (60 * G_USEC_PER_SEC)

struct Meter {
        Manager *manager;
        Telemetry *telemetry;
        AgentMeter *offload; /* devices with an agent, at their own pace */
        GHashTable *cgroups; /* UUID to cgroup, "" where there is none */
        GHashTable *vfs;     /* id of a PF to the addresses of its VFs, GPtrArray */
        GHashTable *links;   /* id of a VF to what it has counted in this round, LinkStats */
        GHashTable *odd;     /* ids of functions of which it is told what cannot be read */
        GPtrArray *ended;    /* HistoryRow, to be written */
        GHashTable *last;    /* of them the last of each subject and step; borrowed */
        int64_t written;     /* CLOCK_MONOTONIC us, when the last time */
        bool asked;          /* libvirt has not answered yet */
        bool complained;     /* since history could last be written */
        MeterRounds rounds;
        int64_t (*stopwatch)(void); /* what a look costs */
};

/* History --------------------------------------------------------------------------- */

static guint hash_row(const void *data) {
        const HistoryRow *row = data;

        return g_str_hash(row->id) ^ (guint)(row->kind << 8 | row->step);
}

static gboolean is_same(const void *a, const void *b) {
        const HistoryRow *one = a, *other = b;

        return one->kind == other->kind && one->step == other->step &&
               g_str_equal(one->id, other->id);
}

static void keep_slot(Meter *meter, const Subject *subject, SlotStep step, const Slot *slot) {
        const HistoryRow key = { .kind = subject->kind, .id = subject->id, .step = step };
        HistoryRow *row = g_hash_table_lookup(meter->last, &key);

        if (row && history_row_append(row, slot))
                return;

        row = history_row_new(subject, step, slot);
        g_ptr_array_add(meter->ended, row);
        g_hash_table_add(meter->last, row);
}

static void on_slot(void *userdata, const Subject *subject, SlotStep step, const Slot *slot) {
        Meter *meter = userdata;

        keep_slot(meter, subject, step, slot);
        if (step == SLOT_LONG)
                demands_on_slot(meter->manager->demands, subject, slot);
}

static void write_history(Meter *meter) {
        Manager *manager = meter->manager;
        g_autoptr(GError) error = NULL;
        bool written;

        if (meter->ended->len == 0)
                return;

        written = store_put_history(manager->store, meter->ended, manager->now(), &error);
        if (!written && !meter->complained)
                g_warning("What guests use is not kept until it can be: %s", error->message);
        meter->complained = !written;
        g_hash_table_remove_all(meter->last);
        g_ptr_array_set_size(meter->ended, 0);
}

GPtrArray *meter_history(const Meter *meter, SubjectKind kind, const char *id, SlotStep step,
                         int64_t from, int64_t to, GError **error) {
        const HistoryRow key = { .kind = kind, .id = (char *)id, .step = step };
        GPtrArray *slots;

        slots = store_load_history(meter->manager->store, kind, id, step, from, to, error);
        if (!slots)
                return NULL;

        for (guint i = 0; i < meter->ended->len; i++)
                if (is_same(meter->ended->pdata[i], &key))
                        history_row_get_slots(meter->ended->pdata[i], from, to, slots);
        history_sort(slots);
        return slots;
}

/* Functions ------------------------------------------------------------------------- */

/* An exporter that has ended is not complained of: what was measured is at an end, and that shows.
 */
static bool add_usage(Meter *meter, const Device *function, Sample *sample) {
        const Manager *manager = meter->manager;
        const UsageClass *class;
        int r = usage_class_read(manager->sysfs, function, manager->now(), sample, &class);

        if (r >= 0)
                (void)g_hash_table_remove(meter->odd, function->id);
        else if (r != -ENOENT && r != -ESTALE &&
                 g_hash_table_add(meter->odd, g_strdup(function->id)))
                g_warning("%s: how busy it is cannot be read of its %s (%s): virtferryd(8) says "
                          "what that has to hold",
                          function->id, class->name, g_strerror(-r));
        return r >= 0;
}

/* Those of which no PF counts anything. */
static void add_other_functions(Meter *meter) {
        g_autoptr(GPtrArray) devices = inventory_list(meter->manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];
                Sample sample;

                if (device->role != DEVICE_ROLE_FUNCTION ||
                    g_hash_table_contains(meter->links, device->id))
                        continue;
                sample_init(&sample);
                if (add_usage(meter, device, &sample))
                        telemetry_add(meter->telemetry, SUBJECT_VF, device->id, device->id,
                                      &sample);
        }
}

static void add_vf(Meter *meter, const char *id, const LinkStats *stats) {
        const Device *device = inventory_find(meter->manager->inventory, id);
        Sample sample;

        sample_init(&sample);
        sample_add_link(&sample, id, stats);
        if (device)
                (void)add_usage(meter, device, &sample);
        telemetry_add(meter->telemetry, SUBJECT_VF, id, id, &sample);
        g_hash_table_replace(meter->links, g_strdup(id), g_memdup2(stats, sizeof(*stats)));
}

/* Links ----------------------------------------------------------------------------- */

/* The n-th VF of the kernel's list is VF n of rtnetlink. Where a VF is depends on its number and on
 * how many there are, and on nothing that changes (PCI Express, SR-IOV: First VF Offset, VF
 * Stride), so that thousands of links are not read for each look. */
static const GPtrArray *vf_addresses(Meter *meter, const char *pf, guint n_vfs) {
        GPtrArray *addresses = g_hash_table_lookup(meter->vfs, pf);

        if (addresses && addresses->len == n_vfs)
                return addresses;
        if (sriov_list_vfs(meter->manager->sysfs, pf, &addresses) < 0)
                return NULL;

        g_hash_table_replace(meter->vfs, g_strdup(pf), addresses);
        return addresses;
}

static void add_pf(Meter *meter, const Device *pf) {
        Manager *manager = meter->manager;
        int index = rtnl_index(manager->rtnl, pf->netdev);
        const GPtrArray *addresses;
        g_autoptr(GArray) vfs = NULL;
        LinkStats link;
        Sample sample;

        if (index < 0 || link_stats_read(manager->rtnl, index, &link, &vfs) < 0)
                return; /* it has gone, which a uevent tells */

        sample_init(&sample);
        sample_add_link(&sample, pf->id, &link);
        telemetry_add(meter->telemetry, SUBJECT_PF, pf->id, pf->netdev, &sample);
        addresses = vfs->len > 0 ? vf_addresses(meter, pf->id, vfs->len) : NULL;
        for (guint i = 0; addresses && i < vfs->len; i++) {
                const VfStats *vf = &g_array_index(vfs, VfStats, i);

                if (vf->vf < addresses->len)
                        add_vf(meter, addresses->pdata[vf->vf], &vf->stats);
        }
}

static void add_links(Meter *meter) {
        g_autoptr(GPtrArray) devices = NULL;

        g_hash_table_remove_all(meter->links);
        if (!meter->manager->rtnl)
                return;

        devices = inventory_list(meter->manager->inventory);
        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->class == &device_class_sriov && device->role == DEVICE_ROLE_PARENT &&
                    device->netdev)
                        add_pf(meter, device);
        }
}

/* Guests ---------------------------------------------------------------------------- */

/* All processes are looked at, so only for a guest that is new. */
static void find_cgroups(Meter *meter, const GPtrArray *samples) {
        g_autoptr(GHashTable) found = NULL;
        bool known = true;

        for (guint i = 0; i < samples->len; i++)
                known &= g_hash_table_contains(meter->cgroups,
                                               ((const GuestSample *)samples->pdata[i])->uuid);
        if (known || guest_process_list_cgroups(meter->manager->sysfs, &found) < 0)
                return;

        for (guint i = 0; i < samples->len; i++) {
                const char *uuid = ((const GuestSample *)samples->pdata[i])->uuid;
                const char *cgroup = g_hash_table_lookup(found, uuid);

                g_hash_table_replace(meter->cgroups, g_strdup(uuid), g_strdup(cgroup ?: ""));
        }
}

static void add_pressure(Meter *meter, const char *uuid, Sample *sample) {
        static const Metric metrics[] = {
                [PRESSURE_CPU] = METRIC_CPU_STALL,
                [PRESSURE_MEMORY] = METRIC_MEMORY_STALL,
                [PRESSURE_IO] = METRIC_IO_STALL,
        };
        const char *cgroup = g_hash_table_lookup(meter->cgroups, uuid);

        for (int i = 0; cgroup && *cgroup && i < _PRESSURE_MAX; i++) {
                uint64_t usec;

                if (pressure_read(meter->manager->sysfs, cgroup, (Pressure)i, &usec) >= 0)
                        sample_add(sample, metrics[i], cgroup, usec);
        }
}

/* By UUID; each lease is looked at once, however many guests and VFs there are. */
static GHashTable *list_running(const Meter *meter) {
        GHashTable *running = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                    (GDestroyNotify)g_ptr_array_unref);
        g_autoptr(GPtrArray) leases = lease_book_list(meter->manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];
                GPtrArray *of_guest;

                if (lease->state != LEASE_RUNNING)
                        continue;
                of_guest = g_hash_table_lookup(running, lease->domain_uuid);
                if (!of_guest) {
                        of_guest = g_ptr_array_new();
                        g_hash_table_insert(running, lease->domain_uuid, of_guest);
                }
                g_ptr_array_add(of_guest, lease);
        }
        return running;
}

static bool carries_packets(const Manager *manager, const char *device) {
        const Device *found = inventory_find(manager->inventory, device);

        return manager->rtnl && found && advisor_is_seat(manager, found);
}

/* libvirt counts what goes through emulated interfaces alone: a guest that got a VF, instead or
 * beside its own, would seem to have no traffic any more. The same where the driver of the PF does
 * not count what its VFs do. */
static void add_functions(const Meter *meter, const GPtrArray *leases, Sample *sample) {
        bool counted = true;

        for (guint i = 0; leases && i < leases->len; i++) {
                const char *vf = ((const Lease *)leases->pdata[i])->device;
                const LinkStats *link = g_hash_table_lookup(meter->links, vf);

                if (link)
                        sample_add_link(sample, vf, link);
                else if (carries_packets(meter->manager, vf))
                        counted = false;
        }
        if (!counted)
                sample_forget_links(sample);
}

static void add_guests(Meter *meter, const GPtrArray *samples) {
        g_autoptr(GHashTable) running = list_running(meter);

        find_cgroups(meter, samples);
        for (guint i = 0; i < samples->len; i++) {
                const GuestSample *guest = samples->pdata[i];
                Sample sample = guest->sample;

                add_functions(meter, g_hash_table_lookup(running, guest->uuid), &sample);
                add_pressure(meter, guest->uuid, &sample);
                telemetry_add(meter->telemetry, SUBJECT_GUEST, guest->uuid, guest->name, &sample);
        }
}

/* Rounds ---------------------------------------------------------------------------- */

/* `samples` NULL: nobody told of guests. */
static void look(Meter *meter, const GPtrArray *samples, int64_t monotonic) {
        int64_t begin = meter->stopwatch();

        demands_turn(meter->manager->demands, monotonic);
        telemetry_begin(meter->telemetry, monotonic, meter->manager->now());
        add_links(meter);
        add_other_functions(meter);
        if (samples)
                add_guests(meter, samples);
        telemetry_end(meter->telemetry);
        agent_meter_turn(meter->offload, monotonic);
        outlook_turn(meter->manager->outlook, monotonic, samples);
        advisor_turn(meter->manager->advisor, monotonic);
        meter->rounds.count++;
        meter->rounds.usec += (uint64_t)(meter->stopwatch() - begin);

        if (monotonic - meter->written < WRITE_USEC)
                return;
        meter->written = monotonic;
        write_history(meter);
}

void meter_tick(Meter *meter, int64_t monotonic) {
        const Manager *manager = meter->manager;

        if (meter->asked)
                return;
        if (!manager->virt || !manager->libvirt_known) {
                look(meter, NULL, monotonic);
                return;
        }

        meter->asked = true;
        manager->virt->sample(manager->virt->userdata);
}

int64_t meter_interval_usec(const Meter *meter) {
        const Manager *manager = meter->manager;

        return traffic_is_sampling(manager->traffic) || swaps_is_busy(manager->swaps)
                       ? MOVE_INTERVAL_USEC
                       : INTERVAL_USEC;
}

void meter_on_guest_event(Meter *meter, const GuestEvent *event) {
        if (event->kind == GUEST_STATS) {
                meter->asked = false;
                look(meter, event->samples, event->sampled);
        } else if (event->uuid) {
                /* it may have begun, with another cgroup, or have ended */
                g_hash_table_remove(meter->cgroups, event->uuid);
        }
}

void meter_on_agent(Meter *meter, const char *name, const AgentUsage *usage, int64_t monotonic) {
        if (usage)
                agent_meter_note(meter->offload, name, usage, monotonic, meter->manager->now());
        else
                agent_meter_interrupt(meter->offload, name);
}

void meter_flush(Meter *meter) {
        telemetry_flush(meter->telemetry);
        agent_meter_flush(meter->offload);
        write_history(meter);
}

const Telemetry *meter_telemetry(const Meter *meter) {
        return meter->telemetry;
}

GPtrArray *meter_list(const Meter *meter) {
        GPtrArray *list = telemetry_list(meter->telemetry);

        agent_meter_list(meter->offload, list);
        return list;
}

MeterRounds meter_rounds(const Meter *meter) {
        return meter->rounds;
}

void meter_set_stopwatch(Meter *meter, int64_t (*stopwatch)(void)) {
        meter->stopwatch = stopwatch;
}

Meter *meter_new(Manager *manager) {
        Meter *meter = g_new0(Meter, 1);

        meter->manager = manager;
        meter->stopwatch = g_get_monotonic_time;
        meter->telemetry = telemetry_new(on_slot, meter);
        meter->offload = agent_meter_new(on_slot, meter);
        meter->cgroups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        meter->vfs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify)g_ptr_array_unref);
        meter->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        meter->odd = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        meter->ended = g_ptr_array_new_with_free_func((GDestroyNotify)history_row_free);
        meter->last = g_hash_table_new(hash_row, is_same);
        return meter;
}

void meter_free(Meter *meter) {
        if (!meter)
                return;

        g_hash_table_unref(meter->last);
        g_hash_table_unref(meter->odd);
        g_hash_table_unref(meter->links);
        g_hash_table_unref(meter->vfs);
        g_ptr_array_unref(meter->ended);
        g_hash_table_unref(meter->cgroups);
        agent_meter_free(meter->offload);
        telemetry_free(meter->telemetry);
        g_free(meter);
}
