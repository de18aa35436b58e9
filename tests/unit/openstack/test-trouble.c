/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/trouble.h"

#include <glib.h>
#include <string.h>

#include "nova-driver-shim/placement/message-ids.h"

static GString *said; /* "MESSAGE_ID MESSAGE\n" */

static GLogWriterOutput note(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                             void *unused) {
        const char *id = "-", *message = "";

        for (gsize i = 0; i < n_fields; i++)
                if (g_str_equal(fields[i].key, "MESSAGE_ID"))
                        id = fields[i].value;
                else if (g_str_equal(fields[i].key, "MESSAGE"))
                        message = fields[i].value;
        g_string_append_printf(said, "%s %s\n", id, message);
        return G_LOG_WRITER_HANDLED;
}

static void test_one_line_when_it_begins_and_one_when_it_ends(void) {
        Trouble trouble = { 0 };

        g_string_truncate(said, 0);
        g_assert_true(trouble_begins(&trouble, TROUBLE_AWAY, "no answer"));
        g_assert_false(trouble_begins(&trouble, TROUBLE_AWAY, "no answer"));
        g_assert_true(trouble_begins(&trouble, TROUBLE_AWAY, "no answer in 20 s"));
        g_assert_cmpstr(trouble.sentence, ==, "no answer in 20 s");
        g_assert_true(trouble_ends(&trouble));
        g_assert_false(trouble_ends(&trouble));
        g_assert_null(trouble.sentence);
        g_assert_cmpstr(said->str, ==,
                        MESSAGE_PLACEMENT_BEHIND " no answer\n" MESSAGE_PLACEMENT_PUBLISHED
                                                 " Placement knows again what this host has\n");
}

static void test_another_trouble_is_news(void) {
        Trouble trouble = { 0 };

        g_string_truncate(said, 0);
        (void)trouble_begins(&trouble, TROUBLE_AWAY, "no answer");
        (void)trouble_begins(&trouble, TROUBLE_REFUSED, "no role");
        trouble_done(&trouble);
        g_assert_cmpstr(said->str, ==,
                        MESSAGE_PLACEMENT_BEHIND " no answer\n" MESSAGE_PLACEMENT_BEHIND
                                                 " no role\n");
}

static void assert_has_ids(const char *file) {
        g_autofree char *path = g_build_filename(FERRY_DATA, file, NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(text, MESSAGE_PLACEMENT_BEHIND));
        g_assert_nonnull(strstr(text, MESSAGE_PLACEMENT_PUBLISHED));
}

static void test_every_message_is_in_the_catalog_and_on_the_page(void) {
        assert_has_ids("virtferry-placement.catalog");
        assert_has_ids("virtferry-placement.8");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        said = g_string_new(NULL);
        g_log_set_writer_func(note, NULL, NULL);
        g_test_add_func("/trouble/one-line-when-it-begins-and-one-when-it-ends",
                        test_one_line_when_it_begins_and_one_when_it_ends);
        g_test_add_func("/trouble/another-trouble-is-news", test_another_trouble_is_news);
        g_test_add_func("/trouble/every-message-is-in-the-catalog-and-on-the-page",
                        test_every_message_is_in_the_catalog_and_on_the_page);
        return g_test_run();
}
