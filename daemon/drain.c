/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drain.h"

#include <string.h>

#include "daemon/drain-course.h"
#include "daemon/drive.h"
#include "xml/ferry-error.h"

/* A move that ended without libvirt, a guest that could not be asked for, a store that was full. */
#define LOOK_USEC (10 * G_USEC_PER_SEC)

struct Drain {
        Manager *manager;
        DrainRecord *record; /* NULL: this host takes guests */
        GHashTable *asked;   /* UUIDs of guests whose moves are being planned */
        GHashTable *coming;  /* UUIDs of those that libvirt has here, paused: on their way to us */
        int64_t looked;      /* CLOCK_REALTIME us */
        DrainListener listener;
        void *userdata;
};

Drain *drain_new(Manager *manager) {
        Drain *drain = g_new0(Drain, 1);

        drain->manager = manager;
        drain->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        drain->coming = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return drain;
}

void drain_free(Drain *drain) {
        if (!drain)
                return;

        g_hash_table_unref(drain->asked);
        g_hash_table_unref(drain->coming);
        drain_record_free(drain->record);
        g_free(drain);
}

void drain_set_listener(Drain *drain, DrainListener listener, void *userdata) {
        drain->listener = listener;
        drain->userdata = userdata;
}

const DrainRecord *drain_get(const Drain *drain) {
        return drain->record;
}

bool drain_load(Drain *drain, GError **error) {
        g_clear_pointer(&drain->record, drain_record_free);
        if (!store_load_drain(drain->manager->store, &drain->record, error))
                return false;

        if (drain->record)
                drain_course_forget_moves(drain->record);
        return true;
}

char *drain_refusal(const Drain *drain) {
        if (!drain->record)
                return NULL;

        return g_strdup_printf(
                "Host %s is %s for maintenance: 'virt-ferry undrain' there ends that",
                g_get_host_name(),
                drain->record->state == DRAIN_DRAINING ? "being drained" : "drained");
}

/* The setter: stores, tells. Takes `next`. */
static bool set(Drain *drain, DrainRecord *next, GError **error) {
        g_autoptr(DrainRecord) taken = next, before = NULL;

        if (!store_put_drain(drain->manager->store, next, error))
                return false;

        before = g_steal_pointer(&drain->record);
        drain->record = g_steal_pointer(&taken);
        if (drain->listener)
                drain->listener(drain->userdata, before, drain->record);
        return true;
}

/* The same for what was not asked for by anybody who could be told. False when it is not stored. */
static bool store(Drain *drain, DrainRecord *next) {
        g_autoptr(GError) error = NULL;

        if (drain_record_equal(next, drain->record)) {
                drain_record_free(next);
                return true;
        }
        if (set(drain, next, &error))
                return true;

        g_warning("%s: the drain waits until it can", error->message);
        return false;
}

/* Moving -------------------------------------------------------------------------- */

static void go_on(Drain *drain, DrainRecord *next);

typedef struct Question {
        Drain *drain;
        char *uuid;
} Question;

static void question_free(Question *question) {
        g_free(question->uuid);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

/* Says nothing of the guest, only of us: it may be told later. */
static bool is_passing(const GError *error) {
        return g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND) ||
               g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE) ||
               g_error_matches(error, FERRY_ERROR, FERRY_ERROR_STORE);
}

/* The drain was ended, or is another one, since this was asked. */
static void drop(Drain *drain, const char *migration_id) {
        g_autoptr(GError) error = NULL;

        if (!drive_abort(drain->manager->drive, migration_id, &error))
                g_warning("%s, ignoring", error->message);
}

static bool is_wanted(const Drain *drain, const Migration *migration) {
        const DrainGuest *guest = drain->record
                                          ? drain_record_find(drain->record, migration->domain_uuid)
                                          : NULL;

        return guest && drain_course_is_own(drain->record, guest, migration);
}

/* A DriveReply. A guest that could not be asked for is asked for at the next look. */
static void on_planned(void *userdata, const Migration *migration, const GError *error) {
        g_autoptr(Question) question = userdata;
        g_autoptr(DrainRecord) next = NULL;
        Drain *drain = question->drain;

        g_hash_table_remove(drain->asked, question->uuid);
        if (migration && !is_wanted(drain, migration))
                drop(drain, migration->id);
        if (!drain->record)
                return;

        next = drain_record_copy(drain->record);
        if (error && is_passing(error)) {
                drain_course_wait(next, question->uuid);
                store(drain, g_steal_pointer(&next));
                return;
        }
        if (error && !migration_log_current(drain->manager->migrations, question->uuid))
                drain_course_stay(next, question->uuid, error->message);
        go_on(drain, g_steal_pointer(&next));
}

static void ask(Drain *drain, const char *uuid) {
        const DrainGuest *guest = drain_record_find(drain->record, uuid);
        const DriveWish wish = {
                .move.uri = guest->destination,
                .move.persistent = drain->record->persistent,
                .move.undefine_source = drain->record->undefine_source,
                .move.max_downtime_ms = -1,
                .force = true,
        };
        Question *question = g_new(Question, 1);

        *question = (Question){ drain, g_strdup(uuid) };
        g_hash_table_add(drain->asked, g_strdup(uuid));
        drive_migrate(drain->manager->drive, uuid, &wish, on_planned, question);
}

