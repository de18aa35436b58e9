/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slice-guest.h"

#include <math.h>
#include <string.h>

#include "daemon/demands.h"
#include "daemon/drive.h"
#include "daemon/meter.h"
#include "daemon/replug.h"
#include "daemon/slice-functions.h"
#include "daemon/slices.h"

#define DAY_STEPS    (G_TIME_SPAN_DAY / G_USEC_PER_SEC / DEMAND_BOOK_STEP)
#define KNOWN_HOUR   9   /* slots of its 12, of which one goes on; with fewer it is not known */
#define KNOWN_DAY    216 /* of 288 */
#define MILLI_CPUS   1000.0
#define BYTES_A_MBIT 125000.0 /* a second */
#define STATS_PERIOD 10       /* s, as often as the meter looks */
#define MEMORY_STEP  (UINT64_C(256) << 20)
#define STEP_MBIT    100
#define PERCENT      0.01
#define STEP_PERCENT 5
#define WHOLE        100 /* percent */

static void part_free(void *data) {
        SlicePart *part = data;

        g_free(part->function);
        g_free(part->type);
        g_free((char *)part->part.id);
        g_free(part);
}

void slice_guest_free(SliceGuest *guest) {
        if (!guest)
                return;

        g_free(guest->uuid);
        g_free(guest->name);
        g_free(guest->xml);
        domain_free(guest->domain);
        domain_tuning_free(guest->tuning);
        g_ptr_array_unref(guest->parts);
        g_free(guest);
}

static void take_wish(SliceGuest *guest, const Metadata *metadata) {
        if (!metadata || !metadata->policy)
                return;

        guest->priority = metadata->policy->priority;
        guest->fixed = metadata->policy->fixed;
}

SliceGuest *slice_guest_new(const char *xml) {
        g_autoptr(SliceGuest) guest = g_new0(SliceGuest, 1);

        guest->parts = g_ptr_array_new_with_free_func(part_free);
        guest->domain = domain_from_xml(xml, strlen(xml), NULL);
        guest->tuning = domain_tuning_from_xml(xml, strlen(xml), NULL);
        if (!guest->domain || !guest->domain->uuid || !guest->tuning)
                return NULL;

        guest->uuid = g_strdup(guest->domain->uuid);
        guest->name = g_strdup(guest->domain->name);
        guest->xml = g_strdup(xml);
        take_wish(guest, guest->domain->metadata);
        return g_steal_pointer(&guest);
}

bool slice_guest_is_busy(const Manager *manager, const SliceGuest *guest) {
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), guest->uuid);

        return !entry || entry->state != SLICE_ENFORCED ||
               slices_problem(manager->slices, guest->uuid) ||
               drive_is_moving(manager->drive, guest->uuid) ||
               migration_log_current(manager->migrations, guest->uuid) ||
               replug_is_busy(manager->replug, guest->uuid);
}

uint64_t slice_part_amount(const Slice *wish, const char *kind, const char *function) {
        const SliceFunction *found = function ? slice_find_function(wish, function) : NULL;

        if (g_str_equal(kind, "cores"))
                return wish->cores.count;
        if (g_str_equal(kind, "memory"))
                return wish->memory.size;
        if (g_str_equal(kind, "function"))
                return found ? WHOLE : 0;
        return found ? found->min_mbit : 0;
}

/* What it has used ------------------------------------------------------------------------ */

/* Who is measured. */
typedef struct Measured {
        SubjectKind kind;
        const char *id;
        Metric metric;
        const GPtrArray *slots; /* Slot, of the last day */
        int64_t now;
} Measured;

static double peak_since(const Measured *measured, int64_t from, unsigned known) {
        double most = NAN;
        unsigned n = 0;

        for (guint i = 0; i < measured->slots->len; i++) {
                const Slot *slot = measured->slots->pdata[i];

                if (slot->start < from || isnan(slot->mean[measured->metric]))
                        continue;
                most = fmax(most, slot->mean[measured->metric]);
                n++;
        }
        return n >= known ? most : NAN;
}

