/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever a guest sends, the daemon asks for nobody else with it, hangs up or
 * goes on, and answers another guest afterwards. */

#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/guest/guest-fixture.h"

static void send_bytes(GuestFixture *fixture, int fd, const uint8_t *data, size_t size) {
        while (size > 0) {
                ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        return;
                data += MAX(n, 0);
                size -= (size_t)MAX(n, 0);
                (void)guest_fixture_serve(fixture);
                guest_fixture_pass_time(G_USEC_PER_SEC);
                vsock_expire(fixture->vsock);
        }
}

static void check_asked(const char *asked) {
        g_auto(GStrv) lines = g_strsplit(asked, "\n" WEB_UUID " ", -1);

        g_assert_true(*asked == '\0' || g_str_has_prefix(asked, WEB_UUID " "));
        for (char **line = lines; *line; line++)
                g_assert_true(*line[0] == '\0' || strpbrk(*line, "+-"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        GuestFixture fixture = { 0 };
        sd_bus *db;
        int fd;

        if (size > 256 * 1024)
                return 0;

        guest_fixture_set_up(&fixture, NULL);
        db = guest_fixture_bus(&fixture, DB_CID, ROOT_PORT);
        fd = guest_fixture_connect(&fixture, WEB_CID, ROOT_PORT);
        send_bytes(&fixture, fd, data, size);
        check_asked(fake_slices_asked(fixture.slices));
        g_assert_true(guest_fixture_answers(&fixture, db));
        (void)close(fd);
        g_assert_true(guest_fixture_answers(&fixture, db));
        g_assert_cmpuint(vsock_count(fixture.vsock), ==, 1);

        sd_bus_flush_close_unref(db);
        guest_fixture_tear_down(&fixture, NULL);
        return 0;
}
