/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/vsock-gate.h"

#include <errno.h>
#include <string.h>

#define GUID        "0123456789abcdef0123456789abcdef"
#define MESSAGE_MAX 1024u
#define BEGIN       "\0AUTH ANONYMOUS 30\r\nBEGIN\r\n"

/* All of it, `step` bytes at a time; what was answered, and whole messages are dropped and
 * counted. */
typedef struct Outcome {
        int r;
        unsigned messages;
        GString *answer;
} Outcome;

static void outcome_done(Outcome *outcome) {
        if (outcome->answer)
                (void)g_string_free(outcome->answer, true);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_done)

static void drop_messages(VsockGate *gate, Outcome *outcome) {
        size_t size;

        while (outcome->r == 0 && vsock_gate_front(gate, &size)) {
                outcome->messages++;
                outcome->r = vsock_gate_drop(gate);
        }
}

static Outcome feed(VsockGate *gate, const char *bytes, size_t size, size_t step) {
        Outcome outcome = { .answer = g_string_new(NULL) };

        while (size > 0 && outcome.r == 0) {
                g_autofree char *answer = NULL;
                size_t room, n;
                uint8_t *at = vsock_gate_room(gate, &room);

                g_assert_cmpuint(room, >, 0);
                n = MIN(MIN(size, step), room);
                memcpy(at, bytes, n);
                bytes += n;
                size -= n;
                outcome.r = vsock_gate_fill(gate, n);
                answer = vsock_gate_take_answer(gate);
                g_string_append(outcome.answer, answer ?: "");
                drop_messages(gate, &outcome);
        }
        return outcome;
}

#define FEED(gate, text) feed(gate, text, sizeof(text) - 1, 7)

static void check_handshake(const char *bytes, size_t size, const char *answer, int r) {
        for (size_t step = 1; step <= size; step++) {
                g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
                g_auto(Outcome) outcome = feed(gate, bytes, size, step);

                g_assert_cmpint(outcome.r, ==, r);
                if (r == 0)
                        g_assert_cmpstr(outcome.answer->str, ==, answer);
        }
}

#define CHECK_HANDSHAKE(bytes, answer, r) check_handshake(bytes, sizeof(bytes) - 1, answer, r)

static void test_clients_begin_in_each_way_of_the_book(void) {
        CHECK_HANDSHAKE(BEGIN, "OK " GUID "\r\n", 0);
        CHECK_HANDSHAKE("\0AUTH ANONYMOUS\r\nDATA\r\nBEGIN\r\n", "DATA\r\nOK " GUID "\r\n", 0);
        CHECK_HANDSHAKE("\0AUTH\r\nAUTH EXTERNAL 30\r\nAUTH ANONYMOUS 6c\r\nBEGIN\r\n",
                        "REJECTED ANONYMOUS\r\nREJECTED ANONYMOUS\r\nOK " GUID "\r\n", 0);
        CHECK_HANDSHAKE("\0AUTH ANONYMOUS 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n",
                        "OK " GUID "\r\nERROR\r\n", 0);
        CHECK_HANDSHAKE("\0AUTH ANONYMOUS 30\r\nCANCEL\r\nAUTH ANONYMOUS 30\r\nBEGIN\r\n",
                        "OK " GUID "\r\nREJECTED ANONYMOUS\r\nOK " GUID "\r\n", 0);
}

static void test_what_breaks_the_handshake_is_hung_up_on(void) {
        CHECK_HANDSHAKE("AUTH ANONYMOUS 30\r\n", NULL, -EPROTO);
        CHECK_HANDSHAKE("\0BEGIN\r\n", NULL, -EPROTO);
        CHECK_HANDSHAKE("\0AUTH EXTERNAL 30\r\nBEGIN\r\n", NULL, -EPROTO);
        CHECK_HANDSHAKE("\0AUTH ANONYMOUS 30\r\nERROR\r\nBEGIN\r\n", NULL, -EPROTO);
        CHECK_HANDSHAKE("\0A\r\nA\r\nA\r\nA\r\nA\r\nA\r\nA\r\nA\r\nA\r\n", NULL, -EPROTO);
}

static void test_a_handshake_has_an_end(void) {
        g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
        g_autoptr(GString) line = g_string_new_len("", 1);
        g_auto(Outcome) outcome = { 0 };

        g_string_append(line, "AUTH ANONYMOUS ");
        while (line->len < 2 * VSOCK_HANDSHAKE_MAX)
                g_string_append_c(line, '3');
        outcome = feed(gate, line->str, line->len, 100);
        g_assert_cmpint(outcome.r, ==, -EMSGSIZE);
}

/* Messages ---------------------------------------------------------------------------- */

