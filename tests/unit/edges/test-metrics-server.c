/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metrics-server.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/edges/metrics-http.h"
#include "daemon/facts/fd.h"
#include "tests/lib/temp-folder.h"

#define REQUEST "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
#define TURNS   100000u

/* Nothing waits for time but where a test says so: the loop is turned until nothing is ready. */
typedef struct Fixture {
        sd_event *loop;
        MetricsServer *server;
        GBytes *page;
        unsigned asked; /* for the page */
} Fixture;

static GBytes *get_page(void *userdata) {
        Fixture *f = userdata;

        f->asked++;
        return g_bytes_ref(f->page);
}

static void begin(Fixture *f, const MetricsPatience *patience) {
        g_clear_pointer(&f->server, metrics_server_free);
        f->server = metrics_server_new(f->loop, patience, get_page, f);
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        f->page = g_bytes_new_static("a 1\n", 4);
        begin(f, &metrics_patience);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->server, metrics_server_free);
        g_bytes_unref(f->page);
        sd_event_unref(f->loop);
}

static void serve(const Fixture *f) {
        unsigned turns = 0;

        while (sd_event_run(f->loop, 0) > 0)
                g_assert_cmpuint(++turns, <, TURNS);
}

/* The client's end. */
static int connect_as(const Fixture *f, const char *peer) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        metrics_server_take(f->server, fds[0], peer);
        return fds[1];
}

static void say(int fd, const char *text, size_t size) {
        g_assert_cmpint(send(fd, text, size, MSG_NOSIGNAL), ==, (ssize_t)size);
}

/* What has come; `ret_end`: and it was hung up on. */
static void hear(const Fixture *f, int fd, GString *text, bool *ret_end) {
        char buffer[4096];
        ssize_t n;

        serve(f);
        while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
                g_string_append_len(text, buffer, n);
                serve(f);
        }
        g_assert_true(n == 0 || errno == EAGAIN); /* and nothing was lost */
        *ret_end = n == 0;
}

static void assert_answer(const Fixture *f, int fd, const char *status, const char *body) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *length = g_strdup_printf("Content-Length: %zu\r\n", strlen(body));
        const char *begin_of_body;
        bool end;

        hear(f, fd, text, &end);
        g_assert_true(end);
        g_assert_true(g_str_has_prefix(text->str, status));
        g_assert_nonnull(strstr(text->str, length));
        begin_of_body = strstr(text->str, "\r\n\r\n");
        g_assert_nonnull(begin_of_body);
        g_assert_cmpstr(begin_of_body + 4, ==, body);
        fd_close(fd);
        serve(f);
}

static bool is_open(const Fixture *f, int fd) {
        g_autoptr(GString) text = g_string_new(NULL);
        bool end;

        hear(f, fd, text, &end);
        return !end;
}

/* Answers ----------------------------------------------------------------------------- */

static void test_who_asks_gets_the_page(Fixture *f, gconstpointer unused) {
        int fd = connect_as(f, "a");

        say(fd, REQUEST, strlen(REQUEST));
        assert_answer(f, fd, "HTTP/1.1 200 OK\r\n", "a 1\n");
        g_assert_cmpuint(f->asked, ==, 1);
        g_assert_cmpuint(metrics_server_count(f->server), ==, 0);
}

static void test_a_request_may_come_in_bytes(Fixture *f, gconstpointer unused) {
        int fd = connect_as(f, "a");

        for (size_t i = 0; i < strlen(REQUEST); i++) {
                g_assert_true(is_open(f, fd));
                say(fd, REQUEST + i, 1);
        }
        assert_answer(f, fd, "HTTP/1.1 200 OK\r\n", "a 1\n");
}

static void test_who_has_said_all_may_still_listen(Fixture *f, gconstpointer unused) {
        int fd = connect_as(f, "a");

        say(fd, REQUEST, strlen(REQUEST));
        g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
        assert_answer(f, fd, "HTTP/1.1 200 OK\r\n", "a 1\n");
        g_assert_cmpuint(metrics_server_count(f->server), ==, 0);
}

static void test_a_refusal_is_one_sentence(Fixture *f, gconstpointer unused) {
        int fd = connect_as(f, "a");

        say(fd, "GET / HTTP/1.0\r\n\r\n", 18);
        assert_answer(f, fd, "HTTP/1.1 404 Not Found\r\n", metrics_http_sentence(404));
        g_assert_cmpuint(f->asked, ==, 0);
}

