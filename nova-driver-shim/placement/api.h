/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Placement's REST API, version 1.39, in typed calls. Each asks once, calls back once, and
 * repeats nothing but a request whose token had expired, with a new one. How failures are
 * sorted: api-error.h. Takes no decision. Main thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "nova-driver-shim/placement/api-error.h"
#include "nova-driver-shim/placement/cloud.h"

#define API_GENERATION_NEW (-1) /* of a consumer that has nothing yet */

typedef struct ApiProvider {
        char *uuid;
        char *name;
        char *parent; /* UUID; NULL: it is a root */
        char *root;
        int64_t generation;
} ApiProvider;

typedef struct ApiInventory {
        char *class_name;
        uint64_t total;                         /* 1 to 2147483647, as all but: */
        uint64_t reserved;                      /* 0 to total */
        uint64_t min_unit, max_unit, step_size; /* 0 in a write: 1, total, 1 */
        double allocation_ratio;                /* 0 in a write: 1.0 */
} ApiInventory;

/* What a consumer has of one class of one provider. */
typedef struct ApiAllocation {
        char *provider; /* UUID */
        char *class_name;
        uint64_t amount;
} ApiAllocation;

typedef struct ApiConsumer {
        char *uuid;
        int64_t generation;          /* API_GENERATION_NEW: has nothing */
        char *project, *user, *type; /* NULL: not known, has nothing */
        GPtrArray *allocations;      /* of ApiAllocation; empty: has nothing, or is to lose it */
} ApiConsumer;

/* A provider whose inventories are to be replaced. */
typedef struct ApiReshape {
        char *provider;
        int64_t generation;     /* that they replace */
        GPtrArray *inventories; /* of ApiInventory */
} ApiReshape;

/* What a call has found; of these, those that its comment names. Borrowed, ends with the reply. */
typedef struct ApiAnswer {
        int64_t generation;     /* of the provider */
        GPtrArray *providers;   /* of ApiProvider */
        GPtrArray *inventories; /* of ApiInventory */
        char **names;           /* traits, classes or consumers' UUIDs */
        ApiConsumer *consumer;
        bool made; /* a class or trait that was not there */
} ApiAnswer;

/* Once, never from within the call; `answer` or `error`, the other is NULL. May call the Api
 * again, may not free it. */
typedef void (*ApiReply)(void *userdata, const ApiAnswer *answer, const ApiError *error);

typedef struct Api Api;
typedef struct ApiCall ApiCall;

/* Borrows the cloud. */
int api_new(sd_event *loop, const Cloud *cloud, Api **ret_api);
/* No reply comes after it. */
void api_free(Api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Api, api_free)

/* Until the reply has come: no reply comes after it. NULL is fine. */
void api_cancel(ApiCall *call);

/* providers: 0 or 1. */
ApiCall *api_get_provider_by_name(Api *api, const char *name, ApiReply reply, void *userdata);
/* providers: all of the tree that has this one in it, roots first; none: no such provider. */
ApiCall *api_get_provider_tree(Api *api, const char *uuid, ApiReply reply, void *userdata);
/* providers: the one that was made. Never made twice: API_ERROR_DUPLICATE. */
ApiCall *api_create_provider(Api *api, const char *uuid, const char *name, const char *parent,
                             ApiReply reply, void *userdata);
/* providers: the one, renamed or moved under another parent. */
ApiCall *api_update_provider(Api *api, const char *uuid, const char *name, const char *parent,
                             ApiReply reply, void *userdata);
ApiCall *api_delete_provider(Api *api, const char *uuid, ApiReply reply, void *userdata);

/* made. */
ApiCall *api_ensure_class(Api *api, const char *name, ApiReply reply, void *userdata);
ApiCall *api_ensure_trait(Api *api, const char *name, ApiReply reply, void *userdata);

/* generation, inventories. A write replaces all of them and says what is there now; one that
 * would drop a class in use fails with API_ERROR_IN_USE, and nothing is changed. */
ApiCall *api_get_inventories(Api *api, const char *uuid, ApiReply reply, void *userdata);
ApiCall *api_put_inventories(Api *api, const char *uuid, int64_t generation,
                             const GPtrArray *inventories, ApiReply reply, void *userdata);

/* generation, names. A write replaces all of them. */
ApiCall *api_get_traits(Api *api, const char *uuid, ApiReply reply, void *userdata);
ApiCall *api_put_traits(Api *api, const char *uuid, int64_t generation, const char *const *traits,
                        ApiReply reply, void *userdata);

/* generation, names: the consumers that have allocations on this provider. */
ApiCall *api_get_provider_consumers(Api *api, const char *uuid, ApiReply reply, void *userdata);

/* consumer; without allocations for one that Placement does not know. */
ApiCall *api_get_allocations(Api *api, const char *consumer, ApiReply reply, void *userdata);
/* Replaces all that the consumer has, by its generation; without allocations: takes all away. */
ApiCall *api_put_allocations(Api *api, const ApiConsumer *consumer, ApiReply reply, void *userdata);
/* The same for many at once: all or none. Of ApiConsumer. */
ApiCall *api_post_allocations(Api *api, const GPtrArray *consumers, ApiReply reply, void *userdata);
/* Inventories of providers (ApiReshape) and allocations of consumers at once: all or none, and the
 * allocations are held against the new inventories. An operator may allow it to fewer than the
 * rest. */
ApiCall *api_post_reshape(Api *api, const GPtrArray *providers, const GPtrArray *consumers,
                          ApiReply reply, void *userdata);

void api_provider_free(ApiProvider *provider);
ApiInventory *api_inventory_new(const char *class_name, uint64_t total, uint64_t reserved);
ApiInventory *api_inventory_copy(const ApiInventory *inventory);
void api_inventory_free(ApiInventory *inventory);
ApiAllocation *api_allocation_new(const char *provider, const char *class_name, uint64_t amount);
void api_allocation_free(ApiAllocation *allocation);
/* Takes the inventories. */
ApiReshape *api_reshape_new(const char *provider, int64_t generation, GPtrArray *inventories);
void api_reshape_free(ApiReshape *reshape);
ApiConsumer *api_consumer_new(const char *uuid);
ApiConsumer *api_consumer_copy(const ApiConsumer *consumer);
void api_consumer_free(ApiConsumer *consumer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiConsumer, api_consumer_free)
