/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One move of one guest as this host sees it; both hosts have their own.
 *
 * planned → checked → reserved → prepared → precopy → switchover → resumed → finished
 * and from every one before `resumed` → aborting → rolled-back. `failed` is
 * where no way back is left: undo itself failed (after `aborting`), or the
 * guest was lost after `resumed`. A state may be left out on the way forwards
 * (the source of a plain `virsh migrate` first hears of it at precopy), never
 * returned to. One table, one setter that checks, stores, tells. One thread.
 */

#include "daemon/core/store.h"
#include <stdint.h>

typedef enum MigrationState {
        MIGRATION_PLANNED,
        MIGRATION_CHECKED,
        MIGRATION_RESERVED,
        MIGRATION_PREPARED,
        MIGRATION_PRECOPY,
        MIGRATION_SWITCHOVER,
        MIGRATION_RESUMED,
        MIGRATION_FINISHED,
        MIGRATION_ABORTING,
        MIGRATION_ROLLED_BACK,
        MIGRATION_FAILED,
        _MIGRATION_STATE_MAX,
        _MIGRATION_STATE_INVALID = -22,
} MigrationState;

typedef enum MigrationDirection {
        MIGRATION_INCOMING,
        MIGRATION_OUTGOING,
        _MIGRATION_DIRECTION_MAX,
        _MIGRATION_DIRECTION_INVALID = -22,
} MigrationDirection;

const char *migration_state_to_string(MigrationState state); /* "rolled-back" */
MigrationState migration_state_from_string(const char *text);
const char *migration_direction_to_string(MigrationDirection direction);
MigrationDirection migration_direction_from_string(const char *text);
bool migration_state_is_final(MigrationState state);
/* The table. */
bool migration_state_may_enter(MigrationState from, MigrationState to);

/* One device of the guest: what it had, what it gets, and why that one. */
typedef struct MigrationDevice {
        char *name; /* "hostdev0", NULL where nobody gave it one */
        char *class_name;
        char *type;   /* mdev type or NULL */
        char *from;   /* source-side id as the XML had it */
        char *to;     /* this host's id; NULL on the source */
        char *reason; /* one sentence; NULL on the source */
} MigrationDevice;

/* What was meant to be, of a move that this daemon drives; all empty of others. */
typedef struct MigrationPlan {
        char *destination;     /* URI of the other libvirt */
        char *destination_why; /* one sentence, where the cluster has chosen it; NULL */
        char *strategy;        /* as strategy.h has it */
        char *why;             /* one sentence */
        int64_t total_ms;      /* forecast, -1 none */
        int64_t downtime_ms;
        uint64_t bytes;
        int64_t allowed_ms; /* downtime that is allowed, -1 as libvirt has it */
        char *transfer;     /* as transfer_to_string() has it */
        char *transfer_why; /* one sentence */
} MigrationPlan;

struct Migration {
        char *id; /* uuid */
        char *domain_uuid;
        char *domain_name;
        MigrationDirection direction;
        MigrationState state;
        char *reason;                          /* why it failed, NULL */
        GPtrArray *devices;                    /* MigrationDevice */
        int64_t entered[_MIGRATION_STATE_MAX]; /* CLOCK_REALTIME in us, 0 never */
        int64_t downtime_ms;                   /* -1 not known */
        int64_t total_ms;                      /* -1 not known */
        uint64_t memory_bytes;                 /* sent */
        uint64_t vfio_bytes;                   /* sent by passthrough devices */
        uint64_t memory_total;                 /* of the current job, for progress */
        uint64_t memory_remaining;
        unsigned iterations;
        int64_t setup_ms;    /* before the first byte, -1 not known */
        uint64_t dirty_rate; /* of its memory, bytes/s at the end; 0 not known */
        /* Of the guest's packets: the last before it was paused, at the source; the first after it
         * was resumed, at the destination. CLOCK_REALTIME in us, 0 there was none, -1 not known. */
        int64_t last_traffic, first_traffic;
        MigrationPlan plan;
};

Migration *migration_new(MigrationDirection direction, const char *domain_uuid,
                         const char *domain_name);
void migration_free(Migration *migration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Migration, migration_free)
void migration_add_device(Migration *migration, const char *name, const char *class_name,
                          const char *type, const char *from, const char *to, const char *reason);

typedef enum MigrationChange {
        MIGRATION_ADDED,
        MIGRATION_CHANGED,
        MIGRATION_REMOVED, /* freed after the call */
} MigrationChange;

#define MIGRATIONS_KEPT 100 /* ended ones, the oldest go first */

typedef struct MigrationLog MigrationLog;
/* Called when the store has the change. It may read the log, not change it. */
typedef void (*MigrationListener)(void *userdata, MigrationChange change,
                                  const Migration *migration);

MigrationLog *migration_log_new(Store *store); /* borrows the store */
void migration_log_free(MigrationLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigrationLog, migration_log_free)
void migration_log_set_listener(MigrationLog *log, MigrationListener listener, void *userdata);
void migration_log_set_clock(MigrationLog *log, int64_t (*now)(void)); /* for tests */
/* What the store has, instead of what the log had; tells nobody. */
bool migration_log_load(MigrationLog *log, GError **error);

/* Takes the migration, in state `state` as this host first hears of it; after an error it is freed
 * and the log and the store are as before. */
Migration *migration_log_add(MigrationLog *log, Migration *migration, MigrationState state,
                             GError **error);
/* The setter. FERRY_ERROR_INVALID_STATE for a transition that the table does not allow, the same
 * state included. `reason` NULL keeps what was said before. When it ends, those that ended beyond
 * MIGRATIONS_KEPT are removed in the same transaction. After an error all is as before. */
bool migration_log_enter(MigrationLog *log, Migration *migration, MigrationState state,
                         const char *reason, GError **error);
/* Stores and tells figures that changed without a change of state. */
bool migration_log_update(MigrationLog *log, Migration *migration, GError **error);

Migration *migration_log_find(const MigrationLog *log, const char *id);
/* The latest of this domain that has not ended; NULL. */
Migration *migration_log_current(const MigrationLog *log, const char *domain_uuid);
Migration *migration_log_latest(const MigrationLog *log, const char *domain_uuid);
GPtrArray *migration_log_list(const MigrationLog *log); /* borrowed, oldest first */
