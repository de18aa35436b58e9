/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/world.h"

#include <string.h>

#define HOSTS  4
#define EVENTS 4000
#define DOMAIN "11111111-2222-4333-8444-555555555555"
#define OTHER  "99999999-2222-4333-8444-555555555555"

/* A copy that has been told all that happened, and what there is now. */
typedef struct Fixture {
        ClusterCopy *copy;
        GHashTable *keys; /* to values */
        GRand *random;
        int64_t revision;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->copy = cluster_copy_new();
        f->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        f->random = g_rand_new_with_seed(7);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        cluster_copy_free(f->copy);
        g_hash_table_unref(f->keys);
        g_rand_free(f->random);
}

static void tell(ClusterCopy *copy, const char *key, const char *value, int64_t revision) {
        g_assert_true(cluster_copy_key(copy, key, value, value ? revision : 0, revision, NULL));
}

static void put(Fixture *f, const char *key, const char *value) {
        tell(f->copy, key, value, ++f->revision);
        if (value)
                g_hash_table_replace(f->keys, g_strdup(key), g_strdup(value));
        else
                g_hash_table_remove(f->keys, key);
}

static void tell_all(Fixture *f, ClusterCopy *copy) {
        GHashTableIter iter;
        void *key, *value;

        cluster_copy_reset(copy);
        g_hash_table_iter_init(&iter, f->keys);
        while (g_hash_table_iter_next(&iter, &key, &value))
                tell(copy, key, value, ++f->revision);
        cluster_copy_loaded(copy);
}

/* In words ----------------------------------------------------------------------------- */

static void dump_amounts(GString *text, const PlaceAmount *amounts) {
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                g_string_append_printf(text, " %u/%u:%d", (unsigned)amounts[r].promised,
                                       (unsigned)amounts[r].offered, amounts[r].level);
}

static void dump_host(GString *text, const PlaceWorld *world, const PlaceHost *host) {
        g_string_append_printf(text, "%s%s%s", host->name, host->alive ? "" : " away",
                               host->drained ? " drained" : "");
        for (unsigned i = 0; i < host->n_functions; i++) {
                const PlaceKind *kind = &world->kinds[host->functions[i].kind];

                g_string_append_printf(text, " %s %s %s %u/%u", kind->class->name, kind->pool,
                                       kind->fingerprint->firmware, host->functions[i].promised,
                                       host->functions[i].offered);
        }
        dump_amounts(text, host->amounts);
        for (unsigned i = 0; i < host->n_offloads; i++) {
                g_string_append_printf(text, " %s", host->offloads[i].pool);
                dump_amounts(text, host->offloads[i].amounts);
        }
        g_string_append_c(text, '\n');
}

static char *dump(const ClusterCopy *copy, const char *domain) {
        g_autoptr(ClusterWorld) world = cluster_world_new(copy, domain);
        const PlaceWorld *place = cluster_world_place(world);
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < place->n_hosts; i++)
                dump_host(text, place, &place->hosts[i]);
        return g_string_free(text, FALSE);
}

/* What happens --------------------------------------------------------------------------- */

static char *made_up_map(Fixture *f) {
        return g_strdup_printf(
                "{\"schema\":1,\"drained\":%d,\"resources\":{\"cores\":{\"total\":9,\"free\":%d,"
                "\"headroom\":\"high\"},\"offload:dpu%d:memory\":{\"total\":8,\"free\":8}},"
                "\"kinds\":[{\"class\":\"sriov\",\"pool\":\"p%d\",\"firmware\":\"f%d\",\"total\":"
                "4,\"free\":%d}],\"devices\":{\"0000:00:01.0\":0,\"0000:00:02.0\":0}}",
                g_rand_int_range(f->random, 0, 2), g_rand_int_range(f->random, 0, 10),
                g_rand_int_range(f->random, 0, 2), g_rand_int_range(f->random, 0, 2),
                g_rand_int_range(f->random, 0, 3), g_rand_int_range(f->random, 0, 5));
}

static char *made_up_lot(Fixture *f) {
        static const char *const promises[] = { "",
                                                "\"" DOMAIN "\":{\"amount\":1,\"by\":\"a\","
                                                "\"since\":1,\"nonce\":\"n\"}",
                                                "\"" OTHER "\":{\"amount\":1,\"by\":\"a\","
                                                "\"since\":1,\"nonce\":\"n\"}" };

        return g_strdup_printf("{\"schema\":1,\"offered\":1,\"promised\":{%s}}",
                               promises[g_rand_int_range(f->random, 0, G_N_ELEMENTS(promises))]);
}

