/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real daemon and the real agent of an offload device, with a systemd of the test's own, which
 * starts the agent where ssh would. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/agent/agent-fixture.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define SYSTEMD   "org.freedesktop.systemd1"
#define ROW       "sssstttsa{ss}"
#define TURN_USEC (20 * UINT64_C(1000))
#define NO_ROUTE  "ssh: connect to host dpu0 port 22: No route to host"

typedef enum Ssh {
        SSH_CONNECTS,
        SSH_FAILS,   /* with its words */
        SSH_REFUSED, /* by systemd */
} Ssh;

typedef struct Fixture {
        DaemonFixture base;
        AgentFixture device;
        sd_bus *systemd;
        Ssh ssh;
        unsigned starts, stops;
        char *unit, *command, *part_of; /* of the last start */
} Fixture;

/* systemd --------------------------------------------------------------------------- */

/* Of a property that is a file; the caller's. */
static int read_file(sd_bus_message *m) {
        int fd;

        g_assert_cmpint(sd_bus_message_read(m, "v", "h", &fd), >, 0);
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        g_assert_cmpint(fd, >=, 0);
        return fd;
}

static char *read_command(sd_bus_message *m) {
        g_auto(GStrv) argv = NULL;
        const char *path;

        g_assert_cmpint(sd_bus_message_enter_container(m, 'v', "a(sasb)"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(sasb)"), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'r', "sasb"), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "s", &path), >, 0);
        g_assert_cmpint(sd_bus_message_read_strv(m, &argv), >, 0);
        g_assert_cmpint(sd_bus_message_skip(m, "b"), >, 0);
        for (int i = 0; i < 3; i++)
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        g_assert_cmpstr(path, ==, argv[0]);
        return g_strjoinv(" ", argv);
}

static void read_order(Fixture *f, sd_bus_message *m, int *ret_stream, int *ret_words) {
        const char *unit, *name;

        g_assert_cmpint(sd_bus_message_read(m, "ss", &unit, NULL), >, 0);
        g_free(f->unit);
        f->unit = g_strdup(unit);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(sv)"), >, 0);
        while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "s", &name), >, 0);
                if (g_str_equal(name, "StandardInputFileDescriptor"))
                        *ret_stream = read_file(m);
                else if (g_str_equal(name, "StandardErrorFileDescriptor"))
                        *ret_words = read_file(m);
                else if (g_str_equal(name, "ExecStart")) {
                        g_free(f->command);
                        f->command = read_command(m);
                } else if (g_str_equal(name, "PartOf")) {
                        g_assert_cmpint(sd_bus_message_read(m, "v", "as", 1, &unit), >, 0);
                        g_free(f->part_of);
                        f->part_of = g_strdup(unit);
                } else
                        g_assert_cmpint(sd_bus_message_skip(m, "v"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        }
}

static int on_start(Fixture *f, sd_bus_message *m) {
        int stream = -1, words = -1;

        f->starts++;
        read_order(f, m, &stream, &words);
        g_assert_cmpint(stream, >=, 0);
        g_assert_cmpint(words, >=, 0);
        if (f->ssh == SSH_CONNECTS)
                agent_fixture_start_on(&f->device, stream, stream);
        else
                (void)close(stream);
        if (f->ssh == SSH_FAILS)
                g_assert_cmpint(write(words, NO_ROUTE "\r\n", strlen(NO_ROUTE "\r\n")), >, 0);
        (void)close(words);
        if (f->ssh == SSH_REFUSED)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "Not today");
        return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/7");
}

static void stop_agent(Fixture *f) {
        if (f->device.pid == 0)
                return;

        g_assert_cmpint(kill(f->device.pid, SIGKILL), ==, 0);
        (void)agent_fixture_finish(&f->device);
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *unit;

        if (sd_bus_message_is_method_call(m, SYSTEMD ".Manager", "StartTransientUnit"))
                return on_start(f, m) < 0 ? -EIO : 1;
        if (!sd_bus_message_is_method_call(m, SYSTEMD ".Manager", "StopUnit"))
                return 0;

        g_assert_cmpint(sd_bus_message_read(m, "ss", &unit, NULL), >, 0);
        g_assert_cmpstr(unit, ==, f->unit);
        f->stops++;
        stop_agent(f);
        return 1;
}

