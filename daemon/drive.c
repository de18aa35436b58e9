/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive.h"

#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/forecast.h"
#include "daemon/guest-metadata.h"
#include "daemon/guest-transfer.h"
#include "daemon/guest-migration.h"
#include "daemon/incoming.h"
#include "daemon/mediation.h"
#include "daemon/replug.h"
#include "xml/ferry-error.h"

#define HOOK_PREFIX "virt-ferry: "

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

/* A planned move that waits. */
typedef struct Turn {
        Drive *drive;
        char *migration;
        char *strategy; /* that was wished */
        bool unplugs;   /* devices first */
        MoveRequest *request;
        int64_t not_before; /* CLOCK_REALTIME us */
} Turn;

static void turn_free(Turn *turn) {
        g_free(turn->migration);
        g_free(turn->strategy);
        move_request_free(turn->request);
        g_free(turn);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Turn, turn_free)

static void turn_free_any(void *turn) {
        turn_free(turn);
}

static Turn *turn_copy(const Turn *turn) {
        Turn *copy = g_new(Turn, 1);

        *copy = *turn;
        copy->migration = g_strdup(turn->migration);
        copy->strategy = g_strdup(turn->strategy);
        copy->request = move_request_copy(turn->request);
        return copy;
}

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

static void roll_back(Drive *drive, Migration *migration, const char *reason) {
        forecasts_forget(drive->manager->forecasts, migration);
        guest_migration_roll_back(drive->manager, migration, reason);
}

/* Taking turns -------------------------------------------------------------------- */

static void move(const Turn *turn) {
        const VirtOps *virt = turn->drive->manager->virt;

        virt->migrate(virt->userdata, turn->request);
}

/* Before libvirt was asked to move it: told as if libvirt had refused. */
static void fail(Drive *drive, const char *uuid, const char *reason) {
        GuestJob job = { .error = (char *)reason };
        GuestEvent moved = { .kind = GUEST_MOVED, .uuid = (char *)uuid, .job = &job };

        manager_on_guest_event(drive->manager, &moved);
}

static void give_up(const Turn *turn, const char *reason) {
        fail(turn->drive, turn->request->uuid, reason);
}

/* A ReplugDone. */
static void on_unplugged(void *userdata, const GError *error) {
        g_autoptr(Turn) turn = userdata;

        if (error)
                give_up(turn, error->message);
        else if (g_hash_table_contains(turn->drive->stopped, turn->request->uuid))
                give_up(turn, "Stopped on request");
        else
                move(turn);
}

/* Chosen again: since it was planned, the guest may have got another device. */
static bool unplug(Turn *turn, const GuestEvent *found, GError **error) {
        Manager *manager = turn->drive->manager;
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        if (!domain || !strategy_choose(domain, manager->inventory, turn->strategy, &choice, error))
                return false;

        replug_unplug(manager->replug, found, domain, choice.unplugged, UNPLUG_REPLUG,
                      (ReplugWaiter){ on_unplugged, turn_free_any, turn });
        return true;
}

/* What its devices are goes along in its definition. The answer comes to drive_on_shut_down(). */
static bool shut_down(const Turn *turn, const GuestEvent *found, GError **error) {
        const Manager *manager = turn->drive->manager;
        const VirtOps *virt = manager->virt;
        g_autoptr(Metadata) metadata = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autofree char *xml = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        if (!domain)
                return false;

        metadata = guest_metadata(domain, manager->inventory, manager->leases);
        if (!metadata)
                metadata = metadata_new();
        for (guint i = 0; i < metadata->devices->len; i++)
                g_clear_pointer(&((MetadataDevice *)metadata->devices->pdata[i])->unplugged,
                                unplugged_free); /* the definition has the device */
        xml = metadata_to_libvirt(metadata);
        virt->shut_down(virt->userdata, turn->request->uuid, xml,
                        manager->config->shutdown_timeout_ms);
        return true;
}

/* A GuestFinder; an answer without XML is the end of the guest or of the daemon. */
static void on_turn_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Turn) turn = userdata;
        g_autoptr(GError) error = NULL;

        if (!found->xml)
                return;
        if (g_hash_table_contains(turn->drive->stopped, turn->request->uuid))
                give_up(turn, "Stopped on request");
        else if (!found->running)
                give_up(turn, "The guest does not run any more");
        else if (turn->request->off ? !shut_down(turn, found, &error)
                                    : !unplug(turn, found, &error))
                give_up(turn, error->message);
        else if (!turn->request->off)
                turn = NULL; /* on_unplugged() has it */
}

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
        const VirtOps *virt = drive->manager->virt;

        if (!migration || migration->state > MIGRATION_CHECKED)
                return;
        if (!enter_checked(drive, migration)) {
                roll_back(drive, migration, "The state of the migration could not be stored");
                return;
        }

        g_hash_table_insert(drive->moving, g_strdup(turn->request->uuid), turn_copy(turn));
        if (!turn->unplugs && !turn->request->off) {
                move(turn);
                return;
        }
        virt->find(virt->userdata, turn->request->uuid, on_turn_found, turn);
        turn = NULL;
}