/* 0 also where nobody tells. */
static double average_delay(const Measured *measured) {
        double sum = 0;
        unsigned n = 0;

        for (guint i = 0; i < measured->slots->len; i++) {
                const Slot *slot = measured->slots->pdata[i];

                if (slot->start < measured->now - G_TIME_SPAN_HOUR ||
                    isnan(slot->mean[METRIC_VCPU_DELAY]))
                        continue;
                sum += slot->mean[METRIC_VCPU_DELAY];
                n++;
        }
        return n > 0 ? sum / n : 0;
}

static void look_back(SlicePart *part, const Measured *measured) {
        part->part.seen = peak_since(measured, measured->now - G_TIME_SPAN_HOUR, KNOWN_HOUR);
        part->part.seen_day = peak_since(measured, measured->now - G_TIME_SPAN_DAY, KNOWN_DAY);
}

static void look_ahead(const Manager *manager, SlicePart *part, const Measured *measured) {
        DemandBand bands[DAY_STEPS];
        int64_t start;

        if (!demands_forecast(manager->demands, measured->kind, measured->id, measured->id,
                              measured->metric, DAY_STEPS, &start, bands, NULL))
                return;

        policy_peaks_fill(&part->peaks, bands, DEMAND_BOOK_STEP);
        part->part.ahead = &part->peaks;
}

/* What it has ----------------------------------------------------------------------------- */

/* One step is so many of the unit of SliceAsk. */
static SlicePart *add_part(SliceGuest *guest, const SliceEntry *entry, const char *kind,
                           const char *function, double unit, uint64_t step) {
        SlicePart *part = g_new0(SlicePart, 1);

        part->kind = kind;
        part->function = g_strdup(function);
        part->unit = unit;
        part->has = slice_part_amount(entry->wish, kind, function);
        part->part.id = g_strjoin("/", guest->uuid, kind, function, NULL);
        part->part.priority = guest->priority;
        part->part.has = (double)part->has * unit;
        part->part.step = (double)step * unit;
        g_ptr_array_add(guest->parts, part);
        return part;
}

static void look(const Manager *manager, const SliceEntry *entry, SlicePart *part,
                 const Measured *measured) {
        part->part.age = MAX(measured->now - entry->changed, 0) / G_USEC_PER_SEC;
        look_back(part, measured);
        look_ahead(manager, part, measured);
}

static double granted_cpus(const SliceEntry *entry) {
        double cpus = 0;

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];

                if (g_str_equal(grant->part, "cores"))
                        cpus += (double)grant->amount / MILLI_CPUS;
        }
        return cpus;
}

/* A vCPU that shares its CPU with others may have all of it while they do not want it. */
static void add_cores(const Manager *manager, SliceGuest *guest, const SliceEntry *entry,
                      const Measured *of_guest) {
        const SliceCores *cores = &entry->wish->cores;
        double cpus = granted_cpus(entry);
        Measured measured = *of_guest;
        SlicePart *part;

        if (cores->count == 0 || cpus == 0)
                return;

        measured.metric = METRIC_CPU;
        part = add_part(guest, entry, "cores", NULL, cpus / cores->count, 1);
        part->part.limit = cores->exclusive ? cpus : cores->count;
        part->part.waits = average_delay(&measured);
        look(manager, entry, part, &measured);
}

static void add_memory(const Manager *manager, SliceGuest *guest, const SliceEntry *entry,
                       const Measured *of_guest) {
        const SliceMemory *memory = &entry->wish->memory;
        Measured measured = *of_guest;
        SlicePart *part;

        if (memory->size == 0)
                return;

        measured.metric = METRIC_USED;
        part = add_part(guest, entry, "memory", NULL, 1, MAX(MEMORY_STEP, memory->page_kib * 1024));
        part->part.limit = part->part.has;
        look(manager, entry, part, &measured);
}

static GPtrArray *last_day(const Manager *manager, SubjectKind kind, const char *id) {
        int64_t now = manager->now();

        return meter_history(manager->meter, kind, id, SLOT_LONG, now - G_TIME_SPAN_DAY, now, NULL);
}

