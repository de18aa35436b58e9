/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-words.h"
#include "daemon/meter.h"
#include "daemon/slice-enforce-parts.h"
#include "daemon/slices.h"
#include "xml/ferry-error.h"

/* Who is given what another one has to leave gets it when that has left: of a core, a node or a
 * link guests have never more than there is. The book has decided by then, so whoever waits has a
 * right to it. */

#define MILLI_CPUS 1000 /* of a grant of a core to a CPU of the map */

/* These are leased one by one, and whoever has none is tried again: slices_on_lease_gone(). */
static bool is_leased(const char *resource) {
        return g_str_has_prefix(resource, "vf-pool:") || g_str_has_prefix(resource, "mdev-type:");
}

uint64_t course_keeps(const Course *course) {
        const Telemetry *telemetry = meter_telemetry(course->enforcer->manager->meter);
        const Subject *guest = telemetry_find(telemetry, SUBJECT_GUEST, course->uuid);
        uint64_t memory = guest ? guest->last.values[METRIC_BALLOON] : METRIC_MISSING;

        if (course->balloon == 0 || memory == METRIC_MISSING || memory <= course->balloon)
                return 0;
        return memory - course->balloon;
}

/* Libvirt tells a balloon what to have, and its driver in the guest takes its time, or is not. */
static bool keeps(const Course *course, const char *resource) {
        return g_str_has_prefix(resource, "memory:") && course->target &&
               slice_grants_sum(course->target, resource, NULL) > 0 && course_keeps(course) > 0;
}

static uint64_t count_held(const Course *course, const char *resource) {
        const GPtrArray *grants = course->held ?: course->target;
        uint64_t kept = keeps(course, resource) ? course_keeps(course) : 0;

        return (grants ? slice_grants_sum(grants, resource, NULL) : 0) + kept;
}

/* Nobody has seen what it has, and it is to lose some of it, or all. */
static bool is_unknown(const Course *course) {
        return !course->held && course->target && (course->had || course->target->len == 0);
}

static bool may_hold(const Course *course, const char *resource) {
        const Slice *wish = course->had ? course->had->wish : NULL;

        if (!wish)
                return false;
        if (g_str_has_prefix(resource, "core:"))
                return wish->cores.count > 0;
        return !g_str_has_prefix(resource, "memory:") || wish->memory.size > 0;
}

static bool leaves(const Course *course, const char *resource) {
        if (is_unknown(course))
                return may_hold(course, resource);
        if (keeps(course, resource))
                return true;
        return course->held &&
               count_held(course, resource) > slice_grants_sum(course->target, resource, NULL);
}

static uint64_t count_all(const Course *course, const char *resource) {
        const Resource *found = resource_map_find(slices_map(course->enforcer->manager->slices),
                                                  resource);

        if (!found)
                return 0;
        return found->kind == RESOURCE_CORE ? found->total * MILLI_CPUS : found->total;
}

static uint64_t count_others(const Course *course, const char *resource) {
        GHashTableIter iter;
        uint64_t sum = 0;
        void *other;

        g_hash_table_iter_init(&iter, course->enforcer->courses);
        while (g_hash_table_iter_next(&iter, NULL, &other))
                if (other != course)
                        sum += count_held(other, resource);
        return sum;
}

/* Whoever has them alone is not to find others there. */
static bool keeps_off(const Course *course, const Course *other, const char *resource) {
        return course->entry->wish->cores.exclusive && g_str_has_prefix(resource, "core:") &&
               other->away && other->state != COURSE_IDLE;
}

/* NULL: nobody. One of whom nobody knows what it has may have all of it. */
static const Course *find_leaver(const Course *course, const char *resource, uint64_t wanted) {
        bool enough = wanted + count_others(course, resource) <= count_all(course, resource);
        GHashTableIter iter;
        void *other;

        g_hash_table_iter_init(&iter, course->enforcer->courses);
        while (g_hash_table_iter_next(&iter, NULL, &other))
                if (other != course &&
                    (keeps_off(course, other, resource) ||
                     (leaves(other, resource) && (!enough || is_unknown(other)))))
                        return other;
        return NULL;
}

