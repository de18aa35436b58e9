/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slice-type.h"

#include <math.h>

#define SAME 0.05 /* instances that share a parent do not come out even */

static const MdevType *find_type(const Device *parent, const char *type) {
        for (guint i = 0; parent->types && i < parent->types->len; i++)
                if (g_strcmp0(((const MdevType *)parent->types->pdata[i])->id, type) == 0)
                        return parent->types->pdata[i];
        return NULL;
}

static unsigned count_made(const GPtrArray *devices, const char *parent, const char *type) {
        unsigned n = 0;

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                n += device->role == DEVICE_ROLE_FUNCTION &&
                     g_strcmp0(device->parent, parent) == 0 &&
                     g_strcmp0(device->fingerprint->mdev_type, type) == 0;
        }
        return n;
}

/* Below any of the parents that make `present`, too. */
static unsigned most_instances(const GPtrArray *devices, const char *present, const char *type) {
        unsigned most = 0;

        for (guint i = 0; i < devices->len; i++) {
                const Device *parent = devices->pdata[i];
                const MdevType *found = find_type(parent, type);

                if (found && find_type(parent, present))
                        most = MAX(most, found->available + count_made(devices, parent->id, type));
        }
        return most;
}

static bool is_listed(const GArray *types, const char *id) {
        for (guint i = 0; i < types->len; i++)
                if (g_str_equal(g_array_index(types, SliceType, i).id, id))
                        return true;
        return false;
}

static void add_types(const GPtrArray *devices, const Device *parent, const char *present,
                      GArray *types) {
        unsigned instances = most_instances(devices, present, present);

        for (guint i = 0; i < parent->types->len; i++) {
                const MdevType *type = parent->types->pdata[i];
                unsigned others = most_instances(devices, present, type->id);
                SliceType one = { type->id, others > 0 ? (double)instances / others : 1 };

                if (fabs(one.size - 1) > SAME && one.size > 0 && !is_listed(types, type->id))
                        g_array_append_val(types, one);
        }
}

static int compare(const void *a, const void *b) {
        const SliceType *one = a, *other = b;

        return (one->size > other->size) - (one->size < other->size);
}

GArray *slice_types_list(const Manager *manager, const char *present) {
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);
        GArray *types = g_array_new(FALSE, FALSE, sizeof(SliceType));

        for (guint i = 0; i < devices->len; i++)
                if (find_type(devices->pdata[i], present))
                        add_types(devices, devices->pdata[i], present, types);
        g_array_sort(types, compare);
        return types;
}
