/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The promises that this host has, by what the copy shows, until their guests have gone or they are
 * released. Each is looked at when it is due. Used by cluster-promise.
 *
 * Nothing here costs more the more promises there are, but promise_book_adopt(). */

#include "daemon/core/cluster-copy.h"

#define PROMISE_LOOK_USEC (60 * G_USEC_PER_SEC)

typedef struct PromisedLot {
        char *host, *resource; /* words of core/cluster-doc.h */
} PromisedLot;

typedef struct PromiseRelease PromiseRelease;

typedef struct Promised {
        char *domain, *nonce;
        GArray *lots;            /* of PromisedLot */
        int64_t since;           /* CLOCK_REALTIME us, not after it was asked for */
        int64_t due;             /* the same; when it is looked at */
        GList *link;             /* in the queue of the book */
        PromiseRelease *release; /* it is being released; NULL */
} Promised;

typedef struct PromiseBook PromiseBook;

PromiseBook *promise_book_new(void);
void promise_book_free(PromiseBook *book);

/* The one that is there, or a new one without lots. */
Promised *promise_book_add(PromiseBook *book, const char *domain, const char *nonce, int64_t since,
                           int64_t now);
/* Adds what it does not have yet. */
void promised_add_lot(Promised *promised, const char *host, const char *resource);
Promised *promise_book_find(const PromiseBook *book, const char *nonce); /* NULL: none */
void promise_book_remove(PromiseBook *book, Promised *promised);
/* All that the copy shows to be by this host: of a daemon before this one. */
void promise_book_adopt(PromiseBook *book, const ClusterCopy *copy, const char *by, int64_t now);

/* It is looked at again in PROMISE_LOOK_USEC. */
void promise_book_postpone(PromiseBook *book, Promised *promised, int64_t now);
/* The first that is due; NULL: none. */
Promised *promise_book_due(const PromiseBook *book, int64_t now);
/* Any of them; NULL: there is none. */
Promised *promise_book_any(const PromiseBook *book);

/* Some of it is there by the copy. */
bool promised_is_shown(const Promised *promised, const ClusterCopy *copy);
/* The one host that it is of; NULL: several. */
const char *promised_host(const Promised *promised);
