/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/needs.h"

#include <string.h>

#include "daemon/core/cluster-kind.h"

#define MBIT_KBIT 1000

struct ClusterNeeds {
        PlaceGuest guest;
        GPtrArray *states; /* of Fingerprint */
};

/* Telling --------------------------------------------------------------------------- */

static bool is_short(const char *text) {
        return !text || strlen(text) <= CLUSTER_NAME_MAX;
}

/* All else are names, which xml/reader.h holds to that. */
bool cluster_needs_can_be_told(const PlaceGuest *needs) {
        for (guint i = 0; i < needs->wants->len; i++) {
                const Want *want = needs->wants->pdata[i];

                if (want->state &&
                    (!is_short(want->state->driver_version) || !is_short(want->state->firmware)))
                        return false;
        }
        return MAX(needs->wants->len, needs->offloads->len) <= CLUSTER_LOAD_WANTS_MAX;
}

/* Of all guests of the host, each kind once. */
static int64_t take_kind(ClusterLoad *load, const char *class_name, const char *pool,
                         const Fingerprint *fingerprint) {
        guint last = load->kinds->len;
        ClusterKind *kind;

        g_array_set_size(load->kinds, last + 1);
        kind = &g_array_index(load->kinds, ClusterKind, last);
        cluster_kind_describe(kind, class_name, pool, fingerprint);
        for (guint i = 0; i < last; i++)
                if (cluster_kind_equal(&g_array_index(load->kinds, ClusterKind, i), kind)) {
                        g_array_set_size(load->kinds, last);
                        return i;
                }
        return last;
}

static int64_t take_wanted(ClusterLoad *load, const Want *want) {
        g_autoptr(Fingerprint) wanted = fingerprint_new();

        wanted->vendor = want->vendor;
        wanted->device = want->product;
        wanted->revision = want->revision;
        wanted->driver = g_strdup(want->driver);
        wanted->mdev_type = g_strdup(want->type);
        return take_kind(load, want->class ? want->class->name : NULL, want->pool, wanted);
}

static void tell_want(ClusterLoad *load, ClusterLoadGuest *told, const Want *want) {
        ClusterLoadWant *entry = cluster_load_add_want(told);

        entry->name = cluster_word(want->name);
        entry->kind = take_wanted(load, want);
        if (want->state)
                entry->state = take_kind(load, NULL, NULL, want->state);
        entry->migrates = want->must_migrate;
}

static void tell_amount(GArray *amounts, HeadroomResource resource, uint64_t amount) {
        if (amount > 0)
                cluster_load_add_amount(amounts, headroom_resource_to_string(resource),
                                        (int64_t)MIN(amount, (uint64_t)CLUSTER_NUMBER_MAX));
}

static void tell_offload(ClusterLoadGuest *told, const SliceOffload *offload) {
        ClusterLoadOffload *entry = cluster_load_add_offload(told);

        entry->pool = cluster_word(offload->pool);
        tell_amount(entry->amounts, HEADROOM_CORES, offload->cores);
        tell_amount(entry->amounts, HEADROOM_MEMORY, offload->memory_mib);
        tell_amount(entry->amounts, HEADROOM_BANDWIDTH, (uint64_t)offload->mbit * MBIT_KBIT);
        tell_amount(entry->amounts, HEADROOM_KEYS, offload->keys);
}

void cluster_needs_tell(ClusterLoad *load, ClusterLoadGuest *told, const PlaceGuest *needs) {
        for (guint i = 0; i < needs->wants->len; i++)
                tell_want(load, told, needs->wants->pdata[i]);
        for (guint i = 0; i < needs->offloads->len; i++)
                tell_offload(told, needs->offloads->pdata[i]);
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                tell_amount(told->amounts, (HeadroomResource)r, needs->amounts[r]);
}

/* Reading --------------------------------------------------------------------------- */

static const ClusterKind *kind_at(const ClusterLoad *load, int64_t number) {
        return &g_array_index(load->kinds, ClusterKind, number);
}

