/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/drained-flag.h"

#include <glib.h>

#include "daemon/names.h"
#include "tests/lib/fake-root.h"

static bool is_there(FakeRoot *root) {
        g_autofree char *path = g_build_filename(fake_root_path(root), FERRY_DRAINED_PATH, NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_it_is_there_while_the_host_is_drained(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_put(root, "run/keep", "", -1);
        drained_flag_set(sysfs, false);
        g_assert_false(is_there(root));
        drained_flag_set(sysfs, true);
        drained_flag_set(sysfs, true);
        g_assert_true(is_there(root));
        drained_flag_set(sysfs, false);
        g_assert_false(is_there(root));
}

/* A host whose /run cannot be written. */
static void test_a_file_that_cannot_be_made_is_told(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_put(root, "run", "no folder", -1);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "/run/virtferry/drained cannot be made: Not a directory; *let in*");
        drained_flag_set(sysfs, true);
        g_test_assert_expected_messages();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/drained-flag/is there while the host is drained",
                        test_it_is_there_while_the_host_is_drained);
        g_test_add_func("/drained-flag/is told about when it cannot be made",
                        test_a_file_that_cannot_be_made_is_told);
        return g_test_run();
}
