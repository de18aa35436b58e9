/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/allocations.h"

#include "daemon/names.h"
#include "nova-driver-shim/placement/allocation-plan.h"
#include "nova-driver-shim/placement/allocation-queue.h"

#define SOON_USEC (200 * UINT64_C(1000)) /* the publisher goes first */
#define LOOK_USEC (60 * G_USEC_PER_SEC)  /* what could not be done is tried again */
#define TRIES_MAX 5                      /* of one consumer, against who else writes it */

struct Allocations {
        sd_bus *bus;
        Api *api;
        Publisher *publisher;
        sd_bus_slot *signal;
        sd_event_source *timer;
        AllocationQueue *queue;
        GHashTable *problems; /* consumer -> what was last said of it */
        bool stopped;

        /* of the one that is looked at */
        char *consumer; /* NULL: none */
        unsigned tries;
        ApiCall *call;
        sd_bus_slot *question;
        ApiConsumer *has, *wish;
        GPtrArray *reshapes; /* ApiReshape */
};

static void next(Allocations *a);

/* One is done ------------------------------------------------------------------------ */

static void forget_one(Allocations *a) {
        api_cancel(g_steal_pointer(&a->call));
        a->question = sd_bus_slot_unref(a->question);
        g_clear_pointer(&a->consumer, g_free);
        g_clear_pointer(&a->has, api_consumer_free);
        g_clear_pointer(&a->wish, api_consumer_free);
        g_ptr_array_set_size(a->reshapes, 0);
        a->tries = 0;
}

static void finish(Allocations *a) {
        forget_one(a);
        next(a);
}

static void look_in(Allocations *a, uint64_t usec);

/* Said once, until it is another or has passed. While nobody answers, which the publisher
 * tells, the others are left alone as well. */
static void fail(Allocations *a, const ApiError *error) {
        const char *before = g_hash_table_lookup(a->problems, a->consumer);

        if (error->kind == API_ERROR_RETRY) {
                forget_one(a);
                look_in(a, LOOK_USEC);
                return;
        }
        if (error->kind != API_ERROR_CONFLICT && g_strcmp0(before, error->sentence) != 0) {
                g_warning(
                        "What guest %s holds stays reserved in Placement, and is not shown as its "
                        "own: %s",
                        a->consumer, error->sentence);
                g_hash_table_replace(a->problems, g_strdup(a->consumer), g_strdup(error->sentence));
        }
        finish(a);
}

static void look_again(Allocations *a, const ApiConsumer *consumer) {
        for (guint i = 0; i < consumer->allocations->len; i++) {
                const ApiAllocation *row = consumer->allocations->pdata[i];

                publisher_look_again(a->publisher, row->provider);
        }
}

/* Writing ----------------------------------------------------------------------------- */

static void read_one(Allocations *a);
static void reshape(Allocations *a);

static void on_written(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        Allocations *a = userdata;

        a->call = NULL;
        if (!error) {
                g_hash_table_remove(a->problems, a->consumer);
                allocation_queue_settle(a->queue, a->consumer);
                look_again(a, a->has);
                look_again(a, a->wish);
                finish(a);
        } else if (error->kind == API_ERROR_CONFLICT && ++a->tries < TRIES_MAX)
                read_one(a);
        else if (error->kind == API_ERROR_CAPACITY && a->reshapes->len == 0)
                reshape(a);
        else
                fail(a, error);
}

static GPtrArray *one_consumer(ApiConsumer *consumer) {
        GPtrArray *all = g_ptr_array_new();

        g_ptr_array_add(all, consumer);
        return all;
}

static void write_one(Allocations *a) {
        g_autoptr(GPtrArray) all = one_consumer(a->wish);

        a->call = api_post_allocations(a->api, all, on_written, a);
}

/* What a guest holds is reserved until it is its own, so that where little is left it is in its own
 * way. Both are written in one request then, and nobody can come between. */
static const char *next_to_reshape(const Allocations *a) {
        for (guint i = 0; i < a->wish->allocations->len; i++) {
                const ApiAllocation *row = a->wish->allocations->pdata[i];
                bool there = false;

                for (guint k = 0; k < a->reshapes->len; k++) {
                        const ApiReshape *reshape_of = a->reshapes->pdata[k];

                        there = there || g_str_equal(reshape_of->provider, row->provider);
                }
                if (!there)
                        return row->provider;
        }
        return NULL;
}

static ApiReshape *make_reshape(const Allocations *a, const char *provider,
                                const ApiAnswer *answer) {
        GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);

        for (guint i = 0; i < answer->inventories->len; i++) {
                ApiInventory *row = api_inventory_copy(answer->inventories->pdata[i]);
                uint64_t growth = allocation_growth(a->has, a->wish, provider, row->class_name);

                row->reserved -= MIN(row->reserved, growth);
                g_ptr_array_add(rows, row);
        }
        return api_reshape_new(provider, answer->generation, rows);
}

static void on_inventories(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        Allocations *a = userdata;

        a->call = NULL;
        if (error) {
                fail(a, error);
                return;
        }

        g_ptr_array_add(a->reshapes, make_reshape(a, next_to_reshape(a), answer));
        reshape(a);
}

