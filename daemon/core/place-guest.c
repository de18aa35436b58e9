/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/place-parts.h"

#include "xml/ferry-error.h"

#define MIB       (UINT64_C(1) << 20)
#define MBIT_KBIT 1000

static void want_release(gpointer want) {
        want_free(want);
}

static PlaceGuest *guest_new(const char *name) {
        PlaceGuest *guest = g_new0(PlaceGuest, 1);

        guest->name = name;
        guest->wants = g_ptr_array_new_with_free_func(want_release);
        guest->offloads = g_ptr_array_new();
        return guest;
}

void place_guest_free(PlaceGuest *guest) {
        if (!guest)
                return;

        g_ptr_array_unref(guest->wants);
        g_ptr_array_unref(guest->offloads);
        g_free(guest);
}

/* Slices ---------------------------------------------------------------------------- */

static const DeviceClass *class_of(const SliceFunction *function) {
        if (function->class_name)
                return device_class_from_string(function->class_name);
        return function->type ? &device_class_mdev : NULL;
}

static bool may_be(const Want *want, const SliceFunction *function) {
        const DeviceClass *class = class_of(function);

        if (class && class != want->class)
                return false;
        return !function->type || !want->type || g_str_equal(function->type, want->type);
}

/* A device of the domain is one function of its slice at most, as when it comes to a host
 * (slice-devices.h). `taken`: of each of the first wants, those of devices. */
static Want *find_device(const PlaceGuest *guest, const SliceFunction *function, bool *taken,
                         unsigned n_devices) {
        for (unsigned i = 0; i < n_devices; i++)
                if (!taken[i] && may_be(guest->wants->pdata[i], function)) {
                        taken[i] = true;
                        return guest->wants->pdata[i];
                }
        return NULL;
}

static Want *want_of_function(const SliceFunction *function) {
        Want *want = g_new0(Want, 1);

        want->name = g_strdup(function->name);
        want->class = class_of(function);
        want->vendor = want->product = want->revision = -1;
        want->type = function->type;
        return want;
}

static void add_functions(PlaceGuest *guest, const Slice *slice) {
        unsigned n_devices = guest->wants->len;
        g_autofree bool *taken = g_new0(bool, n_devices + 1);

        for (guint i = 0; i < slice->functions->len; i++) {
                const SliceFunction *function = slice->functions->pdata[i];
                Want *want = find_device(guest, function, taken, n_devices);

                if (!want) {
                        want = want_of_function(function);
                        g_ptr_array_add(guest->wants, want);
                }
                if (!want->pool)
                        want->pool = function->pool;
                guest->amounts[HEADROOM_LANES] += function->lanes;
                guest->amounts[HEADROOM_BANDWIDTH] += (uint64_t)function->min_mbit * MBIT_KBIT;
        }
}

static uint64_t cores_of(const SliceCores *cores) {
        uint64_t share = cores->exclusive ? SLICE_SHARE_FULL : cores->share;

        return (cores->count * share + SLICE_SHARE_FULL - 1) / SLICE_SHARE_FULL;
}

static void add_slice(PlaceGuest *guest, const Slice *slice) {
        add_functions(guest, slice);
        guest->amounts[HEADROOM_CORES] = cores_of(&slice->cores);
        guest->amounts[HEADROOM_MEMORY] = (slice->memory.size + MIB - 1) / MIB;
        for (guint i = 0; i < slice->keys->len; i++)
                guest->amounts[HEADROOM_KEYS] += ((const SliceKey *)slice->keys->pdata[i])->count;
        for (guint i = 0; i < slice->offloads->len; i++)
                g_ptr_array_add(guest->offloads, slice->offloads->pdata[i]);
}

uint64_t place_resource_need(const SliceOffload *offload, HeadroomResource resource) {
        switch (resource) {
        case HEADROOM_CORES:
                return offload->cores;
        case HEADROOM_MEMORY:
                return offload->memory_mib;
        case HEADROOM_KEYS:
                return offload->keys;
        case HEADROOM_BANDWIDTH:
                return (uint64_t)offload->mbit * MBIT_KBIT;
        case HEADROOM_VFS:
        case HEADROOM_LANES:
                return 0;
        case _HEADROOM_RESOURCE_MAX:
        case _HEADROOM_RESOURCE_INVALID:
                break;
        }
        g_assert_not_reached();
}

bool place_uses_network(const PlaceGuest *guest) {
        return guest->wants->len > 0 || guest->amounts[HEADROOM_BANDWIDTH] > 0;
}

PlaceGuest *place_guest_new_for_slice(const Slice *slice, const char *name) {
        PlaceGuest *guest = guest_new(name);

        add_slice(guest, slice);
        return guest;
}

/* Domains --------------------------------------------------------------------------- */

PlaceGuest *place_guest_new(const Domain *domain, const Compat *compat, GError **error) {
        g_autoptr(PlaceGuest) guest = guest_new(domain->name);

        for (guint i = 0; i < domain->devices->len; i++) {
                g_autofree char *problem = NULL;
                Want *want = want_new(domain, domain->devices->pdata[i], compat, &problem);

                g_ptr_array_add(guest->wants, want);
                if (problem) {
                        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML, problem);
                        return NULL;
                }
        }
        if (domain->metadata && domain->metadata->slice)
                add_slice(guest, domain->metadata->slice);
        return g_steal_pointer(&guest);
}