static bool may_begin(const Drive *drive) {
        return g_hash_table_size(drive->moving) < drive->manager->config->outgoing_max;
}

/* One whose devices are just being given back to the guest has time until it has them. */
static bool is_due(const Drive *drive, const Turn *turn) {
        return turn->not_before <= drive->manager->now() &&
               !replug_is_busy(drive->manager->replug, turn->request->uuid);
}

static Turn *take_turn(Drive *drive) {
        for (GList *link = drive->waiting.head; link; link = link->next) {
                Turn *turn = link->data;

                if (is_due(drive, turn)) {
                        g_queue_delete_link(&drive->waiting, link);
                        return turn;
                }
        }
        return NULL;
}

static void begin_next(Drive *drive) {
        Turn *turn;

        while (may_begin(drive) && (turn = take_turn(drive)))
                begin(drive, turn);
}

/* A place may have become free where they go. */
static void hurry(Drive *drive) {
        for (GList *link = drive->waiting.head; link; link = link->next) {
                Turn *turn = link->data;

                turn->not_before = MIN(turn->not_before, drive->manager->now());
        }
}

void drive_on_time(Drive *drive) {
        begin_next(drive);
}

int64_t drive_next_time(const Drive *drive) {
        int64_t next = 0;

        for (GList *link = drive->waiting.head; link && may_begin(drive); link = link->next) {
                const Turn *turn = link->data;

                next = next == 0 ? turn->not_before : MIN(next, turn->not_before);
        }
        return next;
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
static void wait_for_turn(Question *question, const Migration *migration, bool unplugs) {
        Turn *turn = g_new0(Turn, 1);

        turn->drive = question->drive;
        turn->migration = g_strdup(migration->id);
        turn->request = g_steal_pointer(&question->request);
        turn->request->uuid = g_strdup(migration->domain_uuid);
        turn->strategy = g_steal_pointer(&question->strategy);
        turn->unplugs = unplugs;
        turn->not_before = question->drive->manager->now();
        g_queue_push_tail(&question->drive->waiting, turn);
}

/* When the guest last moved, here or away and back; 0 never. An attempt that failed is no move. */
static int64_t last_move(const Manager *manager, const char *uuid) {
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);
        int64_t last = 0;

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (g_str_equal(migration->domain_uuid, uuid))
                        last = MAX(last, migration->entered[MIGRATION_FINISHED]);
        }
        return last;
}

bool drive_check_settled(const Manager *manager, const GuestEvent *found, GError **error) {
        int64_t last = last_move(manager, found->uuid), since = manager->now() - last, left;

        if (last == 0)
                return true;

        left = (int64_t)manager->config->settle_usec - since;
        if (left <= 0)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "Guest %s has moved %" G_GINT64_FORMAT
                    " s ago and settles for another %" G_GINT64_FORMAT
                    " s (SettleSec in virtferry.conf): wait, or use --force",
                    found->name, since / G_USEC_PER_SEC, left / G_USEC_PER_SEC + 1);
        return false;
}

static bool check_guest(const Question *question, const GuestEvent *found, GError **error) {
        const Manager *manager = question->drive->manager;
        Migration *current;

        if (!found->uuid) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND, found->detail);
                return false;
        }
        if (!found->running) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Guest %s does not run: start it, or move its definition with 'virsh "
                            "migrate --offline --persistent'",
                            found->name);
                return false;
        }

        current = migration_log_current(manager->migrations, found->uuid);
        if (current) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Guest %s is on its way already (%s): 'virt-ferry migrations --watch' "
                            "follows it",
                            found->name, migration_state_to_string(current->state));
                return false;
        }
        return question->force || drive_check_settled(manager, found, error);
}

static void add_devices(const Manager *manager, Migration *migration, const Domain *domain) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const Device *found = inventory_find(manager->inventory, device->source);
                g_autofree char *name = domain_device_name(domain, device);

                migration_add_device(migration, name, found ? found->class->name : NULL,
                                     found ? found->fingerprint->mdev_type : NULL, device->source,
                                     NULL, NULL);
        }
}

