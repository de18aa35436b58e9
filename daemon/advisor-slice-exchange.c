/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slice-exchange.h"

#include "daemon/advisor.h"
#include "daemon/core/slice-source.h"
#include "daemon/core/tuning.h"
#include "daemon/slices.h"
#include "daemon/swap.h"
#include "xml/ferry-error.h"

typedef struct Course {
        Manager *manager;
        char *uuid, *name, *function, *type, *present;
        GError *reason; /* why it has failed, while the slice is asked for its old type */
        AdvisorMoved reply;
        void *userdata;
} Course;

/* When the daemon ends there are no slices any more. */
static void end(Course *course, const GError *error) {
        if (course->manager->slices)
                slices_resume(course->manager->slices, course->uuid);
        course->reply(course->userdata, error);
        g_clear_error(&course->reason);
        g_free(course->uuid);
        g_free(course->name);
        g_free(course->function);
        g_free(course->type);
        g_free(course->present);
        g_free(course);
}

static void ask(Course *course, const char *type, SliceAnswer answer) {
        const char *const qos[] = { "name", course->function, "type", type, NULL };
        const SliceAsk said = {
                .domain_uuid = course->uuid,
                .domain_name = course->name,
                .kind = "functions",
                .qos = qos,
        };

        slices_ask(course->manager->slices, &said, answer, course);
}

/* A SliceAnswer. */
static void on_taken_back(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                          const GError *error) {
        Course *course = userdata;

        if (error)
                g_warning("The slice of guest %s says %s of %s still: %s", course->name,
                          course->type, course->function, error->message);
        end(course, course->reason);
}

/* When the daemon ends, the next one tells of the type that the guest has still. */
static void take_back(Course *course, const GError *reason) {
        if (!course->manager->slices) {
                end(course, reason);
                return;
        }
        course->reason = g_error_copy(reason);
        ask(course, course->present, on_taken_back);
}

/* A SwapReply. */
static void on_exchanged(void *userdata, const Swapped *done, const GError *error) {
        Course *course = userdata;

        if (error)
                take_back(course, error);
        else
                end(course, NULL);
}

static void exchange(Course *course, const char *parent) {
        g_autofree char *target = g_strdup_printf("%s/%s", parent, course->type);
        g_autofree char *alias = tuning_alias(course->function);
        g_autoptr(GError) error = NULL;

        if (!advisor_state(course->manager->advisor).frozen) {
                swaps_begin(course->manager->swaps, course->uuid, alias, target, false,
                            on_exchanged, course);
                return;
        }
        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "The policy was frozen meanwhile: 'virt-ferry policy thaw' ends that");
        take_back(course, error);
}

/* A SliceAnswer. */
static void on_asked(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                     const GError *error) {
        Course *course = userdata;
        g_auto(SliceSource) source = { 0 };

        if (error) {
                end(course, error);
                return;
        }
        if (!slice_source_find(entry->grants, course->function, &source))
                g_assert_not_reached(); /* it would not have been placed */
        exchange(course, source.parent);
}

void slice_exchange_begin(Manager *manager, const SliceExchange *wanted, AdvisorMoved reply,
                          void *userdata) {
        Course *course = g_new0(Course, 1);

        course->manager = manager;
        course->uuid = g_strdup(wanted->uuid);
        course->name = g_strdup(wanted->name);
        course->function = g_strdup(wanted->function);
        course->type = g_strdup(wanted->type);
        course->present = g_strdup(wanted->present);
        course->reply = reply;
        course->userdata = userdata;
        slices_hold(manager->slices, course->uuid);
        ask(course, course->type, on_asked);
}
