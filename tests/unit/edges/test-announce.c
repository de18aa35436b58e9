/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/announce.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/facts/announce-frame.h"
#include "daemon/facts/fd.h"
#include "daemon/facts/rtnl-message.h"

#define MAC  "52:54:00:76:00:01"
#define HERE "v0" /* two ends of a cable */
#define AWAY "v1"

/* In a network namespace of its own, with the real time: all rounds take 0.8 s. */

typedef struct Fixture {
        const char *skip; /* why nothing can be tried here */
        sd_event *loop;
        Announcer *announcer;
        const AnnounceOps *ops;
        Fd away;
} Fixture;

static void talk(Rtnl *rtnl, RtnlMessage *message) {
        g_assert_cmpint(rtnl_talk(rtnl, message, NULL), ==, 0);
}

static void lay_cable(Rtnl *rtnl) {
        struct ifinfomsg header = { 0 };
        g_autoptr(RtnlMessage) message = NULL;
        struct nlattr *info, *data, *peer;

        message = rtnl_message_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
        rtnl_put_string(message, IFLA_IFNAME, HERE);
        info = rtnl_begin(message, IFLA_LINKINFO);
        rtnl_put_string(message, IFLA_INFO_KIND, "veth");
        data = rtnl_begin(message, IFLA_INFO_DATA);
        peer = rtnl_begin(message, VETH_INFO_PEER);
        g_assert_cmpint(nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO), ==, 0);
        rtnl_put_string(message, IFLA_IFNAME, AWAY);
        nla_nest_end(message, peer);
        nla_nest_end(message, data);
        nla_nest_end(message, info);
        talk(rtnl, message);
}

static void switch_on(Rtnl *rtnl, const char *netdev) {
        struct ifinfomsg header = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
        g_autoptr(RtnlMessage) message = NULL;

        header.ifi_index = rtnl_index(rtnl, netdev);
        g_assert_cmpint(header.ifi_index, >, 0);
        message = rtnl_message_new(RTM_NEWLINK, 0, &header, sizeof(header));
        talk(rtnl, message);
}

static void listen_at(Fixture *f, Rtnl *rtnl, const char *netdev) {
        struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
        const int yes = 1;

        address.sll_ifindex = rtnl_index(rtnl, netdev);
        f->away = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
        g_assert_cmpint(f->away, >=, 0);
        g_assert_cmpint(setsockopt(f->away, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)),
                        ==, 0);
        g_assert_cmpint(setsockopt(f->away, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof(yes)), ==, 0);
        g_assert_cmpint(bind(f->away, (struct sockaddr *)&address, sizeof(address)), ==, 0);
}

/* Root, or a user who may have a namespace of his own. */
static bool enter_namespace(void) {
        static bool entered;

        if (!entered)
                entered = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
        return entered;
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(Rtnl) rtnl = NULL;

        f->away = -1;
        if (!enter_namespace()) {
                f->skip = "no network namespace can be had: run it as root";
                return;
        }

        g_assert_cmpint(rtnl_open(&rtnl), ==, 0);
        if (rtnl_index(rtnl, HERE) < 0)
                lay_cable(rtnl);
        switch_on(rtnl, HERE);
        switch_on(rtnl, AWAY);
        listen_at(f, rtnl, AWAY);

        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        f->announcer = announcer_new(f->loop);
        f->ops = announcer_get_ops(f->announcer);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        announcer_free(f->announcer);
        sd_event_unref(f->loop);
        if (f->away >= 0)
                fd_close(f->away);
}

static bool is_skipped(const Fixture *f) {
        if (f->skip)
                g_test_skip(f->skip);
        return f->skip;
}

typedef struct Heard {
        uint8_t frame[ANNOUNCE_FRAME_MAX];
        ssize_t size;
        unsigned vlan; /* the kernel takes the tag off the frame and tells it beside */
} Heard;

