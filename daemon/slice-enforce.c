/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-enforce-parts.h"

#include <string.h>

#include "daemon/slice-functions.h"
#include "daemon/slice-kernel.h"
#include "daemon/slices.h"
#include "xml/domain.h"
#include "xml/ferry-error.h"

/* Outlives the enforcer when libvirt answers late. */
typedef struct Question {
        SliceEnforcer *enforcer; /* NULL: nobody waits any more */
        char *uuid;
} Question;

static void course_free(gpointer p) {
        Course *course = p;

        slice_entry_free(course->entry);
        slice_entry_free(course->had);
        slice_entry_free(course->next);
        g_clear_pointer(&course->functions, g_ptr_array_unref);
        g_clear_pointer(&course->steps, g_ptr_array_unref);
        g_clear_pointer(&course->held, g_ptr_array_unref);
        g_clear_pointer(&course->target, g_ptr_array_unref);
        g_hash_table_unref(course->rated);
        g_clear_pointer(&course->after, tuning_away_free);
        g_free(course->blocker);
        g_free(course->name);
        g_free(course->uuid);
        g_free(course);
}

static void question_free(Question *question) {
        if (question->enforcer)
                g_ptr_array_remove_fast(question->enforcer->questions, question);
        g_free(question->uuid);
        g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

SliceEnforcer *slice_enforcer_new(Manager *manager, SliceEnforced done, void *userdata) {
        SliceEnforcer *enforcer = g_new0(SliceEnforcer, 1);

        enforcer->manager = manager;
        enforcer->done = done;
        enforcer->userdata = userdata;
        enforcer->courses = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, course_free);
        enforcer->questions = g_ptr_array_new();
        return enforcer;
}

void slice_enforcer_free(SliceEnforcer *enforcer) {
        if (!enforcer)
                return;

        for (guint i = 0; i < enforcer->questions->len; i++)
                ((Question *)enforcer->questions->pdata[i])->enforcer = NULL;
        g_ptr_array_unref(enforcer->questions);
        g_hash_table_unref(enforcer->courses);
        g_free(enforcer);
}

Course *course_of(SliceEnforcer *enforcer, const char *domain_uuid, const char *name) {
        Course *course = g_hash_table_lookup(enforcer->courses, domain_uuid);

        if (course)
                return course;

        course = g_new0(Course, 1);
        course->enforcer = enforcer;
        course->uuid = g_strdup(domain_uuid);
        course->name = g_strdup(name);
        course->rated = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(enforcer->courses, course->uuid, course);
        return course;
}

/* The end ---------------------------------------------------------------------------- */

/* What was carried out is what the next one is held against. */
static void note_had(Course *course, const GError *error) {
        if (error) {
                g_clear_pointer(&course->entry, slice_entry_free);
                return;
        }
        g_clear_pointer(&course->held, g_ptr_array_unref);
        course->held = course->entry ? slice_grants_copy(course->entry->grants)
                                     : slice_grants_new();
        slice_entry_free(course->had);
        course->had = g_steal_pointer(&course->entry);
}

/* It is to lose what it has lost already. */
static bool is_lifted(const Course *course) {
        return !course->next && !course->had;
}

void course_go_on(Course *course) {
        course->state = COURSE_IDLE;
        course->away = false;
        if (course->again) {
                course->again = false;
                course->entry = g_steal_pointer(&course->next);
                course_begin(course);
        } else if (course->away_due && !course->has_cores) {
                course->away_due = false;
                course->away = true;
                course_begin(course);
        }
}

static bool has_cores(const SliceEntry *entry) {
        return entry && entry->wish->cores.count > 0;
}

/* Whoever has none by us may not have what others have alone. */
static void note_cores(Course *course) {
        SliceEnforcer *enforcer = course->enforcer;

        course->away_due = !has_cores(course->had) && number_set_count(&enforcer->away) > 0;
        if (has_cores(course->had))
                enforcer_forget_away(enforcer, course->uuid);
}

void course_finish(Course *course, const GError *error) {
        SliceEnforcer *enforcer = course->enforcer;
        g_autofree char *uuid = g_strdup(course->uuid);
        bool again;

        if (error && course->functions)
                slice_functions_give_back(enforcer->manager, course->functions);
        g_clear_pointer(&course->functions, g_ptr_array_unref);
        g_clear_pointer(&course->steps, g_ptr_array_unref);
        note_had(course, error);
        course->state = COURSE_IDLE;
        course->again = course->again && !is_lifted(course);
        again = course->again;
        if (!error)
                note_cores(course);
        course_go_on(course);
        if (!again)
                enforcer->done(enforcer->userdata, uuid, error);
        courses_wake(enforcer);
}

/* The plan --------------------------------------------------------------------------- */

static bool find_functions(Course *course, const char *xml, GError **error) {
        Manager *manager = course->enforcer->manager;
        const SliceEntry *entry = course->entry ?: course->had;
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), error);

        if (!domain)
                return false;

        course->functions = slice_functions_read(manager, entry, domain);
        return !course->entry ||
               slice_functions_take(manager, entry, domain, course->functions, error);
}

