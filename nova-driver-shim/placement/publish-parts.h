/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of publish.h know of one publisher. */

#include "nova-driver-shim/placement/found.h"
#include "nova-driver-shim/placement/pace.h"
#include "nova-driver-shim/placement/publish.h"
#include "nova-driver-shim/placement/step.h"
#include "nova-driver-shim/placement/trouble.h"

struct Publisher {
        sd_event *loop;
        Api *api;
        PublishOptions options;
        PublishChanged changed;
        void *userdata;
        Pace pace;
        sd_event_source *timer; /* the next step, or the next look */
        bool resting;           /* it is the next look */
        ApiCall *call;
        Step *step; /* that is under way; NULL: the root is looked for */
        HostState *host;
        bool host_known; /* and it is as that says, as far as anybody knows */
        Found *found;    /* NULL: the root is not known */
        Tree *tree;      /* NULL: the host or the root's name is not known */
        bool closing, closed;
        PublishState state;
        Trouble trouble;
        uint64_t published_usec;
};

/* On with what is to be done, when nothing is waited for. */
void publish_advance(Publisher *publisher);
/* Asks for the step that is under way. */
void publish_ask(Publisher *publisher);

/* What others see. */
void publish_set_state(Publisher *publisher, PublishState state);
void publish_trouble(Publisher *publisher, TroubleKind kind, const char *sentence,
                     PublishState state);

/* The next turn is in so many us; `resting`: all is done until then. */
void publish_wait(Publisher *publisher, uint64_t usec, bool resting);

/* What comes of a step that failed, or of the question for the root. */
void publish_on_error(Publisher *publisher, const Step *step, const ApiError *error);
void publish_on_no_answer(Publisher *publisher, const ApiError *error);
void publish_on_refusal(Publisher *publisher, const ApiError *error);
