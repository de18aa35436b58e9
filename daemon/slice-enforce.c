/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-enforce.h"

#include <string.h>

#include "daemon/slice-functions.h"
#include "daemon/slice-kernel.h"
#include "xml/domain.h"
#include "xml/ferry-error.h"

struct SliceEnforcer {
        Manager *manager;
        SliceEnforced done;
        void *userdata;
        GHashTable *courses;  /* UUID to Course */
        GPtrArray *questions; /* Question, that libvirt has yet to answer; borrowed */
};

typedef enum CourseState {
        COURSE_IDLE,
        COURSE_FINDING,
        COURSE_TUNING,
} CourseState;

/* One guest: what it has by us, what it gets, and what was asked meanwhile. */
typedef struct Course {
        SliceEnforcer *enforcer;
        char *uuid;
        CourseState state;
        SliceEntry *entry, *had; /* entry NULL: it loses its slice */
        GPtrArray *functions;    /* TuningFunction */
        GPtrArray *steps;
        GHashTable *rated; /* VFs that have a rate by us, so that their next owner has none */
        bool again;        /* with: */
        SliceEntry *next;
} Course;

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
        g_hash_table_unref(course->rated);
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

static Course *course_of(SliceEnforcer *enforcer, const char *uuid) {
        Course *course = g_hash_table_lookup(enforcer->courses, uuid);

        if (course)
                return course;

        course = g_new0(Course, 1);
        course->enforcer = enforcer;
        course->uuid = g_strdup(uuid);
        course->rated = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(enforcer->courses, course->uuid, course);
        return course;
}

/* The end ---------------------------------------------------------------------------- */

static void begin(Course *course);

/* What was carried out is what the next one is held against. */
static void note_had(Course *course, const GError *error) {
        if (error) {
                g_clear_pointer(&course->entry, slice_entry_free);
                return;
        }
        slice_entry_free(course->had);
        course->had = g_steal_pointer(&course->entry);
}

/* It is to lose what it has lost already. */
static bool is_lifted(const Course *course) {
        return !course->next && !course->had;
}

static void finish(Course *course, const GError *error) {
        SliceEnforcer *enforcer = course->enforcer;
        g_autofree char *uuid = g_strdup(course->uuid);
        bool again;

        if (error && course->functions)
                slice_functions_give_back(enforcer->manager, course->functions);
        g_clear_pointer(&course->functions, g_ptr_array_unref);
        g_clear_pointer(&course->steps, g_ptr_array_unref);
        note_had(course, error);
        course->state = COURSE_IDLE;
        again = course->again && !is_lifted(course);
        course->again = false;
        if (!again) {
                enforcer->done(enforcer->userdata, uuid, error);
                return;
        }

        course->entry = g_steal_pointer(&course->next);
        begin(course);
}

/* The kernel's steps ----------------------------------------------------------------- */

static void note_rate(const Course *course, const Tuning *tuning) {
        if (tuning->kind != TUNE_VF_RATE)
                return;
        if (tuning->number > 0 || tuning->number2 > 0)
                g_hash_table_add(course->rated, g_strdup(tuning->target));
        else
                g_hash_table_remove(course->rated, tuning->target);
}

static bool tune(const Course *course, const Tuning *tuning, GError **error) {
        if (!slice_kernel_tune(course->enforcer->manager, course->uuid, tuning, error))
                return false;

        note_rate(course, tuning);
        return true;
}

static bool is_due(const TuningStep *step, bool shrinks) {
        return tuning_is_kernel(step->wanted->kind) && step->shrinks == shrinks;
}

/* Several writes, of which the last may have failed. */
static bool may_be_half(const TuningStep *step) {
        return step->wanted->kind == TUNE_RESCTRL;
}

static void undo_kernel(const Course *course, guint n, bool shrinks) {
        while (n-- > 0) {
                const TuningStep *step = course->steps->pdata[n];
                g_autoptr(GError) error = NULL;

                if (is_due(step, shrinks) && !tune(course, step->before, &error))
                        g_warning("Not undone: %s", error->message);
        }
}

static bool take_kernel(const Course *course, bool shrinks, GError **error) {
        for (guint i = 0; i < course->steps->len; i++) {
                const TuningStep *step = course->steps->pdata[i];

                if (!is_due(step, shrinks) || tune(course, step->wanted, error))
                        continue;
                undo_kernel(course, i + (may_be_half(step) ? 1 : 0), shrinks);
                return false;
        }
        return true;
}

static bool is_of_function(const Course *course, const char *device) {
        for (guint i = 0; course->functions && i < course->functions->len; i++)
                if (g_str_equal(((TuningFunction *)course->functions->pdata[i])->device, device))
                        return true;
        return false;
}

/* It may have gone to another guest, which has a rate of its own then. */
static void end_rate(const Course *course, const char *device) {
        const Manager *manager = course->enforcer->manager;
        const Lease *lease = lease_book_find_device(manager->leases, device);
        g_autoptr(Tuning) none = tuning_new(TUNE_VF_RATE, device, 0, 0);
        g_autoptr(GError) error = NULL;

        if (lease && !g_str_equal(lease->domain_uuid, course->uuid))
                return;
        if (!slice_kernel_tune(manager, course->uuid, none, &error))
                g_info("%s keeps its rate: %s", device, error->message);
}