static bool loses_cores(const Course *course) {
        return has_cores(course->had) && !has_cores(course->entry);
}

static bool make_plan(Course *course, const char *xml, GError **error) {
        const Manager *manager = course->enforcer->manager;
        TuningHost host = { 0 };

        if ((course->entry && !slice_kernel_check(manager, course->entry->wish, error)) ||
            !find_functions(course, xml, error))
                return false;

        host.functions = course->functions;
        host.away = &course->enforcer->away;
        slice_kernel_read_shares(manager, course->uuid, &host);
        course->steps = tuning_plan(xml, course->entry, course->had, slices_map(manager->slices),
                                    &host, error);
        if (course->steps && loses_cores(course))
                course_note_anywhere(course, xml);
        return course->steps;
}

void course_tell_plan(const Course *course) {
        for (guint i = 0; i < course->steps->len; i++) {
                const TuningStep *step = course->steps->pdata[i];
                g_autofree char *what = tuning_describe(step->wanted);

                g_info("Guest %s: %s", course->name, what);
        }
}

/* A GuestFinder. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Question) question = userdata;
        g_autoptr(GError) error = NULL;
        Course *course = NULL;

        if (question->enforcer)
                course = g_hash_table_lookup(question->enforcer->courses, question->uuid);
        if (!course || course->state != COURSE_FINDING)
                return;

        if (course->away) {
                course_away_found(course, found);
                return;
        }
        if (found->xml && found->running && course_waits(course))
                return;
        if (!found->xml || !found->running)
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                                    found->detail ?: "The guest does not run");
        else if (make_plan(course, found->xml, &error)) {
                course_tell_plan(course);
                course_take_steps(course);
                return;
        }
        course_finish(course, error);
}

void course_begin(Course *course) {
        SliceEnforcer *enforcer = course->enforcer;
        const VirtOps *virt = enforcer->manager->virt;
        g_autoptr(GError) error = NULL;
        Question *question;

        if (!virt && course->away) {
                course_go_on(course);
                return;
        }
        if (!virt) {
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                                    "libvirt is not connected: the guest gets its hardware slice "
                                    "when it is");
                course_finish(course, error);
                return;
        }

        question = g_new0(Question, 1);
        question->enforcer = enforcer;
        question->uuid = g_strdup(course->uuid);
        g_ptr_array_add(enforcer->questions, question);
        course->state = COURSE_FINDING;
        virt->find(virt->userdata, course->uuid, on_found, question);
}

/* Asked ------------------------------------------------------------------------------ */

static void note_target(Course *course, const SliceEntry *entry) {
        g_clear_pointer(&course->target, g_ptr_array_unref);
        course->target = entry ? slice_grants_copy(entry->grants) : slice_grants_new();
        course->has_cores = has_cores(entry);
}

static void ask(Course *course, SliceEntry *taken_entry) {
        note_target(course, taken_entry);
        if (course->state == COURSE_IDLE || course->state == COURSE_WAITING) {
                slice_entry_free(course->entry);
                course->entry = taken_entry;
                course_begin(course);
                return;
        }

        course->again = true;
        slice_entry_free(course->next);
        course->next = taken_entry;
}

void slice_enforcer_apply(SliceEnforcer *enforcer, const SliceEntry *entry) {
        Course *course = course_of(enforcer, entry->domain_uuid, entry->domain_name);

        /* an enforcer that is new knows only what was stored */
        if (entry->had && !course->had)
                course->had = slice_entry_as_it_was(entry);
        ask(course, slice_entry_copy(entry));
}

void slice_enforcer_lift(SliceEnforcer *enforcer, const SliceEntry *had) {
        Course *course = course_of(enforcer, had->domain_uuid, had->domain_name);

        if (course->state == COURSE_IDLE || !course->had) {
                slice_entry_free(course->had);
                course->had = slice_entry_copy(had);
        }
        if (!course->held && had->grants->len > 0)
                course->held = slice_grants_copy(had->grants);
        ask(course, NULL);
}

void slice_enforcer_on_tuned(SliceEnforcer *enforcer, const GuestEvent *event) {
        Course *course = g_hash_table_lookup(enforcer->courses, event->uuid);

        if (!course || course->state != COURSE_TUNING)
                return;
        if (course->away)
                course_away_tuned(course, event->detail);
        else
                course_on_tuned(course, event->detail);
}

void slice_enforcer_forget(SliceEnforcer *enforcer, const char *domain_uuid) {
        Course *course = g_hash_table_lookup(enforcer->courses, domain_uuid);

        if (course) {
                g_clear_pointer(&course->functions, g_ptr_array_unref);
                course_end_rates(course);
        }
        slice_kernel_forget(enforcer->manager, domain_uuid);
        enforcer_forget_away(enforcer, domain_uuid);
        if (course) {
                g_hash_table_remove(enforcer->courses, domain_uuid);
                courses_wake(enforcer);
        }
}
