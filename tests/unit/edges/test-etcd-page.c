/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-page.h"

#include <glib.h>
#include <string.h>

/* "a", "b" and "c"; "1" and "2". */
#define KEY_A   "\"key\":\"YQ==\""
#define KEY_B   "\"key\":\"Yg==\""
#define KEY_C   "\"key\":\"Yw==\""
#define REVS    "\"create_revision\":\"3\",\"mod_revision\":\"7\""
#define VALUE_1 "\"value\":\"MQ==\""
#define VALUE_2 "\"value\":\"Mg==\""

static void on_key(void *userdata, const EtcdPageKey *key) {
        g_string_append_printf(userdata, "%s=%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                               key->key, key->value ?: "(no text)", key->create_revision,
                               key->mod_revision);
}

/* What is told of it. */
static char *read_page(const char *text, bool good, EtcdPage *ret_page) {
        GString *told = g_string_new(NULL);

        g_assert_true(etcd_page_read(text, strlen(text), on_key, told, ret_page) == good);
        return g_string_free(told, FALSE);
}

static void assert_told(const char *text, const char *expected) {
        EtcdPage page = { 0 };
        g_autofree char *told = read_page(text, true, &page);

        g_assert_cmpstr(told, ==, expected);
        g_free(page.last);
}

static void assert_refused(const char *text) {
        EtcdPage page = { 0 };

        g_free(read_page(text, false, &page));
        g_assert_null(page.last);
}

static void test_answer(void) {
        EtcdPage page = { 0 };
        g_autofree char *told = read_page(
                "{\"header\":{\"cluster_id\":\"17237436991929493444\",\"revision\":\"9\"},"
                "\"kvs\":[{" KEY_A "," REVS ",\"version\":\"1\"," VALUE_1 "},{" KEY_B "," REVS
                "," VALUE_2 "}],\"more\":true,\"count\":\"5\"}",
                true, &page);

        g_assert_cmpstr(told, ==, "a=1 3 7\nb=2 3 7\n");
        g_assert_cmpint(page.revision, ==, 9);
        g_assert_cmpuint(page.cluster_id, ==, G_GUINT64_CONSTANT(17237436991929493444));
        g_assert_true(page.more);
        g_assert_cmpstr(page.last, ==, "b");
        g_free(page.last);
}

static void test_nothing(void) {
        EtcdPage page = { .more = true };
        g_autofree char *told = read_page("{\"header\":{\"revision\":\"1\"}}", true, &page);

        g_assert_cmpstr(told, ==, "");
        g_assert_false(page.more);
        g_assert_null(page.last);
}

static void test_missing(void) {
        assert_told("{\"kvs\":[{" KEY_A "," REVS "},{" REVS "},{" KEY_B "," VALUE_1 "},{" KEY_C
                    "," REVS ",\"value\":\"/w==\"},{\"key\":\"/w==\"," REVS "}]}",
                    "a= 3 7\nc=(no text) 3 7\n");
}

static void test_last(void) {
        EtcdPage page = { 0 };

        g_free(read_page("{\"kvs\":[{" KEY_A "," REVS "},{" KEY_B "}],\"more\":true}", true,
                         &page));
        g_assert_cmpstr(page.last, ==, "b");
        g_free(page.last);
}

static void test_written_otherwise(void) {
        assert_told(" { \"kvs\" : [ { \"x\" : [ { } , [ \"]\\\"\" ] , -1.5e3 , null ] ,\r\n\t" KEY_A
                    " , \"create_revision\" : 3 , \"mod_revision\" : 7 , " VALUE_1 " } ] } \n",
                    "a=1 3 7\n");
}

static void test_no_answer(void) {
        static const char *const texts[] = {
                "",
                "[]",
                "{",
                "{}x",
                "{,}",
                "{\"kvs\"}",
                "{\"kvs\":{}}",
                "{\"kvs\":[{}",
                "{\"kvs\":[{},]}",
                "{\"kvs\":[{\"key\":5}]}",
                "{\"kvs\":[{\"key\":\"YQ==}]}",
                "{\"header\":[]}",
                "{\"more\":[]}",
                "{\"x\":[1}",
                "{\"x\":\"\\",
                "{\"x\":}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_refused(texts[i]);
}

static void test_deep(void) {
        g_autofree char *deep = g_strnfill(1 << 24, '[');
        g_autofree char *text = g_strconcat("{\"x\":", deep, NULL);

        assert_refused(text);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/etcd-page/keys, revision and cluster are read", test_answer);
        g_test_add_func("/etcd-page/a page may have no keys", test_nothing);
        g_test_add_func("/etcd-page/keys that are no text or have no revision are passed over",
                        test_missing);
        g_test_add_func("/etcd-page/the next page begins behind the last key, told or not",
                        test_last);
        g_test_add_func("/etcd-page/members that are not known and white space do not matter",
                        test_written_otherwise);
        g_test_add_func("/etcd-page/what etcd does not answer is refused", test_no_answer);
        g_test_add_func("/etcd-page/a deep answer takes no stack", test_deep);
        return g_test_run();
}
