/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/facts/fd.h"
#include "daemon/names.h"
#include "tests/unit/guest/guest-fixture.h"

/* What a guest can do to the daemon, and to other guests: nothing. */

#define FLOOD         100000u
#define LOOPBACK_PORT 33780u

static void send_all(GuestFixture *f, int fd, const void *bytes, size_t size) {
        for (size_t sent = 0; sent < size;) {
                ssize_t n = send(fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        return; /* hung up on */
                sent += n > 0 ? (size_t)n : 0;
                (void)guest_fixture_serve(f);
        }
}

/* A connection on which messages may follow. */
static int begin(GuestFixture *f, unsigned cid) {
        int fd = guest_fixture_connect(f, cid, ROOT_PORT);

        send_all(f, fd, HANDSHAKE, HANDSHAKE_SIZE);
        return fd;
}

static void check_hung_up(GuestFixture *f, int fd) {
        g_assert_true(guest_fixture_is_hung_up(f, fd));
        fd_close(fd);
}

/* Another guest has what it had, and the daemon has nothing of the first. */
static void check_undisturbed(GuestFixture *f, sd_bus *other) {
        g_assert_true(guest_fixture_answers(f, other));
        g_assert_cmpuint(vsock_count(f->vsock), ==, 1);
}

static void pass_time(GuestFixture *f, int64_t usec) {
        guest_fixture_pass_time(usec);
        vsock_expire(f->vsock);
}

/* Who it is --------------------------------------------------------------------------- */

static void test_a_connection_of_nobody_is_closed_without_a_word(GuestFixture *f,
                                                                 gconstpointer unused) {
        static const unsigned cids[] = { 0, 1, 2, 5, 4294967295u };

        for (size_t i = 0; i < G_N_ELEMENTS(cids); i++) {
                g_auto(Fd) fd = guest_fixture_connect(f, cids[i], ROOT_PORT);
                char byte;

                g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
                g_assert_cmpuint(vsock_count(f->vsock), ==, 0);
        }
}

/* By the kernel's loopback; without it nothing would listen for this host alone. */
static void test_the_host_itself_is_nobody(GuestFixture *f, gconstpointer unused) {
        struct sockaddr_vm address = { .svm_family = AF_VSOCK,
                                       .svm_cid = VMADDR_CID_LOCAL,
                                       .svm_port = LOOPBACK_PORT };
        g_auto(Fd) fd = -1;

        if (access("/sys/module/vsock_loopback", F_OK) < 0) {
                g_test_skip("the kernel has no vsock_loopback loaded");
                return;
        }

        fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(vsock_listen(f->vsock, LOOPBACK_PORT), ==, 0);
        g_assert_cmpint(vsock_listen(f->vsock, LOOPBACK_PORT), ==, -EALREADY);
        g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
        check_hung_up(f, g_steal_fd(&fd));
        g_assert_cmpuint(vsock_count(f->vsock), ==, 0);
}

/* A neighbour of a host that is a guest itself has a CID as a guest here may have it. */
static void test_guests_of_other_hosts_are_nobody(GuestFixture *f, gconstpointer unused) {
        g_assert_true(vsock_is_of_guest(WEB_CID, VMADDR_CID_HOST));
        g_assert_true(vsock_is_of_guest(3, VMADDR_CID_HOST));
        g_assert_false(vsock_is_of_guest(WEB_CID, 42));
        g_assert_false(vsock_is_of_guest(WEB_CID, VMADDR_CID_LOCAL));
        g_assert_false(vsock_is_of_guest(WEB_CID, VMADDR_CID_ANY));
        g_assert_false(vsock_is_of_guest(VMADDR_CID_HOST, VMADDR_CID_HOST));
        g_assert_false(vsock_is_of_guest(VMADDR_CID_LOCAL, VMADDR_CID_HOST));
        g_assert_false(vsock_is_of_guest(VMADDR_CID_ANY, VMADDR_CID_HOST));
}

static void check_ends_with(GuestFixture *f, GuestEventKind kind) {
        int web = begin(f, WEB_CID);
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);

        guest_fixture_tell(f, kind, WEB_UUID, 0);
        check_hung_up(f, web);
        check_undisturbed(f, db);
        check_hung_up(f, guest_fixture_connect(f, WEB_CID, ROOT_PORT));
}

static void test_a_guest_that_ends_is_hung_up_on(GuestFixture *f, gconstpointer unused) {
        check_ends_with(f, GUEST_STOPPED);
}

