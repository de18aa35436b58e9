/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/announce.h"

#include <errno.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/facts/announce-frame.h"
#include "daemon/facts/fd.h"

struct Announcer {
        AnnounceOps ops;
        sd_event *loop;
        Fd socket;             /* -1: nothing was announced yet */
        GHashTable *under_way; /* Announcement */
};

/* One MAC on one netdev, until its last round. */
typedef struct Announcement {
        Announcer *announcer;
        char *netdev, *mac;
        sd_event_source *timer;
        unsigned round;
        size_t size;
        uint8_t frame[ANNOUNCE_FRAME_MAX];
} Announcement;

static void announcement_free(Announcement *announcement) {
        sd_event_source_disable_unref(announcement->timer);
        g_free(announcement->netdev);
        g_free(announcement->mac);
        g_free(announcement);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Announcement, announcement_free)

static void announcement_free_any(void *announcement) {
        announcement_free(announcement);
}

/* Protocol 0: it sends, and the kernel hands it nothing. */
static int open_socket(Announcer *announcer) {
        if (announcer->socket < 0)
                announcer->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return announcer->socket < 0 ? -errno : 0;
}

/* By its name each time: a netdev may have gone meanwhile, and its index to another one. */
static int send_frame(const Announcement *announcement) {
        struct sockaddr_ll address = { .sll_family = AF_PACKET };

        address.sll_ifindex = (int)if_nametoindex(announcement->netdev);
        if (address.sll_ifindex == 0)
                return -errno;
        if (sendto(announcement->announcer->socket, announcement->frame, announcement->size, 0,
                   (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        return 0;
}

/* A full queue takes the next frame. */
static bool may_go_on(int r) {
        return r >= 0 || r == -EAGAIN || r == -ENOBUFS;
}

static void complain(const char *netdev, const char *mac, int r) {
        g_warning("%s: the switches around this host are not told that %s is here now, and learn "
                  "it from the guest's own first frame: %s",
                  netdev, mac, g_strerror(-r));
}

/* True when there is another round. */
static bool take_round(Announcement *announcement) {
        unsigned pause = announce_pause_msec(announcement->round++);
        int r;

        r = send_frame(announcement);
        if (may_go_on(r) && pause > 0) {
                r = sd_event_source_set_time_relative(announcement->timer, pause * UINT64_C(1000));
                if (r >= 0)
                        r = sd_event_source_set_enabled(announcement->timer, SD_EVENT_ONESHOT);
        }
        if (!may_go_on(r))
                complain(announcement->netdev, announcement->mac, r);
        return may_go_on(r) && pause > 0;
}

static int on_timer(sd_event_source *timer, uint64_t due, void *userdata) {
        Announcement *announcement = userdata;

        if (!take_round(announcement))
                g_hash_table_remove(announcement->announcer->under_way, announcement);
        return 0;
}

static int prepare(Announcement *announcement, unsigned vlan) {
        int r;

        r = announce_frame(announcement->mac, vlan, announcement->frame);
        if (r < 0)
                return r;

        announcement->size = (size_t)r;
        r = open_socket(announcement->announcer);
        if (r < 0)
                return r;

        return sd_event_add_time_relative(announcement->announcer->loop, &announcement->timer,
                                          CLOCK_MONOTONIC, 0, 1, on_timer, announcement);
}

static void announce(void *userdata, const char *netdev, const char *mac, unsigned vlan) {
        g_autoptr(Announcement) announcement = g_new0(Announcement, 1);
        Announcer *announcer = userdata;
        int r;

        announcement->announcer = announcer;
        announcement->netdev = g_strdup(netdev);
        announcement->mac = g_strdup(mac);

        r = prepare(announcement, vlan);
        if (r < 0) {
                complain(netdev, mac, r);
                return;
        }
        g_hash_table_add(announcer->under_way, g_steal_pointer(&announcement));
}

Announcer *announcer_new(sd_event *loop) {
        Announcer *announcer = g_new0(Announcer, 1);

        announcer->ops = (AnnounceOps){ .announce = announce, .userdata = announcer };
        announcer->loop = sd_event_ref(loop);
        announcer->socket = -1;
        announcer->under_way = g_hash_table_new_full(NULL, NULL, announcement_free_any, NULL);
        return announcer;
}

void announcer_free(Announcer *announcer) {
        if (!announcer)
                return;

        g_hash_table_unref(announcer->under_way);
        if (announcer->socket >= 0)
                fd_close(announcer->socket);
        sd_event_unref(announcer->loop);
        g_free(announcer);
}

const AnnounceOps *announcer_get_ops(const Announcer *announcer) {
        return &announcer->ops;
}
