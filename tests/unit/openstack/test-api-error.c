/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/api-error.h"

#include <stdbool.h>
#include <string.h>

#define PLACEMENT(code, detail)                                                                \
        "{\"errors\": [{\"status\": 409, \"title\": \"Conflict\", \"request_id\": \"req-1\", " \
        "\"detail\": \"There was a conflict.\\n\\n " detail "  \", \"code\": \"" code "\"}]}"
#define CONCURRENT "placement.concurrent_update"

static const struct {
        const char *name;
        long status;
        const char *body;
        ApiErrorKind kind;
        const char *sentence;
} rows[] = {
        { "a stale generation is a conflict", 409,
          PLACEMENT(CONCURRENT, "resource provider generation conflict"), API_ERROR_CONFLICT,
          "x: resource provider generation conflict (HTTP 409)" },
        { "a class in use is in use", 409, PLACEMENT("placement.inventory.inuse", "in use."),
          API_ERROR_IN_USE, "x: in use (HTTP 409)" },
        { "one class in use has a conflict's code, and is none", 409,
          PLACEMENT(CONCURRENT, "Unable to delete inventory: Inventory for 'X' in use"),
          API_ERROR_IN_USE, "x: Unable to delete inventory: Inventory for 'X' in use (HTTP 409)" },
        { "a provider in use is in use", 409, PLACEMENT("placement.resource_provider.inuse", "a"),
          API_ERROR_IN_USE, "x: a (HTTP 409)" },
        { "a provider with children is in use", 409,
          PLACEMENT("placement.resource_provider.cannot_delete_parent", "a"), API_ERROR_IN_USE,
          "x: a (HTTP 409)" },
        { "a name that is there is a duplicate", 409, PLACEMENT("placement.duplicate_name", "a"),
          API_ERROR_DUPLICATE, "x: a (HTTP 409)" },
        { "a claim over capacity is just that", 409,
          PLACEMENT("placement.undefined_code", "Unable to allocate inventory"), API_ERROR_CAPACITY,
          "x: Unable to allocate inventory (HTTP 409)" },
        { "a trait that is missing is missing", 400,
          PLACEMENT("placement.undefined_code", "No such trait CUSTOM_X"), API_ERROR_MISSING,
          "x: No such trait CUSTOM_X (HTTP 400)" },
        { "a bad request is a mistake of ours", 400,
          PLACEMENT("placement.undefined_code", "total is less than 1"), API_ERROR_BUG,
          "x: total is less than 1 (HTTP 400)" },
        { "a version that it has not is a mistake of ours", 406, PLACEMENT("", "a"), API_ERROR_BUG,
          "x: a (HTTP 406)" },
        { "nothing there is missing", 404, PLACEMENT("", "a"), API_ERROR_MISSING,
          "x: a (HTTP 404)" },
        { "a locked database is worth another try", 500, PLACEMENT("", "database is locked"),
          API_ERROR_RETRY, "x: database is locked (HTTP 500)" },
        { "who asks too often tries later", 429, "", API_ERROR_RETRY, "x: HTTP 429" },
        { "a proxy that speaks HTML is understood by its number", 502, "<html>Bad Gateway</html>",
          API_ERROR_RETRY, "x: HTTP 502" },
        { "no token is a matter of a credential", 401,
          "{\"message\": \"The request you have made requires authentication.\", \"code\": "
          "\"401 Unauthorized\", \"title\": \"Unauthorized\"}",
          API_ERROR_AUTH, "x: The request you have made requires authentication (HTTP 401)" },
        { "Keystone's words are read, too", 403,
          "{\"error\": {\"code\": 403, \"title\": \"Forbidden\", \"message\": \"no\"}}",
          API_ERROR_AUTH, "x: no (HTTP 403)" },
        { "JSON of any other shape is understood by its number", 409,
          "{\"errors\": [7], \"error\": []}", API_ERROR_CAPACITY, "x: HTTP 409" },
};

static void test_row(gconstpointer data) {
        const size_t i = GPOINTER_TO_SIZE(data);
        g_autoptr(ApiError) error = api_error_from_answer("x", rows[i].status, rows[i].body);

        g_assert_cmpstr(api_error_kind_to_string(error->kind), ==,
                        api_error_kind_to_string(rows[i].kind));
        g_assert_cmpint(error->status, ==, rows[i].status);
        g_assert_cmpstr(error->sentence, ==, rows[i].sentence);
}

static void test_what_another_machine_says_is_cut_and_cleaned(void) {
        g_autofree char *many = g_strnfill(5000, 'a');
        g_autofree char *body = g_strdup_printf(
                "{\"errors\": [{\"detail\": \"\\u001b[31m\\r%s\"}]}", many);
        g_autoptr(ApiError) error = api_error_from_answer("x", 500, body);

        g_assert_cmpuint(strlen(error->sentence), <, 400);
        for (const char *c = error->sentence; *c; c++)
                g_assert_false(g_ascii_iscntrl(*c));
}

static void test_each_kind_has_a_name(void) {
        for (int kind = 0; kind < _API_ERROR_MAX; kind++)
                g_assert_nonnull(api_error_kind_to_string(kind));
        g_assert_null(api_error_kind_to_string(_API_ERROR_MAX));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *path = g_strconcat("/api-error/", rows[i].name, NULL);

                g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_row);
        }
        g_test_add_func("/api-error/what another machine says is cut and cleaned",
                        test_what_another_machine_says_is_cut_and_cleaned);
        g_test_add_func("/api-error/each kind has a name", test_each_kind_has_a_name);
        return g_test_run();
}