static void test_a_guest_that_is_gone_is_hung_up_on(GuestFixture *f, gconstpointer unused) {
        check_ends_with(f, GUEST_GONE);
}

static void test_a_guest_with_the_number_of_another_does_not_inherit(GuestFixture *f,
                                                                     gconstpointer unused) {
        g_autoptr(sd_bus) other = NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        int web = begin(f, WEB_CID);

        guest_fixture_tell(f, GUEST_RUNNING, DB_UUID, WEB_CID);
        check_hung_up(f, web);
        other = guest_fixture_bus(f, WEB_CID, ROOT_PORT);
        reply = guest_fixture_call(f, other, &error, FERRY_INTERFACE_GUEST, "Request", "sta{sv}",
                                   "cores", UINT64_C(1), 0);
        g_assert_cmpstr(fake_slices_asked(f->slices), ==, DB_UUID " +1 cores\n");
}

static void test_without_libvirt_nobody_is_known(GuestFixture *f, gconstpointer unused) {
        int web = begin(f, WEB_CID);

        guest_fixture_tell(f, GUEST_LOST_LIBVIRT, NULL, 0);
        check_hung_up(f, web);
        check_hung_up(f, guest_fixture_connect(f, DB_CID, ROOT_PORT));
        guest_fixture_tell(f, GUEST_RUNNING, WEB_UUID, WEB_CID);
        web = begin(f, WEB_CID);
        g_assert_false(guest_fixture_is_hung_up(f, web));
        fd_close(web);
}

/* How many ---------------------------------------------------------------------------- */

static void test_a_third_connection_takes_the_place_of_the_most_silent(GuestFixture *f,
                                                                       gconstpointer unused) {
        g_autoptr(GByteArray) call = g_byte_array_new();
        int first = begin(f, WEB_CID), second = begin(f, WEB_CID), third;

        pass_time(f, G_USEC_PER_SEC);
        append_call(call, FERRY_INTERFACE_GUEST, "Show", 1);
        send_all(f, first, call->data, call->len);
        third = begin(f, WEB_CID);
        check_hung_up(f, second);
        g_assert_false(guest_fixture_is_hung_up(f, first));
        g_assert_false(guest_fixture_is_hung_up(f, third));
        fd_close(first);
        fd_close(third);
}

/* 32 guests with two connections each. */
static GArray *fill_up(GuestFixture *f) {
        GArray *fds = g_array_new(false, false, sizeof(int));

        for (unsigned i = 0; i < GUEST_SESSIONS_ALL; i++) {
                unsigned cid = 100 + i / 2;
                g_autofree char *uuid = g_strdup_printf("guest %u", cid);
                int fd;

                guest_fixture_tell(f, GUEST_RUNNING, uuid, cid);
                fd = begin(f, cid);
                g_array_append_val(fds, fd);
        }
        g_assert_cmpuint(vsock_count(f->vsock), ==, GUEST_SESSIONS_ALL);
        return fds;
}

static void test_a_guest_gets_in_although_others_have_all_connections(GuestFixture *f,
                                                                      gconstpointer unused) {
        g_autoptr(GArray) fds = fill_up(f);
        g_autoptr(sd_bus) web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);
        int second;

        g_assert_true(guest_fixture_answers(f, web));
        g_assert_cmpuint(vsock_count(f->vsock), ==, GUEST_SESSIONS_ALL);
        g_assert_true(guest_fixture_is_hung_up(f, g_array_index(fds, int, 0)));
        second = guest_fixture_connect(f, WEB_CID, ROOT_PORT);
        check_hung_up(f, second); /* it has one, and that is enough now */

        for (guint i = 0; i < fds->len; i++)
                fd_close(g_array_index(fds, int, i));
}

/* One each: a silent one gives way, and one that has just spoken does not. */
static void test_only_a_silent_guest_gives_way(GuestFixture *f, gconstpointer unused) {
        g_autoptr(GArray) fds = g_array_new(false, false, sizeof(int));

        for (unsigned i = 0; i < GUEST_SESSIONS_ALL; i++) {
                g_autofree char *uuid = g_strdup_printf("guest %u", i);
                int fd;

                guest_fixture_tell(f, GUEST_RUNNING, uuid, 100 + i);
                fd = begin(f, 100 + i);
                g_array_append_val(fds, fd);
        }
        pass_time(f, GUEST_GIVES_WAY_USEC - 1);
        check_hung_up(f, guest_fixture_connect(f, WEB_CID, ROOT_PORT));
        g_assert_cmpuint(vsock_count(f->vsock), ==, GUEST_SESSIONS_ALL);

        for (guint i = 0; i < fds->len; i++)
                fd_close(g_array_index(fds, int, i));
}