/* The answer is not lost although there is more to be read. */
static void test_who_says_too_much_is_told_so(Fixture *f, gconstpointer unused) {
        g_autofree char *much = g_strnfill(METRICS_REQUEST_MAX * 4, 'x');
        int fd = connect_as(f, "a");

        say(fd, much, METRICS_REQUEST_MAX * 4);
        assert_answer(f, fd, "HTTP/1.1 431 Request Header Fields Too Large\r\n",
                      metrics_http_sentence(431));
        g_assert_cmpuint(metrics_server_count(f->server), ==, 0);
}

static void test_head_has_the_length_and_no_body(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) text = g_string_new(NULL);
        int fd = connect_as(f, "a");
        bool end;

        say(fd, "HEAD /metrics HTTP/1.0\r\n\r\n", 26);
        hear(f, fd, text, &end);
        g_assert_nonnull(strstr(text->str, "Content-Length: 4\r\n"));
        g_assert_true(g_str_has_suffix(text->str, "\r\n\r\n"));
        fd_close(fd);
}

/* More than the kernel keeps of a connection. */
static void test_a_big_page_arrives_as_it_was_asked_for(Fixture *f, gconstpointer unused) {
        g_autofree char *big = g_strnfill(3000000, 'y');
        int fd = connect_as(f, "a");

        g_bytes_unref(f->page);
        f->page = g_bytes_new(big, strlen(big));
        say(fd, REQUEST, strlen(REQUEST));
        serve(f);
        g_bytes_unref(f->page); /* meanwhile there is another one */
        f->page = g_bytes_new_static("a 2\n", 4);
        assert_answer(f, fd, "HTTP/1.1 200 OK\r\n", big);
}

/* Others ------------------------------------------------------------------------------ */

static void test_a_client_that_does_not_read_holds_nobody_up(Fixture *f, gconstpointer unused) {
        g_autofree char *big = g_strnfill(3000000, 'y');
        int slow = connect_as(f, "slow"), other;

        g_bytes_unref(f->page);
        f->page = g_bytes_new(big, strlen(big));
        say(slow, REQUEST, strlen(REQUEST));
        serve(f);
        other = connect_as(f, "other");
        say(other, REQUEST, strlen(REQUEST));
        assert_answer(f, other, "HTTP/1.1 200 OK\r\n", big);
        g_assert_cmpuint(metrics_server_count(f->server), ==, 1);
        fd_close(slow);
        serve(f);
        g_assert_cmpuint(metrics_server_count(f->server), ==, 0);
}

static void test_a_client_may_leave_at_any_byte(Fixture *f, gconstpointer unused) {
        for (size_t size = 0; size <= strlen(REQUEST); size++) {
                int fd = connect_as(f, "a");

                say(fd, REQUEST, size);
                fd_close(fd);
                serve(f);
                g_assert_cmpuint(metrics_server_count(f->server), ==, 0);
        }
}

static void test_who_has_most_connections_gives_way(Fixture *f, gconstpointer unused) {
        int many[METRICS_CLIENTS_MAX + 1], one = connect_as(f, "one"), other;

        for (unsigned i = 0; i < G_N_ELEMENTS(many); i++)
                many[i] = connect_as(f, "many");
        g_assert_cmpuint(metrics_server_count(f->server), ==, METRICS_CLIENTS_MAX);
        g_assert_false(is_open(f, many[0])); /* its own, and the oldest of them */
        g_assert_false(is_open(f, many[1]));
        g_assert_true(is_open(f, many[2]));
        other = connect_as(f, "other");
        g_assert_false(is_open(f, many[2]));
        g_assert_true(is_open(f, many[3]));

        say(one, REQUEST, strlen(REQUEST));
        assert_answer(f, one, "HTTP/1.1 200 OK\r\n", "a 1\n");
        say(other, REQUEST, strlen(REQUEST));
        assert_answer(f, other, "HTTP/1.1 200 OK\r\n", "a 1\n");
        for (unsigned i = 0; i < G_N_ELEMENTS(many); i++)
                fd_close(many[i]);
}

static void test_nobody_gives_way_to_who_comes_last(Fixture *f, gconstpointer unused) {
        int clients[METRICS_CLIENTS_MAX], last;

        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++) {
                g_autofree char *peer = g_strdup_printf("%u", i);

                clients[i] = connect_as(f, peer);
        }
        last = connect_as(f, "last");
        g_assert_false(is_open(f, last));
        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++) {
                g_assert_true(is_open(f, clients[i]));
                fd_close(clients[i]);
        }
        fd_close(last);
}

