/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/lease.h"

#include "tests/unit/core/dump.h"
#include "xml/ferry-error.h"

#define DB1 "11111111-1111-1111-1111-111111111111"
#define WEB "22222222-2222-2222-2222-222222222222"

typedef struct Fixture {
        Store *store;
        LeaseBook *book;
        GString *told;
} Fixture;

static int64_t clock_now(void) {
        return 1000;
}

static const char *const change_words[] = { "added", "changed", "removed" };

/* What the listener sees is stored already. */
static void on_change(void *userdata, LeaseChange change, const Lease *lease) {
        Fixture *f = userdata;
        g_autofree char *stored = dump_stored_leases(f->store), *line = dump_lease(lease);

        g_assert_true((strstr(stored, line) != NULL) == (change != LEASE_REMOVED));
        g_string_append_printf(f->told, "%s %s %s; ", change_words[change], lease->device,
                               lease_state_to_string(lease->state));
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        f->store = store_open(":memory:", &error);
        g_assert_no_error(error);
        f->told = g_string_new(NULL);
        f->book = lease_book_new(f->store);
        lease_book_set_clock(f->book, clock_now);
        lease_book_set_listener(f->book, on_change, f);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        lease_book_free(f->book);
        store_close(f->store);
        g_string_free(f->told, TRUE);
}

static char *dump_book(const LeaseBook *book) {
        g_autoptr(GPtrArray) leases = lease_book_list(book);

        return dump_leases(leases);
}

static void assert_book_is_stored(Fixture *f) {
        g_autofree char *book = dump_book(f->book), *stored = dump_stored_leases(f->store);

        g_assert_cmpstr(book, ==, stored);
}

static Lease *make_lease(const char *uuid, const char *name, const char *device) {
        Lease *lease = lease_new();

        lease->domain_uuid = g_strdup(uuid);
        lease->domain_name = g_strdup(name);
        lease->device = g_strdup(device);
        lease->class_name = g_strdup("sriov");
        lease->pool = g_strdup("default");
        lease->expires = 5000;
        return lease;
}

static GPtrArray *make_leases(const char *uuid, const char *name, const char *const *devices) {
        GPtrArray *leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);

        for (; *devices; devices++)
                g_ptr_array_add(leases, make_lease(uuid, name, *devices));
        return leases;
}

static void reserve(Fixture *f, const char *uuid, const char *name, const char *const *devices) {
        g_autoptr(GPtrArray) leases = make_leases(uuid, name, devices);
        g_autoptr(GError) error = NULL;
        bool done;

        done = lease_book_reserve(f->book, leases, &error);
        g_assert_no_error(error);
        g_assert_true(done);
        g_assert_cmpuint(leases->len, ==, 0);
}

static Lease *reserve_one(Fixture *f, const char *device) {
        reserve(f, DB1, "db1", (const char *[]){ device, NULL });
        return lease_book_find_device(f->book, device);
}

static void enter(Fixture *f, Lease *lease, LeaseState state, int64_t expires) {
        g_autoptr(GError) error = NULL;
        bool done;

        done = lease_book_enter(f->book, lease, state, expires, &error);
        g_assert_no_error(error);
        g_assert_true(done);
}

/* Reserving ------------------------------------------------------------------------- */

static void test_a_reservation_is_stored_and_told(Fixture *f, gconstpointer unused) {
        const Lease *a, *b;

        reserve(f, DB1, "db1", (const char *[]){ "a", "b", NULL });

        a = lease_book_find_device(f->book, "a");
        b = lease_book_find_device(f->book, "b");
        g_assert_true(g_uuid_string_is_valid(a->id));
        g_assert_cmpstr(a->id, !=, b->id);
        g_assert_true(lease_book_find(f->book, b->id) == b);
        g_assert_cmpint(a->state, ==, LEASE_RESERVED);
        g_assert_cmpint(a->created, ==, clock_now());
        g_assert_cmpint(a->expires, ==, 5000);
        g_assert_cmpstr(f->told->str, ==, "added a reserved; added b reserved; ");
        assert_book_is_stored(f);
}

static void test_id_and_time_of_the_caller_are_kept(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) leases = make_leases(DB1, "db1", (const char *[]){ "a", NULL });
        Lease *lease = leases->pdata[0];

        lease->id = g_strdup(WEB);
        lease->created = 7;
        g_assert_true(lease_book_reserve(f->book, leases, NULL));
        g_assert_true(lease_book_find(f->book, WEB) == lease);
        g_assert_cmpint(lease->created, ==, 7);
}

