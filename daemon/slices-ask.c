/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-ask.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/slices-ask-parts.h"
#include "xml/excerpt.h"
#include "xml/ferry-error.h"

#define MIB UINT64_C(1048576)

bool slices_ask_refuse(GError **error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        g_propagate_error(error, g_error_new_valist(FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST,
                                                    format, arguments));
        va_end(arguments);
        return false;
}

void slices_ask_translate(GError **error, bool has_lines) {
        const char *words;

        if (!error || !g_error_matches(*error, FERRY_ERROR, FERRY_ERROR_INVALID_XML))
                return;

        (*error)->code = FERRY_ERROR_INVALID_REQUEST;
        words = strstr((*error)->message, ": ");
        if (!has_lines && g_str_has_prefix((*error)->message, "line ") && words) {
                char *rest = g_strdup(words + 2);

                g_free((*error)->message);
                (*error)->message = rest;
        }
}

/* What is said of it ---------------------------------------------------------------- */

const char *slices_ask_said(const SliceAsk *ask, const char *name) {
        for (const char *const *qos = ask->qos; qos && qos[0] && qos[1]; qos += 2)
                if (g_str_equal(qos[0], name))
                        return qos[1];
        return NULL;
}

static bool attribute_is_valid(const char *name) {
        return *name && strspn(name, G_CSET_a_2_z G_CSET_DIGITS "-") == strlen(name);
}

/* `element` with what is said of it, but for the priority, which is the slice's. */
static char *write_said(const SliceAsk *ask, const char *element, GError **error) {
        g_autoptr(GString) xml = g_string_new("<slice version='" SLICE_VERSION "'><");

        g_string_append(xml, element);
        for (const char *const *qos = ask->qos; qos && qos[0] && qos[1]; qos += 2) {
                g_autofree char *value = g_markup_escape_text(qos[1], -1);
                g_autofree char *name = excerpt(qos[0]);

                if (g_str_equal(qos[0], "priority"))
                        continue;
                if (!attribute_is_valid(qos[0])) {
                        slices_ask_refuse(error, "'%s' is no attribute of %s", name, ask->kind);
                        return NULL;
                }
                g_string_append_printf(xml, " %s='%s'", qos[0], value);
        }
        g_string_append(xml, "/></slice>");
        return g_string_free(g_steal_pointer(&xml), FALSE);
}

Slice *slices_ask_read(const SliceAsk *ask, const char *element, GError **error) {
        g_autofree char *xml = write_said(ask, element, error);
        Slice *said = xml ? slice_from_xml(xml, strlen(xml), error) : NULL;

        if (!said) {
                slices_ask_translate(error, false);
                g_prefix_error(error, "%s: ", ask->kind);
        }
        return said;
}

/* Amounts --------------------------------------------------------------------------- */

/* Memory in the largest unit in which it is a whole number. */
static char *describe(const SliceAsk *ask, uint64_t amount) {
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        unsigned unit = 0;

        if (!g_str_has_suffix(ask->kind, "memory"))
                return g_strdup_printf("%" PRIu64, amount);

        for (; amount > 0 && amount % 1024 == 0 && unit + 1 < G_N_ELEMENTS(units); unit++)
                amount /= 1024;
        return g_strdup_printf("%" PRIu64 " %s", amount, units[unit]);
}

static bool refuse_less(const SliceAsk *ask, uint64_t has, GError **error) {
        g_autofree char *amount = describe(ask, ask->amount), *there = describe(ask, has);

        if (has == 0)
                return slices_ask_refuse(error, "%s: the hardware slice has nothing of it to take",
                                         ask->kind);
        return slices_ask_refuse(error,
                                 "%s: %s cannot be taken from the hardware slice, which has %s",
                                 ask->kind, amount, there);
}

static bool refuse_more(const SliceAsk *ask, uint64_t has, uint64_t most, GError **error) {
        g_autofree char *amount = describe(ask, ask->amount), *there = describe(ask, has);
        g_autofree char *limit = describe(ask, most);

        return slices_ask_refuse(error,
                                 "%s: %s and the %s that the hardware slice has are more than the "
                                 "%s it may have",
                                 ask->kind, amount, there, limit);
}

