/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hardware slices in the life of a host and its guests: asks come from the bus,
 * from guests and from hooks, the book (core/slice-book.h) decides, and what it
 * decides is carried out on guests that run (slice-enforce.h). Belongs to the
 * manager; one thread.
 *
 * Asks are collected: those that come before the loop is idle are one
 * transaction, so that many askers cost one write to the disk. Each gets its
 * answer when that is written.
 *
 * How long a slice lasts is said by its expiry:
 *   0                  an operator has allocated it, and it stays until it is deallocated or
 *                      its guest moves to another host
 *   SLICE_WITH_GUEST   it came with its guest, in the guest's metadata, and goes with it
 *   else               its guest is to come until then
 */

#include "daemon/core/slice-book.h"
#include "daemon/manager.h"
#include "xml/domain.h"

#define SLICE_WITH_GUEST INT64_MAX
#define SLICES_BATCH_MAX 256 /* as many asks are one transaction */

/* Owns its book; borrows the manager. */
Slices *slices_new(Manager *manager);
void slices_free(Slices *slices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Slices, slices_free)

/* From the store, when the manager starts. */
bool slices_start(Slices *slices, GError **error);
SliceBook *slices_book(Slices *slices);
/* Called after a change was stored; it may read. */
void slices_set_listener(Slices *slices, SliceListener listener, void *userdata);
void slices_set_clock(Slices *slices, int64_t (*now)(void));

/* Devices, memory, pools or what agents tell have changed: the map is read anew when it is needed.
 */
void slices_on_host_changed(Slices *slices);
/* Guests without a slice have more or fewer devices than before. */
void slices_on_leases_changed(Slices *slices);
/* More or less is offered to the cluster, or it is promised to others there. */
void slices_on_shares_changed(Slices *slices);
/* It has been given here what its slice says. */
bool slices_is_placed(const Slices *slices, const char *domain_uuid);
/* A device that this domain had is nobody's. What could not be carried out for want of one is tried
 * again, when somebody else has let go of it. */
void slices_on_lease_gone(Slices *slices, const char *domain_uuid);
/* The map by which it is decided what a slice is given, and how that is carried out. Good until
 * anybody needs the map again. */
const ResourceMap *slices_map(Slices *slices);
/* The map for those who look, with what is promised now; good as long. How old the one and the
 * other may be: core/resource-cache.h. */
const ResourceMap *slices_look(Slices *slices);

/* Called once, when the ask is stored or refused: `entry` as it is now (NULL: it is gone), or
 * `error`. `placement` is of an allocation. */
typedef void (*SliceAnswer)(void *userdata, const SliceEntry *entry,
                            const SlicePlacement *placement, const GError *error);

/* By an operator: the whole wish, in the place of what the domain had. `name` NULL: the one it has
 * been called by, or its UUID. */
void slices_allocate(Slices *slices, const char *domain_uuid, const char *name, const Slice *wish,
                     SliceAnswer answer, void *userdata);
void slices_deallocate(Slices *slices, const char *domain_uuid, SliceAnswer answer, void *userdata);
/* What slices_allocate() would do; synchronous. */
SlicePlacement *slices_try(Slices *slices, const char *domain_uuid, const Slice *wish,
                           GError **error);

/* More, or less, of one kind: "cores", "memory" (bytes), "functions", "offload-cores",
 * "offload-memory" (bytes), "bandwidth" (Mbit/s of its functions' minima), "keys". Less than
 * nothing, an unknown kind, and for a guest's own ask what its <allow> does not have:
 * FERRY_ERROR_INVALID_REQUEST with the field. `qos` holds what the wish is to say of it: the names
 * and values of attributes ("exclusive", "node", "class", "min-mbit" ...), NULL none; "priority" is
 * that of the whole slice. A guest may say "name" and "min-mbit" alone. A slice of which nothing is
 * left is gone; one that was not there is new. */
typedef struct SliceAsk {
        const char *domain_uuid;
        const char *domain_name; /* of one that has no slice yet; NULL its UUID */
        const char *kind;
        uint64_t amount;
        bool less;
        const char *const *qos; /* name, value, name, value, NULL */
        bool by_guest;
} SliceAsk;

void slices_ask(Slices *slices, const SliceAsk *ask, SliceAnswer answer, void *userdata);

/* Whether something waits to be written; and do it. The daemon calls it when its loop is idle. */
bool slices_is_pending(const Slices *slices);
void slices_flush(Slices *slices);

/* For hook-ops: the slice of a guest that comes here or starts, from its metadata. Promised until
 * the lease timeout; then the domain's XML is made to fit (xml/slice-fit.h). One that an operator
 * has allocated here has the last word. Synchronous. `wish` NULL: it has none in its metadata. NULL
 * without an error: it has no slice. `at`: the wish with the parents that functions have to be of,
 * since its devices are (core/slice-devices.h); NULL: wherever they are placed. */
const SliceEntry *slices_reserve(Slices *slices, const char *domain_uuid, const char *name,
                                 const Slice *wish, const Slice *at, GError **error);
/* The entry as slices_reserve() would make it; the caller's. */
SliceEntry *slices_try_reserve(Slices *slices, const char *domain_uuid, const char *name,
                               const Slice *wish, const Slice *at, GError **error);

/* For guest-follow: it runs here. */
void slices_on_running(Slices *slices, const Domain *domain);
/* It is gone from here; when it has `left`, it runs on another host, and its slice is there. */
void slices_on_gone(Slices *slices, const char *domain_uuid, bool left);
/* For hook-ops: the same, told by the hook, so before its next coming; also of one that has not
 * come to run. */
void slices_on_released(Slices *slices, const char *domain_uuid, bool left);
/* libvirt has told of all guests: what came with one that is not there is given back, and what one
 * had that has left while nobody looked. */
void slices_on_list(Slices *slices);
/* Who has asked for another function gives it to the guest, too, by an exchange (swap.h): what its
 * slice says is carried out when that has ended, one way or the other. Not stored. */
void slices_hold(Slices *slices, const char *domain_uuid);
void slices_resume(Slices *slices, const char *domain_uuid);
/* It has another device in the place of one that it had (swap.h). */
void slices_on_exchanged(Slices *slices, const char *domain_uuid);
/* What virt tells of a tune() (VirtOps). */
void slices_on_tuned(Slices *slices, const GuestEvent *event);
/* The meter has seen what guests have now. */
void slices_on_sampled(Slices *slices);
/* The slice as the guest's metadata are to have it, so that it goes along; `metadata` NULL: there
 * are none yet, and they are made where that is needed. */
void slices_note(Slices *slices, const Domain *domain, Metadata **metadata);

/* Why the guest does not have what it was promised, or will not have it when it starts; NULL. */
const char *slices_problem(const Slices *slices, const char *domain_uuid);

void slices_on_time(Slices *slices);
int64_t slices_next_time(const Slices *slices); /* CLOCK_REALTIME us, 0 never */
