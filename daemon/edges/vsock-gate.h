/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a guest sends, before anything else reads it: its side of D-Bus's
 * handshake, answered here, and after that whole messages of bounded size. What
 * breaks a rule is not mended: hang up. Pure: no socket, no time, no bus.
 *
 * There is no user over AF_VSOCK that a kernel vouches for, so the mechanism is
 * ANONYMOUS alone; no file descriptors. Source: D-Bus Specification,
 * "Authentication Protocol" and "Message Format".
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VSOCK_HANDSHAKE_MAX 512u /* bytes of it, and what follows in the same breath */
#define VSOCK_LINES_MAX     8u   /* of a handshake */
#define VSOCK_ANSWER_MAX    (VSOCK_LINES_MAX * 40u)

typedef struct VsockGate VsockGate;

/* `guid`: 32 hexadecimal digits, of this end. */
VsockGate *vsock_gate_new(const char *guid, size_t message_max);
void vsock_gate_free(VsockGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VsockGate, vsock_gate_free)

/* Where the next bytes go, and how many may: never nought as long as no message is at the front. */
uint8_t *vsock_gate_room(VsockGate *gate, size_t *ret_size);
/* So many have come. -EPROTO, -EMSGSIZE: hang up. */
int vsock_gate_fill(VsockGate *gate, size_t size);
/* What the guest is to be told, once; NULL nothing. Free it. */
char *vsock_gate_take_answer(VsockGate *gate);

/* The first whole message; NULL none yet. It stays until it is dropped. */
const uint8_t *vsock_gate_front(const VsockGate *gate, size_t *ret_size);
/* What follows may break a rule, too: errors as above. */
int vsock_gate_drop(VsockGate *gate);

bool vsock_gate_is_open(const VsockGate *gate); /* the handshake is over */
bool vsock_gate_waits(const VsockGate *gate);   /* for the rest of a message */
