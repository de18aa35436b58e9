/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "daemon/facts/fd.h"
#include "daemon/facts/rtnl-message.h"
#include "daemon/facts/rtnl-watch.h"

typedef struct Fixture {
        int kernel, watch; /* two ends */
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==,
                        0);
        f->kernel = fds[0];
        f->watch = fds[1];
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fd_close(f->kernel);
        fd_close(f->watch);
}

static void tell(Fixture *f, int type, const void *header, size_t size) {
        g_autoptr(RtnlMessage) message = rtnl_message_new(type, 0, header, size);
        size_t length = nlmsg_hdr(message)->nlmsg_len;

        g_assert_cmpint(send(f->kernel, nlmsg_hdr(message), length, 0), ==, length);
}

static void tell_neighbour(Fixture *f, uint8_t family, uint16_t state, uint8_t flags) {
        struct ndmsg header = { .ndm_family = family, .ndm_state = state, .ndm_flags = flags };

        tell(f, RTM_NEWNEIGH, &header, sizeof(header));
}

static void test_links_and_filters_are_meant(Fixture *f, gconstpointer unused) {
        static const int types[] = { RTM_NEWLINK, RTM_DELLINK, RTM_NEWTFILTER, RTM_DELQDISC };
        struct ifinfomsg link = { 0 };

        g_assert_false(rtnl_watch_read(f->watch));
        for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
                tell(f, types[i], &link, sizeof(link));
                g_assert_true(rtnl_watch_read(f->watch));
                g_assert_false(rtnl_watch_read(f->watch));
        }
        tell(f, RTM_NEWADDR, &link, sizeof(link));
        g_assert_false(rtnl_watch_read(f->watch));
}

/* Bridges learn all day long. */
static void test_what_is_learned_is_not_meant(Fixture *f, gconstpointer unused) {
        tell_neighbour(f, AF_BRIDGE, NUD_REACHABLE, 0);
        tell_neighbour(f, AF_BRIDGE, NUD_STALE, 0);
        tell_neighbour(f, AF_INET, NUD_PERMANENT, 0);
        tell(f, RTM_NEWNEIGH, NULL, 0);
        g_assert_false(rtnl_watch_read(f->watch));

        tell_neighbour(f, AF_BRIDGE, NUD_REACHABLE, 0);
        tell_neighbour(f, AF_BRIDGE, NUD_NOARP, 0);
        g_assert_true(rtnl_watch_read(f->watch));
        tell_neighbour(f, AF_BRIDGE, NUD_REACHABLE, NTF_EXT_LEARNED);
        g_assert_true(rtnl_watch_read(f->watch));
}

static void test_what_is_too_long_to_read_is_meant(Fixture *f, gconstpointer unused) {
        g_autofree char *long_message = g_malloc0(40000);

        g_assert_cmpint(send(f->kernel, long_message, 40000, 0), ==, 40000);
        g_assert_true(rtnl_watch_read(f->watch));
}

/* No privilege is needed to listen. */
static void test_the_kernel_can_be_listened_to(void) {
        g_auto(Fd) fd = rtnl_watch_open();

        g_assert_cmpint(fd, >=, 0);
}

#define ADD(name, function) \
        g_test_add("/rtnl-watch/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("links-and-filters-are-meant", test_links_and_filters_are_meant);
        ADD("what-is-learned-is-not-meant", test_what_is_learned_is_not_meant);
        ADD("what-is-too-long-to-read-is-meant", test_what_is_too_long_to_read_is_meant);
        g_test_add_func("/rtnl-watch/the-kernel-can-be-listened-to",
                        test_the_kernel_can_be_listened_to);

        return g_test_run();
}