static void test_connecting_again_and_again_is_counted(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        unsigned taken = 0;

        for (unsigned i = 0; i < 1000; i++) {
                g_auto(Fd) fd = guest_fixture_connect(f, WEB_CID, ROOT_PORT);

                taken += vsock_count(f->vsock) == 2;
                shutdown(fd, SHUT_RDWR);
                (void)guest_fixture_serve(f);
        }
        g_assert_cmpuint(taken, ==, GUEST_MESSAGE_BURST);
        check_undisturbed(f, db);
}

/* How much ---------------------------------------------------------------------------- */

static GByteArray *make_flood(void) {
        GByteArray *bytes = g_byte_array_new();

        g_byte_array_append(bytes, (const uint8_t *)HANDSHAKE, HANDSHAKE_SIZE);
        for (unsigned i = 1; i <= FLOOD; i++)
                append_call(bytes, FERRY_INTERFACE_GUEST, "Show", i);
        return bytes;
}

static void test_a_flood_of_requests_ends_soon(GuestFixture *f, gconstpointer unused) {
        g_autoptr(GByteArray) flood = make_flood(), answers = g_byte_array_new();
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        int fd = guest_fixture_connect(f, WEB_CID, ROOT_PORT);
        unsigned asked = 0;
        size_t sent = 0;
        ssize_t n;

        while (sent < flood->len) {
                uint8_t buffer[4096];

                n = send(fd, flood->data + sent, flood->len - sent, MSG_NOSIGNAL);
                if (n < 0 && errno != EAGAIN)
                        break;
                sent += n > 0 ? (size_t)n : 0;
                if (asked++ < 10)
                        g_assert_true(guest_fixture_answers(f, db));
                (void)guest_fixture_serve(f);
                while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
                        g_byte_array_append(answers, buffer, (guint)n);
        }

        g_assert_cmpuint(sent, <, flood->len);
        g_assert_cmpuint(count_messages(answers, 2), ==, GUEST_REQUEST_BURST);
        g_assert_cmpuint(count_messages(answers, 3), <=, GUEST_MESSAGE_BURST - GUEST_REQUEST_BURST);
        g_assert_cmpuint(count_messages(answers, 3), >, 0);
        fd_close(fd);
        check_undisturbed(f, db);
}

/* One call of the other guest, while the first has its flood on the way. */
static void test_a_flood_does_not_keep_others_waiting(GuestFixture *f, gconstpointer unused) {
        g_autoptr(GByteArray) flood = make_flood();
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        g_autoptr(GByteArray) call = g_byte_array_new();
        int web = guest_fixture_connect(f, WEB_CID, ROOT_PORT), other = begin(f, DB_CID);
        uint8_t byte;
        unsigned turns = 0;

        while (recv(other, &byte, 1, 0) > 0)
                ; /* the handshake */
        g_assert_cmpint(send(web, flood->data, flood->len, MSG_NOSIGNAL), >, 0);
        append_call(call, FERRY_INTERFACE_GUEST, "Show", 1);
        g_assert_cmpint(send(other, call->data, call->len, 0), ==, (ssize_t)call->len);
        while (recv(other, &byte, 1, 0) < 0) {
                g_assert_cmpuint(++turns, <, 100);
                (void)sd_event_run(f->loop, 0);
        }
        fd_close(web);
        fd_close(other);
}

static void test_the_counts_are_the_guests_and_not_the_connections(GuestFixture *f,
                                                                   gconstpointer unused) {
        g_autoptr(sd_bus) first = guest_fixture_bus(f, WEB_CID, ROOT_PORT), second = NULL;

        for (unsigned i = 0; i < GUEST_REQUEST_BURST; i++)
                g_assert_true(guest_fixture_answers(f, first));
        g_assert_false(guest_fixture_answers(f, first));

        second = guest_fixture_bus(f, WEB_CID, ROOT_PORT);
        g_assert_false(guest_fixture_answers(f, second));
        guest_fixture_pass_time(G_USEC_PER_SEC / GUEST_REQUESTS_PER_SEC);
        g_assert_true(guest_fixture_answers(f, second));
        g_assert_false(guest_fixture_answers(f, second));
}

