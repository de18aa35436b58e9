/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/drain-record.h"

#include "daemon/core/store-query.h"
#include "xml/ferry-error.h"

static Store *new_store(void) {
        g_autoptr(GError) error = NULL;
        Store *store = store_open(":memory:", &error);

        g_assert_no_error(error);
        return store;
}

static DrainRecord *make_record(void) {
        DrainRecord *record = drain_record_new();
        DrainGuest *guest;

        record->state = DRAIN_PARTLY;
        record->persistent = true;
        g_ptr_array_add(record->destinations, g_strdup("qemu+ssh://c/system"));
        g_ptr_array_add(record->destinations, g_strdup("qemu+ssh://b/system"));

        guest = drain_record_add(record, "2", "web");
        guest->destination = g_strdup("qemu+ssh://b/system");
        guest->n_refused = 1;
        guest->state = DRAIN_GUEST_LEFT;

        guest = drain_record_add(record, "1", "db");
        guest->reason = g_strdup("it has a device that cannot come along");
        guest->state = DRAIN_GUEST_STAYED;
        return record;
}

static void put(Store *store, const DrainRecord *record) {
        g_autoptr(GError) error = NULL;

        g_assert_true(store_put_drain(store, record, &error));
        g_assert_no_error(error);
}

static DrainRecord *load(Store *store) {
        DrainRecord *record = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(store_load_drain(store, &record, &error));
        g_assert_no_error(error);
        return record;
}

static void test_what_is_put_is_loaded(void) {
        g_autoptr(DrainRecord) record = make_record(), loaded = NULL;
        g_autoptr(Store) store = new_store();

        put(store, record);
        loaded = load(store);
        g_assert_true(drain_record_equal(record, loaded));

        record->persistent = false;
        record->undefine_source = true;
        g_clear_pointer(&loaded, drain_record_free);
        put(store, record);
        loaded = load(store);
        g_assert_true(drain_record_equal(record, loaded));
}

static void test_the_next_one_takes_its_place(void) {
        g_autoptr(DrainRecord) first = make_record(), second = drain_record_new(), loaded = NULL;
        g_autoptr(Store) store = new_store();

        drain_record_add(second, "3", "mail");
        g_ptr_array_add(second->destinations, g_strdup("qemu+ssh://c/system"));
        put(store, first);
        put(store, second);
        loaded = load(store);
        g_assert_true(drain_record_equal(second, loaded));
}

static void test_none_is_a_drain_too(void) {
        g_autoptr(DrainRecord) record = make_record();
        g_autoptr(Store) store = new_store();

        g_assert_null(load(store));
        put(store, record);
        put(store, NULL);
        g_assert_null(load(store));
}

static void test_a_write_that_fails_leaves_what_was(void) {
        g_autoptr(DrainRecord) record = make_record(), other = drain_record_new(), loaded = NULL;
        g_autoptr(Store) store = new_store();
        g_autoptr(GError) error = NULL;

        put(store, record);
        drain_record_add(other, "4", "same");
        drain_record_add(other, "4", "same"); /* the second row cannot be */
        g_assert_false(store_put_drain(store, other, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        loaded = load(store);
        g_assert_true(drain_record_equal(record, loaded));
}

static void test_a_word_of_a_newer_daemon_is_refused(void) {
        static const char *const changes[] = {
                "UPDATE drain SET state = 'flying'",
                "UPDATE drain_guests SET state = 'flying'",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
                g_autoptr(DrainRecord) record = make_record(), loaded = NULL;
                g_autoptr(Store) store = new_store();
                g_autoptr(GError) error = NULL;

                put(store, record);
                g_assert_cmpint(sqlite3_exec(store->db, changes[i], NULL, NULL, NULL), ==,
                                SQLITE_OK);
                g_assert_false(store_load_drain(store, &loaded, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                g_assert_nonnull(strstr(error->message, "'flying', which this version"));
        }
}

static void test_a_drain_may_have_no_destination(void) {
        g_autoptr(DrainRecord) record = make_record(), loaded = NULL;
        g_autoptr(Store) store = new_store();

        g_ptr_array_set_size(record->destinations, 0);
        put(store, record);
        loaded = load(store);
        g_assert_cmpuint(loaded->destinations->len, ==, 0);
        g_assert_true(drain_record_equal(loaded, record));
}

/* One thing is other than in the rest. */
static void vary(int thing, DrainRecord *record) {
        DrainGuest *guest = record->guests->pdata[0];
        char **texts[] = { &guest->uuid, &guest->name, &guest->destination, &guest->reason };

        if (thing < (int)G_N_ELEMENTS(texts)) {
                g_free(*texts[thing]);
                *texts[thing] = g_strdup("other");
                return;
        }

        switch (thing - (int)G_N_ELEMENTS(texts)) {
        case 0:
                guest->n_refused++;
                return;
        case 1:
                guest->state = DRAIN_GUEST_MOVING;
                return;
        case 2:
                record->state = DRAIN_DRAINED;
                return;
        case 3:
                record->persistent = !record->persistent;
                return;
        case 4:
                record->undefine_source = !record->undefine_source;
                return;
        case 5:
                g_ptr_array_remove_index(record->destinations, 0);
                return;
        case 6:
                g_ptr_array_remove_index(record->guests, 1);
                return;
        default:
                g_free(record->destinations->pdata[1]);
                record->destinations->pdata[1] = g_strdup("other");
        }
}

static void test_each_thing_counts(void) {
        for (int thing = 0; thing < 12; thing++) {
                g_autoptr(DrainRecord) a = make_record(), b = drain_record_copy(a), loaded = NULL;
                g_autoptr(Store) store = new_store();

                g_assert_true(drain_record_equal(a, b));
                vary(thing, b);
                g_assert_false(drain_record_equal(a, b));

                put(store, b);
                loaded = load(store);
                g_assert_true(drain_record_equal(b, loaded));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/store-drain/what is put is loaded", test_what_is_put_is_loaded);
        g_test_add_func("/store-drain/the next one takes its place",
                        test_the_next_one_takes_its_place);
        g_test_add_func("/store-drain/none is a drain, too", test_none_is_a_drain_too);
        g_test_add_func("/store-drain/a write that fails leaves what was",
                        test_a_write_that_fails_leaves_what_was);
        g_test_add_func("/store-drain/a word of a newer daemon is refused",
                        test_a_word_of_a_newer_daemon_is_refused);
        g_test_add_func("/store-drain/a drain may have no destination",
                        test_a_drain_may_have_no_destination);
        g_test_add_func("/store-drain/each thing counts when it is compared, copied and stored",
                        test_each_thing_counts);
        return g_test_run();
}
