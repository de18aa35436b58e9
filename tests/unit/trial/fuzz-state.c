/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trial/state-document.h"
#include "daemon/trial/state-format.h"
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"

#define LIMIT ((uint64_t)1024 * 1024)

static void parse(const uint8_t *data, size_t size) {
        g_autoptr(StateDocument) document = NULL, again = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = NULL;

        document = state_document_from_bytes(data, size, LIMIT, &error);
        if (!document) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
                return;
        }

        g_assert_cmpuint(g_bytes_get_size(document->state), <=, LIMIT);
        bytes = state_document_to_bytes(document);
        again = state_document_from_bytes(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                                          LIMIT, &error);
        g_assert_no_error(error);
        g_assert_true(state_document_equal(document, again));
}

/* As it is, and with the right checksum behind it, which no fuzzer finds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree uint8_t *whole = g_malloc(size + STATE_FORMAT_SUM);

        parse(data, size);
        if (size > 0)
                memcpy(whole, data, size);
        state_format_checksum(whole, size, whole + size);
        parse(whole, size + STATE_FORMAT_SUM);
        return 0;
}
