/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/publish-parts.h"

void publish_set_state(Publisher *publisher, PublishState state) {
        if (publisher->state == state)
                return;

        publisher->state = state;
        publisher->changed(publisher->userdata);
}

void publish_trouble(Publisher *publisher, TroubleKind kind, const char *sentence,
                     PublishState state) {
        if (trouble_begins(&publisher->trouble, kind, sentence) && publisher->state == state)
                publisher->changed(publisher->userdata);
        publish_set_state(publisher, state);
}

/* Waiting ------------------------------------------------------------------------- */

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Publisher *publisher = userdata;

        publisher->timer = sd_event_source_disable_unref(publisher->timer);
        if (publisher->resting && publisher->found)
                publisher->found->known = false;
        publisher->resting = false;
        publish_advance(publisher);
        return 0;
}

void publish_wait(Publisher *publisher, uint64_t usec, bool resting) {
        publisher->timer = sd_event_source_disable_unref(publisher->timer);
        publisher->resting = resting;
        (void)sd_event_add_time_relative(publisher->loop, &publisher->timer, CLOCK_MONOTONIC, usec,
                                         0, on_time, publisher);
}

/* Failures ------------------------------------------------------------------------ */

static void on_conflict(Publisher *publisher, const ApiError *error) {
        uint64_t usec = pace_after_conflict(&publisher->pace, g_random_double());

        if (usec > PACE_COALESCE_USEC)
                publish_trouble(publisher, TROUBLE_CONFLICT, error->sentence, PUBLISH_BEHIND);
        publish_wait(publisher, usec, false);
}

void publish_on_no_answer(Publisher *publisher, const ApiError *error) {
        publish_trouble(publisher, TROUBLE_AWAY, error->sentence, PUBLISH_AWAY);
        publish_wait(publisher, pace_after_failure(&publisher->pace, g_random_double()), false);
}

void publish_on_refusal(Publisher *publisher, const ApiError *error) {
        publish_trouble(publisher, TROUBLE_REFUSED, error->sentence, PUBLISH_AWAY);
        publish_wait(publisher, pace_after_refusal(&publisher->pace, g_random_double()), false);
}

/* Allocations, or children of somebody else's: what is there stays, with all of it reserved. */
static void on_in_use(Publisher *publisher, const Step *step, const ApiError *error) {
        g_auto(GStrv) dropped = NULL;

        if (step->kind != STEP_INVENTORIES) {
                found_stays(publisher->found, step->uuid);
                return;
        }

        dropped = step_dropped(step, publisher->found);
        if (!*dropped)
                found_problem(publisher->found, step->uuid, g_strdup(error->sentence));
        for (char **name = dropped; *name; name++)
                found_keeps(publisher->found, step->uuid, *name);
}

/* Of one provider: the others go on. Of a class or trait: without it nobody does. */
static void on_bug(Publisher *publisher, const Step *step, const ApiError *error) {
        if (step->uuid && step->kind != STEP_READ_TREE)
                found_problem(publisher->found, step->uuid, g_strdup(error->sentence));
        else
                publish_on_refusal(publisher, error);
}

void publish_on_error(Publisher *publisher, const Step *step, const ApiError *error) {
        /* whether it was done or not, it is not as it was */
        if (step->uuid && error->kind != API_ERROR_IN_USE)
                found_doubt(publisher->found, step->uuid);

        switch (error->kind) {
        case API_ERROR_CONFLICT:
                on_conflict(publisher, error);
                break;
        case API_ERROR_MISSING:
                found_doubt_all(publisher->found);
                on_conflict(publisher, error);
                break;
        case API_ERROR_IN_USE:
                on_in_use(publisher, step, error);
                break;
        case API_ERROR_RETRY:
                publisher->found->known = false;
                publish_on_no_answer(publisher, error);
                break;
        case API_ERROR_AUTH:
                publish_on_refusal(publisher, error);
                break;
        case API_ERROR_DUPLICATE:
        case API_ERROR_CAPACITY:
        case API_ERROR_BUG:
        case _API_ERROR_MAX:
                on_bug(publisher, step, error);
                break;
        }
}
