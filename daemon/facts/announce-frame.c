/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/announce-frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <string.h>

#include "xml/switch-state.h"

#define TAG_SIZE         4
#define FIRST_PAUSE_MSEC 50
#define STEP_MSEC        100

#ifndef ARPOP_RREQUEST
#define ARPOP_RREQUEST 3
#endif

static void parse_mac(const char *mac, uint8_t ret_mac[ETH_ALEN]) {
        for (int i = 0; i < ETH_ALEN; i++)
                ret_mac[i] = (uint8_t)(g_ascii_xdigit_value(mac[3 * i]) << 4 |
                                       g_ascii_xdigit_value(mac[3 * i + 1]));
}

static uint8_t *put(uint8_t *position, const void *data, size_t size) {
        memcpy(position, data, size);
        return position + size;
}

static uint8_t *put_u16(uint8_t *position, unsigned value) {
        uint16_t word = htons((uint16_t)value);

        return put(position, &word, sizeof(word));
}

static uint8_t *put_header(uint8_t *position, const uint8_t mac[ETH_ALEN], unsigned vlan) {
        memset(position, 0xff, ETH_ALEN);
        position = put(position + ETH_ALEN, mac, ETH_ALEN);
        if (vlan > 0)
                position = put_u16(put_u16(position, ETH_P_8021Q), vlan);
        return put_u16(position, ETH_P_RARP);
}

/* The MAC asks for its own IP address and says none. */
static void put_request(uint8_t *position, const uint8_t mac[ETH_ALEN]) {
        const uint8_t lengths[] = { ETH_ALEN, sizeof(struct in_addr) };
        const uint8_t none[sizeof(struct in_addr)] = { 0 };

        position = put_u16(put_u16(position, ARPHRD_ETHER), ETH_P_IP);
        position = put_u16(put(position, lengths, sizeof(lengths)), ARPOP_RREQUEST);
        position = put(put(position, mac, ETH_ALEN), none, sizeof(none));
        (void)put(put(position, mac, ETH_ALEN), none, sizeof(none));
}

int announce_frame(const char *mac, unsigned vlan, uint8_t ret_frame[ANNOUNCE_FRAME_MAX]) {
        uint8_t address[ETH_ALEN];

        if (!switch_mac_is_valid(mac) || vlan > SWITCH_VLAN_MAX)
                return -EINVAL;

        parse_mac(mac, address);
        memset(ret_frame, 0, ANNOUNCE_FRAME_MAX);
        put_request(put_header(ret_frame, address, vlan), address);
        return vlan > 0 ? ETH_ZLEN + TAG_SIZE : ETH_ZLEN;
}
G_STATIC_ASSERT(ETH_ZLEN + TAG_SIZE == ANNOUNCE_FRAME_MAX);

unsigned announce_pause_msec(unsigned round) {
        return round < ANNOUNCE_ROUNDS - 1 ? FIRST_PAUSE_MSEC + round * STEP_MSEC : 0;
}
