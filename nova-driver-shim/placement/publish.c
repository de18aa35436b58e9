/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/publish.h"

#include "nova-driver-shim/placement/found.h"
#include "nova-driver-shim/placement/pace.h"
#include "nova-driver-shim/placement/publish-root.h"
#include "nova-driver-shim/placement/step.h"
#include "nova-driver-shim/placement/trouble.h"

static const char *const states[] = {
        [PUBLISH_BEHIND] = "behind",
        [PUBLISH_PUBLISHED] = "published",
        [PUBLISH_AWAY] = "away",
};
G_STATIC_ASSERT(G_N_ELEMENTS(states) == _PUBLISH_STATE_MAX);

const char *publish_state_to_string(PublishState state) {
        return state >= 0 && state < _PUBLISH_STATE_MAX ? states[state] : NULL;
}

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

static void advance(Publisher *publisher);

/* What others see ----------------------------------------------------------------- */

static void set_state(Publisher *publisher, PublishState state) {
        if (publisher->state == state)
                return;

        publisher->state = state;
        publisher->changed(publisher->userdata);
}

static void begin_trouble(Publisher *publisher, TroubleKind kind, const char *sentence,
                          PublishState state) {
        if (trouble_begins(&publisher->trouble, kind, sentence) && publisher->state == state)
                publisher->changed(publisher->userdata);
        set_state(publisher, state);
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

/* Waiting ------------------------------------------------------------------------- */

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Publisher *publisher = userdata;

        publisher->timer = sd_event_source_disable_unref(publisher->timer);
        if (publisher->resting && publisher->found)
                publisher->found->known = false;
        publisher->resting = false;
        advance(publisher);
        return 0;
}

static void wait_for(Publisher *publisher, uint64_t usec, bool resting) {
        publisher->timer = sd_event_source_disable_unref(publisher->timer);
        publisher->resting = resting;
        (void)sd_event_add_time_relative(publisher->loop, &publisher->timer, CLOCK_MONOTONIC, usec,
                                         0, on_time, publisher);
}

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

        wait_for(publisher, pace_heartbeat(publisher->options.check_sec, g_random_double()), true);
        if (!publisher->host_known)
                return;

        g_hash_table_iter_init(&iter, publisher->found->problems);
        if (g_hash_table_iter_next(&iter, NULL, (gpointer *)&problem)) {
                begin_trouble(publisher, TROUBLE_PROVIDER, problem, PUBLISH_BEHIND);
                return;
        }

        if (trouble_ends(&publisher->trouble) && publisher->state == PUBLISH_PUBLISHED)
                publisher->changed(publisher->userdata);
        if (publisher->state != PUBLISH_PUBLISHED)
                publisher->published_usec = (uint64_t)g_get_real_time();
        set_state(publisher, PUBLISH_PUBLISHED);
}

/* Failures ------------------------------------------------------------------------ */

static void on_conflict(Publisher *publisher, const ApiError *error) {
        uint64_t usec = pace_after_conflict(&publisher->pace, g_random_double());

        if (usec > PACE_COALESCE_USEC)
                begin_trouble(publisher, TROUBLE_CONFLICT, error->sentence, PUBLISH_BEHIND);
        wait_for(publisher, usec, false);
}

static void on_no_answer(Publisher *publisher, const ApiError *error) {
        begin_trouble(publisher, TROUBLE_AWAY, error->sentence, PUBLISH_AWAY);
        wait_for(publisher, pace_after_failure(&publisher->pace, g_random_double()), false);
}

static void on_refusal(Publisher *publisher, const ApiError *error) {
        begin_trouble(publisher, TROUBLE_REFUSED, error->sentence, PUBLISH_AWAY);
        wait_for(publisher, pace_after_refusal(&publisher->pace, g_random_double()), false);
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
                on_refusal(publisher, error);
}

static void on_error(Publisher *publisher, const Step *step, const ApiError *error) {
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
                on_no_answer(publisher, error);
                break;
        case API_ERROR_AUTH:
                on_refusal(publisher, error);
                break;
        case API_ERROR_DUPLICATE:
        case API_ERROR_CAPACITY:
        case API_ERROR_BUG:
        case _API_ERROR_MAX:
                on_bug(publisher, step, error);
                break;
        }
}

/* A name or UUID that is there already --------------------------------------------- */

static void on_moved(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        g_autoptr(Step) step = NULL;
        Publisher *publisher = userdata;

        publisher->call = NULL;
        step = g_steal_pointer(&publisher->step);
        if (error)
                on_error(publisher, step, error);
        else
                publisher->found->known = false;
        advance(publisher);
}

/* Ours of another time, which a former root has left, comes under this one; somebody else's is let
 * be. */
static void on_looked(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        const ApiProvider *other = answer && answer->providers->len > 0
                                           ? answer->providers->pdata[0]
                                           : NULL;
        Publisher *publisher = userdata;
        const Step *step = publisher->step;

        if (error) {
                on_moved(userdata, NULL, error);
                return;
        }

        if (!other || g_str_equal(other->uuid, step->uuid)) {
                publisher->call = api_update_provider(publisher->api, step->uuid, step->name,
                                                      publisher->tree->root, on_moved, publisher);
                return;
        }

        publisher->call = NULL;
        found_problem(publisher->found, step->uuid,
                      g_strdup_printf("Resource provider '%s' is there already with UUID %s, and "
                                      "is not ours: rename or delete it, and its place is taken "
                                      "within a minute",
                                      step->name, other->uuid));
        g_clear_pointer(&publisher->step, step_free);
        advance(publisher);
}