static void test_what_sd_bus_drops_is_counted_all_the_same(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        int fd = begin(f, WEB_CID);

        for (unsigned i = 0; i < 200; i++) { /* whole, and nonsense inside */
                static const uint8_t nonsense[] = { 'l', 1, 0, 1, 0, 0, 0,   0, 1,   0,   0, 0,
                                                    8,   0, 0, 0, 1, 1, 'o', 0, 255, 255, 0, 0 };

                g_byte_array_append(bytes, nonsense, sizeof(nonsense));
        }
        send_all(f, fd, bytes->data, bytes->len);
        check_hung_up(f, fd);
        check_undisturbed(f, db);
}

/* Which nobody wants, and which has the size that it says. */
static GByteArray *make_signal(size_t size) {
        GByteArray *bytes = g_byte_array_new();
        uint32_t body = GUINT32_TO_LE((uint32_t)size - 16);

        g_byte_array_set_size(bytes, (guint)size);
        memset(bytes->data, 0, size);
        memcpy(bytes->data, "l\4\0\1", 4);
        memcpy(bytes->data + 4, &body, sizeof(body));
        bytes->data[8] = 1;
        return bytes;
}

static void test_a_big_message_counts_as_many(GuestFixture *f, gconstpointer unused) {
        g_autoptr(GByteArray) big = make_signal(GUEST_MESSAGE_MAX);
        unsigned cost = 1 + GUEST_MESSAGE_MAX / GUEST_MESSAGE_SHARE;
        int fd = begin(f, WEB_CID);

        for (unsigned used = 1; used + cost <= GUEST_MESSAGE_BURST; used += cost) {
                send_all(f, fd, big->data, big->len);
                g_assert_false(guest_fixture_is_hung_up(f, fd));
        }
        send_all(f, fd, big->data, big->len);
        check_hung_up(f, fd);
}

/* A face that reads when the test does. */
static int open_slow_face(void *userdata, GuestSession *session, int fd, void **ret_face) {
        int *slow = userdata;

        *slow = fd;
        *ret_face = slow;
        return 0;
}

static void close_slow_face(void *userdata, void *face) {
        fd_close(*(int *)face);
}