static void reshape(Allocations *a) {
        const char *provider = next_to_reshape(a);
        g_autoptr(GPtrArray) all = NULL;

        if (provider) {
                a->call = api_get_inventories(a->api, provider, on_inventories, a);
                return;
        }

        all = one_consumer(a->wish);
        a->call = api_post_reshape(a->api, a->reshapes, all, on_written, a);
}

/* Reading ----------------------------------------------------------------------------- */

/* What was read of the consumer is older than this: should the guest have moved meanwhile, then its
 * generation has as well, and the write is refused. */
static int on_guests(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        g_autoptr(GHashTable) guests = NULL;
        Allocations *a = userdata;
        const Tree *tree = publisher_tree(a->publisher);
        bool same = false;

        a->question = sd_bus_slot_unref(a->question);
        if (!sd_bus_message_is_method_error(m, NULL))
                guests = guest_list_read(m);
        if (tree && guests)
                a->wish = allocation_plan(tree, g_hash_table_lookup(guests, a->consumer), a->has,
                                          &same);
        if (same)
                allocation_queue_settle(a->queue, a->consumer);
        if (a->wish)
                write_one(a);
        else
                finish(a);
        return 0;
}

static int ask_guests(Allocations *a) {
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(a->bus, &m, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                           FERRY_INTERFACE_MANAGER, "ListGuests");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_call_async(a->bus, &a->question, m, on_guests, a, 0);
        sd_bus_message_unref(m);
        return r;
}

static void on_has(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        Allocations *a = userdata;

        a->call = NULL;
        if (error) {
                fail(a, error);
                return;
        }

        a->has = api_consumer_copy(answer->consumer);
        if (a->has->allocations->len > 0 && !allocation_is_ours(a->has)) {
                allocation_queue_stranger(a->queue, a->consumer);
                finish(a);
        } else if (ask_guests(a) < 0)
                finish(a);
}

static void read_one(Allocations *a) {
        g_clear_pointer(&a->has, api_consumer_free);
        g_clear_pointer(&a->wish, api_consumer_free);
        g_ptr_array_set_size(a->reshapes, 0);
        a->call = api_get_allocations(a->api, a->consumer, on_has, a);
}

/* One after the other ------------------------------------------------------------------ */

static const char *const *consumers_of(void *userdata, const char *provider) {
        const Allocations *a = userdata;

        return publisher_consumers(a->publisher, provider);
}

static int on_time(sd_event_source *source, uint64_t due, void *userdata) {
        Allocations *a = userdata;

        allocation_queue_begin(a->queue);
        next(a);
        return 0;
}

/* Nothing is looked at meanwhile. */
static void look_in(Allocations *a, uint64_t usec) {
        a->timer = sd_event_source_disable_unref(a->timer);
        (void)sd_event_add_time_relative(sd_bus_get_event(a->bus), &a->timer, CLOCK_MONOTONIC, usec,
                                         0, on_time, a);
}

/* What is published and whose consumers are being read will be known in a moment; in any other
 * state the publisher calls when that changes. */
static bool is_too_early(const Allocations *a, const Tree *tree) {
        if (!tree || publisher_state(a->publisher) != PUBLISH_PUBLISHED)
                return false;

        for (guint i = 0; i < tree->providers->len; i++) {
                const TreeProvider *provider = tree->providers->pdata[i];

                if (!publisher_consumers(a->publisher, provider->uuid))
                        return true;
        }
        return false;
}

static void next(Allocations *a) {
        const Tree *tree = publisher_tree(a->publisher);
        bool soon;

        if (a->stopped || a->consumer)
                return;

        a->consumer = tree ? allocation_queue_next(a->queue, tree, consumers_of, a) : NULL;
        if (a->consumer) {
                read_one(a);
                return;
        }

        soon = allocation_queue_is_stale(a->queue) || is_too_early(a, tree);
        look_in(a, soon ? SOON_USEC : LOOK_USEC);
}

void allocations_look(Allocations *a) {
        allocation_queue_doubt(a->queue);
        if (!a->stopped && !a->consumer)
                look_in(a, SOON_USEC);
}

void allocations_stop(Allocations *a) {
        a->stopped = true;
        a->timer = sd_event_source_disable_unref(a->timer);
        forget_one(a);
}

static int on_guests_changed(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        allocations_look(userdata);
        return 0;
}

int allocations_new(sd_bus *bus, Api *api, Publisher *publisher, Allocations **ret_allocations) {
        g_autoptr(Allocations) a = g_new0(Allocations, 1);
        int r;

        a->bus = sd_bus_ref(bus);
        a->api = api;
        a->publisher = publisher;
        a->queue = allocation_queue_new();
        a->problems = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        a->reshapes = g_ptr_array_new_with_free_func((GDestroyNotify)api_reshape_free);
        r = sd_bus_match_signal_async(bus, &a->signal, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                      FERRY_INTERFACE_MANAGER, "GuestsChanged", on_guests_changed,
                                      NULL, a);
        if (r < 0)
                return r;

        *ret_allocations = g_steal_pointer(&a);
        return 0;
}

void allocations_free(Allocations *a) {
        if (!a)
                return;

        forget_one(a);
        sd_event_source_disable_unref(a->timer);
        sd_bus_slot_unref(a->signal);
        allocation_queue_free(a->queue);
        g_hash_table_unref(a->problems);
        g_ptr_array_unref(a->reshapes);
        sd_bus_unref(a->bus);
        g_free(a);
}
