/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/balance-world.h"

#include "daemon/cluster/bands.h"
#include "daemon/cluster/needs.h"
#include "daemon/cluster/world.h"

struct BalanceTold {
        const ClusterCopy *copy;
        const Compat *compat;
        int64_t now;
        ClusterWorld *places;
        const PlaceWorld *place;
        GHashTable *newest; /* UUID to the ClusterLoad that has it last */
        BalanceHost *hosts; /* which own their base */
        GArray *guests;     /* of BalanceGuest, which own their bands */
        GPtrArray *needs;   /* of ClusterNeeds, of each guest */
        GPtrArray *uuids;   /* of each guest; borrowed */
        GArray *absent;     /* of BalanceAbsent */
        BalanceWorld world;
};

/* What was read --------------------------------------------------------------------- */

static void fill(BalanceRead *read, const char *text) {
        g_autoptr(GError) error = NULL;

        read->load = cluster_load_from_json(text, &error);
        if (!read->load)
                read->problem = g_strdup_printf("what it tells of its load cannot be read: %s",
                                                error->message);
}

BalanceRead *balance_read_new(const char *text, unsigned room) {
        BalanceRead *read = g_new0(BalanceRead, 1);

        if (room > 0)
                fill(read, text);
        if (room == 0 || balance_read_count(read) > room) {
                g_clear_pointer(&read->load, cluster_load_free);
                read->problem = g_strdup_printf("others have the %u guests that are looked at in "
                                                "one go",
                                                BALANCE_GUESTS_MAX);
        }
        return read;
}

unsigned balance_read_count(const BalanceRead *read) {
        return read->load ? read->load->guests->len : 0;
}

void balance_read_free(BalanceRead *read) {
        if (!read)
                return;

        cluster_load_free(read->load);
        g_free(read->problem);
        g_free(read);
}

/* Who takes part -------------------------------------------------------------------- */

static char *why_not_load(const BalanceTold *told, const ClusterLoad *load) {
        int64_t age = told->now - load->at;

        if (ABS(age) > BALANCE_OLD_SEC)
                return g_strdup_printf("what it has told of its load is of %" G_GINT64_FORMAT
                                       " minutes %s, by its clock",
                                       ABS(age) / 60, age > 0 ? "ago" : "ahead");
        if (load->size[CLUSTER_LOAD_CPU] == 0 || load->size[CLUSTER_LOAD_MEMORY] == 0)
                return g_strdup("it does not know how many CPUs or how much memory it has");
        return NULL;
}

/* NULL: it does. */
static char *why_not(const BalanceTold *told, const ClusterCopyHost *host,
                     const BalanceRead *read) {
        if (!host->map)
                return g_strdup("it has not told what it has, or that cannot be read");
        if (!read)
                return g_strdup("it has told nothing of its load yet, which it does when it has "
                                "looked at its guests");
        return read->problem ? g_strdup(read->problem) : why_not_load(told, read->load);
}

/* Guests ---------------------------------------------------------------------------- */

static bool is_going(const ClusterMoves *moves, const char *uuid) {
        return moves && g_hash_table_contains(moves->going, uuid);
}

static unsigned settles_for(const BalanceTold *told, const ClusterMoves *moves, const char *uuid) {
        const int64_t *until = moves ? g_hash_table_lookup(moves->settled, uuid) : NULL;

        return until && *until > told->now ? (unsigned)MIN(*until - told->now, G_MAXINT) : 0;
}

static void add_guest(BalanceTold *told, unsigned host, const ClusterLoad *load,
                      const ClusterLoadGuest *guest, const ClusterMoves *moves) {
        ClusterNeeds *needs = cluster_needs_new(load, guest, told->place->hosts[host].name,
                                                told->compat);
        DemandBand *bands = g_new(DemandBand, BALANCE_BANDS);
        BalanceGuest entry = {
                .needs = needs ? cluster_needs_get(needs) : NULL,
                .host = host,
                .stays = !needs || is_going(moves, guest->uuid),
                .bytes = (double)guest->bytes,
                .duration = (double)guest->duration / 1000,
                .downtime = (double)guest->downtime / 1000,
                .bands = bands,
        };

        if (needs)
                cluster_needs_get(needs)->settles = settles_for(told, moves, guest->uuid);
        cluster_bands_read(&guest->bands, bands);
        g_ptr_array_add(told->needs, needs);
        g_ptr_array_add(told->uuids, guest->uuid);
        g_array_append_val(told->guests, entry);
}

