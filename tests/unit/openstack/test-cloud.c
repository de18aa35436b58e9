/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/cloud.h"

#include <glib/gstdio.h>
#include <string.h>

#include "tests/lib/temp-folder.h"

#define PASSWORD "auth: {auth_url: 'http://k:5000/', username: u, password: p, project_name: s}"

typedef struct Fixture {
        char *folder;
        char *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "clouds.yaml", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        temp_folder_remove(f->folder);
        g_free(f->path);
}

static Cloud *read_text(Fixture *f, const char *text, GError **error) {
        g_assert_true(g_file_set_contents(f->path, text, -1, NULL));
        return cloud_read(f->path, "c", NULL, error);
}

static Cloud *read_one(Fixture *f, const char *fields, GError **error) {
        g_autofree char *text = g_strdup_printf("clouds:\n  c:\n%s", fields);

        return read_text(f, text, error);
}

/* %s in the sentence is the path. */
static void assert_sentence(Fixture *f, const char *fields, const char *sentence) {
        g_autoptr(GString) expected = g_string_new(sentence);
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud) cloud = read_one(f, fields, &error);

        g_string_replace(expected, "%s", f->path, 0);
        g_assert_null(cloud);
        g_assert_error(error, CLOUD_ERROR, CLOUD_ERROR_TEXT);
        g_assert_cmpstr(error->message, ==, expected->str);
}

static void test_a_password_is_read(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud) cloud = read_one(f,
                                          "    " PASSWORD "\n"
                                          "    region_name: r\n"
                                          "    cacert: /ca\n"
                                          "    verify: False\n",
                                          &error);

        g_assert_no_error(error);
        g_assert_cmpint(cloud->auth, ==, CLOUD_AUTH_PASSWORD);
        g_assert_cmpstr(cloud->auth_url, ==, "http://k:5000/v3");
        g_assert_cmpstr(cloud->username, ==, "u");
        g_assert_cmpstr(cloud->secret, ==, "p");
        g_assert_cmpstr(cloud->user_domain_id, ==, "default");
        g_assert_cmpstr(cloud->interface, ==, "public");
        g_assert_cmpstr(cloud->region, ==, "r");
        g_assert_cmpstr(cloud->cacert, ==, "/ca");
        g_assert_true(cloud->insecure);
        g_assert_null(cloud->endpoint);
}

static void test_an_application_credential_is_read(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud) cloud = read_one(
                f,
                "    auth_type: v3applicationcredential\n"
                "    auth: {auth_url: 'https://k/identity/v3', application_credential_id: i,\n"
                "           application_credential_secret: s}\n"
                "    placement_endpoint_override: https://p\n",
                &error);

        g_assert_no_error(error);
        g_assert_cmpint(cloud->auth, ==, CLOUD_AUTH_APPLICATION);
        g_assert_cmpstr(cloud->auth_url, ==, "https://k/identity/v3");
        g_assert_cmpstr(cloud->application_id, ==, "i");
        g_assert_cmpstr(cloud->secret, ==, "s");
        g_assert_cmpstr(cloud->endpoint, ==, "https://p");
        g_assert_false(cloud->insecure);
}

static void test_a_file_of_the_secret_is_stronger(Fixture *f, gconstpointer unused) {
        g_autofree char *path = g_build_filename(f->folder, "secret", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud) cloud = NULL;

        g_assert_true(g_file_set_contents(path, "from the file\n", -1, NULL));
        g_assert_true(g_file_set_contents(f->path, "clouds: {c: {" PASSWORD "}}", -1, NULL));
        cloud = cloud_read(f->path, "c", path, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(cloud->secret, ==, "from the file");
}

static void test_without_keystone_the_endpoint_is_enough(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud)
                cloud = read_one(f, "    {auth_type: none, auth: {endpoint: 'http://p'}}", &error);

        g_assert_no_error(error);
        g_assert_cmpint(cloud->auth, ==, CLOUD_AUTH_TOKEN);
        g_assert_cmpstr(cloud->secret, ==, "admin");
        g_assert_cmpstr(cloud->endpoint, ==, "http://p");
}

static void test_what_is_missing_is_named(Fixture *f, gconstpointer unused) {
        assert_sentence(f, "    {auth: {username: u, password: p, project_name: s}}",
                        "cloud 'c' has no auth_url; put it into 'auth' of that cloud in %s");
        assert_sentence(f, "    {auth: {auth_url: 'http://k', username: u, project_name: s}}",
                        "cloud 'c' has no password; put it into 'auth' of that cloud in %s");
        assert_sentence(f, "    {auth: {auth_url: 'http://k', password: p, project_name: s}}",
                        "cloud 'c' has no username; put it into 'auth' of that cloud in %s");
        assert_sentence(f, "    {auth: {auth_url: 'http://k', username: u, password: p}}",
                        "cloud 'c' has no project_name; put it into 'auth' of that cloud in %s");
        assert_sentence(f, "    {auth_type: none}",
                        "cloud 'c' has no endpoint; put it into 'auth' of that cloud in %s");
        assert_sentence(f, "    7",
                        "cloud 'c' has no auth_url; put it into 'auth' of that cloud in %s");
}

static void test_what_is_wrong_is_named(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL, other = NULL, missing = NULL;
        g_autofree char *path = NULL;

        assert_sentence(f, "    {auth_type: v3kerberos}",
                        "cloud 'c': auth_type 'v3kerberos' is not supported; use password, "
                        "v3applicationcredential, admin_token or none");
        assert_sentence(f, "    {auth_type: none, auth: {endpoint: 'p:8778'}}",
                        "cloud 'c': 'p:8778' is no URL; it has to begin with http:// or https:// "
                        "in %s");

        g_assert_null(read_text(f, "clouds: {d: {}}", &error));
        path = g_strdup_printf("%s has no cloud 'c'; name one that is below 'clouds:' there",
                               f->path);
        g_assert_cmpstr(error->message, ==, path);
        g_assert_null(read_text(f, "clouds:\n  - [\n", &other));
        g_assert_nonnull(strstr(other->message, "line 3 is not YAML: "));
        g_assert_null(cloud_read("/nowhere/clouds.yaml", "c", NULL, &missing));
        g_assert_error(missing, CLOUD_ERROR, CLOUD_ERROR_FILE);
}

#define TEST(name, function) g_test_add("/cloud/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("a password is read", test_a_password_is_read);
        TEST("an application credential is read", test_an_application_credential_is_read);
        TEST("a file of the secret is stronger", test_a_file_of_the_secret_is_stronger);
        TEST("without Keystone the endpoint is enough",
             test_without_keystone_the_endpoint_is_enough);
        TEST("what is missing is named", test_what_is_missing_is_named);
        TEST("what is wrong is named", test_what_is_wrong_is_named);
        return g_test_run();
}
