/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metrics-http.h"

#include <string.h>

#define HOST "Host: a\r\n"
#define END  "\r\n"

static void assert_status(const char *request, int expected) {
        bool head;
        int status = metrics_http_read(request, strlen(request), &head);

        if (status != expected)
                g_test_message("%s", request);
        g_assert_cmpint(status, ==, expected);
        g_assert_false(head);
}

static void test_a_request_for_metrics_is_answered(void) {
        assert_status("GET /metrics HTTP/1.1\r\n" HOST END, 200);
        assert_status("GET /metrics HTTP/1.0\r\n" END, 200);
        assert_status("GET /metrics HTTP/1.0\r\n" HOST END, 200);
        assert_status("GET /metrics HTTP/1.2\r\n" HOST END, 200);
        assert_status("GET /metrics?a=b HTTP/1.1\r\n" HOST END, 200);
        assert_status("GET http://a:9100/metrics HTTP/1.1\r\n" HOST END, 200);
        assert_status("GET /metrics HTTP/1.1\r\nhost:a\r\nX:\r\nAccept: a/b;q=1, */*\r\n" END, 200);
        assert_status("GET /metrics HTTP/1.1\r\nX: \xc3\xa4\t!\r\n" HOST END "more", 200);
}

static void test_head_wants_no_body(void) {
        static const char request[] = "HEAD /metrics HTTP/1.1\r\n" HOST END;
        bool head;

        g_assert_cmpint(metrics_http_read(request, strlen(request), &head), ==, 200);
        g_assert_true(head);
}

static void test_nothing_else_is_here(void) {
        assert_status("GET / HTTP/1.1\r\n" HOST END, 404);
        assert_status("GET /metrics/ HTTP/1.1\r\n" HOST END, 404);
        assert_status("GET /metricsx HTTP/1.1\r\n" HOST END, 404);
        assert_status("GET /metric HTTP/1.1\r\n" HOST END, 404);
        assert_status("GET http://a HTTP/1.1\r\n" HOST END, 404);
        assert_status("GET ?/metrics HTTP/1.1\r\n" HOST END, 404);
}

static void test_metrics_are_only_read(void) {
        assert_status("POST /metrics HTTP/1.1\r\n" HOST END, 405);
        assert_status("get /metrics HTTP/1.1\r\n" HOST END, 405);
        assert_status("DELETE / HTTP/1.1\r\n" HOST END, 405);
}

static void test_what_is_no_request_is_refused(void) {
        static const char *const wrong[] = {
                "\r\n\r\n",
                "GET\r\n\r\n",
                "GET /metrics\r\n\r\n",
                "GET  /metrics HTTP/1.1\r\n" HOST END,
                "GET /metrics  HTTP/1.1\r\n" HOST END,
                "GET /metrics HTTP/1.1 \r\n" HOST END,
                " GET /metrics HTTP/1.1\r\n" HOST END,
                "GE(T /metrics HTTP/1.1\r\n" HOST END,
                "GET /met\trics HTTP/1.1\r\n" HOST END,
                "GET /metrics HTTP/1.10\r\n" HOST END,
                "GET /metrics http/1.1\r\n" HOST END,
                "GET /metrics HTTP/x.1\r\n" HOST END,
                "GET /metrics HTTP/1.1\r\n\r\n",
                "GET /metrics HTTP/1.1\r\n" HOST HOST END,
                "GET /metrics HTTP/1.0\r\n" HOST HOST END,
                "GET /metrics HTTP/1.1\r\n" HOST "X\r\n" END,
                "GET /metrics HTTP/1.1\r\n" HOST "X : y\r\n" END,
                "GET /metrics HTTP/1.1\r\n" HOST ": y\r\n" END,
                "GET /metrics HTTP/1.1\r\n" HOST " X: y\r\n" END,
                "GET /metrics HTTP/1.1\r\n" HOST "X: a\nb: c\r\n" END,
                "GET /metrics HTTP/1.1\r\n" HOST "X: a\rb\r\n" END,
                "GET /metrics HTTP/1.1\r\n" HOST "X: \x7f\r\n" END,
        };

        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
                assert_status(wrong[i], 400);
}

static void test_a_byte_of_0_is_refused(void) {
        static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\0b\r\n\r\n";
        bool head;

        g_assert_cmpint(metrics_http_read(request, sizeof(request) - 1, &head), ==, 400);
}

static void test_other_versions_are_not_spoken(void) {
        assert_status("GET /metrics HTTP/2.0\r\n" HOST END, 505);
        assert_status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
        assert_status("GET /metrics HTTP/0.9\r\n" HOST END, 505);
}

static void test_a_request_is_read_when_it_is_whole(void) {
        static const char request[] = "GET /metrics HTTP/1.1\r\n" HOST END;
        bool head;

        for (size_t size = 0; size < strlen(request); size++)
                g_assert_cmpint(metrics_http_read(request, size, &head), ==, 0);
}

/* The last byte of what may come is the last of the request, or there is one too much. */
static void test_a_request_may_be_so_long(void) {
        for (unsigned more = 0; more < 2; more++) {
                static const char begin[] = "GET /metrics HTTP/1.1\r\n" HOST "X: ";
                g_autofree char *request = g_strnfill(METRICS_REQUEST_MAX + more, 'x');
                bool head;

                memcpy(request, begin, strlen(begin));
                memcpy(request + METRICS_REQUEST_MAX + more - 4, "\r\n\r\n", 4);
                g_assert_cmpint(metrics_http_read(request, METRICS_REQUEST_MAX - 1, &head), ==, 0);
                g_assert_cmpint(metrics_http_read(request, METRICS_REQUEST_MAX + more, &head), ==,
                                more ? 431 : 200);
        }
}

static void test_an_answer_says_what_it_is(void) {
        g_autofree char *good = metrics_http_head(200, 12), *bad = metrics_http_head(405, 3);

        g_assert_cmpstr(good, ==,
                        "HTTP/1.1 200 OK\r\n"
                        "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
                        "\r\nContent-Length: 12\r\nConnection: close\r\n\r\n");
        g_assert_cmpstr(bad, ==,
                        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Length: 3\r\nConnection: close\r\n\r\n");
}

#define ADD(name, function) g_test_add_func("/metrics-http/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a request for metrics is answered", test_a_request_for_metrics_is_answered);
        ADD("head wants no body", test_head_wants_no_body);
        ADD("nothing else is here", test_nothing_else_is_here);
        ADD("metrics are only read", test_metrics_are_only_read);
        ADD("what is no request is refused", test_what_is_no_request_is_refused);
        ADD("a byte of 0 is refused", test_a_byte_of_0_is_refused);
        ADD("other versions are not spoken", test_other_versions_are_not_spoken);
        ADD("a request is read when it is whole", test_a_request_is_read_when_it_is_whole);
        ADD("a request may be so long", test_a_request_may_be_so_long);
        ADD("an answer says what it is", test_an_answer_says_what_it_is);
        return g_test_run();
}
