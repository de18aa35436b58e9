/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/auth-keystone.h"

#define TIMES                                                              \
        "\"issued_at\": \"2026-01-01T00:00:00.000000Z\", \"expires_at\": " \
        "\"2026-01-01T01:00:00.000000Z\""
#define SECOND \
        "{\"interface\": \"internal\", \"region_id\": \"r\", \"url\": \"http://i/placement/\"}"
#define CATALOG                                                                                \
        "\"catalog\": [{\"type\": \"compute\", \"endpoints\": []}, {\"type\": \"placement\", " \
        "\"endpoints\": [{\"interface\": \"public\", \"region_id\": \"q\", \"url\": "          \
        "\"http://q\"},"                                                                       \
        " {\"interface\": \"public\", \"region_id\": \"r\", \"url\": \"http://r\"}, " SECOND "]}]"
#define GOOD "{\"token\": {" TIMES ", " CATALOG "}}"

static const Cloud password = { .name = (char *)"c",
                                .auth = CLOUD_AUTH_PASSWORD,
                                .auth_url = (char *)"http://k/v3",
                                .username = (char *)"u",
                                .user_domain_id = (char *)"default",
                                .secret = (char *)"p\"",
                                .project_name = (char *)"s",
                                .project_domain_name = (char *)"D",
                                .interface = (char *)"public" };

static KeystoneToken *read_answer(const Cloud *cloud, long status, const char *body,
                                  ApiError **ret_error) {
        HttpAnswer answer = { .status = status, .body = body, .subject_token = "gAAAA" };

        return keystone_read(cloud, &answer, ret_error);
}

static void assert_failure(const Cloud *cloud, long status, const char *body, ApiErrorKind kind,
                           const char *sentence) {
        g_autoptr(ApiError) error = NULL;

        g_assert_null(read_answer(cloud, status, body, &error));
        g_assert_cmpint(error->kind, ==, kind);
        g_assert_cmpstr(error->sentence, ==, sentence);
}

static void test_a_password_is_asked_with_its_project(void) {
        g_autofree char *text = keystone_question(&password);

        g_assert_cmpstr(text, ==,
                        "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
                        "{\"user\":{\"name\":\"u\",\"domain\":{\"id\":\"default\"},"
                        "\"password\":\"p\\\"\"}}},\"scope\":{\"project\":{\"name\":\"s\","
                        "\"domain\":{\"name\":\"D\"}}}}}");
}

static void test_an_application_credential_is_asked_without(void) {
        Cloud cloud = { .auth = CLOUD_AUTH_APPLICATION,
                        .application_id = (char *)"i",
                        .secret = (char *)"s",
                        .project_name = (char *)"x" };
        g_autofree char *text = keystone_question(&cloud);

        g_assert_cmpstr(text, ==,
                        "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
                        "\"application_credential\":{\"id\":\"i\",\"secret\":\"s\"}}}}");
}

static void test_an_application_credential_may_have_a_name(void) {
        Cloud cloud = { .auth = CLOUD_AUTH_APPLICATION,
                        .application_name = (char *)"n",
                        .user_id = (char *)"7",
                        .secret = (char *)"s" };
        g_autofree char *text = keystone_question(&cloud);

        g_assert_cmpstr(text, ==,
                        "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
                        "\"application_credential\":{\"name\":\"n\",\"user\":{\"id\":\"7\"},"
                        "\"secret\":\"s\"}}}}");
}

static void test_a_token_comes_with_its_time_and_place(void) {
        Cloud inside = password;
        g_autoptr(ApiError) error = NULL;
        g_autoptr(KeystoneToken) token = read_answer(&password, 201, GOOD, &error);
        g_autoptr(KeystoneToken) other = NULL;

        g_assert_null(error);
        g_assert_cmpstr(token->text, ==, "gAAAA");
        g_assert_cmpstr(token->endpoint, ==, "http://q");
        g_assert_cmpint(token->lifetime, ==, G_GINT64_CONSTANT(3600000000));

        inside.interface = (char *)"internal";
        inside.region = (char *)"r";
        other = read_answer(&inside, 201, GOOD, &error);
        g_assert_cmpstr(other->endpoint, ==, "http://i/placement");
}

static void test_a_catalog_without_placement_is_told(void) {
        Cloud cloud = password;
        g_autoptr(ApiError) error = NULL;
        g_autoptr(KeystoneToken) token = NULL;

        cloud.region = (char *)"s";
        assert_failure(&cloud, 201, GOOD, API_ERROR_AUTH,
                       "cloud 'c': Keystone's catalog has no public endpoint of a service of type "
                       "placement in region s; correct interface and region_name, or set "
                       "placement_endpoint_override");
        cloud.endpoint = (char *)"http://o";
        token = read_answer(&cloud, 201, GOOD, &error);
        g_assert_nonnull(token);
}

static void test_a_refusal_says_who_and_what_to_do(void) {
        assert_failure(&password, 401,
                       "{\"error\": {\"code\": 401, \"message\": \"It requires authentication.\"}}",
                       API_ERROR_AUTH,
                       "cloud 'c': Keystone refuses the user 'u': It requires authentication (HTTP "
                       "401); correct it in clouds.yaml");
}

static void test_what_is_no_keystone_is_told(void) {
        static const char *const bodies[] = {
                "",
                "[]",
                "{\"token\": 7}",
                "{\"token\": {" CATALOG "}}",
                "{\"token\": {\"catalog\": [[]], " TIMES "}", /* not closed */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
                assert_failure(&password, 201, bodies[i], API_ERROR_AUTH,
                               "cloud 'c': http://k/v3 does not answer as Keystone v3 does (HTTP "
                               "201); correct its auth_url");
        assert_failure(&password, 404, "", API_ERROR_AUTH,
                       "cloud 'c': http://k/v3 does not answer as Keystone v3 does (HTTP 404); "
                       "correct its auth_url");
}

static void test_a_keystone_in_trouble_is_tried_again(void) {
        HttpAnswer none = { .problem = "Connection refused", .body = "" };
        g_autoptr(ApiError) error = NULL;

        assert_failure(&password, 503, "", API_ERROR_RETRY, "Keystone at http://k/v3: HTTP 503");
        g_assert_null(keystone_read(&password, &none, &error));
        g_assert_cmpint(error->kind, ==, API_ERROR_RETRY);
        g_assert_cmpstr(error->sentence, ==, "Keystone at http://k/v3: Connection refused");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/keystone/a password is asked with its project",
                        test_a_password_is_asked_with_its_project);
        g_test_add_func("/keystone/an application credential is asked without",
                        test_an_application_credential_is_asked_without);
        g_test_add_func("/keystone/an application credential may have a name",
                        test_an_application_credential_may_have_a_name);
        g_test_add_func("/keystone/a token comes with its time and place",
                        test_a_token_comes_with_its_time_and_place);
        g_test_add_func("/keystone/a catalog without Placement is told",
                        test_a_catalog_without_placement_is_told);
        g_test_add_func("/keystone/a refusal says who and what to do",
                        test_a_refusal_says_who_and_what_to_do);
        g_test_add_func("/keystone/what is no Keystone is told", test_what_is_no_keystone_is_told);
        g_test_add_func("/keystone/a Keystone in trouble is tried again",
                        test_a_keystone_in_trouble_is_tried_again);
        return g_test_run();
}
