/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"
#include "xml/slice.h"

/* What is read is right, and is written so that it is read again and written the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) slice = slice_from_xml((const char *)data, size, &error);
        g_autoptr(Slice) again = NULL, copy = NULL;
        g_autofree char *xml = NULL, *rewritten = NULL;

        if (!slice) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                return 0;
        }

        g_assert_true(slice_check(slice, &error));
        xml = slice_to_xml(slice);
        again = slice_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        g_assert_true(slice_equal(slice, again));

        rewritten = slice_to_xml(again);
        g_assert_cmpstr(rewritten, ==, xml);
        copy = slice_copy(slice);
        g_assert_true(slice_equal(slice, copy));
        return 0;
}