bool slices_ask_count(const SliceAsk *ask, uint64_t has, uint64_t most, uint64_t *ret_count,
                      GError **error) {
        if (ask->less && ask->amount > has)
                return refuse_less(ask, has, error);
        if (!ask->less && (ask->amount > most || has + ask->amount > most))
                return refuse_more(ask, has, most, error);

        *ret_count = ask->less ? has - ask->amount : has + ask->amount;
        return true;
}

static bool change_cores(Slice *wish, const SliceAsk *ask, GError **error) {
        SliceCores *cores = &wish->cores;
        g_autoptr(Slice) said = NULL, none = slice_new();
        uint64_t count;

        said = slices_ask_read(ask, "cores count='1'", error);
        if (!said || !slices_ask_count(ask, cores->count, SLICE_CORES_MAX, &count, error))
                return false;

        if (cores->count == 0)
                *cores = said->cores;
        if (slices_ask_said(ask, "exclusive"))
                cores->exclusive = said->cores.exclusive;
        if (slices_ask_said(ask, "share"))
                cores->share = said->cores.share;
        if (slices_ask_said(ask, "node"))
                cores->node = said->cores.node;
        if (cores->exclusive && !slices_ask_said(ask, "share"))
                cores->share = SLICE_SHARE_FULL;
        cores->count = (unsigned)count;
        if (count == 0)
                *cores = none->cores;
        return true;
}

static bool change_memory(Slice *wish, const SliceAsk *ask, GError **error) {
        SliceMemory *memory = &wish->memory;
        g_autoptr(Slice) said = NULL, none = slice_new();
        g_autofree char *element = NULL;
        uint64_t size;

        if (!slices_ask_count(ask, memory->size, SLICE_MEMORY_MAX, &size, error))
                return false;

        element = g_strdup_printf("memory unit='B' size='%" PRIu64 "'", MAX(size, MIB));
        said = slices_ask_read(ask, element, error);
        if (!said)
                return false;

        if (memory->size == 0)
                *memory = said->memory;
        if (slices_ask_said(ask, "page"))
                memory->page_kib = said->memory.page_kib;
        if (slices_ask_said(ask, "tier"))
                memory->tier = said->memory.tier;
        if (slices_ask_said(ask, "contiguous"))
                memory->contiguous = said->memory.contiguous;
        if (slices_ask_said(ask, "node"))
                memory->node = said->memory.node;
        memory->size = size;
        if (size == 0)
                *memory = none->memory;
        return true;
}

static SliceKey *find_key(const Slice *wish, const char *kind) {
        for (guint i = 0; i < wish->keys->len; i++) {
                SliceKey *key = wish->keys->pdata[i];

                if (g_str_equal(key->kind, kind))
                        return key;
        }
        return NULL;
}

static bool change_keys(Slice *wish, const SliceAsk *ask, GError **error) {
        const char *kind = slices_ask_said(ask, "kind");
        g_autoptr(Slice) said = NULL;
        SliceKey *key;
        uint64_t count;

        if (!kind)
                return slices_ask_refuse(error, "keys: say of which kind, as in kind=sev");
        said = slices_ask_read(ask, "key count='1'", error);
        if (!said)
                return false;

        key = find_key(wish, kind);
        if (!slices_ask_count(ask, key ? key->count : 0, UINT32_MAX, &count, error))
                return false;
        if (!key) {
                key = slice_key_new(kind, 0);
                g_ptr_array_add(wish->keys, key);
        }
        key->count = (unsigned)count;
        if (count == 0)
                g_ptr_array_remove(wish->keys, key);
        return true;
}

/* Kinds ----------------------------------------------------------------------------- */