static const Course *find_blocker(const Course *course, const char **ret_resource) {
        const GPtrArray *grants = course->entry ? course->entry->grants : NULL;

        for (guint i = 0; grants && i < grants->len; i++) {
                const char *resource = ((const SliceGrant *)grants->pdata[i])->resource;
                uint64_t wanted = slice_grants_sum(grants, resource, NULL);
                const Course *leaver = NULL;

                if (!is_leased(resource) &&
                    (!course->held || wanted > count_held(course, resource)))
                        leaver = find_leaver(course, resource, wanted);
                if (!leaver)
                        continue;
                *ret_resource = resource;
                return leaver;
        }
        return NULL;
}

/* Two that exchange their cores would wait for each other for ever. */
static bool waits_for(const Course *course, const Course *other) {
        GHashTable *courses = course->enforcer->courses;

        for (guint n = g_hash_table_size(courses); n > 0 && course; n--) {
                if (course == other)
                        return true;
                if (course->state != COURSE_WAITING)
                        return false;
                course = g_hash_table_lookup(courses, course->blocker);
        }
        return false;
}

static GError *not_left(const Course *blocker, const char *resource) {
        uint64_t kept = course_keeps(blocker);
        g_autofree char *size = place_amount(kept, "bytes");

        if (kept > 0)
                return g_error_new(FERRY_ERROR, FERRY_ERROR_BUSY,
                                   "Guest %s has not given back %s of memory yet, as its balloon "
                                   "was told to: this guest gets %s as soon as it has, or when it "
                                   "is shut down",
                                   blocker->name, size, resource);
        return g_error_new(FERRY_ERROR, FERRY_ERROR_BUSY,
                           "Guest %s has not left %s yet, for a reason that is in the journal: "
                           "this guest gets it as soon as it has, or when it is shut down",
                           blocker->name, resource);
}

static void tell(const Course *course, const Course *blocker, const char *resource) {
        const SliceEnforcer *enforcer = course->enforcer;
        g_autoptr(GError) error = NULL;

        if (blocker->state != COURSE_IDLE) {
                g_info("Guest %s gets %s when guest %s has left it", course->name, resource,
                       blocker->name);
                return;
        }

        error = not_left(blocker, resource);
        enforcer->done(enforcer->userdata, course->uuid, error);
}

bool course_waits(Course *course) {
        const char *resource = NULL;
        const Course *blocker = find_blocker(course, &resource);

        if (!blocker || waits_for(blocker, course))
                return false;

        course->state = COURSE_WAITING;
        g_free(course->blocker);
        course->blocker = g_strdup(blocker->uuid);
        tell(course, blocker, resource);
        return true;
}

void courses_wake(SliceEnforcer *enforcer) {
        g_autoptr(GPtrArray) waiting = g_ptr_array_new();
        GHashTableIter iter;
        void *course;

        g_hash_table_iter_init(&iter, enforcer->courses);
        while (g_hash_table_iter_next(&iter, NULL, &course))
                if (((Course *)course)->state == COURSE_WAITING)
                        g_ptr_array_add(waiting, course);
        for (guint i = 0; i < waiting->len; i++)
                course_begin(waiting->pdata[i]);
}

/* Only then: each new attempt is told again. */
static bool has_given_back(const Course *course) {
        const Course *blocker = course->blocker ? g_hash_table_lookup(course->enforcer->courses,
                                                                      course->blocker)
                                                : NULL;

        return course->state == COURSE_WAITING && blocker && blocker->state == COURSE_IDLE &&
               blocker->balloon > 0 && course_keeps(blocker) == 0;
}

void slice_enforcer_on_sampled(SliceEnforcer *enforcer) {
        g_autoptr(GPtrArray) waiting = g_ptr_array_new();
        GHashTableIter iter;
        void *course;

        g_hash_table_iter_init(&iter, enforcer->courses);
        while (g_hash_table_iter_next(&iter, NULL, &course))
                if (has_given_back(course))
                        g_ptr_array_add(waiting, course);
        for (guint i = 0; i < waiting->len; i++)
                course_begin(waiting->pdata[i]);
}