static const char *made_up_resource(Fixture *f) {
        static const char *const names[] = { "0000:00:01.0", "0000:00:02.0", "0000:00:03.0",
                                             "cores",        "keys",         "offload:dpu0:memory",
                                             "else" };

        return names[g_rand_int_range(f->random, 0, G_N_ELEMENTS(names))];
}

static bool is_of(const char *key, char host) {
        const char *slash = strchr(key, '/');

        return slash && slash[1] == host;
}

static void forget(Fixture *f, char host) {
        g_autoptr(GList) keys = g_hash_table_get_keys(f->keys);

        for (const GList *key = keys; key; key = key->next) {
                g_autofree char *name = g_strdup(key->data);

                if (is_of(name, host))
                        put(f, name, NULL);
        }
}

static void happen(Fixture *f) {
        bool gone = g_rand_int_range(f->random, 0, 3) == 0;
        char host = (char)('a' + g_rand_int_range(f->random, 0, HOSTS));
        g_autofree char *key = NULL, *value = NULL;

        if (g_rand_int_range(f->random, 0, 40) == 0) {
                forget(f, host);
                return;
        }
        switch (g_rand_int_range(f->random, 0, 8)) {
        case 0:
                key = g_strdup_printf("hosts/%c", host);
                value = g_strdup("{\"schema\":1}");
                break;
        case 1:
                key = g_strdup("drains");
                value = g_strdup_printf("{\"schema\":1,\"hosts\":{\"%c\":{\"since\":1,"
                                        "\"nonce\":\"n\"}}}",
                                        host);
                break;
        case 2:
        case 3:
                key = g_strdup_printf("maps/%c", host);
                value = made_up_map(f);
                break;
        default:
                key = g_strdup_printf("lots/%c/%s", host, made_up_resource(f));
                value = made_up_lot(f);
        }
        put(f, key, gone ? NULL : value);
}

/* Tests ---------------------------------------------------------------------------------- */

static void assert_same(Fixture *f, const char *domain) {
        g_autoptr(ClusterCopy) fresh = cluster_copy_new();
        g_autofree char *kept = dump(f->copy, domain), *expected = NULL;

        tell_all(f, fresh);
        expected = dump(fresh, domain);
        g_assert_cmpstr(kept, ==, expected);
}

static void test_kept(Fixture *f, gconstpointer unused) {
        static const char *const domains[] = { NULL, DOMAIN, OTHER };

        for (unsigned i = 0; i < EVENTS; i++) {
                happen(f);
                if (i % 500 == 499)
                        tell_all(f, f->copy);
                if (i % 3 == 0)
                        assert_same(f, domains[i / 3 % G_N_ELEMENTS(domains)]);
        }
}

/* The rows of one question are not those of the next. */
static void test_own_promises(Fixture *f, gconstpointer unused) {
        g_autofree char *others = NULL, *again = NULL, *its = NULL;

        put(f, "maps/a",
            "{\"schema\":1,\"resources\":{\"cores\":{\"total\":9,\"free\":7}},\"kinds\":[{"
            "\"class\":\"sriov\",\"pool\":\"p\",\"firmware\":\"f\",\"total\":4,\"free\":3}],"
            "\"devices\":{\"0000:00:01.0\":0}}");
        put(f, "lots/a/0000:00:01.0",
            "{\"schema\":1,\"offered\":1,\"promised\":{\"" DOMAIN "\":{\"amount\":1,\"by\":\"b\","
            "\"since\":1,\"nonce\":\"n\"}}}");
        put(f, "lots/a/cores",
            "{\"schema\":1,\"offered\":5,\"promised\":{\"" DOMAIN "\":{\"amount\":2,\"by\":\"b\","
            "\"since\":1,\"nonce\":\"n\"},\"" OTHER "\":{\"amount\":3,\"by\":\"b\",\"since\":1,"
            "\"nonce\":\"m\"}}}");
        others = dump(f->copy, NULL);
        its = dump(f->copy, DOMAIN);
        again = dump(f->copy, NULL);

        g_assert_true(g_str_has_prefix(others, "a away sriov p f 2/4 0/0:-22 7/9:"));
        g_assert_true(g_str_has_prefix(its, "a away sriov p f 1/4 0/0:-22 5/9:"));
        g_assert_cmpstr(again, ==, others);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/cluster-world/what is kept between questions is what all anew would be",
                   Fixture, NULL, set_up, test_kept, tear_down);
        g_test_add("/cluster-world/what a domain was promised is free to it alone", Fixture, NULL,
                   set_up, test_own_promises, tear_down);
        return g_test_run();
}
