/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/allocation-plan.h"

#include "nova-driver-shim/placement/names.h"

/* Placement wants to know of each consumer whose it is, in Keystone's words; these are nobody's. */
#define PROJECT "virtferry"
#define USER    "virtferry"

bool allocation_is_ours(const ApiConsumer *has) {
        return g_strcmp0(has->type, NAMES_CONSUMER_TYPE) == 0;
}

static uint64_t amount_of(const ApiConsumer *consumer, const char *provider,
                          const char *class_name) {
        for (guint i = 0; i < consumer->allocations->len; i++) {
                const ApiAllocation *row = consumer->allocations->pdata[i];

                if (g_str_equal(row->provider, provider) &&
                    g_str_equal(row->class_name, class_name))
                        return row->amount;
        }
        return 0;
}

uint64_t allocation_growth(const ApiConsumer *has, const ApiConsumer *wish, const char *provider,
                           const char *class_name) {
        uint64_t before = amount_of(has, provider, class_name);
        uint64_t after = amount_of(wish, provider, class_name);

        return after > before ? after - before : 0;
}

static bool is_same(const ApiConsumer *a, const ApiConsumer *b) {
        if (a->allocations->len != b->allocations->len)
                return false;

        for (guint i = 0; i < a->allocations->len; i++) {
                const ApiAllocation *row = a->allocations->pdata[i];

                if (amount_of(b, row->provider, row->class_name) != row->amount)
                        return false;
        }
        return true;
}

/* What it holds here, and what it has elsewhere ------------------------------------- */

static void add_holds(ApiConsumer *wish, const TreeProvider *provider) {
        for (guint i = 0; i < provider->holds->len; i++) {
                const HostHold *hold = provider->holds->pdata[i];

                if (hold->amount > 0 && provider->amounts[hold->resource].total > 0 &&
                    g_str_equal(hold->domain, wish->uuid))
                        g_ptr_array_add(wish->allocations,
                                        api_allocation_new(provider->uuid,
                                                           names_classes[hold->resource],
                                                           MIN(hold->amount, TREE_AMOUNT_MAX)));
        }
}

static ApiConsumer *wish_for(const ApiConsumer *has) {
        ApiConsumer *wish = api_consumer_new(has->uuid);

        wish->generation = has->generation;
        wish->project = g_strdup(has->project ?: PROJECT);
        wish->user = g_strdup(has->user ?: USER);
        wish->type = g_strdup(NAMES_CONSUMER_TYPE);
        return wish;
}

static ApiConsumer *what_is_elsewhere(const Tree *tree, const ApiConsumer *has) {
        ApiConsumer *wish = wish_for(has);

        for (guint i = 0; i < has->allocations->len; i++) {
                const ApiAllocation *row = has->allocations->pdata[i];

                if (!tree_find(tree, row->provider))
                        g_ptr_array_add(
                                wish->allocations,
                                api_allocation_new(row->provider, row->class_name, row->amount));
        }
        return wish;
}

static bool is_here_alone(const Tree *tree, const ApiConsumer *has) {
        for (guint i = 0; i < has->allocations->len; i++) {
                const ApiAllocation *row = has->allocations->pdata[i];

                if (!tree_find(tree, row->provider))
                        return false;
        }
        return true;
}

/* The plan --------------------------------------------------------------------------- */

/* One that is off here may run elsewhere, and what was claimed for it there is not to be taken
 * away. Of a host that takes no guests all is reserved: nothing more could be claimed. */
static bool may_claim(const Tree *tree, const GuestRow *guest, const ApiConsumer *has) {
        if (!guest || *guest->owner || tree->closed)
                return false;
        if (g_str_equal(guest->state, "running") || g_str_equal(guest->state, "starting"))
                return true;
        return g_str_equal(guest->state, "off") && is_here_alone(tree, has);
}

ApiConsumer *allocation_plan(const Tree *tree, const GuestRow *guest, const ApiConsumer *has,
                             bool *ret_same) {
        g_autoptr(ApiConsumer) wish = NULL;

        *ret_same = false;
        if (has->allocations->len > 0 && !allocation_is_ours(has))
                return NULL;

        wish = wish_for(has);
        for (guint i = 0; i < tree->providers->len; i++)
                add_holds(wish, tree->providers->pdata[i]);
        if (wish->allocations->len == 0) {
                api_consumer_free(wish);
                wish = what_is_elsewhere(tree, has);
        } else if (!may_claim(tree, guest, has))
                return NULL;

        *ret_same = is_same(has, wish);
        return *ret_same ? NULL : g_steal_pointer(&wish);
}
