/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hosts of test-cluster-model.c: what each has in its book, sends, and makes of the answers.
 *
 * A book never has less as offered than the store may think. What goes wrong around it is the
 * test's.
 */

#include "daemon/core/cluster-lot.h"
#include "tests/lib/fake-etcd.h"
#include "tests/unit/core/cluster-judge.h"

#define MODEL_HOSTS     4u
#define MODEL_RESOURCES 2u
#define MODEL_CAPACITY  6
#define MODEL_WISHES    3u

typedef enum Use {
        USE_OFFER,
        USE_TAKE_BACK,
        USE_REDEEM,
        USE_SETTLE,
        USE_PROMISE,
        USE_RELEASE,
} Use;

/* A guest that came by a promise, or for which the host asked nobody. */
typedef struct Guest {
        char *domain, *promise; /* promise NULL: it was never elsewhere */
        int64_t amounts[MODEL_RESOURCES];
        bool redeemed;
        unsigned came; /* the last number that was given until then */
} Guest;

/* At one host; a promise has up to MODEL_WISHES of them. */
typedef struct Held {
        char *domain, *promise;
        unsigned host;
} Held;

/* What was sent and is not decided. */
typedef struct Pending {
        unsigned id;
        Use use;
        ClusterChange *change;
        unsigned host, resource; /* host: whose lots */
        int64_t amount;
        char *domain, *promise;
        ClusterWish wishes[MODEL_WISHES];
        unsigned n_wishes;
        bool asking; /* no answer came */
} Pending;

typedef struct Host {
        unsigned number;
        bool stopped, cut_off;
        ClusterCopy *copy;
        int64_t revision;
        int64_t offered[MODEL_RESOURCES]; /* by its book: at least what the store may think */
        bool unsettled[MODEL_RESOURCES];
        GPtrArray *guests, *held, *pending;
        GHashTable *leaving; /* promises of its own lots that it has begun to release */
} Host;

typedef struct Message {
        unsigned host, id;
        ClusterChange *change; /* borrowed by `kept`; NULL: an answer */
        ClusterOutcome outcome;
} Message;

typedef struct Model {
        GRand *random;
        FakeEtcd *etcd;
        ClusterJudge *judge;
        Host hosts[MODEL_HOSTS];
        GPtrArray *requests, *answers; /* of Message */
        GPtrArray *kept;               /* changes that may still be on their way */
        int64_t now;
        unsigned next;
        unsigned promised, refused, lost, unknown;
} Model;

extern const char *const model_names[MODEL_HOSTS];
extern const char *const model_resources[MODEL_RESOURCES];

unsigned model_draw(Model *m, unsigned below);

void model_guest_free(void *data);
void model_held_free(void *data);
void model_pending_free(void *data);

/* What a host may do of itself; each nothing where it cannot. */
void model_offer(Model *m, Host *host, unsigned resource);
void model_take_back(Model *m, Host *host, unsigned resource);
void model_settle(Model *m, Host *host, unsigned resource);
void model_redeem(Model *m, Host *host);
void model_promise(Model *m, Host *host);
/* A guest for which nobody is asked, and the end of one. */
void model_start_here(Model *m, Host *host);
void model_end_one(Model *m, Host *host);
/* Sends the domain, or gives up; of each promise and host once. */
void model_use_one_held(Model *m, Host *host, bool give_up);
/* A promise that it is said to have asked for, and knows nothing of: of a life before, of a part,
 * or whose release was lost. Or, of what it owns, any one that nobody came for. */
void model_release_one(Model *m, Host *host, bool owns);

bool model_has_pending(const Host *host, Use first, Use last);
void model_hear(Model *m, const Message *message);
/* No answer came: the copy may say what became of it. */
void model_ask_the_copy(Model *m, Host *host);
