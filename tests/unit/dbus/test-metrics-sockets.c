/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket is handed to the real daemon as systemd does it, and metrics come out of it. What is in
 * them is test-metrics.c's. */

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/facts/fd.h"
#include "tests/lib/openmetrics-check.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define REQUEST "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* As sd_listen_fds(3) has it: the descriptor $1, under the name $2. */
#define HAND_OVER                                          \
        "exec 3<&$1; [[ $1 = 3 ]] || eval \"exec $1<&-\";" \
        "export LISTEN_FDS=1 LISTEN_FDNAMES=$2 LISTEN_PID=$$; shift 2; exec \"$@\""

typedef struct Listener {
        char *folder;
        struct sockaddr_un address;
        int fd;
} Listener;

static void listen_in(Listener *listener) {
        struct sockaddr_un *address = &listener->address;
        g_autofree char *path = NULL;

        listener->folder = temp_folder_new();
        path = g_build_filename(listener->folder, "metrics.sock", NULL);
        address->sun_family = AF_UNIX;
        g_assert_cmpuint(g_strlcpy(address->sun_path, path, sizeof(address->sun_path)), <,
                         sizeof(address->sun_path));
        listener->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        g_assert_cmpint(bind(listener->fd, (struct sockaddr *)address, sizeof(*address)), ==, 0);
        g_assert_cmpint(listen(listener->fd, 10), ==, 0);
}

/* All of the answer. The daemon is another process, so this may wait for it. */
static char *ask(const Listener *listener) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        GString *answer = g_string_new(NULL);
        char buffer[4096];
        ssize_t n;

        g_assert_cmpint(
                connect(fd, (const struct sockaddr *)&listener->address, sizeof(listener->address)),
                ==, 0);
        g_assert_cmpint(send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL), ==, strlen(REQUEST));
        while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
                g_string_append_len(answer, buffer, n);
        fd_close(fd);
        return g_string_free(answer, false);
}

static void start(DaemonFixture *f, Listener *listener, const char *name) {
        g_autofree char *number = NULL;

        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0); /* which has none */
        listen_in(listener);
        number = g_strdup_printf("%d", listener->fd);
        f->by = (const char *const[]){ "/bin/bash", "-c", HAND_OVER, "bash", number, name, NULL };
        daemon_fixture_start(f);
        f->by = NULL;
        fd_close(listener->fd); /* the daemon has it */
}

static void test_the_daemon_answers_on_a_socket_of_systemds(DaemonFixture *f,
                                                            gconstpointer unused) {
        g_autofree char *answer = NULL, *again = NULL, *trouble = NULL, *running = NULL;
        g_autoptr(GBytes) page = NULL;
        Listener listener;
        char *body;

        start(f, &listener, "metrics");
        answer = ask(&listener);
        g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 200 OK\r\n"));
        body = strstr(answer, "\r\n\r\n") + 4;
        page = g_bytes_new(body, strlen(body));
        trouble = openmetrics_check(page);
        g_assert_cmpstr(trouble, ==, NULL);
        running = openmetrics_find(page, "virtferry_leases{state=\"running\"}");
        g_assert_cmpstr(running, ==, "0");

        again = ask(&listener);
        g_assert_true(g_str_has_prefix(again, "HTTP/1.1 200 OK\r\n"));
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        temp_folder_remove(listener.folder);
}

static void test_a_socket_of_another_name_is_closed(DaemonFixture *f, gconstpointer unused) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        Listener listener;

        start(f, &listener, "else");
        g_assert_cmpint(connect(fd, (struct sockaddr *)&listener.address, sizeof(listener.address)),
                        <, 0);
        fd_close(fd);
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        temp_folder_remove(listener.folder);
}

#define ADD(name, function)                                                                        \
        g_test_add("/metrics-sockets/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("the daemon answers on a socket of systemd's",
            test_the_daemon_answers_on_a_socket_of_systemds);
        ADD("a socket of another name is closed", test_a_socket_of_another_name_is_closed);
        return g_test_run();
}
