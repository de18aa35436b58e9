/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc.h"

#include <json-glib/json-glib.h>

#include "daemon/core/cluster-ops.h"
#include "xml/ferry-error.h"

#define PROMISED "\"promised\":{\"g1\":{\"amount\":2,\"by\":\"hostb\",\"since\":7,\"nonce\":\"b-1\""

static void assert_refused(const char *text, const char *why) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ClusterLot) lot = cluster_lot_from_json(text, &error);

        g_assert_null(lot);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error->message, ==, why);
}

/* Newer json-glib does not take it at all, as the standard wants; older does, and we do not. */
static void assert_not_kept(const char *member) {
        g_autofree char *text = g_strdup_printf("{\"schema\":1,\"offered\":1,\"later\":%s}",
                                                member);
        g_autoptr(JsonParser) parser = json_parser_new();
        bool parsed = json_parser_load_from_data(parser, text, -1, NULL);

        assert_refused(text, parsed ? "'unknown member' must be free of numbers above 1e308 and of "
                                      "half characters"
                                    : "Not an object in JSON of up to 1048576 bytes and 16 levels");
}

static void test_is_written_as_it_was_read(void) {
        static const char text[] = "{\"schema\":1,\"offered\":8,\"turn\":\"a-1\"," PROMISED "}}}";
        g_autoptr(ClusterLot) lot = cluster_lot_from_json(text, NULL);
        g_autofree char *written = cluster_lot_to_json(lot);

        g_assert_cmpstr(written, ==, text);
        g_assert_cmpint(cluster_lot_unpromised(lot), ==, 6);
}

static void test_plain_lots_are_read_alike(void) {
        static const char text[] =
                "{\"schema\":1,\"offered\":305,\"turn\":\"a-1\",\"promised\":{}}";
        g_autoptr(ClusterLot) lot = cluster_lot_from_json(text, NULL);
        g_autofree char *written = cluster_lot_to_json(lot);

        g_assert_cmpint(lot->offered, ==, 305);
        g_assert_cmpstr(lot->turn, ==, "a-1");
        g_assert_cmpstr(written, ==, text);
        assert_refused("{\"schema\":1,\"offered\":1,\"turn\":\"a b\",\"promised\":{}}",
                       "'turn' must be a name of letters, digits and ._:@+,-");
}

static void test_keeps_what_a_later_release_wrote(void) {
        static const char text[] = "{\"schema\":2,\"offered\":8," PROMISED
                                   ",\"why\":[1,null]}},\"later\":{\"x\":2.5}}";
        g_autoptr(ClusterLot) lot = cluster_lot_from_json(text, NULL);
        g_autofree char *written = cluster_lot_to_json(lot);

        g_assert_cmpstr(written, ==, text);
}

#define ASSERT_KEPT(Type, name, text)                                            \
        {                                                                        \
                g_autoptr(GError) error = NULL;                                  \
                g_autoptr(Type) read = cluster_##name##_from_json(text, &error); \
                g_autofree char *written = NULL;                                 \
                                                                                 \
                g_assert_no_error(error);                                        \
                written = cluster_##name##_to_json(read);                        \
                g_assert_cmpstr(written, ==, text);                              \
        }

static void test_each_document_keeps_everything(void) {
        ASSERT_KEPT(ClusterHost, host,
                    "{\"schema\":1,\"version\":\"1.0\",\"uri\":\"qemu+ssh://a/system\","
                    "\"since\":5,\"incarnation\":\"a1\",\"later\":true}");
        ASSERT_KEPT(ClusterMap, map,
                    "{\"schema\":1,\"drained\":1,\"qemu\":\"8.2\",\"libvirt\":\"9.0\","
                    "\"resources\":{\"cores\":{\"total\":16,\"free\":4,\"level\":9,"
                    "\"headroom\":\"high\",\"later\":1}},"
                    "\"kinds\":[{\"class\":\"sriov\",\"pool\":\"net\",\"type\":\"t\","
                    "\"driver\":\"mlx5\",\"version\":\"1\",\"firmware\":\"22\","
                    "\"formats\":\"a\",\"ids\":\"b\",\"total\":3,\"free\":2,\"later\":1}],"
                    "\"devices\":{\"0000:3b:00.2\":0},\"later\":1}");
        ASSERT_KEPT(ClusterMoves, moves,
                    "{\"schema\":1,\"together\":2,\"per-host\":1,\"going\":{\"g1\":{\"from\":"
                    "\"a\",\"to\":\"b\",\"since\":1,\"nonce\":\"n1\",\"later\":1}},"
                    "\"settled\":{\"g2\":9},\"later\":1}");
        ASSERT_KEPT(ClusterDrains, drains,
                    "{\"schema\":1,\"hosts\":{\"a\":{\"since\":1,\"nonce\":\"n1\","
                    "\"to\":{\"b\":1,\"c\":1},\"later\":1}},\"later\":1}");
}

