/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/traffic.h"

#include <string.h>

#include "daemon/core/switch-place.h"
#include "daemon/facts/traffic-counter.h"
#include "xml/domain-taps.h"

#define QUIET_USEC (1 * G_USEC_PER_SEC)  /* before the pause: it had nothing to say then */
#define WAIT_USEC  (10 * G_USEC_PER_SEC) /* after it was resumed */
/* A counter that takes a millisecond to read is read less often. */
#define COST_USEC 1000

struct Traffic {
        Manager *manager;
        GHashTable *taps;           /* UUID of each guest that is here to its taps, char ** */
        GHashTable *watches;        /* UUID to Watch */
        int64_t (*stopwatch)(void); /* what a look costs */
};

typedef struct Counter {
        TrafficCounter *counter;
        uint64_t packets;
        unsigned skip; /* so many rounds more */
} Counter;

/* Times are CLOCK_REALTIME in us, 0 not yet. */
typedef struct Watch {
        char *migration;
        GPtrArray *counters;     /* Counter */
        int64_t first, last;     /* when packets have gone through */
        int64_t paused, resumed; /* when libvirt has told so */
} Watch;

static void counter_free(void *data) {
        Counter *counter = data;

        traffic_counter_free(counter->counter);
        g_free(counter);
}

static void watch_free(void *data) {
        Watch *watch = data;

        g_free(watch->migration);
        g_ptr_array_unref(watch->counters);
        g_free(watch);
}

Traffic *traffic_new(Manager *manager) {
        Traffic *traffic = g_new0(Traffic, 1);

        traffic->manager = manager;
        traffic->stopwatch = g_get_monotonic_time;
        traffic->taps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)g_strfreev);
        traffic->watches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, watch_free);
        return traffic;
}

void traffic_set_stopwatch(Traffic *traffic, int64_t (*stopwatch)(void)) {
        traffic->stopwatch = stopwatch;
}

void traffic_free(Traffic *traffic) {
        if (!traffic)
                return;

        g_hash_table_unref(traffic->taps);
        g_hash_table_unref(traffic->watches);
        g_free(traffic);
}

/* What is counted ----------------------------------------------------------------- */

static void add_counter(Watch *watch, TrafficCounter *taken) {
        Counter *counter = g_new0(Counter, 1);

        counter->counter = taken;
        (void)traffic_counter_read(taken, &counter->packets);
        g_ptr_array_add(watch->counters, counter);
}

static void add_netdev(const Traffic *traffic, Watch *watch, const char *netdev) {
        TrafficCounter *counter;

        if (traffic_counter_of_netdev(traffic->manager->sysfs, netdev, &counter) >= 0)
                add_counter(watch, counter);
}

/* In switchdev mode its representor counts, else its PF. */
static void add_vf(const Traffic *traffic, Watch *watch, const char *device) {
        const Manager *manager = traffic->manager;
        g_autoptr(SwitchPlace) place = NULL;
        TrafficCounter *counter;

        if (!manager->rtnl || switch_place_find(manager->sysfs, manager->rtnl, device, &place) < 0)
                return;
        if (place->port_netdev && !place->shared)
                add_netdev(traffic, watch, place->port_netdev);
        else if (traffic_counter_of_vf(manager->rtnl, place->pf, place->vf, &counter) >= 0)
                add_counter(watch, counter);
}

static void begin(Traffic *traffic, const Migration *migration) {
        const char *uuid = migration->domain_uuid;
        char **taps = g_hash_table_lookup(traffic->taps, uuid);
        g_autoptr(GPtrArray) leases = lease_book_list_domain(traffic->manager->leases, uuid);
        Watch *watch = g_new0(Watch, 1);

        watch->migration = g_strdup(migration->id);
        watch->counters = g_ptr_array_new_with_free_func(counter_free);
        for (char **tap = taps; tap && *tap; tap++)
                add_netdev(traffic, watch, *tap);
        for (guint i = 0; i < leases->len; i++)
                add_vf(traffic, watch, ((const Lease *)leases->pdata[i])->device);
        g_hash_table_replace(traffic->watches, g_strdup(uuid), watch);
}

/* What is noted ------------------------------------------------------------------- */

static void note(const Traffic *traffic, Migration *migration, int64_t *ret_time, int64_t time) {
        g_autoptr(GError) error = NULL;

        *ret_time = time;
        if (!migration_log_update(traffic->manager->migrations, migration, &error))
                g_warning("%s: %s", migration->domain_name, error->message);
}

static Migration *migration_of(const Traffic *traffic, const Watch *watch) {
        return migration_log_find(traffic->manager->migrations, watch->migration);
}

/* Without a counter nothing is known. */
static void note_last(const Traffic *traffic, const Watch *watch) {
        Migration *migration = migration_of(traffic, watch);
        int64_t paused = watch->paused > 0 ? watch->paused : traffic->manager->now();

        if (migration && watch->counters->len > 0)
                note(traffic, migration, &migration->last_traffic,
                     paused - watch->last <= QUIET_USEC ? watch->last : 0);
}

