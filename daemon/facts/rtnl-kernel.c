/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/rtnl-kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "daemon/facts/fd.h"

struct RtnlKernel {
        int fd;
        uint32_t sequence; /* of the last request */
};

/* Answers are taken from the kernel alone, and only those to the last request: what a request that
 * timed out gets afterwards is thrown away. */
typedef struct Listening {
        RtnlKernel *kernel;
        GPtrArray *answers;
        size_t bytes;
        bool disturbed, done;
} Listening;

int rtnl_kernel_open(RtnlKernel **ret_kernel) {
        g_auto(Fd) fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        const struct timeval timeout = { .tv_sec = RTNL_TIMEOUT_SEC };
        struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        const int yes = 1;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
            bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;

        /* Lets the kernel (since 4.20) dump what belongs to one netdev and not to all. */
        (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &yes, sizeof(yes));

        *ret_kernel = g_new0(RtnlKernel, 1);
        (*ret_kernel)->fd = fd;
        fd = -1;
        return 0;
}

void rtnl_kernel_close(RtnlKernel *kernel) {
        if (!kernel)
                return;

        fd_close(kernel->fd);
        g_free(kernel);
}

static int send_request(RtnlKernel *kernel, struct nlmsghdr *request) {
        struct sockaddr_nl address = { .nl_family = AF_NETLINK };

        request->nlmsg_seq = ++kernel->sequence;
        request->nlmsg_pid = 0;
        if (sendto(kernel->fd, request, request->nlmsg_len, 0, (struct sockaddr *)&address,
                   sizeof(address)) < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        return 0;
}

/* One datagram, however long; 0 for one that is not the kernel's. */
static ssize_t receive(const RtnlKernel *kernel, GByteArray *buffer) {
        struct sockaddr_nl address;
        socklen_t size = sizeof(address);
        ssize_t n;

        n = recv(kernel->fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
        if (n < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (n > RTNL_ANSWERS_MAX)
                return -EFBIG;

        g_byte_array_set_size(buffer, (guint)MAX(n, 1));
        n = recvfrom(kernel->fd, buffer->data, buffer->len, 0, (struct sockaddr *)&address, &size);
        if (n < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;

        return size == sizeof(address) && address.nl_pid == 0 ? n : 0;
}

static int end_code(const struct nlmsghdr *message) {
        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(int)))
                return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;

        return MIN(*(const int *)NLMSG_DATA(message), 0);
}

static int take_message(Listening *listening, const struct nlmsghdr *message) {
        if (message->nlmsg_seq != listening->kernel->sequence)
                return 0;

        listening->disturbed |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
                listening->done = true;
                return end_code(message);
        }

        listening->bytes += message->nlmsg_len;
        if (listening->bytes > RTNL_ANSWERS_MAX)
                return -EFBIG;
        if (message->nlmsg_type >= NLMSG_MIN_TYPE)
                g_ptr_array_add(listening->answers, g_memdup2(message, message->nlmsg_len));
        return 0;
}

static int take_datagram(Listening *listening, const GByteArray *buffer, ssize_t size) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)buffer->data;
        int left = (int)size;

        for (; NLMSG_OK(message, (unsigned)left) && !listening->done;
             message = NLMSG_NEXT(message, left)) {
                int r = take_message(listening, message);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* A request has NLM_F_ACK, so something always ends the answers: the acknowledgement, the end of
 * the dump, or an error. */
static int talk(void *userdata, struct nlmsghdr *request, GPtrArray *answers) {
        Listening listening = { .kernel = userdata, .answers = answers };
        g_autoptr(GByteArray) buffer = g_byte_array_new();
        int r;

        r = send_request(userdata, request);
        while (r >= 0 && !listening.done) {
                ssize_t n = receive(userdata, buffer);

                r = n < 0 ? (int)n : take_datagram(&listening, buffer, n);
        }
        return r < 0 ? r : listening.disturbed ? -EAGAIN : 0;
}

static int find_index(void *userdata, const char *name) {
        unsigned index = if_nametoindex(name);

        return index == 0 ? -errno : (int)index;
}

static int find_name(void *userdata, int index, char ret_name[IFNAMSIZ]) {
        return if_indextoname((unsigned)index, ret_name) ? 0 : -ENODEV;
}

const RtnlOps rtnl_kernel_ops = { .talk = talk, .index = find_index, .name = find_name };