/* Steps --------------------------------------------------------------------------- */

static void take_tree(Publisher *publisher, const ApiAnswer *answer) {
        g_autofree char *sentence = NULL;

        g_clear_pointer(&publisher->tree, tree_free);
        if (found_take_tree(publisher->found, answer->providers))
                return;

        sentence = g_strdup_printf("Placement has no resource provider %s, which is to be this "
                                   "host: is nova-compute running?",
                                   publisher->found->root);
        g_clear_pointer(&publisher->found, found_free);
        begin_trouble(publisher, TROUBLE_ROOT, sentence, PUBLISH_BEHIND);
        wait_for(publisher, pace_after_failure(&publisher->pace, g_random_double()), false);
}

static void take_answer(Publisher *publisher, const Step *step, const ApiAnswer *answer) {
        Found *found = publisher->found;

        switch (step->kind) {
        case STEP_NONE:
                break;
        case STEP_READ_TREE:
                take_tree(publisher, answer);
                break;
        case STEP_READ_INVENTORIES:
        case STEP_INVENTORIES:
                found_take_inventories(found, step->uuid, answer, step_is_write(step));
                break;
        case STEP_READ_TRAITS:
        case STEP_TRAITS:
                found_take_traits(found, step->uuid, answer, step_is_write(step));
                break;
        case STEP_READ_CONSUMERS:
                found_take_consumers(found, step->uuid, answer);
                break;
        case STEP_CLASS:
        case STEP_TRAIT:
                found_take_name(found, step->name);
                break;
        case STEP_CREATE:
        case STEP_RENAME:
                found_take_provider(found, answer->providers->pdata[0]);
                break;
        case STEP_DELETE:
                found_take_deleted(found, step->uuid);
                break;
        }
}

/* A Placement that makes something else of it would be asked for ever. */
static void check_answer(Publisher *publisher, const Step *step) {
        if (publisher->found && !step_has_held(step, publisher->found))
                found_problem(publisher->found, step->uuid,
                              g_strdup_printf("Placement has something else than was written to "
                                              "resource provider %s",
                                              step->uuid));
}

static void on_reply(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        g_autoptr(Step) step = NULL;
        Publisher *publisher = userdata;

        publisher->call = NULL;
        if (error && error->kind == API_ERROR_DUPLICATE && publisher->step->kind == STEP_CREATE) {
                publisher->call = api_get_provider_by_name(publisher->api, publisher->step->name,
                                                           on_looked, publisher);
                return;
        }

        step = g_steal_pointer(&publisher->step);
        if (error)
                on_error(publisher, step, error);
        else {
                pace_answered(&publisher->pace);
                if (step_is_write(step))
                        pace_written(&publisher->pace);
                take_answer(publisher, step, answer);
                check_answer(publisher, step);
        }
        advance(publisher);
}

static ApiCall *ask(Publisher *publisher, const Step *step) {
        Api *api = publisher->api;

        switch (step->kind) {
        case STEP_NONE:
                break;
        case STEP_READ_TREE:
                return api_get_provider_tree(api, step->uuid, on_reply, publisher);
        case STEP_READ_INVENTORIES:
                return api_get_inventories(api, step->uuid, on_reply, publisher);
        case STEP_READ_TRAITS:
                return api_get_traits(api, step->uuid, on_reply, publisher);
        case STEP_READ_CONSUMERS:
                return api_get_provider_consumers(api, step->uuid, on_reply, publisher);
        case STEP_CLASS:
                return api_ensure_class(api, step->name, on_reply, publisher);
        case STEP_TRAIT:
                return api_ensure_trait(api, step->name, on_reply, publisher);
        case STEP_CREATE:
                return api_create_provider(api, step->uuid, step->name, publisher->tree->root,
                                           on_reply, publisher);
        case STEP_RENAME:
                return api_update_provider(api, step->uuid, step->name, publisher->tree->root,
                                           on_reply, publisher);
        case STEP_INVENTORIES:
                return api_put_inventories(api, step->uuid, step->generation, step->inventories,
                                           on_reply, publisher);
        case STEP_TRAITS:
                return api_put_traits(api, step->uuid, step->generation,
                                      (const char *const *)step->traits, on_reply, publisher);
        case STEP_DELETE:
                return api_delete_provider(api, step->uuid, on_reply, publisher);
        }
        return NULL;
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

                begin_trouble(publisher, TROUBLE_ROOT, sentence, PUBLISH_BEHIND);
                wait_for(publisher, pace_after_failure(&publisher->pace, g_random_double()), false);
        } else if (error->kind == API_ERROR_RETRY)
                on_no_answer(publisher, error);
        else
                on_refusal(publisher, error);
        advance(publisher);
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
                set_state(publisher, PUBLISH_BEHIND);
        publisher->step = g_steal_pointer(&step);
        publisher->call = ask(publisher, publisher->step);
}

static void advance(Publisher *publisher) {
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
        advance(publisher);
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
                begin_trouble(publisher, TROUBLE_HOST, problem, PUBLISH_BEHIND);
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
        advance(publisher);
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