/* Takes what has become of the guests by an event, and looks at all the rest. */
static void go_on(Drain *drain, DrainRecord *next) {
        const DrainView view = { drain->manager, drain->asked, drain->coming };
        g_autoptr(DrainRecord) taken = next;
        g_autoptr(GPtrArray) begun = NULL;

        if (!drain->manager->libvirt_known || !drain->manager->virt)
                return;

        drain->looked = drain->manager->now();
        begun = drain_course_go_on(&view, next);
        if (!store(drain, g_steal_pointer(&taken)))
                return;

        for (guint i = 0; i < begun->len; i++)
                ask(drain, begun->pdata[i]);
}

/* Beginning and ending ------------------------------------------------------------ */

bool drain_check(const Drain *drain, GError **error) {
        if (!drain->manager->virt || !drain->manager->libvirt_known) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "libvirt has not told yet which guests run on host %s, so none can be "
                            "moved: see 'virt-ferry check'",
                            g_get_host_name());
                return false;
        }
        if (drain->record && drain->record->state == DRAIN_DRAINING) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s is being drained already: wait for its end, or end it with "
                            "'virt-ferry undrain'",
                            g_get_host_name());
                return false;
        }
        return true;
}

static int compare_guests(gconstpointer a, gconstpointer b) {
        const DrainGuest *x = *(DrainGuest *const *)a, *y = *(DrainGuest *const *)b;
        int r = strcmp(x->name, y->name);

        return r != 0 ? r : strcmp(x->uuid, y->uuid);
}

static DrainRecord *plan(const Drain *drain, const DrainWish *wish) {
        DrainRecord *record = drain_record_new();
        void *uuid, *name;
        GHashTableIter iter;

        record->persistent = wish->persistent;
        record->undefine_source = wish->undefine_source;
        for (const char *const *uri = wish->destinations; *uri; uri++)
                g_ptr_array_add(record->destinations, g_strdup(*uri));

        g_hash_table_iter_init(&iter, drain->manager->active);
        while (g_hash_table_iter_next(&iter, &uuid, &name))
                (void)drain_record_add(record, uuid, name);
        g_ptr_array_sort(record->guests, compare_guests);
        return record;
}

bool drain_begin(Drain *drain, const DrainWish *wish, GError **error) {
        if (!drain_check(drain, error) || !set(drain, plan(drain, wish), error))
                return false;

        go_on(drain, drain_record_copy(drain->record));
        return true;
}

/* Ids of the migrations of this drain that wait for their turn. */
static GPtrArray *list_planned(const Drain *drain) {
        g_autoptr(GPtrArray) migrations = migration_log_list(drain->manager->migrations);
        GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (drive_is_waiting(drain->manager->drive, migration->id) &&
                    is_wanted(drain, migration))
                        g_ptr_array_add(ids, g_strdup(migration->id));
        }
        return ids;
}

bool drain_end(Drain *drain, GError **error) {
        g_autoptr(GPtrArray) planned = list_planned(drain);

        if (drain->record && !set(drain, NULL, error))
                return false;

        for (guint i = 0; i < planned->len; i++)
                drop(drain, planned->pdata[i]);
        return true;
}

/* What is told -------------------------------------------------------------------- */

static void note_coming(Drain *drain, const GuestEvent *event) {
        if (event->kind == GUEST_INCOMING)
                g_hash_table_add(drain->coming, g_strdup(event->uuid));
        else if (event->kind == GUEST_LOST_LIBVIRT)
                g_hash_table_remove_all(drain->coming);
        else if (event->kind == GUEST_RUNNING || event->kind == GUEST_ARRIVED ||
                 event->kind == GUEST_LEFT || event->kind == GUEST_STOPPED)
                g_hash_table_remove(drain->coming, event->uuid);
}

static void note_event(DrainRecord *next, const GuestEvent *event) {
        g_autofree char *reason = NULL;

        if (event->kind == GUEST_ARRIVED) {
                drain_course_arrive(next, event->uuid, event->name);
        } else if (event->kind == GUEST_LEFT) {
                drain_course_leave(next, event->uuid, NULL);
        } else if (event->kind == GUEST_STOPPED) {
                reason = g_strdup_printf("It ended on this host (%s)", event->detail ?: "unknown");
                drain_course_leave(next, event->uuid, reason);
        }
}

void drain_on_guest_event(Drain *drain, const GuestEvent *event) {
        DrainRecord *next;

        note_coming(drain, event);
        if (!drain->record)
                return;
        if (event->kind == GUEST_LOST_LIBVIRT) {
                drain_course_forget_moves(drain->record);
                return;
        }

        next = drain_record_copy(drain->record);
        note_event(next, event);
        go_on(drain, next);
}

void drain_on_time(Drain *drain) {
        int64_t due = drain_next_time(drain);

        if (due > 0 && due <= drain->manager->now())
                go_on(drain, drain_record_copy(drain->record));
}

int64_t drain_next_time(const Drain *drain) {
        if (!drain->record || drain->record->state != DRAIN_DRAINING ||
            !drain->manager->libvirt_known)
                return 0;
        return drain->looked + LOOK_USEC;
}
