/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/link.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define RESERVED_FIRST 512
#define RESERVED_LAST  1023
#define GREETING       "\0AUTH ANONYMOUS 30\r\nBEGIN\r\n"
#define LINE_MAX_BYTES 256

/* Addresses ---------------------------------------------------------------------------- */

static bool read_uint32(const char **text, char end, uint32_t *ret_value) {
        unsigned long long value;
        char *after;

        if (**text < '0' || **text > '9')
                return false;

        errno = 0;
        value = strtoull(*text, &after, 10);
        if (errno != 0 || value > UINT32_MAX || *after != end)
                return false;

        *text = after + 1;
        *ret_value = (uint32_t)value;
        return true;
}

static bool read_vsock(const char *address, struct sockaddr_vm *ret_peer) {
        struct sockaddr_vm peer = { .svm_family = AF_VSOCK };
        uint32_t cid, port;

        if (strncmp(address, "vsock:", 6) != 0)
                return false;

        address += 6;
        if (!read_uint32(&address, ':', &cid) || !read_uint32(&address, '\0', &port))
                return false;

        peer.svm_cid = cid;
        peer.svm_port = port;
        *ret_peer = peer;
        return true;
}

static bool read_unix(const char *address, struct sockaddr_un *ret_peer) {
        struct sockaddr_un peer = { .sun_family = AF_UNIX };
        size_t length = strlen(address);

        if (strncmp(address, "unix:", 5) != 0 || length == 5 || length - 5 >= sizeof(peer.sun_path))
                return false;

        memcpy(peer.sun_path, address + 5, length - 5);
        *ret_peer = peer;
        return true;
}

bool link_address_is_valid(const char *address) {
        struct sockaddr_vm vsock;
        struct sockaddr_un path;

        return read_vsock(address, &vsock) || read_unix(address, &path);
}

/* Connecting --------------------------------------------------------------------------- */

/* By a reserved port the host knows root of this guest. Without the privilege any will do, to look
 * at what there is. */
static void bind_reserved(int fd) {
        struct sockaddr_vm here = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };

        for (unsigned port = RESERVED_LAST; port >= RESERVED_FIRST; port--) {
                here.svm_port = port;
                if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) == 0 || errno == EACCES)
                        return;
        }
}

static void set_timeout(int fd, int msec) {
        const struct timeval limit = { .tv_sec = msec / 1000, .tv_usec = msec % 1000 * 1000 };

        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static int why_not(void) {
        return errno == EPIPE ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int connect_to(const char *address, int timeout_msec) {
        struct sockaddr_vm vsock = { 0 };
        struct sockaddr_un path = { 0 };
        bool is_vsock = read_vsock(address, &vsock);
        int fd, r;

        if (!is_vsock && !read_unix(address, &path))
                return -EINVAL;

        fd = socket(is_vsock ? AF_VSOCK : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        set_timeout(fd, timeout_msec);
        if (is_vsock)
                bind_reserved(fd);
        r = is_vsock ? connect(fd, (const struct sockaddr *)&vsock, sizeof(vsock))
                     : connect(fd, (const struct sockaddr *)&path, sizeof(path));
        if (r < 0) {
                r = why_not();
                (void)close(fd);
                return r;
        }
        return fd;
}

static int send_all(int fd, const void *bytes, size_t size) {
        for (size_t sent = 0; sent < size;) {
                ssize_t n = send(fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);

                if (n < 0 && errno != EINTR)
                        return why_not();
                sent += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

static int receive_all(int fd, void *bytes, size_t size) {
        for (size_t received = 0; received < size;) {
                ssize_t n = recv(fd, (char *)bytes + received, size - received, 0);

                if (n == 0)
                        return -ECONNRESET;
                if (n < 0 && errno != EINTR)
                        return why_not();
                received += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

/* "OK ", and what the other end is called. */
static int read_greeting(int fd) {
        char line[LINE_MAX_BYTES];

        for (size_t size = 0; size < sizeof(line); size++) {
                int r = receive_all(fd, &line[size], 1);

                if (r < 0)
                        return r;
                if (line[size] == '\n')
                        return size > 3 && memcmp(line, "OK ", 3) == 0 ? 0 : -EPROTO;
        }
        return -EPROTO;
}

int link_open(Link *link, const char *address, int timeout_msec) {
        int r;

        link->serial = 0;
        link->fd = connect_to(address, timeout_msec);
        if (link->fd < 0)
                return link->fd;

        r = send_all(link->fd, GREETING, sizeof(GREETING) - 1);
        if (r >= 0)
                r = read_greeting(link->fd);
        if (r < 0) {
                link_close(link);
                return r;
        }

        set_timeout(link->fd, LINK_TIMEOUT_MSEC);
        return 0;
}

void link_close(Link *link) {
        if (link->fd >= 0)
                (void)close(link->fd);
        link->fd = -1;
}

/* Messages ----------------------------------------------------------------------------- */

int64_t link_send(Link *link, Call *call) {
        int r;

        if (!call_end(call, ++link->serial))
                return -E2BIG;

        r = send_all(link->fd, call->bytes, call->size);
        return r < 0 ? r : (int64_t)link->serial;
}

int link_receive(Link *link, Message *ret_message, int timeout_msec) {
        struct pollfd poller = { .fd = link->fd, .events = POLLIN };
        size_t size;
        int r;

        r = poll(&poller, 1, timeout_msec);
        if (r <= 0)
                return r < 0 ? -errno : 0;

        r = receive_all(link->fd, link->in, HEADER_SIZE);
        if (r < 0)
                return r;

        size = message_size(link->in);
        if (size < HEADER_SIZE)
                return -EPROTO;

        r = receive_all(link->fd, link->in + HEADER_SIZE, size - HEADER_SIZE);
        if (r < 0)
                return r;
        return message_open(ret_message, link->in, size) ? 1 : -EPROTO;
}
