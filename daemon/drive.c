/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive.h"

#include "daemon/drive-begin.h"
#include "daemon/drive-cluster.h"
#include "daemon/drive-cold.h"
#include "daemon/drive-failure.h"
#include "daemon/drive-plan.h"
#include "daemon/drive-turn.h"
#include "daemon/guest-migration.h"
#include "daemon/incoming.h"
#include "daemon/replug.h"
#include "xml/ferry-error.h"

/* Of a destination that enough others are on their way to. A guest that is without its devices
 * meanwhile is not troubled as often. */
#define RETRY_USEC           (15 * G_USEC_PER_SEC)
#define RETRY_UNPLUGGED_USEC (120 * G_USEC_PER_SEC)

struct Drive {
        Manager *manager;
        GQueue waiting;      /* Turn */
        GHashTable *moving;  /* UUIDs of guests that libvirt was asked to move; to their Turn */
        GHashTable *stopped; /* UUIDs of those that somebody had stopped */
};

Drive *drive_new(Manager *manager) {
        Drive *drive = g_new0(Drive, 1);

        drive->manager = manager;
        g_queue_init(&drive->waiting);
        drive->moving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, turn_free_any);
        drive->stopped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return drive;
}

void drive_free(Drive *drive) {
        if (!drive)
                return;

        g_queue_clear_full(&drive->waiting, turn_free_any);
        g_hash_table_unref(drive->moving);
        g_hash_table_unref(drive->stopped);
        g_free(drive);
}

/* Taking turns -------------------------------------------------------------------- */

/* A second time in the same state when it was told to wait. */
static bool enter_checked(Drive *drive, Migration *migration) {
        g_autoptr(GError) error = NULL;

        if (migration->state != MIGRATION_CHECKED)
                return guest_migration_enter(drive->manager, migration, MIGRATION_CHECKED, NULL);

        g_clear_pointer(&migration->reason, g_free);
        if (migration_log_update(drive->manager->migrations, migration, &error))
                return true;

        g_warning("%s: %s", migration->domain_name, error->message);
        return false;
}

static void begin(Drive *drive, Turn *taken) {
        g_autoptr(Turn) turn = taken;
        Migration *migration = migration_log_find(drive->manager->migrations, turn->migration);

        if (!migration || migration->state > MIGRATION_CHECKED)
                return;
        if (!enter_checked(drive, migration)) {
                drive_failure_roll_back(drive->manager, migration,
                                        "The state of the migration could not be stored");
                return;
        }

        g_hash_table_insert(drive->moving, g_strdup(turn->request->uuid), turn_copy(turn));
        drive_cluster_begin(g_steal_pointer(&turn));
}

static bool may_begin(const Drive *drive) {
        return g_hash_table_size(drive->moving) < drive->manager->config->outgoing_max;
}

static void begin_next(Drive *drive) {
        Turn *turn;

        while (may_begin(drive) && (turn = turns_take(&drive->waiting, drive->manager)))
                begin(drive, turn);
}

void drive_on_time(Drive *drive) {
        begin_next(drive);
}

int64_t drive_next_time(const Drive *drive) {
        return may_begin(drive) ? turns_next_time(&drive->waiting) : 0;
}

/* Planning ------------------------------------------------------------------------ */

typedef struct Question {
        Drive *drive;
        MoveRequest *request;
        char *strategy;
        bool force;
        DriveReply reply;
        void *userdata;
} Question;

