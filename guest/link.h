/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connection to the host: of AF_VSOCK, or to a UNIX socket in its place.
 * Blocks, and never longer than it is told.
 */

#include "guest/message.h"

#define LINK_ADDRESS_DEFAULT "vsock:2:33779" /* GuestPort= of virtferry.conf(5) */
#define LINK_TIMEOUT_MSEC    30000

typedef struct Link {
        int fd; /* -1: it is not there */
        uint32_t serial;
        uint8_t in[MESSAGE_MAX];
} Link;

/* Whether this is an address: "vsock:CID:PORT", "unix:PATH". */
bool link_address_is_valid(const char *address);
/* -ECONNRESET: the host has hung up without a word; -ETIMEDOUT: it has not answered in time, 1 ms
 * to LINK_TIMEOUT_MSEC. */
int link_open(Link *link, const char *address, int timeout_msec);
void link_close(Link *link);

/* Sends the call, with a serial of its own, which it returns; or a negative errno. */
int64_t link_send(Link *link, Call *call);
/* The next message, whatever it is; it holds until the next one. 0: none has come in time. */
int link_receive(Link *link, Message *ret_message, int timeout_msec);
