/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-move.h"

#include "daemon/advisor.h"
#include "daemon/swap.h"
#include "xml/ferry-error.h"

typedef struct Course {
        Manager *manager;
        GPtrArray *moves; /* AdvisorMove */
        guint n_done;
        AdvisorMoved reply;
        void *userdata;
} Course;

AdvisorMove *advisor_move_new(const char *uuid, const char *name, const char *device,
                              const char *target) {
        AdvisorMove *move = g_new0(AdvisorMove, 1);

        move->uuid = g_strdup(uuid);
        move->name = g_strdup(name);
        move->device = g_strdup(device);
        move->target = g_strdup(target);
        return move;
}

void advisor_move_free(AdvisorMove *move) {
        if (!move)
                return;

        g_free(move->uuid);
        g_free(move->name);
        g_free(move->device);
        g_free(move->target);
        g_free(move);
}

/* Exchanges ----------------------------------------------------------------------------- */

static void end(Course *course, const GError *error) {
        course->reply(course->userdata, error);
        g_ptr_array_unref(course->moves);
        g_free(course);
}

/* Who has given its VF back does not get it again: the policy decides anew. */
static void fail(Course *course, const GError *error) {
        const AdvisorMove *before = course->n_done > 0 ? course->moves->pdata[0] : NULL;
        g_autoptr(GError) told = NULL;

        if (!before) {
                end(course, error);
                return;
        }
        g_set_error(&told, error->domain, error->code, "%s; guest %s has given its VF back already",
                    error->message, before->name);
        end(course, told);
}

static void fail_frozen(Course *course) {
        g_autoptr(GError) error = NULL;

        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "The policy was frozen meanwhile: 'virt-ferry policy thaw' ends that");
        fail(course, error);
}

static void next(Course *course);

/* A SwapReply. */
static void on_swapped(void *userdata, const Swapped *done, const GError *error) {
        Course *course = userdata;

        if (error) {
                fail(course, error);
                return;
        }
        course->n_done++;
        next(course);
}

static void next(Course *course) {
        const AdvisorMove *move;

        if (course->n_done == course->moves->len) {
                end(course, NULL);
                return;
        }
        if (advisor_state(course->manager->advisor).frozen) {
                fail_frozen(course);
                return;
        }
        move = course->moves->pdata[course->n_done];
        swaps_begin(course->manager->swaps, move->uuid, move->device, move->target, false,
                    on_swapped, course);
}

void advisor_moves_begin(Manager *manager, GPtrArray *moves, AdvisorMoved reply, void *userdata) {
        Course *course = g_new0(Course, 1);

        course->manager = manager;
        course->moves = moves;
        course->reply = reply;
        course->userdata = userdata;
        next(course);
}
