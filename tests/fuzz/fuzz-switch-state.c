/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"
#include "xml/switch-state.h"

/* What is read is written so that it is read again and written the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SwitchState) state = switch_state_from_xml((const char *)data, size, &error);
        g_autoptr(SwitchState) again = NULL;
        g_autofree char *xml = NULL, *rewritten = NULL;

        if (!state) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                return 0;
        }

        xml = switch_state_to_xml(state);
        again = switch_state_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        g_assert_true(switch_state_equal(state, again));

        rewritten = switch_state_to_xml(again);
        g_assert_cmpstr(rewritten, ==, xml);
        return 0;
}
