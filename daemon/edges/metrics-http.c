/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metrics-http.h"

#include <string.h>

#include "daemon/core/openmetrics.h"

#define LINE_END "\r\n"
#define HEAD_END "\r\n\r\n"

/* What a request says, as far as it matters. */
typedef struct Request {
        char *line; /* the first one, cut into these */
        char *method, *target, *version;
        unsigned hosts; /* fields of that name */
} Request;

typedef struct Answer {
        int status;
        const char *reason, *fields, *sentence;
} Answer;

static const Answer answers[] = {
        { 200, "OK", "Content-Type: " OPENMETRICS_CONTENT_TYPE LINE_END, "" },
        { 400, "Bad Request", "", "This is no request of HTTP/1.1 or HTTP/1.0\n" },
        { 404, "Not Found", "", "Metrics are at " METRICS_PATH ", and nothing else is here\n" },
        { 405, "Method Not Allowed", "Allow: GET, HEAD" LINE_END, "Metrics are only read\n" },
        { 431, "Request Header Fields Too Large", "", "A request has 8 KiB at most\n" },
        { 505, "HTTP Version Not Supported", "", "HTTP/1.1 and HTTP/1.0 are spoken here\n" },
};

/* Characters ------------------------------------------------------------------------ */

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text, size_t length) {
        for (size_t i = 0; i < length; i++)
                if (!g_ascii_isalnum(text[i]) && !(text[i] && strchr("!#$%&'*+-.^_`|~", text[i])))
                        return false;
        return length > 0;
}

static bool is_printable(const char *text) {
        for (; *text; text++)
                if (!g_ascii_isgraph(*text))
                        return false;
        return true;
}

/* Of the value of a field; bytes that are no ASCII may be there. */
static bool is_field_text(const char *text) {
        for (; *text; text++)
                if (g_ascii_iscntrl(*text) && *text != '\t')
                        return false;
        return true;
}

/* Lines ----------------------------------------------------------------------------- */

static bool read_first_line(Request *request, const char *line) {
        char *space;

        request->line = g_strdup(line);
        request->method = request->line;
        space = strchr(request->line, ' ');
        if (!space)
                return false;

        *space = '\0';
        request->target = space + 1;
        space = strchr(request->target, ' ');
        if (!space)
                return false;

        *space = '\0';
        request->version = space + 1;
        return is_token(request->method, strlen(request->method)) && *request->target &&
               is_printable(request->target) && is_printable(request->version);
}

/* One that begins with a space goes on with the field before: nobody may send that any more. */
static bool read_field(Request *request, const char *line) {
        const char *colon = strchr(line, ':');

        if (!colon || !is_token(line, (size_t)(colon - line)) || !is_field_text(colon))
                return false;

        if (colon - line == (ptrdiff_t)strlen("Host") && g_ascii_strncasecmp(line, "Host", 4) == 0)
                request->hosts++;
        return true;
}

/* What it means --------------------------------------------------------------------- */

static bool is_version(const char *version) {
        return strlen(version) == strlen("HTTP/1.1") && g_str_has_prefix(version, "HTTP/") &&
               g_ascii_isdigit(version[5]) && version[6] == '.' && g_ascii_isdigit(version[7]);
}

/* A proxy is sent all of the URI: "http://host/metrics". */
static bool is_metrics(const char *target) {
        const char *path = target;
        size_t length;

        if (g_ascii_strncasecmp(target, "http://", 7) == 0)
                path = strchr(target + 7, '/') ?: "";
        length = strcspn(path, "?");
        return length == strlen(METRICS_PATH) && strncmp(path, METRICS_PATH, length) == 0;
}

static int judge(const Request *request) {
        bool old;

        if (!is_version(request->version))
                return 400;
        if (request->version[5] != '1')
                return 505;

        old = request->version[7] == '0';
        if (request->hosts > 1 || (request->hosts == 0 && !old))
                return 400;
        if (!g_str_equal(request->method, "GET") && !g_str_equal(request->method, "HEAD"))
                return 405;
        return is_metrics(request->target) ? 200 : 404;
}

static int read_lines(char **lines, bool *ret_head) {
        Request request = { 0 };
        bool good;
        int status;

        good = lines[0] && read_first_line(&request, lines[0]);
        for (unsigned i = 1; good && lines[i]; i++)
                good = read_field(&request, lines[i]);

        status = good ? judge(&request) : 400;
        *ret_head = good && g_str_equal(request.method, "HEAD");
        g_free(request.line);
        return status;
}

int metrics_http_read(const char *bytes, size_t size, bool *ret_head) {
        size_t looked_at = MIN(size, METRICS_REQUEST_MAX);
        const char *end = memmem(bytes, looked_at, HEAD_END, strlen(HEAD_END));
        g_auto(GStrv) lines = NULL;
        g_autofree char *text = NULL;

        *ret_head = false;
        if (!end)
                return size < METRICS_REQUEST_MAX ? 0 : 431;
        if (memchr(bytes, '\0', (size_t)(end - bytes)))
                return 400;

        text = g_strndup(bytes, (size_t)(end - bytes));
        lines = g_strsplit(text, LINE_END, -1);
        return read_lines(lines, ret_head);
}

/* Answers --------------------------------------------------------------------------- */

static const Answer *find_answer(int status) {
        for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
                if (answers[i].status == status)
                        return &answers[i];
        g_assert_not_reached();
}

char *metrics_http_head(int status, size_t body_size) {
        const Answer *answer = find_answer(status);

        return g_strdup_printf(
                "HTTP/1.1 %d %s" LINE_END "%s%s"
                "Content-Length: %zu" LINE_END "Connection: close" HEAD_END,
                status, answer->reason, answer->fields,
                status == 200 ? "" : "Content-Type: text/plain; charset=utf-8" LINE_END, body_size);
}

const char *metrics_http_sentence(int status) {
        return find_answer(status)->sentence;
}
