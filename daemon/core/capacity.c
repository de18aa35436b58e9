/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/capacity.h"

#include <assert.h>
#include <string.h>

#include "daemon/core/capacity-shape.h"

/* A resource that is granted and that the map does not have: a device that was pulled. */
typedef struct LostItem {
        char *id;
        uint64_t granted;
} LostItem;

struct Capacity {
        CapacityShape *shape;
        uint64_t *taken;    /* of each item of the shape */
        GArray *lost;       /* LostItem */
        GPtrArray *holders; /* CapacityHolder, oldest first */
};

/* Holders --------------------------------------------------------------------------- */

static CapacityHolder *holder_new(const char *name, SlicePriority priority, const char *apart,
                                  unsigned n_bookings) {
        CapacityHolder *holder = g_malloc0(sizeof(*holder) +
                                           n_bookings * sizeof(holder->bookings[0]));

        holder->references = 1;
        holder->name = g_strdup(name);
        holder->apart = g_strdup(apart);
        holder->hash = g_str_hash(name);
        holder->priority = priority;
        holder->n_bookings = n_bookings;
        return holder;
}

static gpointer holder_ref(gconstpointer p, gpointer unused) {
        CapacityHolder *holder = (CapacityHolder *)p;

        holder->references++;
        return holder;
}

static void holder_unref(gpointer p) {
        CapacityHolder *holder = p;

        if (--holder->references > 0)
                return;

        g_free(holder->name);
        g_free(holder->apart);
        g_free(holder);
}

static int find_holder(const Capacity *capacity, const char *slice) {
        guint hash = g_str_hash(slice);

        for (guint i = 0; i < capacity->holders->len; i++) {
                const CapacityHolder *holder = capacity->holders->pdata[i];

                if (holder->hash == hash && g_str_equal(holder->name, slice))
                        return i;
        }
        return -1;
}

/* Life ------------------------------------------------------------------------------ */

static void lost_clear(gpointer p) {
        g_free(((LostItem *)p)->id);
}

static Capacity *capacity_of(CapacityShape *taken_shape, GPtrArray *taken_holders) {
        Capacity *capacity = g_new0(Capacity, 1);

        capacity->shape = taken_shape;
        capacity->taken = g_new0(uint64_t, taken_shape->items->len);
        capacity->lost = g_array_new(FALSE, FALSE, sizeof(LostItem));
        g_array_set_clear_func(capacity->lost, lost_clear);
        capacity->holders = taken_holders;
        return capacity;
}

Capacity *capacity_new(const ResourceMap *map, const CapacityReserve *reserve,
                       CapacityForeign foreign, void *userdata) {
        CapacityShape *shape = capacity_shape_new(map, reserve, foreign, userdata);
        Capacity *capacity = capacity_of(shape, g_ptr_array_new_with_free_func(holder_unref));

        for (guint i = 0; i < shape->items->len; i++)
                capacity->taken[i] = SHAPE_ITEM(shape, i)->foreign;
        return capacity;
}

Capacity *capacity_copy(const Capacity *capacity) {
        Capacity *copy = capacity_of(capacity_shape_ref(capacity->shape),
                                     g_ptr_array_copy(capacity->holders, holder_ref, NULL));

        memcpy(copy->taken, capacity->taken,
               capacity->shape->items->len * sizeof(capacity->taken[0]));
        for (guint i = 0; i < capacity->lost->len; i++) {
                LostItem item = g_array_index(capacity->lost, LostItem, i);

                item.id = g_strdup(item.id);
                g_array_append_val(copy->lost, item);
        }
        return copy;
}

void capacity_free(Capacity *capacity) {
        if (!capacity)
                return;

        g_ptr_array_unref(capacity->holders);
        g_array_unref(capacity->lost);
        g_free(capacity->taken);
        capacity_shape_unref(capacity->shape);
        g_free(capacity);
}

/* Booking --------------------------------------------------------------------------- */

static LostItem *find_lost(const Capacity *capacity, const char *id, int *ret_item) {
        for (guint i = 0; i < capacity->lost->len; i++) {
                LostItem *item = &g_array_index(capacity->lost, LostItem, i);

                if (g_str_equal(item->id, id)) {
                        *ret_item = (int)(capacity->shape->items->len + i);
                        return item;
                }
        }
        return NULL;
}

