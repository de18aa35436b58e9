/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/echo.h"

struct Echoes {
        const ClusterCopy *copy;
        GHashTable *of_key; /* key to a GPtrArray of Echo */
        bool deaf;          /* between reset and loaded */
};

typedef struct Echo {
        unsigned n_keys; /* that are not as it was done */
        EchoHeard heard;
        void *userdata;
} Echo;

/* On the way through the list it is told of each key that it waits for. */
static void hear(Echo *echo) {
        if (--echo->n_keys > 0)
                return;

        echo->heard(echo->userdata);
        g_free(echo);
}

static void hear_all(GPtrArray *waiting) {
        for (guint i = 0; i < waiting->len; i++)
                hear(waiting->pdata[i]);
}

Echoes *echoes_new(const ClusterCopy *copy) {
        Echoes *echoes = g_new0(Echoes, 1);

        echoes->copy = copy;
        echoes->of_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify)g_ptr_array_unref);
        return echoes;
}

/* A GFunc. */
static void forget(void *data, void *unused) {
        Echo *echo = data;

        if (--echo->n_keys == 0)
                g_free(echo);
}

void echoes_free(Echoes *echoes) {
        GHashTableIter iter;
        void *waiting;

        if (!echoes)
                return;

        g_hash_table_iter_init(&iter, echoes->of_key);
        while (g_hash_table_iter_next(&iter, NULL, &waiting))
                g_ptr_array_foreach(waiting, forget, NULL);
        g_hash_table_unref(echoes->of_key);
        g_free(echoes);
}

static void await_key(Echoes *echoes, Echo *echo, const char *key) {
        GPtrArray *waiting = g_hash_table_lookup(echoes->of_key, key);

        if (!waiting) {
                waiting = g_ptr_array_new();
                g_hash_table_insert(echoes->of_key, g_strdup(key), waiting);
        }
        g_ptr_array_add(waiting, echo);
        echo->n_keys++;
}

void echoes_await(Echoes *echoes, const ClusterTransaction *done, EchoHeard heard, void *userdata) {
        Echo *echo = g_new0(Echo, 1);

        echo->n_keys = 1; /* this call */
        echo->heard = heard;
        echo->userdata = userdata;
        for (guint i = 0; i < done->compares->len; i++) {
                const ClusterCompare *compare = done->compares->pdata[i];

                if (!compare->created && cluster_copy_holds(echoes->copy, compare))
                        await_key(echoes, echo, compare->key);
        }
        hear(echo);
}

/* What was done raised the revision that was compared, so any event of the key is that or later. */
void echoes_on_key(Echoes *echoes, const char *key) {
        g_autoptr(GPtrArray) waiting = NULL;
        g_autofree char *known = NULL;

        if (echoes->deaf ||
            !g_hash_table_steal_extended(echoes->of_key, key, (void **)&known, (void **)&waiting))
                return;
        hear_all(waiting);
}

void echoes_on_reset(Echoes *echoes) {
        echoes->deaf = true;
}

void echoes_on_loaded(Echoes *echoes) {
        g_autoptr(GHashTable) of_key = g_steal_pointer(&echoes->of_key);
        GHashTableIter iter;
        void *waiting;

        echoes->deaf = false;
        echoes->of_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify)g_ptr_array_unref);
        g_hash_table_iter_init(&iter, of_key);
        while (g_hash_table_iter_next(&iter, NULL, &waiting))
                hear_all(waiting);
}
