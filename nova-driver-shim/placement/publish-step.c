/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/publish-parts.h"

/* A name or UUID that is there already --------------------------------------------- */

static void on_moved(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        g_autoptr(Step) step = NULL;
        Publisher *publisher = userdata;

        publisher->call = NULL;
        step = g_steal_pointer(&publisher->step);
        if (error)
                publish_on_error(publisher, step, error);
        else
                publisher->found->known = false;
        publish_advance(publisher);
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
        publish_advance(publisher);
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
        publish_trouble(publisher, TROUBLE_ROOT, sentence, PUBLISH_BEHIND);
        publish_wait(publisher, pace_after_failure(&publisher->pace, g_random_double()), false);
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
                publish_on_error(publisher, step, error);
        else {
                pace_answered(&publisher->pace);
                if (step_is_write(step))
                        pace_written(&publisher->pace);
                take_answer(publisher, step, answer);
                check_answer(publisher, step);
        }
        publish_advance(publisher);
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

void publish_ask(Publisher *publisher) {
        publisher->call = ask(publisher, publisher->step);
}
