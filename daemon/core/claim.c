/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/claim.h"

#include "xml/ferry-error.h"
#include "xml/pci-address.h"

#define KBIT 1000 /* in a Mbit, as of links */

/* What was claimed of one device; also what is left of it, and what somebody wants. */
typedef struct ClaimDevice {
        char *id; /* NULL of what is wanted of any */
        bool pf;
        uint64_t amounts[_HEADROOM_RESOURCE_MAX];
} ClaimDevice;

static void claim_device_free(void *data) {
        ClaimDevice *device = data;

        g_free(device->id);
        g_free(device);
}

Claim *claim_new(bool found) {
        Claim *claim = g_new0(Claim, 1);

        claim->found = found;
        claim->devices = g_ptr_array_new_with_free_func(claim_device_free);
        return claim;
}

Claim *claim_copy(const Claim *claim) {
        Claim *copy = claim_new(claim->found);

        for (guint i = 0; i < claim->devices->len; i++) {
                ClaimDevice *device = g_memdup2(claim->devices->pdata[i], sizeof(*device));

                device->id = g_strdup(device->id);
                g_ptr_array_add(copy->devices, device);
        }
        return copy;
}

void claim_free(Claim *claim) {
        if (!claim)
                return;

        g_ptr_array_unref(claim->devices);
        g_free(claim);
}

static ClaimDevice *find_device(const Claim *claim, const char *id) {
        for (guint i = 0; i < claim->devices->len; i++) {
                ClaimDevice *device = claim->devices->pdata[i];

                if (g_str_equal(device->id, id))
                        return device;
        }
        return NULL;
}

void claim_add(Claim *claim, const char *id, HeadroomResource resource, uint64_t amount) {
        ClaimDevice *device = find_device(claim, id);
        PciAddress address;

        if (!*id)
                return;

        if (!device) {
                device = g_new0(ClaimDevice, 1);
                device->id = g_strdup(id);
                device->pf = pci_address_from_string(id, &address) >= 0;
                g_ptr_array_add(claim->devices, device);
        }
        device->amounts[resource] += MIN(amount, UINT64_MAX - device->amounts[resource]);
}

uint64_t claim_sum(const Claim *claim, HeadroomResource resource) {
        uint64_t sum = 0;

        for (guint i = 0; i < claim->devices->len; i++) {
                const ClaimDevice *device = claim->devices->pdata[i];

                sum += MIN(device->amounts[resource], UINT64_MAX - sum);
        }
        return sum;
}

/* A slice is held against it --------------------------------------------------------- */

static bool has_room(const ClaimDevice *device, const ClaimDevice *wanted) {
        if (device->pf != wanted->pf || (wanted->id && !g_str_equal(device->id, wanted->id)))
                return false;

        for (int i = 0; i < _HEADROOM_RESOURCE_MAX; i++)
                if (wanted->amounts[i] > device->amounts[i])
                        return false;
        return true;
}

static bool leaves_less(const ClaimDevice *device, const ClaimDevice *than) {
        for (int i = 0; i < _HEADROOM_RESOURCE_MAX; i++)
                if (device->amounts[i] != than->amounts[i])
                        return device->amounts[i] < than->amounts[i];
        return false;
}

static void say_wanted(const ClaimDevice *wanted, GString *text) {
        for (int i = 0; i < _HEADROOM_RESOURCE_MAX; i++)
                if (wanted->amounts[i] > 0)
                        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s",
                                               text->len > 0 ? ", " : "", wanted->amounts[i],
                                               headroom_resource_to_string((HeadroomResource)i));
}

static char *say_left(const Claim *left, bool pf) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < left->devices->len; i++) {
                const ClaimDevice *device = left->devices->pdata[i];
                g_autoptr(GString) amounts = g_string_new(NULL);

                say_wanted(device, amounts);
                if (device->pf == pf && amounts->len > 0)
                        g_string_append_printf(text, "%s%s of %s", text->len > 0 ? "; " : "",
                                               amounts->str, device->id);
        }
        return g_string_free(text, FALSE);
}