static size_t read_slowly(GuestFixture *f, int slow) {
        char buffer[4096];
        size_t size = 0;
        ssize_t n;

        while ((n = recv(slow, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
                size += (size_t)n;
        (void)guest_fixture_serve(f);
        return size;
}

/* More of them than there is room for on the way to it. */
static void test_a_message_that_a_slow_face_holds_up_counts_once(GuestFixture *f,
                                                                 gconstpointer unused) {
        g_autoptr(GByteArray) signal = make_signal(GUEST_MESSAGE_SHARE - 1);
        int slow, fds[2];
        VsockFaces faces = { open_slow_face, close_slow_face, &slow };
        g_autoptr(Vsock) vsock = NULL;
        size_t passed = 0;

        g_assert_cmpint(vsock_new(f->loop, f->api, &faces, &vsock), >=, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        vsock_take(vsock, fds[0], WEB_CID, ROOT_PORT);
        g_assert_cmpint(send(fds[1], HANDSHAKE, HANDSHAKE_SIZE, 0), ==, HANDSHAKE_SIZE);
        for (unsigned sent = 1; sent < GUEST_MESSAGE_BURST; sent++) { /* connecting is one, too */
                while (send(fds[1], signal->data, signal->len, MSG_NOSIGNAL) < 0) {
                        g_assert_cmpint(errno, ==, EAGAIN);
                        passed += read_slowly(f, slow);
                }
                (void)guest_fixture_serve(f);
        }
        for (size_t n = 1; n > 0; passed += n)
                n = read_slowly(f, slow);
        g_assert_cmpuint(passed, ==,
                         HANDSHAKE_SIZE + (GUEST_MESSAGE_BURST - 1) * (size_t)signal->len);
        g_assert_cmpuint(vsock_count(vsock), ==, 1);
        fd_close(fds[1]);
}

static void test_an_oversized_message_is_not_even_read(GuestFixture *f, gconstpointer unused) {
        static const uint8_t header[] = { 'l', 1, 0, 1, 0, 0, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0 };
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        int fd = begin(f, WEB_CID);

        send_all(f, fd, header, sizeof(header)); /* 128 MiB */
        check_hung_up(f, fd);
        check_undisturbed(f, db);
}

static void test_random_bytes_are_hung_up_on(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);

        for (unsigned i = 0; i < 50; i++) {
                int fd = i % 2 ? begin(f, WEB_CID) : guest_fixture_connect(f, WEB_CID, ROOT_PORT);
                uint8_t bytes[8192];

                for (size_t at = 0; at < sizeof(bytes); at++)
                        bytes[at] = (uint8_t)g_test_rand_int_range(0, 256);
                if (i % 2)
                        bytes[0] = (uint8_t)(bytes[0] == 'l' || bytes[0] == 'B' ? 0 : bytes[0]);
                else
                        bytes[0] |= 1;
                send_all(f, fd, bytes, sizeof(bytes));
                check_hung_up(f, fd);
        }
        check_undisturbed(f, db);
}

/* How long ---------------------------------------------------------------------------- */

static void test_a_handshake_takes_no_longer_than_its_time(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        int fd = guest_fixture_connect(f, WEB_CID, ROOT_PORT);

        send_all(f, fd, "\0AUTH", 5);
        pass_time(f, VSOCK_AUTH_USEC - 1);
        g_assert_false(guest_fixture_is_hung_up(f, fd));
        pass_time(f, 1);
        check_hung_up(f, fd);
        check_undisturbed(f, db);
}

static void test_half_a_message_and_silence_is_hung_up_on(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        g_autoptr(GByteArray) call = g_byte_array_new();
        int fd = begin(f, WEB_CID);

        append_call(call, FERRY_INTERFACE_GUEST, "Show", 1);
        send_all(f, fd, call->data, 40);
        pass_time(f, VSOCK_HALF_USEC - 1);
        send_all(f, fd, call->data + 40, 1); /* a byte now and then does not help */
        g_assert_false(guest_fixture_is_hung_up(f, fd));
        pass_time(f, 1);
        check_hung_up(f, fd);
        check_undisturbed(f, db);
}

/* One call after the other, so that no half of one is there when it stalls. */
static void test_who_takes_no_answers_is_hung_up_on(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        g_autoptr(GByteArray) call = g_byte_array_new();
        int fd = begin(f, WEB_CID);

        append_call(call, "org.freedesktop.DBus.Introspectable", "Introspect", 1);
        for (unsigned i = 0; i < 300; i++) {
                send_all(f, fd, call->data, call->len);
                pass_time(f, G_USEC_PER_SEC / GUEST_REQUESTS_PER_SEC);
        }
        g_assert_cmpuint(vsock_count(f->vsock), ==, 1); /* before it takes them after all */
        check_hung_up(f, fd);
        check_undisturbed(f, db);
}

static void test_a_silent_guest_is_hung_up_on_in_the_end(GuestFixture *f, gconstpointer unused) {
        int fd = begin(f, WEB_CID);
        g_autoptr(GByteArray) ping = g_byte_array_new();

        append_call(ping, "org.freedesktop.DBus.Peer", "Ping", 1);
        for (unsigned i = 0; i < 5; i++) {
                pass_time(f, VSOCK_IDLE_USEC - 1);
                send_all(f, fd, ping->data, ping->len);
        }
        g_assert_false(guest_fixture_is_hung_up(f, fd));
        pass_time(f, VSOCK_IDLE_USEC);
        check_hung_up(f, fd);
}

/* Ends in the middle ------------------------------------------------------------------ */

static void test_a_guest_that_leaves_before_its_answer_is_no_matter(GuestFixture *f,
                                                                    gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        sd_bus *web = guest_fixture_bus(f, WEB_CID, ROOT_PORT);

        g_assert_cmpint(sd_bus_call_method_async(web, NULL, NULL, FERRY_OBJECT_GUEST,
                                                 FERRY_INTERFACE_GUEST, "Request", NULL, NULL,
                                                 "sta{sv}", "cores", UINT64_C(1), 0),
                        >=, 0);
        (void)guest_fixture_serve(f);
        sd_bus_close_unref(web);
        (void)guest_fixture_serve(f);
        slices_flush(fake_slices(f->slices));
        g_assert_cmpstr(fake_slices_asked(f->slices), ==, WEB_UUID " +1 cores\n");
        check_undisturbed(f, db);
}

static void test_a_connection_may_end_at_any_byte(GuestFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus) db = guest_fixture_bus(f, DB_CID, ROOT_PORT);
        g_autoptr(GByteArray) bytes = g_byte_array_new();

        g_byte_array_append(bytes, (const uint8_t *)HANDSHAKE, HANDSHAKE_SIZE);
        append_call(bytes, FERRY_INTERFACE_GUEST, "Show", 1);
        for (guint size = 0; size <= bytes->len; size++) {
                int fd = guest_fixture_connect(f, WEB_CID, ROOT_PORT);

                send_all(f, fd, bytes->data, size);
                fd_close(fd);
                (void)guest_fixture_serve(f);
                guest_fixture_pass_time(G_USEC_PER_SEC);
        }
        check_undisturbed(f, db);
}

/* Over AF_VSOCK there are none; whatever else stands in its place, they are closed. */
static void test_descriptors_are_not_taken(GuestFixture *f, gconstpointer unused) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
                                  .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS } };
        g_autoptr(GByteArray) call = g_byte_array_new();
        struct iovec vector;
        struct msghdr message = { .msg_iov = &vector,
                                  .msg_iovlen = 1,
                                  .msg_control = &control,
                                  .msg_controllen = sizeof(control) };
        int fd = begin(f, WEB_CID), pipe_fds[2];
        char byte;

        append_call(call, FERRY_INTERFACE_GUEST, "Show", 1);
        vector = (struct iovec){ call->data, call->len };
        g_assert_cmpint(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
        memcpy(CMSG_DATA(&control.header), &pipe_fds[1], sizeof(int));
        g_assert_cmpint(sendmsg(fd, &message, 0), ==, (ssize_t)call->len);
        fd_close(pipe_fds[1]);

        g_assert_false(guest_fixture_is_hung_up(f, fd));
        g_assert_cmpint(read(pipe_fds[0], &byte, 1), ==, 0); /* nobody has the other end */
        fd_close(pipe_fds[0]);
        fd_close(fd);
}

