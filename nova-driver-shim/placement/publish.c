/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/publish.h"

#include "nova-driver-shim/placement/publish-parts.h"
#include "nova-driver-shim/placement/publish-root.h"

/* What others see ----------------------------------------------------------------- */

static const char *const states[] = {
        [PUBLISH_BEHIND] = "behind",
        [PUBLISH_PUBLISHED] = "published",
        [PUBLISH_AWAY] = "away",
};
G_STATIC_ASSERT(G_N_ELEMENTS(states) == _PUBLISH_STATE_MAX);

const char *publish_state_to_string(PublishState state) {
        return state >= 0 && state < _PUBLISH_STATE_MAX ? states[state] : NULL;
}

PublishState publisher_state(const Publisher *publisher) {
        return publisher->state;
}

const char *publisher_problem(const Publisher *publisher) {
        return publisher->trouble.sentence ?: "";
}

uint64_t publisher_published_usec(const Publisher *publisher) {
        return publisher->published_usec;
}

const Tree *publisher_tree(const Publisher *publisher) {
        return publisher->tree;
}

const HostState *publisher_host(const Publisher *publisher) {
        return publisher->host;
}

const char *const *publisher_consumers(const Publisher *publisher, const char *uuid) {
        const FoundProvider *provider = publisher->found ? found_find(publisher->found, uuid)
                                                         : NULL;

        return provider ? (const char *const *)provider->consumers : NULL;
}

bool publisher_is_closed(const Publisher *publisher) {
        return publisher->closed;
}

/* The root ------------------------------------------------------------------------ */

static void on_root(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        Publisher *publisher = userdata;

        publisher->call = NULL;
        if (!error && answer->providers->len > 0) {
                const ApiProvider *root = answer->providers->pdata[0];

                publisher->found = found_new(root->uuid);
        } else if (!error) {
                g_autofree char *sentence = publish_root_missing(&publisher->options.root);

                publish_trouble(publisher, TROUBLE_ROOT, sentence, PUBLISH_BEHIND);
                publish_wait(publisher, pace_after_failure(&publisher->pace, g_random_double()),
                             false);
        } else if (error->kind == API_ERROR_RETRY)
                publish_on_no_answer(publisher, error);
        else
                publish_on_refusal(publisher, error);
        publish_advance(publisher);
}

static void find_root(Publisher *publisher) {
        g_autofree char *uuid = publish_root_read_id(&publisher->options.root);

        if (uuid)
                publisher->found = found_new(uuid);
        else
                publisher->call = api_get_provider_by_name(
                        publisher->api, publisher->options.root.name, on_root, publisher);
}

/* One after the other ------------------------------------------------------------- */

/* What others have changed is looked for later. */
static void rest(Publisher *publisher) {
        GHashTableIter iter;
        const char *problem;

        pace_written(&publisher->pace);
        if (publisher->closing) {
                publisher->closed = true;
                publisher->changed(publisher->userdata);
                return;
        }

        publish_wait(publisher, pace_heartbeat(publisher->options.check_sec, g_random_double()),
                     true);
        if (!publisher->host_known)
                return;

        g_hash_table_iter_init(&iter, publisher->found->problems);
        if (g_hash_table_iter_next(&iter, NULL, (gpointer *)&problem)) {
                publish_trouble(publisher, TROUBLE_PROVIDER, problem, PUBLISH_BEHIND);
                return;
        }

        if (trouble_ends(&publisher->trouble) && publisher->state == PUBLISH_PUBLISHED)
                publisher->changed(publisher->userdata);
        if (publisher->state != PUBLISH_PUBLISHED)
                publisher->published_usec = (uint64_t)g_get_real_time();
        publish_set_state(publisher, PUBLISH_PUBLISHED);
}

/* What to call the providers is known when the tree was read. */
static Step *choose(const Publisher *publisher) {
        if (publisher->closing || !publisher->tree)
                return step_next_to_close(publisher->found);
        return step_next(publisher->tree, publisher->found);
}

static void make_tree(Publisher *publisher) {
        if (!publisher->tree && publisher->host && publisher->found->root_name)
                publisher->tree = tree_new(publisher->found->root, publisher->found->root_name,
                                           publisher->host);
}

static void go(Publisher *publisher) {
        g_autoptr(Step) step = NULL;

        make_tree(publisher);
        step = choose(publisher);
        if (step->kind == STEP_NONE) {
                rest(publisher);
                return;
        }

        if (step_is_write(step) && publisher->state == PUBLISH_PUBLISHED)
                publish_set_state(publisher, PUBLISH_BEHIND);
        publisher->step = g_steal_pointer(&step);
        publish_ask(publisher);
}

void publish_advance(Publisher *publisher) {
        if (publisher->call || publisher->timer || publisher->closed ||
            (!publisher->host && !publisher->closing))
                return;

        if (!publisher->found)
                find_root(publisher);
        if (publisher->found)
                go(publisher);
}

/* Something is to be done before the next look. What waits because of a failure waits on. */
static void wake(Publisher *publisher) {
        if (publisher->resting) {
                publisher->timer = sd_event_source_disable_unref(publisher->timer);
                publisher->resting = false;
        }
        publish_advance(publisher);
}

static void doubt_consumers(Publisher *publisher, const Tree *before) {
        for (guint i = 0; i < publisher->tree->providers->len; i++) {
                const TreeProvider *now = publisher->tree->providers->pdata[i];
                const TreeProvider *then = tree_find(before, now->uuid);

                if (!then || !tree_provider_holds_same(now, then))
                        found_doubt_consumers(publisher->found, now->uuid);
        }
}

void publisher_set_host(Publisher *publisher, HostState *host, const char *problem) {
        g_autoptr(HostState) old_host = NULL;
        g_autoptr(Tree) old_tree = NULL;

        publisher->host_known = host;
        if (!host) {
                publish_trouble(publisher, TROUBLE_HOST, problem, PUBLISH_BEHIND);
                return;
        }

        old_host = g_steal_pointer(&publisher->host);
        old_tree = g_steal_pointer(&publisher->tree);
        publisher->host = host;
        if (publisher->found)
                make_tree(publisher);
        if (publisher->tree && old_tree)
                doubt_consumers(publisher, old_tree);
        if (publisher->found)
                found_doubt_in_use(publisher->found);
        wake(publisher);
}

void publisher_look_again(Publisher *publisher, const char *uuid) {
        if (!publisher->found)
                return;

        found_doubt_consumers(publisher->found, uuid);
        wake(publisher);
}

void publisher_close(Publisher *publisher) {
        publisher->closing = true;
        publisher->timer = sd_event_source_disable_unref(publisher->timer);
        publisher->resting = false;
        publish_advance(publisher);
}

Publisher *publisher_new(sd_event *loop, Api *api, const PublishOptions *options,
                         PublishChanged changed, void *userdata) {
        Publisher *publisher = g_new0(Publisher, 1);

        publisher->loop = sd_event_ref(loop);
        publisher->api = api;
        publisher->options = *options;
        publisher->changed = changed;
        publisher->userdata = userdata;
        return publisher;
}

void publisher_free(Publisher *publisher) {
        if (!publisher)
                return;

        if (publisher->call)
                api_cancel(publisher->call);
        sd_event_source_disable_unref(publisher->timer);
        g_clear_pointer(&publisher->step, step_free);
        g_clear_pointer(&publisher->tree, tree_free);
        g_clear_pointer(&publisher->host, host_state_free);
        g_clear_pointer(&publisher->found, found_free);
        trouble_done(&publisher->trouble);
        sd_event_unref(publisher->loop);
        g_free(publisher);
}
