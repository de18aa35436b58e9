/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* However a request comes in, its answer is the same, and there is one as soon as
 * it is whole or too long. */

#include "daemon/edges/metrics-http.h"

#include "tests/fuzz/fuzz.h"

#define PARTS_MAX 32 /* what is asked of each input costs time */

static void check_head(int status) {
        g_autofree char *head = metrics_http_head(status, strlen(metrics_http_sentence(status)));

        g_assert_true(g_str_has_prefix(head, "HTTP/1.1 "));
        g_assert_true(strstr(head, "\r\n\r\n") == head + strlen(head) - 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *bytes = (const char *)data;
        bool whole_head, head;
        int whole = metrics_http_read(bytes, size, &whole_head);

        g_assert_cmpint(whole == 0, ==,
                        size < METRICS_REQUEST_MAX && !memmem(data, size, "\r\n\r\n", 4));
        if (whole != 0)
                check_head(whole);
        if (whole == 0 || whole == 431)
                g_assert_false(whole_head);

        for (size_t at = 0, parts = 0; at < size && parts < PARTS_MAX; at++) {
                int part;

                if (data[at] != '\n' && at + 1 != METRICS_REQUEST_MAX)
                        continue;
                parts++;
                part = metrics_http_read(bytes, at + 1, &head);
                g_assert_true(part == 0 || (part == whole && head == whole_head));
        }
        return 0;
}
