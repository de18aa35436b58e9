/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Walks the tables of names of the ring: each value has one name, and the name gives the value. */

#include <errno.h>

#include "xml/domain.h"
#include "xml/ferry-error.h"
#include "xml/slice.h"

typedef struct Table {
        const char *name;
        int max;
        const char *(*to_string)(int);
        int (*from_string)(const char *);
} Table;

static const char *error_name(int value) {
        return ferry_error_to_string((FerryError)value);
}

static int error_value(const char *name) {
        return ferry_error_from_string(name);
}

static const char *migration_name(int value) {
        return migration_need_to_string((MigrationNeed)value);
}

static int migration_value(const char *name) {
        return migration_need_from_string(name);
}

static const char *unplug_name(int value) {
        return unplug_strategy_to_string((UnplugStrategy)value);
}

static int unplug_value(const char *name) {
        return unplug_strategy_from_string(name);
}

static const char *kind_name(int value) {
        return domain_device_kind_to_string((DomainDeviceKind)value);
}

static int kind_value(const char *name) {
        return domain_device_kind_from_string(name);
}

static const char *priority_name(int value) {
        return slice_priority_to_string((SlicePriority)value);
}

static int priority_value(const char *name) {
        return slice_priority_from_string(name);
}

static const char *together_name(int value) {
        return slice_together_to_string((SliceTogether)value);
}

static int together_value(const char *name) {
        return slice_together_from_string(name);
}

static const char *tier_name(int value) {
        return slice_tier_to_string((SliceTier)value);
}

static int tier_value(const char *name) {
        return slice_tier_from_string(name);
}

static const Table tables[] = {
        { "errors", _FERRY_ERROR_MAX, error_name, error_value },
        { "migration-needs", _MIGRATION_NEED_MAX, migration_name, migration_value },
        { "unplug-strategies", _UNPLUG_STRATEGY_MAX, unplug_name, unplug_value },
        { "slice-priorities", _SLICE_PRIORITY_MAX, priority_name, priority_value },
        { "slice-together", _SLICE_TOGETHER_MAX, together_name, together_value },
        { "slice-tiers", _SLICE_TIER_MAX, tier_name, tier_value },
        { "device-kinds", _DOMAIN_DEVICE_KIND_MAX, kind_name, kind_value },
};

static void test_each_value_has_one_name(gconstpointer data) {
        const Table *table = data;

        for (int i = 0; i < table->max; i++) {
                g_assert_nonnull(table->to_string(i));
                g_assert_cmpint(table->from_string(table->to_string(i)), ==, i);
        }
}

static void test_nothing_else_has_a_name(gconstpointer data) {
        const Table *table = data;

        g_assert_null(table->to_string(-1));
        g_assert_null(table->to_string(-EINVAL));
        g_assert_null(table->to_string(table->max));
        g_assert_cmpint(table->from_string(NULL), ==, -EINVAL);
        g_assert_cmpint(table->from_string(""), ==, -EINVAL);
        g_assert_cmpint(table->from_string("nonsense"), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
                g_autofree char *one = g_strdup_printf("/tables/%s/each-value-has-one-name",
                                                       tables[i].name);
                g_autofree char *other = g_strdup_printf("/tables/%s/nothing-else-has-a-name",
                                                         tables[i].name);

                g_test_add_data_func(one, &tables[i], test_each_value_has_one_name);
                g_test_add_data_func(other, &tables[i], test_nothing_else_has_a_name);
        }

        return g_test_run();
}