/* What the user allows is never changed. */
static bool foretell(const Question *question, Migration *migration, const GuestEvent *found,
                     GError **error) {
        GuestMemory memory = { .total = found->memory,
                               .used = found->memory_used,
                               .dirty_rate = found->dirty_rate };

        return guest_transfer_plan(question->drive->manager, migration, question->request, memory,
                                   error);
}

static bool check_team(const char *xml, const Domain *domain, Strategy strategy, GError **error) {
        g_autofree char *trouble = NULL;

        if (strategy != STRATEGY_FAILOVER && strategy != STRATEGY_MEDIATED)
                return true;

        trouble = mediation_trouble(xml, domain);
        if (trouble)
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE, trouble);
        return !trouble;
}

static Migration *plan(const Question *question, const GuestEvent *found, bool *ret_unplugs,
                       GError **error) {
        Manager *manager = question->drive->manager;
        g_autoptr(Migration) migration = NULL;
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        if (!domain ||
            !strategy_choose(domain, manager->inventory, question->strategy, &choice, error) ||
            !check_team(found->xml, domain, choice.strategy, error))
                return NULL;

        *ret_unplugs = choice.unplugged->len > 0;
        question->request->off = choice.strategy == STRATEGY_COLD;
        migration = migration_new(MIGRATION_OUTGOING, found->uuid, found->name);
        migration->plan.strategy = g_strdup(strategy_to_string(choice.strategy));
        migration->plan.why = g_steal_pointer(&choice.why);
        migration->plan.destination = g_strdup(question->request->uri);
        add_devices(manager, migration, domain);
        if (!foretell(question, migration, found, error))
                return NULL;
        return migration_log_add(manager->migrations, g_steal_pointer(&migration),
                                 MIGRATION_PLANNED, error);
}

static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Question) question = userdata;
        g_autoptr(GError) error = NULL;
        Migration *migration = NULL;
        bool unplugs = false;

        if (check_guest(question, found, &error))
                migration = plan(question, found, &unplugs, &error);

        if (migration)
                wait_for_turn(question, migration, unplugs);
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

static bool is_cold(const Migration *migration) {
        return g_strcmp0(migration->plan.strategy, strategy_to_string(STRATEGY_COLD)) == 0;
}

/* From here on it may run there, so a daemon that is killed must not start it here. */
void drive_on_shut_down(Drive *drive, const GuestEvent *event) {
        const Turn *turn = g_hash_table_lookup(drive->moving, event->uuid);
        const VirtOps *virt = drive->manager->virt;
        Migration *migration;

        if (!turn)
                return;

        migration = migration_log_find(drive->manager->migrations, turn->migration);
        if (event->detail) {
                fail(drive, event->uuid, event->detail);
        } else if (g_hash_table_contains(drive->stopped, event->uuid)) {
                virt->start(virt->userdata, event->uuid);
                fail(drive, event->uuid, "Stopped on request");
        } else if (!migration ||
                   !guest_migration_enter(drive->manager, migration, MIGRATION_SWITCHOVER, NULL)) {
                virt->start(virt->userdata, event->uuid);
                fail(drive, event->uuid, "The state of the migration could not be stored");
        } else {
                move(turn);
        }
}

static void lose(Drive *drive, Migration *migration, const char *reason) {
        g_autofree char *sentence = NULL;

        sentence = g_strdup_printf("%s: it may run at the destination, so look there before it is "
                                   "started here",
                                   reason);
        (void)guest_migration_enter(drive->manager, migration, MIGRATION_ABORTING, sentence);
        (void)guest_migration_enter(drive->manager, migration, MIGRATION_FAILED, sentence);
}

/* Nothing else tells of it, and nobody else starts it. */
static void end_cold(Drive *drive, Migration *migration, const GuestEvent *event) {
        const VirtOps *virt = drive->manager->virt;

        if (event->job->success)
                (void)guest_migration_enter(drive->manager, migration, MIGRATION_FINISHED, NULL);
        else if (event->running)
                lose(drive, migration, event->job->error);
        else if (migration->state == MIGRATION_SWITCHOVER)
                virt->start(virt->userdata, event->uuid);
}

bool drive_recover_cold(Drive *drive, Migration *migration) {
        const VirtOps *virt = drive->manager->virt;

        if (!is_cold(migration) || !virt)
                return false;
        if (drive_is_moving(drive, migration->domain_uuid))
                return true; /* libvirt was away, and not we */

        if (migration->state > MIGRATION_CHECKED) {
                lose(drive, migration, "virtferryd was killed while the guest was shut down");
                return true;
        }
        roll_back(drive, migration,
                  "virtferryd was killed while the guest was shut down: it is "
                  "started here again");
        virt->start(virt->userdata, migration->domain_uuid);
        return true;
}

/* The end ------------------------------------------------------------------------- */