static void assert_refused(Fixture *f, const char *const *devices, const char *message) {
        g_autoptr(GPtrArray) leases = make_leases(WEB, "web", devices);
        g_autofree char *before = dump_book(f->book), *after = NULL;
        g_autoptr(GError) error = NULL;
        guint len = leases->len;

        g_string_truncate(f->told, 0);
        g_assert_false(lease_book_reserve(f->book, leases, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_LEASED);
        g_assert_cmpstr(error->message, ==, message);

        after = dump_book(f->book);
        g_assert_cmpstr(after, ==, before);
        g_assert_cmpuint(leases->len, ==, len); /* still the caller's */
        g_assert_cmpstr(f->told->str, ==, "");
        assert_book_is_stored(f);
}

static void test_a_leased_device_is_refused_with_all_asked_beside_it(Fixture *f,
                                                                     gconstpointer unused) {
        reserve_one(f, "a");
        assert_refused(f, (const char *[]){ "b", "a", "c", NULL }, "a is leased to guest db1");
}

static void test_a_device_asked_for_twice_is_refused(Fixture *f, gconstpointer unused) {
        assert_refused(f, (const char *[]){ "b", "c", "b", NULL },
                       "b is named twice by guest web: each of its devices needs one of its own");
}

static void test_nothing_asked_is_nothing_written(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new();

        store_fail_write(f->store, 0);
        g_assert_true(lease_book_reserve(f->book, leases, NULL));
}

static void test_a_dropped_device_can_be_leased_again(Fixture *f, gconstpointer unused) {
        g_assert_true(lease_book_drop(f->book, reserve_one(f, "a"), NULL));
        g_assert_null(lease_book_find_device(f->book, "a"));
        reserve(f, WEB, "web", (const char *[]){ "a", NULL });
        g_assert_cmpstr(lease_book_find_device(f->book, "a")->domain_name, ==, "web");
        assert_book_is_stored(f);
}

/* States ---------------------------------------------------------------------------- */

#define GONE _LEASE_STATE_MAX

/* Only forwards; gone from everywhere but `running`. */
static bool may(int from, int to) {
        return to == GONE ? from != LEASE_RUNNING : to >= from;
}

static bool try(Fixture *f, Lease *lease, int to, GError **error) {
        if (to == GONE)
                return lease_book_drop(f->book, lease, error);

        return lease_book_enter(f->book, lease, (LeaseState)to, 9000, error);
}

static void try_transition(Fixture *f, LeaseState from, int to) {
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;
        Lease *lease = reserve_one(f, "a");

        enter(f, lease, from, 8000);
        before = dump_book(f->book);
        g_assert_cmpint(try(f, lease, to, &error), ==, may(from, to));
        after = dump_book(f->book);
        assert_book_is_stored(f);

        if (error) {
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
                g_assert_cmpstr(after, ==, before);
        } else if (to != GONE) {
                g_assert_cmpint(lease->state, ==, to);
                g_assert_cmpint(lease->expires, ==, 9000);
        }
}

static void test_every_pair_of_states_is_as_the_table_says(void) {
        for (int from = 0; from < _LEASE_STATE_MAX; from++)
                for (int to = 0; to <= GONE; to++) {
                        Fixture f;

                        set_up(&f, NULL);
                        try_transition(&f, (LeaseState)from, to);
                        tear_down(&f, NULL);
                }
}

static void test_a_refusal_says_whose_lease_and_which_states(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        Lease *lease = reserve_one(f, "a");

        enter(f, lease, LEASE_RUNNING, 0);
        g_assert_false(lease_book_enter(f->book, lease, LEASE_RESERVED, 0, &error));
        g_assert_cmpstr(error->message, ==,
                        "The lease of a to guest db1 is running and cannot be reserved");

        g_clear_error(&error);
        g_assert_false(lease_book_drop(f->book, lease, &error));
        g_assert_cmpstr(error->message, ==,
                        "The lease of a to guest db1 is running and cannot be dropped before it "
                        "was given back");
}

static void test_what_does_not_differ_is_not_written_or_told(Fixture *f, gconstpointer unused) {
        Lease *lease = reserve_one(f, "a");

        g_string_truncate(f->told, 0);
        store_fail_write(f->store, 0);
        enter(f, lease, LEASE_RESERVED, lease->expires);
        g_assert_true(lease_book_rename(f->book, lease, "db1", NULL));
        g_assert_cmpstr(f->told->str, ==, "");
}

static void test_the_life_of_a_lease_is_told_and_outlives_the_book(Fixture *f,
                                                                   gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(LeaseBook) next = lease_book_new(f->store);
        Lease *lease = reserve_one(f, "a");

        enter(f, lease, LEASE_CLAIMED, 6000);
        g_assert_true(lease_book_note_bound(f->book, lease, "igbvf", NULL));
        enter(f, lease, LEASE_RUNNING, 0);
        g_assert_true(lease_book_rename(f->book, lease, "db2", NULL));
        enter(f, lease, LEASE_RELEASING, 7000);

        g_assert_true(lease->bound);
        g_assert_cmpstr(lease->previous_driver, ==, "igbvf");
        g_assert_cmpstr(lease->domain_name, ==, "db2");
        before = dump_book(f->book);
        g_assert_true(lease_book_load(next, NULL));
        after = dump_book(next);
        g_assert_cmpstr(after, ==, before);
        g_assert_nonnull(lease_book_find_device(next, "a"));

        g_assert_true(lease_book_drop(f->book, lease, NULL));
        g_assert_cmpstr(f->told->str, ==,
                        "added a reserved; changed a claimed; changed a claimed; "
                        "changed a running; changed a running; changed a releasing; "
                        "removed a releasing; ");
}

static void test_a_driver_of_none_is_noted_too(Fixture *f, gconstpointer unused) {
        Lease *lease = reserve_one(f, "a");

        g_assert_true(lease_book_note_bound(f->book, lease, "igbvf", NULL));
        g_assert_true(lease_book_note_bound(f->book, lease, NULL, NULL));
        g_assert_true(lease->bound);
        g_assert_null(lease->previous_driver);
        assert_book_is_stored(f);
}

/* Every write fails once ------------------------------------------------------------ */

static bool reserve_two(Fixture *f, GError **error) {
        g_autoptr(GPtrArray) leases = make_leases(WEB, "web", (const char *[]){ "b", "c", NULL });

        return lease_book_reserve(f->book, leases, error);
}

static bool claim(Fixture *f, GError **error) {
        return lease_book_enter(f->book, lease_book_find_device(f->book, "a"), LEASE_CLAIMED, 0,
                                error);
}

static bool note_bound(Fixture *f, GError **error) {
        return lease_book_note_bound(f->book, lease_book_find_device(f->book, "a"), "e1000", error);
}

static bool rename_guest(Fixture *f, GError **error) {
        return lease_book_rename(f->book, lease_book_find_device(f->book, "a"), "db2", error);
}

static bool drop(Fixture *f, GError **error) {
        return lease_book_drop(f->book, lease_book_find_device(f->book, "a"), error);
}

typedef struct Operation {
        const char *name;
        bool (*run)(Fixture *f, GError **error);
        int n_writes;
} Operation;

static const Operation operations[] = {
        { "reserve", reserve_two, 4 }, /* begin, two leases, commit */
        { "enter", claim, 1 },         { "note bound", note_bound, 1 },
        { "rename", rename_guest, 1 }, { "drop", drop, 1 },
};

static void test_a_write_that_fails_changes_nothing(Fixture *f, gconstpointer data) {
        const Operation *operation = data;
        g_autofree char *before = NULL;
        int n;

        reserve_one(f, "a");
        g_string_truncate(f->told, 0);
        before = dump_book(f->book);
        for (n = 0; n <= operation->n_writes; n++) {
                g_autofree char *after = NULL;
                g_autoptr(GError) error = NULL;

                store_fail_write(f->store, n);
                if (operation->run(f, &error))
                        break;

                after = dump_book(f->book);
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                g_assert_cmpstr(after, ==, before);
                g_assert_cmpstr(f->told->str, ==, "");
                assert_book_is_stored(f);
        }

        g_assert_cmpint(n, ==, operation->n_writes); /* all were tried */
        g_assert_cmpstr(f->told->str, !=, "");
        assert_book_is_stored(f);
}

/* Questions ------------------------------------------------------------------------- */

static void test_leases_are_found_by_guest_and_pool_in_their_order(Fixture *f,
                                                                   gconstpointer unused) {
        g_autoptr(GPtrArray) all = NULL, db1 = NULL, none = NULL;

        reserve(f, DB1, "db1", (const char *[]){ "z", "y", NULL });
        reserve(f, WEB, "web", (const char *[]){ "x", NULL });

        all = lease_book_list(f->book);
        g_assert_cmpuint(all->len, ==, 3);
        g_assert_cmpstr(((Lease *)all->pdata[0])->device, ==, "z");
        g_assert_cmpstr(((Lease *)all->pdata[2])->device, ==, "x");

        db1 = lease_book_list_domain(f->book, DB1);
        g_assert_cmpuint(db1->len, ==, 2);
        g_assert_cmpstr(((Lease *)db1->pdata[1])->device, ==, "y");
        none = lease_book_list_domain(f->book, "33333333-3333-3333-3333-333333333333");
        g_assert_cmpuint(none->len, ==, 0);

        g_assert_cmpuint(lease_book_count_pool(f->book, "default"), ==, 3);
        g_assert_cmpuint(lease_book_count_pool(f->book, "fast"), ==, 0);
        g_assert_null(lease_book_find(f->book, DB1));
}

static void test_a_lease_has_expired_when_its_time_has_come(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) early = NULL, due = NULL, late = NULL;

        g_assert_cmpint(lease_book_next_expiry(f->book), ==, 0);
        reserve(f, DB1, "db1", (const char *[]){ "a", "b", "c", NULL });
        enter(f, lease_book_find_device(f->book, "a"), LEASE_CLAIMED, 300);
        enter(f, lease_book_find_device(f->book, "b"), LEASE_RELEASING, 200);
        enter(f, lease_book_find_device(f->book, "c"), LEASE_RUNNING, 0);

        g_assert_cmpint(lease_book_next_expiry(f->book), ==, 200);
        early = lease_book_expired(f->book, 199);
        g_assert_cmpuint(early->len, ==, 0);
        due = lease_book_expired(f->book, 200);
        g_assert_cmpuint(due->len, ==, 1);
        g_assert_cmpstr(((Lease *)due->pdata[0])->device, ==, "b");
        late = lease_book_expired(f->book, G_MAXINT64);
        g_assert_cmpuint(late->len, ==, 2);
}

