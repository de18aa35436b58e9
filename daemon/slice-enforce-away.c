/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-enforce-parts.h"

#include <string.h>

#include "daemon/slices.h"

/* A guest that has no cores by a slice stays off those that others have alone. What it had is
 * stored before it is touched, and goes when it has that again. */

static bool is_moving(const Course *course) {
        const Migration *move = migration_log_current(course->enforcer->manager->migrations,
                                                      course->uuid);

        return move && move->direction == MIGRATION_OUTGOING && move->state >= MIGRATION_PRECOPY;
}

static void warn(const Course *course, const char *reason) {
        g_warning("Guest %s may run on cores that hardware slices have alone: %s", course->name,
                  reason);
}

static void store(const SliceEnforcer *enforcer, const char *domain_uuid, const TuningAway *away) {
        g_autoptr(GError) error = NULL;

        if (!store_put_away(enforcer->manager->store, domain_uuid, away, &error))
                g_warning("%s", error->message);
}

static bool is_known(const SliceEnforcer *enforcer, const char *domain_uuid) {
        g_autoptr(TuningAway) away = NULL;

        return store_load_away(enforcer->manager->store, domain_uuid, &away, NULL) && away;
}

void enforcer_forget_away(SliceEnforcer *enforcer, const char *domain_uuid) {
        if (is_known(enforcer, domain_uuid))
                store(enforcer, domain_uuid, NULL);
}

void course_note_anywhere(const Course *course, const char *xml) {
        const NumberSet *cpus = &course->enforcer->away;
        g_autoptr(TuningAway) away = NULL;

        if (number_set_count(cpus) > 0)
                away = tuning_away_from_anywhere(xml, cpus, NULL);
        if (away)
                store(course->enforcer, course->uuid, away);
}

static void end(Course *course) {
        SliceEnforcer *enforcer = course->enforcer;

        g_clear_pointer(&course->steps, g_ptr_array_unref);
        g_clear_pointer(&course->after, tuning_away_free);
        course_go_on(course);
        courses_wake(enforcer);
}

/* Until now it may have been where it was before, too. */
static void settle(Course *course) {
        if (course->after)
                tuning_away_settle(course->after);
        if (course->after)
                store(course->enforcer, course->uuid, course->after);
        else
                enforcer_forget_away(course->enforcer, course->uuid);
}

static bool plan(Course *course, const char *xml, GError **error) {
        const SliceEnforcer *enforcer = course->enforcer;
        g_autoptr(TuningAway) before = NULL;
        g_autofree char *stuck = NULL;

        if (!store_load_away(enforcer->manager->store, course->uuid, &before, error))
                return false;

        course->steps = tuning_plan_away(xml, before, &enforcer->away,
                                         slices_map(enforcer->manager->slices), &course->after,
                                         &stuck, error);
        if (stuck)
                g_warning("Guest %s may run on CPUs %s alone, which hardware slices have for "
                          "themselves: it stays there, and they share these CPUs until its "
                          "<cputune> names others",
                          course->name, stuck);
        return course->steps;
}

void course_away_found(Course *course, const GuestEvent *found) {
        SliceEnforcer *enforcer = course->enforcer;
        const VirtOps *virt = enforcer->manager->virt;
        g_autoptr(GError) error = NULL;

        if (!found->xml || !found->running || is_moving(course)) {
                end(course);
                return;
        }
        if (!plan(course, found->xml, &error)) {
                warn(course, error->message);
                end(course);
                return;
        }
        if (course->steps->len == 0) {
                settle(course);
                end(course);
                return;
        }

        if (course->after)
                store(enforcer, course->uuid, course->after);
        course_tell_plan(course);
        course->state = COURSE_TUNING;
        virt->tune(virt->userdata, course->uuid, course->steps);
}

void course_away_tuned(Course *course, const char *detail) {
        if (detail)
                warn(course, detail);
        else
                settle(course);
        end(course);
}

/* Asked ------------------------------------------------------------------------------ */

bool slice_enforcer_set_away(SliceEnforcer *enforcer, const NumberSet *cpus) {
        if (memcmp(&enforcer->away, cpus, sizeof(*cpus)) == 0)
                return false;

        enforcer->away = *cpus;
        return true;
}

void slice_enforcer_keep_off(SliceEnforcer *enforcer, const char *domain_uuid, const char *name) {
        Course *course;

        if (number_set_count(&enforcer->away) == 0 && !is_known(enforcer, domain_uuid))
                return;

        course = course_of(enforcer, domain_uuid, name);
        course->away_due = true;
        if (course->state == COURSE_IDLE)
                course_go_on(course);
}
