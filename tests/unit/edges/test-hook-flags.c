/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/hook-flags.h"

#include <glib.h>

#include "daemon/names.h"
#include "tests/lib/fake-root.h"

static bool is_there(FakeRoot *root, const char *flag) {
        g_autofree char *path = g_build_filename(fake_root_path(root), flag, NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_one_is_there_while_the_host_is_drained(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_put(root, "run/keep", "", -1);
        drained_flag_set(sysfs, false);
        g_assert_false(is_there(root, FERRY_DRAINED_PATH));
        drained_flag_set(sysfs, true);
        drained_flag_set(sysfs, true);
        g_assert_true(is_there(root, FERRY_DRAINED_PATH));
        drained_flag_set(sysfs, false);
        g_assert_false(is_there(root, FERRY_DRAINED_PATH));
}

static void test_one_is_there_while_claims_are_demanded(void) {
        static const ClaimsMode modes[] = { CLAIMS_NO, CLAIMS_NOVA, CLAIMS_ALL, CLAIMS_NOVA,
                                            CLAIMS_NO };
        g_autoptr(FakeRoot) root = fake_root_new();

        fake_root_put(root, "run/keep", "", -1);
        for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
                claims_flags_set(fake_root_sysfs(root), modes[i]);
                g_assert_cmpint(is_there(root, FERRY_CLAIMS_NOVA_PATH), ==,
                                modes[i] == CLAIMS_NOVA);
                g_assert_cmpint(is_there(root, FERRY_CLAIMS_ALL_PATH), ==, modes[i] == CLAIMS_ALL);
        }
}

/* A host whose /run cannot be written. */
static void test_a_file_that_cannot_be_made_is_told(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_put(root, "run", "no folder", -1);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "/run/virtferry/drained cannot be made: Not a directory; *let in*");
        drained_flag_set(sysfs, true);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "/run/virtferry/claims-nova cannot be removed: *takes longer");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "/run/virtferry/claims-all cannot be made: Not a directory; *claim");
        claims_flags_set(sysfs, CLAIMS_ALL);
        g_test_assert_expected_messages();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/hook-flags/one is there while the host is drained",
                        test_one_is_there_while_the_host_is_drained);
        g_test_add_func("/hook-flags/one is there while claims are demanded",
                        test_one_is_there_while_claims_are_demanded);
        g_test_add_func("/hook-flags/a file that cannot be made is told",
                        test_a_file_that_cannot_be_made_is_told);
        return g_test_run();
}
