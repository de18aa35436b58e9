/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Walks the tables of words of the ring: each value has one word, the word gives the value, and
 * nothing else does. */

#include <errno.h>

#include "daemon/core/compat.h"
#include "daemon/core/device.h"
#include "daemon/core/drain-record.h"
#include "daemon/core/headroom.h"
#include "daemon/core/lease.h"
#include "daemon/core/migration.h"
#include "daemon/core/openmetrics.h"
#include "daemon/core/place.h"
#include "daemon/core/policy-slice.h"
#include "daemon/core/policy.h"
#include "daemon/core/resource-map.h"
#include "daemon/core/slice-book.h"
#include "daemon/core/strategy.h"

typedef struct Table {
        const char *name;
        const char *words; /* in the order of the values: they are on the bus and in the store */
        const char *(*to_string)(int value);
        int (*from_string)(const char *word);
} Table;

#define TABLE_OF(object, Type)                          \
        static const char *object##_word(int value) {   \
                return object##_to_string((Type)value); \
        }                                               \
        static int object##_value(const char *word) {   \
                return object##_from_string(word);      \
        }

TABLE_OF(advice_kind, AdviceKind)
TABLE_OF(advice_reason, AdviceReason)
TABLE_OF(compat_fact, CompatFact)
TABLE_OF(device_role, DeviceRole)
TABLE_OF(drain_state, DrainState)
TABLE_OF(drain_guest_state, DrainGuestState)
TABLE_OF(headroom_kind, HeadroomKind)
TABLE_OF(headroom_level, HeadroomLevel)
TABLE_OF(headroom_resource, HeadroomResource)
TABLE_OF(lease_state, LeaseState)
TABLE_OF(migration_state, MigrationState)
TABLE_OF(migration_direction, MigrationDirection)
TABLE_OF(openmetrics_type, OpenmetricsType)
TABLE_OF(claims_mode, ClaimsMode)
TABLE_OF(place_rule, PlaceRule)
TABLE_OF(policy_mode, PolicyMode)
TABLE_OF(policy_slice_reason, PolicySliceReason)
TABLE_OF(resource_kind, ResourceKind)
TABLE_OF(slice_state, SliceState)
TABLE_OF(strategy, Strategy)

static const Table tables[] = {
        { "kinds of advice", "promote exchange demote", advice_kind_word, advice_kind_value },
        { "reasons of advice", "gains rises falls overloads idles opted-out", advice_reason_word,
          advice_reason_value },
        { "who needs a claim", "no nova all", claims_mode_word, claims_mode_value },
        { "modes of the policy", "observe advise act", policy_mode_word, policy_mode_value },
        { "reasons to change a slice", "rises saturates idles", policy_slice_reason_word,
          policy_slice_reason_value },
        { "facts of rules",
          "vendor device subsystem revision driver driver-version firmware mdev-type",
          compat_fact_word, compat_fact_value },
        { "roles of devices", "function parent", device_role_word, device_role_value },
        { "states of drains", "draining drained partly", drain_state_word, drain_state_value },
        { "states of guests that are drained", "waiting moving left stayed", drain_guest_state_word,
          drain_guest_state_value },
        { "kinds of headroom", "host pf offload", headroom_kind_word, headroom_kind_value },
        { "levels of headroom", "low med high", headroom_level_word, headroom_level_value },
        { "resources of headroom", "vfs cores memory lanes keys bandwidth", headroom_resource_word,
          headroom_resource_value },
        { "states of leases", "reserved claimed running releasing", lease_state_word,
          lease_state_value },
        { "states of migrations",
          "planned checked reserved prepared precopy switchover resumed finished aborting "
          "rolled-back failed",
          migration_state_word, migration_state_value },
        { "directions of migrations", "incoming outgoing", migration_direction_word,
          migration_direction_value },
        { "types of metrics", "counter gauge summary", openmetrics_type_word,
          openmetrics_type_value },
        { "kinds of resources",
          "host node package core memory link pf vf-pool mdev-type cxl cache bandwidth key offload",
          resource_kind_word, resource_kind_value },
        { "rules of places",
          "here away settling drained software kind busy together amount offload forecast fits",
          place_rule_word, place_rule_value },
        { "states of slices", "promised enforced preempted releasing", slice_state_word,
          slice_state_value },
        { "strategies", "live vfio failover mediated replug cold", strategy_word, strategy_value },
};

static void test_each_value_has_one_word(gconstpointer data) {
        const Table *table = data;
        g_auto(GStrv) words = g_strsplit(table->words, " ", -1);
        int n = (int)g_strv_length(words);

        for (int i = 0; i < n; i++) {
                g_assert_cmpstr(table->to_string(i), ==, words[i]);
                g_assert_cmpint(table->from_string(words[i]), ==, i);
        }
        g_assert_null(table->to_string(n));
}

static void test_nothing_else_has_a_word(gconstpointer data) {
        const Table *table = data;

        g_assert_null(table->to_string(-1));
        g_assert_null(table->to_string(-EINVAL));
        g_assert_null(table->to_string(G_MAXINT));
        g_assert_cmpint(table->from_string(NULL), ==, -EINVAL);
        g_assert_cmpint(table->from_string(""), ==, -EINVAL);
        g_assert_cmpint(table->from_string("nonsense"), ==, -EINVAL);
        g_assert_cmpint(table->from_string("Reserved"), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
                g_autofree char *one = g_strdup_printf("/tables/%s/each value has one word",
                                                       tables[i].name);
                g_autofree char *other = g_strdup_printf("/tables/%s/nothing else has a word",
                                                         tables[i].name);

                g_test_add_data_func(one, &tables[i], test_each_value_has_one_word);
                g_test_add_data_func(other, &tables[i], test_nothing_else_has_a_word);
        }
        return g_test_run();
}
