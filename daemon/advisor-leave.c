/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-leave.h"

#include <string.h>

#include "daemon/advisor.h"
#include "daemon/core/policy-leave.h"
#include "daemon/drive.h"
#include "daemon/leave-host.h"
#include "xml/ferry-error.h"

#define GIB 1073741824.0

/* A guest is on its way. */
typedef struct Course {
        const AdvisorDraft *draft;
        AdvisorMoved reply;
        void *userdata;
        unsigned asked;  /* how many destinations were */
        char *migration; /* NULL: it is being planned */
        GError *failure; /* what the last one said */
} Course;

typedef struct Leave {
        Manager *manager;
        PolicyLeave *policy;
        GHashTable *guests; /* UUID to LeaveGuest, of those that run here */
        GPtrArray *uris;    /* where they may go; borrowed from the configuration */
        Course *course;     /* NULL: nothing is carried out */
} Leave;

/* Where to -------------------------------------------------------------------------- */

/* All hosts may have the same list. */
static bool is_this_host(const char *uri) {
        g_autofree char *host = NULL;
        const char *name = g_get_host_name();
        size_t length = strcspn(name, ".");

        if (!g_uri_split(uri, G_URI_FLAGS_NONE, NULL, NULL, &host, NULL, NULL, NULL, NULL, NULL) ||
            !host)
                return false;
        return g_ascii_strcasecmp(host, name) == 0 ||
               (strlen(host) == length && g_ascii_strncasecmp(host, name, length) == 0);
}

static GPtrArray *find_destinations(const Config *config) {
        GPtrArray *uris = g_ptr_array_new();

        for (char **uri = config->policy_destinations; uri && *uri; uri++)
                if (!is_this_host(*uri))
                        g_ptr_array_add(uris, *uri);
        return uris;
}

static const char *first_destination(const Leave *leave) {
        return leave->uris->len > 0 ? leave->uris->pdata[0] : NULL;
}

/* Without a list the best host of the cluster, if there is one, is the one that is asked. */
static unsigned n_destinations(const Leave *leave) {
        return leave->uris->len > 0 || !leave->manager->cluster_moves ? leave->uris->len : 1;
}

/* Whether anybody may leave --------------------------------------------------------- */

static bool may_leave(const Leave *leave) {
        const Manager *manager = leave->manager;
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);
        int64_t yesterday = manager->now() - G_TIME_SPAN_DAY;
        unsigned left = 0;

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (migration->direction != MIGRATION_OUTGOING)
                        continue;
                if (!migration_state_is_final(migration->state))
                        return false;
                left += migration->entered[MIGRATION_FINISHED] > yesterday;
        }
        return !leave->course && left < manager->config->policy_leaves;
}

/* Drafts ---------------------------------------------------------------------------- */

static const char *const reasons[] = {
        [POLICY_LEAVE_CPU] = "cpu",
        [POLICY_LEAVE_MEMORY] = "memory",
        [POLICY_LEAVE_NETWORK] = "network",
};

/* "18.3 of 16 CPUs" */
static char *describe_amount(const PolicyLeaveThing *thing, double amount) {
        switch (thing->kind) {
        case POLICY_LEAVE_CPU:
                return g_strdup_printf("%.1f of %g CPUs", amount, thing->size);
        case POLICY_LEAVE_MEMORY:
                return g_strdup_printf("%.1f of %.1f GiB of memory", amount / GIB,
                                       thing->size / GIB);
        case POLICY_LEAVE_NETWORK:
                break;
        }
        return g_strdup_printf("%.0f of %.0f Mbit/s of PF %s", amount * 8 / 1e6,
                               thing->size * 8 / 1e6, thing->name);
}

static char *describe_time(unsigned hour) {
        if (hour == 0)
                return g_strdup("within the hour");
        return hour == 1 ? g_strdup("in an hour") : g_strdup_printf("in %u hours", hour);
}

static char *describe(const PolicyLeaveHost *host, const PolicyLeaving *leaving) {
        const PolicyLeaveThing *thing = &host->things[leaving->thing];
        const PolicyLeaveGuest *guest = &host->guests[leaving->guest];
        g_autofree char *expected = describe_amount(thing, leaving->expected);
        g_autofree char *after = describe_amount(thing, leaving->after);
        g_autofree char *when = describe_time(leaving->hour), *bytes = advice_bytes(guest->bytes);

        return g_strdup_printf("%s should leave for another host: the guests of this one are "
                               "expected to want %s %s (p%d), without it %s%s; its move takes %.0f "
                               "s and %s, and stops it for %.1f s",
                               guest->name, expected, when,
                               thing->kind == POLICY_LEAVE_MEMORY ? 99 : 95, after,
                               leaving->fits ? "" : ", which is not enough yet", guest->duration,
                               bytes, guest->downtime);
}

static void add_values(AdvisorDraft *draft, const PolicyLeaveHost *host,
                       const PolicyLeaving *leaving) {
        const PolicyLeaveGuest *guest = &host->guests[leaving->guest];

        advisor_draft_add_value(draft, "expected", leaving->expected);
        advisor_draft_add_value(draft, "size", host->things[leaving->thing].size);
        advisor_draft_add_value(draft, "after", leaving->after);
        advisor_draft_add_value(draft, "hour", leaving->hour);
        advisor_draft_add_value(draft, "gain", leaving->gain);
        advisor_draft_add_value(draft, "cost", leaving->cost);
        advisor_draft_add_value(draft, "bytes", guest->bytes);
        advisor_draft_add_value(draft, "duration", guest->duration);
        advisor_draft_add_value(draft, "downtime", guest->downtime);
}

