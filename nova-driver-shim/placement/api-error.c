/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/api-error.h"

#include <stdarg.h>
#include <string.h>

#include "nova-driver-shim/placement/json.h"

#define DETAIL_MAX 300 /* characters of what the server says */

static const char *const kinds[_API_ERROR_MAX] = {
        [API_ERROR_CONFLICT] = "conflict",   [API_ERROR_IN_USE] = "in use",
        [API_ERROR_DUPLICATE] = "duplicate", [API_ERROR_CAPACITY] = "capacity",
        [API_ERROR_MISSING] = "missing",     [API_ERROR_RETRY] = "retry",
        [API_ERROR_AUTH] = "auth",           [API_ERROR_BUG] = "bug",
};

const char *api_error_kind_to_string(ApiErrorKind kind) {
        return kind < _API_ERROR_MAX ? kinds[kind] : NULL;
}

ApiError *api_error_new(ApiErrorKind kind, long status, const char *format, ...) {
        ApiError *error = g_new0(ApiError, 1);
        va_list arguments;

        error->kind = kind;
        error->status = status;
        va_start(arguments, format);
        error->sentence = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return error;
}

void api_error_free(ApiError *error) {
        if (!error)
                return;

        g_free(error->sentence);
        g_free(error);
}

/* What the server says ------------------------------------------------------------- */

/* Placement: {"errors": [{...}]}; Keystone: {"error": {...}}; what stands before them: {...} */
static JsonObject *find_words(JsonNode *root) {
        JsonObject *object = json_root_object(root);
        JsonArray *rows = json_array_of(object, "errors");

        if (rows && json_array_get_length(rows) > 0)
                return json_object_at(rows, 0);
        return json_object_of(object, "error") ?: object;
}

/* What stands before an empty line is the same for all of a status. */
static const char *last_paragraph(char *text) {
        char *found;

        while ((found = strstr(text, "\n\n")))
                text = found + 2;
        return text;
}

/* One line without a full stop, of at most DETAIL_MAX characters: the rest is of no use, and this
 * is text from another machine. */
static char *make_line(const char *text) {
        g_autofree char *valid = g_strstrip(g_utf8_make_valid(text, -1));
        const char *words = last_paragraph(valid);
        char *line = g_utf8_substring(words, 0, MIN(DETAIL_MAX, g_utf8_strlen(words, -1)));

        for (char *c = line; *c; c++)
                if (g_ascii_iscntrl(*c))
                        *c = ' ';
        g_strstrip(line);
        if (g_str_has_suffix(line, "."))
                line[strlen(line) - 1] = '\0';
        return line;
}

/* Kinds ----------------------------------------------------------------------------- */

/* To delete one class that is in use has the code of a stale generation, and to claim more than is
 * left has none of its own: the words are all there is to tell them by. */
static ApiErrorKind conflict_kind(const char *code, const char *detail) {
        if (strstr(code, "inuse") || strstr(code, "cannot_delete_parent"))
                return API_ERROR_IN_USE;
        if (strstr(code, "duplicate_name"))
                return API_ERROR_DUPLICATE;
        if (strstr(code, "concurrent_update"))
                return strstr(detail, "in use") ? API_ERROR_IN_USE : API_ERROR_CONFLICT;
        return API_ERROR_CAPACITY;
}

static ApiErrorKind kind_of(long status, const char *code, const char *detail) {
        if (status >= 500 || status == 408 || status == 429)
                return API_ERROR_RETRY;

        switch (status) {
        case 401:
        case 403:
                return API_ERROR_AUTH;
        case 404:
                return API_ERROR_MISSING;
        case 409:
                return conflict_kind(code, detail);
        case 400:
                return strstr(detail, "No such ") ? API_ERROR_MISSING : API_ERROR_BUG;
        default:
                return API_ERROR_BUG;
        }
}

ApiError *api_error_from_answer(const char *what, long status, const char *body) {
        g_autoptr(JsonNode) root = json_from_string(body, NULL);
        JsonObject *words = find_words(root);
        g_autofree char *line = NULL;
        const char *detail;

        detail = json_text_of(words, "detail") ?: json_text_of(words, "message") ?: "";
        line = make_line(detail);

        return api_error_new(kind_of(status, json_text_of(words, "code") ?: "", detail), status,
                             *line ? "%s: %s (HTTP %ld)" : "%s: %sHTTP %ld", what, line, status);
}
