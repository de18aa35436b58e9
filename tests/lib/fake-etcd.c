/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-etcd.h"

typedef struct Entry {
        char *value;
        int64_t created, modified, deadline; /* deadline 0: without a lease */
} Entry;

typedef struct Past {
        char *key, *value; /* NULL: it ended */
        int64_t created, modified;
} Past;

struct FakeEtcd {
        GHashTable *entries; /* key to Entry */
        GPtrArray *history;  /* of Past */
        int64_t revision;
        int64_t compacted; /* what came up to here is not known any more */
};

static void entry_free(void *data) {
        Entry *entry = data;

        g_free(entry->value);
        g_free(entry);
}

static void past_free(void *data) {
        Past *past = data;

        g_free(past->key);
        g_free(past->value);
        g_free(past);
}

FakeEtcd *fake_etcd_new(void) {
        FakeEtcd *etcd = g_new0(FakeEtcd, 1);

        etcd->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
        etcd->history = g_ptr_array_new_with_free_func(past_free);
        etcd->revision = 1;
        return etcd;
}

void fake_etcd_free(FakeEtcd *etcd) {
        if (!etcd)
                return;

        g_hash_table_unref(etcd->entries);
        g_ptr_array_unref(etcd->history);
        g_free(etcd);
}

static void remember(FakeEtcd *etcd, const char *key, const char *value, int64_t created) {
        Past *past = g_new0(Past, 1);

        past->key = g_strdup(key);
        past->value = g_strdup(value);
        past->created = created;
        past->modified = etcd->revision;
        g_ptr_array_add(etcd->history, past);
}

/* At the revision of now. */
static Entry *write_entry(FakeEtcd *etcd, const char *key, const char *value) {
        Entry *entry = g_hash_table_lookup(etcd->entries, key);

        if (!entry) {
                entry = g_new0(Entry, 1);
                entry->created = etcd->revision;
                g_hash_table_insert(etcd->entries, g_strdup(key), entry);
        }
        g_free(entry->value);
        entry->value = g_strdup(value);
        entry->modified = etcd->revision;
        entry->deadline = 0;
        remember(etcd, key, value, entry->created);
        return entry;
}

static void delete_entry(FakeEtcd *etcd, const char *key) {
        if (g_hash_table_remove(etcd->entries, key))
                remember(etcd, key, NULL, 0);
}

static bool holds(FakeEtcd *etcd, const ClusterCompare *compare) {
        const Entry *entry = g_hash_table_lookup(etcd->entries, compare->key);
        int64_t revision = !entry ? 0 : compare->created ? entry->created : entry->modified;

        return revision == compare->revision;
}

bool fake_etcd_transact(FakeEtcd *etcd, const ClusterTransaction *transaction) {
        g_assert_true(cluster_transaction_fits(transaction));
        for (guint i = 0; i < transaction->compares->len; i++)
                if (!holds(etcd, transaction->compares->pdata[i]))
                        return false;

        etcd->revision++;
        for (guint i = 0; i < transaction->puts->len; i++) {
                const ClusterPut *put = transaction->puts->pdata[i];

                write_entry(etcd, put->key, put->value);
        }
        for (guint i = 0; i < transaction->deletes->len; i++)
                delete_entry(etcd, transaction->deletes->pdata[i]);
        return true;
}

void fake_etcd_put(FakeEtcd *etcd, const char *key, const char *value) {
        etcd->revision++;
        write_entry(etcd, key, value);
}

void fake_etcd_delete(FakeEtcd *etcd, const char *key) {
        etcd->revision++;
        delete_entry(etcd, key);
}

const char *fake_etcd_value(FakeEtcd *etcd, const char *key) {
        const Entry *entry = g_hash_table_lookup(etcd->entries, key);

        return entry ? entry->value : NULL;
}

void fake_etcd_keep_alive(FakeEtcd *etcd, const char *key, const char *value, int64_t deadline) {
        Entry *entry = g_hash_table_lookup(etcd->entries, key);

        if (!entry) {
                etcd->revision++;
                entry = write_entry(etcd, key, value);
        }
        entry->deadline = deadline;
}

void fake_etcd_expire(FakeEtcd *etcd, int64_t now) {
        g_autoptr(GPtrArray) late = g_ptr_array_new_with_free_func(g_free);
        GHashTableIter iter;
        void *key, *value;

        g_hash_table_iter_init(&iter, etcd->entries);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                const Entry *entry = value;

                if (entry->deadline > 0 && entry->deadline < now)
                        g_ptr_array_add(late, g_strdup(key));
        }
        for (guint i = 0; i < late->len; i++)
                fake_etcd_delete(etcd, late->pdata[i]);
}

static void tell_all(FakeEtcd *etcd, ClusterCopy *copy) {
        GHashTableIter iter;
        void *key, *value;

        cluster_copy_reset(copy);
        g_hash_table_iter_init(&iter, etcd->entries);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                const Entry *entry = value;

                (void)cluster_copy_key(copy, key, entry->value, entry->created, entry->modified,
                                       NULL);
        }
        cluster_copy_loaded(copy);
}

/* The first that is later. */
static guint find_past(FakeEtcd *etcd, int64_t revision) {
        guint low = 0, high = etcd->history->len;

        while (low < high) {
                guint middle = (low + high) / 2;
                const Past *past = etcd->history->pdata[middle];

                if (past->modified <= revision)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void fake_etcd_watch(FakeEtcd *etcd, ClusterCopy *copy, int64_t *revision, unsigned max) {
        guint at;

        if (*revision == 0 || *revision < etcd->compacted) {
                tell_all(etcd, copy);
                *revision = etcd->revision;
                return;
        }

        /* A revision is told whole, as etcd does. */
        for (at = find_past(etcd, *revision); at < etcd->history->len; at++) {
                const Past *past = etcd->history->pdata[at];

                if (max == 0 && past->modified > *revision)
                        return;

                (void)cluster_copy_key(copy, past->key, past->value, past->created, past->modified,
                                       NULL);
                *revision = past->modified;
                max -= max > 0;
        }
}

void fake_etcd_compact(FakeEtcd *etcd) {
        etcd->compacted = etcd->revision;
        g_ptr_array_set_size(etcd->history, 0);
}
