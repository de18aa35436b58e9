/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/cluster-judge.h"

#define HOSTS     8
#define RESOURCES 4

typedef struct Holding {
        int64_t amounts[RESOURCES];
} Holding;

struct ClusterJudge {
        int64_t capacity; /* of each resource of each host */
        int64_t had[HOSTS][RESOURCES];
        GHashTable *holdings; /* "name@host" to Holding */
        GHashTable *dropped;  /* of the same names */
};

ClusterJudge *cluster_judge_new(int64_t capacity) {
        ClusterJudge *judge = g_new0(ClusterJudge, 1);

        judge->capacity = capacity;
        judge->holdings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        judge->dropped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return judge;
}

void cluster_judge_free(ClusterJudge *judge) {
        g_hash_table_unref(judge->holdings);
        g_hash_table_unref(judge->dropped);
        g_free(judge);
}

void cluster_judge_take(ClusterJudge *judge, const char *name, unsigned host, unsigned resource,
                        int64_t amount) {
        g_autofree char *key = g_strdup_printf("%s@%u", name, host);
        Holding *holding = g_hash_table_lookup(judge->holdings, key);

        if (g_hash_table_contains(judge->dropped, key))
                return;

        if (!holding) {
                holding = g_new0(Holding, 1);
                g_hash_table_insert(judge->holdings, g_strdup(key), holding);
        }
        g_assert_cmpint(holding->amounts[resource], ==, 0);
        holding->amounts[resource] = amount;
        judge->had[host][resource] += amount;
        if (judge->had[host][resource] > judge->capacity)
                g_error("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                        " of resource %u of host %u are had, the last ones by %s",
                        judge->had[host][resource], judge->capacity, resource, host, name);
}

void cluster_judge_drop(ClusterJudge *judge, const char *name, unsigned host) {
        g_autofree char *key = g_strdup_printf("%s@%u", name, host);
        const Holding *holding = g_hash_table_lookup(judge->holdings, key);

        for (unsigned i = 0; holding && i < RESOURCES; i++)
                judge->had[host][i] -= holding->amounts[i];
        g_hash_table_remove(judge->holdings, key);
        g_hash_table_add(judge->dropped, g_steal_pointer(&key));
}

int64_t cluster_judge_sum(const ClusterJudge *judge) {
        int64_t sum = 0;

        for (unsigned host = 0; host < HOSTS; host++)
                for (unsigned resource = 0; resource < RESOURCES; resource++)
                        sum += judge->had[host][resource];
        return sum;
}
