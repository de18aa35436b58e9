/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest should not do, for tests/hosts/test-guest-api.sh: compiled there,
 * without libraries, and run inside of a guest.
 *
 *   vsock-flood requests PORT COUNT   so many calls of Show, as fast as they go
 *   vsock-flood random PORT BYTES     a handshake, and nonsense behind it
 *   vsock-flood forge PORT CID        a connection in the name of another guest
 *   vsock-flood as UID COMMAND...     a command as another user
 *
 * Prints "flood: sent=N received=N ended=yes|no", or why there was no connection.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING   "\0AUTH ANONYMOUS 30\r\nBEGIN\r\n"
#define QUIET_MSEC 5000

/* Show() of /org/virtferry1/guest. */
static const uint8_t show[] = "l\1\0\1"
                              "\0\0\0\0"
                              "\1\0\0\0"
                              "\115\0\0\0"
                              "\1\1o\0\25\0\0\0/org/virtferry1/guest\0\0\0"
                              "\2\1s\0\24\0\0\0org.virtferry1.Guest\0\0\0\0"
                              "\3\1s\0\4\0\0\0Show\0\0\0\0";

static int fail(const char *what) {
        printf("flood: %s: %s\n", what, strerror(errno));
        return 1;
}

static int connect_as(unsigned cid, unsigned port) {
        struct sockaddr_vm here = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = 1000 };
        struct sockaddr_vm host = { .svm_family = AF_VSOCK,
                                    .svm_cid = VMADDR_CID_HOST,
                                    .svm_port = port };
        int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
            connect(fd, (struct sockaddr *)&host, sizeof(host)) < 0)
                return -1;
        return fd;
}

typedef struct Flood {
        int fd;
        int requests; /* or random bytes */
        size_t todo, sent, received;
        int ended;
} Flood;

static void take(Flood *flood) {
        char buffer[4096];
        ssize_t n = recv(flood->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n > 0)
                flood->received += (size_t)n;
        else if (n == 0 || errno != EAGAIN)
                flood->ended = 1;
}

static void give(Flood *flood) {
        uint8_t bytes[sizeof(show) - 1];
        size_t at = flood->sent % sizeof(bytes), size = sizeof(bytes) - at;
        ssize_t n;

        memcpy(bytes, show, sizeof(bytes));
        if (!flood->requests && getrandom(bytes, sizeof(bytes), 0) < 0)
                return;
        if (size > flood->todo - flood->sent)
                size = flood->todo - flood->sent;

        n = send(flood->fd, bytes + at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
                flood->sent += (size_t)n;
        else if (errno != EAGAIN)
                flood->ended = 1;
}

static void run(Flood *flood) {
        while (!flood->ended) {
                struct pollfd poller = { .fd = flood->fd, .events = POLLIN };

                if (flood->sent < flood->todo)
                        poller.events |= POLLOUT;
                if (poll(&poller, 1, QUIET_MSEC) <= 0)
                        return;
                if (poller.revents & (POLLIN | POLLHUP | POLLERR))
                        take(flood);
                if (poller.revents & POLLOUT)
                        give(flood);
        }
}

static int become(unsigned uid, char **command) {
        if (setgid(uid) == 0 && setuid(uid) == 0)
                execvp(command[0], command);
        return fail(command[0]);
}

int main(int argc, char **argv) {
        Flood flood = { 0 };
        unsigned long number;

        if (argc >= 4 && strcmp(argv[1], "as") == 0)
                return become((unsigned)strtoul(argv[2], NULL, 10), argv + 3);
        if (argc != 4)
                return 2;

        number = strtoul(argv[3], NULL, 10);
        flood.requests = strcmp(argv[1], "requests") == 0;
        flood.todo = flood.requests ? number * (sizeof(show) - 1) : number;
        if (strcmp(argv[1], "forge") == 0)
                flood.todo = 0;
        flood.fd = connect_as(flood.todo > 0 ? VMADDR_CID_ANY : (unsigned)number,
                              (unsigned)strtoul(argv[2], NULL, 10));
        if (flood.fd < 0)
                return fail("no connection");
        if (send(flood.fd, GREETING, sizeof(GREETING) - 1, MSG_NOSIGNAL) < 0)
                return fail("no handshake");

        run(&flood);
        printf("flood: sent=%zu received=%zu ended=%s\n",
               flood.requests ? flood.sent / (sizeof(show) - 1) : flood.sent, flood.received,
               flood.ended ? "yes" : "no");
        return 0;
}
