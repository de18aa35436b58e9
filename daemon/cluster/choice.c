/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/choice.h"

#include "daemon/cluster/publish.h"
#include "daemon/core/cluster-kind.h"

/* A device of the host that is offered, and nobody was promised but this domain. */
typedef struct Seat {
        const ClusterCopyLot *lot;
        unsigned kind;
        bool has, taken; /* it has been promised to the domain; it is for one of its devices */
} Seat;

typedef struct Choice {
        const ClusterCopyHost *host;
        const PlaceGuest *guest;
        const char *domain;
        GArray *kinds; /* of PlaceKind, as numbered in the map */
        GArray *seats; /* of Seat */
        GArray *wishes;
} Choice;

static void kind_clear(void *data) {
        const PlaceKind *kind = data;

        fingerprint_free((Fingerprint *)kind->fingerprint);
}

/* Devices --------------------------------------------------------------------------- */

static void read_kinds(Choice *choice) {
        const GArray *kinds = choice->host->map->kinds;

        choice->kinds = g_array_new(FALSE, FALSE, sizeof(PlaceKind));
        g_array_set_clear_func(choice->kinds, kind_clear);
        for (guint i = 0; i < kinds->len; i++) {
                const ClusterKind *known = &g_array_index(kinds, ClusterKind, i);
                const PlaceKind kind = {
                        .class = known->class ? device_class_from_string(known->class) : NULL,
                        .pool = known->pool,
                        .fingerprint = cluster_kind_fingerprint(known),
                };

                g_array_append_val(choice->kinds, kind);
        }
}

static const ClusterCopyLot *lot_of(const ClusterCopyHost *host, const char *resource) {
        for (guint low = 0, high = host->lots->len; low < high;) {
                guint middle = low + (high - low) / 2;
                const ClusterCopyLot *lot = host->lots->pdata[middle];
                int order = g_strcmp0(lot->resource, resource);

                if (order == 0)
                        return lot->lot ? lot : NULL;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* Of addresses to ClusterDevice. */
static GHashTable *index_devices(const GArray *devices) {
        GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < devices->len; i++) {
                ClusterDevice *device = &g_array_index(devices, ClusterDevice, i);

                g_hash_table_insert(index, device->address, device);
        }
        return index;
}

static void read_seats(Choice *choice) {
        g_autoptr(GHashTable) devices = index_devices(choice->host->map->devices);

        choice->seats = g_array_new(FALSE, FALSE, sizeof(Seat));
        for (guint i = 0; i < choice->host->lots->len; i++) {
                const ClusterCopyLot *lot = choice->host->lots->pdata[i];
                const ClusterDevice *device = g_hash_table_lookup(devices, lot->resource);
                Seat seat = { .lot = lot };

                if (!device || !lot->lot)
                        continue;
                seat.kind = device->kind;
                seat.has = cluster_lot_find(lot->lot, choice->domain) != NULL;
                if (seat.has || cluster_lot_unpromised(lot->lot) > 0)
                        g_array_append_val(choice->seats, seat);
        }
}

/* NULL: there is none. */
static Seat *find_seat(const Choice *choice, const Want *want, bool has) {
        for (guint i = 0; i < choice->seats->len; i++) {
                Seat *seat = &g_array_index(choice->seats, Seat, i);
                const PlaceKind *kind = &g_array_index(choice->kinds, PlaceKind, seat->kind);

                if (!seat->taken && seat->has == has && kind->class &&
                    place_ask_kind(want, kind) == FIT_YES)
                        return seat;
        }
        return NULL;
}

static void wish(Choice *choice, const ClusterCopyLot *lot, int64_t amount) {
        const ClusterWish wish = { choice->host->name, lot->resource, amount };

        g_array_append_val(choice->wishes, wish);
}

static void choose_devices(Choice *choice) {
        for (guint i = 0; i < choice->guest->wants->len; i++) {
                const Want *want = choice->guest->wants->pdata[i];
                Seat *seat = find_seat(choice, want, true);

                if (!seat && (seat = find_seat(choice, want, false)))
                        wish(choice, seat->lot, 1);
                if (seat)
                        seat->taken = true;
        }
}

/* Amounts --------------------------------------------------------------------------- */

static void choose_amount(Choice *choice, const char *resource, uint64_t need) {
        const ClusterCopyLot *lot = need > 0 ? lot_of(choice->host, resource) : NULL;
        int64_t left = lot ? cluster_lot_unpromised(lot->lot) : 0;

        if (left > 0 && !cluster_lot_find(lot->lot, choice->domain))
                wish(choice, lot, MIN(left, (int64_t)MIN(need, (uint64_t)CLUSTER_NUMBER_MAX)));
}

static char *offload_resource(const char *device, int resource) {
        return g_strconcat(CLUSTER_OFFLOAD_PREFIX, device, ":",
                           headroom_resource_to_string((HeadroomResource)resource), NULL);
}

/* One that a slice does not name could be any of them, which only the host decides. */
static void choose_offload(Choice *choice, const SliceOffload *offload) {
        for (int r = 0; offload->pool && r < _HEADROOM_RESOURCE_MAX; r++) {
                g_autofree char *resource = offload_resource(offload->pool, r);

                choose_amount(choice, resource, place_resource_need(offload, (HeadroomResource)r));
        }
}

static void choose_amounts(Choice *choice) {
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                if (r != HEADROOM_VFS)
                        choose_amount(choice, headroom_resource_to_string((HeadroomResource)r),
                                      choice->guest->amounts[r]);
        for (guint i = 0; i < choice->guest->offloads->len; i++)
                choose_offload(choice, choice->guest->offloads->pdata[i]);
}

GArray *cluster_choose_lots(const ClusterCopyHost *host, const PlaceGuest *guest,
                            const char *domain) {
        Choice choice = { .host = host, .guest = guest, .domain = domain };

        choice.wishes = g_array_new(FALSE, FALSE, sizeof(ClusterWish));
        if (!host->map)
                return choice.wishes;

        read_kinds(&choice);
        read_seats(&choice);
        choose_devices(&choice);
        choose_amounts(&choice);
        g_array_unref(choice.kinds);
        g_array_unref(choice.seats);
        return choice.wishes;
}
