/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc-load.h"
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"

/* What is read is written so that it is read again, and is the same the second time. */
#define TARGET(Type, name)                                                            \
        static void try_##name(const char *text) {                                    \
                g_autoptr(GError) error = NULL;                                       \
                g_autoptr(Type) read = cluster_##name##_from_json(text, &error);      \
                g_autoptr(Type) again = NULL;                                         \
                g_autofree char *once = NULL, *twice = NULL;                          \
                                                                                      \
                if (!read) {                                                          \
                        assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS); \
                        return;                                                       \
                }                                                                     \
                                                                                      \
                once = cluster_##name##_to_json(read);                                \
                if (strlen(once) > CLUSTER_TEXT_MAX)                                  \
                        return;                                                       \
                again = cluster_##name##_from_json(once, &error);                     \
                g_assert_no_error(error);                                             \
                twice = cluster_##name##_to_json(again);                              \
                g_assert_cmpuint(strlen(once), ==, strlen(twice));                    \
        }

TARGET(ClusterHost, host)
TARGET(ClusterMap, map)
TARGET(ClusterLot, lot)
TARGET(ClusterMoves, moves)
TARGET(ClusterDrains, drains)
TARGET(ClusterLoad, load)

/* Lots of the form that most have are read in another way: to the same end. */
static void try_lot_otherwise(const char *text) {
        g_autofree char *longer = g_strconcat(text, " ", NULL), *once = NULL, *twice = NULL;
        g_autoptr(ClusterLot) plain = cluster_lot_from_json(text, NULL),
                              other = cluster_lot_from_json(longer, NULL);

        if (strlen(text) >= CLUSTER_TEXT_MAX)
                return;
        g_assert_true(!plain == !other);
        if (!plain)
                return;

        once = cluster_lot_to_json(plain);
        twice = cluster_lot_to_json(other);
        g_assert_cmpstr(once, ==, twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *)data, size);

        try_host(text);
        try_map(text);
        try_lot(text);
        try_lot_otherwise(text);
        try_moves(text);
        try_drains(text);
        try_load(text);
        return 0;
}