static void test_a_copy_is_equal_and_its_own(void) {
        g_autoptr(Lease) lease = make_lease(DB1, "db1", "a"), copy = NULL;
        g_autofree char *before = NULL, *after = NULL;

        lease->id = g_strdup(WEB);
        lease->parent = g_strdup("0000:3b:00.0");
        lease->type = g_strdup("mtty-1");
        lease->address = g_strdup("0000:00:05.0");
        lease->previous_driver = g_strdup("igbvf");
        lease->make = lease->managed = lease->bound = true;
        before = dump_lease(lease);
        copy = lease_copy(lease);
        g_clear_pointer(&lease, lease_free);
        after = dump_lease(copy);
        g_assert_cmpstr(after, ==, before);
        g_assert_null(lease_copy(NULL));
}

#define ADD(name, function) g_test_add("/lease/" name, Fixture, NULL, set_up, function, tear_down)

static void test_a_device_that_is_tried_is_nobodys(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_true(lease_book_begin_trial(f->book, "a", &error));
        g_assert_no_error(error);
        g_assert_true(lease_book_is_tried(f->book, "a"));
        assert_refused(f, (const char *[]){ "b", "a", NULL },
                       "a is being tried by 'virt-ferry probe': try again in a minute");

        g_assert_false(lease_book_begin_trial(f->book, "a", &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);

        lease_book_end_trial(f->book, "a");
        g_assert_false(lease_book_is_tried(f->book, "a"));
        (void)reserve_one(f, "a");
}

static void test_a_leased_device_is_not_tried(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        (void)reserve_one(f, "a");
        g_assert_false(lease_book_begin_trial(f->book, "a", &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_LEASED);
        g_assert_nonnull(strstr(error->message, "a is leased to guest db1, and only"));
        g_assert_false(lease_book_is_tried(f->book, "a"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a reservation is stored and told", test_a_reservation_is_stored_and_told);
        ADD("id and time of the caller are kept", test_id_and_time_of_the_caller_are_kept);
        ADD("a leased device is refused with all asked beside it",
            test_a_leased_device_is_refused_with_all_asked_beside_it);
        ADD("a device asked for twice is refused", test_a_device_asked_for_twice_is_refused);
        ADD("nothing asked is nothing written", test_nothing_asked_is_nothing_written);
        ADD("a dropped device can be leased again", test_a_dropped_device_can_be_leased_again);
        g_test_add_func("/lease/every pair of states is as the table says",
                        test_every_pair_of_states_is_as_the_table_says);
        ADD("a refusal says whose lease and which states",
            test_a_refusal_says_whose_lease_and_which_states);
        ADD("what does not differ is not written or told",
            test_what_does_not_differ_is_not_written_or_told);
        ADD("the life of a lease is told and outlives the book",
            test_the_life_of_a_lease_is_told_and_outlives_the_book);
        ADD("a driver of none is noted too", test_a_driver_of_none_is_noted_too);
        for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
                g_autofree char *name = g_strdup_printf(
                        "/lease/a write that fails changes nothing/%s", operations[i].name);

                g_test_add(name, Fixture, &operations[i], set_up,
                           test_a_write_that_fails_changes_nothing, tear_down);
        }
        ADD("leases are found by guest and pool in their order",
            test_leases_are_found_by_guest_and_pool_in_their_order);
        ADD("a lease has expired when its time has come",
            test_a_lease_has_expired_when_its_time_has_come);
        ADD("a device that is tried is nobody's", test_a_device_that_is_tried_is_nobodys);
        ADD("a leased device is not tried", test_a_leased_device_is_not_tried);
        g_test_add_func("/lease/a copy is equal and its own", test_a_copy_is_equal_and_its_own);
        return g_test_run();
}