static void open_systemd(Fixture *f) {
        g_assert_cmpint(sd_bus_new(&f->systemd), >=, 0);
        g_assert_cmpint(sd_bus_set_address(f->systemd, f->base.bus->address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(f->systemd, true), >=, 0);
        g_assert_cmpint(sd_bus_start(f->systemd), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(f->systemd, NULL, on_call, f), >=, 0);
        g_assert_cmpint(sd_bus_request_name(f->systemd, SYSTEMD, 0), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(f->systemd, f->base.event, 0), >=, 0);
}

/* The daemon ------------------------------------------------------------------------ */

static void set_up(Fixture *f, gconstpointer ssh) {
        f->ssh = (Ssh)GPOINTER_TO_INT(ssh);
        agent_fixture_set_up(&f->device, NULL);
        daemon_fixture_set_up(&f->base, NULL);
        g_assert_cmpint(daemon_fixture_end(&f->base, SIGTERM), ==, 0);
        open_systemd(f);
        fake_root_put(f->base.root, "etc/virtferry/pools.d/dpu.conf",
                      "[Resource dpu0]\nParent=0000:3b:00.0\nAgent=root@dpu0\n", -1);
        daemon_fixture_start(&f->base);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        sd_bus_flush_close_unref(f->systemd);
        daemon_fixture_tear_down(&f->base, NULL);
        agent_fixture_tear_down(&f->device, NULL);
        g_free(f->unit);
        g_free(f->command);
        g_free(f->part_of);
}

static void read_attributes(sd_bus_message *m, GString *text) {
        const char *key, *value;

        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{ss}"), >, 0);
        while (sd_bus_message_read(m, "{ss}", &key, &value) > 0)
                if (g_str_equal(key, "agent") || g_str_equal(key, "problem"))
                        g_string_append_printf(text, "%s=%s\n", key, value);
        g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
}

/* Of what is below "offload:", a line for each: "ID USED/TOTAL", and its agent and its problem. */
static char *list_offload(Fixture *f) {
        g_autoptr(sd_bus_message) m = daemon_fixture_call(&f->base, FERRY_INTERFACE_MANAGER,
                                                          "ListResources", NULL, "");
        g_autoptr(GString) text = g_string_new(NULL), ignored = g_string_new(NULL);
        uint64_t total, used;
        const char *id;

        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(" ROW ")"), >, 0);
        while (sd_bus_message_enter_container(m, 'r', ROW) > 0) {
                bool wanted;

                g_assert_cmpint(sd_bus_message_read(m, "ssssttts", &id, NULL, NULL, NULL, &total,
                                                    &used, NULL, NULL),
                                >, 0);
                wanted = g_str_has_prefix(id, "offload:");
                if (wanted)
                        g_string_append_printf(text,
                                               "%s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "\n",
                                               id, used, total);
                read_attributes(m, wanted ? text : ignored);
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void await_offload(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;

        for (;;) {
                g_free(text);
                text = list_offload(f);
                if (strstr(text, expected))
                        return;
                g_assert_false(f->base.daemon->exited);
                g_assert_cmpint(sd_event_run(f->base.event, TURN_USEC), >=, 0);
        }
}

static void test_connects(Fixture *f, gconstpointer unused) {
        g_autofree char *text = NULL;

        await_offload(f, "agent=connected\n");
        text = list_offload(f);
        g_assert_nonnull(strstr(text, "offload:dpu0/cores 0/6\n"));
        g_assert_nonnull(strstr(text, "offload:dpu0/memory 536870912/1073741824\n"));
        g_assert_true(g_str_has_prefix(f->unit, "virtferry-agent-dpu0-"));
        g_assert_true(g_str_has_suffix(f->unit, ".service"));
        g_assert_true(g_str_has_prefix(f->command, "/usr/bin/ssh -Tax -oBatchMode=yes "));
        g_assert_nonnull(
                strstr(f->command, " -- root@dpu0 " FERRY_LIBEXECDIR "/virtferryd --agent"));
}

/* Bytes of memory in use of the first offload device in ListUsage; -1: there is none. */
static double read_resident(Fixture *f) {
        g_autoptr(sd_bus_message)
                m = daemon_fixture_call(&f->base, FERRY_INTERFACE_MANAGER, "ListUsage", NULL, "");
        const char *kind, *id, *metric;
        double value, resident = -1;

        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(sssa{sd})"), >, 0);
        while (sd_bus_message_enter_container(m, 'r', "sssa{sd}") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "sss", &kind, &id, NULL), >, 0);
                g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sd}"), >, 0);
                while (sd_bus_message_read(m, "{sd}", &metric, &value) > 0)
                        if (g_str_equal(kind, "offload") && g_str_equal(id, "dpu0") &&
                            g_str_equal(metric, "resident"))
                                resident = value;
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        }
        return resident;
}