static void read_state(ClusterNeeds *needs, Want *want, const ClusterKind *state,
                       const Compat *compat) {
        Fingerprint *fingerprint = cluster_kind_fingerprint(state);

        g_ptr_array_add(needs->states, fingerprint);
        want->state = fingerprint;
        want->rule = compat_find(compat, fingerprint);
}

static bool read_want(ClusterNeeds *needs, const ClusterLoad *load, const ClusterLoadWant *told,
                      const Compat *compat) {
        const ClusterKind *kind = kind_at(load, told->kind);
        g_autoptr(Fingerprint) wanted = cluster_kind_fingerprint(kind);
        Want *want = g_new0(Want, 1);

        g_ptr_array_add(needs->guest.wants, want);
        want->name = g_strdup(told->name ?: "device");
        want->class = kind->class ? device_class_from_string(kind->class) : NULL;
        want->type = kind->type;
        want->pool = kind->pool;
        want->driver = kind->driver;
        want->vendor = wanted->vendor;
        want->product = wanted->device;
        want->revision = wanted->revision;
        want->must_migrate = told->migrates > 0;
        if (told->state >= 0)
                read_state(needs, want, kind_at(load, told->state), compat);
        return want->class || !kind->class;
}

/* Of what this release does not know, nobody here could say whether it is there. */
static uint64_t amount_of(const GArray *amounts, HeadroomResource resource) {
        for (guint i = 0; i < amounts->len; i++) {
                const ClusterAmount *amount = &g_array_index(amounts, ClusterAmount, i);

                if (headroom_resource_from_string(amount->resource) == resource)
                        return (uint64_t)amount->amount;
        }
        return 0;
}

static unsigned small_amount_of(const GArray *amounts, HeadroomResource resource) {
        return (unsigned)MIN(amount_of(amounts, resource), G_MAXUINT / 2);
}

static void read_offload(ClusterNeeds *needs, const ClusterLoadOffload *told) {
        SliceOffload *offload = slice_offload_new("offload");

        offload->pool = g_strdup(told->pool);
        offload->cores = small_amount_of(told->amounts, HEADROOM_CORES);
        offload->memory_mib = small_amount_of(told->amounts, HEADROOM_MEMORY);
        offload->mbit = small_amount_of(told->amounts, HEADROOM_BANDWIDTH) / MBIT_KBIT;
        offload->keys = small_amount_of(told->amounts, HEADROOM_KEYS);
        g_ptr_array_add(needs->guest.offloads, offload);
}

ClusterNeeds *cluster_needs_new(const ClusterLoad *load, const ClusterLoadGuest *told,
                                const char *host, const Compat *compat) {
        g_autoptr(ClusterNeeds) needs = g_new0(ClusterNeeds, 1);

        needs->guest.name = told->name;
        needs->guest.host = host;
        needs->guest.wants = g_ptr_array_new_with_free_func((GDestroyNotify)want_free);
        needs->guest.offloads = g_ptr_array_new_with_free_func((GDestroyNotify)slice_offload_free);
        needs->states = g_ptr_array_new_with_free_func((GDestroyNotify)fingerprint_free);
        for (guint i = 0; i < told->wants->len; i++)
                if (!read_want(needs, load, &g_array_index(told->wants, ClusterLoadWant, i),
                               compat))
                        return NULL;
        for (guint i = 0; i < told->offloads->len; i++)
                read_offload(needs, &g_array_index(told->offloads, ClusterLoadOffload, i));
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                needs->guest.amounts[r] = amount_of(told->amounts, (HeadroomResource)r);
        return g_steal_pointer(&needs);
}

void cluster_needs_free(ClusterNeeds *needs) {
        if (!needs)
                return;

        g_ptr_array_unref(needs->guest.wants);
        g_ptr_array_unref(needs->guest.offloads);
        g_ptr_array_unref(needs->states);
        g_free(needs);
}

PlaceGuest *cluster_needs_get(ClusterNeeds *needs) {
        return &needs->guest;
}
