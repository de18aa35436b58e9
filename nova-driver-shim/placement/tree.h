/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What Placement is to know of this host: one resource provider a PF or offload device, below the
 * root that is Nova's. Pure; made of a HostState, and never changed after that.
 */

#include "nova-driver-shim/placement/host-state.h"

#define TREE_AMOUNT_MAX UINT64_C(2147483647) /* Placement's own */

typedef struct TreeProvider {
        char *device;
        char *uuid;
        char *name;
        HostAmount amounts[_HOST_RESOURCE_MAX]; /* as of the host, and none above TREE_AMOUNT_MAX */
        GPtrArray *traits;                      /* strings, sorted */
        GPtrArray *holds;                       /* HostHold of this device; borrowed, of the host */
} TreeProvider;

typedef struct Tree {
        char *root;           /* UUID */
        bool closed;          /* all of it is reserved */
        GPtrArray *providers; /* TreeProvider, in the order of the host's devices */
        GHashTable *by_uuid;
} Tree;

/* root, host_name: UUID and name of the provider that Nova has for this host. Devices without
 * anything to share out are left out. Borrows the state. */
Tree *tree_new(const char *root, const char *host_name, const HostState *state);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

const TreeProvider *tree_find(const Tree *tree, const char *uuid); /* NULL */

/* The UUID of the device's provider: always the same below the same root. */
char *tree_uuid(const char *root, const char *device);
/* Of a provider below that root, whether it was made by us, for a device that this host may have
 * no more: its UUID is that of its name. */
bool tree_is_ours(const char *root, const char *uuid, const char *name);

/* How much of a resource nobody may have: what guests hold that Placement does not know as
 * consumers of the provider (UUIDs; NULL-terminated), what is expected to be used, and all of it
 * when the tree is closed. At most `total`. */
uint64_t tree_reserved(const Tree *tree, const TreeProvider *provider, HostResource resource,
                       const char *const *consumers);

/* Whether other guests hold something of the provider, or the same ones hold more or less. */
bool tree_provider_holds_same(const TreeProvider *a, const TreeProvider *b);
