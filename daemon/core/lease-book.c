/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/lease.h"

#include "xml/ferry-error.h"

struct LeaseBook {
        Store *store;
        GPtrArray *leases;       /* Lease, owned, oldest first */
        GHashTable *by_device;   /* device id to Lease, both of `leases` */
        GHashTable *tried;       /* ids of devices that a trial has */
        const ShareBook *shares; /* NULL */
        LeaseListener listener;
        void *userdata;
        int64_t (*now)(void);
};

LeaseBook *lease_book_new(Store *store) {
        LeaseBook *book = g_new0(LeaseBook, 1);

        book->store = store;
        book->leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        book->by_device = g_hash_table_new(g_str_hash, g_str_equal);
        book->tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        book->now = g_get_real_time;
        return book;
}

void lease_book_free(LeaseBook *book) {
        if (!book)
                return;

        g_hash_table_unref(book->by_device);
        g_hash_table_unref(book->tried);
        g_ptr_array_unref(book->leases);
        g_free(book);
}

void lease_book_set_listener(LeaseBook *book, LeaseListener listener, void *userdata) {
        book->listener = listener;
        book->userdata = userdata;
}

void lease_book_set_clock(LeaseBook *book, int64_t (*now)(void)) {
        book->now = now;
}

static void tell(LeaseBook *book, LeaseChange change, const Lease *lease) {
        if (book->listener)
                book->listener(book->userdata, change, lease);
}

static void take(LeaseBook *book, Lease *lease) {
        g_ptr_array_add(book->leases, lease);
        g_hash_table_insert(book->by_device, lease->device, lease);
}

bool lease_book_load(LeaseBook *book, GError **error) {
        GPtrArray *leases;

        leases = store_load_leases(book->store, error);
        if (!leases)
                return false;

        g_hash_table_remove_all(book->by_device);
        g_ptr_array_unref(book->leases);
        book->leases = leases;
        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                g_hash_table_insert(book->by_device, lease->device, lease);
        }
        return true;
}

/* Changes: stored, then in the book, then told -------------------------------------- */

static bool asked_twice(const GPtrArray *leases, guint position) {
        const Lease *lease = leases->pdata[position];

        for (guint i = 0; i < position; i++)
                if (g_str_equal(((const Lease *)leases->pdata[i])->device, lease->device))
                        return true;
        return false;
}

static bool check_free(const LeaseBook *book, const GPtrArray *leases, guint position,
                       GError **error) {
        const Lease *lease = leases->pdata[position];
        const Lease *other = lease_book_find_device(book, lease->device);

        if (other) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_LEASED, "%s is leased to guest %s",
                            lease->device, other->domain_name);
                return false;
        }
        if (lease_book_is_tried(book, lease->device)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_LEASED,
                            "%s is being tried by 'virt-ferry probe': try again in a minute",
                            lease->device);
                return false;
        }
        if (asked_twice(leases, position)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_LEASED,
                            "%s is named twice by guest %s: each of its devices needs one of its "
                            "own",
                            lease->device, lease->domain_name);
                return false;
        }
        return true;
}

static bool put_all(LeaseBook *book, const GPtrArray *leases, GError **error) {
        if (!store_begin(book->store, error))
                return false;

        for (guint i = 0; i < leases->len; i++)
                if (!store_put_lease(book->store, leases->pdata[i], error)) {
                        store_rollback(book->store);
                        return false;
                }

        return store_commit(book->store, error);
}

static void complete(LeaseBook *book, Lease *lease) {
        g_assert(lease->state == LEASE_RESERVED);

        if (!lease->id)
                lease->id = g_uuid_string_random();
        if (lease->created == 0)
                lease->created = book->now();
}