/* Time -------------------------------------------------------------------------------- */

#define NEVER (G_MAXINT32 * (uint64_t)G_USEC_PER_SEC)

/* Turns the loop until the client is hung up on, however long that takes. */
static void wait_for_end(const Fixture *f) {
        while (metrics_server_count(f->server) > 0)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
}

static void test_a_request_that_does_not_come_is_not_waited_for(Fixture *f, gconstpointer unused) {
        int fd;

        begin(f, &(MetricsPatience){ .request = 1, .answer = NEVER, .linger = NEVER });
        fd = connect_as(f, "a");
        say(fd, REQUEST, 5);
        wait_for_end(f);
        g_assert_cmpuint(f->asked, ==, 0);
        fd_close(fd);
}

static void test_an_answer_that_is_not_taken_is_dropped(Fixture *f, gconstpointer unused) {
        g_autofree char *big = g_strnfill(3000000, 'y');
        int fd;

        begin(f, &(MetricsPatience){ .request = NEVER, .answer = 1, .linger = NEVER });
        g_bytes_unref(f->page);
        f->page = g_bytes_new(big, strlen(big));
        fd = connect_as(f, "a");
        say(fd, REQUEST, strlen(REQUEST));
        wait_for_end(f);
        fd_close(fd);
}

static void test_who_does_not_hang_up_is_hung_up_on(Fixture *f, gconstpointer unused) {
        int fd;

        begin(f, &(MetricsPatience){ .request = NEVER, .answer = NEVER, .linger = 1 });
        fd = connect_as(f, "a");
        say(fd, REQUEST, strlen(REQUEST));
        wait_for_end(f);
        g_assert_cmpuint(f->asked, ==, 1);
        fd_close(fd);
}

/* Sockets ----------------------------------------------------------------------------- */

static void test_a_socket_that_listens_is_served(Fixture *f, gconstpointer unused) {
        char *folder = temp_folder_new();
        g_autofree char *path = g_build_filename(folder, "metrics.sock", NULL);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)), <,
                         sizeof(address.sun_path));
        g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(listener, 10), ==, 0);
        g_assert_cmpint(metrics_server_listen(f->server, listener), >=, 0);
        g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof(address)), ==, 0);
        say(client, REQUEST, strlen(REQUEST));
        assert_answer(f, client, "HTTP/1.1 200 OK\r\n", "a 1\n");
        g_clear_pointer(&f->server, metrics_server_free);
        temp_folder_remove(folder);
}

static void test_what_does_not_listen_is_refused(Fixture *f, gconstpointer unused) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(metrics_server_listen(f->server, fds[0]), ==, -EINVAL);
        g_assert_cmpint(send(fds[1], "x", 1, MSG_NOSIGNAL), <, 0); /* it was closed */
        fd_close(fds[1]);
}

#define ADD(name, function) \
        g_test_add("/metrics-server/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("who asks gets the page", test_who_asks_gets_the_page);
        ADD("a request may come in bytes", test_a_request_may_come_in_bytes);
        ADD("who has said all may still listen", test_who_has_said_all_may_still_listen);
        ADD("a refusal is one sentence", test_a_refusal_is_one_sentence);
        ADD("who says too much is told so", test_who_says_too_much_is_told_so);
        ADD("head has the length and no body", test_head_has_the_length_and_no_body);
        ADD("a big page arrives as it was asked for", test_a_big_page_arrives_as_it_was_asked_for);
        ADD("a client that does not read holds nobody up",
            test_a_client_that_does_not_read_holds_nobody_up);
        ADD("a client may leave at any byte", test_a_client_may_leave_at_any_byte);
        ADD("who has most connections gives way", test_who_has_most_connections_gives_way);
        ADD("nobody gives way to who comes last", test_nobody_gives_way_to_who_comes_last);
        ADD("a request that does not come is not waited for",
            test_a_request_that_does_not_come_is_not_waited_for);
        ADD("an answer that is not taken is dropped", test_an_answer_that_is_not_taken_is_dropped);
        ADD("who does not hang up is hung up on", test_who_does_not_hang_up_is_hung_up_on);
        ADD("a socket that listens is served", test_a_socket_that_listens_is_served);
        ADD("what does not listen is refused", test_what_does_not_listen_is_refused);
        return g_test_run();
}
