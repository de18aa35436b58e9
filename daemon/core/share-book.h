/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host has offered to the cluster (cluster-lot.h), and so is out of its own book: a VF or
 * mdev by its id, which is one, and amounts of "cores", "memory" and the like. Here it is for
 * nobody but the domain that it is promised to.
 *
 * What is out is stored before it is offered, so that it is so after a restart, too, while the
 * cluster cannot be asked. What is back may be stored later: that too much is out harms nobody. Who
 * it is promised to is the cluster's to say, and is not stored: until then it is for nobody.
 *
 * Pure but for the store. One thread; the book belongs to the manager.
 */

#include <stdint.h>

#include "daemon/core/store.h"

/* For so long nothing is offered after somebody here was short of it. */
#define SHARE_CALL_BACK_USEC (60 * G_USEC_PER_SEC)

typedef struct ShareBook ShareBook;

typedef struct ShareOut {
        char *resource;
        int64_t amount;
} ShareOut;

void share_out_free(ShareOut *out);

ShareBook *share_book_new(Store *store); /* borrows the store */
void share_book_free(ShareBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShareBook, share_book_free)
/* What the store has, instead of what the book had. */
bool share_book_load(ShareBook *book, GError **error);

/* More, of any number of resources: all is stored, or nothing is out that was not before. */
bool share_book_give(ShareBook *book, const ShareOut *more, unsigned n, GError **error);
/* Less, at most what is out; share_book_store() stores it. */
void share_book_take(ShareBook *book, const char *resource, int64_t less);
bool share_book_store(ShareBook *book, GError **error);

bool share_book_is_empty(const ShareBook *book);
int64_t share_book_out(const ShareBook *book, const char *resource);
GPtrArray *share_book_list(const ShareBook *book); /* names of what is out, borrowed, in no order */

/* What the cluster says: first nobody, then one after the other. */
void share_book_forget_promises(ShareBook *book, const char *resource);
void share_book_note_promise(ShareBook *book, const char *resource, const char *domain_uuid,
                             int64_t amount);
bool share_book_has_promise(const ShareBook *book, const char *domain_uuid);
/* Of this resource, to this domain. */
int64_t share_book_promised(const ShareBook *book, const char *resource, const char *domain_uuid);
/* What is out, and not for this domain (NULL: nobody). */
int64_t share_book_kept_from(const ShareBook *book, const char *resource, const char *domain_uuid);
/* What is promised to those domains that are so. */
typedef bool (*ShareFilter)(void *userdata, const char *domain_uuid);
int64_t share_book_sum(const ShareBook *book, const char *resource, ShareFilter is, void *userdata);
/* To whom it is promised wholly, as a function is; NULL: nobody. */
const char *share_book_holder(const ShareBook *book, const char *resource);

/* Somebody here was refused for want of what is out: all that nobody was promised is to come back.
 * False: nothing is out. */
bool share_book_call_back(ShareBook *book, int64_t now);
bool share_book_is_called_back(const ShareBook *book, int64_t now);
/* Whether the cluster can be asked for it now. */
void share_book_note_reach(ShareBook *book, bool reaches);
/* Something is out, and can be taken back. */
bool share_book_may_come_back(const ShareBook *book);
/* For a question: what nobody was promised counts as back until it is asked with false. */
void share_book_suppose_back(ShareBook *book, bool back);
