/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "daemon/slices-ask-parts.h"
#include "xml/excerpt.h"

#define MIB UINT64_C(1048576)

static bool name_is_taken(const Slice *wish, const char *name) {
        return slice_find_function(wish, name) || slice_find_offload(wish, name);
}

/* "function0" */
static char *make_name(const Slice *wish, const char *what) {
        for (unsigned i = 0;; i++) {
                g_autofree char *name = g_strdup_printf("%s%u", what, i);

                if (!name_is_taken(wish, name))
                        return g_steal_pointer(&name);
        }
}

/* What else is said would not be heard. */
static bool check_said(const SliceAsk *ask, const char *const *known, GError **error) {
        g_autofree char *words = g_strjoinv(", ", (char **)known);

        for (const char *const *qos = ask->qos; qos && qos[0] && qos[1]; qos += 2) {
                g_autofree char *shown = excerpt(qos[0]);

                if (!g_strv_contains(known, qos[0]))
                        return slices_ask_refuse(error, "%s: '%s' cannot be said of it, only %s",
                                                 ask->kind, shown, words);
        }
        return true;
}

/* Functions ------------------------------------------------------------------------- */

/* What a guest gets is like what its operator has given it; where there is nothing to be like, it
 * is nothing that has been set apart. */
static void make_alike(SliceFunction *function, const Slice *wish) {
        const SliceFunction *model = wish->functions->len > 0 ? wish->functions->pdata[0] : NULL;

        if (!model) {
                function->pool = g_strdup("default");
                return;
        }

        function->class_name = g_strdup(model->class_name);
        function->type = g_strdup(model->type);
        function->pool = g_strdup(model->pool);
        function->parent = g_strdup(model->parent);
        function->own_group = model->own_group;
        function->lanes = model->lanes;
        function->bytes = model->bytes;
        function->max_mbit = model->max_mbit;
}

static bool add_function(Slice *wish, const SliceAsk *ask, GError **error) {
        bool named = slices_ask_said(ask, "name");
        g_autofree char *name = make_name(wish, "function"), *element = NULL;
        g_autoptr(Slice) said = NULL;
        SliceFunction *function;

        element = named ? g_strdup("function") : g_strdup_printf("function name='%s'", name);
        said = slices_ask_read(ask, element, error);
        if (!said)
                return false;

        function = g_ptr_array_steal_index(said->functions, 0);
        if (ask->by_guest)
                make_alike(function, wish);
        g_ptr_array_add(wish->functions, function);
        return true;
}

static bool add_functions(Slice *wish, const SliceAsk *ask, GError **error) {
        uint64_t count;

        if (!slices_ask_count(ask, wish->functions->len, SLICE_FUNCTIONS_MAX, &count, error))
                return false;
        if (ask->amount > 1 && slices_ask_said(ask, "name"))
                return slices_ask_refuse(error, "functions: one name cannot be that of %" PRIu64,
                                         ask->amount);

        while (wish->functions->len < count)
                if (!add_function(wish, ask, error))
                        return false;
        return true;
}

static SliceFunction *find_function(const Slice *wish, const SliceAsk *ask, GError **error) {
        const char *name = slices_ask_said(ask, "name");
        SliceFunction *function = name ? slice_find_function(wish, name) : NULL;
        g_autofree char *shown = excerpt(name ?: "");

        if (name && !function)
                slices_ask_refuse(error, "%s: the hardware slice has no function '%s'", ask->kind,
                                  shown);
        return function;
}

/* The one of this name, or those that came last. */
static bool remove_functions(Slice *wish, const SliceAsk *ask, GError **error) {
        SliceFunction *function;
        uint64_t count;

        for (const char *const *qos = ask->qos; qos && qos[0] && qos[1]; qos += 2)
                if (!g_str_equal(qos[0], "name"))
                        return slices_ask_refuse(error, "functions: which one is to go is said by "
                                                        "its name alone");
        if (!slices_ask_count(ask, wish->functions->len, SLICE_FUNCTIONS_MAX, &count, error))
                return false;
        if (!slices_ask_said(ask, "name")) {
                g_ptr_array_set_size(wish->functions, (int)count);
                return true;
        }

        function = find_function(wish, ask, error);
        if (!function)
                return false;
        if (ask->amount != 1)
                return slices_ask_refuse(error, "functions: '%s' is one", function->name);
        g_ptr_array_remove(wish->functions, function);
        return true;
}