static int take_lost(Capacity *capacity, const char *id) {
        LostItem item = { NULL, 0 };
        int n;

        if (find_lost(capacity, id, &n))
                return n;

        item.id = g_strdup(id);
        g_array_append_val(capacity->lost, item);
        return (int)(capacity->shape->items->len + capacity->lost->len) - 1;
}

static uint64_t *granted_of(const Capacity *capacity, int item) {
        unsigned known = capacity->shape->items->len;

        if ((unsigned)item < known)
                return &capacity->taken[item];
        return &g_array_index(capacity->lost, LostItem, item - known).granted;
}

static int limit_of(const Capacity *capacity, int item) {
        bool known = item >= 0 && (guint)item < capacity->shape->items->len;

        return known ? SHAPE_ITEM(capacity->shape, item)->limit : -1;
}

static unsigned count_limits(const Capacity *capacity, const GPtrArray *grants) {
        unsigned n = 0;

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                n += limit_of(capacity, capacity_shape_find(capacity->shape, grant->resource)) >= 0;
        }
        return n;
}

/* After the first n, which are the grants, come those of the limits that they count for. */
static void book_limits(const Capacity *capacity, CapacityHolder *holder, unsigned n) {
        unsigned next = n;

        for (unsigned i = 0; i < n && next < holder->n_bookings; i++) {
                int limit = limit_of(capacity, holder->bookings[i].item);

                if (limit >= 0)
                        holder->bookings[next++] = (CapacityBooking){ limit,
                                                                      holder->bookings[i].amount };
        }
}

void capacity_take(Capacity *capacity, const char *slice, SlicePriority priority, const char *apart,
                   const GPtrArray *grants) {
        unsigned n_limits = count_limits(capacity, grants);
        CapacityHolder *holder = holder_new(slice, priority, apart, grants->len + n_limits);

        assert(find_holder(capacity, slice) < 0);

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];
                int item = capacity_shape_find(capacity->shape, grant->resource);

                if (item < 0)
                        item = take_lost(capacity, grant->resource);
                holder->bookings[i] = (CapacityBooking){ item, grant->amount };
        }
        book_limits(capacity, holder, grants->len);
        for (unsigned i = 0; i < holder->n_bookings; i++)
                *granted_of(capacity, holder->bookings[i].item) += holder->bookings[i].amount;
        g_ptr_array_add(capacity->holders, holder);
}

void capacity_give_back(Capacity *capacity, const char *slice) {
        int n = find_holder(capacity, slice);
        const CapacityHolder *holder;

        if (n < 0)
                return;

        holder = capacity->holders->pdata[n];
        for (unsigned i = 0; i < holder->n_bookings; i++)
                *granted_of(capacity, holder->bookings[i].item) -= holder->bookings[i].amount;
        g_ptr_array_remove_index(capacity->holders, n);
}

/* Reading --------------------------------------------------------------------------- */

uint64_t capacity_total(const Capacity *capacity, const char *resource) {
        int item = capacity_shape_find(capacity->shape, resource);
        const CapacityItem *known;

        if (item < 0)
                return 0;
        known = SHAPE_ITEM(capacity->shape, item);
        return known->total - MIN(known->foreign, known->total);
}

uint64_t capacity_granted(const Capacity *capacity, const char *resource) {
        int item = capacity_shape_find(capacity->shape, resource);
        const LostItem *lost;

        if (item >= 0)
                return capacity->taken[item] - SHAPE_ITEM(capacity->shape, item)->foreign;
        lost = find_lost(capacity, resource, &item);
        return lost ? lost->granted : 0;
}

const CapacityShape *capacity_shape(const Capacity *capacity) {
        return capacity->shape;
}

const uint64_t *capacity_taken(const Capacity *capacity) {
        return capacity->taken;
}

const GPtrArray *capacity_holders(const Capacity *capacity) {
        return capacity->holders;
}

const CapacityHolder *capacity_find_holder(const Capacity *capacity, const char *slice) {
        int n = find_holder(capacity, slice);

        return n < 0 ? NULL : capacity->holders->pdata[n];
}
