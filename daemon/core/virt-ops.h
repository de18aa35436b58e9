/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The tables of functions through which core and manager reach libvirt, and
 * what libvirt tells. Nothing here blocks: the edge has a thread for that.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum GuestEventKind {
        GUEST_RUNNING,   /* started here, or found running at connect; xml is live */
        GUEST_INCOMING,  /* active here but paused: the destination in Prepare */
        GUEST_ARRIVED,   /* RESUMED after migration: runs here now; xml live, inactive_xml of a
                          * persistent one */
        GUEST_DEFINED,   /* persistent definition written; inactive_xml */
        GUEST_ITERATING, /* source: a pass of pre-copy; iteration and job figures */
        GUEST_LEAVING,   /* source: SUSPENDED for migration: the switchover begins */
        GUEST_STAYED,    /* source: RESUMED after a failed migration; job figures have errmsg */
        GUEST_LEFT,      /* source: STOPPED, migrated */
        GUEST_STOPPED,   /* STOPPED for any other reason; detail says which */
        GUEST_GONE,      /* answer to look_again(): it is not active */
        GUEST_JOB_DONE,  /* source: JOB_COMPLETED with the final figures */
        GUEST_LIST,      /* at connect, after a GUEST_RUNNING or GUEST_INCOMING for each active one:
                          * `active` has the UUIDs of all of them; whoever is not there is not */
        GUEST_FOUND, /* answer to find(): xml as it would go to another host, running; or detail:
                      * why there is none */
        GUEST_MOVED, /* a migrate() has ended: job->success, job->error */
        GUEST_UNPLUGGED, /* an unplug() has ended: xml, live, as it is now; detail: why not all of
                          * its devices are out, NULL when they are */
        GUEST_PLUGGED,   /* the same of a plug(): why not all are in */
        GUEST_TUNED, /* a tune() has ended. detail: which step failed, why, and whether all is as it
                      * was; NULL when all is done */
        GUEST_SHUT_DOWN, /* a shut_down() has ended: the guest is off, or detail: why it runs on */
        GUEST_STATS, /* answer to sample(): `samples` has every active guest; NULL: libvirt did not
                      * tell, which is in the journal once */
        GUEST_LOST_LIBVIRT, /* the connection broke; nothing is known until the next GUEST_LIST */
        _GUEST_EVENT_KIND_MAX,
} GuestEventKind;

typedef struct GuestJob {
        bool success;
        int64_t downtime_ms, total_ms; /* -1 not known */
        uint64_t memory_bytes, memory_total, memory_remaining, vfio_bytes;
        unsigned iteration;
        int64_t setup_ms;    /* -1 not known */
        uint64_t dirty_rate; /* bytes/s, 0 not known */
        char *error;         /* NULL */
} GuestJob;

typedef struct GuestEvent {
        GuestEventKind kind;
        char *uuid, *name;            /* NULL for GUEST_LIST, GUEST_STATS, GUEST_LOST_LIBVIRT */
        char *xml;                    /* live, VIR_DOMAIN_XML_SECURE not set; NULL */
        char *inactive_xml;           /* persistent definition, VIR_DOMAIN_XML_SECURE set; NULL */
        char *detail;                 /* "failed", "crashed", "destroyed" ...; NULL */
        GuestJob *job;                /* NULL */
        char **active;                /* of GUEST_LIST */
        bool running;                 /* of GUEST_FOUND; of a GUEST_MOVED that was off and did not
                                       * move well: it may run at the destination all the same */
        uint64_t memory, memory_used; /* of GUEST_FOUND that runs: bytes, 0 not known */
        uint64_t dirty_rate;          /* of one that was measured: bytes/s, 0 not known */
        uint64_t bandwidth; /* of GUEST_FOUND that runs: MiB/s that libvirt sends it with at most
                             * when it is not told, 0 no limit */
        char **agent_macs;  /* of GUEST_FOUND that runs and has a team: of the network interfaces
                             * that the guest itself sees, as its agent says; NULL it says nothing */
        GPtrArray *samples; /* of GUEST_STATS: GuestSample (sample.h), owned; */
        int64_t sampled;    /* CLOCK_MONOTONIC in us, of when they were taken */
        unsigned long question; /* of GUEST_FOUND, the edge's own */
} GuestEvent;

/* Of a GUEST_LIST; nobody is active in it where it has none. */
bool guest_event_lists(const GuestEvent *event, const char *uuid);
void guest_event_free(GuestEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestEvent, guest_event_free)