bool lease_book_reserve(LeaseBook *book, GPtrArray *leases, GError **error) {
        g_autofree void **taken = NULL;
        gsize n_taken;

        if (leases->len == 0)
                return true;

        for (guint i = 0; i < leases->len; i++) {
                if (!check_free(book, leases, i, error))
                        return false;
                complete(book, leases->pdata[i]);
        }
        if (!put_all(book, leases, error))
                return false;

        taken = g_ptr_array_steal(leases, &n_taken);
        for (gsize i = 0; i < n_taken; i++)
                take(book, taken[i]);
        for (gsize i = 0; i < n_taken; i++)
                tell(book, LEASE_ADDED, taken[i]);
        return true;
}

/* Where a lease may go from each state; itself is a new expiry. */
#define TO(state) (1u << LEASE_##state)
#define GONE      (1u << _LEASE_STATE_MAX)

static const unsigned transitions[] = {
        [LEASE_RESERVED] = TO(RESERVED) | TO(CLAIMED) | TO(RUNNING) | TO(RELEASING) | GONE,
        [LEASE_CLAIMED] = TO(CLAIMED) | TO(RUNNING) | TO(RELEASING) | GONE,
        [LEASE_RUNNING] = TO(RUNNING) | TO(RELEASING),
        [LEASE_RELEASING] = TO(RELEASING) | GONE,
};
G_STATIC_ASSERT(G_N_ELEMENTS(transitions) == _LEASE_STATE_MAX);

static bool check_transition(const Lease *lease, unsigned to, const char *what, GError **error) {
        if (transitions[lease->state] & to)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "The lease of %s to guest %s is %s and cannot be %s", lease->device,
                    lease->domain_name, lease_state_to_string(lease->state), what);
        return false;
}

/* `next` is the lease with other values; what it points to is the lease's own after success. */
static bool replace(LeaseBook *book, Lease *lease, const Lease *next, GError **error) {
        if (!store_put_lease(book->store, next, error))
                return false;

        *lease = *next;
        tell(book, LEASE_CHANGED, lease);
        return true;
}

bool lease_book_enter(LeaseBook *book, Lease *lease, LeaseState state, int64_t expires,
                      GError **error) {
        Lease next = *lease;

        g_assert(state >= 0 && state < _LEASE_STATE_MAX);
        if (!check_transition(lease, 1u << state, lease_state_to_string(state), error))
                return false;
        if (lease->state == state && lease->expires == expires)
                return true;

        next.state = state;
        next.expires = expires;
        return replace(book, lease, &next, error);
}

bool lease_book_note_bound(LeaseBook *book, Lease *lease, const char *previous_driver,
                           GError **error) {
        char *old = lease->previous_driver;
        Lease next = *lease;

        next.bound = true;
        next.previous_driver = g_strdup(previous_driver);
        if (!replace(book, lease, &next, error)) {
                g_free(next.previous_driver);
                return false;
        }

        g_free(old);
        return true;
}

bool lease_book_note_switch(LeaseBook *book, Lease *lease, const char *before, const char *guest,
                            bool applied, GError **error) {
        char *old_before = lease->switch_before, *old_guest = lease->switch_guest;
        Lease next = *lease;

        if (lease->switch_applied == applied && g_strcmp0(old_before, before) == 0 &&
            g_strcmp0(old_guest, guest) == 0)
                return true;

        next.switch_applied = applied;
        next.switch_before = g_strdup(before);
        next.switch_guest = g_strdup(guest);
        if (!replace(book, lease, &next, error)) {
                g_free(next.switch_before);
                g_free(next.switch_guest);
                return false;
        }

        g_free(old_before);
        g_free(old_guest);
        return true;
}

bool lease_book_rename(LeaseBook *book, Lease *lease, const char *domain_name, GError **error) {
        char *old = lease->domain_name;
        Lease next = *lease;

        if (g_str_equal(old, domain_name))
                return true;

        next.domain_name = g_strdup(domain_name);
        if (!replace(book, lease, &next, error)) {
                g_free(next.domain_name);
                return false;
        }

        g_free(old);
        return true;
}