#define ADD(name, function)                                                            \
        g_test_add("/vsock/" name, GuestFixture, NULL, guest_fixture_set_up, function, \
                   guest_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a connection of nobody is closed without a word",
            test_a_connection_of_nobody_is_closed_without_a_word);
        ADD("the host itself is nobody", test_the_host_itself_is_nobody);
        ADD("guests of other hosts are nobody", test_guests_of_other_hosts_are_nobody);
        ADD("a guest that ends is hung up on", test_a_guest_that_ends_is_hung_up_on);
        ADD("a guest that is gone is hung up on", test_a_guest_that_is_gone_is_hung_up_on);
        ADD("a guest with the number of another does not inherit",
            test_a_guest_with_the_number_of_another_does_not_inherit);
        ADD("without libvirt nobody is known", test_without_libvirt_nobody_is_known);
        ADD("a third connection takes the place of the most silent",
            test_a_third_connection_takes_the_place_of_the_most_silent);
        ADD("a guest gets in although others have all connections",
            test_a_guest_gets_in_although_others_have_all_connections);
        ADD("only a silent guest gives way", test_only_a_silent_guest_gives_way);
        ADD("connecting again and again is counted", test_connecting_again_and_again_is_counted);
        ADD("a flood of requests ends soon", test_a_flood_of_requests_ends_soon);
        ADD("a flood does not keep others waiting", test_a_flood_does_not_keep_others_waiting);
        ADD("the counts are the guest's and not the connection's",
            test_the_counts_are_the_guests_and_not_the_connections);
        ADD("what sd-bus drops is counted all the same",
            test_what_sd_bus_drops_is_counted_all_the_same);
        ADD("a big message counts as many", test_a_big_message_counts_as_many);
        ADD("a message that a slow face holds up counts once",
            test_a_message_that_a_slow_face_holds_up_counts_once);
        ADD("an oversized message is not even read", test_an_oversized_message_is_not_even_read);
        ADD("random bytes are hung up on", test_random_bytes_are_hung_up_on);
        ADD("a handshake takes no longer than its time",
            test_a_handshake_takes_no_longer_than_its_time);
        ADD("half a message and silence is hung up on",
            test_half_a_message_and_silence_is_hung_up_on);
        ADD("who takes no answers is hung up on", test_who_takes_no_answers_is_hung_up_on);
        ADD("a silent guest is hung up on in the end",
            test_a_silent_guest_is_hung_up_on_in_the_end);
        ADD("a guest that leaves before its answer is no matter",
            test_a_guest_that_leaves_before_its_answer_is_no_matter);
        ADD("a connection may end at any byte", test_a_connection_may_end_at_any_byte);
        ADD("descriptors are not taken", test_descriptors_are_not_taken);
        return g_test_run();
}