/* A move as libvirt is asked for it: the source's libvirt connects to the destination's. */
typedef struct MoveRequest {
        char *uuid;
        char *uri;               /* of the destination's libvirt: "qemu+ssh://b/system" */
        char *new_name;          /* NULL: it keeps its name */
        bool persistent;         /* defined at the destination, */
        bool undefine_source;    /* and not any more here */
        bool off;                /* it is shut down: its definition moves, and it starts there */
        uint64_t bandwidth;      /* MiB/s, 0 no limit */
        int64_t max_downtime_ms; /* -1 as it is */
        unsigned connections;    /* in parallel; 1 one, as of old; 0 to be chosen */
        char *compression;       /* a method of libvirt's; NULL none. To be chosen: transfer.h */
        bool auto_converge;      /* QEMU slows the guest down where it has to */
} MoveRequest;

MoveRequest *move_request_copy(const MoveRequest *request);
void move_request_free(MoveRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MoveRequest, move_request_free)

/* Devices to take out of a guest that runs. */
typedef struct UnplugRequest {
        char *uuid;
        char *metadata;      /* our element: written first, or nothing is unplugged */
        char **devices;      /* their host-side sources, as in its XML; of an emulated interface
                              * its MAC */
        unsigned timeout_ms; /* for each to let go */
} UnplugRequest;

UnplugRequest *unplug_request_copy(const UnplugRequest *request);
void unplug_request_free(UnplugRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnplugRequest, unplug_request_free)

/* Called once, from the loop, with a GUEST_FOUND; also when the daemon ends before. */
typedef void (*GuestFinder)(void *userdata, const GuestEvent *found);

typedef struct VirtOps {
        /* Our element into the live metadata. Failures are logged by the edge. */
        void (*set_metadata)(void *userdata, const char *uuid, const char *xml);
        /* The persistent definition anew. */
        void (*redefine)(void *userdata, const char *uuid, const char *xml);
        /* Figures of the job that moves this guest: GUEST_ITERATING answers until the job ends. */
        void (*follow_job)(void *userdata, const char *uuid);
        /* Whether it is active still, in a second: GUEST_GONE comes behind all that was told
         * before, when it is not. Nothing else comes of it. */
        void (*look_again)(void *userdata, const char *uuid);
        /* The guest of this name or UUID, running or not. */
        void (*find)(void *userdata, const char *domain, GuestFinder finder, void *finder_userdata);
        /* The same, when it was watched for a second how fast it writes its memory. */
        void (*measure)(void *userdata, const char *domain, GuestFinder finder,
                        void *finder_userdata);
        /* GUEST_MOVED comes when it has ended. It goes on when the daemon does not. */
        void (*migrate)(void *userdata, const MoveRequest *request);
        void (*abort_job)(void *userdata, const char *uuid);
        /* Asks the guest to let go of these, one after the other, until one does not.
         * GUEST_UNPLUGGED comes when that has ended. A guest may let go after it was given up. */
        void (*unplug)(void *userdata, const UnplugRequest *request);
        /* Plugs each of these elements of a domain. GUEST_PLUGGED comes. */
        void (*plug)(void *userdata, const char *uuid, const char *const *elements);
        /* Asks the guest to shut down, when its persistent definition has our element, too, with
         * the <need> that it has there. GUEST_SHUT_DOWN comes. A guest may do it after it was given
         * up. */
        void (*shut_down)(void *userdata, const char *uuid, const char *metadata,
                          unsigned timeout_ms);
        /* Starts it from its persistent definition. Failures are logged by the edge. */
        void (*start)(void *userdata, const char *uuid);
        /* TuningStep of tuning.h, those that are libvirt's to take, one after the other; all is
         * undone when one fails. GUEST_TUNED comes. The guest runs on meanwhile. */
        void (*tune)(void *userdata, const char *uuid, const GPtrArray *steps);
        /* Of a move that is under way; a longer one that is allowed already is left. */
        void (*raise_max_downtime)(void *userdata, const char *uuid, int64_t downtime_ms);
        /* So often, in seconds, its balloon tells what the guest needs of its memory, until it is
         * shut down; a guest that somebody has told how often is left. Failures are logged by the
         * edge. */
        void (*set_stats_period)(void *userdata, const char *uuid, unsigned period);
        /* Figures of all guests that are active, in one call: GUEST_STATS comes, once for each. */
        void (*sample)(void *userdata);
        void *userdata;
} VirtOps;