static int compare_turn(gconstpointer turn, gconstpointer migration) {
        return g_strcmp0(((const Turn *)turn)->migration, migration);
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

        turn = g_queue_find_custom(&drive->waiting, migration_id, compare_turn);
        if (!turn) {
                if (g_hash_table_contains(drive->moving, migration->domain_uuid))
                        g_hash_table_add(drive->stopped, g_strdup(migration->domain_uuid));
                if (replug_is_busy(drive->manager->replug, migration->domain_uuid) ||
                    is_cold(migration))
                        return true; /* there is no job yet; the next answer ends it */
                virt->abort_job(virt->userdata, migration->domain_uuid);
                return true;
        }

        turn_free(turn->data);
        g_queue_delete_link(&drive->waiting, turn);
        roll_back(drive, migration, "Stopped before it had begun");
        return true;
}

bool drive_is_waiting(const Drive *drive, const char *migration_id) {
        return g_queue_find_custom((GQueue *)&drive->waiting, migration_id, compare_turn);
}

bool drive_is_moving(const Drive *drive, const char *uuid) {
        return g_hash_table_contains(drive->moving, uuid);
}

/* libvirt tells the whole way that an error has come; a hook's own words are at its end. */
static const char *last_words(const char *error) {
        const char *words = error ?: "libvirt gives no reason";

        for (const char *p = words; (p = strstr(p, HOOK_PREFIX)); p += strlen(HOOK_PREFIX))
                words = p + strlen(HOOK_PREFIX);
        return words;
}

static void note_reason(const Drive *drive, Migration *migration, const char *reason) {
        g_autoptr(GError) error = NULL;

        g_free(migration->reason);
        migration->reason = g_strdup(reason);
        if (!migration_log_update(drive->manager->migrations, migration, &error))
                g_warning("%s: %s", migration->domain_name, error->message);
}

/* An event may have told before that it failed, and never says why. */
static void note_failure(Drive *drive, Migration *migration, const char *reason) {
        if (!migration_state_is_final(migration->state))
                roll_back(drive, migration, reason);
        else if (migration->state == MIGRATION_ROLLED_BACK)
                note_reason(drive, migration, reason);
}

/* Takes the turn when it may be tried again: nothing has begun, and others are on their way to the
 * destination. */
static bool wait_again(Drive *drive, Migration *migration, Turn *turn, const char *reason) {
        if (migration->state != MIGRATION_CHECKED || !incoming_is_refusal(reason))
                return false;

        note_reason(drive, migration, reason);
        turn->not_before = drive->manager->now() +
                           (turn->unplugs ? RETRY_UNPLUGGED_USEC : RETRY_USEC);
        g_queue_push_tail(&drive->waiting, turn);
        return true;
}

/* True when it waits for another turn, and its turn is taken. */
static bool follow_failure(Drive *drive, Migration *migration, bool stopped, const char *error,
                           Turn **turn) {
        g_autofree char *reason = g_strchomp(g_strdup(last_words(error)));

        if (!stopped && *turn && wait_again(drive, migration, *turn, reason)) {
                *turn = NULL;
                return true;
        }

        /* libvirt's own words may be about the connection that it closed then. */
        note_failure(drive, migration, stopped ? "Stopped on request" : reason);
        return false;
}

void drive_on_moved(Drive *drive, const GuestEvent *event) {
        Migration *migration = migration_log_latest(drive->manager->migrations, event->uuid);
        bool stopped = g_hash_table_remove(drive->stopped, event->uuid), waits = false;
        g_autofree char *uuid = NULL;
        g_autoptr(Turn) turn = NULL;

        (void)g_hash_table_steal_extended(drive->moving, event->uuid, (void **)&uuid,
                                          (void **)&turn);
        if (migration && turn && turn->request->off)
                end_cold(drive, migration, event);
        if (migration && migration->direction == MIGRATION_OUTGOING && !event->job->success)
                waits = follow_failure(drive, migration, stopped, event->job->error, &turn);
        if (!event->job->success)
                replug_on_stayed(drive->manager->replug, event->uuid);
        if (!waits)
                hurry(drive);
        begin_next(drive);
}

static bool waited(const Migration *migration) {
        return migration->state == MIGRATION_PLANNED ||
               (migration->state == MIGRATION_CHECKED && migration->reason &&
                incoming_is_refusal(migration->reason));
}

void drive_recover(Drive *drive) {
        g_autoptr(GPtrArray) migrations = migration_log_list(drive->manager->migrations);

        for (guint i = 0; i < migrations->len; i++) {
                Migration *migration = migrations->pdata[i];

                if (waited(migration))
                        roll_back(drive, migration,
                                  "virtferryd was started anew before it had begun: ask again");
        }
}
