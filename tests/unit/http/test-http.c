/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define OK_OPEN  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNK    "5\r\nhello\r\n"
#define LAST     "0\r\n\r\n"

/* The other end, on loopback: says the next line of its script to each request, or closes the
 * connection at NULL. */
typedef struct Fixture {
        sd_event *loop;
        Http *http;
        char *url;
        int listener;
        sd_event_source *source, *connection;
        const char *const *script;
        unsigned requests, replies, pieces;
        long status;
        bool sent, cancel;
        HttpCall *call;
        GString *body;
} Fixture;

static int on_request(sd_event_source *source, int fd, uint32_t what, void *userdata) {
        Fixture *f = userdata;
        char buffer[4096];
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);

        if (n > 0 && *f->script)
                g_assert_cmpint(send(fd, *f->script, strlen(*f->script), MSG_NOSIGNAL), >, 0);
        if (n > 0)
                f->requests++;
        if (n <= 0 || !*f->script)
                g_clear_pointer(&f->connection, sd_event_source_disable_unref);
        if (n > 0)
                f->script++;
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t what, void *userdata) {
        Fixture *f = userdata;
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        g_assert_cmpint(peer, >=, 0);
        g_clear_pointer(&f->connection, sd_event_source_disable_unref);
        g_assert_cmpint(sd_event_add_io(f->loop, &f->connection, peer, EPOLLIN, on_request, f), >=,
                        0);
        g_assert_cmpint(sd_event_source_set_io_fd_own(f->connection, 1), >=, 0);
        return 0;
}

static void set_up(Fixture *f, gconstpointer unused) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof address;
        const HttpTls none = { 0 };

        f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(f->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
        g_assert_cmpint(listen(f->listener, 8), ==, 0);
        g_assert_cmpint(getsockname(f->listener, (struct sockaddr *)&address, &length), ==, 0);
        f->url = g_strdup_printf("http://127.0.0.1:%u/", ntohs(address.sin_port));
        f->body = g_string_new(NULL);
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        g_assert_cmpint(
                sd_event_add_io(f->loop, &f->source, f->listener, EPOLLIN, on_connection, f), >=,
                0);
        g_assert_cmpint(http_new(f->loop, "test", &none, &f->http), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        http_free(f->http);
        sd_event_source_disable_unref(f->connection);
        sd_event_source_disable_unref(f->source);
        close(f->listener);
        sd_event_unref(f->loop);
        g_string_free(f->body, TRUE);
        g_free(f->url);
}

static void on_reply(void *userdata, const HttpAnswer *answer) {
        Fixture *f = userdata;

        f->replies++;
        f->status = answer->status;
        f->sent = answer->sent;
}

static void on_data(void *userdata, const char *data, size_t size) {
        Fixture *f = userdata;

        f->pieces++;
        g_string_append_len(f->body, data, (gssize)size);
        if (f->cancel)
                http_cancel(f->call);
}

static void ask(Fixture *f, const HttpRequest *request) {
        unsigned before = f->replies;

        f->call = http_send(f->http, request, on_reply, f);
        while (f->replies == before)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
}

/* The server has read it and may have done it. The first makes libcurl keep the connection. */
static void test_once(Fixture *f, gconstpointer unused) {
        static const char *const script[] = { OK_EMPTY, NULL, OK_EMPTY, NULL };
        HttpRequest request = { .method = "POST", .url = f->url, .body = "{}", .once = true };

        f->script = script;
        ask(f, &request);
        g_assert_cmpint(f->status, ==, 200);
        ask(f, &request);
        g_assert_cmpint(f->status, ==, 0);
        g_assert_true(f->sent);
        g_assert_cmpuint(f->requests, ==, 2);
}

static void test_not_sent(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->source, sd_event_source_disable_unref);
        close(f->listener);
        f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ask(f, &(HttpRequest){ .method = "POST", .url = f->url, .body = "{}", .once = true });
        g_assert_cmpint(f->status, ==, 0);
        g_assert_false(f->sent);
}

static void test_pieces(Fixture *f, gconstpointer unused) {
        static const char *const script[] = { OK_OPEN CHUNK, NULL };
        HttpRequest request = { .method = "GET", .url = f->url, .on_data = on_data };

        f->script = script;
        f->call = http_send(f->http, &request, on_reply, f);
        while (f->pieces == 0)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        g_assert_cmpstr(f->body->str, ==, "hello");
        g_assert_cmpuint(f->replies, ==, 0);
}

static void test_end(Fixture *f, gconstpointer unused) {
        static const char *const script[] = { OK_OPEN CHUNK LAST, NULL };

        f->script = script;
        ask(f, &(HttpRequest){ .method = "GET", .url = f->url, .on_data = on_data });
        g_assert_cmpstr(f->body->str, ==, "hello");
        g_assert_cmpint(f->status, ==, 200);
}

static void test_cancel(Fixture *f, gconstpointer unused) {
        static const char *const script[] = { OK_OPEN CHUNK LAST, OK_EMPTY, NULL };

        f->script = script;
        f->cancel = true;
        f->call = http_send(f->http,
                            &(HttpRequest){ .method = "GET", .url = f->url, .on_data = on_data },
                            on_reply, f);
        while (f->pieces == 0)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        ask(f, &(HttpRequest){ .method = "GET", .url = f->url });
        g_assert_cmpuint(f->replies, ==, 1);
        g_assert_cmpint(f->status, ==, 200);
}

#define TEST(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("/http/what is to be sent once is not sent again when the connection breaks",
             test_once);
        TEST("/http/what nobody has seen was not sent", test_not_sent);
        TEST("/http/a piece comes while there is no end", test_pieces);
        TEST("/http/the end comes after the last piece", test_end);
        TEST("/http/a piece may cancel, and no reply comes", test_cancel);
        return g_test_run();
}