static void append_message(GString *bytes, char endian, uint32_t fields, uint32_t body) {
        const char head[] = { endian, 1, 0, 1 };
        const uint32_t numbers[] = { body, 1, fields };

        g_string_append_len(bytes, head, sizeof(head));
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                uint32_t number = endian == 'l' ? GUINT32_TO_LE(numbers[i])
                                                : GUINT32_TO_BE(numbers[i]);

                g_string_append_len(bytes, (const char *)&number, sizeof(number));
        }
        for (uint32_t i = 0; i < ((fields + 7) & ~7u) + body; i++)
                g_string_append_c(bytes, '.');
}

static void test_messages_come_whole_however_they_are_cut(void) {
        g_autoptr(GString) bytes = g_string_new_len(BEGIN, sizeof(BEGIN) - 1);

        append_message(bytes, 'l', 0, 0);
        append_message(bytes, 'B', 13, 5);
        append_message(bytes, 'l', 1, 900);
        append_message(bytes, 'B', 0, MESSAGE_MAX - 16);
        for (size_t step = 1; step < bytes->len; step += 3) {
                g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
                g_auto(Outcome) outcome = feed(gate, bytes->str, bytes->len, step);

                g_assert_cmpint(outcome.r, ==, 0);
                g_assert_cmpuint(outcome.messages, ==, 4);
                g_assert_true(vsock_gate_is_open(gate));
                g_assert_false(vsock_gate_waits(gate));
        }
}

static void check_message(char endian, uint32_t fields, uint32_t body, int r) {
        g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
        g_autoptr(GString) bytes = g_string_new(NULL);
        g_auto(Outcome) begin = FEED(gate, BEGIN);
        g_auto(Outcome) outcome = { 0 };

        append_message(bytes, endian, fields & 0xff, body & 0xff); /* its bytes do not matter */
        memcpy(bytes->str + 4, &(uint32_t){ GUINT32_TO_LE(body) }, sizeof(body));
        memcpy(bytes->str + 12, &(uint32_t){ GUINT32_TO_LE(fields) }, sizeof(fields));
        outcome = feed(gate, bytes->str, 16, 16);
        g_assert_cmpint(outcome.r, ==, r);
}

static void test_what_is_too_big_is_not_awaited(void) {
        check_message('l', 0, MESSAGE_MAX - 16, 0);
        check_message('l', 0, MESSAGE_MAX - 15, -EMSGSIZE);
        check_message('l', MESSAGE_MAX - 23, 1, -EMSGSIZE);
        check_message('l', 128 * 1024 * 1024, 0, -EMSGSIZE);
        check_message('l', UINT32_MAX, UINT32_MAX, -EMSGSIZE);
        check_message('l', 16, UINT32_MAX - 15, -EMSGSIZE);
}

static void check_header(size_t at, char value) {
        g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
        g_autoptr(GString) bytes = g_string_new_len(BEGIN, sizeof(BEGIN) - 1);
        g_auto(Outcome) outcome = { 0 };

        append_message(bytes, 'l', 0, 0);
        bytes->str[sizeof(BEGIN) - 1 + at] = value;
        outcome = feed(gate, bytes->str, bytes->len, 5);
        g_assert_cmpint(outcome.r, ==, -EPROTO);
}

static void test_what_is_no_message_is_hung_up_on(void) {
        check_header(0, 'L');
        check_header(0, 0);
        check_header(1, 0);
        check_header(1, 5);
        check_header(3, 2);
        check_header(8, 0); /* the serial */
}

static void test_half_a_message_is_known_as_such(void) {
        g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
        g_autoptr(GString) bytes = g_string_new(NULL);
        g_auto(Outcome) begin = FEED(gate, BEGIN), one = { 0 }, rest = { 0 };

        append_message(bytes, 'l', 0, 20);
        g_assert_false(vsock_gate_waits(gate));
        one = feed(gate, bytes->str, 1, 1);
        g_assert_true(vsock_gate_waits(gate));
        rest = feed(gate, bytes->str + 1, bytes->len - 1, 9);
        g_assert_false(vsock_gate_waits(gate));
        g_assert_cmpuint(one.messages + rest.messages, ==, 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/vsock-gate/clients begin in each way of the book",
                        test_clients_begin_in_each_way_of_the_book);
        g_test_add_func("/vsock-gate/what breaks the handshake is hung up on",
                        test_what_breaks_the_handshake_is_hung_up_on);
        g_test_add_func("/vsock-gate/a handshake has an end", test_a_handshake_has_an_end);
        g_test_add_func("/vsock-gate/messages come whole however they are cut",
                        test_messages_come_whole_however_they_are_cut);
        g_test_add_func("/vsock-gate/what is too big is not awaited",
                        test_what_is_too_big_is_not_awaited);
        g_test_add_func("/vsock-gate/what is no message is hung up on",
                        test_what_is_no_message_is_hung_up_on);
        g_test_add_func("/vsock-gate/half a message is known as such",
                        test_half_a_message_is_known_as_such);
        return g_test_run();
}
