/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-devices.h"

#include "daemon/core/slice-source.h"
#include "daemon/core/tuning.h"
#include "xml/ferry-error.h"

/* A device as far as it is known by now. Borrowed. */
typedef struct Candidate {
        const char *alias, *parent, *type; /* NULL: not known */
        DomainDeviceKind kind;
        bool taken;
} Candidate;

typedef enum Match {
        MATCH_ALIAS,
        MATCH_PARENT,
        MATCH_KIND,
        _MATCH_MAX,
} Match;

static bool is_of_kind(const Candidate *candidate, const SliceSource *source) {
        if (candidate->kind != (source->type ? DOMAIN_DEVICE_MDEV : DOMAIN_DEVICE_PCI))
                return false;
        return !source->type || !candidate->type || g_str_equal(candidate->type, source->type);
}

static bool matches(const Candidate *candidate, const char *function, const SliceSource *source,
                    Match match) {
        bool named = candidate->alias && g_str_has_prefix(candidate->alias, TUNING_ALIAS_PREFIX);
        g_autofree char *alias = tuning_alias(function);

        switch (match) {
        case MATCH_ALIAS:
                return g_strcmp0(candidate->alias, alias) == 0;
        case MATCH_PARENT:
                return !named && is_of_kind(candidate, source) &&
                       g_strcmp0(candidate->parent, source->parent) == 0;
        case MATCH_KIND:
                return !named && is_of_kind(candidate, source);
        case _MATCH_MAX:
                break;
        }
        g_assert_not_reached();
}

static int find_candidate(GArray *candidates, const char *function, const SliceSource *source,
                          Match match) {
        for (guint i = 0; i < candidates->len; i++) {
                Candidate *candidate = &g_array_index(candidates, Candidate, i);

                if (candidate->taken || !matches(candidate, function, source, match))
                        continue;
                candidate->taken = true;
                return (int)i;
        }
        return -1;
}

/* Of each function the device, -1 none. Free it. */
static int *assign(const SliceEntry *entry, GArray *candidates) {
        const GPtrArray *functions = entry->wish->functions;
        int *devices = g_new(int, functions->len + 1);

        for (guint i = 0; i < functions->len; i++)
                devices[i] = -1;

        for (int match = 0; match < _MATCH_MAX; match++)
                for (guint i = 0; i < functions->len; i++) {
                        const SliceFunction *function = functions->pdata[i];
                        g_auto(SliceSource) source = { 0 };

                        if (devices[i] < 0 &&
                            slice_source_find(entry->grants, function->name, &source))
                                devices[i] = find_candidate(candidates, function->name, &source,
                                                            (Match)match);
                }
        return devices;
}

/* Where devices are to be ------------------------------------------------------------ */

static const char *wanted_type(const Domain *domain, const DomainDevice *device) {
        const MetadataDevice *entry = NULL;

        if (domain->metadata)
                entry = metadata_find(domain->metadata, device->address, device->alias);
        if (entry && entry->need && entry->need->type)
                return entry->need->type;
        return entry && entry->seen ? entry->seen->mdev_type : NULL;
}

static GArray *list_domain(const Domain *domain) {
        GArray *candidates = g_array_new(false, false, sizeof(Candidate));

        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const Candidate candidate = { .alias = device->alias,
                                              .kind = device->kind,
                                              .type = wanted_type(domain, device) };

                g_array_append_val(candidates, candidate);
        }
        return candidates;
}

GPtrArray *slice_devices_parents(const SliceEntry *entry, const Domain *domain) {
        GPtrArray *parents = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GArray) candidates = list_domain(domain);
        g_autofree int *devices = assign(entry, candidates);

        g_ptr_array_set_size(parents, (int)candidates->len);
        for (guint i = 0; i < entry->wish->functions->len; i++) {
                const SliceFunction *function = entry->wish->functions->pdata[i];
                g_auto(SliceSource) source = { 0 };

                if (devices[i] >= 0 && slice_source_find(entry->grants, function->name, &source))
                        parents->pdata[devices[i]] = g_steal_pointer(&source.parent);
        }
        return parents;
}

/* Where they are --------------------------------------------------------------------- */

/* One that is not ours, or not to be had, stands for no function. */
static GArray *list_answers(const GPtrArray *answers) {
        GArray *candidates = g_array_new(false, false, sizeof(Candidate));

        for (guint i = 0; i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];
                const Candidate candidate = { .alias = answer->device->alias,
                                              .kind = answer->device->kind,
                                              .parent = answer->parent,
                                              .type = answer->type,
                                              .taken = !answer->ok || !answer->parent };

                g_array_append_val(candidates, candidate);
        }
        return candidates;
}

static bool follow_one(SliceFunction *function, const Answer *answer, GError **error) {
        if (function->parent) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE,
                            "Function '%s' is to be of %s, where nothing that is free fits %s: "
                            "free a device there, or ask for %s, which has one",
                            function->name, function->parent, answer->name, answer->parent);
                return false;
        }

        function->parent = g_strdup(answer->parent);
        return true;
}

bool slice_devices_follow(const SliceEntry *entry, const GPtrArray *answers, Slice **ret_at,
                          GError **error) {
        g_autoptr(GArray) candidates = list_answers(answers);
        g_autofree int *devices = assign(entry, candidates);
        g_autoptr(Slice) at = slice_copy(entry->wish);
        bool moved = false;

        for (guint i = 0; i < at->functions->len; i++) {
                const Answer *answer = devices[i] >= 0 ? answers->pdata[devices[i]] : NULL;
                SliceFunction *function = at->functions->pdata[i];
                g_auto(SliceSource) source = { 0 };

                if (!answer || !slice_source_find(entry->grants, function->name, &source) ||
                    g_str_equal(source.parent, answer->parent))
                        continue;
                if (!follow_one(function, answer, error))
                        return false;
                moved = true;
        }

        *ret_at = moved ? g_steal_pointer(&at) : NULL;
        return true;
}
