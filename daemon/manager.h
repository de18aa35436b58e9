/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Everything the daemon knows and does, without its faces: no sd-bus, no
 * libvirt, no loop. main.c makes it, gives it to the edges, and hands it time
 * and events. One thread.
 *
 * The work is elsewhere: hook-ops.c answers hooks, guest-follow.c follows
 * guests, drive.c moves them when it is asked to, drain.c all of them, replug.c takes devices out
 * for that and puts them back, recover.c makes store, kernel and libvirt agree, hardware.c makes,
 * binds and gives back.
 */

#include "daemon/agents.h"
#include "daemon/core/announce-ops.h"
#include "daemon/core/claim-ops.h"
#include "daemon/core/config.h"
#include "daemon/core/inventory.h"
#include "daemon/core/lease.h"
#include "daemon/core/migration.h"
#include "daemon/core/negotiate.h"
#include "daemon/core/virt-ops.h"
#include "daemon/facts/rtnl.h"
#include "daemon/trials.h"

typedef struct Advisor Advisor;
typedef struct Cluster Cluster;
typedef struct ClusterMoveOps ClusterMoveOps;
typedef struct Demands Demands;
typedef struct Drain Drain;
typedef struct Drive Drive;
typedef struct Forecasts Forecasts;
typedef struct HookClaim HookClaim;
typedef struct HookShares HookShares;
typedef struct Headrooms Headrooms;
typedef struct Meter Meter;
typedef struct Mediations Mediations;
typedef struct Outlook Outlook;
typedef struct Replug Replug;
typedef struct Slices Slices;
typedef struct Swaps Swaps;
typedef struct Traffic Traffic;

typedef struct Manager {
        Config *config;
        Sysfs *sysfs;
        Rtnl *rtnl;              /* borrowed; NULL for a made-up host, whose kernel is another */
        GHashTable *switch_seen; /* device to what the switch knew of it at the last look, as XML */
        Store *store;
        Inventory *inventory;
        ShareBook *shares; /* with the cluster */
        LeaseBook *leases;
        MigrationLog *migrations;
        Trials *trials;
        Drive *drive;
        Drain *drain;
        Forecasts *forecasts;
        Traffic *traffic;
        Mediations *mediations;
        Meter *meter;
        Demands *demands;
        Outlook *outlook;
        Headrooms *headrooms;
        Advisor *advisor;
        Replug *replug;
        Swaps *swaps;
        Slices *slices;
        HookShares *hook_shares;
        Agents *agents;
        Cluster *cluster; /* borrowed; NULL: this host is in none */
        /* Of that; NULL */
        const ClusterMoveOps *cluster_moves;
        const AnnounceOps *announce; /* NULL: nobody is told where a MAC is */
        const ClaimOps *claims;      /* NULL: there is no way to ask Placement */
        HookClaim *hook_claim;       /* of the guest that a hook asks for now; NULL not asked for */
        const VirtOps *virt;         /* NULL until libvirt is there, and in tests that forbid it */
        GHashTable *active;          /* UUIDs of domains that libvirt calls active here; to names */
        GHashTable *guest_notes;     /* of guest-list.c */
        unsigned long libvirt_version; /* 9000000 for 9.0.0; 0 not known */
        unsigned long qemu_version;    /* the same */
        bool libvirt_known;            /* a GUEST_LIST has come since the connection was made */
        int64_t (*now)(void);          /* CLOCK_REALTIME in us; tests have their own */
} Manager;

/* Takes the config and borrows sysfs. `state_path` is the database. */
Manager *manager_new(Config *config, Sysfs *sysfs, const char *state_path, InventoryProbe probe,
                     GError **error);
void manager_free(Manager *manager);
/* For tests: another CLOCK_REALTIME, in microseconds. */
void manager_set_clock(Manager *manager, int64_t (*now)(void));
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manager, manager_free)

/* Loads the store, scans the host, ends what a crash left half done. */
bool manager_start(Manager *manager, GError **error);

/* The hooks: hook-ops.c. Text in, text out; none of them reaches libvirt. */

/* `migrate begin`, `restore begin`: the domain with this host's devices, leased. */
char *manager_filter_domain(Manager *manager, const char *operation, const char *xml,
                            GError **error);
/* `prepare begin`, `attach begin`: claims, makes and binds. */
bool manager_prepare_domain(Manager *manager, const char *xml, GError **error);
/* `start begin`: gives a guest that comes here what the switch knew of its devices. */
bool manager_start_domain(Manager *manager, const char *xml, GError **error);
/* `release end`: gives back, removes what was made. `reason` as libvirt names it ("migrated"). */
bool manager_release_domain(Manager *manager, const char *xml, const char *reason, GError **error);
/* What manager_filter_domain() would answer to `migrate`; reserves nothing. GPtrArray of Answer;
 * the domain is returned because answers point into it. */
GPtrArray *manager_check_domain(Manager *manager, const char *xml, Domain **ret_domain,
                                GError **error);

/* By hand: a lease whose domain is not active here. FERRY_ERROR_INVALID_STATE otherwise. */
bool manager_drop_lease(Manager *manager, const char *lease_id, GError **error);

/* What libvirt tells: guest-follow.c. */
void manager_on_guest_event(Manager *manager, const GuestEvent *event);

/* What the kernel tells: a uevent of this subsystem about the device of this name; of CPUs and
 * memory, too. */
void manager_on_device_event(Manager *manager, const char *subsystem, const char *name);

/* What the kernel tells: VFs, bridges or filters have changed. */
void manager_on_switch_event(Manager *manager);

/* Time: gives back what has expired. Call when manager_next_time() (CLOCK_REALTIME us, 0 never)
 * has come. */
void manager_on_time(Manager *manager);
int64_t manager_next_time(const Manager *manager);
