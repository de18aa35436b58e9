/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/facts/fd.h"
#include "tests/unit/guest/guest-fixture.h"
#include "tests/unit/lib/program.h"
#include "xml/ferry-error.h"

/* virt-ferry-guest as guest "web" runs it, over a UNIX socket. GUEST_CLIENT, a path, comes from the
 * build. */

typedef struct Fixture {
        GuestFixture guests;
        char *directory, *path, *address;
        int listener;
        sd_event_source *source;
        unsigned cid, port; /* of the next connection */
} Fixture;

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Fixture *f = userdata;
        int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        g_assert_cmpint(accepted, >=, 0);
        vsock_take(f->guests.vsock, accepted, f->cid, f->port);
        return 0;
}

static void set_up(Fixture *f, gconstpointer unused) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        guest_fixture_set_up(&f->guests, NULL);
        fake_slices_answer_at_once(f->guests.slices);
        f->cid = WEB_CID;
        f->port = ROOT_PORT;
        f->directory = g_dir_make_tmp("virt-ferry-guest-XXXXXX", NULL);
        f->path = g_build_filename(f->directory, "host", NULL);
        f->address = g_strconcat("unix:", f->path, NULL);
        g_assert_cmpuint(strlen(f->path), <, sizeof(address.sun_path));
        memcpy(address.sun_path, f->path, strlen(f->path));
        f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        g_assert_cmpint(bind(f->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(f->listener, 8), ==, 0);
        g_assert_cmpint(
                sd_event_add_io(f->guests.loop, &f->source, f->listener, EPOLLIN, on_connection, f),
                >=, 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        sd_event_source_unref(f->source);
        fd_close(f->listener);
        (void)g_unlink(f->path);
        (void)g_rmdir(f->directory);
        g_free(f->directory);
        g_free(f->path);
        g_free(f->address);
        guest_fixture_tear_down(&f->guests, NULL);
}

/* `command` is what stands behind the address. */
static Program *start(Fixture *f, const char *command) {
        g_auto(GStrv) words = g_strsplit(command, " ", -1);
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        static const char *const environment[] = { NULL };

        g_ptr_array_add(argv, (char *)GUEST_CLIENT);
        g_ptr_array_add(argv, (char *)"--connect");
        g_ptr_array_add(argv, f->address);
        for (char **word = words; *word; word++)
                g_ptr_array_add(argv, *word);
        g_ptr_array_add(argv, NULL);
        return program_start(f->guests.loop, (const char *const *)argv->pdata, environment, "", 0);
}

static void check(Fixture *f, const char *command, int status, const char *out, const char *err) {
        g_autoptr(Program) program = start(f, command);

        program_finish(program);
        g_assert_cmpstr(program->err->str, ==, err);
        g_assert_cmpstr(program->out->str, ==, out);
        g_assert_cmpint(program->status, ==, status);
}

static void test_it_shows_what_the_guest_has_and_may_have(Fixture *f, gconstpointer unused) {
        check(f, "show", 0,
              "State: enforced\n"
              "\n"
              "KIND            HAS                 MAY HAVE\n"
              "cores           2                   1 to 8\n"
              "memory          1 GiB               512 MiB to 16 GiB\n"
              "functions       1                   -\n"
              "bandwidth       1000 Mbit/s         0 Mbit/s to 10000 Mbit/s\n"
              "\n"
              "FUNCTION        MIN MBIT            MAX MBIT\n"
              "nic             1000                5000\n",
              "");
        check(f, "show --json", 0,
              "{\"State\":\"enforced\",\"Holdings\":["
              "{\"Kind\":\"cores\",\"Wanted\":2,\"Granted\":2,\"Least\":1,\"Most\":8},"
              "{\"Kind\":\"memory\",\"Wanted\":1073741824,\"Granted\":1073741824,"
              "\"Least\":536870912,\"Most\":17179869184},"
              "{\"Kind\":\"functions\",\"Wanted\":1,\"Granted\":1,\"Least\":1,\"Most\":1},"
              "{\"Kind\":\"bandwidth\",\"Wanted\":1000,\"Granted\":1000,\"Least\":0,"
              "\"Most\":10000}],"
              "\"Functions\":[{\"Name\":\"nic\",\"MinMbit\":1000,\"MaxMbit\":5000}]}\n",
              "");
}

static void test_a_slice_that_gave_way_and_none_are_told_apart(Fixture *f, gconstpointer unused) {
        fake_slices_set(f->guests.slices, WEB_UUID,
                        "<slice version='1' priority='best-effort'>"
                        "<memory size='1536' unit='MiB'/><function name='a'/></slice>",
                        SLICE_PREEMPTED);
        check(f, "show", 0,
              "State: preempted\n"
              "\n"
              "KIND            HAS                 MAY HAVE\n"
              "memory          0 of 1536 MiB       -\n"
              "functions       0 of 1              -\n"
              "\n"
              "FUNCTION        MIN MBIT            MAX MBIT\n"
              "a               -                   -\n",
              "");
        f->cid = DB_CID;
        check(f, "show", 0, "State: none\n", "");
        check(f, "--json show", 0, "{\"State\":\"none\",\"Holdings\":[],\"Functions\":[]}\n", "");
}

static void test_it_asks_in_the_units_of_people(Fixture *f, gconstpointer unused) {
        check(f, "request cores 2", 0, "", "");
        check(f, "release memory 512MiB", 0, "", "");
        check(f, "request functions 1 name=fast min-mbit=500", 0, "", "");
        g_assert_cmpstr(fake_slices_asked(f->guests.slices), ==,
                        WEB_UUID " +2 cores\n" WEB_UUID " -536870912 memory\n" WEB_UUID
                                 " +1 functions name=fast min-mbit=500\n");
}

static void test_a_refusal_is_the_hosts_sentence(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = g_error_new_literal(FERRY_ERROR, FERRY_ERROR_NO_RESOURCES, "");

        fake_slices_refuse(f->guests.slices, error);
        check(f, "request cores 2", 1, "",
              "virt-ferry-guest: cores: there is not as much free now; try again later, or less\n");
        f->port = USER_PORT;
        check(f, "request cores 2", 1, "",
              "virt-ferry-guest: Only root of this guest may change what it has: ask from a "
              "reserved port\n");
}

static void test_it_says_why_the_host_is_not_reached(Fixture *f, gconstpointer unused) {
        g_autofree char *hung_up = g_strdup_printf(
                "virt-ferry-guest: %s: the host has hung up: it does not know this guest, or has "
                "heard too much of it lately\n",
                f->address);
        g_autofree char *nobody = g_strdup_printf(
                "virt-ferry-guest: %s: No such file or directory: does virtferryd run on the host, "
                "and may guests ask?\n",
                f->address);

        f->cid = 77;
        check(f, "show", 3, "", hung_up);
        (void)g_unlink(f->path);
        check(f, "request cores 1", 3, "", nobody);
}

#define HELP "; see 'virt-ferry-guest --help'\n"

static void test_wrong_usage_is_told_before_anybody_is_asked(Fixture *f, gconstpointer unused) {
        static const char *const wrong[][2] = {
                { "shout", "there is no command 'shout'" HELP },
                { "show me", "'show' takes no arguments" HELP },
                { "request cores", "'request' needs KIND and AMOUNT" HELP },
                { "request cores 1 a=1 b=1 c=1 d=1 e=1",
                  "'request' takes no more than 6 arguments" HELP },
                { "request cores 0", "'0' is no amount of cores: it is a number from 1 on\n" },
                { "request cores 2GiB",
                  "'2GiB' is no amount of cores: it is a number from 1 on\n" },
                { "request memory 2", "'2' is no amount of memory: it is as in 512MiB or 4GiB\n" },
                { "request memory 99999999TiB",
                  "'99999999TiB' is no amount of memory: it is as in 512MiB or 4GiB\n" },
                { "release cores 1 fast", "'fast' says nothing: it is as in name=nic\n" },
                { "release cores 1 =fast", "'=fast' says nothing: it is as in name=nic\n" },
                { "release c\xc3\xb6res 1", "'c\xc3\xb6res' is no kind\n" },
                { "--connect tcp:x show", "'tcp:x' is no address: it is as in vsock:2:33779" HELP },
                { "--connect vsock:2 show",
                  "'vsock:2' is no address: it is as in vsock:2:33779" HELP },
                { "--timeout soon watch", "--timeout must be 0 to 86400 seconds, not 'soon'" HELP },
                { "--timeout 86401 watch",
                  "--timeout must be 0 to 86400 seconds, not '86401'" HELP },
                { "--connect vsock:-2:1 show",
                  "'vsock:-2:1' is no address: it is as in vsock:2:33779" HELP },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                g_autofree char *err = g_strconcat("virt-ferry-guest: ", wrong[i][1], NULL);

                check(f, wrong[i][0], 2, "", err);
        }
        g_assert_cmpstr(fake_slices_asked(f->guests.slices), ==, "");
}

static void test_it_shows_each_change(Fixture *f, gconstpointer unused) {
        g_autoptr(Program) program = start(f, "watch --json");

        program_await(program, program->out, "\"Wanted\":2,");
        fake_slices_set(f->guests.slices, WEB_UUID, "<slice version='1'><cores count='3'/></slice>",
                        SLICE_PROMISED);
        guest_api_on_slice(f->guests.api, WEB_UUID);
        program_await(program, program->out,
                      "{\"State\":\"promised\",\"Holdings\":[{\"Kind\":\"cores\",\"Wanted\":3,");
        g_assert_cmpint(kill(program->pid, SIGTERM), ==, 0);
        program_finish(program);
        g_assert_cmpint(program->status, ==, -SIGTERM);
}

/* The guest has moved: its connection is gone, and its next one is to another daemon. */
static void test_it_goes_on_watching_when_the_connection_is_lost(Fixture *f, gconstpointer unused) {
        g_autoptr(Program) program = start(f, "watch --json");

        program_await(program, program->out, "\"State\":\"enforced\"");
        guest_fixture_tell(&f->guests, GUEST_LEFT, WEB_UUID, 0);
        fake_slices_set(f->guests.slices, WEB_UUID, "<slice version='1'><cores count='3'/></slice>",
                        SLICE_PROMISED);
        guest_fixture_tell(&f->guests, GUEST_ARRIVED, WEB_UUID, WEB_CID);
        program_await(program, program->out, "\"State\":\"promised\"");
        g_assert_cmpint(kill(program->pid, SIGTERM), ==, 0);
        program_finish(program);
}

/* So that whatever it sends next is hung up on. */
static void use_up_messages(Fixture *f) {
        int fd = guest_fixture_connect(&f->guests, WEB_CID, USER_PORT);
        g_autoptr(GByteArray) bytes = g_byte_array_new();

        g_byte_array_append(bytes, (const uint8_t *)HANDSHAKE, HANDSHAKE_SIZE);
        for (unsigned i = 1; i <= GUEST_MESSAGE_BURST; i++)
                append_call(bytes, "org.freedesktop.DBus.Peer", "Ping", i);
        g_assert_cmpint(send(fd, bytes->data, bytes->len, MSG_NOSIGNAL), ==, (ssize_t)bytes->len);
        g_assert_true(guest_fixture_is_hung_up(&f->guests, fd));
        fd_close(fd);
}

/* The signal is there, and the connection is gone before the answer. */
static void test_a_connection_that_is_lost_before_an_answer_is_no_end(Fixture *f,
                                                                      gconstpointer unused) {
        g_autoptr(Program) program = start(f, "watch --json");

        program_await(program, program->out, "\"State\":\"enforced\"");
        use_up_messages(f);
        fake_slices_set(f->guests.slices, WEB_UUID, "<slice version='1'><cores count='3'/></slice>",
                        SLICE_PROMISED);
        guest_api_on_slice(f->guests.api, WEB_UUID);
        while (vsock_count(f->guests.vsock) > 0)
                g_assert_cmpint(sd_event_run(f->guests.loop, UINT64_MAX), >=, 0);
        guest_fixture_pass_time(60 * G_USEC_PER_SEC);
        program_await(program, program->out, "\"State\":\"promised\"");
        g_assert_cmpint(kill(program->pid, SIGTERM), ==, 0);
        program_finish(program);
        g_assert_cmpstr(program->err->str, ==, "");
}

/* Its last word is why, and it does not try for ever. */
static void test_a_host_that_stays_away_ends_the_watch(Fixture *f, gconstpointer unused) {
        g_autoptr(Program) program = start(f, "watch --json --timeout 0");
        g_autofree char *err = g_strdup_printf(
                "virt-ferry-guest: %s: lost, and not back within 0 seconds: No such file or "
                "directory: does virtferryd run on the host, and may guests ask?\n",
                f->address);

        program_await(program, program->out, "\"State\":\"enforced\"");
        (void)g_unlink(f->path);
        guest_fixture_tell(&f->guests, GUEST_LEFT, WEB_UUID, 0);
        program_finish(program);
        g_assert_cmpstr(program->err->str, ==, err);
        g_assert_cmpint(program->status, ==, 3);
}

static void test_help_and_version_ask_nobody(Fixture *f, gconstpointer unused) {
        g_autoptr(Program) help = start(f, "--help"), version = start(f, "--version");

        program_finish(help);
        program_finish(version);
        g_assert_true(g_str_has_prefix(help->out->str, "virt-ferry-guest [OPTIONS] COMMAND\n"));
        g_assert_cmpstr(version->out->str, ==, "virt-ferry-guest " PROJECT_VERSION "\n");
        g_assert_cmpint(help->status | version->status, ==, 0);
}

/* Where it goes there may be no library, and not much room. */
static void test_it_is_one_small_file(Fixture *f, gconstpointer unused) {
        g_autofree char *bytes = NULL;
        size_t size;

#if !GUEST_IS_STATIC
        g_test_skip("it is linked with a sanitizer");
        return;
#endif
        g_assert_true(g_file_get_contents(GUEST_CLIENT, &bytes, &size, NULL));
        g_assert_cmpuint(size, <, 1000000);
        g_assert_null(g_strstr_len(bytes, (gssize)size, "/lib64/ld-linux"));
}

#define ADD(name, function) g_test_add("/client/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("it shows what the guest has and may have",
            test_it_shows_what_the_guest_has_and_may_have);
        ADD("a slice that gave way and none are told apart",
            test_a_slice_that_gave_way_and_none_are_told_apart);
        ADD("it asks in the units of people", test_it_asks_in_the_units_of_people);
        ADD("a refusal is the host's sentence", test_a_refusal_is_the_hosts_sentence);
        ADD("it says why the host is not reached", test_it_says_why_the_host_is_not_reached);
        ADD("wrong usage is told before anybody is asked",
            test_wrong_usage_is_told_before_anybody_is_asked);
        ADD("it shows each change", test_it_shows_each_change);
        ADD("it goes on watching when the connection is lost",
            test_it_goes_on_watching_when_the_connection_is_lost);
        ADD("a connection that is lost before an answer is no end",
            test_a_connection_that_is_lost_before_an_answer_is_no_end);
        ADD("a host that stays away ends the watch", test_a_host_that_stays_away_ends_the_watch);
        ADD("help and version ask nobody", test_help_and_version_ask_nobody);
        ADD("it is one small file", test_it_is_one_small_file);
        return g_test_run();
}
