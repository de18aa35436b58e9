/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/headroom.h"
#include "daemon/slices-parts.h"
#include "xml/ferry-error.h"

#define MIB UINT64_C(1048576)

bool slices_is_placed(const Slices *slices, const char *domain_uuid) {
        const SliceEntry *entry = slice_book_find(slices->book, domain_uuid);

        return entry && entry->grants->len > 0;
}

/* What is left of each amount ---------------------------------------------------------- */

/* What is promised is not taken by use that is not. */
static HeadroomDemand expect_nothing(void *userdata, HeadroomKind kind, const char *device,
                                     HeadroomResource resource) {
        return (HeadroomDemand){ { 0 }, { 0 } };
}

static void count_no_vfs(void *userdata, const char *pf, unsigned *ret_total, unsigned *ret_taken) {
}

static void add_left(GHashTable *left, const char *name, uint64_t amount) {
        uint64_t *sum = g_hash_table_lookup(left, name);

        if (sum)
                *sum += amount;
        else
                g_hash_table_insert(left, g_strdup(name), g_memdup2(&amount, sizeof(amount)));
}

/* As the cluster calls them, to uint64_t. */
static GHashTable *find_left(const Slices *slices, const ResourceMap *map) {
        GHashTable *left = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        const Config *config = slices->manager->config;
        const HeadroomSources sources = {
                .map = map,
                .reserve = { config->host_cpus, config->host_memory_mib * MIB },
                .expect = expect_nothing,
                .count_vfs = count_no_vfs,
        };
        g_autoptr(GPtrArray) rows = headroom_list(&sources);

        for (guint i = 0; i < rows->len; i++) {
                const Headroom *row = rows->pdata[i];
                g_autofree char *name = headroom_share_name(row);

                if (name)
                        add_left(left, name, row->total - row->taken);
        }
        return left;
}

static uint64_t left_of(GHashTable *left, const char *name) {
        const uint64_t *amount = g_hash_table_lookup(left, name);

        return amount ? *amount : 0;
}

/* What would be ------------------------------------------------------------------------ */

static bool gives_way(const SliceEntry *entry, const GPtrArray *preempted) {
        for (guint i = 0; entry->holder && i < preempted->len; i++)
                if (g_str_equal(entry->holder, preempted->pdata[i]))
                        return true;
        return false;
}

/* All entries, but for the domain's own and those that give way. Borrowed. */
static GPtrArray *list_others(const Slices *slices, const char *domain_uuid,
                              const GPtrArray *preempted) {
        GPtrArray *entries = slice_book_list(slices->book);

        for (guint i = entries->len; i > 0; i--) {
                const SliceEntry *entry = entries->pdata[i - 1];

                if (g_str_equal(entry->domain_uuid, domain_uuid) || gives_way(entry, preempted))
                        g_ptr_array_remove_index(entries, i - 1);
        }
        return entries;
}

static GHashTable *find_left_as(Slices *slices, const char *domain_uuid, const GPtrArray *grants,
                                const GPtrArray *preempted) {
        g_autoptr(GPtrArray) entries = list_others(slices, domain_uuid, preempted);
        const SliceEntry *had = slice_book_find(slices->book, domain_uuid);
        SliceEntry next = { .domain_uuid = (char *)domain_uuid,
                            .state = SLICE_PROMISED,
                            .grants = (GPtrArray *)grants };

        g_ptr_array_add(entries, &next);
        return find_left(slices, slices_look_as(slices, entries, had));
}

/* The guard ---------------------------------------------------------------------------- */

typedef struct ShareAsker {
        const Slices *slices;
        const char *domain_uuid;
} ShareAsker;

/* What it was promised is its own, or in the book. */
static bool has_its_part(void *userdata, const char *domain_uuid) {
        const ShareAsker *asker = userdata;

        return g_str_equal(domain_uuid, asker->domain_uuid) ||
               slices_is_placed(asker->slices, domain_uuid);
}

static const char *unit_of(const char *name) {
        if (g_str_has_suffix(name, "memory"))
                return " MiB";
        return g_str_has_suffix(name, "bandwidth") ? " kbit/s" : "";
}

static bool check(const Slices *slices, const char *domain_uuid, const char *name, uint64_t before,
                  uint64_t after, GError **error) {
        const ShareBook *shares = slices->manager->shares;
        ShareAsker asker = { slices, domain_uuid };
        int64_t out = share_book_out(shares, name);
        int64_t kept = out - MIN(out, share_book_sum(shares, name, has_its_part, &asker));

        if (after >= before || after >= (uint64_t)kept)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                    "%s: %" G_GUINT64_FORMAT "%s free here, of which %" G_GINT64_FORMAT
                    "%s offered to the cluster",
                    name, before, unit_of(name), kept, unit_of(name));
        return false;
}

bool slices_guard(void *userdata, const char *domain_uuid, const GPtrArray *grants,
                  const GPtrArray *preempted, GError **error) {
        Slices *slices = userdata;
        g_autoptr(GPtrArray) names = share_book_list(slices->manager->shares);
        g_autoptr(GHashTable) before = NULL, after = NULL;

        if (names->len == 0)
                return true;

        before = find_left(slices, slices_look(slices));
        after = find_left_as(slices, domain_uuid, grants, preempted);
        for (guint i = 0; i < names->len; i++) {
                const char *name = names->pdata[i];

                if (!check(slices, domain_uuid, name, left_of(before, name), left_of(after, name),
                           error))
                        return false;
        }
        return true;
}