/* False for what is not of MAC: the kernel itself speaks IPv6 on a new cable. */
static bool hear(const Fixture *f, Heard *ret_heard) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
        } control;
        struct iovec iov = { ret_heard->frame, sizeof(ret_heard->frame) };
        struct msghdr message = { .msg_iov = &iov,
                                  .msg_iovlen = 1,
                                  .msg_control = &control,
                                  .msg_controllen = sizeof(control) };
        const struct cmsghdr *aux;

        ret_heard->size = recvmsg(f->away, &message, 0);
        if (ret_heard->size < 0)
                return false;

        aux = CMSG_FIRSTHDR(&message);
        g_assert_nonnull(aux);
        ret_heard->vlan = ((const struct tpacket_auxdata *)CMSG_DATA(aux))->tp_vlan_tci;
        return true;
}

static unsigned count(const Fixture *f, unsigned vlan) {
        uint8_t frame[ANNOUNCE_FRAME_MAX];
        unsigned n = 0;
        Heard heard;

        g_assert_cmpint(announce_frame(MAC, 0, frame), ==, ETH_ZLEN);
        while (hear(f, &heard) || errno != EAGAIN)
                if (heard.size >= ETH_ZLEN && memcmp(heard.frame, frame, ETH_ZLEN) == 0) {
                        g_assert_cmpuint(heard.vlan, ==, vlan);
                        n++;
                }
        return n;
}

/* The other end of a cable hears a frame when the kernel finds the time. */
static unsigned wait_and_count(const Fixture *f, unsigned vlan) {
        struct pollfd heard = { f->away, POLLIN, 0 };
        unsigned n;

        do {
                g_assert_cmpint(poll(&heard, 1, 30 * 1000), ==, 1);
                n = count(f, vlan);
        } while (n == 0);
        return n;
}

/* Until nothing has happened for longer than the longest pause. */
static void serve(const Fixture *f) {
        while (sd_event_run(f->loop, 500 * UINT64_C(1000)) > 0)
                ;
}

static void test_a_mac_is_announced_five_times(Fixture *f, gconstpointer unused) {
        int64_t begin = g_get_monotonic_time();

        if (is_skipped(f))
                return;

        f->ops->announce(f->ops->userdata, HERE, MAC, 0);
        g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        g_assert_cmpuint(wait_and_count(f, 0), ==, 1); /* at once */
        serve(f);
        g_assert_cmpuint(count(f, 0), ==, ANNOUNCE_ROUNDS - 1);
        g_assert_cmpint(g_get_monotonic_time() - begin, >=, (50 + 150 + 250 + 350) * 1000);
}

static void test_a_vlan_goes_out_with_its_tag(Fixture *f, gconstpointer unused) {
        if (is_skipped(f))
                return;

        f->ops->announce(f->ops->userdata, HERE, MAC, 100);
        g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        g_assert_cmpuint(wait_and_count(f, 100), ==, 1);
}

static void test_what_cannot_be_sent_is_told_once(Fixture *f, gconstpointer unused) {
        if (is_skipped(f))
                return;

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "gone0: *" MAC " is here*No such device");
        f->ops->announce(f->ops->userdata, "gone0", MAC, 0);
        serve(f);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, HERE ": *xyz*Invalid argument");
        f->ops->announce(f->ops->userdata, HERE, "xyz", 0);
        g_test_assert_expected_messages();
        g_assert_cmpuint(count(f, 0), ==, 0);
}

static void test_the_end_of_the_daemon_ends_it(Fixture *f, gconstpointer unused) {
        if (is_skipped(f))
                return;

        f->ops->announce(f->ops->userdata, HERE, MAC, 0);
        g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        g_clear_pointer(&f->announcer, announcer_free);
        g_assert_cmpint(sd_event_run(f->loop, 100 * UINT64_C(1000)), ==, 0);
        g_assert_cmpuint(wait_and_count(f, 0), ==, 1);
}

#define ADD(name, function) \
        g_test_add("/announce/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a-mac-is-announced-five-times", test_a_mac_is_announced_five_times);
        ADD("a-vlan-goes-out-with-its-tag", test_a_vlan_goes_out_with_its_tag);
        ADD("what-cannot-be-sent-is-told-once", test_what_cannot_be_sent_is_told_once);
        ADD("the-end-of-the-daemon-ends-it", test_the_end_of_the_daemon_ends_it);

        return g_test_run();
}
