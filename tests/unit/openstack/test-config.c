/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/config.h"

#include <unistd.h>

#include "tests/lib/temp-folder.h"

typedef struct Fixture {
        char *folder, *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "placement.conf", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        temp_folder_remove(f->folder);
        g_free(f->path);
}

static void put_file(Fixture *f, const char *name, const char *text) {
        g_autofree char *path = g_build_filename(f->folder, name, NULL);
        g_autoptr(GError) error = NULL;

        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
}

static Config *read_text(Fixture *f, const char *text) {
        g_autoptr(GError) error = NULL;
        Config *config;

        put_file(f, "placement.conf", text);
        config = config_read(f->path, NULL, &error);
        g_assert_no_error(error);
        return config;
}

static void assert_refused(Fixture *f, const char *text, const char *expected) {
        g_autofree char *sentence = g_strdup_printf("%s: %s, see virtferry-placement(8)", f->path,
                                                    expected);
        g_autoptr(GError) error = NULL;

        put_file(f, "placement.conf", text);
        g_assert_null(config_read(f->path, NULL, &error));
        g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_TEXT);
        g_assert_cmpstr(error->message, ==, sentence);
}

static void test_without_a_file_all_is_as_documented(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) config = config_read(f->path, NULL, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(config->cloud, ==, "openstack");
        g_assert_cmpstr(config->clouds_file, ==, "/etc/virtferry/clouds.yaml");
        g_assert_null(config->secret_file);
        g_assert_cmpstr(config->host_name, ==, g_get_host_name());
        g_assert_cmpstr(config->id_file, ==, "/var/lib/nova/compute_id");
        g_assert_cmpuint(config->check_sec, ==, 60);
}

static void test_what_is_given_holds(Fixture *f, gconstpointer unused) {
        g_autoptr(Config)
                config = read_text(f, "[Placement]\nCloud=ours\nCloudsFile=/c\nCheckSec=5\n"
                                      "[Host]\nName=compute1\nIdFile=/id\n");

        g_assert_cmpstr(config->cloud, ==, "ours");
        g_assert_cmpstr(config->clouds_file, ==, "/c");
        g_assert_cmpuint(config->check_sec, ==, 5);
        g_assert_cmpstr(config->host_name, ==, "compute1");
        g_assert_cmpstr(config->id_file, ==, "/id");
}

static void test_the_credentials_of_the_service_are_found(Fixture *f, gconstpointer unused) {
        g_autofree char *clouds = g_build_filename(f->folder, "clouds.yaml", NULL);
        g_autofree char *secret = g_build_filename(f->folder, "secret", NULL);
        g_autoptr(Config) without = NULL, with = NULL;
        g_autoptr(GError) error = NULL;

        put_file(f, "clouds.yaml", "");
        without = config_read(f->path, f->folder, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(without->clouds_file, ==, clouds);
        g_assert_null(without->secret_file);

        put_file(f, "secret", "s");
        with = config_read(f->path, f->folder, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(with->secret_file, ==, secret);
}

static void test_a_typing_error_is_one_sentence(Fixture *f, gconstpointer unused) {
        assert_refused(f, "[Placment]\n", "[Placment] is not known");
        assert_refused(f, "[Placement]\nClouds=x\n", "[Placement] Clouds is not known");
        assert_refused(f, "[Host]\nCheckSec=5\n", "[Host] CheckSec is not known");
        assert_refused(f, "[Host]\nName=\n", "[Host] Name has no value");
        assert_refused(f, "[Placement]\nCheckSec=0\n",
                       "[Placement] CheckSec must be 1 to 3600, not '0'");
        assert_refused(f, "[Placement]\nCheckSec=often\n",
                       "[Placement] CheckSec must be 1 to 3600, not 'often'");
}

static void test_what_cannot_be_read_is_told_with_its_name(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(symlink("placement.conf", f->path), ==, 0); /* leads to itself */
        g_assert_null(config_read(f->path, NULL, &error));
        g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE);
        g_assert_true(g_str_has_prefix(error->message, f->path));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define TEST(name, function) \
        g_test_add("/placement-config/" name, Fixture, NULL, set_up, function, tear_down)
        TEST("without-a-file-all-is-as-documented", test_without_a_file_all_is_as_documented);
        TEST("what-is-given-holds", test_what_is_given_holds);
        TEST("the-credentials-of-the-service-are-found",
             test_the_credentials_of_the_service_are_found);
        TEST("a-typing-error-is-one-sentence", test_a_typing_error_is_one_sentence);
        TEST("what-cannot-be-read-is-told-with-its-name",
             test_what_cannot_be_read_is_told_with_its_name);
        return g_test_run();
}
