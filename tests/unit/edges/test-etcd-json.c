/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-json.h"

#include <string.h>

static JsonNode *parse(const char *text) {
        return etcd_parse(text, strlen(text));
}

static void test_deep(void) {
        g_autofree char *brackets = g_strnfill(1 << 24, '[');
        g_autofree char *deep = g_strconcat("{\"x\":", brackets, NULL);
        g_autoptr(JsonNode) node = parse("{\"result\":{\"events\":[{\"kv\":{\"key\":\"YQ==\"}}]}}");

        g_assert_nonnull(node);
        g_assert_null(parse(deep));
        g_assert_null(parse("[]"));
}

static void assert_key(const char *text, bool good) {
        g_autoptr(JsonNode) node = parse(text);
        g_auto(EtcdKey) key = { 0 };

        g_assert_true(etcd_key_read(json_node_get_object(node), &key) == good);
}

static void test_key(void) {
        assert_key("{\"key\":\"YQ==\",\"mod_revision\":\"7\"}", true);
        assert_key("{\"key\":\"YQ==\"}", false);
        assert_key("{\"key\":\"YQ==\",\"mod_revision\":\"-7\"}", false);
        assert_key("{\"key\":\"/w==\",\"mod_revision\":\"7\"}", false);
        assert_key("{\"mod_revision\":\"7\"}", false);
}

static void test_span(void) {
        g_autofree char *from = etcd_span_body("a", NULL, "c", 2, 5);
        g_autofree char *after = etcd_span_body("a", "b", "c", 2, 0);

        g_assert_cmpstr(from, ==,
                        "{\"key\":\"YQ==\",\"range_end\":\"Yw==\",\"limit\":\"2\",\"revision\":"
                        "\"5\",\"count_only\":false}");
        g_assert_nonnull(strstr(after, "{\"key\":\"YgA=\",\"range_end\":\"Yw==\","));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/etcd-json/what is deep is refused before it is parsed", test_deep);
        g_test_add_func("/etcd-json/a key is text and has a revision", test_key);
        g_test_add_func("/etcd-json/a span begins at a key or behind one", test_span);
        return g_test_run();
}
