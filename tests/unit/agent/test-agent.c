/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* virtferryd --agent, asked as a host asks it. */

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/agent.h"
#include "daemon/edges/agent-answer.h"
#include "daemon/names.h"
#include "dbus/agent-face.h"
#include "tests/unit/agent/agent-fixture.h"
#include "tests/unit/dbus/introspection.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus, sd_bus_close_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/* Takes both. */
static sd_bus *connect_to(int input, int output) {
        sd_bus *bus;

        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, input, output), >=, 0);
        g_assert_cmpint(sd_bus_set_anonymous(bus, true), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        return bus;
}

static sd_bus_message *call(sd_bus *bus, const char *interface, const char *method) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(bus, NULL, FERRY_OBJECT_AGENT, interface, method, &error, &reply,
                               NULL);
        g_assert_cmpstr(error.message, ==, NULL);
        g_assert_cmpint(r, >=, 0);
        return reply;
}

static void assert_resources(sd_bus *bus) {
        g_autoptr(sd_bus_message) answer = call(bus, FERRY_INTERFACE_AGENT, "ListResources");
        g_autoptr(AgentReport) report = NULL;
        g_autoptr(GError) error = NULL;

        report = agent_answer_read(answer, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(report->cores, ==, DEVICE_CORES);
        g_assert_cmpuint(report->memory, ==, DEVICE_MEMORY);
        g_assert_cmpuint(report->memory_used, ==, DEVICE_MEMORY / 2);
}

static void test_socket(AgentFixture *f, gconstpointer unused) {
        int fd = agent_fixture_start(f);
        g_autoptr(sd_bus) bus = connect_to(fd, fd);

        assert_resources(bus);
}

static AgentUsage *read_usage(sd_bus *bus) {
        g_autoptr(sd_bus_message) answer = call(bus, FERRY_INTERFACE_AGENT, "ReadCounters");
        g_autoptr(GError) error = NULL;
        AgentUsage *usage;

        usage = agent_answer_read_usage(answer, &error);
        g_assert_no_error(error);
        return usage;
}

static void test_counters(AgentFixture *f, gconstpointer unused) {
        uint64_t tick = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
        uint64_t before = (uint64_t)g_get_monotonic_time();
        int fd = agent_fixture_start(f);
        g_autoptr(sd_bus) bus = connect_to(fd, fd);
        g_autoptr(AgentUsage) usage = read_usage(bus);

        g_assert_cmpuint(usage->monotonic, >=, before);
        g_assert_cmpuint(usage->monotonic, <=, (uint64_t)g_get_monotonic_time());
        g_assert_cmpuint(usage->sample.values[METRIC_CPU], ==, DEVICE_CPU_TICKS * tick);
        g_assert_cmpuint(usage->sample.values[METRIC_RESIDENT], ==, DEVICE_MEMORY / 4);
        g_assert_cmpuint(usage->sample.values[METRIC_UNUSED], ==, DEVICE_MEMORY / 4 * 3);
        g_assert_cmpuint(usage->sample.values[METRIC_IO_STALL], ==, 4711);
        g_assert_cmpuint(usage->sample.values[METRIC_CPU_STALL], ==, METRIC_MISSING);
        g_assert_cmpuint(usage->sample.values[METRIC_RECEIVE_BYTES], ==, 1500);
        g_assert_cmpuint(usage->sample.values[METRIC_TRANSMIT_DROPS], ==, 3);
        g_assert_cmpuint(usage->sample.values[METRIC_TRANSMIT_BYTES], ==, METRIC_MISSING);
        g_assert_cmpuint(g_hash_table_size(usage->ports), ==, 2);
}

/* What a host takes for the word of an agent that is older than its question. */
static void test_unknown(AgentFixture *f, gconstpointer unused) {
        int fd = agent_fixture_start(f);
        g_autoptr(sd_bus) bus = connect_to(fd, fd);
        sd_bus_error error = SD_BUS_ERROR_NULL;

        g_assert_cmpint(sd_bus_call_method(bus, NULL, FERRY_OBJECT_AGENT, FERRY_INTERFACE_AGENT,
                                           "ReadFuture", &error, NULL, NULL),
                        <, 0);
        g_assert_cmpstr(error.name, ==, SD_BUS_ERROR_UNKNOWN_METHOD);
        sd_bus_error_free(&error);
}

/* As sshd gives them to it. */
static void test_pipes(AgentFixture *f, gconstpointer unused) {
        int there[2], back[2];
        g_autoptr(sd_bus) bus = NULL;

        g_assert_cmpint(pipe2(there, O_CLOEXEC), ==, 0);
        g_assert_cmpint(pipe2(back, O_CLOEXEC), ==, 0);
        agent_fixture_start_on(f, there[0], back[1]);
        bus = connect_to(back[0], there[1]);
        assert_resources(bus);
        g_clear_pointer(&bus, sd_bus_close_unref);
        g_assert_cmpint(agent_fixture_finish(f), ==, 0);
}

static void test_end(AgentFixture *f, gconstpointer unused) {
        g_autofree char *words = NULL;
        int fd = agent_fixture_start(f);
        g_autoptr(sd_bus) bus = connect_to(fd, fd);

        assert_resources(bus);
        g_clear_pointer(&bus, sd_bus_close_unref);
        g_assert_cmpint(agent_fixture_finish(f), ==, 0);
        words = agent_fixture_words(f);
        g_assert_cmpstr(words, ==, "");
}

static void test_end_before_the_first_word(AgentFixture *f, gconstpointer unused) {
        (void)close(agent_fixture_start(f));
        g_assert_cmpint(agent_fixture_finish(f), ==, 0);
}

static void test_contract(AgentFixture *f, gconstpointer unused) {
        g_autofree char *file = NULL, *promised = NULL, *there = NULL;
        int fd = agent_fixture_start(f);
        g_autoptr(sd_bus) bus = connect_to(fd, fd);
        g_autoptr(sd_bus_message) reply = NULL;
        const char *xml;

        reply = call(bus, "org.freedesktop.DBus.Introspectable", "Introspect");
        g_assert_cmpint(sd_bus_message_read(reply, "s", &xml), >, 0);
        g_assert_true(g_file_get_contents(FERRY_AGENT_CONTRACT, &file, NULL, NULL));
        promised = introspection_to_text(file, NULL);
        there = introspection_to_text(xml, NULL);
        g_assert_cmpstr(there, ==, promised);
        g_assert_nonnull(strstr(there, "ListResources"));
}

static void test_version(AgentFixture *f, gconstpointer unused) {
        int fd = agent_fixture_start(f);
        g_autoptr(sd_bus) bus = connect_to(fd, fd);
        g_autofree char *version = NULL;

        g_assert_cmpint(sd_bus_get_property_string(bus, NULL, FERRY_OBJECT_AGENT,
                                                   FERRY_INTERFACE_AGENT, "Version", NULL,
                                                   &version),
                        >=, 0);
        g_assert_cmpstr(version, ==, FERRY_VERSION);
}

static void test_terminal(AgentFixture *f, gconstpointer unused) {
        g_autofree char *words = NULL;
        int ours, theirs;

        g_assert_cmpint(openpty(&ours, &theirs, NULL, NULL, NULL), ==, 0);
        agent_fixture_start_on(f, theirs, theirs);
        g_assert_cmpint(agent_fixture_finish(f), ==, 1);
        words = agent_fixture_words(f);
        g_assert_cmpstr(words, ==,
                        "virtferryd: An agent speaks D-Bus on its standard input and output, and "
                        "these are a terminal: the virtferryd of the host starts it, see "
                        "virtferry-pools.d(5)\n");
        (void)close(ours);
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        bool *told = userdata;

        *told = true;
        return 0;
}

/* The face alone, which looks more often than the program. */
static void test_change(AgentFixture *f, gconstpointer unused) {
        g_autoptr(Agent) agent = agent_new(fake_root_sysfs(f->root));
        g_autoptr(ResourceMap) seen = agent_read_map(agent);
        g_autoptr(AgentFace) face = NULL;
        g_autoptr(sd_bus) bus = NULL;
        bool told = false;
        int ends[2];

        g_assert_nonnull(seen);
        g_assert_false(agent_has_changed(agent));
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
        g_assert_cmpint(agent_face_new(f->event, agent, ends[1], ends[1], 1000, &face), >=, 0);
        bus = connect_to(ends[0], ends[0]);
        g_assert_cmpint(sd_bus_match_signal(bus, NULL, NULL, FERRY_OBJECT_AGENT,
                                            FERRY_INTERFACE_AGENT, "ResourcesChanged", on_changed,
                                            &told),
                        >=, 0);
        g_assert_cmpint(sd_bus_attach_event(bus, f->event, 0), >=, 0);
        fake_root_put(f->root, "proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 1 kB\n", -1);
        g_assert_false(agent_has_changed(agent)); /* what is used does not count */
        while (!sd_bus_is_ready(bus))
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        fake_root_put(f->root, "proc/meminfo", "MemTotal: 2097152 kB\nMemFree: 1 kB\n", -1);
        while (!told)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        g_assert_cmpint(sd_bus_detach_event(bus), >=, 0);
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                            \
        g_test_add("/agent/" name, AgentFixture, NULL, agent_fixture_set_up, function, \
                   agent_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        ADD("tells what its device has over a socket", test_socket);
        ADD("tells what its device uses", test_counters);
        ADD("says of a question that it is too old for", test_unknown);
        ADD("tells what its device has over two pipes", test_pipes);
        ADD("ends well and silently when its host has gone", test_end);
        ADD("ends well when its host goes before the first word", test_end_before_the_first_word);
        ADD("keeps what its contract promises", test_contract);
        ADD("says its version", test_version);
        ADD("does not speak to a person", test_terminal);
        ADD("tells when there is more or less", test_change);
        return g_test_run();
}
