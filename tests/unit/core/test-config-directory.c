/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config-directory.h"
#include "tests/lib/fake-root.h"
#include "xml/ferry-error.h"

#define SHIPPED "usr/share/virtferry/x.d"
#define OWN     "etc/virtferry/x.d"

typedef struct Fixture {
        FakeRoot *root;
        GString *taken; /* "FILE = TEXT\n" */
        GPtrArray *problems;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->taken = g_string_new(NULL);
        f->problems = g_ptr_array_new_with_free_func(g_free);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_ptr_array_unref(f->problems);
        g_string_free(f->taken, TRUE);
        fake_root_free(f->root);
}

/* Refuses "bad". */
static bool take(void *userdata, const char *text, const char *file, GError **error) {
        Fixture *f = userdata;

        if (g_str_equal(text, "bad")) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "%s is bad", file);
                return false;
        }
        g_string_append_printf(f->taken, "%s = %s\n", file, text);
        return true;
}

static void load(Fixture *f, const char *first) {
        static const char *const directories[] = { SHIPPED, OWN, NULL };

        config_directories_load(sysfs_root_fd(fake_root_sysfs(f->root)), directories, first, take,
                                f, f->problems);
}

static void put(Fixture *f, const char *path, const char *text) {
        fake_root_put(f->root, path, text, -1);
}

static void test_order(Fixture *f, gconstpointer unused) {
        put(f, OWN "/b.conf", "2");
        put(f, SHIPPED "/c.conf", "3");
        put(f, SHIPPED "/a.conf", "1");
        put(f, SHIPPED "/a.conf.bak", "0");
        put(f, SHIPPED "/README", "0");

        load(f, NULL);
        g_assert_cmpuint(f->problems->len, ==, 0);
        g_assert_cmpstr(f->taken->str, ==,
                        "/" SHIPPED "/a.conf = 1\n/" OWN "/b.conf = 2\n/" SHIPPED "/c.conf = 3\n");
}

static void test_later_directory(Fixture *f, gconstpointer unused) {
        put(f, SHIPPED "/a.conf", "shipped");
        put(f, OWN "/a.conf", "own");

        load(f, NULL);
        g_assert_cmpstr(f->taken->str, ==, "/" OWN "/a.conf = own\n");
}

static void test_first(Fixture *f, gconstpointer unused) {
        put(f, SHIPPED "/a.conf", "1");
        put(f, SHIPPED "/default.conf", "0");

        load(f, "default.conf");
        g_assert_cmpstr(f->taken->str, ==,
                        "/" SHIPPED "/default.conf = 0\n/" SHIPPED "/a.conf = 1\n");
}

static void test_first_is_missing(Fixture *f, gconstpointer unused) {
        put(f, SHIPPED "/a.conf", "1");

        load(f, "default.conf");
        g_assert_cmpstr(f->taken->str, ==, "/" SHIPPED "/a.conf = 1\n");
        g_assert_cmpuint(f->problems->len, ==, 0);
}

static void test_nothing(Fixture *f, gconstpointer unused) {
        load(f, NULL);
        g_assert_cmpstr(f->taken->str, ==, "");
        g_assert_cmpuint(f->problems->len, ==, 0);
}

static void test_refused(Fixture *f, gconstpointer unused) {
        put(f, OWN "/a.conf", "bad");
        put(f, OWN "/b.conf", "good");

        load(f, NULL);
        g_assert_cmpstr(f->taken->str, ==, "/" OWN "/b.conf = good\n");
        g_assert_cmpuint(f->problems->len, ==, 1);
        g_assert_cmpstr(f->problems->pdata[0], ==, "/" OWN "/a.conf is bad");
}

static void test_unreadable(Fixture *f, gconstpointer unused) {
        put(f, SHIPPED, "");
        put(f, OWN "/a.conf/inside", "");
        put(f, OWN "/b.conf", "good");

        load(f, NULL);
        g_assert_cmpstr(f->taken->str, ==, "/" OWN "/b.conf = good\n");
        g_assert_cmpuint(f->problems->len, ==, 2);
        g_assert_cmpstr(f->problems->pdata[0], ==,
                        "/" SHIPPED ": The directory cannot be read: Not a directory");
        g_assert_cmpstr(f->problems->pdata[1], ==,
                        "/" OWN "/a.conf: The file cannot be read: Is a directory");
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/config-directory/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("the files come in the order of their names, whatever their directory", test_order);
        ADD("of two with one name that of the later directory is read", test_later_directory);
        ADD("one may go before all others", test_first);
        ADD("what should go first need not be there", test_first_is_missing);
        ADD("no directory need be there", test_nothing);
        ADD("a file that is refused is said, and the next is read", test_refused);
        ADD("what cannot be read is said, and the next is read", test_unreadable);
        return g_test_run();
}
