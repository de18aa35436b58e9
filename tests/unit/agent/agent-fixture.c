/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/agent/agent-fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPUS "sys/devices/system/cpu/"

static void put_counters(FakeRoot *root) {
        fake_root_put(root, "proc/stat", "cpu  700 0 300 9000 0 0 0 0 0 0\ncpu0 1\n", -1);
        fake_root_put(root, "proc/pressure/io", "some avg10=0.00 total=4711\n", -1);
        fake_root_put(root, "sys/class/net/p0/device/vendor", "0x15b3\n", -1);
        fake_root_put(root, "sys/class/net/p0/statistics/rx_bytes", "1000\n", -1);
        fake_root_put(root, "sys/class/net/p1/device/vendor", "0x15b3\n", -1);
        fake_root_put(root, "sys/class/net/p1/statistics/rx_bytes", "500\n", -1);
        fake_root_put(root, "sys/class/net/p1/statistics/tx_dropped", "3\n", -1);
}

static void put_device(FakeRoot *root) {
        fake_root_put(root, CPUS "online", "0-3\n", -1);
        fake_root_put(root, "proc/meminfo",
                      "MemTotal: 1048576 kB\nMemFree: 524288 kB\nMemAvailable: 786432 kB\n", -1);
        fake_root_put(root, "etc/virtferry/pools.d/own.conf",
                      "[Resource accelerator]\nParent=0000:03:00.0\nCores=2\n", -1);
        for (unsigned cpu = 0; cpu < 4; cpu++) {
                g_autofree char *core = g_strdup_printf(CPUS "cpu%u/topology/core_id", cpu);
                g_autofree char *threads = g_strdup_printf(
                        CPUS "cpu%u/topology/thread_siblings_list", cpu);
                g_autofree char *package = g_strdup_printf(
                        CPUS "cpu%u/topology/physical_package_id", cpu);
                g_autofree char *text = g_strdup_printf("%u\n", cpu);

                fake_root_put(root, core, text, -1);
                fake_root_put(root, threads, text, -1);
                fake_root_put(root, package, "0\n", -1);
        }
}

void agent_fixture_set_up(AgentFixture *fixture, gconstpointer unused) {
        fixture->root = fake_root_new();
        put_device(fixture->root);
        put_counters(fixture->root);
        fixture->words = memfd_create("words", MFD_CLOEXEC);
        g_assert_cmpint(fixture->words, >=, 0);
        g_assert_cmpint(sd_event_new(&fixture->event), >=, 0);
}

void agent_fixture_tear_down(AgentFixture *fixture, gconstpointer unused) {
        if (fixture->pid > 0) {
                g_assert_cmpint(kill(fixture->pid, SIGKILL), ==, 0);
                (void)agent_fixture_finish(fixture);
        }
        (void)close(fixture->words);
        sd_event_unref(fixture->event);
        fake_root_free(fixture->root);
}

void agent_fixture_start_on(AgentFixture *fixture, int input, int output) {
        const char *const argv[] = { VIRTFERRYD, "--agent", "--root", fake_root_path(fixture->root),
                                     NULL };
        const char *const environment[] = { NULL };
        g_autoptr(GError) error = NULL;

        g_spawn_async_with_fds(NULL, (char **)argv, (char **)environment, G_SPAWN_DO_NOT_REAP_CHILD,
                               NULL, NULL, &fixture->pid, input, output, fixture->words, &error);
        g_assert_no_error(error);
        (void)close(input);
        if (output != input)
                (void)close(output);
}

int agent_fixture_start(AgentFixture *fixture) {
        int ends[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
        agent_fixture_start_on(fixture, ends[1], ends[1]);
        return ends[0];
}

int agent_fixture_finish(AgentFixture *fixture) {
        int status;
        pid_t pid;

        do
                pid = waitpid(fixture->pid, &status, 0);
        while (pid < 0 && errno == EINTR);
        g_assert_cmpint(pid, ==, fixture->pid);
        fixture->pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

char *agent_fixture_words(const AgentFixture *fixture) {
        char text[4096];
        ssize_t n = pread(fixture->words, text, sizeof(text), 0);

        g_assert_cmpint(n, >=, 0);
        return g_strndup(text, (gsize)n);
}
