/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metronome.h"

#include "tests/unit/daemon/manager-fixture.h"

/* With the real time. */

static void test_it_looks_at_once_and_then_the_loop_sleeps(void) {
        g_autoptr(Metronome) metronome = NULL;
        sd_event *loop = NULL;
        Fixture f = { 0 };

        fixture_set_up(&f, NULL);
        fixture_connect(&f);
        send_list(&f, GUEST_UUID);
        assert_asked(&f, "");
        g_assert_cmpint(sd_event_new(&loop), >=, 0);
        g_assert_cmpint(metronome_new(loop, f.manager->meter, &metronome), ==, 0);
        g_assert_cmpint(sd_event_run(loop, UINT64_MAX), >, 0);
        assert_asked(&f, "sample\n");
        g_assert_cmpint(sd_event_run(loop, 30 * 1000), ==, 0);
        assert_asked(&f, "");

        g_clear_pointer(&metronome, metronome_free);
        sd_event_unref(loop);
        fixture_tear_down(&f, NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/metronome/it looks at once and then the loop sleeps",
                        test_it_looks_at_once_and_then_the_loop_sleeps);
        return g_test_run();
}