static void add_guests(BalanceTold *told, unsigned host, const ClusterLoad *load) {
        int64_t revision;
        const ClusterMoves *moves = cluster_copy_moves(told->copy, &revision);

        for (guint i = 0; i < load->guests->len; i++) {
                const ClusterLoadGuest *guest = load->guests->pdata[i];

                if (g_hash_table_lookup(told->newest, guest->uuid) == load)
                        add_guest(told, host, load, guest, moves);
        }
}

/* Hosts ----------------------------------------------------------------------------- */

static void add_load(BalanceTold *told, unsigned host, const ClusterLoad *load) {
        DemandBand *base = g_new(DemandBand, BALANCE_BANDS);

        for (unsigned t = 0; t < _BALANCE_THING_MAX; t++)
                told->hosts[host].size[t] = cluster_value_of_thing((BalanceThing)t, load->size[t]);
        cluster_bands_read(&load->base, base);
        told->hosts[host].base = base;
        add_guests(told, host, load);
}

static void add_host(BalanceTold *told, unsigned number, const BalanceRead *read) {
        const char *name = told->place->hosts[number].name;
        BalanceAbsent absent = { .host = name };

        if (!cluster_copy_is_alive(told->copy, name))
                return;

        absent.why = why_not(told, cluster_copy_host(told->copy, name), read);
        if (absent.why)
                g_array_append_val(told->absent, absent);
        else
                add_load(told, number, read->load);
}

static void note_guests(BalanceTold *told, ClusterLoad *load) {
        for (guint i = 0; i < load->guests->len; i++) {
                const ClusterLoadGuest *guest = load->guests->pdata[i];
                const ClusterLoad *other = g_hash_table_lookup(told->newest, guest->uuid);

                if (!other || other->at < load->at)
                        g_hash_table_replace(told->newest, guest->uuid, load);
        }
}

static void clear_absent(void *data) {
        g_free(((BalanceAbsent *)data)->why);
}

static void clear_guest(void *data) {
        g_free((DemandBand *)((BalanceGuest *)data)->bands);
}

static BalanceTold *told_new(const ClusterCopy *copy, const Compat *compat, int64_t now) {
        BalanceTold *told = g_new0(BalanceTold, 1);

        told->copy = copy;
        told->compat = compat;
        told->now = now;
        told->places = cluster_world_new(copy, NULL);
        told->place = cluster_world_place(told->places);
        told->newest = g_hash_table_new(g_str_hash, g_str_equal);
        told->hosts = g_new0(BalanceHost, told->place->n_hosts + 1);
        told->guests = g_array_new(FALSE, TRUE, sizeof(BalanceGuest));
        g_array_set_clear_func(told->guests, clear_guest);
        told->needs = g_ptr_array_new_with_free_func((GDestroyNotify)cluster_needs_free);
        told->uuids = g_ptr_array_new();
        told->absent = g_array_new(FALSE, TRUE, sizeof(BalanceAbsent));
        g_array_set_clear_func(told->absent, clear_absent);
        return told;
}

BalanceTold *balance_told_new(const ClusterCopy *copy, GHashTable *reads, const Compat *compat,
                              int64_t now) {
        BalanceTold *told = told_new(copy, compat, now);
        unsigned n_hosts = told->place->n_hosts;

        for (unsigned i = 0; i < n_hosts; i++) {
                const BalanceRead *read = g_hash_table_lookup(reads, told->place->hosts[i].name);

                if (read && read->load && told->place->hosts[i].alive)
                        note_guests(told, read->load);
        }
        for (unsigned i = 0; i < n_hosts; i++)
                add_host(told, i, g_hash_table_lookup(reads, told->place->hosts[i].name));
        told->world = (BalanceWorld){ .place = told->place,
                                      .hosts = told->hosts,
                                      .guests = (const BalanceGuest *)(void *)told->guests->data,
                                      .n_guests = told->guests->len,
                                      .hours = POLICY_HOURS };
        return told;
}

void balance_told_free(BalanceTold *told) {
        if (!told)
                return;

        for (unsigned i = 0; i < told->place->n_hosts; i++)
                g_free((DemandBand *)told->hosts[i].base);
        g_free(told->hosts);
        g_array_unref(told->guests);
        g_ptr_array_unref(told->needs);
        g_ptr_array_unref(told->uuids);
        g_array_unref(told->absent);
        g_hash_table_unref(told->newest);
        cluster_world_free(told->places);
        g_free(told);
}

const BalanceWorld *balance_told_world(const BalanceTold *told) {
        return &told->world;
}

const char *balance_told_uuid(const BalanceTold *told, unsigned guest) {
        return told->uuids->pdata[guest];
}

const GArray *balance_told_absent(const BalanceTold *told) {
        return told->absent;
}