static bool refuse(const Claim *left, const char *name, const ClaimDevice *wanted, GError **error) {
        g_autofree char *rest = say_left(left, wanted->pf);
        g_autoptr(GString) amounts = g_string_new(NULL);

        say_wanted(wanted, amounts);
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                    "%s '%s' takes %s of %s, and there is %s%s in the claim for it",
                    wanted->pf ? "function" : "offload", name, amounts->str,
                    wanted->id
                            ?: wanted->pf ? "one PF"
                                          : "one offload device",
                    *rest ? "no more than " : "nothing", rest);
        return false;
}

/* `device`: of the wish, where NULL is any; it is bound. Two that name none may share one device
 * if they are functions, as two offloads of a slice never do. */
static bool take(Claim *left, const char *name, const ClaimDevice *wanted, GHashTable *offloads,
                 char **device, GError **error) {
        ClaimDevice *best = NULL;

        for (guint i = 0; i < left->devices->len; i++) {
                ClaimDevice *candidate = left->devices->pdata[i];

                if (has_room(candidate, wanted) && (!best || leaves_less(candidate, best)) &&
                    !(!wanted->pf && !wanted->id && g_hash_table_contains(offloads, candidate->id)))
                        best = candidate;
        }
        if (!best)
                return refuse(left, name, wanted, error);

        for (int i = 0; i < _HEADROOM_RESOURCE_MAX; i++)
                best->amounts[i] -= wanted->amounts[i];
        if (!wanted->pf)
                (void)g_hash_table_add(offloads, best->id);
        if (!*device)
                *device = g_strdup(best->id);
        return true;
}

/* An mdev, whose parents are not in Placement. */
static bool is_counted(const SliceFunction *function) {
        return !function->type &&
               (!function->class_name || g_str_equal(function->class_name, "sriov"));
}

static bool take_function(Claim *left, SliceFunction *function, GError **error) {
        const ClaimDevice wanted = { .id = function->parent,
                                     .pf = true,
                                     .amounts = {
                                             [HEADROOM_VFS] = 1,
                                             [HEADROOM_LANES] = function->lanes,
                                             [HEADROOM_BANDWIDTH] = (uint64_t)function->min_mbit *
                                                                    KBIT,
                                     } };

        return take(left, function->name, &wanted, NULL, &function->parent, error);
}

static bool take_offload(Claim *left, SliceOffload *offload, GHashTable *offloads, GError **error) {
        const ClaimDevice wanted = { .id = offload->pool,
                                     .amounts = {
                                             [HEADROOM_CORES] = offload->cores,
                                             [HEADROOM_MEMORY] = offload->memory_mib,
                                             [HEADROOM_KEYS] = offload->keys,
                                             [HEADROOM_BANDWIDTH] = (uint64_t)offload->mbit * KBIT,
                                     } };

        return take(left, offload->name, &wanted, offloads, &offload->pool, error);
}

/* Of two, the one that needs more lanes, or else more bandwidth, is the first to choose. */
static int compare_functions(gconstpointer a, gconstpointer b) {
        const SliceFunction *const *x = a, *const *y = b;

        if ((*x)->lanes != (*y)->lanes)
                return (*x)->lanes > (*y)->lanes ? -1 : 1;
        return (*x)->min_mbit == (*y)->min_mbit ? 0 : (*x)->min_mbit > (*y)->min_mbit ? -1 : 1;
}

static bool take_functions(Claim *left, const Slice *at, bool named, GError **error) {
        g_autoptr(GPtrArray) functions = g_ptr_array_new();

        for (guint i = 0; i < at->functions->len; i++) {
                SliceFunction *function = at->functions->pdata[i];

                if (is_counted(function) && (function->parent != NULL) == named)
                        g_ptr_array_add(functions, function);
        }

        g_ptr_array_sort(functions, compare_functions);
        for (guint i = 0; i < functions->len; i++)
                if (!take_function(left, functions->pdata[i], error))
                        return false;
        return true;
}

static bool take_offloads(Claim *left, const Slice *at, bool named, GHashTable *taken,
                          GError **error) {
        g_autoptr(GPtrArray) offloads = g_ptr_array_new();

        for (guint i = 0; i < at->offloads->len; i++) {
                SliceOffload *offload = at->offloads->pdata[i];

                if ((offload->pool != NULL) == named)
                        g_ptr_array_add(offloads, offload);
        }

        for (guint i = 0; i < offloads->len; i++)
                if (!take_offload(left, offloads->pdata[i], taken, error))
                        return false;
        return true;
}

