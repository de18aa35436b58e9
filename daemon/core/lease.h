/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A lease: this device is for that domain. The only truth about who may have a
 * device on this host.
 *
 *   reserved ──► claimed ──► running ──► releasing ──► (gone)
 *      └───────────┴── expiry, failure ─────┘
 *
 * reserved: negotiated in `migrate begin`; expires, since libvirt runs no
 *           further hook when Prepare fails before QEMU is active.
 * claimed:  `prepare begin`; the device is made and bound; expires until
 *           libvirt says that the domain is active.
 * running:  libvirt said STARTED or RESUMED: the guest runs here.
 * releasing: about to be given back; what a crash leaves is finished at start.
 *
 * Only forwards, and a state may be left out (a guest that is found running);
 * a running lease goes by way of `releasing` alone.
 *
 * Keys are domain UUIDs, never names: --dname renames. A device has one lease
 * at most. Each change is stored before it is seen and before hardware is
 * touched. One thread; the book belongs to the manager.
 */

#include "daemon/core/share-book.h"
#include "daemon/core/store.h"
#include <stdint.h>

typedef enum LeaseState {
        LEASE_RESERVED,
        LEASE_CLAIMED,
        LEASE_RUNNING,
        LEASE_RELEASING,
        _LEASE_STATE_MAX,
        _LEASE_STATE_INVALID = -22,
} LeaseState;

const char *lease_state_to_string(LeaseState state);
LeaseState lease_state_from_string(const char *text);

struct Lease {
        char *id; /* uuid, made by lease_book_reserve() when NULL */
        char *domain_uuid;
        char *domain_name; /* for people */
        char *device;      /* device id; of one to be made: the id it will have */
        char *class_name;
        char *pool;
        char *parent;  /* where it is to be made, or comes from; NULL */
        char *type;    /* mdev type, NULL */
        char *address; /* guest-side PCI address, NULL; joins lease and XML after a rename */
        char *name;    /* of the guest's device, for people: "hostdev0"; NULL */
        bool make;     /* we make it at claim and remove it at the end */
        bool managed;  /* libvirt binds it and gives it back, not we */
        bool bound;    /* we bound it and give it back to previous_driver */
        char *previous_driver; /* NULL none */
        char *switch_before;   /* what the VF is to have at the end, a SwitchState; NULL unknown */
        char *switch_guest;    /* what the guest has of it, the same; NULL unknown */
        bool switch_applied;   /* it has something else, so that is to be put back */
        LeaseState state;
        int64_t created; /* CLOCK_REALTIME us, so it holds over a restart; 0: now */
        int64_t expires; /* the same, 0 never */
};

Lease *lease_new(void); /* reserved, and nothing else known */
Lease *lease_copy(const Lease *lease);
void lease_free(Lease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lease, lease_free)

/* A trial holds a lease as a guest does, under a name that no guest's UUID is, and that each device
 * has to itself. New. */
char *lease_trial_holder(const char *device);
bool lease_is_trial(const Lease *lease);

typedef enum LeaseChange {
        LEASE_ADDED,
        LEASE_CHANGED,
        LEASE_REMOVED, /* freed after the call */
} LeaseChange;

typedef struct LeaseBook LeaseBook;
/* Called when the store has the change. It may read the book, not change it. */
typedef void (*LeaseListener)(void *userdata, LeaseChange change, const Lease *lease);

LeaseBook *lease_book_new(Store *store); /* borrows the store */
void lease_book_free(LeaseBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LeaseBook, lease_book_free)
void lease_book_set_listener(LeaseBook *book, LeaseListener listener, void *userdata);
void lease_book_set_clock(LeaseBook *book, int64_t (*now)(void)); /* for tests */
/* What the store has, instead of what the book had; tells nobody. */
bool lease_book_load(LeaseBook *book, GError **error);

/* After an error of any of these the book and the store are as before. */

/* All or nothing, in one transaction: moves every Lease out of `leases`, which stays the caller's
 * and is empty afterwards; after an error it still owns them. They begin `reserved`. No device may
 * have a lease yet (FERRY_ERROR_LEASED: "DEVICE is leased to guest NAME"). */
bool lease_book_reserve(LeaseBook *book, GPtrArray *leases, GError **error);
/* The setter: checks the table of states (FERRY_ERROR_INVALID_STATE), stores, tells. Same state:
 * only the expiry changes; nothing differs: true without a write. */
bool lease_book_enter(LeaseBook *book, Lease *lease, LeaseState state, int64_t expires,
                      GError **error);
/* Notes what was done to the hardware, or is about to be. */
bool lease_book_note_bound(LeaseBook *book, Lease *lease, const char *previous_driver,
                           GError **error);
/* The same for what its PF and the host's switch know of it: `before` and `guest` as XML. */
bool lease_book_note_switch(LeaseBook *book, Lease *lease, const char *before, const char *guest,
                            bool applied, GError **error);
/* The guest has another name now (--dname). The same name: true without a write. */
bool lease_book_rename(LeaseBook *book, Lease *lease, const char *domain_name, GError **error);
/* Gone. FERRY_ERROR_INVALID_STATE for a running one. */
bool lease_book_drop(LeaseBook *book, Lease *lease, GError **error);

/* A trial has the device, so nobody may lease it for now (FERRY_ERROR_LEASED). Not stored: a trial
 * ends with the daemon that began it. FERRY_ERROR_LEASED when a guest has it, _INVALID_STATE when a
 * trial has. */
bool lease_book_begin_trial(LeaseBook *book, const char *device, GError **error);
void lease_book_end_trial(LeaseBook *book, const char *device);
bool lease_book_is_tried(const LeaseBook *book, const char *device);

/* What is offered to the cluster is for nobody else, as negotiate() and all that choose a device
 * hold. A guest that is found to have it has it. Borrowed; NULL: this host is in no cluster. */
void lease_book_set_shares(LeaseBook *book, const ShareBook *shares);
const ShareBook *lease_book_shares(const LeaseBook *book);
/* Not to be had by this domain; NULL: by nobody. */
bool lease_book_is_shared(const LeaseBook *book, const char *device, const char *domain_uuid);

Lease *lease_book_find(const LeaseBook *book, const char *id);
Lease *lease_book_find_device(const LeaseBook *book, const char *device);
GPtrArray *lease_book_list(const LeaseBook *book); /* borrowed, oldest first */
GPtrArray *lease_book_list_domain(const LeaseBook *book, const char *domain_uuid); /* borrowed */
unsigned lease_book_count_pool(const LeaseBook *book, const char *pool);
GPtrArray *lease_book_expired(const LeaseBook *book, int64_t now); /* borrowed */
int64_t lease_book_next_expiry(const LeaseBook *book);             /* 0 none */
