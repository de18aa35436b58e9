/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-enforce-parts.h"
#include "daemon/slice-kernel.h"
#include "xml/ferry-error.h"

/* What grows is told to the kernel before libvirt is asked, what shrinks when that has done its
 * part. */

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

void course_end_rates(Course *course) {
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

/* Without a step it has what it is to have, whoever told it. */
static void note_balloon(Course *course) {
        if (course->balloon > 0)
                course->balloon = course->entry ? course->entry->wish->memory.size : 0;
        for (guint i = 0; i < course->steps->len; i++) {
                const Tuning *wanted = ((TuningStep *)course->steps->pdata[i])->wanted;

                if (wanted->kind == TUNE_MEMORY) /* virtio-mem has blocks, and so may have more */
                        course->balloon = wanted->element ? 0 : wanted->number;
        }
}

/* libvirt has done its part, so what is left may only be too much; and the guest has all functions,
 * so that none is given back whatever comes. */
static void end_well(Course *course) {
        g_autoptr(GError) error = NULL;

        note_balloon(course);
        if (!take_kernel(course, true, &error))
                g_prefix_error(&error, "All is done but what was to be less: ");
        course_end_rates(course);
        g_clear_pointer(&course->functions, g_ptr_array_unref);
        course_finish(course, error);
}

void course_on_tuned(Course *course, const char *detail) {
        g_autoptr(GError) error = NULL;

        if (!detail) {
                end_well(course);
                return;
        }

        undo_kernel(course, course->steps->len, false);
        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_HARDWARE, detail);
        course_finish(course, error);
}

void course_take_steps(Course *course) {
        g_autoptr(GPtrArray) steps = tuning_steps_new();
        const VirtOps *virt = course->enforcer->manager->virt;
        g_autoptr(GError) error = NULL;

        if (!take_kernel(course, false, &error)) {
                course_finish(course, error);
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