/* A PF of which lanes or bandwidth are claimed, and no VF: that one is Nova's to hand out. */
static void count_vf_of_nova(const Claim *claim) {
        for (guint i = 0; i < claim->devices->len; i++) {
                ClaimDevice *device = claim->devices->pdata[i];

                if (device->pf && device->amounts[HEADROOM_VFS] == 0)
                        device->amounts[HEADROOM_VFS] = 1;
        }
}

bool claim_cover(const Claim *claim, const Slice *wish, Slice **ret_at, GError **error) {
        g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(Claim) left = claim_copy(claim);
        g_autoptr(Slice) at = slice_copy(wish);

        count_vf_of_nova(left);
        for (int named = 1; named >= 0; named--)
                if (!take_functions(left, at, named, error) ||
                    !take_offloads(left, at, named, taken, error))
                        return false;

        *ret_at = g_steal_pointer(&at);
        return true;
}

/* A slice is made of it ------------------------------------------------------------- */

static uint64_t share_of(uint64_t amount, uint64_t n, uint64_t nth) {
        return amount / n + (nth < amount % n ? 1 : 0);
}

static void add_functions(Slice *at, const ClaimDevice *pf) {
        uint64_t n = MIN(MAX(pf->amounts[HEADROOM_VFS], 1),
                         SLICE_FUNCTIONS_MAX - at->functions->len);

        for (uint64_t i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("claim%u", at->functions->len);
                SliceFunction *function = slice_function_new(name);

                function->class_name = g_strdup("sriov");
                function->parent = g_strdup(pf->id);
                function->lanes = (unsigned)MIN(share_of(pf->amounts[HEADROOM_LANES], n, i),
                                                SLICE_LANES_MAX);
                function->min_mbit = (unsigned)MIN(
                        share_of(pf->amounts[HEADROOM_BANDWIDTH] / KBIT, n, i), SLICE_MBIT_MAX);
                g_ptr_array_add(at->functions, function);
        }
}

static void add_offload(Slice *at, const ClaimDevice *device) {
        g_autofree char *name = g_strdup_printf("claim-offload%u", at->offloads->len);
        SliceOffload *offload;

        if (at->offloads->len == SLICE_OFFLOADS_MAX)
                return;

        offload = slice_offload_new(name);
        offload->pool = g_strdup(device->id);
        offload->cores = (unsigned)MIN(device->amounts[HEADROOM_CORES], SLICE_COUNT_MAX);
        offload->memory_mib = (unsigned)MIN(device->amounts[HEADROOM_MEMORY], SLICE_MIB_MAX);
        offload->keys = (unsigned)MIN(device->amounts[HEADROOM_KEYS], SLICE_COUNT_MAX);
        offload->mbit = (unsigned)MIN(device->amounts[HEADROOM_BANDWIDTH] / KBIT, SLICE_MBIT_MAX);
        g_ptr_array_add(at->offloads, offload);
}

static Slice *unbound(const Slice *at) {
        Slice *wish = slice_copy(at);

        for (guint i = 0; i < wish->functions->len; i++)
                g_clear_pointer(&((SliceFunction *)wish->functions->pdata[i])->parent, g_free);
        for (guint i = 0; i < wish->offloads->len; i++)
                g_clear_pointer(&((SliceOffload *)wish->offloads->pdata[i])->pool, g_free);
        return wish;
}

bool claim_to_slice(const Claim *claim, Slice **ret_wish, Slice **ret_at) {
        g_autoptr(Slice) at = slice_new();

        for (guint i = 0; i < claim->devices->len; i++) {
                const ClaimDevice *device = claim->devices->pdata[i];

                if (device->pf)
                        add_functions(at, device);
                else
                        add_offload(at, device);
        }
        if (at->functions->len == 0 && at->offloads->len == 0)
                return false;

        *ret_wish = unbound(at);
        *ret_at = g_steal_pointer(&at);
        return true;
}
