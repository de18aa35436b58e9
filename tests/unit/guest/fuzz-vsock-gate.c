/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* However a guest's bytes are cut on their way, the same messages come out, and
 * the same is answered. Nothing that comes out is bigger than it may be. */

#include "daemon/edges/vsock-gate.h"

#include "tests/fuzz/fuzz.h"

#define GUID        "0123456789abcdef0123456789abcdef"
#define MESSAGE_MAX 4096u

typedef struct Outcome {
        GString *messages, *answers;
        bool broken;
} Outcome;

static void take_out(VsockGate *gate, Outcome *outcome) {
        g_autofree char *answer = vsock_gate_take_answer(gate);
        const uint8_t *message;
        size_t size;

        g_string_append(outcome->answers, answer ?: "");
        g_assert_cmpuint(outcome->answers->len, <=, VSOCK_ANSWER_MAX);
        while (!outcome->broken && (message = vsock_gate_front(gate, &size))) {
                g_assert_cmpuint(size, >=, 16);
                g_assert_cmpuint(size, <=, MESSAGE_MAX);
                g_assert_true(vsock_gate_is_open(gate));
                g_string_append_len(outcome->messages, (const char *)message, (gssize)size);
                outcome->broken = vsock_gate_drop(gate) < 0;
        }
}

static Outcome feed(const uint8_t *data, size_t size, size_t step) {
        g_autoptr(VsockGate) gate = vsock_gate_new(GUID, MESSAGE_MAX);
        Outcome outcome = { g_string_new(NULL), g_string_new(NULL), false };

        while (size > 0 && !outcome.broken) {
                size_t room, n;
                uint8_t *at = vsock_gate_room(gate, &room);

                g_assert_cmpuint(room, >, 0);
                n = MIN(MIN(room, step), size);
                memcpy(at, data, n);
                data += n;
                size -= n;
                outcome.broken = vsock_gate_fill(gate, n) < 0;
                take_out(gate, &outcome);
        }
        return outcome;
}

static void outcome_free(Outcome *outcome) {
        (void)g_string_free(outcome->messages, true);
        (void)g_string_free(outcome->answers, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Outcome whole = feed(data, size, SIZE_MAX), bytes = feed(data, size, 1);

        g_assert_cmpint(whole.broken, ==, bytes.broken);
        g_assert_cmpstr(whole.answers->str, ==, bytes.answers->str);
        g_assert_true(g_string_equal(whole.messages, bytes.messages));
        outcome_free(&whole);
        outcome_free(&bytes);
        return 0;
}