/* That of one that there is, which keeps all else; the guest has it when the two are exchanged. */
static bool change_type(Slice *wish, const SliceAsk *ask, GError **error) {
        static const char *const known[] = { "name", "type", "priority", NULL };
        g_autoptr(Slice) said = NULL;
        SliceFunction *function;

        if (!slices_ask_said(ask, "name") || !slices_ask_said(ask, "type"))
                return slices_ask_refuse(error, "functions: an amount of 0 changes nothing but the "
                                                "type of one, as in name=gpu type=mtty-2");
        if (!check_said(ask, known, error))
                return false;
        said = slices_ask_read(ask, "function", error);
        function = said ? find_function(wish, ask, error) : NULL;
        if (!function)
                return false;

        g_free(function->type);
        function->type = g_strdup(((SliceFunction *)said->functions->pdata[0])->type);
        return true;
}

bool slices_ask_functions(Slice *wish, const SliceAsk *ask, GError **error) {
        if (ask->amount == 0)
                return change_type(wish, ask, error);

        return ask->less ? remove_functions(wish, ask, error) : add_functions(wish, ask, error);
}

/* Guaranteed to one function: the one of this name, or the only one. */
bool slices_ask_bandwidth(Slice *wish, const SliceAsk *ask, GError **error) {
        static const char *const known[] = { "name", "priority", NULL };
        SliceFunction *function = NULL;
        uint64_t mbit;

        if (!check_said(ask, known, error))
                return false;
        if (slices_ask_said(ask, "name")) {
                function = find_function(wish, ask, error);
                if (!function)
                        return false;
        } else if (wish->functions->len == 1) {
                function = wish->functions->pdata[0];
        } else {
                return slices_ask_refuse(
                        error,
                        "bandwidth: the hardware slice has %u functions, so say of "
                        "which one, as in name=NAME",
                        wish->functions->len);
        }

        if (!slices_ask_count(ask, function->min_mbit, SLICE_MBIT_MAX, &mbit, error))
                return false;
        function->min_mbit = (unsigned)mbit;
        return true;
}

/* Offload devices ------------------------------------------------------------------- */

/* Of that pool, of that name, or the first. */
static SliceOffload *find_offload(const Slice *wish, const SliceAsk *ask) {
        const char *name = slices_ask_said(ask, "name"), *pool = slices_ask_said(ask, "pool");

        for (guint i = 0; i < wish->offloads->len; i++) {
                SliceOffload *offload = wish->offloads->pdata[i];

                if ((!name || g_str_equal(offload->name, name)) &&
                    (!pool || g_strcmp0(offload->pool, pool) == 0))
                        return offload;
        }
        return NULL;
}

/* `ret_offload` is the wish's, new where it has none yet. */
static bool take_offload(Slice *wish, const SliceAsk *ask, SliceOffload **ret_offload,
                         GError **error) {
        bool named = slices_ask_said(ask, "name");
        g_autofree char *name = make_name(wish, "offload"), *element = NULL;
        g_autoptr(Slice) said = NULL;

        element = named ? g_strdup("offload cores='1'")
                        : g_strdup_printf("offload cores='1' name='%s'", name);
        said = slices_ask_read(ask, element, error);
        if (!said)
                return false;

        *ret_offload = find_offload(wish, ask);
        if (*ret_offload)
                return true;

        *ret_offload = g_ptr_array_steal_index(said->offloads, 0);
        (*ret_offload)->cores = 0;
        g_ptr_array_add(wish->offloads, *ret_offload);
        return true;
}

bool slices_ask_offload(Slice *wish, const SliceAsk *ask, GError **error) {
        static const char *const known[] = { "name", "pool", "priority", NULL };
        bool memory = g_str_equal(ask->kind, "offload-memory");
        uint64_t unit = memory ? MIB : 1, count;
        SliceOffload *offload;
        unsigned *has;

        if (ask->amount % unit != 0)
                return slices_ask_refuse(
                        error, "offload-memory: %" PRIu64 " bytes are no whole MiB", ask->amount);
        if (!check_said(ask, known, error) || !take_offload(wish, ask, &offload, error))
                return false;

        has = memory ? &offload->memory_mib : &offload->cores;
        if (!slices_ask_count(ask, *has * unit, UINT32_MAX * unit, &count, error))
                return false;

        *has = (unsigned)(count / unit);
        if (!offload->cores && !offload->memory_mib && !offload->mbit && !offload->keys)
                g_ptr_array_remove(wish->offloads, offload);
        return true;
}
