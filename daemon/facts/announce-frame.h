/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The frame from which switches learn where a MAC is: a RARP request that asks
 * for nothing, from that MAC to everybody. Nobody answers it, and it names no
 * IP address. It and its rhythm are those of QEMU, which announces the NICs
 * that it emulates and cannot announce a device that is passed through.
 *
 * Source: RFC 903; IEEE 802.3 (60 bytes at least), 802.1Q (the tag);
 * announce-self in QEMU's qapi/net.json and the defaults in
 * migration/options.c (5 rounds, 50 ms, 100 ms more each time).
 */

#include <stddef.h>
#include <stdint.h>

#define ANNOUNCE_FRAME_MAX 64
#define ANNOUNCE_ROUNDS    5

/* Fills ret_frame and returns its length. `vlan` 0: no tag. -EINVAL: the MAC is not one station's,
 * or there is no such VLAN. */
int announce_frame(const char *mac, unsigned vlan, uint8_t ret_frame[ANNOUNCE_FRAME_MAX]);
/* Between this round, counted from 0, and the next one; 0 after the last. */
unsigned announce_pause_msec(unsigned round);
