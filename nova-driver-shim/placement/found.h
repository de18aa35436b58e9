/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known of the host's tree in Placement, and how fresh that is. What was read of a provider
 * holds as long as its generation, in the tree, is the one at which it was read. Pure;
 * publish.c feeds it with answers, step.c reads it.
 */

#include "nova-driver-shim/placement/api.h"

/* What is read, and written, on its own. */
typedef enum FoundPart {
        FOUND_INVENTORIES,
        FOUND_TRAITS,
        FOUND_CONSUMERS,
        _FOUND_PART_MAX,
} FoundPart;

typedef struct FoundProvider {
        char *uuid;
        char *name;
        char *parent;
        int64_t generation;                   /* the latest that is known */
        int64_t generations[_FOUND_PART_MAX]; /* at which its parts were true */
        GPtrArray *inventories;               /* ApiInventory; NULL: to be read */
        char **traits;                        /* NULL: to be read */
        char **consumers;                     /* UUIDs; NULL: to be read */
        bool stays;                           /* it is in use, and was not to be deleted */
        GHashTable *kept; /* names of classes that are in use, and were not to be dropped */
} FoundProvider;

typedef struct Found {
        char *root;
        char *root_name;       /* NULL: not known yet */
        bool known;            /* the tree was read since it was last in doubt */
        GHashTable *providers; /* UUID → FoundProvider, without the root */
        GHashTable *names;     /* classes and traits that are there */
        GHashTable *problems;  /* UUID → why it cannot be published */
} Found;

Found *found_new(const char *root);
void found_free(Found *found);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Found, found_free)

FoundProvider *found_find(const Found *found, const char *uuid); /* NULL */

/* The whole tree (of ApiProvider). What has not changed since keeps what is known of it; problems
 * are tried again. False: the root is not in it, and nothing is known any more. */
bool found_take_tree(Found *found, const GPtrArray *providers);
/* One that was just made, or renamed. A new one is empty. */
void found_take_provider(Found *found, const ApiProvider *provider);
/* An answer to a read or a write of these, which says what is there now. */
void found_take_inventories(Found *found, const char *uuid, const ApiAnswer *answer, bool written);
void found_take_traits(Found *found, const char *uuid, const ApiAnswer *answer, bool written);
void found_take_consumers(Found *found, const char *uuid, const ApiAnswer *answer);
void found_take_name(Found *found, const char *name); /* a class or trait */
void found_take_deleted(Found *found, const char *uuid);

/* Somebody else has changed it, or nobody knows whether we did: it is all to be read again. */
void found_doubt(Found *found, const char *uuid);
/* Who its consumers are may have changed. */
void found_doubt_consumers(Found *found, const char *uuid);
/* A guest may have gone that kept something from being dropped or deleted, which no generation
 * tells: that is tried again. */
void found_doubt_in_use(Found *found);
/* Something that was there is not: providers, classes or traits. */
void found_doubt_all(Found *found);
/* It could not be deleted, or its class not be dropped. */
void found_stays(Found *found, const char *uuid);
void found_keeps(Found *found, const char *uuid, const char *class_name);
/* A sentence, taken. */
void found_problem(Found *found, const char *uuid, char *problem);