/* `allow` is where <allow> has how much a guest may have of it; 0: nothing to change. */
static const struct {
        const char *name;
        bool (*change)(Slice *wish, const SliceAsk *ask, GError **error);
        size_t allow;
        const char *guest_says[3]; /* of all attributes */
} kinds[] = {
        { "cores", change_cores, offsetof(SliceAllow, cores_max), {} },
        { "memory", change_memory, offsetof(SliceAllow, memory_max_mib), {} },
        { "functions",
          slices_ask_functions,
          offsetof(SliceAllow, functions_max),
          { "name", "min-mbit" } },
        { "bandwidth", slices_ask_bandwidth, offsetof(SliceAllow, mbit_max), { "name" } },
        { "offload-cores", slices_ask_offload, 0, {} },
        { "offload-memory", slices_ask_offload, 0, {} },
        { "keys", change_keys, 0, {} },
};

static int find_kind(const char *name, GError **error) {
        g_autoptr(GString) known = g_string_new(NULL);
        g_autofree char *shown = excerpt(name);

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                if (g_str_equal(kinds[i].name, name))
                        return (int)i;
                g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", kinds[i].name);
        }
        slices_ask_refuse(error, "'%s' is nothing that a hardware slice has: it has %s", shown,
                          known->str);
        return -1;
}

static bool allows(const SliceAllow *allow, int kind) {
        size_t offset = kinds[kind].allow;

        return allow->present && offset > 0 &&
               *(const unsigned *)((const char *)allow + offset) > 0;
}

/* A guest does not make itself more important, nor choose among the host's devices. */
static bool check_guest(const Slice *present, const SliceAsk *ask, int kind, GError **error) {
        static const SliceAllow nothing;
        const SliceAllow *allow = present ? &present->allow : &nothing;

        if (!allows(allow, kind))
                return slices_ask_refuse(error,
                                         "%s: the guest may not ask for it, since <allow> of its "
                                         "hardware slice says nothing of it",
                                         ask->kind);

        for (const char *const *qos = ask->qos; qos && qos[0] && qos[1]; qos += 2) {
                g_autofree char *shown = excerpt(qos[0]);

                if (!g_strv_contains(kinds[kind].guest_says, qos[0]))
                        return slices_ask_refuse(error, "%s: the guest may not say '%s' of it",
                                                 ask->kind, shown);
        }
        return !slices_ask_said(ask, "min-mbit") || allow->mbit_max > 0 ||
               slices_ask_refuse(error, "bandwidth: the guest may not ask for it, since <allow> of "
                                        "its hardware slice says nothing of it");
}

static bool change_priority(Slice *wish, const SliceAsk *ask, GError **error) {
        const char *word = slices_ask_said(ask, "priority");
        g_autofree char *shown = excerpt(word ?: "");
        SlicePriority priority;

        if (!word)
                return true;

        priority = slice_priority_from_string(word);
        if (priority < 0)
                return slices_ask_refuse(error,
                                         "priority: '%s' is not guaranteed, burstable or "
                                         "best-effort",
                                         shown);
        wish->priority = priority;
        return true;
}

Slice *slices_ask_change(const Slice *present, const SliceAsk *ask, GError **error) {
        g_autoptr(Slice) wish = present ? slice_copy(present) : slice_new();
        int kind = find_kind(ask->kind, error);

        if (kind < 0 || (ask->by_guest && !check_guest(present, ask, kind, error)))
                return NULL;
        if (ask->amount == 0 && !(ask->qos && ask->qos[0])) {
                slices_ask_refuse(error, "%s: an amount of 0 changes nothing", ask->kind);
                return NULL;
        }

        if (!kinds[kind].change(wish, ask, error) || !change_priority(wish, ask, error))
                return NULL;
        if (!slice_check(wish, error)) {
                slices_ask_translate(error, false);
                return NULL;
        }
        return g_steal_pointer(&wish);
}

bool slices_ask_is_empty(const Slice *wish) {
        g_autoptr(Slice) left = slice_copy(wish), empty = slice_new();

        /* of what is not there nothing can be said */
        left->priority = empty->priority;
        left->together = empty->together;
        g_clear_pointer(&left->apart, g_free);
        return slice_equal(left, empty);
}