static void question_free(Question *question) {
        move_request_free(question->request);
        g_free(question->strategy);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

/* What is left of the question then is its answer. */
static Turn *turn_new(Question *question, const Migration *migration, bool unplugs) {
        Turn *turn = g_new0(Turn, 1);

        turn->manager = question->drive->manager;
        turn->migration = g_strdup(migration->id);
        turn->request = g_steal_pointer(&question->request);
        turn->request->uuid = g_strdup(migration->domain_uuid);
        turn->strategy = g_steal_pointer(&question->strategy);
        turn->unplugs = unplugs;
        turn->force = question->force;
        turn->not_before = question->drive->manager->now();
        return turn;
}

static bool find_destination(const Question *question, const GuestEvent *found,
                             ClusterDestination **ret_chosen, GError **error) {
        if (question->request->uri)
                return true;

        *ret_chosen = drive_cluster_choose(question->drive->manager, found, error);
        if (*ret_chosen)
                question->request->uri = g_strdup((*ret_chosen)->uri);
        return *ret_chosen;
}

/* Its turn waits when the record is stored. */
static Migration *plan(Question *question, const GuestEvent *found, GError **error) {
        Manager *manager = question->drive->manager;
        g_autoptr(ClusterDestination) chosen = NULL;
        g_autoptr(Turn) turn = NULL;
        Migration *migration;
        bool unplugs = false;

        if (!drive_check_guest(manager, found, question->force, error) ||
            !find_destination(question, found, &chosen, error))
                return NULL;

        migration = drive_plan(manager, found, question->strategy, question->request, &unplugs,
                               error);
        if (!migration)
                return NULL;

        turn = turn_new(question, migration, unplugs);
        drive_cluster_note(turn, migration, found, chosen);
        migration = migration_log_add(manager->migrations, migration, MIGRATION_PLANNED, error);
        if (migration)
                g_queue_push_tail(&question->drive->waiting, g_steal_pointer(&turn));
        return migration;
}

static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Question) question = userdata;
        g_autoptr(GError) error = NULL;
        const Migration *migration;

        migration = plan(question, found, &error);
        question->reply(question->userdata, migration, error);
        begin_next(question->drive);
}

void drive_migrate(Drive *drive, const char *domain, const DriveWish *wish, DriveReply reply,
                   void *userdata) {
        const VirtOps *virt = drive->manager->virt;
        g_autoptr(GError) error = NULL;
        Question *question;

        if (!virt) {
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "virtferryd runs without libvirt (--no-libvirt), so it moves no guest");
                reply(userdata, NULL, error);
                return;
        }

        question = g_new0(Question, 1);
        question->drive = drive;
        question->request = move_request_copy(&wish->move);
        question->strategy = g_strdup(wish->strategy);
        question->force = wish->force;
        question->reply = reply;
        question->userdata = userdata;
        virt->measure(virt->userdata, domain, on_found, question);
}

/* Shut down ------------------------------------------------------------------------- */

void drive_on_shut_down(Drive *drive, const GuestEvent *event) {
        const Turn *turn = g_hash_table_lookup(drive->moving, event->uuid);

        if (turn)
                drive_begin_on_shut_down(turn, event);
}

bool drive_recover_cold(Drive *drive, Migration *migration) {
        if (!drive_cold_is(migration) || !drive->manager->virt)
                return false;

        if (!drive_is_moving(drive, migration->domain_uuid)) /* else libvirt was away, and not we */
                drive_cold_recover(drive->manager, migration);
        return true;
}

/* The end ------------------------------------------------------------------------- */

static bool is_asking(const Drive *drive, const char *uuid) {
        const Turn *turn = drive_find_turn(drive, uuid);

        return turn && turn->asks;
}

bool drive_abort(Drive *drive, const char *migration_id, GError **error) {
        Migration *migration = migration_log_find(drive->manager->migrations, migration_id);
        const VirtOps *virt = drive->manager->virt;
        GList *turn;

        if (!migration) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Migration '%s' does not exist: 'virt-ferry migrations' lists them",
                            migration_id);
                return false;
        }
        if (migration->direction == MIGRATION_INCOMING || !virt ||
            migration_state_is_final(migration->state)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "The %s migration of guest %s is %s and cannot be stopped here%s",
                            migration_direction_to_string(migration->direction),
                            migration->domain_name, migration_state_to_string(migration->state),
                            migration->direction == MIGRATION_INCOMING
                                    ? ": stop it on the host that it comes from"
                                    : "");
                return false;
        }

        turn = turns_find(&drive->waiting, migration_id);
        if (!turn) {
                if (g_hash_table_contains(drive->moving, migration->domain_uuid))
                        g_hash_table_add(drive->stopped, g_strdup(migration->domain_uuid));
                if (replug_is_busy(drive->manager->replug, migration->domain_uuid) ||
                    drive_cold_is(migration) || is_asking(drive, migration->domain_uuid))
                        return true; /* there is no job yet; the next answer ends it */
                virt->abort_job(virt->userdata, migration->domain_uuid);
                return true;
        }

        turn_free(turn->data);
        g_queue_delete_link(&drive->waiting, turn);
        drive_failure_roll_back(drive->manager, migration, "Stopped before it had begun");
        return true;
}