static AdvisorDraft *draft_new(const Leave *leave, const PolicyLeaveHost *host,
                               const PolicyLeaving *leaving) {
        const PolicyLeaveGuest *guest = &host->guests[leaving->guest];
        const PolicyLeaveThing *thing = &host->things[leaving->thing];
        const char *uri = first_destination(leave);
        AdvisorDraft *draft = advisor_draft_new("leave", guest->id, guest->name, uri ?: "");

        advisor_draft_say(draft, reasons[thing->kind], describe(host, leaving));
        add_values(draft, host, leaving);
        if (!uri && n_destinations(leave) > 0)
                advisor_draft_add_command(draft, "virt-ferry", "migrate", guest->name, NULL);
        else
                advisor_draft_add_command(draft, "virt-ferry", "migrate", guest->name,
                                          uri ?: "DESTINATION", NULL);
        draft->act = n_destinations(leave) > 0 && leave->manager->config->policy_mode == POLICY_ACT;
        return draft;
}

/* decide() */
static GPtrArray *leave_decide(void *self, int64_t monotonic) {
        Leave *leave = self;
        GPtrArray *drafts = g_ptr_array_new_with_free_func((GDestroyNotify)advisor_draft_free);
        g_autoptr(LeaveHost) host = NULL;
        PolicyLeaving leaving;

        if (leave->manager->config->policy_leave_hours == 0)
                return drafts;

        host = leave_host_new(leave->manager, leave->guests, first_destination(leave),
                              may_leave(leave));
        if (policy_leave_decide(leave->policy, leave_host_get(host), &leaving))
                g_ptr_array_add(drafts, draft_new(leave, leave_host_get(host), &leaving));
        return drafts;
}

/* Guests ---------------------------------------------------------------------------- */

/* on_guest_event() */
static void leave_on_guest_event(void *self, const GuestEvent *event) {
        const Leave *leave = self;

        leave_guests_follow(leave->guests, event);
}

/* Carrying out ---------------------------------------------------------------------- */

static void course_free(Course *course) {
        if (!course)
                return;

        g_free(course->migration);
        g_clear_error(&course->failure);
        g_free(course);
}

static void end(Leave *leave, const GError *error) {
        Course *course = g_steal_pointer(&leave->course);

        course->reply(course->userdata, error);
        course_free(course);
}

static void note_failure(Course *course, const char *sentence) {
        g_clear_error(&course->failure);
        g_clear_pointer(&course->migration, g_free);
        g_set_error_literal(&course->failure, FERRY_ERROR, FERRY_ERROR_INVALID_STATE, sentence);
}

static void ask_next(Leave *leave);

/* A DriveReply. */
static void on_planned(void *userdata, const Migration *migration, const GError *error) {
        Leave *leave = userdata;

        if (!leave->course)
                return;
        if (migration) {
                leave->course->migration = g_strdup(migration->id);
                return;
        }
        note_failure(leave->course, error->message);
        ask_next(leave);
}

static void ask_next(Leave *leave) {
        Course *course = leave->course;
        bool frozen = advisor_state(leave->manager->advisor).frozen;
        DriveWish wish = { .move.max_downtime_ms = -1 };

        if (frozen)
                note_failure(course, "The policy was frozen meanwhile: 'virt-ferry policy thaw' "
                                     "ends that");
        if (frozen || course->asked == n_destinations(leave)) {
                end(leave, course->failure);
                return;
        }

        wish.move.uri = leave->uris->len > 0 ? leave->uris->pdata[course->asked] : NULL;
        course->asked++;
        drive_migrate(leave->manager->drive, course->draft->uuid, &wish, on_planned, leave);
}

/* Its move is at an end, however. */
static void look_at_course(Leave *leave) {
        Course *course = leave->course;
        const Migration *migration = migration_log_find(leave->manager->migrations,
                                                        course->migration);

        if (migration && !migration_state_is_final(migration->state))
                return;
        if (!migration || migration->state == MIGRATION_FINISHED) {
                end(leave, NULL);
                return;
        }

        note_failure(course, migration->reason ?: "Its move has ended, and nobody said why");
        ask_next(leave);
}

/* turn() */
static bool leave_turn(void *self, int64_t monotonic) {
        Leave *leave = self;

        if (leave->course && leave->course->migration)
                look_at_course(leave);
        return true;
}

/* apply() */
static void leave_apply(void *self, const AdvisorDraft *draft, AdvisorMoved reply, void *userdata) {
        g_autoptr(GError) error = NULL;
        Leave *leave = self;

        if (n_destinations(leave) == 0) {
                g_set_error(
                        &error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                        "It is not known where guest %s could go: set Destinations= of [Policy] "
                        "in virtferry.conf, or use 'virt-ferry migrate %s DESTINATION'",
                        draft->name, draft->name);
                reply(userdata, error);
                return;
        }

        leave->course = g_new0(Course, 1);
        leave->course->draft = draft;
        leave->course->reply = reply;
        leave->course->userdata = userdata;
        ask_next(leave);
}

/* ----------------------------------------------------------------------------------- */

/* new() */
static void *leave_new(Manager *manager) {
        Leave *leave = g_new0(Leave, 1);

        leave->manager = manager;
        leave->policy = policy_leave_new();
        leave->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)leave_guest_free);
        leave->uris = find_destinations(manager->config);
        return leave;
}

/* free() */
static void leave_free(void *self) {
        Leave *leave = self;

        course_free(leave->course);
        policy_leave_free(leave->policy);
        g_hash_table_unref(leave->guests);
        g_ptr_array_unref(leave->uris);
        g_free(leave);
}

const AdvisorWay advisor_leave_way = {
        .name = "leave",
        .touches = ADVISOR_GUEST,
        .new = leave_new,
        .free = leave_free,
        .on_guest_event = leave_on_guest_event,
        .turn = leave_turn,
        .decide = leave_decide,
        .apply = leave_apply,
};
