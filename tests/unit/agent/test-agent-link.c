/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection of a host to an agent: the real one, and such as lie, hang or break off. */

#include "daemon/edges/agent-link.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/names.h"
#include "tests/unit/agent/agent-fixture.h"

#define ROW   "sssstttsa{ss}"
#define NEVER (3600 * UINT64_C(1000000))
#define SOON  UINT64_C(1000)
#define AUTH  "OK 0123456789abcdef0123456789abcdef\r\n"
#define MSEC  UINT64_C(1000)

typedef struct Fixture {
        AgentFixture agent;
        AgentPatience patience;
        AgentLink *link;
        sd_bus *peer;     /* the agent's side, when it is the test's own */
        GString *reasons; /* of losses, a line each */
        unsigned reports;
        uint64_t cores, memory; /* of the last */
        unsigned usages;
        bool silent;            /* the last said that it cannot tell */
        uint64_t cpu, received; /* of the last */
        unsigned questions;     /* that came to the peer: of resources, */
        unsigned counter_questions;
        int (*answer_counters)(sd_bus_message *reply); /* NULL: as an older agent */
        int (*answer)(sd_bus_message *m, sd_bus_message *reply);
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        agent_fixture_set_up(&f->agent, NULL);
        f->patience = (AgentPatience){ NEVER, NEVER, NEVER, NEVER };
        f->reasons = g_string_new(NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        agent_link_free(f->link);
        sd_bus_close_unref(f->peer);
        g_string_free(f->reasons, TRUE);
        agent_fixture_tear_down(&f->agent, NULL);
}

static void on_report(void *userdata, AgentReport *report) {
        Fixture *f = userdata;

        f->reports++;
        f->cores = report->cores;
        f->memory = report->memory;
        agent_report_free(report);
}

static void on_lost(void *userdata, const char *reason) {
        Fixture *f = userdata;

        g_string_append_printf(f->reasons, "%s\n", reason);
        g_clear_pointer(&f->link, agent_link_free);
}

static void on_usage(void *userdata, AgentUsage *usage) {
        Fixture *f = userdata;

        f->usages++;
        f->silent = !usage;
        if (usage) {
                f->cpu = usage->sample.values[METRIC_CPU];
                f->received = usage->sample.values[METRIC_RECEIVE_BYTES];
        }
        agent_usage_free(usage);
}

static const AgentLinkListener listener = { on_report, on_lost, on_usage };

static void connect_to(Fixture *f, int fd) {
        g_assert_cmpint(agent_link_new(f->agent.event, fd, &f->patience, &listener, f, &f->link),
                        >=, 0);
}

static void turn(Fixture *f) {
        g_assert_cmpint(sd_event_run(f->agent.event, UINT64_MAX), >=, 0);
}

static void await_reports(Fixture *f, unsigned reports) {
        while (f->reports < reports && f->link)
                turn(f);
        g_assert_cmpstr(f->reasons->str, ==, "");
}

/* All has been asked then, and the link rests. */
static void await_usages(Fixture *f, unsigned usages) {
        while (f->usages < usages && f->link)
                turn(f);
        g_assert_cmpstr(f->reasons->str, ==, "");
}

static void await_loss(Fixture *f, const char *reason) {
        while (f->link)
                turn(f);
        g_assert_cmpstr(f->reasons->str, ==, reason);
}

/* A peer of the test's own ------------------------------------------------------------ */

static int method_list_resources(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        sd_bus_message *reply = NULL;
        Fixture *f = userdata;
        int r;

        f->questions++;
        if (!f->answer)
                return 1; /* hangs */

        g_assert_cmpint(sd_bus_message_new_method_return(m, &reply), >=, 0);
        r = f->answer(m, reply);
        g_assert_cmpint(r, >=, 0);
        r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int method_read_counters(sd_bus_message *m, Fixture *f) {
        sd_bus_message *reply = NULL;
        int r;

        f->counter_questions++;
        if (!f->answer_counters)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "Unknown method");

        g_assert_cmpint(sd_bus_message_new_method_return(m, &reply), >=, 0);
        r = f->answer_counters(reply);
        g_assert_cmpint(r, >=, 0);
        r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* It says what it answers itself, whatever that is. */
static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        if (sd_bus_message_is_method_call(m, FERRY_INTERFACE_AGENT, "ReadCounters"))
                return method_read_counters(m, userdata);
        return sd_bus_message_is_method_call(m, FERRY_INTERFACE_AGENT, "ListResources")
                       ? method_list_resources(m, userdata, reterr)
                       : 0;
}

static void start_peer(Fixture *f, int (*answer)(sd_bus_message *m, sd_bus_message *reply)) {
        int ends[2];

        f->answer = answer;
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
        g_assert_cmpint(sd_bus_new(&f->peer), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(f->peer, ends[1], ends[1]), >=, 0);
        g_assert_cmpint(
                sd_bus_set_server(f->peer, true,
                                  SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0)),
                >=, 0);
        g_assert_cmpint(sd_bus_set_anonymous(f->peer, true), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(f->peer, NULL, on_call, f), >=, 0);
        g_assert_cmpint(sd_bus_start(f->peer), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(f->peer, f->agent.event, 0), >=, 0);
        connect_to(f, ends[0]);
}