/* True when there is no more to wait for. */
static bool note_first(const Traffic *traffic, const Watch *watch) {
        Migration *migration = migration_of(traffic, watch);
        bool late = traffic->manager->now() - watch->resumed > WAIT_USEC;

        if (migration && watch->counters->len > 0 && (watch->first > 0 || late))
                note(traffic, migration, &migration->first_traffic, watch->first);
        return !migration || watch->counters->len == 0 || watch->first > 0 || late;
}

/* libvirt tells it a little later; what was counted long before was not of the guest. */
static void resume(Traffic *traffic, const char *uuid, Watch *watch) {
        watch->resumed = traffic->manager->now();
        if (watch->resumed - watch->first > QUIET_USEC)
                watch->first = 0;
        if (note_first(traffic, watch))
                g_hash_table_remove(traffic->watches, uuid);
}

/* What is told -------------------------------------------------------------------- */

static void note_taps(Traffic *traffic, const GuestEvent *event) {
        g_autoptr(GPtrArray) taps = domain_taps_from_xml(event->xml, strlen(event->xml), NULL);

        if (!taps) /* guest-follow has said why */
                return;

        g_ptr_array_add(taps, NULL);
        g_hash_table_replace(traffic->taps, g_strdup(event->uuid), g_strdupv((char **)taps->pdata));
}

static void follow_move(Traffic *traffic, const GuestEvent *event) {
        const Migration *current = migration_log_current(traffic->manager->migrations, event->uuid);
        bool incoming = event->kind == GUEST_INCOMING;
        Watch *watch = g_hash_table_lookup(traffic->watches, event->uuid);

        if (!current || (current->direction == MIGRATION_INCOMING) != incoming)
                return;
        if (!watch || !g_str_equal(watch->migration, current->id))
                begin(traffic, current);

        watch = g_hash_table_lookup(traffic->watches, event->uuid);
        if (event->kind == GUEST_LEAVING && watch->paused == 0)
                watch->paused = traffic->manager->now();
}

static void follow_end(Traffic *traffic, const GuestEvent *event) {
        const Watch *watch = g_hash_table_lookup(traffic->watches, event->uuid);

        if (watch && event->kind == GUEST_LEFT)
                note_last(traffic, watch);
        g_hash_table_remove(traffic->watches, event->uuid);
        if (event->kind != GUEST_STAYED)
                g_hash_table_remove(traffic->taps, event->uuid);
}

void traffic_on_guest_event(Traffic *traffic, const GuestEvent *event) {
        Watch *watch = event->uuid ? g_hash_table_lookup(traffic->watches, event->uuid) : NULL;

        if (event->uuid && event->xml && event->kind != GUEST_FOUND)
                note_taps(traffic, event);

        if (event->kind == GUEST_INCOMING || event->kind == GUEST_ITERATING ||
            event->kind == GUEST_LEAVING)
                follow_move(traffic, event);
        else if (event->kind == GUEST_ARRIVED && watch)
                resume(traffic, event->uuid, watch);
        else if (event->kind == GUEST_LEFT || event->kind == GUEST_STOPPED ||
                 event->kind == GUEST_STAYED)
                follow_end(traffic, event);
        else if (event->kind == GUEST_LOST_LIBVIRT)
                g_hash_table_remove_all(traffic->watches);
}

/* Looking ------------------------------------------------------------------------- */

static bool has_changed(const Traffic *traffic, Counter *counter) {
        int64_t begin = traffic->stopwatch();
        uint64_t packets;
        bool changed;

        if (counter->skip > 0) {
                counter->skip--;
                return false;
        }
        if (traffic_counter_read(counter->counter, &packets) < 0)
                return false;

        counter->skip = (unsigned)((traffic->stopwatch() - begin) / COST_USEC);
        changed = packets != counter->packets;
        counter->packets = packets;
        return changed;
}

static void look(const Traffic *traffic, Watch *watch) {
        for (guint i = 0; i < watch->counters->len; i++) {
                if (!has_changed(traffic, watch->counters->pdata[i]))
                        continue;

                watch->last = traffic->manager->now();
                if (watch->first == 0)
                        watch->first = watch->last;
        }
}

/* A move that has failed has no such time; one that came here ends when its first packet has. */
static bool is_over(const Traffic *traffic, const Watch *watch) {
        const Migration *migration = migration_of(traffic, watch);

        if (!migration || migration->state > MIGRATION_FINISHED)
                return true;
        return watch->resumed > 0 && note_first(traffic, watch);
}

bool traffic_is_sampling(const Traffic *traffic) {
        return g_hash_table_size(traffic->watches) > 0;
}

void traffic_sample(Traffic *traffic) {
        GHashTableIter iter;
        void *watch;

        g_hash_table_iter_init(&iter, traffic->watches);
        while (g_hash_table_iter_next(&iter, NULL, &watch)) {
                look(traffic, watch);
                if (is_over(traffic, watch))
                        g_hash_table_iter_remove(&iter);
        }
}
