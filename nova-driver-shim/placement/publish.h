/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps Placement as the host is: asks for one step (step.h) after the other until nothing
 * is left to do, and looks once in a while whether somebody has changed it. At most one request is
 * under way. Main thread.
 */

#include "nova-driver-shim/placement/api.h"
#include "nova-driver-shim/placement/host-state.h"
#include "nova-driver-shim/placement/tree.h"

typedef enum PublishState {
        PUBLISH_BEHIND,    /* something is still to be written, or cannot be */
        PUBLISH_PUBLISHED, /* Placement has all of it */
        PUBLISH_AWAY,      /* nobody knows: it does not answer */
        _PUBLISH_STATE_MAX,
        _PUBLISH_STATE_INVALID = -22,
} PublishState;

const char *publish_state_to_string(PublishState state); /* "published" */

/* Which provider is this host's. */
typedef struct PublishRoot {
        const char *id_file; /* of nova-compute, with the UUID; may be missing */
        const char *name;    /* else the one of this name: the host's, as Nova has it */
} PublishRoot;

typedef struct PublishOptions {
        PublishRoot root;
        unsigned check_sec; /* how often is looked whether somebody has changed it */
} PublishOptions;

typedef struct Publisher Publisher;
typedef void (*PublishChanged)(void *userdata);

/* Borrows all of it. `changed` is called when what the functions below say is new. */
Publisher *publisher_new(sd_event *loop, Api *api, const PublishOptions *options,
                         PublishChanged changed, void *userdata);
void publisher_free(Publisher *publisher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Publisher, publisher_free)

/* Takes the state. NULL: nobody knows how the host is, and `problem` says why; what is published
 * stays. */
void publisher_set_host(Publisher *publisher, HostState *host, const char *problem);
/* Placement may have other consumers of this provider than a moment ago: by our own doing. */
void publisher_look_again(Publisher *publisher, const char *uuid);
/* Those with allocations of this provider, UUIDs, NULL-terminated. NULL: not known now. Until the
 * loop goes on. */
const char *const *publisher_consumers(const Publisher *publisher, const char *uuid);
/* All is reserved from now on; `changed` is called at the latest when that is so. */
void publisher_close(Publisher *publisher);
bool publisher_is_closed(const Publisher *publisher);

PublishState publisher_state(const Publisher *publisher);
const char *publisher_problem(const Publisher *publisher);     /* "" none */
uint64_t publisher_published_usec(const Publisher *publisher); /* CLOCK_REALTIME; 0 never */
/* What the host is to have in Placement; NULL: not known yet. Until the loop goes on. */
const Tree *publisher_tree(const Publisher *publisher);
const HostState *publisher_host(const Publisher *publisher); /* the same */
