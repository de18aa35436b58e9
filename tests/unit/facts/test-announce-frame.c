/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <stdbool.h>

#include "daemon/facts/announce-frame.h"

#define MAC "52:54:00:76:0A:01"

/* As QEMU's own announce_self_create() lays it out. */
static const uint8_t untagged[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0x76, 0x0a, 0x01, 0x80, 0x35,
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x03, 0x52, 0x54, 0x00, 0x76, 0x0a, 0x01,
        0x00, 0x00, 0x00, 0x00, 0x52, 0x54, 0x00, 0x76, 0x0a, 0x01, 0x00, 0x00, 0x00, 0x00,
};
#define ADDRESSES 12 /* bytes before the type */

static bool is_zero(const uint8_t *bytes, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (bytes[i] != 0)
                        return false;
        return true;
}

static void test_a_mac_says_where_it_is_in_the_shortest_frame(void) {
        uint8_t frame[ANNOUNCE_FRAME_MAX];

        memset(frame, 0xaa, sizeof(frame));
        g_assert_cmpint(announce_frame(MAC, 0, frame), ==, 60);
        g_assert_cmpmem(frame, sizeof(untagged), untagged, sizeof(untagged));
        g_assert_true(is_zero(frame + sizeof(untagged), 60 - sizeof(untagged)));
}

static void test_a_vlan_stands_before_the_type(void) {
        static const uint8_t tag[] = { 0x81, 0x00, 0x0f, 0xfe };
        size_t rest = sizeof(untagged) - ADDRESSES;
        uint8_t frame[ANNOUNCE_FRAME_MAX];

        g_assert_cmpint(announce_frame(MAC, 4094, frame), ==, 64);
        g_assert_cmpmem(frame, ADDRESSES, untagged, ADDRESSES);
        g_assert_cmpmem(frame + ADDRESSES, sizeof(tag), tag, sizeof(tag));
        g_assert_cmpmem(frame + ADDRESSES + sizeof(tag), rest, untagged + ADDRESSES, rest);
}

static void test_what_no_station_has_is_not_announced(void) {
        static const char *const macs[] = { "",
                                            "52:54:00:76:00",
                                            "52:54:00:76:00:01:02",
                                            "01:00:5e:00:00:01",
                                            "ff:ff:ff:ff:ff:ff",
                                            "00:00:00:00:00:00",
                                            "52-54-00-76-00-01",
                                            "52:54:00:76:00:0g" };
        uint8_t frame[ANNOUNCE_FRAME_MAX] = { 7 };

        for (size_t i = 0; i < G_N_ELEMENTS(macs); i++)
                g_assert_cmpint(announce_frame(macs[i], 0, frame), ==, -EINVAL);
        g_assert_cmpint(announce_frame(MAC, 4095, frame), ==, -EINVAL);
        g_assert_cmpint(frame[0], ==, 7);
}

static void test_pauses_grow_and_end(void) {
        static const unsigned pauses[ANNOUNCE_ROUNDS] = { 50, 150, 250, 350, 0 };

        for (unsigned i = 0; i < ANNOUNCE_ROUNDS; i++)
                g_assert_cmpuint(announce_pause_msec(i), ==, pauses[i]);
        g_assert_cmpuint(announce_pause_msec(G_MAXUINT), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/announce-frame/a-mac-says-where-it-is-in-the-shortest-frame",
                        test_a_mac_says_where_it_is_in_the_shortest_frame);
        g_test_add_func("/announce-frame/a-vlan-stands-before-the-type",
                        test_a_vlan_stands_before_the_type);
        g_test_add_func("/announce-frame/what-no-station-has-is-not-announced",
                        test_what_no_station_has_is_not_announced);
        g_test_add_func("/announce-frame/pauses-grow-and-end", test_pauses_grow_and_end);

        return g_test_run();
}