bool drive_is_waiting(const Drive *drive, const char *migration_id) {
        return turns_find(&drive->waiting, migration_id);
}

bool drive_is_moving(const Drive *drive, const char *uuid) {
        return g_hash_table_contains(drive->moving, uuid);
}

Turn *drive_find_turn(const Drive *drive, const char *uuid) {
        return g_hash_table_lookup(drive->moving, uuid);
}

bool drive_is_stopped(const Drive *drive, const char *uuid) {
        return g_hash_table_contains(drive->stopped, uuid);
}

/* Takes the turn when it may be tried again: nothing has begun, and others are on their way to the
 * destination, or the cluster has as many moves as it may. */
static bool wait_again(Drive *drive, Migration *migration, Turn *turn, const char *reason) {
        if (migration->state != MIGRATION_CHECKED ||
            (!turn->may_wait && !incoming_is_refusal(reason)))
                return false;

        drive_failure_note(drive->manager, migration, reason);
        turn->may_wait = false;
        turn->not_before = drive->manager->now() +
                           (turn->unplugs ? RETRY_UNPLUGGED_USEC : RETRY_USEC);
        g_queue_push_tail(&drive->waiting, turn);
        return true;
}

/* Takes the turn when there is another host to be tried. */
static bool go_elsewhere(Drive *drive, Migration *migration, Turn *turn, const char *reason) {
        if (!drive_cluster_go_elsewhere(turn, migration, reason))
                return false;

        turn->not_before = drive->manager->now();
        g_queue_push_tail(&drive->waiting, turn);
        return true;
}

/* True when it waits for another turn, and its turn is taken. */
static bool follow_failure(Drive *drive, Migration *migration, bool stopped, const char *error,
                           Turn **turn) {
        g_autofree char *reason = drive_failure_reason(error);

        if (!stopped && *turn &&
            (wait_again(drive, migration, *turn, reason) ||
             go_elsewhere(drive, migration, *turn, reason))) {
                *turn = NULL;
                return true;
        }

        /* libvirt's own words may be about the connection that it closed then. */
        drive_failure_end(drive->manager, migration, stopped ? "Stopped on request" : reason);
        return false;
}

void drive_on_moved(Drive *drive, const GuestEvent *event) {
        Migration *migration = migration_log_latest(drive->manager->migrations, event->uuid);
        bool stopped = g_hash_table_remove(drive->stopped, event->uuid), waits = false;
        g_autofree char *uuid = NULL;
        g_autoptr(Turn) turn = NULL;

        (void)g_hash_table_steal_extended(drive->moving, event->uuid, (void **)&uuid,
                                          (void **)&turn);
        drive_cluster_end(drive->manager, event);
        if (migration && turn && turn->request->off)
                drive_cold_on_moved(drive->manager, migration, event);
        if (migration && migration->direction == MIGRATION_OUTGOING && !event->job->success)
                waits = follow_failure(drive, migration, stopped, event->job->error, &turn);
        if (!event->job->success)
                replug_on_stayed(drive->manager->replug, event->uuid);
        if (!waits)
                turns_hurry(&drive->waiting, drive->manager->now());
        begin_next(drive);
}

static bool waited(const Migration *migration) {
        return migration->state == MIGRATION_PLANNED ||
               (migration->state == MIGRATION_CHECKED && migration->reason);
}

void drive_recover(Drive *drive) {
        g_autoptr(GPtrArray) migrations = migration_log_list(drive->manager->migrations);

        for (guint i = 0; i < migrations->len; i++) {
                Migration *migration = migrations->pdata[i];

                if (waited(migration))
                        drive_failure_roll_back(
                                drive->manager, migration,
                                "virtferryd was started anew before it had begun: ask again");
        }
}