static int append_row(sd_bus_message *reply, const char *id, const char *parent, const char *kind,
                      uint64_t total, const char *unit) {
        return sd_bus_message_append(reply, "(" ROW ")", id, parent, kind, id, total, UINT64_C(0),
                                     UINT64_C(0), unit, 0);
}

static int open_rows(sd_bus_message *reply) {
        int r = sd_bus_message_open_container(reply, 'a', "(" ROW ")");

        return r < 0 ? r : append_row(reply, "host", "", "host", 0, "");
}

static int answer_well(sd_bus_message *m, sd_bus_message *reply) {
        int r = open_rows(reply);

        if (r >= 0)
                r = append_row(reply, "core:0", "host", "core", 2, "CPUs");
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_huge(sd_bus_message *m, sd_bus_message *reply) {
        int r = open_rows(reply);

        if (r >= 0)
                r = append_row(reply, "memory:0", "host", "memory", UINT64_MAX, "bytes");
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_negative(sd_bus_message *m, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "a(ssssxxxsa{ss})", 1, "host", "", "host", "host",
                                     INT64_C(-1), INT64_C(0), INT64_C(0), "", 0);
}

static int answer_nothing(sd_bus_message *m, sd_bus_message *reply) {
        return 0;
}

static int append_many(sd_bus_message *reply, unsigned rows) {
        int r = open_rows(reply);

        for (unsigned i = 1; r >= 0 && i < rows; i++) {
                g_autofree char *id = g_strdup_printf("c%u", i);

                r = append_row(reply, id, "host", "", 1, "");
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_4097(sd_bus_message *m, sd_bus_message *reply) {
        return append_many(reply, AGENT_ROWS_MAX + 1);
}

static int answer_100000(sd_bus_message *m, sd_bus_message *reply) {
        return append_many(reply, 100000);
}

static void emit_changed(Fixture *f) {
        g_assert_cmpint(sd_bus_emit_signal(f->peer, FERRY_OBJECT_AGENT, FERRY_INTERFACE_AGENT,
                                           "ResourcesChanged", NULL),
                        >=, 0);
}

/* The real one ------------------------------------------------------------------------- */

static void test_real(Fixture *f, gconstpointer unused) {
        connect_to(f, agent_fixture_start(&f->agent));
        await_reports(f, 1);
        g_assert_cmpuint(f->cores, ==, DEVICE_CORES);
        g_assert_cmpuint(f->memory, ==, DEVICE_MEMORY);
}

static void test_real_is_asked_again(Fixture *f, gconstpointer unused) {
        f->patience.ask = SOON;
        connect_to(f, agent_fixture_start(&f->agent));
        await_reports(f, 3);
}

static void test_real_dies(Fixture *f, gconstpointer unused) {
        connect_to(f, agent_fixture_start(&f->agent));
        await_usages(f, 1);
        g_assert_cmpint(kill(f->agent.pid, SIGKILL), ==, 0);
        await_loss(f, "the connection has ended\n");
}

static void test_real_stops(Fixture *f, gconstpointer unused) {
        f->patience.ask = SOON;
        connect_to(f, agent_fixture_start(&f->agent));
        await_usages(f, 1);
        g_assert_cmpint(kill(f->agent.pid, SIGSTOP), ==, 0);
        f->patience.answer = 50 * MSEC;
        while (f->link)
                turn(f);
        g_assert_cmpstr(f->reasons->str, ==, "it hangs: a question has had no answer\n");
}

/* Others -------------------------------------------------------------------------------- */

static void test_change(Fixture *f, gconstpointer unused) {
        f->patience.changed = SOON;
        start_peer(f, answer_well);
        await_usages(f, 1);
        emit_changed(f);
        await_reports(f, 2);
        g_assert_cmpuint(f->questions, ==, 2);
}

/* A thousand that say the same are one question more. */
static void test_flood_of_changes(Fixture *f, gconstpointer unused) {
        f->patience.changed = 300 * MSEC;
        start_peer(f, answer_well);
        await_usages(f, 1);
        for (unsigned i = 0; i < 1000; i++)
                emit_changed(f);
        await_reports(f, 2);
        g_assert_cmpuint(f->questions, ==, 2);
}

static void test_hang(Fixture *f, gconstpointer unused) {
        f->patience.answer = SOON;
        start_peer(f, NULL);
        await_loss(f, "it hangs: a question has had no answer\n");
}

static void assert_lie(Fixture *f, int (*answer)(sd_bus_message *m, sd_bus_message *reply),
                       const char *reason) {
        start_peer(f, answer);
        await_loss(f, reason);
        g_assert_cmpuint(f->reports, ==, 0);
}

static void test_huge(Fixture *f, gconstpointer unused) {
        assert_lie(f, answer_huge, "with memory:0 it would have more than 70368744177664 bytes\n");
}

static void test_negative(Fixture *f, gconstpointer unused) {
        assert_lie(f, answer_negative,
                   "its answer has the types 'a(ssssxxxsa{ss})' where a(sssstttsa{ss}) are asked "
                   "for: is it another version of virt-ferry?\n");
}

static void test_nothing(Fixture *f, gconstpointer unused) {
        assert_lie(f, answer_nothing,
                   "its answer has the types '' where a(sssstttsa{ss}) are asked for: is it "
                   "another version of virt-ferry?\n");
}

static void test_too_many(Fixture *f, gconstpointer unused) {
        assert_lie(f, answer_4097, "it tells of more than 4096 resources\n");
}

static void test_far_too_many(Fixture *f, gconstpointer unused) {
        assert_lie(f, answer_100000, "it says more than it may: an answer is 1 MiB at most\n");
}

/* What the device uses ------------------------------------------------------------------ */

static int answer_counters(sd_bus_message *reply) {
        return sd_bus_message_append(reply, "ta{st}a(sa{st})", UINT64_C(5), 2, "cpu", UINT64_C(7),
                                     "resident", UINT64_C(9), 2, "p0", 1, "receive-bytes",
                                     UINT64_C(40), "p1", 1, "receive-bytes", UINT64_C(2));
}

static int answer_counters_twice(sd_bus_message *reply) {
        return sd_bus_message_append(reply, "ta{st}a(sa{st})", UINT64_C(5), 0, 2, "p0", 0, "p0", 0);
}

static int answer_counters_of_none(sd_bus_message *reply) {
        return sd_bus_message_append(reply, "ta{sx}", UINT64_C(5), 1, "cpu", INT64_C(-1));
}

static int answer_counters_100000(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_append(reply, "ta{st}", UINT64_C(5), 0);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sa{st})");
        for (unsigned i = 0; r >= 0 && i < 100000; i++) {
                g_autofree char *port = g_strdup_printf("p%u", i);

                r = sd_bus_message_append(reply, "(sa{st})", port, 0);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void test_counters(Fixture *f, gconstpointer unused) {
        f->patience.ask = SOON;
        f->answer_counters = answer_counters;
        start_peer(f, answer_well);
        await_usages(f, 2);
        g_assert_false(f->silent);
        g_assert_cmpuint(f->cpu, ==, 7);
        g_assert_cmpuint(f->received, ==, 42);
        g_assert_cmpuint(f->reports, >=, 2);
}

static void test_real_counters(Fixture *f, gconstpointer unused) {
        connect_to(f, agent_fixture_start(&f->agent));
        await_usages(f, 1);
        g_assert_cmpuint(f->received, ==, 1500);
        g_assert_cmpuint(f->reports, ==, 1);
}

static void test_older(Fixture *f, gconstpointer unused) {
        f->patience.ask = SOON;
        start_peer(f, answer_well);
        await_reports(f, 4);
        g_assert_cmpuint(f->usages, ==, 1);
        g_assert_true(f->silent);
        g_assert_cmpuint(f->counter_questions, ==, 1);
}

static void assert_counters_lie(Fixture *f, int (*answer)(sd_bus_message *reply),
                                const char *reason) {
        f->answer_counters = answer;
        start_peer(f, answer_well);
        await_loss(f, reason);
        g_assert_cmpuint(f->usages, ==, 0);
}

static void test_counters_twice(Fixture *f, gconstpointer unused) {
        assert_counters_lie(f, answer_counters_twice, "it tells of port p0 twice\n");
}

static void test_counters_of_none(Fixture *f, gconstpointer unused) {
        assert_counters_lie(f, answer_counters_of_none,
                            "its answer has the types 'ta{sx}' where ta{st}a(sa{st}) are asked "
                            "for: is it another version of virt-ferry?\n");
}

static void test_far_too_many_ports(Fixture *f, gconstpointer unused) {
        assert_counters_lie(f, answer_counters_100000,
                            "it says more than it may: an answer is 1 MiB at most\n");
}

static int refuse(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FAILED, "no\nand no");
}

static void test_refusal(Fixture *f, gconstpointer unused) {
        start_peer(f, NULL);
        g_assert_cmpint(sd_bus_add_filter(f->peer, NULL, refuse, f), >=, 0);
        await_loss(f, "it refuses to answer: no and no\n");
}

static int never_called(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_assert_not_reached();
}

/* An agent that would ask its host. */
static void test_calls(Fixture *f, gconstpointer unused) {
        start_peer(f, answer_well);
        await_usages(f, 1);
        g_assert_cmpint(sd_bus_call_method_async(f->peer, NULL, NULL, "/",
                                                 "org.freedesktop.DBus.Peer", "GetMachineId",
                                                 never_called, NULL, NULL),
                        >=, 0);
        f->patience.changed = SOON;
        emit_changed(f);
        await_reports(f, 2);
        sd_bus_close(f->peer); /* without the call's timeout */
}

/* Bytes --------------------------------------------------------------------------------- */

static int start_bytes(Fixture *f, const void *bytes, size_t size) {
        int ends[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
        if (size > 0)
                g_assert_cmpint(send(ends[1], bytes, size, MSG_NOSIGNAL), ==, (ssize_t)size);
        connect_to(f, ends[0]);
        return ends[1];
}

static void test_silence(Fixture *f, gconstpointer unused) {
        int fd;

        f->patience.connect = SOON;
        fd = start_bytes(f, NULL, 0);
        await_loss(f, "it does not answer\n");
        (void)close(fd);
}

/* What a shell's profile may say. */
static void test_no_bus(Fixture *f, gconstpointer unused) {
        int fd = start_bytes(f, "Welcome to Linux!\r\n", 19);

        await_loss(f, "it does not speak D-Bus as agreed\n");
        (void)close(fd);
}

/* A header that promises 100 MiB, of which nothing comes. */
static void test_promise(Fixture *f, gconstpointer unused) {
        static const char header[] = AUTH "l\2\1\1\0\0\100\6\1\0\0\0\0\0\0\0";
        int fd;

        f->patience.answer = SOON;
        fd = start_bytes(f, header, sizeof(header) - 1);
        await_loss(f, "it hangs: a question has had no answer\n");
        (void)close(fd);
}

static void test_flood(Fixture *f, gconstpointer unused) {
        static const char header[] = AUTH "l\2\1\1\0\0\100\6\1\0\0\0\0\0\0\0";
        static const char chunk[4096];
        int fd = start_bytes(f, header, sizeof(header) - 1);

        g_assert_cmpint(fcntl(fd, F_SETFL, O_NONBLOCK), ==, 0);
        while (f->link) {
                (void)send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
                turn(f);
        }
        g_assert_cmpstr(f->reasons->str, ==,
                        "it says more than it may: an answer is 1 MiB at most\n");
        (void)close(fd);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/agent-link/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        ADD("a real agent says what its device has", test_real);
        ADD("a real agent is asked again", test_real_is_asked_again);
        ADD("a real agent that dies is away", test_real_dies);
        ADD("a real agent that is stopped hangs", test_real_stops);
        ADD("one that says that it has changed is asked", test_change);
        ADD("one that says so all the time is asked no more often", test_flood_of_changes);
        ADD("one that does not answer hangs", test_hang);
        ADD("more than there can be is refused", test_huge);
        ADD("negative numbers are refused", test_negative);
        ADD("an empty answer is refused", test_nothing);
        ADD("more than 4096 resources are refused", test_too_many);
        ADD("100,000 resources are not even read", test_far_too_many);
        ADD("after each report it says what is used", test_counters);
        ADD("a real agent says what its device uses", test_real_counters);
        ADD("one that is older is asked once what is used, and is no worse", test_older);
        ADD("a port that is told of twice is refused", test_counters_twice);
        ADD("counters of other types are refused", test_counters_of_none);
        ADD("100,000 ports are not even read", test_far_too_many_ports);
        ADD("an error is told in one line", test_refusal);
        ADD("an agent's own calls have no answer", test_calls);
        ADD("one that says nothing is away", test_silence);
        ADD("one that does not speak D-Bus is away", test_no_bus);
        ADD("a message that is promised and does not come hangs", test_promise);
        ADD("a message without an end is cut off", test_flood);
        return g_test_run();
}