/* Of VFs that are of no function of its slice any more. */
static void end_rates(const Course *course) {
        GHashTableIter iter;
        gpointer device;

        g_hash_table_iter_init(&iter, course->rated);
        while (g_hash_table_iter_next(&iter, &device, NULL)) {
                if (is_of_function(course, device))
                        continue;
                end_rate(course, device);
                g_hash_table_iter_remove(&iter);
        }
}

/* libvirt has done its part, so what is left may only be too much; and the guest has all functions,
 * so that none is given back whatever comes. */
static void end_well(Course *course) {
        g_autoptr(GError) error = NULL;

        if (!take_kernel(course, true, &error))
                g_prefix_error(&error, "All is done but what was to be less: ");
        end_rates(course);
        g_clear_pointer(&course->functions, g_ptr_array_unref);
        finish(course, error);
}

void slice_enforcer_on_tuned(SliceEnforcer *enforcer, const GuestEvent *event) {
        Course *course = g_hash_table_lookup(enforcer->courses, event->uuid);
        g_autoptr(GError) error = NULL;

        if (!course || course->state != COURSE_TUNING)
                return;
        if (!event->detail) {
                end_well(course);
                return;
        }

        undo_kernel(course, course->steps->len, false);
        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_HARDWARE, event->detail);
        finish(course, error);
}

static void take_steps(Course *course) {
        g_autoptr(GPtrArray) steps = tuning_steps_new();
        const VirtOps *virt = course->enforcer->manager->virt;
        g_autoptr(GError) error = NULL;

        if (!take_kernel(course, false, &error)) {
                finish(course, error);
                return;
        }

        g_ptr_array_set_free_func(steps, NULL);
        for (guint i = 0; i < course->steps->len; i++) {
                TuningStep *step = course->steps->pdata[i];

                if (!tuning_is_kernel(step->wanted->kind))
                        g_ptr_array_add(steps, step);
        }
        if (steps->len == 0) {
                end_well(course);
                return;
        }
        course->state = COURSE_TUNING;
        virt->tune(virt->userdata, course->uuid, steps);
}

/* The plan --------------------------------------------------------------------------- */

static ResourceMap *read_map(const Manager *manager) {
        const ResourceSources sources = { .sysfs = manager->sysfs,
                                          .inventory = manager->inventory,
                                          .leases = manager->leases,
                                          .rtnl = manager->rtnl };

        return resource_map_read(&sources);
}

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

static bool make_plan(Course *course, const char *xml, GError **error) {
        const Manager *manager = course->enforcer->manager;
        g_autoptr(ResourceMap) map = NULL;
        TuningHost host = { 0 };

        if ((course->entry && !slice_kernel_check(manager, course->entry->wish, error)) ||
            !find_functions(course, xml, error))
                return false;

        map = read_map(manager);
        host.functions = course->functions;
        slice_kernel_read_shares(manager, course->uuid, &host);
        course->steps = tuning_plan(xml, course->entry, course->had, map, &host, error);
        return course->steps;
}

static void tell_plan(const Course *course, const char *name) {
        for (guint i = 0; i < course->steps->len; i++) {
                const TuningStep *step = course->steps->pdata[i];
                g_autofree char *what = tuning_describe(step->wanted);

                g_info("Guest %s: %s", name, what);
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

        if (!found->xml || !found->running)
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                                    found->detail ?: "The guest does not run");
        else if (make_plan(course, found->xml, &error)) {
                tell_plan(course, found->name ?: course->uuid);
                take_steps(course);
                return;
        }
        finish(course, error);
}

static void begin(Course *course) {
        SliceEnforcer *enforcer = course->enforcer;
        const VirtOps *virt = enforcer->manager->virt;
        g_autoptr(GError) error = NULL;
        Question *question;

        if (!virt) {
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                                    "libvirt is not connected: the guest gets its hardware slice "
                                    "when it is");
                finish(course, error);
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

static void ask(Course *course, SliceEntry *taken_entry) {
        if (course->state == COURSE_IDLE) {
                course->entry = taken_entry;
                begin(course);
                return;
        }

        course->again = true;
        slice_entry_free(course->next);
        course->next = taken_entry;
}

void slice_enforcer_apply(SliceEnforcer *enforcer, const SliceEntry *entry) {
        ask(course_of(enforcer, entry->domain_uuid), slice_entry_copy(entry));
}

void slice_enforcer_lift(SliceEnforcer *enforcer, const SliceEntry *had) {
        Course *course = course_of(enforcer, had->domain_uuid);

        if (course->state == COURSE_IDLE || !course->had) {
                slice_entry_free(course->had);
                course->had = slice_entry_copy(had);
        }
        ask(course, NULL);
}

void slice_enforcer_forget(SliceEnforcer *enforcer, const char *domain_uuid) {
        Course *course = g_hash_table_lookup(enforcer->courses, domain_uuid);

        if (course) {
                g_clear_pointer(&course->functions, g_ptr_array_unref);
                end_rates(course);
        }
        slice_kernel_forget(enforcer->manager, domain_uuid);
        g_hash_table_remove(enforcer->courses, domain_uuid);
}
