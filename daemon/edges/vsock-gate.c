/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/vsock-gate.h"

#include <errno.h>
#include <string.h>

#define HEADER_SIZE 16u /* up to and with the length of the array of fields */
#define VERSION     1
#define TYPE_MAX    4

typedef enum GateState {
        GATE_NUL,   /* the byte before the handshake */
        GATE_AUTH,  /* nothing is agreed upon */
        GATE_DATA,  /* ANONYMOUS is, and it is to say something */
        GATE_READY, /* it may begin */
        GATE_OPEN,
} GateState;

struct VsockGate {
        char *guid;
        size_t message_max;
        GateState state;
        unsigned lines;
        GString *answer;
        uint8_t *buffer;
        size_t capacity, size;
        size_t front; /* size of the message at the front as far as that is known, else 0 */
};

VsockGate *vsock_gate_new(const char *guid, size_t message_max) {
        VsockGate *gate = g_new0(VsockGate, 1);

        gate->guid = g_strdup(guid);
        gate->message_max = message_max;
        gate->answer = g_string_new(NULL);
        gate->capacity = VSOCK_HANDSHAKE_MAX;
        gate->buffer = g_malloc(gate->capacity);
        return gate;
}

void vsock_gate_free(VsockGate *gate) {
        if (!gate)
                return;

        g_free(gate->guid);
        (void)g_string_free(gate->answer, true);
        g_free(gate->buffer);
        g_free(gate);
}

static void drop(VsockGate *gate, size_t size) {
        gate->size -= size;
        memmove(gate->buffer, gate->buffer + size, gate->size);
}

/* Messages -------------------------------------------------------------------------- */

static uint32_t read_uint32(const uint8_t *at, bool big) {
        return big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
                   : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* The size that the header promises. */
static int measure(const VsockGate *gate, size_t *ret_size) {
        const uint8_t *header = gate->buffer;
        bool big = header[0] == 'B';
        uint64_t body, fields, size;

        if ((!big && header[0] != 'l') || header[1] == 0 || header[1] > TYPE_MAX ||
            header[3] != VERSION || read_uint32(header + 8, big) == 0)
                return -EPROTO;

        body = read_uint32(header + 4, big);
        fields = read_uint32(header + 12, big);
        size = HEADER_SIZE + ((fields + 7) & ~UINT64_C(7)) + body;
        if (size > gate->message_max)
                return -EMSGSIZE;

        *ret_size = size;
        return 0;
}

/* Room for what is on its way, and for no more. */
static int look_ahead(VsockGate *gate) {
        size_t wanted = HEADER_SIZE;
        int r;

        gate->front = 0;
        if (gate->size >= HEADER_SIZE) {
                r = measure(gate, &gate->front);
                if (r < 0)
                        return r;
                wanted = gate->front;
        }

        if (gate->capacity < wanted) {
                gate->buffer = g_realloc(gate->buffer, wanted);
                gate->capacity = wanted;
        }
        return 0;
}

/* The handshake --------------------------------------------------------------------- */

static void say(VsockGate *gate, const char *line) {
        g_string_append_printf(gate->answer, "%s\r\n", line);
}

static void say_ok(VsockGate *gate) {
        g_string_append_printf(gate->answer, "OK %s\r\n", gate->guid);
        gate->state = GATE_READY;
}

static void reject(VsockGate *gate) {
        say(gate, "REJECTED ANONYMOUS");
        gate->state = GATE_AUTH;
}

/* `line` begins with this word, and it ends there. */
static const char *after_word(const char *line, const char *word) {
        size_t length = strlen(word);

        if (strncmp(line, word, length) != 0 || (line[length] != ' ' && line[length] != '\0'))
                return NULL;
        return line + length;
}

/* Whatever it says of itself in addition is of no use to us. */
static void take_auth(VsockGate *gate, const char *mechanism) {
        const char *said = after_word(mechanism, " ANONYMOUS");

        if (!said) {
                reject(gate);
        } else if (*said != '\0') {
                say_ok(gate);
        } else {
                say(gate, "DATA");
                gate->state = GATE_DATA;
        }
}

static int take_line(VsockGate *gate, const char *line) {
        const char *mechanism = after_word(line, "AUTH");

        if (++gate->lines > VSOCK_LINES_MAX)
                return -EPROTO;

        if (mechanism)
                take_auth(gate, mechanism);
        else if (g_str_equal(line, "CANCEL") || after_word(line, "ERROR"))
                reject(gate);
        else if (g_str_equal(line, "BEGIN")) {
                if (gate->state != GATE_READY)
                        return -EPROTO;
                gate->state = GATE_OPEN;
        } else if (after_word(line, "DATA") && gate->state == GATE_DATA)
                say_ok(gate);
        else
                say(gate, "ERROR"); /* also to NEGOTIATE_UNIX_FD */
        return 0;
}

/* The next line is cut off the buffer. False: there is no whole one. */
static bool cut_line(VsockGate *gate, char **ret_line) {
        const char *begin = (const char *)gate->buffer;
        const char *end = gate->size > 0 ? memmem(begin, gate->size, "\r\n", 2) : NULL;

        if (!end)
                return false;

        *ret_line = g_strndup(begin, (size_t)(end - begin)); /* a NUL ends it: no word has one */
        drop(gate, (size_t)(end - begin) + 2);
        return true;
}

static int take_handshake(VsockGate *gate) {
        int r = 0;

        if (gate->state == GATE_NUL && gate->size > 0) {
                if (gate->buffer[0] != '\0')
                        return -EPROTO;
                gate->state = GATE_AUTH;
                drop(gate, 1);
        }

        while (r == 0 && gate->state != GATE_OPEN) {
                g_autofree char *line = NULL;

                if (!cut_line(gate, &line))
                        return gate->size == gate->capacity ? -EMSGSIZE : 0;
                r = take_line(gate, line);
        }
        return r;
}

/* ----------------------------------------------------------------------------------- */

uint8_t *vsock_gate_room(VsockGate *gate, size_t *ret_size) {
        size_t end = gate->capacity;

        if (gate->state == GATE_OPEN)
                end = gate->size < HEADER_SIZE ? HEADER_SIZE : MAX(gate->front, gate->size);
        *ret_size = end - gate->size;
        return gate->buffer + gate->size;
}

int vsock_gate_fill(VsockGate *gate, size_t size) {
        int r;

        gate->size += size;
        if (gate->state != GATE_OPEN) {
                r = take_handshake(gate);
                if (r < 0)
                        return r;
        }
        return gate->state == GATE_OPEN ? look_ahead(gate) : 0;
}

char *vsock_gate_take_answer(VsockGate *gate) {
        char *answer;

        if (gate->answer->len == 0)
                return NULL;

        answer = g_strdup(gate->answer->str);
        g_string_truncate(gate->answer, 0);
        return answer;
}

const uint8_t *vsock_gate_front(const VsockGate *gate, size_t *ret_size) {
        if (gate->front == 0 || gate->size < gate->front)
                return NULL;

        *ret_size = gate->front;
        return gate->buffer;
}

int vsock_gate_drop(VsockGate *gate) {
        drop(gate, gate->front);
        return look_ahead(gate);
}

bool vsock_gate_is_open(const VsockGate *gate) {
        return gate->state == GATE_OPEN;
}

bool vsock_gate_waits(const VsockGate *gate) {
        size_t size;

        return gate->state == GATE_OPEN && gate->size > 0 && !vsock_gate_front(gate, &size);
}