static void test_says_what_is_wrong(void) {
        assert_refused("{}", "'schema' must be there");
        assert_refused("{\"schema\":0,\"offered\":1}", "'schema' must be 1 to 2^32 - 1");
        assert_refused("{\"schema\":1}", "'offered' must be there");
        assert_refused("{\"schema\":1,\"offered\":\"1\"}",
                       "'offered' must be a whole number from 0 to 2^53 - 1");
        assert_refused("{\"schema\":1,\"offered\":9007199254740992}",
                       "'offered' must be a whole number from 0 to 2^53 - 1");
        assert_refused("{\"schema\":1,\"offered\":1,\"promised\":[]}",
                       "'promised' must be an object");
        assert_refused("{\"schema\":1,\"offered\":1," PROMISED "}}}",
                       "More is promised than 'offered' says");
        assert_not_kept("1e999");
        assert_not_kept("\"\\ud800mu\"");
        assert_refused("{\"schema\":1,\"offered\":1,\"promised\":{\"a\\nb\":{}}}",
                       "'a\\nb' must be a name of letters, digits and ._:@+,-");
}

static void test_refuses_what_is_deep_or_long(void) {
        static const char why[] = "Not an object in JSON of up to 1048576 bytes and 16 levels";
        g_autofree char *brackets = g_strnfill(100000, '[');
        g_autofree char *deep = g_strconcat("{\"schema\":1,\"x\":", brackets, NULL);
        g_autofree char *blanks = g_strnfill(CLUSTER_TEXT_MAX, ' ');
        g_autofree char *large = g_strconcat("{\"schema\":1,\"offered\":1}", blanks, NULL);

        assert_refused(deep, why);
        assert_refused(large, why);
        assert_refused("", why);
        assert_refused("[]", why);
        assert_refused("{\"schema\":1,\"offered\":1} // \"", why);
}

static void test_a_device_has_a_kind(void) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ClusterMap) map = cluster_map_from_json(
                "{\"schema\":1,\"devices\":{\"0000:3b:00.2\":0}}", &error);

        g_assert_null(map);
        g_assert_cmpstr(error->message, ==, "A number in 'devices' is beyond 'kinds'");
}

static void test_outcomes_have_names(void) {
        for (int i = 0; i < _CLUSTER_OUTCOME_MAX; i++)
                g_assert_cmpint(cluster_outcome_from_string(cluster_outcome_to_string(i)), ==, i);
        g_assert_cmpint(cluster_outcome_from_string("soon"), ==, _CLUSTER_OUTCOME_INVALID);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add_func("/cluster-doc/" name, function)
        ADD("a lot is written as it was read", test_is_written_as_it_was_read);
        ADD("a lot of which nothing is promised is read alike", test_plain_lots_are_read_alike);
        ADD("what a later release wrote is kept", test_keeps_what_a_later_release_wrote);
        ADD("each document keeps everything", test_each_document_keeps_everything);
        ADD("a bad document is refused with the member and the reason", test_says_what_is_wrong);
        ADD("what is too deep or too long is not parsed", test_refuses_what_is_deep_or_long);
        ADD("a device has a kind that is there", test_a_device_has_a_kind);
        ADD("outcomes have names", test_outcomes_have_names);
        return g_test_run();
}