static void test_is_in_telemetry(Fixture *f, gconstpointer unused) {
        while (read_resident(f) < 0)
                g_assert_cmpint(sd_event_run(f->base.event, TURN_USEC), >=, 0);
        g_assert_cmpfloat_with_epsilon(read_resident(f), (double)DEVICE_MEMORY / 4, 0.5);
        f->ssh = SSH_FAILS; /* and does not come back */
        stop_agent(f);
        while (read_resident(f) >= 0)
                g_assert_cmpint(sd_event_run(f->base.event, TURN_USEC), >=, 0);
}

static void test_dies(Fixture *f, gconstpointer unused) {
        await_offload(f, "agent=connected\n");
        stop_agent(f);
        await_offload(f, "agent=away: the connection has ended\n");
        await_offload(f, "agent=connected\n");
        g_assert_cmpuint(f->starts, ==, 2);
        g_assert_cmpuint(f->stops, ==, 1);
}

static void test_fails(Fixture *f, gconstpointer unused) {
        await_offload(
                f, "agent=away: the connection has ended: " NO_ROUTE "\n"
                   "problem=/etc/virtferry/pools.d/dpu.conf: [Resource dpu0] has nothing "
                   "without its agent root@dpu0, which is away: the connection has ended: " NO_ROUTE
                   "\n");
}

static void test_refused(Fixture *f, gconstpointer unused) {
        await_offload(f, "agent=away: systemd does not start ssh: Not today\n");
}

/* systemd stops what is part of the daemon's unit, and without a systemd the input ends. */
static void test_ends(Fixture *f, gconstpointer unused) {
        await_offload(f, "agent=connected\n");
        g_assert_cmpstr(f->part_of, ==, "virtferryd.service");
        g_assert_cmpint(daemon_fixture_end(&f->base, SIGTERM), ==, 0);
        g_assert_cmpint(agent_fixture_finish(&f->device), ==, 0);
}

int main(int argc, char **argv) {
#define ADD(name, ssh, function) \
        g_test_add("/agent-host/" name, Fixture, GINT_TO_POINTER(ssh), set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        ADD("what an agent tells is in the resource map", SSH_CONNECTS, test_connects);
        ADD("what its device uses is in telemetry, while it is there", SSH_CONNECTS,
            test_is_in_telemetry);
        ADD("an agent that dies is away and comes back", SSH_CONNECTS, test_dies);
        ADD("what ssh says is why an agent is away", SSH_FAILS, test_fails);
        ADD("what systemd refuses is why an agent is away", SSH_REFUSED, test_refused);
        ADD("the daemon leaves no ssh behind", SSH_CONNECTS, test_ends);
        return g_test_run();
}