static void add_bandwidth(const Manager *manager, SliceGuest *guest, const SliceEntry *entry,
                          const TuningFunction *function) {
        const SliceFunction *wish = slice_find_function(entry->wish, function->name);
        g_autoptr(GPtrArray) slots = NULL;
        SlicePart *part;

        if (!function->is_vf || !wish || wish->min_mbit == 0)
                return;
        slots = last_day(manager, SUBJECT_VF, function->device);
        if (!slots)
                return;

        part = add_part(guest, entry, "bandwidth", function->name, BYTES_A_MBIT, STEP_MBIT);
        part->part.limit = wish->max_mbit * BYTES_A_MBIT;
        look(manager, entry, part,
             &(Measured){ SUBJECT_VF, function->device, METRIC_TRANSMIT_BYTES, slots,
                          manager->now() });
}

static bool was_plugged_for(const Domain *domain, const TuningFunction *function) {
        g_autofree char *alias = tuning_alias(function->name);

        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (!device->unplugged && g_strcmp0(device->alias, alias) == 0)
                        return g_str_equal(device->source, function->device);
        }
        return false;
}

/* Another type is another part, of which nothing is known yet: its device is another one, too. */
static void name_by_type(SlicePart *part, const char *type) {
        char *id = g_strjoin("/", part->part.id, type, NULL);

        g_free((char *)part->part.id);
        part->part.id = id;
        part->type = g_strdup(type);
}

static void add_function(const Manager *manager, SliceGuest *guest, const SliceEntry *entry,
                         const TuningFunction *function) {
        const Device *device = inventory_find(manager->inventory, function->device);
        g_autoptr(GPtrArray) slots = NULL;
        SlicePart *part;

        if (!device || !device->fingerprint->mdev_type || !was_plugged_for(guest->domain, function))
                return;
        slots = last_day(manager, SUBJECT_VF, function->device);
        if (!slots)
                return;

        part = add_part(guest, entry, "function", function->name, PERCENT, STEP_PERCENT);
        name_by_type(part, device->fingerprint->mdev_type);
        part->part.limit = part->part.has;
        look(manager, entry, part,
             &(Measured){ SUBJECT_VF, function->device, METRIC_BUSY, slots, manager->now() });
}

void slice_guest_look(const Manager *manager, SliceGuest *guest) {
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), guest->uuid);
        g_autoptr(GPtrArray) functions = NULL, slots = NULL;
        Measured measured = { .kind = SUBJECT_GUEST, .id = guest->uuid, .now = manager->now() };

        g_ptr_array_set_size(guest->parts, 0);
        slots = entry ? last_day(manager, SUBJECT_GUEST, guest->uuid) : NULL;
        if (!slots)
                return;

        measured.slots = slots;
        add_cores(manager, guest, entry, &measured);
        add_memory(manager, guest, entry, &measured);
        functions = slice_functions_read(manager, entry, guest->domain);
        for (guint i = 0; i < functions->len; i++) {
                add_bandwidth(manager, guest, entry, functions->pdata[i]);
                add_function(manager, guest, entry, functions->pdata[i]);
        }
}

/* Asking ---------------------------------------------------------------------------------- */

static bool has_memory(const SliceGuest *guest) {
        for (guint i = 0; i < guest->parts->len; i++)
                if (g_str_equal(((const SlicePart *)guest->parts->pdata[i])->kind, "memory"))
                        return true;
        return false;
}

/* One that moves would keep libvirt's caller waiting. */
void slice_guest_ask(const Manager *manager, SliceGuest *guest) {
        const VirtOps *virt = manager->virt;

        if (guest->asked || !guest->tuning->balloon || guest->tuning->stats_period > 0 ||
            !has_memory(guest) || slice_guest_is_busy(manager, guest))
                return;

        virt->set_stats_period(virt->userdata, guest->uuid, STATS_PERIOD);
        guest->asked = true;
}
