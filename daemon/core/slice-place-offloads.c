/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-search.h"

#define MIB (UINT64_C(1024) * 1024)

/* No two offloads of a slice share a device, so this is a matching: an offload takes a device from
 * another when that one finds one elsewhere (Kuhn's algorithm). */
typedef struct Matching {
        PlaceSearch *search;
        int *owners;   /* of each device: the offload, -1 none */
        bool *visited; /* in this round */
        bool *pinned;  /* of each offload: it stays */
} Matching;

uint64_t place_offload_need(const SliceOffload *offload, OffloadPart part) {
        switch (part) {
        case OFFLOAD_CORES:
                return offload->cores;
        case OFFLOAD_MEMORY:
                return offload->memory_mib * MIB;
        case OFFLOAD_BANDWIDTH:
                return offload->mbit;
        case OFFLOAD_KEYS:
                return offload->keys;
        case _OFFLOAD_PART_MAX:
                break;
        }
        return 0;
}

static bool fits(const PlaceSearch *search, const SliceOffload *wish,
                 const CapacityOffload *offload) {
        if (wish->pool && !g_str_equal(wish->pool, offload->name))
                return false;
        if (offload->device >= 0 && search->apart[offload->device])
                return false;
        for (int i = 0; i < _OFFLOAD_PART_MAX; i++) {
                uint64_t need = place_offload_need(wish, i);

                if (need > 0 &&
                    (offload->parts[i] < 0 || place_room(search, offload->parts[i]) < need))
                        return false;
        }
        return true;
}

static bool fits_at(const Matching *m, unsigned n, int device) {
        return fits(m->search, m->search->slice->offloads->pdata[n],
                    SHAPE_OFFLOAD(m->search->shape, device));
}

/* Cores that would be left, or whatever it has instead of them. */
static uint64_t count_left(const PlaceSearch *search, int device) {
        const CapacityOffload *offload = SHAPE_OFFLOAD(search->shape, device);

        for (int i = 0; i < _OFFLOAD_PART_MAX; i++)
                if (offload->parts[i] >= 0)
                        return place_room(search, offload->parts[i]);
        return 0;
}

static int find_free(const Matching *m, unsigned n) {
        int best = -1;

        for (guint i = 0; i < m->search->shape->offloads->len; i++)
                if (m->owners[i] < 0 && fits_at(m, n, i) &&
                    (best < 0 || count_left(m->search, i) < count_left(m->search, best)))
                        best = i;
        return best;
}

static void give_device(Matching *m, unsigned n, int device) {
        m->owners[device] = (int)n;
        m->search->offload_pools[n] = device;
}

static bool match(Matching *m, unsigned n) {
        int device = find_free(m, n);

        m->search->steps++;
        if (device >= 0) {
                give_device(m, n, device);
                return true;
        }
        for (guint i = 0; i < m->search->shape->offloads->len; i++) {
                if (m->visited[i] || m->owners[i] < 0 || m->pinned[m->owners[i]] ||
                    !fits_at(m, n, i))
                        continue;
                m->visited[i] = true;
                if (match(m, m->owners[i])) {
                        give_device(m, n, i);
                        return true;
                }
        }
        return false;
}

static int find_held(const PlaceSearch *search, const char *name) {
        for (guint i = 0; search->present && i < search->present->len; i++) {
                const SliceGrant *grant = search->present->pdata[i];
                int item = capacity_shape_find(search->shape, grant->resource);

                if (item < 0 || !g_str_equal(grant->part, name))
                        continue;
                for (guint n = 0; n < search->shape->offloads->len; n++)
                        for (int part = 0; part < _OFFLOAD_PART_MAX; part++)
                                if (SHAPE_OFFLOAD(search->shape, n)->parts[part] == item)
                                        return n;
        }
        return -1;
}

static void start(Matching *m, bool pinning) {
        const GPtrArray *offloads = m->search->slice->offloads;

        for (guint i = 0; i < m->search->shape->offloads->len; i++)
                m->owners[i] = -1;
        for (guint i = 0; i < offloads->len; i++) {
                int held = find_held(m->search, ((const SliceOffload *)offloads->pdata[i])->name);

                m->search->offload_pools[i] = -1;
                m->pinned[i] = false;
                if (held < 0 || m->owners[held] >= 0 || !fits_at(m, i, held))
                        continue;
                give_device(m, i, held);
                m->pinned[i] = pinning;
        }
}

static bool match_all(Matching *m, bool pinning) {
        const PlaceSearch *search = m->search;

        start(m, pinning);
        for (guint i = 0; i < search->slice->offloads->len; i++) {
                if (search->offload_pools[i] >= 0)
                        continue;
                for (guint n = 0; n < search->shape->offloads->len; n++)
                        m->visited[n] = false;
                if (!match(m, i))
                        return false;
        }
        return true;
}

static void take_all(PlaceSearch *search) {
        const GPtrArray *offloads = search->slice->offloads;

        for (guint i = 0; i < offloads->len; i++) {
                const CapacityOffload *offload = SHAPE_OFFLOAD(search->shape,
                                                               search->offload_pools[i]);

                for (int part = 0; part < _OFFLOAD_PART_MAX; part++)
                        if (offload->parts[part] >= 0)
                                search->mine[offload->parts[part]] = place_offload_need(
                                        offloads->pdata[i], part);
        }
}

bool place_offloads(PlaceSearch *search) {
        guint n = search->shape->offloads->len, n_wishes = search->slice->offloads->len;
        g_autofree int *owners = NULL;
        g_autofree bool *visited = NULL, *pinned = NULL;
        Matching m = { .search = search };

        if (n_wishes == 0)
                return true;

        m.owners = owners = g_new(int, n + 1);
        m.visited = visited = g_new0(bool, n + 1);
        m.pinned = pinned = g_new0(bool, n_wishes);
        if (!match_all(&m, true) && !match_all(&m, false))
                return false;

        take_all(search);
        return true;
}