bool lease_book_drop(LeaseBook *book, Lease *lease, GError **error) {
        guint position;

        if (!check_transition(lease, GONE, "dropped before it was given back", error) ||
            !store_delete_lease(book->store, lease->id, error))
                return false;

        g_hash_table_remove(book->by_device, lease->device);
        g_ptr_array_find(book->leases, lease, &position);
        g_ptr_array_steal_index(book->leases, position);
        tell(book, LEASE_REMOVED, lease);
        lease_free(lease);
        return true;
}

/* Trials ---------------------------------------------------------------------------- */

bool lease_book_begin_trial(LeaseBook *book, const char *device, GError **error) {
        const Lease *lease = lease_book_find_device(book, device);

        if (lease) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_LEASED,
                            "%s is leased to guest %s, and only a free device is tried: shut the "
                            "guest down, or name another device",
                            device, lease->domain_name);
                return false;
        }
        if (!g_hash_table_add(book->tried, g_strdup(device))) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "%s is being tried already: try again in a minute", device);
                return false;
        }
        return true;
}

void lease_book_end_trial(LeaseBook *book, const char *device) {
        g_hash_table_remove(book->tried, device);
}

bool lease_book_is_tried(const LeaseBook *book, const char *device) {
        return g_hash_table_contains(book->tried, device);
}

/* The cluster ----------------------------------------------------------------------- */

void lease_book_set_shares(LeaseBook *book, const ShareBook *shares) {
        book->shares = shares;
}

const ShareBook *lease_book_shares(const LeaseBook *book) {
        return book->shares;
}

bool lease_book_is_shared(const LeaseBook *book, const char *device, const char *domain_uuid) {
        return book->shares && share_book_kept_from(book->shares, device, domain_uuid) > 0;
}

/* Questions ------------------------------------------------------------------------- */

Lease *lease_book_find(const LeaseBook *book, const char *id) {
        for (guint i = 0; i < book->leases->len; i++) {
                Lease *lease = book->leases->pdata[i];

                if (g_str_equal(lease->id, id))
                        return lease;
        }
        return NULL;
}

Lease *lease_book_find_device(const LeaseBook *book, const char *device) {
        return g_hash_table_lookup(book->by_device, device);
}

GPtrArray *lease_book_list(const LeaseBook *book) {
        GPtrArray *list = g_ptr_array_new();

        g_ptr_array_extend(list, book->leases, NULL, NULL);
        return list;
}

GPtrArray *lease_book_list_domain(const LeaseBook *book, const char *domain_uuid) {
        GPtrArray *list = g_ptr_array_new();

        for (guint i = 0; i < book->leases->len; i++) {
                Lease *lease = book->leases->pdata[i];

                if (g_str_equal(lease->domain_uuid, domain_uuid))
                        g_ptr_array_add(list, lease);
        }
        return list;
}

unsigned lease_book_count_pool(const LeaseBook *book, const char *pool) {
        unsigned n = 0;

        for (guint i = 0; i < book->leases->len; i++)
                if (g_str_equal(((const Lease *)book->leases->pdata[i])->pool, pool))
                        n++;
        return n;
}

GPtrArray *lease_book_expired(const LeaseBook *book, int64_t now) {
        GPtrArray *list = g_ptr_array_new();

        for (guint i = 0; i < book->leases->len; i++) {
                Lease *lease = book->leases->pdata[i];

                if (lease->expires != 0 && lease->expires <= now)
                        g_ptr_array_add(list, lease);
        }
        return list;
}

int64_t lease_book_next_expiry(const LeaseBook *book) {
        int64_t next = 0;

        for (guint i = 0; i < book->leases->len; i++) {
                int64_t expires = ((const Lease *)book->leases->pdata[i])->expires;

                if (expires != 0 && (next == 0 || expires < next))
                        next = expires;
        }
        return next;
}
